"""The reference of a model: a summary of the table of its fit, for comparison with new rows.

It has a sketch of each column, without a row of the table. The sketch of numbers, truth values and
dates has the smallest and the largest value and up to 128 quantiles between, with the exact share
of rows below and up to each. So the distribution function is known there without error. The sketch
of categories has the share of each level that the encoder knows. Both have the share of missing
values, and the number of rows, which is Kish's (Σ w)² / Σ w² where rows have weights.

Unless the model is compressed, it also has some encoded rows with their out-of-fold losses: a
bounded sample of the rows with a score, drawn in proportion to their weights. A compressed network
contains no row of the table, and so no sample.

Novelty detection: levels not seen in the fit, unexpected missing values, numbers out of range.

Chance gives some of them, so that a warning needs more. Of m new rows from the law of the n old
ones, k lie beyond the largest old value with

    P(K ≥ k) ≤ Π_{i<k} (m − i) / (n + m − i)

(the k largest of all n + m are new). New levels have the probability f/n, with f the number of
levels seen once (Good, Biometrika 40, 1953). Its upper bound (f + 1 + 2 √(f + 1)) / n is the mean
of a Poisson law here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from motifnet.engine import Matrix, warn_caller
from motifnet.tables import Column, Encoder, Feature, OneHot, Table, TargetMean, codes_of

KNOTS = 128
LEVELS = (np.arange(KNOTS) + 0.5) / KNOTS
MAX_ROWS, MAX_NUMBERS = 2_000, 30_000  # of the sample of rows


@dataclass(frozen=True)
class NumberSketch:
    """`table` with shape (3, K): values, and the shares of rows below each and up to it, of the
    rows with a value. `gaps`: the share of missing values.
    """

    name: str
    rows: float
    gaps: float
    table: Matrix

    @classmethod
    def of(cls, column: Column, weight: Matrix) -> NumberSketch:
        there = ~column.missing
        x, w = column.values[there].astype(np.float64), weight[there]
        table = np.empty((3, 0))
        if len(x):
            values, inverse = np.unique(x, return_inverse=True)
            upto = np.cumsum(np.bincount(inverse, w)) / w.sum()
            last = len(values) - 1
            chosen = np.unique([0, *np.minimum(np.searchsorted(upto, LEVELS), last), last])
            table = np.stack([values, np.concatenate([[0.0], upto[:-1]]), upto])[:, chosen]
        return cls(column.name, _count(weight), _share(~there, weight), table)

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest value. They are infinite where they are unknown, such as in
        files of versions that did not keep them.
        """
        values, below, upto = self.table
        known = bool(len(values)) and upto[-1] > 1 - 1e-9
        return (float(values[0]) if len(values) and below[0] == 0 else -np.inf), (
            float(values[-1]) if known else np.inf
        )

    @property
    def quantiles(self) -> Matrix:
        """Values at `LEVELS`, of a column with values."""
        values, _, upto = self.table
        return values[np.minimum(np.searchsorted(upto, LEVELS), len(values) - 1)]


@dataclass(frozen=True)
class LevelSketch:
    """`shares` with shape (L,): of the rows with a value, by level of the encoder. `gaps`: the
    share of missing values.
    """

    name: str
    rows: float
    gaps: float
    shares: Matrix

    @classmethod
    def of(cls, column: Column, feature: OneHot | TargetMean, weight: Matrix) -> LevelSketch:
        counts = np.bincount(codes_of(column, feature.levels), weight, len(feature.levels) + 1)[
            : known_levels(feature)
        ]
        return cls(
            column.name,
            _count(weight),
            _share(column.missing, weight),
            counts / max(counts.sum(), 1e-300),
        )


def sketch_column(column: Column, feature: Feature, weight: Matrix) -> NumberSketch | LevelSketch:
    """The sketch of a column, by the feature that encodes it. `weight` has shape (n,)."""
    return (
        LevelSketch.of(column, feature, weight)
        if isinstance(feature, OneHot | TargetMean)
        else NumberSketch.of(column, weight)
    )


def known_levels(feature: OneHot | TargetMean) -> int:
    """Number of levels without that of missing values, which comes last."""
    return len(feature.levels) - (bool(feature.levels) and feature.levels[-1] is None)


def _count(weight: Matrix) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum())


def _share(rows: NDArray[np.bool_], weight: Matrix) -> float:
    return float(weight[rows].sum() / weight.sum())


@dataclass(frozen=True)
class RowSample:
    """Encoded rows with shape (k, d), the loss of the out-of-fold prediction of each with shape
    (k,), and codes of their groups with shape (k,).
    """

    X: Matrix
    losses: Matrix
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Reference:
    """One sketch a column of the table, and the rows."""

    columns: tuple[NumberSketch | LevelSketch, ...]
    rows: RowSample | None

    def without_rows(self) -> Reference:
        """The reference with sketches only."""
        return replace(self, rows=None)

    def flaw(self, encoder: Encoder) -> str | None:
        """The contradiction to the columns of an encoder. None if there is none."""
        if [column.name for column in self.columns] != [
            feature.name for feature in encoder.features
        ]:
            return "other columns"
        for column, feature in zip(self.columns, encoder.features, strict=True):
            if not (
                _sound_levels(column, feature)
                if isinstance(column, LevelSketch)
                else _sound_numbers(column, feature)
            ):
                return f"a sketch of {column.name!r} that is none"
        return (
            None
            if self.rows is None or _sound_rows(self.rows, len(encoder.names))
            else "rows that do not fit"
        )


