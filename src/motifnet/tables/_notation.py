"""Warnings at a fit about strings that may be meant as numbers or as missing values.

A column of strings is taken as categories. The warning is issued if at least half of its rows are
numbers or dates, or resemble them: 1,5 · 1,234.5 · € 20 · 45 % · 31.12.2024. It names column, row,
string and next step.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import warn_caller
from motifnet.tables._errors import numbered, row_name, shown
from motifnet.tables._reading import PLAIN, is_mark, is_share
from motifnet.tables._table import Table

_MONEY = r"(?:[$€£¥₹]|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|kr|zł)"
_SPACE = r"[\s\u00a0\u202f]?"
_DIGITS = r"(?:\d{1,3}(?:[,.'’_\s\u00a0\u202f]\d{3})+|\d+)(?:[.,]\d+)?"
_FORMATTED = re.compile(
    rf"\s*[-+−(]?{_SPACE}(?:{_MONEY}{_SPACE})?[-+−]?{_DIGITS}{_SPACE}(?:{_MONEY}|%|‰)?\)?\s*"
    r"|[-+]?\d+(?:_\d+)+",
    re.ASCII,
)
_DECIMAL_COMMA = re.compile(
    r"\s*[-+]?\d+,\d+(?:e[-+]?\d+|[\s\u00a0\u202f]?[%‰])?\s*", re.ASCII | re.IGNORECASE
)
_DATE = re.compile(r"\s*(\d{1,2})([./-])(\d{1,2})\2(?:\d{4}|\d{2})(?:[ T].*)?", re.ASCII)
_MIN_SHARE = 0.5  # of the rows
_DATE_REMEDY = (
    "a date? In a file write 2024-12-31 or 31.12.2024, in Python pass dates (pandas: "
    "to_datetime(column, dayfirst=True))."
)


def note_strings(table: Table, X: Any) -> None:
    """Warn about each column of strings that may be numbers. Rows are named as in X."""
    for column in table.columns:
        if (
            column.kind == "categorical"
            and column.level_type == "str"
            and (found := suspect(column.values)) is not None
        ):
            row, reason = found
            message = (
                f"Column {column.name!r}, {_row_name(X, row)}, holds "
                f"{shown(column.values[row])}: {reason} The column is taken as categories."
            )
            warn_caller(message)


def note_label_strings(name: str, labels: NDArray[Any]) -> None:
    """Warn about classes that may be numbers, or one that may stand for a missing value."""
    found = suspect(labels)
    if found is not None:
        row, reason = found
        warn_caller(
            f"Target {name!r}, {row_name(row)}, holds {shown(labels[row])}: {reason} Each string "
            "is taken as a class of its own."
        )
        return
    marks = [label for label in dict.fromkeys(labels.tolist()) if is_mark(label)]
    if marks:
        row = labels.tolist().index(marks[0])
        warn_caller(
            f"Target {name!r}, {row_name(row)}, holds {shown(marks[0])}, which is taken as a "
            f"class. {_missing(marks[0])}"
        )


def suspect(values: NDArray[Any]) -> tuple[int, str] | None:
    """A row whose string may be meant otherwise, and the reason; None unless most rows are numbers
    or resemble them.
    """
    import pandas as pd

    codes, found = pd.factorize(values)
    strings = [str(value) for value in found]
    dated = np.array([_DATE.fullmatch(string) is not None for string in strings], dtype=bool)
    plain = np.array(
        [PLAIN.number(string) is not None and not is_share(string) for string in strings],
        dtype=bool,
    )
    similar = np.array([_FORMATTED.fullmatch(string) is not None for string in strings], dtype=bool)
    formatted = similar & ~plain
    count = np.bincount(codes[codes >= 0], minlength=len(strings))
    if dated.sum() > 1 and count[dated].sum() >= _MIN_SHARE * count.sum():
        return int(np.flatnonzero(np.isin(codes, np.flatnonzero(dated)))[0]), _DATE_REMEDY
    if (
        plain.all()
        or count[plain | formatted].sum() < _MIN_SHARE * count.sum()
        or (plain | formatted).sum() < 2
    ):
        return None
    others = ~plain & ~formatted
    kind = formatted if count[formatted].sum() >= count[plain].sum() or not others.any() else others
    row = int(np.flatnonzero(np.isin(codes, np.flatnonzero(kind)))[0])
    string = strings[codes[row]]
    if kind is formatted:
        return row, _format_remedy(string)
    return row, f"most other rows hold numbers. {_missing(string)}"


def _format_remedy(string: str) -> str:
    if _DECIMAL_COMMA.fullmatch(string):
        return (
            "a number with a decimal comma? Say so by --decimal , (pandas: read_csv(..., "
            "decimal=',')); if the comma separates thousands, by --thousands , in its place."
        )
    if PLAIN.number(string) is not None:
        return (
            "a number in per cent? A file with the sign in every row is read so, 12 % as 0.12. "
            "Write the sign in every row, or in none (pandas: column.str.rstrip('% ').astype(float)"
            " / 100)."
        )
    return (
        "a number? Say how it is written, such as --decimal , --thousands . for 1.234,50 (pandas: "
        "read_csv(..., decimal=',', thousands='.')), and leave out signs of currency."
    )


def _missing(string: str) -> str:
    return (
        f"If it stands for a missing value, say so by --missing {shown(string)} (in Python: "
        "replace it by None)."
    )


def _row_name(X: Any, row: int) -> str:
    """The name of the row, by the index of a pandas frame that has lost rows of its file."""
    index: Any = getattr(X, "index", None)
    if getattr(getattr(index, "dtype", None), "kind", "") != "i":
        return row_name(row)
    with numbered(index):
        return row_name(row)
