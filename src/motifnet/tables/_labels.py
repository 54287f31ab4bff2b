"""Class labels of any type as codes 0 … K−1 of the classes in their own order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Column, Level
from motifnet.tables._errors import shown
from motifnet.tables._level import codes_of, levels_of
from motifnet.tables._sample import Matrix
from motifnet.tables._vector import check_finite


def class_codes(column: Column, source: Any, weight: Matrix | None) -> tuple[NDArray[np.int64], tuple[Level, ...]]:
    """Codes and classes of a column without gaps that was made from `source`; rows of zero weight define no class and may get -1."""
    labels = _as_labels(column, source)
    levels = levels_of(labels if weight is None else labels.take(weight > 0))
    classes = tuple(level for level in levels if level is not None)
    if len(classes) == 1:
        raise DataError(
            f"The target has one class only ({shown(classes[0])}), but a classifier needs rows of at least two classes. "
            "Check the target and the weights."
        )
    codes = codes_of(labels, classes)
    return np.where(codes == len(classes), -1, codes), classes


def _as_labels(column: Column, source: Any) -> Column:
    """The column as levels of one type: str, bool, int or float."""
    if column.kind == "categorical":
        return column
    if column.kind == "boolean":
        return Column("y", "categorical", (column.values == 1).astype(object), "bool")
    if column.kind == "date":
        raise DataError("Unknown label type: y holds dates. Pass the classes as texts or integers.")
    whole = _integers(source)
    if whole is not None:
        return Column("y", "categorical", whole, "int")
    check_finite(column.values, "y")
    broken = column.values != np.floor(column.values)
    if broken.any():
        row = int(np.argmax(broken))
        raise DataError(
            f"Unknown label type: continuous. Row {row} of y (the first row is 0) holds {column.values[row]}, which is no class. "
            "Use a regression (MotifRegressor, --task regression) for numbers, or pass the classes as texts or integers."
        )
    return Column("y", "categorical", column.values.astype(object), "float")


def _integers(source: Any) -> NDArray[Any] | None:
    """The labels as Python integers, of any size, if that is what they are."""
    from pandas.api.types import infer_dtype

    if hasattr(source, "to_native"):
        return source.to_numpy().astype(object) if source.dtype.is_integer() else None
    return source.astype(object) if infer_dtype(source, skipna=True) == "integer" else None
