"""Levels of a categorical column, and the row of a table that each value looks up.

A column with L levels (a gap is a level if the fit has seen one; it comes last) is encoded by a table with L + 1 rows: one a level and, at the end,
the row of values that the fit has not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import LEVEL_TYPES, Column, Level


def levels_of(column: Column) -> tuple[Level | None, ...]:
    """Distinct levels in their own order, with None at the end if there are gaps."""
    import pandas as pd

    gaps = column.gaps
    as_level = LEVEL_TYPES[column.level_type or "str"]
    found = sorted(as_level(value) for value in pd.unique(column.values[~gaps]))
    return (*found, None) if gaps.any() else tuple(found)


def codes_of(column: Column, levels: tuple[Level | None, ...]) -> NDArray[np.int64]:
    """Row of the table for each value: its level, or len(levels) where the value is not among them."""
    import pandas as pd

    seen = np.empty(len(levels), dtype=object)
    seen[:] = levels
    known = seen[:-1] if levels and levels[-1] is None else seen
    codes: NDArray[Any] = pd.Index(known, dtype=object).get_indexer(pd.Index(column.values, dtype=object)).astype(np.int64)
    codes[codes < 0] = len(levels)
    if len(known) < len(levels):
        codes[column.gaps] = len(known)
    return codes
