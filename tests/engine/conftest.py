"""A checkpoint that can be opened again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from motifnet.engine import (
    Checkpoint,
    Control,
)
from tests.engine.runs import KEY, Make


@pytest.fixture
def opened(tmp_path: Path) -> Make:
    """Opens the same folder anew, as another run does."""
    return lambda: Checkpoint(tmp_path / "steps", KEY, Control())
