"""A table, a regression and a classification model of it, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.houses import houses
from tests.shared.command import done


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, a regression and a classification model of it."""
    folder = tmp_path_factory.mktemp("cli")
    houses().to_csv(folder / "houses.csv", index=False)
    fast = ["--preset", "fast", "--drop", "house", "--quiet", "--size", "full"]
    done(
        "fit",
        folder / "houses.csv",
        "--target",
        "price",
        "--out",
        folder / "price.motif",
        "--drop",
        "sold",
        *fast,
    )
    done(
        "fit",
        folder / "houses.csv",
        "--target",
        "sold",
        "--out",
        folder / "sold.motif",
        "--drop",
        "price",
        *fast,
    )
    return folder
