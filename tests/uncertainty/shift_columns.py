"""Columns of a fit and of new rows, compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from motifnet.engine import Matrix
from motifnet.tables import Column, Encoder, as_table, make_folds
from motifnet.uncertainty import (
    ColumnShift,
    ErrorShift,
    LevelSketch,
    NumberSketch,
    ShiftReport,
    compare_column,
    sketch_column,
)


def column(values: Any, name: str = "a") -> Column:
    return as_table(pd.DataFrame({name: values})).columns[0]


def sketch_of(
    values: Any, weight: Matrix | None = None
) -> tuple[NumberSketch | LevelSketch, tuple[Any, ...]]:
    """The sketch of a column, and the levels of its encoder."""
    table = as_table(pd.DataFrame({"a": values}))
    w = np.ones(table.n) if weight is None else weight
    encoder, _, _ = Encoder.fit(
        table, np.arange(table.n, dtype=float)[:, None], w, make_folds(table.n, 2, 0)
    )
    return sketch_column(table.columns[0], encoder.features[0], w), getattr(
        encoder.features[0], "levels", ()
    )


def compared(old: Any, new: Any) -> list[ColumnShift]:
    found, levels = sketch_of(old)
    return compare_column(found, column(new), levels)


# words


def report(error: ErrorShift | None, p: float = 0.001) -> ShiftReport:
    test = ColumnShift("area", "values", 1.2, "sd", "80", "120", p / 2)
    return ShiftReport(
        200, (test,), (p,), 0.01, 0.4, error, "error in standard deviations of the target"
    )
