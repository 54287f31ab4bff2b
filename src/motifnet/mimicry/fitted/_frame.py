"""The raw columns of a fitted estimator: a data frame as the matrix of numbers and codes that its network takes.

A string is a level, hence a code, unless its column is one that the network computes with: there "1.5" is 1.5, as scikit-learn's scalers read it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from motifnet.engine import DataError
from motifnet.mimicry.fitted._codes import code, number
from motifnet.mimicry.fitted._documents import Reader
from motifnet.mimicry.fitted._uses import Uses
from motifnet.motifs import Lookup, Motif
from motifnet.tables import Matrix, as_array


@dataclass(frozen=True)
class Columns:
    """Names of the columns, which of them hold texts, and those whose texts are documents, with what reads them."""

    names: tuple[str, ...]
    is_text: tuple[bool, ...]
    documents: tuple[tuple[int, Reader], ...] = ()

    @classmethod
    def of(cls, X: Any, network: Motif | None = None, width: int = 0) -> Columns | None:
        """Those of a data frame X; None for an array. A column that the network computes with holds no strings, whatever its type.

        width: the number of columns that the network takes, where it is not that of the frame.
        """
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            return None
        uses = Uses() if network is None else Uses.of(network, width or len(frame.columns))
        text = [not _is_number(column) and j not in uses.numbers for j, column in enumerate(frame.iter_columns())]
        return cls(_names(frame), tuple(t and (uses.texts(j) or j not in uses.levels) for j, t in enumerate(text)))

    @classmethod
    def named(cls, names: Collection[Any], network: Motif) -> Columns:
        """Columns with these names, and strings where the network knows strings."""
        uses = Uses.of(network, len(names))
        return cls(tuple(str(name) for name in names), tuple(uses.texts(j) for j in range(len(names))))

    def of_frame(self, X: Any) -> Any:
        """The columns of a data frame by name, in the order here, further ones left out; anything else as it is."""
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame) or _names(frame) == self.names:
            return X
        present = _names(frame)
        absent = [name for name in self.names if name not in present]
        if absent:
            raise DataError(
                f"The columns {', '.join(map(repr, absent))} are not in the data frame, which has {', '.join(map(repr, present))}. "
                "Pass the columns that the estimator was fitted on, by name and in any order."
            )
        return frame[:, [present.index(name) for name in self.names]].to_native()


def _names(frame: nw.DataFrame[Any]) -> tuple[str, ...]:
    """Names of its columns; whole numbers in pandas are texts elsewhere."""
    return tuple(str(name) for name in frame.columns)


def texts_of(network: Motif) -> tuple[str, ...]:
    """All texts that a network knows as levels."""
    return tuple(sorted({text for part in network.modules() if isinstance(part, Lookup) for text in part.texts if text}))


def coded(X: Any, numbers: Collection[int] = ()) -> Matrix:
    """A data frame or an array as a matrix: numbers as they are, strings as codes, or as what they spell in the columns `numbers`; missing is NaN."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        columns = [_coded_column(column, _reader(j, numbers)) for j, column in enumerate(frame.iter_columns())]
        return np.column_stack(columns) if columns else np.empty((len(frame), 0))
    values = as_array(X.toarray() if hasattr(X, "toarray") else X)
    if values.dtype.kind == "c" or not values.ndim:
        raise DataError(f"Rows of numbers or texts are expected, but got {type(X).__name__} of {values.dtype}. Pass a data frame or a matrix.")
    if values.dtype.kind in "OUS":
        rows = values.reshape(len(values), -1)
        read = [[_coded_value(v, _reader(j, numbers)) for v in column] for j, column in enumerate(rows.T)]
        values = np.array(read, dtype=np.float64).T.reshape(values.shape)
    return values.astype(np.float64)


def encoded(X: Any, columns: Columns | None, numbers: Collection[int] = ()) -> Matrix:
    """`coded`, of a data frame by name; behind its columns the counts of the terms in those that hold documents."""
    table = X if columns is None else columns.of_frame(X)
    if columns is None or not columns.documents:
        return coded(table, numbers)
    table = as_table_of_documents(table)
    raw = coded(table, numbers)
    if raw.shape[1] != len(columns.names):
        raise DataError(
            f"The rows have {raw.shape[1]} columns, expected {', '.join(columns.names)}. Pass the columns that the estimator was fitted on."
        )
    return np.hstack([raw, *(reader.counts(_values(table, j)) for j, reader in columns.documents)])


def as_table_of_documents(X: Any) -> Any:
    """A data frame as it is; a list of documents, or an array or series of them, as a column."""
    if isinstance(nw.from_native(X, eager_only=True, pass_through=True), nw.DataFrame):
        return X
    values = np.array(list(X) if np.ndim(X) == 1 else X, dtype=object)
    return values.reshape(len(values), -1)


def _values(table: Any, column: int) -> list[Any]:
    frame = nw.from_native(table, eager_only=True, pass_through=True)
    return frame[:, column].to_list() if isinstance(frame, nw.DataFrame) else list(table[:, column])


ReadValue = Callable[[Any], float]


def _reader(column: int, numbers: Collection[int]) -> ReadValue:
    return number if column in numbers else code


def _is_number(column: nw.Series[Any]) -> bool:
    return column.dtype.is_numeric() or column.dtype == nw.Boolean


def _coded_column(column: nw.Series[Any], read: ReadValue) -> Matrix:
    if _is_number(column):
        return column.cast(nw.Float64).to_numpy().astype(np.float64)
    missing = column.is_null().to_numpy()
    return np.array([np.nan if gap else _coded_value(v, read) for v, gap in zip(column.to_list(), missing, strict=True)], dtype=np.float64)


def _coded_value(value: Any, read: ReadValue) -> float:
    try:
        return read(value)
    except (TypeError, ValueError) as error:
        raise DataError(f"A column holds {value!r} of type {type(value).__name__}; expected {_KINDS[read]}. Convert the column first.") from error


_KINDS: dict[ReadValue, str] = {code: "numbers or texts", number: "numbers, or strings that spell one"}
