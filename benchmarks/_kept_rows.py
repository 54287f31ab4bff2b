"""Rows of a CSV that a benchmark fills bit by bit: what is there is not measured again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

Key = tuple[object, ...]


def kept(path: Path, key: Sequence[str]) -> set[Key]:
    """The keys of the rows that are there; texts that are empty stay texts."""
    if not path.exists():
        return set()
    rows = pd.read_csv(path, usecols=list(key), keep_default_na=False)
    return set(rows[list(key)].itertuples(index=False, name=None))


def append(path: Path, fields: Sequence[str], row: Sequence[object]) -> None:
    """Write a row, under a line of names where the file is new."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        csv.writer(file).writerows([fields, row] if new else [row])
