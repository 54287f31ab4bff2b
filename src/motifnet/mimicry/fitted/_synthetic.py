"""Synthetic rows for a fitted estimator that comes without rows: of the kinds of values that it was fitted on, as far as its network tells them.

A column that is compared with levels holds those levels, strings as strings; a column that is computed with holds numbers about the centres,
thresholds and ends of segments that the network knows, or else normal ones. What an estimator takes is not written anywhere: rows with missing
values and unseen levels come first, then without them, then positive ones; a data frame comes with its strings as strings and as categories.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.mimicry.fitted._documents import Reader, made_up_documents
from motifnet.mimicry.fitted._frame import Columns
from motifnet.mimicry.fitted._uses import Uses
from motifnet.motifs import Motif

_ROWS, _MISSING, _EXACT, _NEAR = 200, 0.1, 0.5, 0.1
_UNSEEN = "a level that no fit has seen"


def synthetic_rows(network: Motif, d: int, columns: Columns | None, seed: int = 0) -> Iterator[Any]:
    """Tables of 200 rows, a data frame where the columns have names; the first that the estimator takes is the one to compare on."""
    uses = Uses.of(network, d)
    for extras, positive in ((True, False), (False, False), (False, True)):
        rng = np.random.default_rng(seed)
        raw = d if columns is None else len(columns.names)
        readers = dict(columns.documents) if columns else {}
        table = [_documents(readers[j], rng) if j in readers else _column(uses, j, extras, positive, rng) for j in range(raw)]
        if columns is None:
            yield np.column_stack(table) if all(c.dtype.kind == "f" for c in table) else np.column_stack([c.astype(object) for c in table])
            continue
        frame = pd.DataFrame(dict(zip(columns.names, table, strict=True)))
        yield frame
        strings = [name for name, column in zip(columns.names, table, strict=True) if column.dtype == object]
        if strings:
            yield frame.astype(dict.fromkeys(strings, "category"))


def _documents(reader: Reader, rng: np.random.Generator) -> NDArray[Any]:
    return np.array(made_up_documents(reader, _ROWS, rng), dtype=object)


def _column(uses: Uses, j: int, extras: bool, positive: bool, rng: np.random.Generator) -> NDArray[Any]:
    if j in uses.levels and j not in uses.numbers:
        return _levels(uses, j, extras, rng)
    values = _numbers(uses, j, rng)
    values = np.abs(values) if positive else values
    return np.where(rng.random(_ROWS) < _MISSING, np.nan, values) if extras else values


def _levels(uses: Uses, j: int, extras: bool, rng: np.random.Generator) -> NDArray[Any]:
    """Levels of the fit, and where it has a rule for them missing and unseen ones."""
    known = sorted((level for level in uses.levels[j] if level is not None), key=str)
    text = uses.texts(j)
    if extras:
        known += [np.nan] if None in uses.levels[j] else []
        known += [_UNSEEN if text else 1.0 + max(known, default=0.0)] if j in uses.unseen else []
    pool = np.array(known or [np.nan], dtype=object if text else np.float64)
    return pool[rng.integers(0, len(pool), _ROWS)]


def _numbers(uses: Uses, j: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Values that the network knows, half of them moved a little, so that both sides of a threshold occur."""
    noise, known = rng.standard_normal(_ROWS), np.unique(uses.values.get(j, []))
    known = known[np.isfinite(known)]
    if not len(known):
        return noise * rng.choice([0.3, 1.0, 3.0], _ROWS)
    drawn, spread = known[rng.integers(0, len(known), _ROWS)], known.std() or abs(float(known[0])) or 1.0
    return np.where(rng.random(_ROWS) < _EXACT, drawn + 1e-6 * spread * noise, drawn + _NEAR * spread * noise)
