"""The tables of a check, with the same columns and kinds: those of the real table.

Without a hold-out the real rows are split at random: two thirds are the reference and train the
models, one third is the hold-out. A larger reference finds more of the copies, a larger hold-out
knows chance better; thirds have the best power. A given hold-out leaves all real rows to the
reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables import Schema, Table, as_table

MIN_ROWS = 20  # of a synthetic table, a reference and a hold-out
_MAX_NAMES = 5  # of columns in a sentence


@dataclass(frozen=True)
class Inputs:
    """real: all real rows. reference and holdout: real rows of two sets without a row in common.
    split: whether both are parts of the real table.
    """

    real: Table
    synthetic: Table
    reference: Table
    holdout: Table
    split: bool


def read_inputs(real: Any, synthetic: Any, holdout: Any, seed: int) -> Inputs:
    """The tables.

    Raises DataError where columns differ, a table has too few rows, or the hold-out is a part of
    the real table.
    """
    first = _typed("real", real, None)
    second = _typed("synthetic", synthetic, first.schema)
    _check_rows("synthetic", second.n, MIN_ROWS, "Generate more rows.")
    if holdout is None:
        _check_rows("real", first.n, 3 * MIN_ROWS, "A third of them is the hold-out: pass more.")
        order = np.random.default_rng([seed, 1]).permutation(first.n)
        cut = first.n - first.n // 3
        reference, rest = (first.take(rows) for rows in (order[:cut], order[cut:]))
        return Inputs(first, second, reference, rest, True)
    third = _typed("holdout", holdout, first.schema)
    _check_rows("real", first.n, MIN_ROWS, "Pass more real rows.")
    _check_rows("holdout", third.n, MIN_ROWS, "Pass more, or leave holdout out.")
    _check_apart(first, third)
    return Inputs(first, second, first, third, False)


def _typed(name: str, values: Any, schema: Schema | None) -> Table:
    """The table, with the columns of the schema. The error says which table it is."""
    try:
        table = as_table(values)
        if schema is None:
            return table
        _check_names(schema.names, [column.name for column in table.columns])
        return as_table(values, schema=schema, reorder=True)
    except DataError as error:
        raise DataError(f"The {name} table: {error}") from None


def _check_names(expected: tuple[str, ...], found: list[str]) -> None:
    absent = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    if not absent and not unknown:
        return
    parts = [
        f"{what} {', '.join(map(repr, names[:_MAX_NAMES]))}"
        + (f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else "")
        for what, names in (("it has no column", absent), ("the real table has no", unknown))
        if names
    ]
    raise DataError(
        f"its columns are not those of the real table: {'; '.join(parts)}. Rename, add or drop "
        "columns, so that both have the same names."
    )


def _check_rows(name: str, rows: int, least: int, remedy: str) -> None:
    if rows < least:
        raise DataError(
            f"The {name} table has {rows} rows; the check takes at least {least}. {remedy}"
        )


def _check_apart(real: Table, holdout: Table) -> None:
    """Refuse a hold-out that shares most rows with the real table, where real rows have few twins:
    it says nothing about chance.
    """
    known = row_hashes(real)
    shared = float(np.isin(row_hashes(holdout), known).mean())
    _, counts = np.unique(known, return_counts=True)
    twins = float(counts[counts > 1].sum() / len(known))
    if shared > 0.5 and twins < shared / 2:
        raise DataError(
            f"{shared:.0%} of the hold-out rows are rows of the real table. Pass rows that the "
            "generator has not seen, or leave holdout out: then a third of the real rows serves."
        )


def as_frame(table: Table) -> Any:
    """The table as a pandas data frame."""
    import pandas as pd

    return pd.DataFrame(
        {
            column.name: column.values.view("datetime64[us]")  # a missing date is NaT
            if column.kind == "date"
            else column.values
            for column in table.columns
        }
    )


def row_hashes(table: Table) -> NDArray[np.uint64]:
    """A number of 64 bits for each row, with shape (n,). Equal rows have equal numbers."""
    import pandas as pd

    return pd.util.hash_pandas_object(as_frame(table), index=False).to_numpy()
