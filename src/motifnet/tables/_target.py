"""The target: numbers with shape (n, q), or codes of class labels. Messages carry the phrases that scikit-learn's checks look for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Level, objects
from motifnet.tables._errors import row_number, shown
from motifnet.tables._exact import check_present, exact
from motifnet.tables._frame import column_of_series, is_frame, parts_of_frame
from motifnet.tables._infer import column_of
from motifnet.tables._labels import class_codes
from motifnet.tables._matrix import as_array
from motifnet.tables._notation import suspect
from motifnet.tables._reading import PLAIN
from motifnet.tables._sample import Matrix
from motifnet.tables._vector import check_finite, check_length, check_no_gaps

_REMEDY = "give it one, or leave the row out"
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
    check_length(len(parts[0]), n)
    if task == "regression":
        return Target(np.stack([_numbers(part) for part in parts], 1), names, None, flat)
    if len(parts) > 1:
        raise DataError(f"y should be a 1d array, got {len(parts)} columns instead: a classifier takes one target. Fit one model for each column.")
    labels = exact("y", parts[0], n)
    check_present("y", labels, _REMEDY)
    codes, classes = class_codes(labels, names[0], weight)
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


def _numbers(part: Any) -> Matrix:
    column = column_of_series("y", part) if hasattr(part, "to_native") else column_of("y", part)
    check_no_gaps(column, _REMEDY)
    if column.kind in ("categorical", "date"):
        values = objects(column)
        row = next((row for row, value in enumerate(values) if not isinstance(value, str) or PLAIN.number(value) is None), 0)
        found = suspect(values) if column.kind == "categorical" else None
        row, reason = (row, "Convert y,") if found is None else (found[0], f"{found[1][0].upper()}{found[1][1:]} Or convert y,")
        raise DataError(
            f"Unknown label type: y holds {shown(values[row])} in row {row_number(row)}, but a regression needs numbers. "
            f"{reason} or use a classifier (MotifClassifier, --task classification) for classes."
        )
    check_finite(column.values, "y")
    return column.values
