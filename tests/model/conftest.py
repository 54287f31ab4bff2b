"""A model put together by hand, and its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from motifnet.model import (
    FittedModel,
    save_model,
)
from tests.shared.hand_made import make_model


@pytest.fixture(scope="session")
def model() -> FittedModel:
    return make_model()


@pytest.fixture(scope="session")
def saved(model: FittedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.motif"
    save_model(model, path)
    return path
