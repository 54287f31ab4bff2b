"""Class labels as codes 0 … K−1 of the classes in their own order. Labels keep their type and their text: '1', '01' and 1 are three."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Level
from motifnet.tables._errors import ValueTypeError, row_name, row_number, shown
from motifnet.tables._exact import check_present, exact, kind_of, kinds_of, ranked
from motifnet.tables._notation import note_label_strings
from motifnet.tables._sample import Matrix
from motifnet.tables._vector import check_finite, check_length

_REMEDY = "give it a class, or leave the row out"


def class_codes(values: NDArray[Any], name: str, weight: Matrix | None) -> tuple[NDArray[np.int64], tuple[Level, ...]]:
    """Codes and classes of labels without gaps, as `exact` gives them; rows of zero weight define no class and may get -1."""
    labels = _as_labels(values)
    codes, found = ranked("y", labels)
    used = np.unique(codes if weight is None else codes[weight > 0])
    classes = tuple(found[code] for code in used)
    if len(classes) == 1:
        raise DataError(
            f"The target has one class only ({shown(classes[0])}), but a classifier needs rows of at least two classes. "
            "Check the target and the weights."
        )
    if isinstance(classes[0], str):
        note_label_strings(name, labels)
    new = np.full(len(found), -1)
    new[used] = np.arange(len(used))
    return new[codes], classes


def codes_among(classes: tuple[Level, ...], y: Any, n: int) -> NDArray[np.int64]:
    """The code of each row's class, -1 for a class that is not among `classes`; labels of another kind than the classes are refused."""
    values = exact("y", y, n)
    check_length(len(values), n)
    check_present("y", values, _REMEDY)
    kinds, known = kinds_of(values), {kind_of(level) for level in classes}
    for kind, row in kinds.items():
        if (kind == "text") != ("text" in known) or kind not in ("text", "number", "truth value", "Decimal"):
            raise ValueTypeError(
                f"y, {row_name(row)}, holds {shown(values[row])}, a {kind}, but the classes are {', '.join(map(shown, classes[:5]))}: "
                f"{' or '.join(sorted(known))}s. A class must be a string or a number as it was at the fit: convert y."
            )
    code = {level: i for i, level in enumerate(classes)}
    return np.array([code.get(value, -1) for value in values.tolist()], dtype=np.int64)


def _as_labels(values: NDArray[Any]) -> NDArray[Any]:
    """The labels, all of one type: texts, truth values, whole numbers, or floats that are whole."""
    kind = values.dtype.kind
    if kind == "O":
        values = _of_one_kind(values)
        kind = values.dtype.kind
    if kind in "mM":
        raise DataError("Unknown label type: y holds dates or durations. Pass the classes as texts or integers.")
    if kind == "S":
        raise DataError("Unknown label type: y holds texts of bytes. Convert them to texts, such as by numpy.char.decode(y).")
    if kind != "f":
        return values
    check_finite(values, "y")
    broken = values != np.floor(values)
    if broken.any():
        row = int(np.argmax(broken))
        raise DataError(
            f"Unknown label type: continuous. {row_name(row).capitalize()}, of y, holds {values[row]}, which is no class. "
            "Use a regression (MotifRegressor, --task regression) for numbers, or pass the classes as texts or integers."
        )
    return values


def _of_one_kind(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as floats, dates or texts of bytes where they are that; texts, truth values and whole numbers as they are."""
    from pandas.api.types import infer_dtype

    kinds = kinds_of(values)
    if len(kinds) > 1 and set(kinds) <= {"text", "number", "truth value"}:
        (first, a), (second, b) = list(kinds.items())[:2]
        raise ValueTypeError(
            f"Mix of label input types: y holds a {first} ({shown(values[a])} in row {row_number(a)}) and a {second} ({shown(values[b])} in row "
            f"{row_number(b)}). A label must be a string or a number, all of them of one type: convert y."
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
    row = next((row for kind, row in kinds.items() if kind not in ("text", "number", "truth value")), 0)
    raise ValueTypeError(
        f"y, {row_name(row)}, holds {shown(values[row])} of type {type(values[row]).__name__}: each argument must be "
        "a string or a number. Pass one class for each row."
    )


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers of several types as floats where these are the same numbers, else as whole numbers."""
    rounded = np.array([float(value) for value in values])
    if all(value == number for value, number in zip(values, rounded.tolist(), strict=True)) or not np.isfinite(rounded).all():
        return rounded
    if all(value == int(value) for value in values):
        return np.array([int(value) for value in values], dtype=object)
    return rounded
