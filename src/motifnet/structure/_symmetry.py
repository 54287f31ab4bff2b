"""Two separate tests of one group: is it useful, and is it true?

*Useful?* z = mean √n / sd of the differences row by row: five-fold squared errors of the plain
Gaussian process fit minus those of the invariant one. Where noise hides the gain, the likelihood of
the rows may still show it. With all settings from the first two fifths of the rows,

    E = p(other rows | first, invariant) / p(other rows | first, plain)

has mean 1 under the plain model, so that E ≥ 1/α has a probability of at most α. The smaller of the
two p-values counts twice, unless that of the invariant fit against a constant is larger. The
invariant fit has the kernel averaged over G where |G| ≤ 24, or the plain kernel on the quotient.

*True?* The score test of `Smooth` adds terms to the invariant fit that an invariant function cannot
have: monomials up to degree two minus their averages over the orbit. It detects a small break of
the symmetry while the group is still useful, since variance falls more than bias rises.

A map of several outputs is equivariant, f(g x) = g f(x), where output j is f_0(τ_j x) of one
function f_0 that is invariant under the elements that keep output 0. So n rows with q outputs
become q n rows with one, left out together.
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

from motifnet.engine import Matrix
from motifnet.structure._gaussian_process import Prior, Smooth, choose_prior
from motifnet.structure._group import Group, act, non_invariant, permutations

FOLDS = 5
MAX_AVERAGED = 24  # elements of a group whose kernel is averaged
MAX_BOTH = 6  # elements of a group for which both kernels are tried
FIRST = 0.4  # share of the rows that settings come from; an invariance helps most with few rows


@dataclass(frozen=True)
class Symmetry:
    """The two tests of a group: z and log E of usefulness with its p-value, F of truth with its
    rank and p-value. plain, invariant: squared errors of the fits in units of var(y).
    """

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
    """A smooth fit, and the log likelihood of the later rows given the first rows, with settings
    from the first rows.
    """

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
    ) -> Reading:
        """The fit of y with shape (n,), invariant under a group where one is given. Of two
        invariant kernels, that with the larger likelihood of the first rows is taken.

        first: a mask of the rows that settings come from, by default the first two fifths; prior:
        settings of the kernel on X itself, where they are known.
        """
        n, y = len(X), y[:, None]
        first = np.arange(n) < FIRST * n if first is None else first
        options = [
            _kernel(X, y, group, averaged, first, prior, seed) for averaged in _averaged(group)
        ]
        early, Z, own, K = max(options, key=lambda option: option[0])
        return cls(Smooth.of_gram(Z, y, own, K), Smooth.at(Z, y, own, K).likelihood - early)

    def left_out(self, rows: NDArray[Any]) -> Matrix:
        """Squared errors with shape (n,), with folds of rows left out: r_B = (P_BB)⁻¹ α_B."""
        errors = np.empty(len(rows))
        for k in range(FOLDS):
            block = np.flatnonzero(rows % FOLDS == k)
            errors[block] = (
                np.linalg.solve(self.fit.P[np.ix_(block, block)], self.fit.dual[block])[:, 0] ** 2
            )
        return errors


def assess_invariance(
    group: Group, plain: Reading, X: Matrix, y: Matrix, prior: Prior, seed: int = 0
) -> Symmetry:
    """Both tests for y with shape (n,) at X with shape (n, d), whose moved columns share units and
    centres.
    """
    reading, rows = Reading.of(X, y, group, prior=prior, seed=seed), np.arange(len(X))
    tested = reading.fit.score_test(non_invariant(group, X))
    return _compare(
        group,
        y[:, None],
        plain.left_out(rows),
        reading.left_out(rows),
        reading.evidence - plain.evidence,
        tested,
    )


def assess_equivariance(
    group: Group, plain: Sequence[Reading], X: Matrix, Y: Matrix, seed: int = 0
) -> Symmetry:
    """Both tests for Y with shape (n, q), whose columns the group moves with its q blocks of
    columns of X. `plain` has one reading a column.
    """
    q, n = len(group.blocks), len(X)
    rows = np.tile(np.arange(n), q)
    stacked, target = np.vstack([X[:, list(p)] for p in group.moves_to_first()]), Y.T.ravel()
    keep = (
        permutations(group.blocks[1:], group.d) if group.kind == "permutations" and q > 2 else None
    )
    reading = Reading.of(stacked, target, keep, first=rows < FIRST * n, seed=seed)
    outputs = np.repeat(np.eye(q), n, axis=0)[:, 1:]
    moved = stacked[:, sorted({j for block in group.blocks for j in block})]
    breaks = [
        outputs,
        *(outputs[:, [j]] * moved for j in range(q - 1)),
        *([] if keep is None else [non_invariant(keep, stacked)]),
    ]
    before = np.mean([p.left_out(np.arange(n)) for p in plain], axis=0)
    after = reading.left_out(rows).reshape(q, n).mean(0)
    evidence = reading.evidence - sum(p.evidence for p in plain)
    found = _compare(
        group,
        Y,
        before,
        after,
        evidence,
        reading.fit.score_test(np.column_stack(breaks), units=rows),
    )
    return replace(found, equivariant=True)


def _averaged(group: Group | None) -> tuple[bool, ...]:
    """Whether the kernel is averaged over G, or taken on the quotient, or both. The quotient is
    sufficient where its map is continuous, like sorting and absolute values, or where G is large.
    """
    continuous = (
        group is not None and group.kind in ("flips", "permutations") and len(group.blocks[0]) == 1
    )
    if group is None or group.size > MAX_AVERAGED:
        return (False,)
    return (True,) if not continuous else (True, False) if group.size <= MAX_BOTH else (False,)


def _kernel(
    X: Matrix,
    y: Matrix,
    group: Group | None,
    averaged: bool,
    first: NDArray[np.bool_],
    prior: Prior | None,
    seed: int,
) -> tuple[float, Matrix, Prior, Tensor]:
    """The log likelihood of the first rows, the columns of the kernel, its settings and its Gram
    matrix.
    """
    on_quotient = group is not None and not averaged
    Z = group.quotient(X) if group is not None and on_quotient else X
    own = choose_prior(Z[first], y[first], seed) if prior is None or on_quotient else prior
    A, part = torch.as_tensor(Z), torch.as_tensor(np.flatnonzero(first))
    own, K = (
        _averaged_gram(group, own, X)
        if group is not None and averaged
        else (own, own.single_gram(A, A))
    )
    return Smooth.at(Z[first], y[first], own, K[part][:, part]).likelihood, Z, own, K


def _averaged_gram(group: Group, prior: Prior, X: Matrix) -> tuple[Prior, Tensor]:
    """The prior with equal scales along orbits, and (1/|G|) Σ_g k(x, g x')."""
    elements, A = group.elements(), torch.as_tensor(X)
    scale = torch.stack([prior.scale[list(p)] for p, _ in elements]).square().mean(0).sqrt()
    even = replace(prior, scale=scale)
    K = torch.stack([even.single_gram(A, torch.as_tensor(act(e, X))) for e in elements]).mean(0)
    return even, (K + K.T) / 2


def _compare(
    group: Group,
    Y: Matrix,
    plain: Matrix,
    invariant: Matrix,
    evidence: float,
    tested: tuple[float, int, float],
) -> Symmetry:
    z = _paired_z(plain - invariant)
    p_useful = 2 * min(float(norm.sf(z)), float(np.exp(-max(evidence, 0.0))))
    # a constant is invariant under every group: for pure noise the invariant fit is better, but
    # explains nothing
    p_constant = float(norm.sf(_paired_z(((Y - Y.mean()) ** 2).mean(1) - invariant)))
    F, rank, p_true = tested
    p_useful, variance = min(1.0, max(p_useful, p_constant)), float(Y.var())
    return Symmetry(
        group,
        z,
        evidence,
        p_useful,
        F,
        rank,
        p_true,
        float(plain.mean() / variance),
        float(invariant.mean() / variance),
    )


def _paired_z(gain: Matrix) -> float:
    """The mean of differences with shape (n,) in its standard errors."""
    return float(gain.mean() * np.sqrt(len(gain)) / max(gain.std(), 1e-300))
