"""Rows under one kernel, from which fits on some of them are made under any loss: exactly, or with landmarks beyond the exact range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from motifnet.kernels._landmarks import Gram, Landmarks
from motifnet.kernels._plan import CAPACITY, Capacity
from motifnet.kernels._smoother import ExactSmoother, LandmarkSmoother, Scores, Smoother

_ROWS = 1_024


class Machine(Protocol):
    """`centres`: row numbers with shape (m,); `always`: mask with shape (n,) of the rows that stay in every fit, for they cannot be left out."""

    @property
    def centres(self) -> Tensor: ...

    @property
    def always(self) -> Tensor: ...

    def on(self, rows: Tensor, weight: Tensor) -> Callable[[float], Smoother]:
        """Smoothers of some rows (a mask) for any λ, given the weights of all rows."""
        ...

    def values(self, f: Scores, rows: Tensor, at: Tensor) -> Tensor:
        """Scores fitted on `rows`, at the rows `at` (masks)."""
        ...

    def dual(self, f: Scores) -> Tensor:
        """Coefficients of the centres, with shape (m, q)."""
        ...


def machine_of(gram: Gram, Z: Tensor, *, seed: int = 0, capacity: Capacity = CAPACITY) -> Machine:
    """For rows Z with shape (n, d)."""
    if len(Z) <= capacity.exact_rows:
        return ExactMachine(gram(Z, Z))
    marks = Landmarks.choose(gram, Z, capacity.landmarks, seed)
    return LandmarkMachine(marks, torch.cat([marks.features(part).T for part in torch.split(torch.arange(len(Z)), _ROWS)]))


@dataclass(frozen=True)
class ExactMachine:
    """The Gram matrix K with shape (n, n); every row is a centre."""

    K: Tensor

    @property
    def centres(self) -> Tensor:
        return torch.arange(len(self.K))

    @property
    def always(self) -> Tensor:
        return torch.zeros(len(self.K), dtype=torch.bool)

    def on(self, rows: Tensor, weight: Tensor) -> Callable[[float], Smoother]:
        K, w = self.K[rows][:, rows], weight[rows]
        return lambda lam: ExactSmoother.of(K, w, lam)

    def values(self, f: Scores, rows: Tensor, at: Tensor) -> Tensor:
        return self.K[at][:, rows] @ f.coefficients + f.intercept

    def dual(self, f: Scores) -> Tensor:
        return f.coefficients


@dataclass(frozen=True)
class LandmarkMachine:
    """Landmarks, and the features F of all rows with shape (n, m + 1)."""

    marks: Landmarks
    F: Tensor

    @property
    def centres(self) -> Tensor:
        return self.marks.chosen

    @property
    def always(self) -> Tensor:
        return self.marks.marked

    def on(self, rows: Tensor, weight: Tensor) -> Callable[[float], Smoother]:
        F, w = self.F[rows], weight[rows]
        S = F.T @ (w[:, None] * F)
        return lambda lam: LandmarkSmoother.of(F, S, lam)

    def values(self, f: Scores, rows: Tensor, at: Tensor) -> Tensor:
        return self.F[at, :-1] @ f.coefficients + f.intercept

    def dual(self, f: Scores) -> Tensor:
        return torch.linalg.solve_triangular(self.marks.L.T, f.coefficients, upper=True)
