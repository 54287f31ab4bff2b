"""Candidate groups of a table: columns that may be exchanged or flipped, and a first test of each.

Columns with the same distribution may be exchanged. Columns that are symmetric about 0 may be
flipped. Two columns are alike where the largest distance of their distribution functions is below 2
√(2/n), the 0.07 % point of Kolmogorov and Smirnov. A column with one value in half the rows is like
many others for this reason. Such columns are left out.

Some columns of a set of like columns may be exchangeable, and others not. If exchanges of i and j,
and of j and k, do nothing, that of i and k does nothing either. So exchangeable columns are the
classes of an equivalence. The candidate sets are those that complete linkage makes of

    d_ij = root mean square of f̂(x) − f̂(x with i and j exchanged)

f̂ is the Gaussian process fit to the first half of the rows. Blocks of up to four columns come from
a set of like columns, or from its relevant columns, one after the other or interleaved (x₁ y₁ x₂
y₂, x₁ x₂ y₁ y₂). They also come across sets of one size (x₁ x₂ x₃ of one distribution, y₁ y₂ y₃ of
another). Further candidates are shifts of exchangeable columns, and flips: of a relevant column,
and of all symmetric columns together.

The first test is by least squares: does the target clearly distinguish rows of one orbit? Under an
invariance, monomials that an invariant function cannot have add nothing to a model of invariant
ones. The model has the columns of the quotient, their squares and their products. The F-test of the
other monomials is no proof, since an invariant function need not be quadratic. So it drops a group
only at the level `BROKEN_LEVEL`. It costs a thousandth of the test in the Gaussian process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.stats import f as f_distribution

from motifnet.engine import Matrix
from motifnet.structure._group import Group, cyclic, flips, non_invariant, permutations

MAX_BLOCK = 4  # columns of a block
ALIKE = 2.0  # distance of distribution functions, in units of √(2/n)
MAX_LINKED = 8  # columns of a set of like columns that are linked, the most relevant ones
BROKEN_LEVEL = 1e-6  # of the F-test that drops a group
MAX_PRODUCTS = 6  # columns of the quotient whose products are in the model
Sets = list[list[int]]


def candidates(
    raw: Matrix,
    numeric: Sequence[int],
    relevance_of: Callable[[], Matrix],
    change_of: Callable[[int, int], float],
) -> list[Group]:
    """Groups on the d columns of `raw`, in the units of the table, of which `numeric` are numbers.

    relevance_of: the relevance of each column; change_of: the change of the smooth fit by an
    exchange of two columns. Both are called only where they are needed.
    """
    d = raw.shape[1]
    numeric = [
        j for j in numeric if np.unique(raw[:, j], return_counts=True)[1].max() <= len(raw) / 2
    ]
    like = _like_sets(raw, numeric)
    symmetric = [j for j in numeric if _alike(raw[:, j], -raw[:, j])]
    relevance = relevance_of() if like or symmetric else np.ones(d)
    relevant = [j for j in range(d) if relevance[j] >= 0.1 * relevance.max()]
    found: list[Group] = []
    for columns in like:
        for set_ in _subsets(columns, relevance, relevant, change_of):
            found.append(permutations([[j] for j in set_], d))
            if len(set_) >= 3:
                found.append(cyclic([[j] for j in set_], d))
    for blocks in _layouts(like, relevant):
        found += [permutations(blocks, d), *([cyclic(blocks, d)] if len(blocks) > 2 else [])]
    strongest = sorted(set(symmetric) & set(relevant), key=lambda j: -relevance[j])[:2]
    found += [flips([[j]], d) for j in strongest]
    if len(symmetric) > 1:
        found.append(flips([symmetric], d))
    return list({(g.kind, g.blocks): g for g in found}.values())


def _alike(a: Matrix, b: Matrix) -> bool:
    both = np.concatenate([a, b])
    apart = np.searchsorted(np.sort(a), both, "right") - np.searchsorted(np.sort(b), both, "right")
    return bool(np.abs(apart).max() / len(a) < ALIKE * np.sqrt(2 / len(a)))


def _like_sets(raw: Matrix, numeric: Sequence[int]) -> Sets:
    """Sets of columns that are like the first of their set."""
    sets: Sets = []
    for j in numeric:
        set_ = next((s for s in sets if _alike(raw[:, s[0]], raw[:, j])), None)
        if set_ is None:
            sets.append([j])
        else:
            set_.append(j)
    return [s for s in sets if len(s) >= 2]


def _subsets(
    like: list[int], relevance: Matrix, relevant: list[int], change_of: Callable[[int, int], float]
) -> Iterator[tuple[int, ...]]:
    """The like columns, the relevant ones, and the sets that linkage makes of these, from large to
    small.
    """
    chosen = [j for j in like if j in relevant]
    linked = sorted(sorted(chosen, key=lambda j: -relevance[j])[:MAX_LINKED])
    sets = {tuple(like), tuple(chosen)}
    if len(linked) > 2:
        clusters: list[tuple[int, ...]] = [(j,) for j in linked]
        for left, right, *_ in linkage(
            np.array([change_of(i, j) for i, j in combinations(linked, 2)]), "complete"
        ):
            clusters.append(tuple(sorted(clusters[int(left)] + clusters[int(right)])))
        sets |= set(clusters)
    return iter(sorted((s for s in sets if len(s) >= 2), key=lambda s: (-len(s), s)))


def _layouts(like: Sets, relevant: list[int]) -> Iterator[Sets]:
    """Blocks of columns, within sets of like columns and across sets of one size."""
    for columns in like:
        for set_ in dict.fromkeys((tuple(columns), tuple(j for j in columns if j in relevant))):
            m = len(set_)
            sizes = [k for k in range(2, min(MAX_BLOCK, m // 2) + 1) if m % k == 0]
            yield from ([list(set_[i : i + k]) for i in range(0, m, k)] for k in sizes)
            yield from ([list(set_[i :: m // k]) for i in range(m // k)] for k in sizes)
    for size in sorted({len(columns) for columns in like}):
        rows = [columns for columns in like if len(columns) == size][:MAX_BLOCK]
        if len(rows) > 1:
            yield [list(block) for block in zip(*rows, strict=True)]


def clearly_broken(group: Group, X: Matrix, y: Matrix) -> bool:
    """Whether y with shape (n,) clearly contradicts the group, at rows X in units common to an
    orbit.
    """
    Z, breaks = group.quotient(X), non_invariant(group, X)
    moved = sorted({j for block in group.blocks for j in block})[:MAX_PRODUCTS]
    products = [Z[:, i] * Z[:, j] for i in moved for j in moved if i < j]
    model = np.column_stack([np.ones(len(X)), Z, Z**2, *products])
    both = np.column_stack([model, breaks])
    before, after = (_residual_squares(A, y) for A in (model, both))
    (small, fewer), (large, more) = before, after
    freedom = len(y) - more
    if more <= fewer or freedom < len(y) // 4:
        return False
    F = (small - large) / (more - fewer) / max(large / freedom, 1e-300)
    return bool(f_distribution.sf(F, more - fewer, freedom) < BROKEN_LEVEL)


def _residual_squares(A: Matrix, y: Matrix) -> tuple[float, int]:
    """The residual sum of squares of a least-squares fit, and its rank."""
    solution, _, rank, _ = np.linalg.lstsq(A, y, rcond=1e-8)
    return float(((y - A @ solution) ** 2).sum()), int(rank)
