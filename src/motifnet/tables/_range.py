"""Sizes that floating point can work with: of targets, whose squares and products are taken, and of weights, whose ratios are."""

from __future__ import annotations

import warnings

import numpy as np

from motifnet.engine import DataError, MotifnetWarning
from motifnet.losses import Objective
from motifnet.tables._errors import row_name
from motifnet.tables._sample import Matrix

SQUARED, OTHERS = (1e-300, 1e305), (1e-30, 1e30)  # other losses take exponentials, and trees learn them in single precision
LEAST_SHARE = 1e-12  # of the largest weight: what counts less is lost in rounding


def check_range(y: Matrix, names: tuple[str, ...], objective: Objective) -> None:
    """Refuse targets y with shape (n, q) that are too large, or all too small, to compute with; gamma takes logarithms, so there each one counts."""
    least, largest = SQUARED if objective.name in ("squared", "supnorm") else OTHERS
    size = np.abs(y)
    for j, name in enumerate(names):
        top, each = int(size[:, j].argmax()), objective.name == "gamma"
        low = int(size[:, j].argmin()) if each else top
        row = top if size[top, j] > largest else low if 0 < size[low, j] < least else None
        if row is not None:
            raise DataError(
                f"Target {name!r} holds {y[row, j]:g} in {row_name(row)}; objective={objective.name!r} takes sizes from {least:g} to "
                f"{largest:g} (per unit of exposure, where there is one). Choose another unit for the target."
            )


def sensible_weight(weight: Matrix) -> Matrix:
    """Weights with shape (n,) in a range to compute with: those that cannot count become 0, and sums that cannot be a number of rows become n."""
    largest = weight.max()
    lost = (weight > 0) & (weight < LEAST_SHARE * largest)
    if lost.any():
        warnings.warn(
            f"{int(lost.sum()):,} rows have weights below {LEAST_SHARE:g} of the largest ({largest:g}), too little to count, and are left out.",
            MotifnetWarning,
            stacklevel=4,
        )
    kept = np.where(lost, 0.0, weight)
    mean = float(np.mean(kept[kept > 0] / largest)) * largest
    return kept if 1e-9 <= mean <= 1e9 else kept / mean
