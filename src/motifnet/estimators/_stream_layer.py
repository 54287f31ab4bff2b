"""The last layer of a streamed fit, on all rows: by sums, and beyond MANY landmarks by passes of conjugate gradients.

Passes need λ before they start. The trained kernel chose λ₀ on n₀ rows; the best λ grows with the rows N at a rate between N⁰ and N¹, which the
smoothness of the function decides (Caponnetto & De Vito 2007), so that λ₀ (N/n₀)^{0, ½, 1} are solved in the same passes and the rows that choose
choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from motifnet.engine import ordered_sum
from motifnet.estimators._stream_rows import Coded
from motifnet.kernels import AllRows
from motifnet.retrain import TunedModel
from motifnet.tables import Matrix, Sample

MANY = 12_000  # here eleven passes take about as long as the sums (docs/million.md)
Rows = Iterable[Callable[[], Coded]]


@dataclass(frozen=True)
class StreamLayer:
    """The trained kernel, its centres (m, d) among the warped rows, and the rows that choose."""

    trained: TunedModel
    centres: torch.Tensor
    choose: Sample
    n_jobs: int

    @property
    def layer(self) -> AllRows:
        return AllRows(self.trained.inner.gram, self.centres)

    def by_sums(self, rows: Rows) -> tuple[TunedModel, str]:
        """One pass over `rows`, O(m²) memory a job."""
        S, s, count = self._sums(rows)
        ridge, gamma = self.layer.choose(S, s, self._warped(self.choose.X), self.choose.y)
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows"

    def by_passes(self, rows: Callable[[], Rows], sample: Rows, trained_rows: int) -> tuple[TunedModel, str]:
        """A dozen passes over `rows()`; the sums of `sample` are the preconditioner, `trained_rows` those of the ridge of the trained kernel."""
        S, _, sampled = self._sums(sample)
        s, count = ordered_sum(rows(), self._right, self.n_jobs)
        layer = self.layer
        ridges = tuple(self.trained.ridge * (float(count) / trained_rows) ** power for power in (0.0, 0.5, 1.0))
        ridge, gamma, passes = layer.choose_by_passes(
            S,
            float(count / sampled),
            s,
            lambda V: self._product(rows(), V),
            ridges,
            self._warped(self.choose.X),
            self.choose.y,
        )
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows, {passes} passes"

    def _sums(self, rows: Rows) -> tuple[Matrix, ...]:
        layer = self.layer

        def terms(coded: Callable[[], Coded]) -> tuple[Matrix, ...]:
            X, y, _ = coded()
            return (*layer.terms(self._warped(X), y), _count(X))

        return ordered_sum(rows, terms, self.n_jobs)

    def _right(self, coded: Callable[[], Coded]) -> tuple[Matrix, ...]:
        X, y, _ = coded()
        return self.layer.features(self._warped(X)).T @ y, _count(X)

    def _product(self, rows: Rows, V: Matrix) -> Matrix:
        layer = self.layer
        (product,) = ordered_sum(rows, lambda coded: (layer.product(self._warped(coded()[0]), V),), self.n_jobs)
        return product

    def _warped(self, X: Matrix) -> torch.Tensor:
        return self.trained.inner.warp(torch.as_tensor(X))

    def _model(self, ridge: float, gamma: Matrix) -> TunedModel:
        return TunedModel(self.trained.inner, self.centres.numpy(), gamma[:-1], gamma[-1], ridge)


def _count(X: Matrix) -> Matrix:
    return np.array(float(len(X)))
