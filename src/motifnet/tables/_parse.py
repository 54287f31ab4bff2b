"""Lines of a text as a pandas data frame: columns of numbers, true/false and ISO dates (UTC) become that, every other one stays as it is written.

A column's kind is found with the marks of a missing value left out (see `_reading`); where it turns out to hold texts, or these marks alone, they are
texts too. (A column of "NA" and numbers is one of numbers: a text file cannot say otherwise. Parquet can, and so can the schema of a fit.)
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import DataError
from motifnet.tables._reading import MARKS, PLAIN, Reading, is_mark

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)


@dataclass(frozen=True)
class Types:
    """How columns are read: `texts` stay texts, whatever they look like; `labels` do where as numbers two of them would be one ('7' and '007')."""

    reading: Reading = PLAIN
    texts: Collection[str] = ()
    labels: Collection[str] = ()


def parse(text: str, separator: str, types: Types, path: str) -> DataFrame:
    """The table of some lines, the header first, each with as many fields as the header."""
    options: dict[str, Any] = {"sep": separator, "index_col": False, "low_memory": False, "keep_default_na": False, "decimal": types.reading.decimal}
    try:
        return _typed(text, options, types, path)
    except (ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be read as a table: {error}. Check the file.") from None


def _typed(text: str, options: dict[str, Any], types: Types, path: str) -> DataFrame:
    import pandas as pd

    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):  # later versions read floats exactly without being told
        options["float_precision"] = "round_trip"
    names = list(pd.read_csv(io.StringIO(text), nrows=0, **options).columns)
    missing = ["", *types.reading.missing]
    known = [name for name in names if name in types.texts]
    every = {name: missing if name in known else [*MARKS, *missing] for name in names}
    frame = pd.read_csv(io.StringIO(text), dtype=dict.fromkeys(known, str), na_values=every, **options)
    if frame.empty:
        raise DataError(f"{path} has a header, but no rows. At least one row is expected.")
    others = [name for name in names if name not in known]
    unclear = [name for name in others if frame[name].isna().all() or pd.api.types.infer_dtype(frame[name], skipna=True) not in _CLEAR]
    again = [name for name in others if name in unclear or name in types.labels]
    if again:
        raw = pd.read_csv(io.StringIO(text), usecols=again, dtype=dict.fromkeys(again, str), na_values=dict.fromkeys(again, missing), **options)
        for name in again:
            column = typed_strings(raw[name], types.reading) if name in unclear else frame[name]
            frame[name] = raw[name] if name in types.labels and _merges(raw[name], column) else column
    return frame


_CLEAR = ("floating", "integer", "mixed-integer-float", "boolean")


def typed_strings(strings: Series, reading: Reading) -> Series:
    """A column of strings as numbers, truth values or dates where all of it is that, marks of a missing value aside."""
    import pandas as pd

    values = strings.to_numpy(dtype=object, na_value=None)
    numbers = reading.numbers(values)
    if numbers is not None:
        return pd.Series(numbers, strings.index, name=strings.name)
    present = [text for text in pd.unique(values) if text is not None and not is_mark(text)]
    if not present:  # nothing but marks: nothing shows that they are meant as such
        return strings
    if all(text.strip().casefold() in ("true", "false") for text in present):
        truth = [None if text is None or is_mark(text) else text.strip().casefold() == "true" for text in values]
        return pd.Series(truth, strings.index, dtype=object, name=strings.name)
    return _dated(strings, values) if all(map(_ISO.fullmatch, present)) else strings


def _dated(strings: Series, values: Iterable[Any]) -> Series:
    import pandas as pd

    there = [None if text is None or is_mark(text) else text for text in values]
    try:
        found = pd.to_datetime(pd.Series(there, strings.index, dtype=object, name=strings.name), utc=True, format="ISO8601")
        return found.dt.tz_localize(None)
    except ValueError:
        return strings


def _merges(strings: Series, column: Series) -> bool:
    """Whether different strings have become the same value."""
    present = strings.dropna().unique()
    return int(np.sum([not is_mark(text) for text in present])) > int(column.nunique())
