"""Tables: typed columns of equal length, from a frame, an array or rows; and the schema of a table.

The schema holds names, kinds and level types of the columns of a fit. A later table is checked
against it and gets the order and the kinds of the fit. The phrases about names are those of
scikit-learn, since its tools look for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, warn_caller
from motifnet.tables._column import Column, Kind, categories
from motifnet.tables._convert import convert
from motifnet.tables._errors import row_name
from motifnet.tables._exact import whole_numbers
from motifnet.tables._infer import column_of
from motifnet.tables._input import as_matrix, column_of_series, is_frame, parts_of_frame
from motifnet.tables._reading import PLAIN, Reading

_MISMATCH = "The feature names should match those that were passed during fit.\n"


@dataclass(frozen=True, eq=False)
class Table:
    """`columns` of `n` rows each; `named`: whether the names came with the table."""

    columns: tuple[Column, ...]
    n: int
    named: bool

    @property
    def schema(self) -> Schema:
        """The schema, to check later tables."""
        return Schema(
            tuple(c.name for c in self.columns),
            tuple(c.kind for c in self.columns),
            tuple(c.level_type for c in self.columns),
            self.named,
        )

    def blocks(self, rows: int) -> Iterator[Table]:
        """Blocks of `rows` rows, in order and without copies."""
        for start in range(0, self.n, rows):
            yield self.take(slice(start, start + rows))

    def take(self, rows: NDArray[Any] | slice) -> Table:
        """The table on some rows (indices, mask or slice)."""
        columns = tuple(column.take(rows) for column in self.columns)
        return Table(columns, len(columns[0].values), self.named)


def as_table(X: Any, *, schema: Schema | None = None, reorder: bool = False) -> Table:
    """The typed table of X.

    With a schema, the columns get the order and the kinds of the fit. `reorder` finds them by name,
    in any order, and ignores others with a warning.
    """
    frame = is_frame(X)
    names, parts = parts_of_frame(X) if frame else (None, list(as_matrix(X).T))
    n = len(parts[0]) if parts else len(X)
    typed = column_of_series if frame else column_of
    if schema is None:
        _check_not_empty(n, len(parts))
        columns = [
            typed(name, part)
            for name, part in zip(names or [f"x{i}" for i in range(len(parts))], parts, strict=True)
        ]
        return _checked(Table(tuple(columns), n, names is not None))
    where = schema.positions(names, len(parts), reorder=reorder)
    _check_not_empty(n, len(parts))
    columns = [
        convert(
            (_for_levels if kind == "categorical" else typed)(name, parts[i]),
            kind,
            level_type,
            schema.reading,
        )
        for i, name, kind, level_type in zip(
            where, schema.names, schema.kinds, schema.level_types, strict=True
        )
    ]
    return _checked(Table(tuple(columns), n, schema.named))


def _for_levels(name: str, part: Any) -> Column:
    """The column of a part that is to be levels. Whole numbers stay exact."""
    whole = whole_numbers(name, part)
    if whole is not None:
        return categories(name, whole, "int")
    return column_of_series(name, part) if hasattr(part, "to_native") else column_of(name, part)


def _checked(table: Table) -> Table:
    """Refuse infinity."""
    for column in table.columns:
        if column.kind == "numeric" and np.isinf(column.values).any():
            row = int(np.argmax(np.isinf(column.values)))
            raise DataError(
                f"Input X contains infinity or a value too large for dtype('float64'): column "
                f"{column.name!r}, {row_name(row)}. "
                "Replace it by a number, or leave the cell empty (NaN) if the value is not known."
            )
    return table


def _check_not_empty(n: int, width: int) -> None:
    if width == 0:
        raise DataError(
            f"Found array with 0 feature(s) (shape=({n}, 0)) while a minimum of 1 is "
            "required. Pass a table with at least one column."
        )
    if n == 0:
        raise DataError(
            f"Found array with 0 sample(s) (shape=(0, {width})) while a minimum of 1 "
            "is required. Pass a table with at least one row."
        )


@dataclass(frozen=True)
class Schema:
    """Columns of the fit in order. `named`: whether the names came with the table (else they are
    x0, x1, …); `reading`: how its strings are read.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    level_types: tuple[str | None, ...]
    named: bool
    reading: Reading = PLAIN

    @property
    def strings(self) -> list[str]:
        """Names of the columns whose strings are levels, also those that look like numbers."""
        return [
            name for name, kind in zip(self.names, self.kinds, strict=True) if kind == "categorical"
        ]

    def positions(
        self, names: Sequence[str] | None, width: int, *, reorder: bool = False
    ) -> list[int]:
        """Position of each column of the fit in a table with these names (None: it has none).

        Raises DataError if they do not match.
        """
        if self.named and names is not None:
            return self._by_name(list(names), reorder)
        if width != len(self.names):
            raise DataError(
                f"X has {width} features, but motifnet is expecting {len(self.names)} features as "
                "input. "
                f"Pass the columns of the fit, in their order: {_listed(self.names)}."
            )
        if self.named:
            warn_caller(
                "X does not have valid feature names, but the model was fitted with feature "
                "names: its columns are taken in the order of the fit."
            )
        elif names is not None:
            warn_caller(
                "X has feature names, but the model was fitted without feature names: its "
                "columns are taken in the order of the fit."
            )
        return list(range(width))

    def _by_name(self, names: list[str], reorder: bool) -> list[int]:
        unseen, missing = sorted(set(names) - set(self.names)), sorted(set(self.names) - set(names))
        if missing or (unseen and not reorder):
            raise DataError(
                _MISMATCH
                + _bullets("Feature names unseen at fit time:", unseen)
                + _bullets("Feature names seen at fit time, yet now missing:", missing)
            )
        if unseen:
            warn_caller(f"Columns that the model does not know are ignored: {_listed(unseen)}.")
        if not reorder and tuple(names) != self.names:
            raise DataError(
                _MISMATCH
                + "Feature names must be in the same order as they were in fit.\n"
                + f"The order of the fit: {_listed(self.names)}."
            )
        where = {name: i for i, name in enumerate(names)}
        return [where[name] for name in self.names]


def _bullets(title: str, names: Sequence[str], limit: int = 5) -> str:
    if not names:
        return ""
    lines = "".join(f"- {name}\n" for name in names[:limit])
    return f"{title}\n{lines}" + ("- ...\n" if len(names) > limit else "")


def _listed(names: Sequence[str], limit: int = 12) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more
