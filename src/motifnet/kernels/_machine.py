"""Fits under any loss on some of the rows of one kernel: exact, or with landmarks beyond the exact
range.

What does not depend on λ is computed once. This is the Gram matrix, or the features F of all rows
and their weighted sums over disjoint *cells* of rows:

    S_c = Σ_{i in cell c} w_i f_i f_iᵀ

So a fit on a union of cells reads the rows only in its steps. F is in single precision, the sums
are in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from motifnet.kernels._capacity import CAPACITY, Capacity
from motifnet.kernels._landmarks import Gram, Landmarks
from motifnet.kernels._smoother import ExactSmoother, LandmarkSmoother, Scores, Smoother

_ROWS = 1_024  # whose features are computed at a time


class Machine(Protocol):
    """`centres`: row numbers with shape (m,)."""

    @property
    def centres(self) -> Tensor: ...

    def on(self, rows: Tensor) -> Callable[[float], Smoother]:
        """Smoothers for any λ of a mask of rows, a union of cells."""
        ...

    def values(self, f: Scores, rows: Tensor, at: Tensor) -> Tensor:
        """Scores fitted on `rows`, at the rows `at` (masks)."""
        ...

    def moved(self, f: Scores, rows: Tensor, to: Tensor) -> Scores:
        """The same functions as scores of the rows `to`, which include `rows`: a start for the fit
        to them.
        """
        ...

    def dual(self, f: Scores) -> Tensor:
        """Coefficients of the centres, with shape (m, q)."""
        ...


def machine_of(
    gram: Gram,
    Z: Tensor,
    weight: Tensor,
    cells: Sequence[Tensor],
    *,
    seed: int = 0,
    capacity: Capacity = CAPACITY,
    among: Tensor | None = None,
    codes: Tensor | None = None,
) -> Machine:
    """The machine of rows Z with shape (n, d), weights with shape (n,), and disjoint masks that
    cover all rows. Landmarks come from the rows `among` where given.

    `codes` with shape (n,): equal rows share one; all rows differ where None.
    """
    if len(Z) <= capacity.exact_rows:
        return ExactMachine(gram(Z, Z), weight)
    marks = Landmarks.choose(gram, Z, capacity.landmarks, seed, among, codes)
    m = len(marks.chosen) + 1
    F, sums = torch.empty(len(Z), m, dtype=torch.float32), []
    for cell in cells:
        S = torch.zeros(m, m, dtype=torch.float64)
        for part in torch.split(torch.nonzero(cell).ravel(), _ROWS):
            features = marks.features(part)
            F[part] = features.T.float()
            root = (features * weight[part].sqrt()).numpy()
            # numpy computes half of a product of a matrix and itself
            S += torch.as_tensor(root @ root.T)
        sums.append((cell, S))
    return LandmarkMachine(marks, F, tuple(sums))


@dataclass(frozen=True)
class ExactMachine:
    """The Gram matrix K with shape (n, n) and weights with shape (n,); every row is a centre, and
    any rows are a union of cells.
    """

    K: Tensor
    weight: Tensor

    @property
    def centres(self) -> Tensor:
        return torch.arange(len(self.K))

    def on(self, rows: Tensor) -> Callable[[float], Smoother]:
        index = torch.nonzero(rows).ravel()
        K = self.K if len(index) == len(rows) else self.K[index[:, None], index]
        w = self.weight[rows]
        return lambda lam: ExactSmoother.of(K, w, lam)

    def values(self, f: Scores, rows: Tensor, at: Tensor) -> Tensor:
        return self.K[at] @ self._everywhere(f, rows) + f.intercept

    def moved(self, f: Scores, rows: Tensor, to: Tensor) -> Scores:
        return Scores(self._everywhere(f, rows)[to], f.intercept, self.values(f, rows, to))

    def _everywhere(self, f: Scores, rows: Tensor) -> Tensor:
        dual = torch.zeros(len(self.K), f.coefficients.shape[1], dtype=f.coefficients.dtype)
        dual[rows] = f.coefficients
        return dual

    def dual(self, f: Scores) -> Tensor:
        return f.coefficients


@dataclass(frozen=True)
class LandmarkMachine:
    """Landmarks, the features F of all rows with shape (n, m + 1), and the sum S_c of each cell."""

    marks: Landmarks
    F: Tensor
    sums: tuple[tuple[Tensor, Tensor], ...]

    @property
    def centres(self) -> Tensor:
        return self.marks.chosen

    def on(self, rows: Tensor) -> Callable[[float], Smoother]:
        F = self.F if bool(rows.all()) else self.F[rows]
        S = torch.stack([S for cell, S in self.sums if bool(rows[cell].all())]).sum(0)
        S = self.marks.with_least_ridge(S)
        basis = self.marks.basis(rows)
        S = S if basis is None else basis.T @ S @ basis
        return lambda lam: LandmarkSmoother.of(F, S, lam, basis)

    def values(self, f: Scores, rows: Tensor, at: Tensor) -> Tensor:
        return (self.F[at, :-1] @ f.coefficients.float()).double() + f.intercept

    def moved(self, f: Scores, rows: Tensor, to: Tensor) -> Scores:
        return Scores(f.coefficients, f.intercept, self.values(f, rows, to))

    def dual(self, f: Scores) -> Tensor:
        return torch.linalg.solve_triangular(self.marks.L.T, f.coefficients, upper=True)
