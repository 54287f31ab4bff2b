"""Columns of a file by name, and the task that a target column stands for."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from motifnet.cli._text import note
from motifnet.engine import DataError, MotifnetWarning, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Task = Literal["regression", "classification"]
FEW = 10


def check_names(frame: DataFrame, names: Sequence[str], option: str) -> None:
    """Refuse names that are not columns, with the nearest one that is."""
    for name in names:
        if name not in frame.columns:
            near = difflib.get_close_matches(name, map(str, frame.columns), n=1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(f"{option} {name!r} is not a column of the table. {guess}The columns are {', '.join(map(repr, frame.columns))}.")


def with_target(frame: DataFrame, targets: Sequence[str]) -> DataFrame:
    """The rows that have a target, with a warning if there are others."""
    there = frame[list(targets)].map(_is_there).all(axis=1)
    if not there.any():
        raise DataError(f"Target {', '.join(map(repr, targets))} is empty in every row. Choose another --target, or check the file.")
    if not there.all():
        warnings.warn(f"{int((~there).sum()):,} of {len(frame):,} rows have no target and are left out.", MotifnetWarning, stacklevel=2)
    kept = frame[there].copy()
    for name in targets:
        kept[name] = kept[name].infer_objects()  # true/false and whole numbers are objects where a cell is empty
    return kept


def _is_there(value: Any) -> bool:
    """An empty text is a missing target, as it is in a file of texts."""
    import pandas as pd

    return not pd.api.types.is_scalar(value) or not (pd.isna(value) or (isinstance(value, str) and not value))


def assumed_task(target: Series) -> tuple[Task, str]:
    """Classification for texts, true/false and up to ten different whole numbers, else regression; and the reason."""
    from motifnet.tables import vector

    column = vector(str(target.name), target, len(target))
    values = column.values[~column.gaps]
    count = len(set(values.tolist()))
    if column.kind == "boolean":
        return "classification", "is true or false"
    if column.kind == "categorical":
        _check_texts(target)
        return "classification", f"holds {count} different texts"
    if column.kind == "numeric" and count <= FEW and (values == np.floor(values)).all():
        return "classification", f"holds {count} different whole numbers"
    return "regression", f"holds {count} different numbers"


def said_task(target: Series, quiet: bool) -> Task:
    """The assumed task, with a note of the reason."""
    task, reason = assumed_task(target)
    if not quiet:
        other = "regression" if task == "classification" else "classification"
        note("note", f"{target.name!r} {reason}, so this is {task}; if not, pass --task {other}.")
    return task


def _check_texts(target: Series) -> None:
    """Numbers with a few texts in between are a mistake in the file, and not classes."""
    from motifnet.tables import PLAIN

    other = [not isinstance(value, str) or PLAIN.number(value) is None for value in target]
    if sum(other) < 0.5 * len(other):
        row = other.index(True)
        raise DataError(
            f"Target {target.name!r} holds numbers, but row {target.index[row]} (the first row is 0) has {target.iloc[row]!r}. "
            f"Pass --missing {target.iloc[row]!r} if it stands for a missing value, --task classification if each value is a class, or mend the file."
        )
