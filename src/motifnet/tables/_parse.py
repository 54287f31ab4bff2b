"""Strings as values: which are a number, a date or a missing value, in memory and in files.

    an empty string, or one of `missing`       missing in every column
    blanks, NA, nan, null, None, … (`MARKS`)   missing in columns of numbers, truth values or
                                               dates; a string like others elsewhere
    number = [±] digits [decimal digits] [e ± digits], or ± inf
             with a decimal comma also dots between thousands: 1.234,5

A string means the same in a file and in memory. One that merely resembles a number (1_0, 1,5, ١) is
not a number.

`parse` returns the lines of a file as a pandas data frame. Columns of numbers, true/false and ISO
dates (UTC) are converted, every other column keeps its strings. The kind of a column is determined
without `MARKS`. In a column of strings, or of marks only, the marks are strings too. A column of
"NA" and numbers is numeric, since a text file cannot say otherwise. Parquet can, and so can the
schema of a fit.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

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
# 1.234 alone may be a number with a decimal point, in a file of another country
_GROUPED = re.compile(r"\s*[-+]?[1-9]\d{0,2}(?:\.\d{3})+,\d+\s*", re.ASCII)
_WHOLE = re.compile(r"\s*[-+]?\d+\s*", re.ASCII)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_PARSED = ("floating", "integer", "mixed-integer-float", "boolean")  # by pandas.read_csv itself


def is_mark(string: str) -> bool:
    """Whether the string stands for a missing value in a column of no strings."""
    return string.strip().casefold() in _FOLDED


@dataclass(frozen=True)
class Reading:
    """`decimal`: the decimal character; `missing`: strings that stand for a missing value in every
    column.
    """

    decimal: str = "."
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise UsageError(
                f"decimal={self.decimal!r} is no decimal character. Choose '.' or ','."
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
        plain = self._plain(string)
        return None if plain is None else float(plain)

    def numbers(self, strings: NDArray[Any]) -> NDArray[Any] | None:
        """An array of strings and None as numbers, with marks as missing; None if a string is
        neither. Whole numbers of any size stay exact.
        """
        import pandas as pd

        codes, found = pd.factorize(strings)
        if all(map(is_mark, found)) and any(string.strip() for string in found):
            return None
        plain = [None if is_mark(string) else self._plain(string) for string in found]
        if any(
            number is None and not is_mark(string)
            for number, string in zip(plain, found, strict=True)
        ):
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

    def _plain(self, string: str) -> str | None:
        """The string of a number, with a decimal point; None if it is no number."""
        if self.decimal != ".":
            if _GROUPED.fullmatch(string):
                string = string.replace(".", "")
            string = string.replace(".", "\0").replace(self.decimal, ".")
        return string if _NUMBER.fullmatch(string) else None


PLAIN = Reading()


@dataclass(frozen=True)
class Types:
    """How columns are read: those in `strings` stay strings. Those in `labels` do if conversion
    would merge two of their values ('7' and '007').
    """

    reading: Reading = PLAIN
    strings: Collection[str] = ()
    labels: Collection[str] = ()


def parse(text: str, separator: str, types: Types, path: str) -> DataFrame:
    """The table of some lines, the header first. Every line has the fields of the header."""
    options: dict[str, Any] = {
        "sep": separator,
        "index_col": False,
        "low_memory": False,
        "keep_default_na": False,
        "decimal": types.reading.decimal,
    }
    try:
        return _typed(text, options, types, path)
    except (ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be read as a table: {error}. Check the file.") from None


def _typed(text: str, options: dict[str, Any], types: Types, path: str) -> DataFrame:
    import pandas as pd

    # later versions read floats exactly by default
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):
        options["float_precision"] = "round_trip"
    names = list(pd.read_csv(io.StringIO(text), nrows=0, **options).columns)
    missing = ["", *types.reading.missing]
    known = [name for name in names if name in types.strings]
    every = {name: missing if name in known else [*MARKS, *missing] for name in names}
    frame = pd.read_csv(
        io.StringIO(text), dtype=dict.fromkeys(known, str), na_values=every, **options
    )
    if frame.empty:
        raise DataError(f"{path} has a header, but no rows. At least one row is expected.")
    others = [name for name in names if name not in known]
    unclear = [
        name
        for name in others
        if frame[name].isna().all()
        or pd.api.types.infer_dtype(frame[name], skipna=True) not in _PARSED
    ]
    again = [name for name in others if name in unclear or name in types.labels]
    if again:
        raw = pd.read_csv(
            io.StringIO(text),
            usecols=again,
            dtype=dict.fromkeys(again, str),
            na_values=dict.fromkeys(again, missing),
            **options,
        )
        for name in again:
            column = typed_strings(raw[name], types.reading) if name in unclear else frame[name]
            frame[name] = (
                raw[name] if name in types.labels and _merges(raw[name], column) else column
            )
    return frame


def typed_strings(strings: Series, reading: Reading) -> Series:
    """A column of strings as numbers, truth values or dates if all its values are, apart from marks
    of a missing value.
    """
    import pandas as pd

    values = strings.to_numpy(dtype=object, na_value=None)
    numbers = reading.numbers(values)
    if numbers is not None:
        return pd.Series(numbers, strings.index, name=strings.name)
    present = [string for string in pd.unique(values) if string is not None and not is_mark(string)]
    if not present:  # marks only, which may be meant as strings
        return strings
    if all(string.strip().casefold() in ("true", "false") for string in present):
        truth = [
            None if string is None or is_mark(string) else string.strip().casefold() == "true"
            for string in values
        ]
        return pd.Series(truth, strings.index, dtype=object, name=strings.name)
    return _dated(strings, values) if all(map(_ISO.fullmatch, present)) else strings


def _dated(strings: Series, values: Iterable[Any]) -> Series:
    import pandas as pd

    present = [None if string is None or is_mark(string) else string for string in values]
    try:
        found = pd.to_datetime(
            pd.Series(present, strings.index, dtype=object, name=strings.name),
            utc=True,
            format="ISO8601",
        )
        return found.dt.tz_localize(None)
    except ValueError:
        return strings


def _merges(strings: Series, column: Series) -> bool:
    """Whether different strings have become the same value."""
    present = strings.dropna().unique()
    return int(np.sum([not is_mark(string) for string in present])) > int(column.nunique())
