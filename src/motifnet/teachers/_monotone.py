"""Monotone teachers: along named columns the function rises, or falls, at every point.

Signs σ_j ∈ {−1, 0, 1} of the d encoded columns; M are those with σ_j ≠ 0, R the others.

    partly monotone    f(x) = b + Σ_{j∈M} Σ_k s_jk r_jk(x_j) + g(x_R),        σ_j s_jk ≥ 0
                       r_jk(x_j): the part of x_j between knots t_jk and t_j,k+1
    in one convex problem
        min over s, g  Σ w (y − f)² + λ (|g|² + Σ_jk (s_jk − s_j,k−1)²)

g is a kernel machine on landmarks, with features F (b among them) and coefficients γ, |g| = |γ|.
With weighted sums S over rows, eliminating γ leaves a non-negative least squares problem in s:

    min sᵀH s − 2 cᵀs,    H = S_RR − S_RF (S_FF + λ)⁻¹ S_FR + λ P
                          c = S_Ry − S_RF (S_FF + λ)⁻¹ S_Fy

Trees on the out-of-fold residuals of such a function add what it lacks, interactions of M with R
above all. Their splits are constrained; a sum of functions that rise along a column rises along it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import nnls

from motifnet.engine import Control, Matrix
from motifnet.kernels import RIDGES, SCALES, landmark_features, median_distances, start_kernel
from motifnet.kernels import Kernel as KernelFunction
from motifnet.tables import Sample
from motifnet.teachers._base import INNER_FOLDS, FittedTeacher, Teacher, cross_fit, inner_folds
from motifnet.teachers._boosted_trees import BoostedTrees
from motifnet.teachers._kernel_ridge import FittedKernel

LANDMARKS = 300
SEGMENTS = 12  # of each monotone column
MEDIAN_ROWS = 300
PROFILES = ("laplace1", "laplace2", "gaussian")
Signs = tuple[int, ...]
Columns = NDArray[np.int64]


@dataclass(frozen=True)
class FittedRamps(FittedTeacher):
    """intercept + Σ_j Σ_k slope_jk r_jk(x_j): knots with shape (d, K + 1), slopes with shape
    (d, K, q), intercept with shape (q,).
    """

    knots: Matrix
    slopes: Matrix
    intercept: Matrix

    def predict(self, X: Matrix) -> Matrix:
        return self.intercept + sum(
            _ramps(x, knots) @ slopes
            for x, knots, slopes in zip(X.T, self.knots, self.slopes, strict=True)
        )


@dataclass(frozen=True)
class FittedSum(FittedTeacher):
    """The sum of fitted functions, each of the columns in `inputs`. `of_folds`: the fits that
    predict the folds, and that of all rows; their `oof` are predictions of inner folds.
    """

    parts: tuple[FittedTeacher, ...]
    inputs: tuple[Columns, ...]
    of_folds: tuple[FittedSum, ...] = ()

    def predict(self, X: Matrix) -> Matrix:
        return np.asarray(
            sum(
                part.predict(X[:, columns])
                for part, columns in zip(self.parts, self.inputs, strict=True)
            )
        )


@dataclass(frozen=True)
class PartlyMonotone(Teacher):
    """Ramps of the columns with a sign, and kernel ridge regression of the others."""

    signs: Signs

    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedSum:
        """Always finishes, so that a model exists."""
        oof, models = cross_fit(
            sample, lambda rows, k: self._solve(rows, seed), FittedSum.predict, n_jobs=n_jobs
        )
        final = self._solve(sample, seed)
        return replace(final, oof=oof, of_folds=(*models, final))

    def _solve(self, sample: Sample, seed: int) -> FittedSum:
        """The fit to all rows. Length scale and λ have the least error on inner folds, whose
        predictions are `oof`.
        """
        signs = np.array(self.signs)
        monotone, free = np.flatnonzero(signs), np.flatnonzero(signs == 0)
        folds = inner_folds(sample, INNER_FOLDS, seed)
        ramps = _Ramps.of(sample.X[:, monotone], signs[monotone])
        right, best = ramps.design(sample.X[:, monotone]), (np.inf, 0.0)
        for machine in _machines(sample.X[:, free], seed):
            design = np.hstack([machine.features(sample.X[:, free]), right])
            count = design.shape[1] - right.shape[1]
            trained = [_Sums.of(design, sample, folds.train(k)) for k in range(folds.count)]
            for lam in RIDGES:
                oof = np.full(sample.y.shape, np.nan)
                for k, sums in enumerate(trained):
                    out = folds.held_out(k)
                    oof[out] = design[out] @ np.vstack(sums.solve(lam, count, ramps))
                scored = np.isfinite(oof).all(1)
                loss = float(sample.weight[scored] @ ((sample.y - oof)[scored] ** 2).sum(1))
                if loss < best[0]:
                    best, chosen = (loss, lam), (machine, design, count, oof)
        machine, design, count, oof = chosen
        sums = _Sums.of(design, sample, np.ones(sample.n, dtype=bool))
        gamma, slopes = sums.solve(best[1], count, ramps)
        parts: list[FittedTeacher] = [ramps.fitted(slopes, gamma[-1])]
        if count > 1:
            parts.append(machine.fitted(gamma, best[1]))
        return FittedSum(oof, tuple(parts), (monotone, free)[: len(parts)])


@dataclass(frozen=True)
class ResidualTrees:
    """Trees on the out-of-fold residuals of a partly monotone function, and their sum with it."""

    trees: BoostedTrees

    def fit(
        self,
        sample: Sample,
        first: FittedSum,
        *,
        seed: int = 0,
        n_jobs: int = 1,
        control: Control | None = None,
    ) -> FittedSum:
        folds, final = sample.folds, sample.folds.count
        trained = [k for k in range(folds.count) if folds.train(k).any()]

        def solve(rows: Sample, k: int) -> FittedSum:
            before = first.of_folds[-1 if k == final else trained.index(k)]
            scored = np.asarray(np.isfinite(before.oof).all(1))
            residuals = replace(rows, y=rows.y - before.oof, labels=None).rows(scored)
            trees = self.trees.grown(residuals, seed, control)
            inputs = (*before.inputs, np.arange(rows.X.shape[1]))
            return FittedSum(before.oof, (*before.parts, trees), inputs)

        oof, _ = cross_fit(sample, solve, FittedSum.predict, n_jobs=n_jobs, control=control)
        return replace(solve(sample, final), oof=oof)


@dataclass(frozen=True)
class _Ramps:
    """Knots of each column, and the sign of each slope with shape (r,)."""

    knots: tuple[Matrix, ...]
    sign: Matrix

    @classmethod
    def of(cls, X: Matrix, signs: NDArray[np.int64]) -> _Ramps:
        """Knots at quantiles of the columns of X with shape (n, d)."""
        count = max(1, min(SEGMENTS, len(X) // 10))
        levels = np.linspace(0, 1, count + 1)
        knots = [np.unique(np.quantile(x, levels, method="nearest")) for x in X.T]
        knots = [t if len(t) > 1 else np.array([t[0], t[0] + 1.0]) for t in knots]
        return cls(tuple(knots), np.repeat(signs, [len(t) - 1 for t in knots]).astype(np.float64))

    @property
    def penalty(self) -> Matrix:
        """P with shape (r, r): squared changes of slope within a column."""
        starts = np.cumsum([0] + [len(t) - 1 for t in self.knots])
        D = np.diff(np.eye(len(self.sign)), axis=0)
        D = np.delete(D, starts[1:-1] - 1, axis=0)
        return np.asarray(D.T @ D)

    def design(self, X: Matrix) -> Matrix:
        """The ramps with shape (n, r)."""
        return np.hstack([_ramps(x, knots) for x, knots in zip(X.T, self.knots, strict=True)])

    def fitted(self, slopes: Matrix, intercept: Matrix) -> FittedRamps:
        """Shorter columns repeat their last knot and slope; each column is 0 at its first knot."""
        counts = [len(t) - 1 for t in self.knots]
        own = np.split(slopes, np.cumsum(counts)[:-1])
        short = [max(counts) - count for count in counts]
        return FittedRamps(
            np.empty((0, len(intercept))),
            np.stack(
                [np.pad(t, (0, s), mode="edge") for t, s in zip(self.knots, short, strict=True)]
            ),
            np.stack(
                [np.pad(v, ((0, s), (0, 0)), mode="edge") for v, s in zip(own, short, strict=True)]
            ),
            intercept,
        )


def _ramps(x: Matrix, knots: Matrix) -> Matrix:
    """min(max(x − t_k, 0), t_k+1 − t_k) for x with shape (n,), linear beyond the ends, with shape
    (n, K).
    """
    ramps = np.clip(x[:, None] - knots[:-1], 0, np.diff(knots))
    ramps[:, 0] += np.minimum(x - knots[0], 0)
    ramps[:, -1] += np.maximum(x - knots[-1], 0)
    return ramps


@dataclass(frozen=True)
class _Machine:
    """A kernel, its landmarks with shape (m, p), and the factor L of their Gram matrix."""

    kernel: KernelFunction
    centres: Matrix
    L: Matrix

    def features(self, X: Matrix) -> Matrix:
        """L⁻¹ k(landmarks, x), and a 1, with shape (n, m + 1)."""
        F = np.ones((len(X), len(self.L) + 1))
        F[:, :-1] = solve_triangular(self.L, self.kernel(self.centres, X), lower=True).T
        return F

    def fitted(self, gamma: Matrix, lam: float) -> FittedKernel:
        """The machine of coefficients γ with shape (m + 1, q), without the intercept."""
        return FittedKernel(
            oof=np.empty((0, gamma.shape[1])),
            kernel=self.kernel,
            centres=self.centres,
            dual=solve_triangular(self.L.T, gamma[:-1]),
            intercept=np.zeros(gamma.shape[1]),
            ridge=lam,
        )


class _Constant(_Machine):
    """The intercept alone, where every column is monotone."""

    def features(self, X: Matrix) -> Matrix:
        return np.ones((len(X), 1))


def _machines(X: Matrix, seed: int) -> Iterator[_Machine]:
    """A machine for each length scale, on landmarks among the rows X with shape (n, p)."""
    order = np.random.default_rng([seed, 31]).permutation(len(X))
    medians = median_distances(torch.as_tensor(X[order[:MEDIAN_ROWS]]))
    centres = np.unique(X[order[:LANDMARKS]], axis=0)
    for scale in SCALES:
        kernel = start_kernel(PROFILES, medians, scale)
        if X.shape[1] == 0:
            yield _Constant(kernel, centres, np.empty((0, 0)))
            return
        L = landmark_features(torch.as_tensor(kernel(centres, centres))).numpy()
        yield _Machine(kernel, centres, L)


@dataclass(frozen=True)
class _Sums:
    """Weighted sums over training rows: S with shape (c, c) and those with y, with shape (c, q)."""

    S: Matrix
    b: Matrix

    @classmethod
    def of(cls, design: Matrix, sample: Sample, rows: NDArray[np.bool_]) -> _Sums:
        root = np.sqrt(sample.weight[rows])[:, None]
        A = design[rows] * root
        return cls(A.T @ A, A.T @ (sample.y[rows] * root))

    def solve(self, lam: float, count: int, ramps: _Ramps) -> tuple[Matrix, Matrix]:
        """γ with shape (count, q), the intercept last, and slopes with shape (r, q)."""
        free, right, sign = slice(count), slice(count, None), ramps.sign
        G = self.S[free, free] + np.diag(np.append(np.full(count - 1, lam), 1e-12))
        eliminated = cho_solve(
            cho_factor(G), np.hstack([self.S[free, right], self.b[free]]), check_finite=False
        )
        W, v = eliminated[:, : len(sign)], eliminated[:, len(sign) :]
        H = self.S[right, right] - self.S[right, free] @ W + lam * ramps.penalty
        H = sign[:, None] * H * sign
        c = sign[:, None] * (self.b[right] - self.S[right, free] @ v)
        H += np.diag(np.full(len(H), 1e-9 * np.trace(H) / len(H) + 1e-12))
        L = np.linalg.cholesky((H + H.T) / 2)
        target = solve_triangular(L, c, lower=True)
        slopes = sign[:, None] * np.column_stack([nnls(L.T, column)[0] for column in target.T])
        return v - W @ slopes, slopes
