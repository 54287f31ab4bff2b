"""The target: numbers with shape (n, q), or codes 0 … K−1 of class labels in their own order.

Labels keep their type and their string: '1', '01' and 1 are three labels. Messages contain the
phrases that scikit-learn's checks look for.

`check_domain` and `check_range` refuse targets that an objective does not allow, or whose squares
or exponentials would overflow or vanish in floating point.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.losses import Objective
from motifnet.tables._column import Level, is_missing, objects
from motifnet.tables._errors import ValueTypeError, row_name, row_number, shown
from motifnet.tables._exact import exact, kind_of, kinds_of, ranked
from motifnet.tables._infer import column_of
from motifnet.tables._input import as_array, column_of_series, is_frame, parts_of_frame
from motifnet.tables._notation import note_label_strings, suspect
from motifnet.tables._reading import PLAIN
from motifnet.tables._vector import check_finite, check_length, check_no_missing

Task = Literal["regression", "classification"]
# smallest and largest sizes; other losses take exponentials, and trees use single precision
SQUARED_SIZES, OTHER_SIZES = (1e-300, 1e305), (1e-30, 1e30)
_REMEDY = "give it one, or leave the row out"
_CLASS_REMEDY = "give it a class, or leave the row out"


@dataclass(frozen=True, eq=False)
class Target:
    """`values` with shape (n, q): the numbers of a regression, or class codes with q = 1; `names`:
    one for each column.

    `classes`: in their own order, None in regression; `flat`: whether predictions have one
    dimension, as y has.
    """

    values: Matrix
    names: tuple[str, ...]
    classes: tuple[Level, ...] | None
    flat: bool

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """Class codes with shape (n,), or None in regression. A class that only rows of zero weight
        have is -1.
        """
        return None if self.classes is None else self.values[:, 0].astype(np.int64)


def as_target(y: Any, n: int, task: Task, *, weight: Matrix | None = None) -> Target:
    """The target of n rows. Its classes are those of rows with positive weight."""
    if y is None:
        raise DataError(
            "The fit requires y to be passed, but the target y is None. Pass one "
            "value for each row."
        )
    parts, names, flat = _parts(y)
    check_length(len(parts[0]), n)
    if task == "regression":
        return Target(np.stack([_numbers(part) for part in parts], 1), names, None, flat)
    if len(parts) > 1:
        raise DataError(
            f"y should be a 1d array, got {len(parts)} columns instead: a classifier "
            "takes one target. Fit one model for each column, such as by "
            "sklearn.multioutput.MultiOutputClassifier(MotifClassifier())."
        )
    labels = exact("y", parts[0], n)
    check_no_missing("y", is_missing(labels), _REMEDY)
    codes, classes = class_codes(labels, names[0], weight)
    return Target(codes[:, None].astype(np.float64), names, classes, True)


def _parts(y: Any) -> tuple[list[Any], tuple[str, ...], bool]:
    """Columns as series or arrays, their names, and whether y counts as one-dimensional."""
    import narwhals as nw

    if nw.dependencies.is_into_series(y):
        series = nw.from_native(y, series_only=True)
        name = series.name if isinstance(series.name, str) and series.name else "y"
        return [series], (name,), True
    if is_frame(y):
        found, parts = parts_of_frame(y)
        flat = False
    else:
        array = as_array(y)
        if array.ndim not in (1, 2):
            raise DataError(
                f"y should be a 1d array, got an array of shape {array.shape} "
                "instead. Pass one value for each row."
            )
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

    message = (
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y "
        "to (n_samples, ), for example using ravel()."
    )
    warnings.warn(message, DataConversionWarning, stacklevel=4)


def _numbers(part: Any) -> Matrix:
    column = column_of_series("y", part) if hasattr(part, "to_native") else column_of("y", part)
    check_no_missing("y", column.missing, _REMEDY)
    if column.kind in ("categorical", "date"):
        values = objects(column)
        row = next(
            (
                row
                for row, value in enumerate(values)
                if not isinstance(value, str) or PLAIN.number(value) is None
            ),
            0,
        )
        found = suspect(values) if column.kind == "categorical" else None
        row, reason = (
            (row, "Convert y,")
            if found is None
            else (found[0], f"{found[1][0].upper()}{found[1][1:]} Or convert y,")
        )
        raise DataError(
            f"Unknown label type: y holds {shown(values[row])} in row {row_number(row)}, but a "
            "regression needs numbers. "
            f"{reason} or use a classifier (MotifClassifier, --task classification) for classes."
        )
    check_finite(column.values, "y")
    return column.values


def class_codes(
    values: NDArray[Any], name: str, weight: Matrix | None
) -> tuple[NDArray[np.int64], tuple[Level, ...]]:
    """Codes and classes of labels, in the form of `exact`, none missing. Rows of zero weight define
    no class, so their code may be -1.
    """
    labels = _as_labels(values)
    codes, found = ranked("y", labels)
    used = np.unique(codes if weight is None else codes[weight > 0])
    classes = tuple(found[code] for code in used)
    if len(classes) == 1:
        raise DataError(
            f"The target has one class only ({shown(classes[0])}), but a classifier needs rows of "
            "at least two classes. "
            "Check the target and the weights."
        )
    if isinstance(classes[0], str):
        note_label_strings(name, labels)
    new = np.full(len(found), -1)
    new[used] = np.arange(len(used))
    return new[codes], classes


def codes_among(classes: tuple[Level, ...], y: Any, n: int) -> NDArray[np.int64]:
    """The class code of each row, -1 for a class that is not in `classes`. Labels of another kind
    than the classes are refused.
    """
    values = exact("y", y, n)
    check_length(len(values), n)
    check_no_missing("y", is_missing(values), _CLASS_REMEDY)
    kinds, known = kinds_of(values), {kind_of(level) for level in classes}
    for kind, row in kinds.items():
        comparable = kind in ("string", "number", "truth value", "Decimal")
        if not comparable or (kind == "string") != ("string" in known):
            raise ValueTypeError(
                f"y, {row_name(row)}, holds {shown(values[row])}, a {kind}, but the classes are "
                f"{', '.join(map(shown, classes[:5]))}: "
                f"{' or '.join(sorted(known))}s. A class must be a string or a number as it was "
                "at the fit: convert y."
            )
    code = {level: i for i, level in enumerate(classes)}
    return np.array([code.get(value, -1) for value in values.tolist()], dtype=np.int64)


def _as_labels(values: NDArray[Any]) -> NDArray[Any]:
    """The labels, all of one type: strings, truth values, integers or whole floats."""
    kind = values.dtype.kind
    if kind == "O":
        values = _of_one_kind(values)
        kind = values.dtype.kind
    if kind in "mM":
        raise DataError(
            "Unknown label type: y holds dates or durations. Pass the classes as strings or "
            "integers."
        )
    if kind == "S":
        raise DataError(
            "Unknown label type: y holds strings of bytes. Convert them to strings, such "
            "as by numpy.char.decode(y)."
        )
    if kind != "f":
        return values
    check_finite(values, "y")
    broken = values != np.floor(values)
    if broken.any():
        row = int(np.argmax(broken))
        raise DataError(
            f"Unknown label type: continuous. {row_name(row).capitalize()}, of y, holds "
            f"{values[row]}, which is no class. "
            "Use a regression (MotifRegressor, --task regression) for numbers, or pass the "
            "classes as strings or integers."
        )
    return values


def _of_one_kind(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as an array of floats, dates or bytes; strings, truth values and integers unchanged.

    Of dates and bytes only the dtype is used, for the error.
    """
    from pandas.api.types import infer_dtype

    kinds = kinds_of(values)
    if len(kinds) > 1 and set(kinds) <= {"string", "number", "truth value"}:
        (first, a), (second, b) = list(kinds.items())[:2]
        raise ValueTypeError(
            f"Mix of label input types: y holds a {first} ({shown(values[a])} in row "
            f"{row_number(a)}) and a {second} ({shown(values[b])} in row "
            f"{row_number(b)}). A label must be a string or a number, all of them of one type: "
            "convert y."
        )
    found = infer_dtype(values, skipna=True)
    if found in ("string", "boolean", "integer"):
        return values
    if found in ("floating", "mixed-integer-float", "decimal"):
        return _whole(values)
    if found in ("datetime", "datetime64", "date", "timedelta"):
        return np.zeros(1, dtype="datetime64[s]")
    if found == "bytes":
        return np.zeros(1, dtype="S1")
    row = next(
        (row for kind, row in kinds.items() if kind not in ("string", "number", "truth value")), 0
    )
    raise ValueTypeError(
        f"y, {row_name(row)}, holds {shown(values[row])} of type {type(values[row]).__name__}: "
        "each argument must be "
        "a string or a number. Pass one class for each row."
    )


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers of several types as floats if none is rounded, else as integers if all are whole."""
    rounded = np.array([float(value) for value in values])
    if (
        all(value == number for value, number in zip(values, rounded.tolist(), strict=True))
        or not np.isfinite(rounded).all()
    ):
        return rounded
    if all(value == int(value) for value in values):
        return np.array([int(value) for value in values], dtype=object)
    return rounded


def check_domain(y: Matrix, names: tuple[str, ...], objective: Objective) -> None:
    """Refuse targets y with shape (n, q) outside of the domain of the objective."""
    if objective.name == "pinball" and len(names) > 1:
        raise UsageError(
            f"objective='pinball' takes one target, got the columns "
            f"{', '.join(map(repr, names))}. Fit one model for each."
        )
    if not objective.takes_offset:
        return
    wrong = y < 0 if objective.name == "poisson" else y <= 0
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        wanted = "at least 0" if objective.name == "poisson" else "above 0"
        raise DataError(
            f"objective={objective.name!r} needs targets {wanted}, but {row_name(row)} of "
            f"{names[column]!r} holds {y[row, column]:g}. "
            "Correct the row, leave it out, or choose another objective."
        )


def check_range(y: Matrix, names: tuple[str, ...], objective: Objective) -> None:
    """Refuse targets y with shape (n, q) of which one is too large, or all are too small, for
    floating point. For gamma, which takes logarithms, one that is too small is refused.
    """
    squared = objective.name in ("squared", "supnorm")
    least, largest = SQUARED_SIZES if squared else OTHER_SIZES
    size = np.abs(y)
    for j, name in enumerate(names):
        top, each = int(size[:, j].argmax()), objective.name == "gamma"
        low = int(size[:, j].argmin()) if each else top
        row = top if size[top, j] > largest else low if 0 < size[low, j] < least else None
        if row is not None:
            raise DataError(
                f"Target {name!r} holds {y[row, j]:g} in {row_name(row)}; "
                f"objective={objective.name!r} takes sizes from {least:g} to "
                f"{largest:g} (per unit of exposure, where there is one). Choose another unit for "
                "the target."
            )
