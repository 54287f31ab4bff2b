"""A table as a method takes it; everything is learned from the training rows.

    table        as it is
    categories   numbers with gaps; every other column as a pandas categorical, gaps and unseen levels as the level "(missing)"
    filled       the same, gaps of numbers filled with the median
    matrix       the same, each of the most frequent levels as a column of 0 and 1

Dates are days since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from pandas.api import types

Form = Literal["table", "categories", "filled", "matrix"]
MISSING = "(missing)"
MOST_LEVELS = 100


@dataclass(frozen=True)
class Inputs:
    """Medians of the number columns and levels of the others, the most frequent first."""

    form: Form
    medians: dict[str, float]
    levels: dict[str, list[str]]

    @classmethod
    def of(cls, frame: pd.DataFrame, form: Form) -> Self:
        """Learn from training rows."""
        if form == "table":
            return cls(form, {}, {})
        names = [name for name in frame.columns if _is_number(frame[name])]
        with np.errstate(all="ignore"):
            medians = {name: float(np.nan_to_num(_numbers(frame[name]).median())) for name in names}
        levels = {name: list(_texts(frame[name]).value_counts().index) for name in frame.columns if name not in medians}
        return cls(form, medians, levels)

    @property
    def categories(self) -> list[str]:
        """Names of the categorical columns that come out."""
        return [] if self.form in ("table", "matrix") else [f"c{i}" for i in range(len(self.medians), len(self.medians) + len(self.levels))]

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows as the method takes them; columns are called c0, c1, …, since some libraries refuse characters in names."""
        if self.form == "table":
            return frame
        columns: dict[str, Any] = {}
        for name, median in self.medians.items():
            values = _numbers(frame[name])
            columns[f"c{len(columns)}"] = values if self.form == "categories" else values.fillna(median)
        for name, levels in self.levels.items():
            columns[f"c{len(columns)}"] = _category(_texts(frame[name]), levels)
        result = pd.DataFrame(columns, index=frame.index)
        return self._one_hot(result) if self.form == "matrix" else result

    def _one_hot(self, frame: pd.DataFrame) -> pd.DataFrame:
        blocks = [frame.iloc[:, : len(self.medians)].to_numpy()]
        for position, levels in enumerate(self.levels.values(), len(self.medians)):
            blocks.append(frame.iloc[:, position].to_numpy(dtype=object)[:, None] == np.array(levels[:MOST_LEVELS], dtype=object))
        matrix = np.hstack(blocks).astype(float)
        return pd.DataFrame(matrix, columns=[f"c{i}" for i in range(matrix.shape[1])], index=frame.index)


def _is_number(column: pd.Series) -> bool:
    return bool(types.is_numeric_dtype(column) or types.is_bool_dtype(column) or types.is_datetime64_any_dtype(column))


def _numbers(column: pd.Series) -> pd.Series:
    if types.is_datetime64_any_dtype(column):
        return (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
    return pd.Series(column.to_numpy(dtype=float, na_value=np.nan), column.index)


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), MISSING).astype(str)


def _category(texts: pd.Series, levels: list[str]) -> pd.Series:
    known = texts.where(texts.isin(levels), MISSING)
    return known.astype(pd.CategoricalDtype([*levels, *([] if MISSING in levels else [MISSING])]))
