"""The last layer of a streamed fit, on all rows: by sums, and beyond MANY landmarks by passes of conjugate gradients.

Passes need λ before they start. The training chose λ₀ on batches of n₀ rows; the best λ grows with the rows N at a rate between N⁰ and N¹, which the
smoothness of the function decides (Caponnetto & De Vito 2007), so that λ₀ (N/n₀)^{0, ½, 1} are solved in the same passes and the rows that choose
choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from motifnet.engine import ordered_sum
from motifnet.kernels import AllRows
from motifnet.motifs import Motif
from motifnet.retrain import InnerLayers, TunedModel
from motifnet.structure import numpy_of
from motifnet.tables import CodedRows, Matrix, RowSource, Sample

MANY = 12_000  # here eleven passes take about as long as the sums (docs/million.md)
Terms = Callable[[Tensor, Matrix], tuple[Matrix, ...]]


@dataclass(frozen=True)
class StreamLayer:
    """The trained inner layers, centres (m, d) among the warped rows, the rows that choose, the draw up to which rows are fitted, and what stands
    before the layers of a wide table.
    """

    inner: InnerLayers
    centres: Tensor
    choose: Sample
    end: float
    n_jobs: int
    front: Motif | None = None

    def by_sums(self, rows: RowSource) -> tuple[TunedModel, str]:
        """One pass, O(m²) memory a job; the model, and a note for the ledger."""
        S, s, count = self._sum(rows, self._layer.terms)
        ridge, gamma = self._layer.choose(S, s, self._warped(self.choose.X), self.choose.y)
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows"

    def by_passes(self, rows: RowSource, sample: RowSource, batch: int) -> tuple[TunedModel, str]:
        """A dozen passes, with the sums of a sample as their preconditioner; λ₀ is that of a batch of rows."""
        S, _, sampled = self._sum(sample, self._layer.terms)
        s, count = self._sum(rows, partial(_right, self._layer))
        S *= count / sampled
        more = float(count) / batch
        ridges = tuple(self.inner.ridge * more**power for power in (0.0, 0.5, 1.0))

        def product(V: Matrix) -> Matrix:
            return self._sum(rows, partial(_product, self._layer, V))[0]

        ridge, gamma, n_passes = self._layer.choose_by_passes(S, s, product, ridges, self._warped(self.choose.X), self.choose.y)
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows, {n_passes} passes"

    def values(self, model: TunedModel, X: Matrix) -> Matrix:
        """Those of a model with these centres at rows X with shape (n, d), from features in single precision."""
        return self._layer.features(self._warped(X)) @ np.vstack([model.dual, model.intercept])

    @property
    def _layer(self) -> AllRows:
        return AllRows(self.inner.gram, self.centres, self.inner.gram_single)

    def _warped(self, X: Matrix) -> Tensor:
        return warped(self.inner, self.front, X)

    def _sum(self, rows: RowSource, terms: Terms) -> tuple[Matrix, ...]:
        """The sums of `terms` over all pieces, and the number of rows."""
        return ordered_sum(rows.pieces(self.end), partial(_coded, rows.code, partial(warped, self.inner, self.front), terms), self.n_jobs)

    def _model(self, ridge: float, gamma: Matrix) -> TunedModel:
        return TunedModel(self.inner, self.centres.numpy(), gamma[:-1], gamma[-1], ridge)


def warped(inner: InnerLayers, front: Motif | None, X: Matrix) -> Tensor:
    """Rows before the centres, with shape (n, d)."""
    return inner.warp_rows(X if front is None else numpy_of(front, X))


def _coded(code: Callable[[Any], CodedRows], warp: Callable[[Matrix], Tensor], terms: Terms, piece: Any) -> tuple[Matrix, ...]:
    """The terms of a piece of rows, and how many these are."""
    X, y, _ = code(piece)
    return (*terms(warp(X), y), np.array(float(len(X))))


def _right(layer: AllRows, Z: Tensor, y: Matrix) -> tuple[Matrix]:
    return (layer.features(Z).T @ y,)


def _product(layer: AllRows, V: Matrix, Z: Tensor, y: Matrix) -> tuple[Matrix]:
    return (layer.product(Z, V),)