def _sound_levels(column: LevelSketch, feature: Feature) -> bool:
    fits = isinstance(feature, OneHot | TargetMean) and column.shares.shape == (
        known_levels(feature),
    )
    return fits and _sound_shares(column.shares) and _sound_head(column)


def _sound_numbers(column: NumberSketch, feature: Feature) -> bool:
    table = column.table
    if (
        isinstance(feature, OneHot | TargetMean)
        or table.ndim != 2
        or table.shape[0] != 3
        or not np.isfinite(table).all()
        or not _sound_head(column)
    ):
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
    return (
        groups.shape == (k,)
        and groups.dtype == np.int64
        and bool(((groups >= 0) & (groups < k)).all())
    )


def draw_rows(losses: Matrix, weight: Matrix, d: int, seed: int) -> NDArray[np.int64]:
    """Numbers of the rows to keep, of n with losses (NaN: not scored) and weights, each with shape
    (n,). A row of weight 2 counts as two.

    Systematic sampling in random order: the number of draws of a row is its share of the weight,
    rounded down or up.
    """
    order = np.random.default_rng([seed, 11]).permutation(np.flatnonzero(np.isfinite(losses)))
    count = min(len(order), MAX_ROWS, max(MAX_NUMBERS // d, 100))
    upto = np.cumsum(weight[order])
    levels = (np.arange(count) + 0.5) / max(count, 1) * (upto[-1] if len(upto) else 1.0)
    return order[np.searchsorted(upto, levels)]


Mask = NDArray[np.bool_]
CHANCE = 0.05  # level of a warning
NEAR = 0.001  # level of rows near an end of a range, divided by the number of ends


@dataclass(frozen=True)
class Strangers:
    """Rows, with shape (n,), that differ from those of the fit in one column, and how."""

    kind: str
    rows: Mask
    example: str


def warn_of_strangers(reference: Reference | None, encoder: Encoder, table: Table) -> None:
    """Give one warning where more rows differ from those of the fit than by chance. A model without
    a reference gives none.
    """
    if reference is None:
        return
    triples = zip(reference.columns, table.columns, encoder.features, strict=True)
    found = [
        one
        for old, new, feature in triples
        for one in _strangers(old, new, feature, NEAR / (2 * len(table.columns)))
    ]
    sentences = [
        _sentence([one for one in found if one.kind == kind], kind, table.n)
        for kind in dict.fromkeys(one.kind for one in found)
    ]
    if sentences:
        warn_caller(
            f"{'; '.join(sentences)}. Predictions there are guesses: `check_shift`, or `motifnet "
            "check`, compares the tables."
        )


def _sentence(found: list[Strangers], kind: str, n: int) -> str:
    rows = np.logical_or.reduce([one.rows for one in found])
    largest = max(found, key=lambda one: int(one.rows.sum()))
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{int(rows.sum()):,} of {n:,} rows {kind} ({largest.example}{more})"


def _strangers(
    old: NumberSketch | LevelSketch, new: Column, feature: Feature, near: float
) -> Iterator[Strangers]:
    missing, m, n = new.missing, len(new.values), old.rows
    if not old.gaps and _is_rare(int(missing.sum()), m, 0, n):
        yield Strangers(
            "have a missing value where the fit had none", missing, f"column {new.name!r}"
        )
    if isinstance(old, LevelSketch):
        assert isinstance(feature, OneHot | TargetMean)
        unseen = (codes_of(new, feature.levels) == len(feature.levels)) & ~missing
        once = int((np.rint(old.shares * n * (1 - old.gaps)) <= 1).sum())
        if _is_rare(int(unseen.sum()), m, once, n):
            yield Strangers(
                "have a level that the fit has not seen",
                unseen,
                f"column {new.name!r}: {new.values[unseen][0]!r}",
            )
    elif new.kind != "boolean":
        outside = _outside(old, new, near)
        if outside.any():
            yield Strangers("lie outside the range of the fit", outside, f"column {new.name!r}")


def _outside(old: NumberSketch, new: Column, near: float) -> Mask:
    """Rows beyond an end of the range: all of them where they are more than by chance, else those
    beyond it by more than its width.
    """
    x = np.where(new.missing, np.nan, new.values.astype(np.float64))
    beyond = np.zeros(len(new.values), dtype=bool)
    low, high = old.range
    n, m = old.rows * (1 - old.gaps), int((~new.missing).sum())
    # a difference beyond float64 is infinite, and so is the width it is compared with
    with np.errstate(over="ignore"):
        ends = (low - x, x - high)
    for excess in ends:
        out, far = excess > 0, excess > high - low
        if _extreme(int(out.sum()), m, n) < near:
            beyond |= out
        elif far.any() and _extreme(int(far.sum()), m, n) < CHANCE:
            beyond |= far
    return beyond


def _extreme(k: int, m: int, n: float) -> float:
    """Upper bound on the probability that k or more of m rows lie beyond one end of n others."""
    i = np.arange(k)
    return float(np.exp(np.log((m - i) / (n + m - i)).sum()))


def _is_rare(k: int, m: int, once: int, n: float) -> bool:
    """Whether chance gives k or more of m rows with something new rarely, where `once` things were
    seen once in n rows.
    """
    return bool(k > 0 and poisson.sf(k - 1, m * (once + 1 + 2 * np.sqrt(once + 1)) / n) < CHANCE)
