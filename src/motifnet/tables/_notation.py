"""Notes at a fit about texts that may be meant as numbers or as missing values, with column, row and text, and how to say what is meant.

A column of texts is taken as categories. That is worth a note where at least half of its rows are numbers or look like them:
1,5 · 1,234.5 · € 20 · 45 %.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import MotifnetWarning, warn_caller
from motifnet.tables._errors import numbered, row_name, shown
from motifnet.tables._reading import PLAIN, is_mark
from motifnet.tables._table import Table

_MONEY, _GAP = r"(?:[$€£¥₹]|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|kr|zł)", r"[\s\u00a0\u202f]?"
_DIGITS = r"(?:\d{1,3}(?:[,.'’_\s\u00a0\u202f]\d{3})+|\d+)(?:[.,]\d+)?"
_DRESSED = re.compile(rf"\s*[-+−(]?{_GAP}(?:{_MONEY}{_GAP})?[-+−]?{_DIGITS}{_GAP}(?:{_MONEY}|%|‰)?\)?\s*|[-+]?\d+(?:_\d+)+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+(?:e[-+]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_SHARE = 0.5


def note_strings(table: Table, X: Any) -> None:
    """A note for each column of texts that may be numbers; rows are named as X names them."""
    for column in table.columns:
        if column.kind == "categorical" and column.level_type == "str" and (found := suspect(column.values)) is not None:
            row, reason = found
            text = f"Column {column.name!r}, {_row_name(X, row)}, holds {shown(column.values[row])}: {reason} The column is taken as categories."
            warnings.warn(text, MotifnetWarning, stacklevel=4)


def note_label_strings(name: str, labels: NDArray[Any]) -> None:
    """The same for classes, and for one that may stand for a missing value."""
    found = suspect(labels)
    if found is not None:
        row, reason = found
        text = f"Target {name!r}, {row_name(row)}, holds {shown(labels[row])}: {reason} Each text is taken as a class of its own."
        warn_caller(text)
        return
    marks = [label for label in dict.fromkeys(labels.tolist()) if is_mark(label)]
    if marks:
        row = labels.tolist().index(marks[0])
        text = f"Target {name!r}, {row_name(row)}, holds {shown(marks[0])}, which is taken as a class. {_missing(marks[0])}"
        warn_caller(text)


def suspect(values: NDArray[Any]) -> tuple[int, str] | None:
    """A row of strings that may be meant otherwise, and the reason, where most rows are numbers or look like them."""
    import pandas as pd

    codes, found = pd.factorize(values)
    strings = [str(text) for text in found]
    plain = np.array([PLAIN.number(text) is not None for text in strings], dtype=bool)
    dressed = np.array([_DRESSED.fullmatch(text) is not None for text in strings], dtype=bool) & ~plain
    count = np.bincount(codes[codes >= 0], minlength=len(strings))
    if plain.all() or count[plain | dressed].sum() < _SHARE * count.sum() or (plain | dressed).sum() < 2:
        return None
    others = ~plain & ~dressed
    kind = dressed if count[dressed].sum() >= count[plain].sum() or not others.any() else others
    row = int(np.flatnonzero(np.isin(codes, np.flatnonzero(kind)))[0])
    return row, _dressing(strings[codes[row]]) if kind is dressed else f"most other rows hold numbers. {_missing(strings[codes[row]])}"


def _dressing(text: str) -> str:
    if _DECIMAL_COMMA.fullmatch(text):
        return (
            "a number with a decimal comma? Say so by --decimal , (pandas: read_csv(..., decimal=',')); if the comma parts thousands, leave it out."
        )
    return (
        "a number with more than digits? Leave out signs of currency and per cent and what parts thousands, and use --decimal , for decimal commas."
    )


def _missing(text: str) -> str:
    return f"If it stands for a missing value, say so by --missing {shown(text)} (in Python: replace it by None)."


def _row_name(X: Any, row: int) -> str:
    """By the label of a pandas frame that has lost rows, so that the row of the file is named."""
    index: Any = getattr(X, "index", None)
    if getattr(getattr(index, "dtype", None), "kind", "") != "i":
        return row_name(row)
    with numbered(index):
        return row_name(row)
