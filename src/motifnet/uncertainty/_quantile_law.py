"""The law of each row through the quantiles that a model predicts for it.

A row has quantiles v_1 ≤ … ≤ v_K at the levels a_1 < … < a_K. The map T is linear between the nodes
(z_k, v_k), and continues beyond the outer ones with the mean slope from there to the middle node:

    Y = T(ε),      F_Y(y) = F_ε(T⁻¹(y))

Scores, and the intervals from their conformal quantiles (Chernozhukov, Wüthrich and Zhu 2021), have
the nodes z_k = Φ⁻¹(a_k), so that ε is normal where the quantiles are right. The law has the nodes
z_k = F_ε⁻¹(a_k) for the fitted law of the scores: it passes through the quantiles, and between and
beyond them it has the shape of the scores. As T is linear in v, so is every quantile of Y.

With P_j, M_j, S_j the mass and the moments of ε in piece j, where Y = b_j + c_j ε,

    E Y = Σ b_j P_j + c_j M_j,    E Y² = Σ b_j² P_j + 2 b_j c_j M_j + c_j² S_j
    CRPS(F, y) = y (2 F(y) − 1) + E Y − 2 E[Y; Y ≤ y] − Σ c_j ∫_j F_ε (1 − F_ε)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from motifnet.engine import Matrix
from motifnet.tables import Sample
from motifnet.uncertainty._conformal import Intervals, unit_of
from motifnet.uncertainty._law import Indices, Law
from motifnet.uncertainty._row_laws import row_nodes

_MIN_SLOPE = 1e-6  # slope of T in standard deviations of the target


def normal_nodes(levels: tuple[float, ...]) -> Matrix:
    """Φ⁻¹ of the levels, with shape (K,)."""
    return np.asarray(ndtri(np.array(levels)))


@dataclass(frozen=True)
class Bend:
    """T of n rows: increasing nodes with shape (K,), values with shape (n, K)."""

    nodes: Matrix
    values: Matrix

    @classmethod
    def of(cls, nodes: Matrix, values: Matrix, sd: float) -> Bend:
        """T with an inverse, also where quantiles are equal; `sd` is that of the target."""
        room = _MIN_SLOPE * sd * (nodes - nodes[0])
        return cls(nodes, np.maximum.accumulate(values - room, axis=1) + room)

    def at(self, z: Matrix) -> Matrix:
        """T(z) with shape (n, L) for points with shape (n or 1, L); T(±∞) = ±∞."""
        piece = np.searchsorted(self.nodes, z, side="right")
        anchor = np.maximum(piece - 1, 0)
        away = np.where(np.isinf(z), 0.0, z - self.nodes[anchor])
        found = _rows_of(self.values, anchor) + _rows_of(self.slopes, piece) * away
        return np.where(np.isinf(z), z, found)

    def inverse(self, y: Matrix) -> Matrix:
        """T⁻¹(y) with shape (n, L) for points with shape (n or 1, L)."""
        piece = self.pieces_of(y)
        anchor = np.maximum(piece - 1, 0)
        away = y - _rows_of(self.values, anchor)
        return np.asarray(self.nodes[anchor] + away / _rows_of(self.slopes, piece))

    def pieces_of(self, y: Matrix) -> Indices:
        """The number of the piece that holds y, with shape (n, L)."""
        return np.asarray((y[:, :, None] >= self.values[:, None, :]).sum(2))

    @cached_property
    def slopes(self) -> Matrix:
        """The slope of each piece, with shape (n, K + 1)."""
        v, z, middle = self.values, self.nodes, (len(self.nodes) - 1) // 2
        low, high = max(middle, 1), len(z) - 1 - max(middle, 1)
        first = (v[:, low] - v[:, 0]) / (z[low] - z[0])
        last = (v[:, -1] - v[:, high]) / (z[-1] - z[high])
        return np.column_stack([first, np.diff(v, axis=1) / np.diff(z), last])


@dataclass(frozen=True)
class QuantileLaw:
    """The laws of n rows: `law` of ε, with its quantiles as the nodes of T."""

    bend: Bend
    law: Law

    def mean(self) -> Matrix:
        return self._middle + self._first.sum(1)

    def var(self) -> Matrix:
        (b, c), (mass, first, second, _) = self._lines, self._pieces
        square = (b**2 * mass + 2 * b * c * first + c**2 * second).sum(1)
        return np.asarray(square - self._first.sum(1) ** 2)

    def pdf(self, y: Matrix) -> Matrix:
        return np.exp(self.logpdf(y))

    def logpdf(self, y: Matrix) -> Matrix:
        slope = _rows_of(self.bend.slopes, self.bend.pieces_of(y))
        return np.asarray(self.law.logpdf(self.bend.inverse(y)) - np.log(slope))

    def cdf(self, y: Matrix) -> Matrix:
        return self.law.cdf(self.bend.inverse(y))

    def quantile(self, q: Matrix) -> Matrix:
        return self.bend.at(self.law.quantile(q))

    def crps(self, y: Matrix) -> Matrix:
        z, piece, (b, c) = self.bend.inverse(y), self.bend.pieces_of(y), self._lines
        F, nodes = self.law.cdf(z), self.bend.nodes
        start = np.maximum(piece - 1, 0)
        # of the pieces below, and of the part of the last one below y; the first has no node
        below = np.hstack([np.zeros((len(b), 1)), np.cumsum(self._first, axis=1)])
        at_node = np.where(piece > 0, self.law.cdf(nodes)[start], 0.0)
        mean_at_node = np.where(piece > 0, self.law.partial_mean(nodes)[start], 0.0)
        part = _rows_of(b, piece) * (F - at_node)
        part += _rows_of(c, piece) * (self.law.partial_mean(z) - mean_at_node)
        mean = below[:, -1:] - 2 * (_rows_of(below, piece) + part)
        half_gini = (c * self._pieces[3]).sum(1, keepdims=True)
        return np.asarray((y - self._middle[:, None]) * (2 * F - 1) + mean - half_gini)

    def nodes(self) -> Iterator[tuple[Matrix, Matrix]]:
        yield from row_nodes(self, len(self.bend.values))

    def take(self, rows: slice) -> QuantileLaw:
        return QuantileLaw(Bend(self.bend.nodes, self.bend.values[rows]), self.law)

    @property
    def _middle(self) -> Matrix:
        """A value of each row, about which moments are taken, so that little cancels."""
        return self.bend.values[:, len(self.bend.nodes) // 2]

    @cached_property
    def _pieces(self) -> Matrix:
        return self.law.pieces(self.bend.nodes)

    @cached_property
    def _lines(self) -> tuple[Matrix, Matrix]:
        """b, less the middle, and c with shape (n, K + 1)."""
        z, v = self.bend.nodes, self.bend.values - self._middle[:, None]
        anchor = np.maximum(np.arange(len(z) + 1) - 1, 0)
        return v[:, anchor] - self.bend.slopes * z[anchor], self.bend.slopes

    @cached_property
    def _first(self) -> Matrix:
        """E[Y; piece j] with shape (n, K + 1)."""
        (b, c), (mass, first, _, _) = self._lines, self._pieces
        return np.asarray(b * mass + c * first)


def fit_quantile_intervals(
    sample: Sample, y: Matrix, predicted: Matrix, levels: tuple[float, ...]
) -> Intervals | None:
    """Intervals whose scores are T⁻¹(y), from a target with shape (n,) and out-of-fold quantiles
    with shape (n, K), NaN where there are none. None where no row has one.
    """
    rows = np.isfinite(predicted).all(1)
    if not rows.any():
        return None
    bend = Bend.of(normal_nodes(levels), predicted[rows], max(float(np.std(y)), 1e-300))
    weight = sample.weight[rows]
    unit = unit_of(weight, None if sample.groups is None else sample.groups[rows])
    return Intervals(None, bend.inverse(y[rows, None]), weight, unit)


def _rows_of(values: Matrix, columns: Indices) -> Matrix:
    """values[i, columns[i, l]] for columns with shape (n or 1, L)."""
    if len(columns) == 1:
        return np.asarray(values[:, columns[0]])
    return np.take_along_axis(values, columns, axis=1)
