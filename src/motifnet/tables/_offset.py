"""Offsets: the log of each row's exposure (years insured, hours observed, people at risk), in the units in which the target was counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import DataError
from motifnet.tables._errors import row_name
from motifnet.tables._sample import Matrix
from motifnet.tables._vector import check_finite, check_no_gaps, vector

LARGEST = 300.0


def as_offset(offset: Any, n: int) -> Matrix:
    """Offsets with shape (n,): None is 0 for every row, exposure 1."""
    if offset is None:
        return np.zeros(n)
    column = vector("offset", offset, n)
    check_no_gaps(column, "give it the log of its exposure, 0 for an exposure of 1")
    if column.kind in ("categorical", "date"):
        raise DataError("offset holds texts or dates. Pass one number for each row, the log of its exposure.")
    values = column.values.astype(np.float64)
    check_finite(values, "offset")
    if (np.abs(values) > LARGEST).any():
        row = int(np.argmax(np.abs(values) > LARGEST))
        raise DataError(f"offset is {values[row]:g} in {row_name(row)}: an exposure of e^{values[row]:g}. Pass the log of the exposure.")
    return values
