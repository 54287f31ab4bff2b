"""A sketch of a column: what a model keeps of its values, without a row of the table.

Numbers, truth values and dates: the least and the largest value and up to 128 quantiles between, with the exact share of rows below and up to each,
so that the distribution function is known there without error. Categories: the share of each level that the encoder knows. Both: the share of gaps,
and the number of rows, which is Kish's (Σ w)² / Σ w² where rows have weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables import Column, Feature, OneHot, TargetMean, codes_of

Matrix = NDArray[np.float64]
KNOTS = 128
LEVELS = (np.arange(KNOTS) + 0.5) / KNOTS


@dataclass(frozen=True)
class NumberSketch:
    """`table` with shape (3, K): values, and the shares of the rows with a value that lie below each, and up to it."""

    name: str
    rows: float
    gaps: float
    table: Matrix

    @classmethod
    def of(cls, column: Column, weight: Matrix) -> NumberSketch:
        there = ~column.gaps
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
        """The least and the largest value; infinite where they are not known, as in files of versions that did not keep them."""
        values, below, upto = self.table
        known = bool(len(values)) and upto[-1] > 1 - 1e-9
        return (float(values[0]) if len(values) and below[0] == 0 else -np.inf), (float(values[-1]) if known else np.inf)

    @property
    def quantiles(self) -> Matrix:
        """Values at `LEVELS`, of a column that has some."""
        values, _, upto = self.table
        return values[np.minimum(np.searchsorted(upto, LEVELS), len(values) - 1)]


@dataclass(frozen=True)
class LevelSketch:
    """`shares` with shape (L,): of the rows with a value, by level of the encoder, gaps not among them."""

    name: str
    rows: float
    gaps: float
    shares: Matrix

    @classmethod
    def of(cls, column: Column, feature: OneHot | TargetMean, weight: Matrix) -> LevelSketch:
        counts = np.bincount(codes_of(column, feature.levels), weight, len(feature.levels) + 1)[: known_levels(feature)]
        return cls(column.name, _count(weight), _share(column.gaps, weight), counts / max(counts.sum(), 1e-300))


def sketch(column: Column, feature: Feature, weight: Matrix) -> NumberSketch | LevelSketch:
    """The sketch of a column with the feature that encodes it; weight with shape (n,)."""
    return LevelSketch.of(column, feature, weight) if isinstance(feature, OneHot | TargetMean) else NumberSketch.of(column, weight)


def known_levels(feature: OneHot | TargetMean) -> int:
    """Number of levels that are no gap; a gap comes last."""
    return len(feature.levels) - (bool(feature.levels) and feature.levels[-1] is None)


def _count(weight: Matrix) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum())


def _share(rows: NDArray[np.bool_], weight: Matrix) -> float:
    return float(weight[rows].sum() / weight.sum())
