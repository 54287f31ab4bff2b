"""A network's Python file, loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def loaded(path: Path, **functions: Any) -> Any:
    """What the file predicts with, with other functions in the place of its own."""
    space: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    space.update(functions)
    return space["predict"]
