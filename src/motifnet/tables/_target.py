"""The target: numbers with shape (n, q), or codes of class labels. Messages carry the phrases that scikit-learn's checks look for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Column, Level, objects
from motifnet.tables._errors import shown
from motifnet.tables._frame import column_of_series, is_frame, parts_of_frame
from motifnet.tables._infer import column_of
from motifnet.tables._labels import class_codes
from motifnet.tables._matrix import as_array
from motifnet.tables._sample import Matrix
from motifnet.tables._vector import check_finite, check_length, check_no_gaps

Task = Literal["regression", "classification"]


@dataclass(frozen=True, eq=False)
class Target:
    """`values` with shape (n, q): the numbers of a regression, or class codes as numbers with q = 1; one of `names` a column.

    `classes` in their own order, None in regression; `flat`: predictions have one dimension, as y had.
    """

    values: Matrix
    names: tuple[str, ...]
    classes: tuple[Level, ...] | None
    flat: bool

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """Class codes with shape (n,), -1 in rows of zero weight whose class occurs nowhere else; None in regression."""
        return None if self.classes is None else self.values[:, 0].astype(np.int64)


def as_target(y: Any, n: int, task: Task, *, weight: Matrix | None = None) -> Target:
    """The target of n rows; classes are those of rows whose weight is not zero."""
    if y is None:
        raise DataError("The fit requires y to be passed, but the target y is None. Pass one value for each row.")
    parts, names, flat = _parts(y)
    columns = [column_of_series("y", part) if hasattr(part, "to_native") else column_of("y", part) for part in parts]
    check_length(len(columns[0].values), n)
    for column in columns:
        check_no_gaps(column, "give it one, or leave the row out")
    if task == "regression":
        return Target(np.stack([_numbers(column) for column in columns], 1), names, None, flat)
    if len(columns) > 1:
        raise DataError(f"y should be a 1d array, got {len(columns)} columns instead: a classifier takes one target. Fit one model for each column.")
    codes, classes = class_codes(columns[0], parts[0], weight)
    return Target(codes[:, None].astype(np.float64), names, classes, True)


def _parts(y: Any) -> tuple[list[Any], tuple[str, ...], bool]:
    """Columns as series or arrays, their names, and whether y is to count as one-dimensional."""
    import narwhals as nw

    if nw.dependencies.is_into_series(y):
        series = nw.from_native(y, series_only=True)
        return [series], (series.name if isinstance(series.name, str) and series.name else "y",), True
    if is_frame(y):
        found, parts = parts_of_frame(y)
        flat = False
    else:
        array = as_array(y)
        if array.ndim not in (1, 2):
            raise DataError(f"y should be a 1d array, got an array of shape {array.shape} instead. Pass one value for each row.")
        found, flat = None, array.ndim == 1
        parts = [array] if flat else list(array.T)
    if not parts:
        raise DataError("The target y has no column. Pass one value for each row.")
    if len(parts) == 1 and not flat:
        _warn_of_column_vector()
        flat = True
    return parts, tuple(found or (["y"] if flat else [f"y{j}" for j in range(len(parts))])), flat


def _warn_of_column_vector() -> None:
    from sklearn.exceptions import DataConversionWarning

    text = "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples, ), for example using ravel()."
    warnings.warn(text, DataConversionWarning, stacklevel=4)


def _numbers(column: Column) -> Matrix:
    if column.kind in ("categorical", "date"):
        raise DataError(
            f"Unknown label type: y holds {shown(objects(column)[0])} in row 0, but a regression needs numbers. "
            "Convert y, or use a classifier (MotifClassifier, --task classification) for classes."
        )
    check_finite(column.values, "y")
    return column.values
