"""What a model keeps of the table of its fit: a sketch of each column and, unless it is compressed, some encoded rows with their honest losses.

The rows are a bounded sample, drawn in proportion to their weights, of those that some fold has scored. A compressed network promises that no row of
the table is inside, so there they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motifnet.shift._sketch import LevelSketch, NumberSketch, known_levels
from motifnet.tables import Encoder, Feature, OneHot, TargetMean

Matrix = NDArray[np.float64]
MOST_ROWS, MOST_NUMBERS = 2_000, 30_000


@dataclass(frozen=True)
class RowSample:
    """Encoded rows with shape (k, d), the loss of the out-of-fold prediction of each with shape (k,), and codes of their groups with shape (k,)."""

    X: Matrix
    losses: Matrix
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Reference:
    """One sketch a column of the table, and the rows."""

    columns: tuple[NumberSketch | LevelSketch, ...]
    rows: RowSample | None

    def without_rows(self) -> Reference:
        """The sketches alone."""
        return replace(self, rows=None)

    def flaw(self, encoder: Encoder) -> str | None:
        """What does not go with the columns of an encoder; None if all does."""
        if [column.name for column in self.columns] != [feature.name for feature in encoder.features]:
            return "other columns"
        for column, feature in zip(self.columns, encoder.features, strict=True):
            if not (_sound_levels(column, feature) if isinstance(column, LevelSketch) else _sound_numbers(column, feature)):
                return f"a sketch of {column.name!r} that is none"
        return None if self.rows is None or _sound_rows(self.rows, len(encoder.names)) else "rows that do not fit"


def _sound_levels(column: LevelSketch, feature: Feature) -> bool:
    fits = isinstance(feature, OneHot | TargetMean) and column.shares.shape == (known_levels(feature),)
    return fits and _sound_shares(column.shares) and _sound_head(column)


def _sound_numbers(column: NumberSketch, feature: Feature) -> bool:
    table = column.table
    if isinstance(feature, OneHot | TargetMean) or table.ndim != 2 or table.shape[0] != 3 or not np.isfinite(table).all() or not _sound_head(column):
        return False
    return bool((np.diff(table, axis=1) >= 0).all()) and _sound_shares(table[1:])


def _sound_head(column: NumberSketch | LevelSketch) -> bool:
    return bool(0 < column.rows < 1e15 and 0 <= column.gaps <= 1 + 1e-9)


def _sound_shares(shares: Matrix) -> bool:
    return shares.dtype == np.float64 and bool(((shares >= 0) & (shares <= 1 + 1e-9)).all())


def _sound_rows(rows: RowSample, d: int) -> bool:
    k = len(rows.losses)
    return (
        rows.X.shape == (k, d)
        and k > 0
        and rows.X.dtype == rows.losses.dtype == np.float64
        and all(np.isfinite(a).all() for a in (rows.X, rows.losses))
        and (rows.groups is None or _sound_groups(rows.groups, k))
    )


def _sound_groups(groups: NDArray[np.int64], k: int) -> bool:
    return groups.shape == (k,) and groups.dtype == np.int64 and bool(((groups >= 0) & (groups < k)).all())


def draw_rows(losses: Matrix, weight: Matrix, d: int, seed: int) -> NDArray[np.int64]:
    """Numbers of the rows to keep, of n with losses (NaN: not scored) and weights, each with shape (n,); a row of weight 2 counts as two.

    Systematic sampling in random order: a row is drawn as often as its share of the weight asks for, rounded down or up.
    """
    order = np.random.default_rng([seed, 11]).permutation(np.flatnonzero(np.isfinite(losses)))
    count = min(len(order), MOST_ROWS, max(MOST_NUMBERS // d, 100))
    upto = np.cumsum(weight[order])
    places = (np.arange(count) + 0.5) / max(count, 1) * (upto[-1] if len(upto) else 1.0)
    return order[np.searchsorted(upto, places)]
