"""Normal equations over disjoint cells of rows, with landmarks: each is formed once, and the fit to any union of cells is one sum of them.

    S_c = Σ_{i in c} w_i f_i f_iᵀ,     the fit without the cells C:   (Σ_{c not in C} S_c + λ I) γ = Σ_{c not in C} s_c

All held-out fits beyond the exact range are of this form: all folds at one kernel (`_every_fold.py`: a cell is a fold), and one fold with the inner
blocks that choose its λ (`_fit.py`: cells are the fold, each inner block, the rest).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.kernels._landmarks import Landmarks, Normal, Sums


@dataclass(frozen=True)
class Cells:
    """By name: the rows of each cell, and their sums S with shape (m + 1, m + 1) and s with shape (m + 1, q)."""

    marks: Landmarks
    rows: Mapping[str, Tensor]
    sums: Mapping[str, Sums]

    @classmethod
    def of(cls, marks: Landmarks, y: Tensor, w: Tensor, cells: Mapping[str, Tensor], n_jobs: int = 1) -> Cells:
        """Those of row numbers that do not overlap, and one of all other rows, "rest"."""
        others = torch.ones(len(y), dtype=torch.bool)
        for rows in cells.values():
            others[rows] = False
        whole = {**cells, "rest": torch.nonzero(others).ravel()}
        return cls(marks, whole, {name: marks.normal_equations(rows, y, w, n_jobs) for name, rows in whole.items()})

    def without(self, names: Collection[str], kept: Tensor | None = None) -> Normal:
        """Normal equations of all cells but some, with the landmarks among the rows `kept` (a mask); with all landmarks where None."""
        first, *others = [self.sums[name] for name in self.sums if name not in names]
        S, s = first[0].clone(), first[1].clone()
        for more in others:
            S += more[0]
            s += more[1]
        return Normal.of((S, s), None if kept is None else self.marks.basis(kept))

    def predict(self, name: str, gamma: Tensor) -> Tensor:
        """Predictions of the rows of a cell, with shape (rows, q)."""
        return self.marks.predict(self.rows[name], gamma)

    def squared_error(self, name: str, y: Tensor, w: Tensor, gamma: Tensor) -> float:
        """Σ w r² of a cell: wᵀy² − 2sᵀγ + γᵀSγ needs no second pass over its rows."""
        rows, (S, s) = self.rows[name], self.sums[name]
        squares = float((w[rows, None] * y[rows] ** 2).sum())
        return squares - 2 * float((s * gamma).sum()) + float((gamma * (S @ gamma)).sum())
