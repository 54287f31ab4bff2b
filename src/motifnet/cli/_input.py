"""The table of a command: the reading of its strings, its columns by name, the task of its target.

Options set how strings are read; the default is the reading of the fit. A name that is not a column
of the table is refused, with the nearest name that is one. Files are looked for before libraries
are loaded, which takes seconds.
"""

from __future__ import annotations

import difflib
import errno
import os
import shlex
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from motifnet.cli._console import note
from motifnet.engine import DataError, FileError, MotifnetWarning, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from motifnet.model import FittedModel
    from motifnet.tables import Reading


Task = Literal["regression", "classification"]
MAX_CLASSES = 10  # different whole numbers that are taken for classes
MIN_IDENTIFIED = 50  # rows; in fewer, strings may differ by chance


def check_table(*paths: Path | None) -> None:
    """Refuse tables that are not there; - is standard input, and None no table."""
    for path in paths:
        if path is not None and str(path) != "-":
            _check_readable(path, str(path), "Check the path and the permissions.")


def check_model(path: Path) -> None:
    """Refuse a model that is not there."""
    _check_readable(path, repr(str(path)), "Give the path of a saved model.")


def _check_readable(path: Path, shown: str, advice: str) -> None:
    """Refuse a path that cannot be read. It is not opened, since a pipe opens once."""
    try:
        os.stat(path)
    except OSError as error:
        raise FileError(f"{shown} cannot be read: {error.strerror}. {advice}") from None
    number = errno.EISDIR if path.is_dir() else errno.EACCES
    if path.is_dir() or not os.access(path, os.R_OK):
        raise FileError(f"{shown} cannot be read: {os.strerror(number)}. {advice}")


def reading_of(
    decimal: str | None,
    thousands: str | None,
    missing: list[str] | None,
    fitted: Reading | None = None,
) -> Reading:
    """The reading of --decimal, --thousands and --missing, and else of the fit. A file with another
    decimal character has other separators too.
    """
    from motifnet.tables import PLAIN, Reading

    before = fitted or PLAIN
    if thousands is None:
        thousands = before.thousands if decimal in (None, before.decimal) else ""
    marks = tuple(dict.fromkeys((*before.missing, *(missing or []))))
    return Reading(decimal or before.decimal, marks, thousands)


def read_by(model: FittedModel, reading: Reading) -> FittedModel:
    """The model with this reading of its tables."""
    return replace(model, schema=replace(model.schema, reading=reading))


def class_strings(model: FittedModel) -> list[str]:
    """The target where its classes are strings, so that its column is always read as strings."""
    return (
        list(model.targets)
        if model.classes is not None and isinstance(model.classes[0], str)
        else []
    )


def check_names(frame: DataFrame, names: Sequence[str], option: str) -> None:
    """Refuse names that are not columns, with the nearest one that is."""
    for name in names:
        if name not in frame.columns:
            near = difflib.get_close_matches(name, map(str, frame.columns), n=1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"{option} {name!r} is not a column of the table. {guess}The columns "
                f"are {', '.join(map(repr, frame.columns))}."
            )


def with_target(frame: DataFrame, targets: Sequence[str]) -> DataFrame:
    """The rows with a target, with a warning if there are others."""
    there = frame[list(targets)].map(_is_there).all(axis=1)
    if not there.any():
        raise DataError(
            f"Target {', '.join(map(repr, targets))} is empty in every row. Choose "
            "another --target, or check the file."
        )
    if not there.all():
        warnings.warn(
            f"{int((~there).sum()):,} of {len(frame):,} rows have no target and are left out.",
            MotifnetWarning,
            stacklevel=2,
        )
    kept = frame[there].copy()
    for name in targets:
        # true/false and whole numbers are objects where a cell is empty
        kept[name] = kept[name].infer_objects()
    return kept


def _is_there(value: Any) -> bool:
    """An empty string is a missing target, as it is in a file of strings."""
    import pandas as pd

    return not pd.api.types.is_scalar(value) or not (
        pd.isna(value) or (isinstance(value, str) and not value)
    )


def assumed_task(target: Series) -> tuple[Task, str]:
    """The task and the reason: classification for strings, true/false and up to ten different
    whole numbers, else regression.
    """
    from motifnet.tables import vector

    column = vector(str(target.name), target, len(target))
    values = column.values[~column.missing]
    count = len(set(values.tolist()))
    if column.kind == "boolean":
        return "classification", "is true or false"
    if column.kind == "categorical":
        _check_strings(target)
        return "classification", f"holds {count:,} different strings"
    if column.kind == "numeric" and count <= MAX_CLASSES and (values == np.floor(values)).all():
        return "classification", f"holds {count:,} different whole numbers"
    return "regression", f"holds {count:,} different numbers"


def note_identifiers(frame: DataFrame) -> None:
    """Note columns that number the rows, and columns of strings that differ in every row."""
    import pandas as pd

    for name in frame.columns:
        column = frame[name]
        if len(frame) < MIN_IDENTIFIED or not column.is_unique or column.hasnans:
            continue
        numbers = pd.api.types.is_integer_dtype(column.dtype)
        if numbers and int(column.max()) - int(column.min()) == len(column) - 1:
            note("note", f"{name!r} numbers the rows; --drop {shlex.quote(name)} leaves it out.")
        elif pd.api.types.infer_dtype(column) == "string":
            note(
                "note",
                f"{name!r} holds another string in every row, which says nothing about new "
                f"rows; --drop {shlex.quote(name)} leaves it out.",
            )


def said_task(target: Series, quiet: bool) -> Task:
    """The assumed task, with a note of the reason."""
    task, reason = assumed_task(target)
    if not quiet:
        other = "regression" if task == "classification" else "classification"
        note("note", f"{target.name!r} {reason}, so this is {task}; if not, pass --task {other}.")
    return task


def _check_strings(target: Series) -> None:
    """Refuse strings that are no classes: formatted numbers, numbers with some strings among them,
    and strings of which most occur once.
    """
    from motifnet.tables import PLAIN, suspect

    formatted = suspect(target.to_numpy(dtype=object, na_value=None))
    if formatted is not None and target.nunique() > MAX_CLASSES:
        row, reason = formatted
        raise DataError(
            f"Target {target.name!r}, row {target.index[row]} (the first row is 0), holds "
            f"{target.iloc[row]!r}: {reason} If each string is a class, pass --task "
            "classification."
        )
    if target.nunique() > max(MAX_CLASSES, len(target) / 2):
        raise DataError(
            f"Target {target.name!r} holds {target.nunique():,} different strings in "
            f"{len(target):,} rows, so that no class has rows to learn from. Choose another "
            "--target; if each string is a class, pass --task classification."
        )
    other = [not isinstance(value, str) or PLAIN.number(value) is None for value in target]
    if sum(other) < 0.5 * len(other):
        row = other.index(True)
        raise DataError(
            f"Target {target.name!r} holds numbers, but row {target.index[row]} (the first row is "
            f"0) has {target.iloc[row]!r}. "
            f"Pass --missing {target.iloc[row]!r} if it stands for a missing value, --task "
            "classification if each value is a class, or mend the file."
        )
