"""Tables of a few categorical columns whose law is known, so that the best possible error is.

f(cell) = √(2/3) Σ_j a_j(level) + √(1/3) Σ_pairs b_jk(level, level),   each sum standardised over the law of the cells
regression   y = f + ε, ε normal with sd 1          least error 1, and 80 % of y within ± 1.28 of f
classes      P(y = 1) = 1 / (1 + exp(−1.5 f))        least log loss: the mean entropy of a cell
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

COLUMNS, LEVELS = (2, 8), (2, 5)
SLOPE, TEST_ROWS = 1.5, 4_000
Vector = NDArray[np.float64]
Cells = NDArray[np.int64]


@dataclass(frozen=True)
class Law:
    """Shares of the levels of each column, main effects, and effects of pairs of columns; `scales`:
    mean and sd of either sum.
    """

    shares: list[Vector]
    main: list[Vector]
    pairs: dict[tuple[int, int], Vector]
    scales: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def draw(cls, seed: int) -> Law:
        """2 to 8 columns with 2 to 5 levels, and half as many interacting pairs as columns."""
        rng = np.random.default_rng([12, seed])
        p = int(rng.integers(COLUMNS[0], COLUMNS[1] + 1))
        levels = rng.integers(LEVELS[0], LEVELS[1] + 1, p)
        every = [(j, k) for k in range(p) for j in range(k)]
        chosen = [every[i] for i in rng.permutation(len(every))[: max(1, p // 2)]]
        law = cls(
            [rng.dirichlet(np.full(m, 3.0)) for m in levels],
            [rng.normal(size=m) for m in levels],
            {(j, k): rng.normal(size=(levels[j], levels[k])) for j, k in chosen},
        )
        sums = law._sums(law.cells(rng, 20_000))
        law.scales.extend((float(s.mean()), float(s.std())) for s in sums)
        return law

    def cells(self, rng: np.random.Generator, n: int) -> Cells:
        """n rows with shape (n, p)."""
        return np.column_stack([rng.choice(len(share), n, p=share) for share in self.shares])

    def mean(self, cells: Cells) -> Vector:
        """f with shape (n,)."""
        parts = [
            (s - mean) / sd for s, (mean, sd) in zip(self._sums(cells), self.scales, strict=True)
        ]
        return np.sqrt(2 / 3) * parts[0] + np.sqrt(1 / 3) * parts[1]

    def probability(self, cells: Cells) -> Vector:
        """P(y = 1) with shape (n,)."""
        return expit(SLOPE * self.mean(cells))

    def target(self, cells: Cells, rng: np.random.Generator, task: str) -> Vector:
        """y with shape (n,)."""
        if task == "regression":
            return self.mean(cells) + rng.normal(size=len(cells))
        return (rng.random(len(cells)) < self.probability(cells)).astype(float)

    def ratio(self, cells: Cells, predicted: Vector, task: str) -> float:
        """The error to be expected of predictions (values, or P(y = 1)) over the least possible;
        without chance of y.
        """
        p = self.probability(cells)
        if task == "classes":
            return float(_cross_entropy(p, predicted) / _cross_entropy(p, p))
        centre, variance = (
            (self.mean(cells), 1.0) if task == "regression" else (p, float((p * (1 - p)).mean()))
        )
        return float(np.sqrt(1 + ((centre - predicted) ** 2).mean() / variance))

    def inside(self, cells: Cells, ends: Vector) -> float:
        """The chance that y lies within intervals with shape (n, 2)."""
        f = self.mean(cells)
        return float((norm.cdf(ends[:, 1] - f) - norm.cdf(ends[:, 0] - f)).mean())

    def _sums(self, cells: Cells) -> list[Vector]:
        additive = sum(effect[cells[:, j]] for j, effect in enumerate(self.main))
        together = sum(effect[cells[:, j], cells[:, k]] for (j, k), effect in self.pairs.items())
        return [np.asarray(additive), np.asarray(together)]


def frame_of(cells: Cells) -> pd.DataFrame:
    """Levels as letters."""
    return pd.DataFrame(
        {f"c{j}": np.array(list("abcde"), dtype=object)[column] for j, column in enumerate(cells.T)}
    )


def _cross_entropy(p: Vector, q: Vector) -> float:
    q = np.clip(q, 1e-15, 1 - 1e-15)
    return float(-(p * np.log(q) + (1 - p) * np.log(1 - q)).mean())
