"""A table: typed columns of equal length, from a data frame of any library, an array or a list of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Column, levels
from motifnet.tables._convert import convert
from motifnet.tables._errors import row_name
from motifnet.tables._exact import whole_numbers
from motifnet.tables._frame import column_of_series, is_frame, parts_of_frame
from motifnet.tables._infer import column_of
from motifnet.tables._matrix import as_matrix
from motifnet.tables._schema import Schema


@dataclass(frozen=True, eq=False)
class Table:
    """`columns` of `n` rows each; `named` tells whether their names came with the table."""

    columns: tuple[Column, ...]
    n: int
    named: bool

    @property
    def schema(self) -> Schema:
        """Names and kinds, to check later tables against."""
        return Schema(tuple(c.name for c in self.columns), tuple(c.kind for c in self.columns), tuple(c.level_type for c in self.columns), self.named)

    def blocks(self, rows: int) -> Iterator[Table]:
        """The table in order, some rows at a time, without copies."""
        for start in range(0, self.n, rows):
            yield self.take(slice(start, start + rows))

    def take(self, rows: NDArray[Any] | slice) -> Table:
        """The table on some rows (indices, mask or slice)."""
        columns = tuple(column.take(rows) for column in self.columns)
        return Table(columns, len(columns[0].values), self.named)


def as_table(X: Any, *, schema: Schema | None = None, reorder: bool = False) -> Table:
    """The typed table of X.

    With a schema its columns come out in the order and the kinds of the fit; `reorder` finds them by name and ignores others with a warning.
    """
    frame = is_frame(X)
    names, parts = parts_of_frame(X) if frame else (None, list(as_matrix(X).T))
    n = len(parts[0]) if parts else len(X)
    typed = column_of_series if frame else column_of
    if schema is None:
        _check_not_empty(n, len(parts))
        columns = [typed(name, part) for name, part in zip(names or [f"x{i}" for i in range(len(parts))], parts, strict=True)]
        return _checked(Table(tuple(columns), n, names is not None))
    where = schema.place(names, len(parts), reorder=reorder)
    _check_not_empty(n, len(parts))
    columns = [
        convert((_for_levels if kind == "categorical" else typed)(name, parts[i]), kind, level_type, schema.reading)
        for i, name, kind, level_type in zip(where, schema.names, schema.kinds, schema.level_types, strict=True)
    ]
    return _checked(Table(tuple(columns), n, schema.named))


def _for_levels(name: str, part: Any) -> Column:
    """Whole numbers that are to be looked up as levels, exactly; everything else as it comes."""
    whole = whole_numbers(name, part)
    if whole is not None:
        return levels(name, whole, "int")
    return column_of_series(name, part) if hasattr(part, "to_native") else column_of(name, part)


def _checked(table: Table) -> Table:
    """Refuse infinity."""
    for column in table.columns:
        if column.kind == "numeric" and np.isinf(column.values).any():
            row = int(np.argmax(np.isinf(column.values)))
            raise DataError(
                f"Input X contains infinity or a value too large for dtype('float64'): column {column.name!r}, {row_name(row)}. "
                "Replace it by a number, or leave the cell empty (NaN) if the value is not known."
            )
    return table


def _check_not_empty(n: int, width: int) -> None:
    if width == 0:
        raise DataError(f"Found array with 0 feature(s) (shape=({n}, 0)) while a minimum of 1 is required. Pass a table with at least one column.")
    if n == 0:
        raise DataError(f"Found array with 0 sample(s) (shape=(0, {width})) while a minimum of 1 is required. Pass a table with at least one row.")
