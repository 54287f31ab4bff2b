"""What a user may ask for: coverage, and the side of an interval."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError

Matrix = NDArray[np.float64]
Side = Literal["both", "lower", "upper"]


def as_levels(coverage: Any) -> tuple[Matrix, bool]:
    """Coverages with shape (L,), each between 0 and 1, and whether a single number was given."""
    try:
        levels = np.asarray(coverage, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.empty(0)
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise UsageError(f"coverage={coverage!r} must be a number between 0 and 1, such as 0.9, or a list of such numbers.")
    return np.atleast_1d(levels), levels.ndim == 0


def misses(levels: Matrix, side: str) -> tuple[Matrix, Matrix]:
    """The shares with shape (L,) that may lie below and above the interval; 0 where it has no end."""
    if side not in get_args(Side):
        raise UsageError(f"side={side!r} must be one of {', '.join(map(repr, get_args(Side)))}.")
    share = 1 - levels
    if side == "both":
        return share / 2, share / 2
    return (share, 0 * share) if side == "lower" else (0 * share, share)
