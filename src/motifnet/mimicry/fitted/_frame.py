"""The raw columns of a fitted estimator: a data frame as the matrix of numbers and codes that its network takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from motifnet.engine import DataError
from motifnet.mimicry.fitted._codes import code
from motifnet.motifs import Lookup, Motif
from motifnet.tables import Matrix, as_array


@dataclass(frozen=True)
class Columns:
    """Names of the columns, and which of them hold texts."""

    names: tuple[str, ...]
    is_text: tuple[bool, ...]

    @classmethod
    def of(cls, X: Any) -> Columns | None:
        """Those of a data frame X; None for an array."""
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            return None
        return cls(tuple(frame.columns), tuple(not _is_number(frame[name]) for name in frame.columns))


def texts_of(network: Motif) -> tuple[str, ...]:
    """All texts that a network knows as levels."""
    return tuple(sorted({text for part in network.modules() if isinstance(part, Lookup) for text in part.texts if text}))


def coded(X: Any) -> Matrix:
    """A data frame or an array as a matrix: numbers as they are, texts as codes, NaN where a value is missing."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return np.column_stack([_coded_column(frame[name]) for name in frame.columns]) if frame.columns else np.empty((len(frame), 0))
    values = as_array(X.toarray() if hasattr(X, "toarray") else X)
    if values.dtype.kind == "c" or not values.ndim:
        raise DataError(f"Rows of numbers or texts are expected, but got {type(X).__name__} of {values.dtype}. Pass a data frame or a matrix.")
    if values.dtype.kind in "OUS":
        values = np.array([[_coded_value(v) for v in row] for row in values.reshape(len(values), -1)], dtype=np.float64).reshape(values.shape)
    return values.astype(np.float64)


def _is_number(column: nw.Series[Any]) -> bool:
    return column.dtype.is_numeric() or column.dtype == nw.Boolean


def _coded_column(column: nw.Series[Any]) -> Matrix:
    if _is_number(column):
        return column.cast(nw.Float64).to_numpy().astype(np.float64)
    missing = column.is_null().to_numpy()
    return np.array([np.nan if gap else _coded_value(v) for v, gap in zip(column.to_list(), missing, strict=True)], dtype=np.float64)


def _coded_value(value: Any) -> float:
    try:
        return code(value)
    except (TypeError, ValueError) as error:
        raise DataError(f"A column holds {value!r} of type {type(value).__name__}; expected numbers or texts. Convert the column first.") from error
