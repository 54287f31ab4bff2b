"""Files of the rides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.taxis import taxis


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    frame = taxis(6_000)
    frame.to_parquet(folder / "taxis.parquet")
    frame.to_csv(folder / "taxis.csv", index=False)
    frame.to_csv(folder / "taxis.tsv.gz", index=False, sep="\t")
    return folder
