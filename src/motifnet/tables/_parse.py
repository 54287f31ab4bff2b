"""The lines of a file as a pandas data frame.

Columns of numbers, true/false and dates (UTC) are converted, every other column keeps its strings.
The kind of a column is determined without `MARKS`. In a column of strings, or of marks only, the
marks are strings too. A column of "NA" and numbers is numeric, since a text file cannot say
otherwise. Parquet can, and so can the schema of a fit.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import DataError, warn_caller
from motifnet.tables._reading import MARKS, PLAIN, Reading, is_mark, is_share, iso_date

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_PARSED = ("floating", "integer", "mixed-integer-float", "boolean")  # by pandas.read_csv itself


@dataclass(frozen=True)
class Types:
    """How columns are read: those in `strings` stay strings. Those in `labels` do if conversion
    would merge two of their values ('7' and '007'). `noted`: whether the reading is explained.
    """

    reading: Reading = PLAIN
    strings: Collection[str] = ()
    labels: Collection[str] = ()
    noted: bool = False


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
            if types.noted and name in unclear:
                _note_reading(raw[name].dropna(), column, types.reading)
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
    return _dated(strings, values) if all(map(iso_date, present)) else strings


def _dated(strings: Series, values: Iterable[Any]) -> Series:
    import pandas as pd

    present = [None if string is None or is_mark(string) else iso_date(string) for string in values]
    try:
        found = pd.to_datetime(
            pd.Series(present, strings.index, dtype=object, name=strings.name),
            utc=True,
            format="ISO8601",
        )
        return found.dt.tz_localize(None)
    except ValueError:
        return strings


def _note_reading(strings: Series, column: Series, reading: Reading) -> None:
    """Say how shares and dates with dots are read, and that 1.234 is no number of a file with
    decimal commas.
    """
    present = [string for string in strings.unique() if not is_mark(string)]
    if not present:
        return
    name, first, kind = column.name, present[0], column.dtype.kind
    if kind == "f" and is_share(first):
        warn_caller(
            f"Column {name!r} holds shares: {first.strip()} is read as "
            f"{reading.number(first):.12g}."
        )
    elif kind == "M" and (date := iso_date(first)) != first:
        warn_caller(f"Column {name!r} holds dates: {first} is read as {date}, the day first.")
    elif kind not in "biufM" and all(PLAIN.literal(string) for string in present):
        odd = next((string for string in present if reading.literal(string) is None), first)
        warn_caller(
            f"Column {name!r} holds {odd!r}, which is no number with a decimal comma. If the dot "
            "separates thousands, say so by --thousands . (in Python thousands='.'); the column "
            "is taken as categories."
        )


def _merges(strings: Series, column: Series) -> bool:
    """Whether different strings have become the same value."""
    present = strings.dropna().unique()
    return int(np.sum([not is_mark(string) for string in present])) > int(column.nunique())
