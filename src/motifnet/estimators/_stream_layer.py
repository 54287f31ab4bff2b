"""The last layer of a streamed fit, on all rows: by sums, and beyond MANY landmarks by passes of conjugate gradients.

Passes need λ before they start. The trained kernel chose λ₀ on n₀ rows; the best λ grows with the rows N at a rate between N⁰ and N¹, which the
smoothness of the function decides (Caponnetto & De Vito 2007), so that λ₀ (N/n₀)^{0, ½, 1} are solved in the same passes and the rows that choose
choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import ordered_sum
from motifnet.estimators._stream_rows import Coded, Passes
from motifnet.kernels import AllRows
from motifnet.retrain import InnerLayers, TunedModel
from motifnet.tables import Matrix, Sample

MANY = 12_000  # here eleven passes take about as long as the sums (docs/million.md)
Code = Callable[[Any], Coded]


@dataclass(frozen=True)
class StreamLayer:
    """The trained kernel, its centres (m, d) among the warped rows, and the rows that choose."""

    trained: TunedModel
    centres: Tensor
    choose: Sample
    n_jobs: int

    def by_sums(self, passes: Passes) -> tuple[TunedModel, str]:
        """One pass, O(m²) memory a job; the model, and a note for the ledger."""
        S, s, count = self._sums(passes)
        ridge, gamma = self._layer.choose(S, s, self._warped_choose, self.choose.y)
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows"

    def by_passes(self, passes: Passes, sample: Passes) -> tuple[TunedModel, str]:
        """A dozen passes, with the sums of a sample as their preconditioner."""
        S, _, sampled = self._sums(sample)
        s, count = ordered_sum(passes.pieces(1.0), partial(_right, passes.code, self.trained.inner, self._layer), self.n_jobs)
        S *= count / sampled
        more = float(count) / len(self.trained.centres)
        ridges = tuple(self.trained.ridge * more**power for power in (0.0, 0.5, 1.0))
        product = partial(self._product, passes)
        ridge, gamma, count_passes = self._layer.choose_by_passes(S, s, product, ridges, self._warped_choose, self.choose.y)
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows, {count_passes} passes"

    def values(self, model: TunedModel, X: Matrix) -> Matrix:
        """Those of a model with these centres at rows X with shape (n, d), from features in single precision."""
        return self._layer.features(self.trained.inner.warp(torch.as_tensor(X))) @ np.vstack([model.dual, model.intercept])

    @property
    def _layer(self) -> AllRows:
        return AllRows(self.trained.inner.gram, self.centres, self.trained.inner.gram_single)

    @property
    def _warped_choose(self) -> Tensor:
        return self.trained.inner.warp(torch.as_tensor(self.choose.X))

    def _sums(self, passes: Passes) -> tuple[Matrix, ...]:
        return ordered_sum(passes.pieces(1.0), partial(_terms, passes.code, self.trained.inner, self._layer), self.n_jobs)

    def _product(self, passes: Passes, V: Matrix) -> Matrix:
        return ordered_sum(passes.pieces(1.0), partial(_image, passes.code, self.trained.inner, self._layer, V), self.n_jobs)[0]

    def _model(self, ridge: float, gamma: Matrix) -> TunedModel:
        return TunedModel(self.trained.inner, self.centres.numpy(), gamma[:-1], gamma[-1], ridge)


def _terms(code: Code, inner: InnerLayers, layer: AllRows, piece: Any) -> tuple[Matrix, ...]:
    """Sums of a piece of rows, and how many they are."""
    X, y, _ = code(piece)
    return (*layer.terms(inner.warp(torch.as_tensor(X)), y), np.array(float(len(X))))


def _right(code: Code, inner: InnerLayers, layer: AllRows, piece: Any) -> tuple[Matrix, ...]:
    """Φᵀy of a piece of rows, and how many they are."""
    X, y, _ = code(piece)
    return layer.features(inner.warp(torch.as_tensor(X))).T @ y, np.array(float(len(X)))


def _image(code: Code, inner: InnerLayers, layer: AllRows, V: Matrix, piece: Any) -> tuple[Matrix]:
    """Φᵀ(Φ V) of a piece of rows."""
    return (layer.product(inner.warp(torch.as_tensor(code(piece)[0])), V),)
