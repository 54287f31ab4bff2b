"""Two questions about one group, which are never mixed up.

*Useful?* Five-fold squared errors of the plain smooth fit minus those of the invariant one, row by row: z = mean √n / sd. Where noise hides the
gain, the likelihood of the rows may still tell: with all settings from the first rows, E = p(other rows | first, invariant) / p(… | first, plain)
has mean 1 under the plain model, so that E ≥ 1/α has a probability of at most α. The smaller of the two p-values counts twice. The invariant fit
has the kernel averaged over G where |G| ≤ 24, else the plain kernel on the quotient. *True?* The F-test of `Smooth.f_test` of what an invariant
function cannot be: monomials up to degree two minus their averages over the orbit, added to the invariant fit. A small break of the symmetry is
seen here while the group is still useful, for variance falls more than bias rises.

A map of several outputs is equivariant, f(g x) = g f(x), where output j is f_0(τ_j x) of one function f_0 that is invariant under the elements that
keep output 0: so n rows with q outputs become q n rows with one, left out together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm
from torch import Tensor

from motifnet.profiling._group import Group, act, non_invariant, permutations
from motifnet.profiling._smooth import Prior, Smooth, choose_prior
from motifnet.tables import Matrix

FOLDS, KERNEL_AVERAGED = 5, 24


@dataclass(frozen=True)
class Symmetry:
    """`z` and log E of usefulness with its p-value; `F`, its rank and `p_true`; squared errors of both fits in units of var(y); `equivariant`."""

    group: Group
    z: float
    log_evidence: float
    p_useful: float
    F: float
    rank: int
    p_true: float
    plain: float
    invariant: float
    equivariant: bool = False


@dataclass(frozen=True)
class Reading:
    """A smooth fit, and the log likelihood of the later rows given the first, at settings from the first."""

    fit: Smooth
    evidence: float

    @classmethod
    def of(
        cls,
        X: Matrix,
        y: Matrix,
        group: Group | None = None,
        *,
        first: NDArray[np.bool_] | None = None,
        prior: Prior | None = None,
        seed: int = 0,
        quick: bool = False,
    ) -> Reading:
        """The fit of y with shape (n,), invariant under a group where one is given; `first` marks the rows that settings come from, the first half
        unless told; `prior`: those settings, where they are known.
        """
        n, y = len(X), y[:, None]
        first = np.arange(n) < n // 2 if first is None else first
        Z = X if group is None or _averaged(group) else group.quotient(X)
        prior = choose_prior(Z[first], y[first], seed, quick=quick) if prior is None else prior
        if group is not None and _averaged(group):
            prior, K = _averaged_gram(group, prior, X)
        else:
            A = torch.as_tensor(Z)
            K = prior.gram(A, A)
        part = torch.as_tensor(np.flatnonzero(first))
        evidence = Smooth.at(Z, y, prior, K).likelihood - Smooth.at(Z[first], y[first], prior, K[part][:, part]).likelihood
        fit = Smooth.of_gram(Z, y, prior, K)
        return cls(fit, evidence)

    def left_out(self, rows: NDArray[Any]) -> Matrix:
        """Squared errors with shape (n,), folds of rows left out together: r_B = (P_BB)⁻¹ α_B."""
        errors = np.empty(len(rows))
        for k in range(FOLDS):
            block = np.flatnonzero(rows % FOLDS == k)
            errors[block] = np.linalg.solve(self.fit.P[np.ix_(block, block)], self.fit.dual[block])[:, 0] ** 2
        return errors


def judge_invariance(group: Group, plain: Reading, X: Matrix, y: Matrix, seed: int = 0, quick: bool = False) -> Symmetry:
    """Both answers for y with shape (n,) at X with shape (n, d), whose moved columns share units and centres."""
    reading, rows = Reading.of(X, y, group, seed=seed, quick=quick), np.arange(len(X))
    tested = reading.fit.f_test(non_invariant(group, X))
    return _compare(group, plain.left_out(rows), reading.left_out(rows), reading.evidence - plain.evidence, tested, float(y.var()))


def judge_equivariance(group: Group, plain: Sequence[Reading], X: Matrix, Y: Matrix, seed: int = 0, quick: bool = False) -> Symmetry:
    """The same for Y with shape (n, q), whose columns the group moves with its q blocks of columns of X; `plain` has one reading a column."""
    q, n = len(group.blocks), len(X)
    rows = np.tile(np.arange(n), q)
    stacked, target = np.vstack([X[:, list(p)] for p in group.to_the_front()]), Y.T.ravel()
    keep = permutations(group.blocks[1:], group.d) if group.kind == "permutations" and q > 2 else None
    reading = Reading.of(stacked, target, keep, first=rows < n // 2, seed=seed, quick=quick)
    outputs = np.repeat(np.eye(q), n, axis=0)[:, 1:]
    moved = stacked[:, sorted({j for block in group.blocks for j in block})]
    breaks = [outputs, *(outputs[:, [j]] * moved for j in range(q - 1)), *([] if keep is None else [non_invariant(keep, stacked)])]
    before = np.mean([p.left_out(np.arange(n)) for p in plain], axis=0)
    after = reading.left_out(rows).reshape(q, n).mean(0)
    evidence = reading.evidence - sum(p.evidence for p in plain)
    found = _compare(group, before, after, evidence, reading.fit.f_test(np.column_stack(breaks)), float(target.var()))
    return replace(found, equivariant=True)


def _averaged(group: Group) -> bool:
    """Whether the kernel is averaged: the group is small, and its quotient map is not continuous as sorting and absolute values are."""
    continuous = group.kind in ("flips", "permutations") and len(group.blocks[0]) == 1
    return group.size <= KERNEL_AVERAGED and not continuous


def _averaged_gram(group: Group, prior: Prior, X: Matrix) -> tuple[Prior, Tensor]:
    """The prior with equal scales along orbits, and (1/|G|) Σ_g k(x, g x')."""
    elements, A = group.elements(), torch.as_tensor(X)
    scale = torch.stack([prior.scale[list(p)] for p, _ in elements]).square().mean(0).sqrt()
    even = replace(prior, scale=scale)
    K = torch.stack([even.gram(A, torch.as_tensor(act(e, X))) for e in elements]).mean(0)
    return even, (K + K.T) / 2


def _compare(group: Group, plain: Matrix, invariant: Matrix, evidence: float, tested: tuple[float, int, float], variance: float) -> Symmetry:
    gain = plain - invariant
    z = float(gain.mean() * np.sqrt(len(gain)) / max(gain.std(), 1e-300))
    p_useful = min(1.0, 2 * min(float(norm.sf(z)), float(np.exp(-max(evidence, 0.0)))))
    F, rank, p_true = tested
    return Symmetry(group, z, evidence, p_useful, F, rank, p_true, float(plain.mean() / variance), float(invariant.mean() / variance))
