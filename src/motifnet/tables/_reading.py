"""Strings as values: which are a number, a date or a missing value, in memory and in files.

    an empty string, or one of `missing`       missing in every column
    blanks, NA, nan, null, None, … (`MARKS`)   missing in columns of numbers, truth values or
                                               dates; a string like others elsewhere
    number = [±] digits [decimal digits] [e ± digits], or ± inf
             with a decimal comma also dots between thousands: 1.234,5
             with `thousands`, that separator between groups of three digits: 1.234
             with a sign of per cent or per mille, a share: 12,5 % is 0.125
    date = 2024-12-31 or 31.12.2024, with or without a time

A string means the same in a file and in memory. One that merely resembles a number (1_0, 1,5, ١) is
not a number. A column of shares has the sign in every row, since 12 without it may be 12 % too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError

MARKS: tuple[str, ...] = (
    "",
    "NA",
    "N/A",
    "n/a",
    "NaN",
    "nan",
    "-NaN",
    "-nan",
    "NaT",
    "NULL",
    "null",
    "None",
    "<NA>",
    "#N/A",
    "#NA",
    "#N/A N/A",
    "1.#IND",
    "-1.#IND",
    "1.#QNAN",
    "-1.#QNAN",
)
_FOLDED = frozenset(mark.casefold() for mark in MARKS)
_NUMBER = re.compile(
    r"\s*[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf(?:inity)?)\s*", re.ASCII | re.IGNORECASE
)
_SHARE = re.compile(r"(.*\d[.,]?)[\s\u00a0\u202f]?([%‰])\s*", re.ASCII)
_BLANKS = " \t\n\r\f\v"  # of ASCII
_EXPONENT = {"%": "e-2", "‰": "e-3"}
# as they are typed, and as programs write them
_THOUSANDS = {".": r"\.", ",": ",", " ": "[ \u00a0\u202f]", "'": "['’]"}
_WHOLE = re.compile(r"\s*[-+]?\d+\s*", re.ASCII)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
# with dots the day is always first; with slashes it need not be
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})([T ]\d{2}:\d{2}(?::\d{2})?)?", re.ASCII)


def is_mark(string: str) -> bool:
    """Whether the string stands for a missing value in a column of no strings."""
    return string.strip().casefold() in _FOLDED


@dataclass(frozen=True)
class Reading:
    """`decimal`: the decimal character; `missing`: strings that stand for a missing value in every
    column; `thousands`: what separates thousands, "" for nothing.
    """

    decimal: str = "."
    missing: tuple[str, ...] = ()
    thousands: str = ""

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise UsageError(
                f"decimal={self.decimal!r} is no decimal character. Choose '.' or ','."
            )
        if self.thousands not in ("", *_THOUSANDS) or self.thousands == self.decimal:
            raise UsageError(
                f"thousands={self.thousands!r} does not separate thousands where the decimal "
                f"character is {self.decimal!r}. Choose one of {', '.join(map(repr, _THOUSANDS))} "
                "that is not the decimal character."
            )
        if isinstance(self.missing, str) or not all(isinstance(mark, str) for mark in self.missing):
            raise UsageError(
                f"missing={self.missing!r} must be a list of strings, such as ['?']. "
                "Pass [] for none."
            )
        object.__setattr__(self, "missing", tuple(self.missing))

    @property
    def missing_numbers(self) -> list[float]:
        """Those of `missing` that are numbers: -999 is missing as -999.0 too."""
        return [number for mark in self.missing if (number := self.number(mark)) is not None]

    def number(self, string: str) -> float | None:
        """The number that a string stands for, or None."""
        found = self.literal(string)
        return None if found is None else float(found)

    def numbers(self, strings: NDArray[Any]) -> NDArray[Any] | None:
        """An array of strings and None as numbers, with marks as missing; None if a string is
        neither. Whole numbers of any size stay exact.
        """
        import pandas as pd

        codes, found = pd.factorize(strings)
        if all(map(is_mark, found)) and any(string.strip() for string in found):
            return None
        plain = [None if is_mark(string) else self.literal(string) for string in found]
        present = [string for string in found if not is_mark(string)]
        if len(present) > sum(number is not None for number in plain):
            return None
        if len({is_share(string) for string in present}) > 1:
            return None
        if codes.min(initial=0) >= 0 and all(
            number is not None and _WHOLE.fullmatch(number) for number in plain
        ):
            whole = [int(number) for number in plain if number is not None]
            fits = all(-(2**63) <= number < 2**63 for number in whole)
            return np.array(whole, dtype=np.int64 if fits else object)[codes]
        return np.array(
            [*(np.nan if number is None else float(number) for number in plain), np.nan]
        )[codes]

    def literal(self, string: str) -> str | None:
        """The number of a string as Python writes it; None if it is no number."""
        share = _SHARE.fullmatch(string)
        if share is not None:
            found = self.literal(share[1])
            whole = found is not None and not set(found) & set("eEnN")
            return f"{found}{_EXPONENT[share[2]]}" if whole else None
        string = string.strip(_BLANKS)
        mark = self.thousands or ("." if self.decimal == "," else "")
        if mark and _grouped(mark, self.decimal, not self.thousands).fullmatch(string):
            string = re.sub(_THOUSANDS[mark], "", string)
        if self.decimal != ".":
            string = string.replace(".", "\0").replace(self.decimal, ".")
        return string if _NUMBER.fullmatch(string) else None


@cache
def _grouped(mark: str, decimal: str, with_decimals: bool) -> re.Pattern[str]:
    """Digits in groups of three. `with_decimals`: 1.234 alone may be a number with a decimal point,
    in a file of another country.
    """
    rest = rf"{re.escape(decimal)}\d+" if with_decimals else rf"(?:{re.escape(decimal)}\d*)?"
    return re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{_THOUSANDS[mark]}\d{{3}})+{rest}", re.ASCII)


def iso_date(string: str) -> str | None:
    """The date of a string as ISO writes it; None if it is none."""
    if _ISO.fullmatch(string):
        return string
    found = _DOTTED.fullmatch(string)
    if found is None:
        return None
    day, month, year, time = found.groups(default="")
    return f"{year}-{month:0>2}-{day:0>2}{time}"


def is_share(string: str) -> bool:
    """Whether the string ends with a sign of per cent or per mille."""
    return string.rstrip().endswith(tuple(_EXPONENT))


PLAIN = Reading()
