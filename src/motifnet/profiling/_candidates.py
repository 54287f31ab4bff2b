"""Groups that a table may have: columns whose values are distributed alike may be exchanged, those symmetric about 0 may be flipped.

Two columns are alike where the largest distance of their distribution functions is below 2 √(2/n), the 0.07 % point of Kolmogorov and Smirnov.
Columns of which one value fills half the rows look alike for that reason alone and are left out.

Not all columns of a like set need to be exchangeable. Where exchanges of i and j, and of j and k, do nothing, that of i and k does nothing either: so
exchangeable columns are the classes of an equivalence, and the sets to try are those that complete linkage makes of

    d_ij = root mean square of f̂(x) − f̂(x with i and j exchanged)

f̂ being the smooth fit to the first half of the rows. Blocks of up to four columns are made within a like set, or within those of its columns that
matter, one after the other or interleaved (x₁ y₁ x₂ y₂, x₁ x₂ y₁ y₂), and across like sets of one size (x₁ x₂ x₃ of one distribution, y₁ y₂ y₃ of
another). Further candidates are shifts of what may be exchanged, and flips: of a column that matters, and of all symmetric columns together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy.cluster.hierarchy import linkage

from motifnet.profiling._group import Group, cyclic, flips, permutations
from motifnet.tables import Matrix

LARGEST_BLOCK, ALIKE = 4, 2.0
MAX_LINKED = 8  # columns of a like set whose subsets are looked at, those that matter most
Sets = list[list[int]]


def candidates(raw: Matrix, numeric: Sequence[int], relevance_of: Callable[[], Matrix], change_of: Callable[[int, int], float]) -> list[Group]:
    """Groups on the d columns of `raw`, in the units of the table; `numeric` are those that are numbers. How far each matters, and how far an
    exchange of two of them changes the smooth fit, is asked late.
    """
    d = raw.shape[1]
    numeric = [j for j in numeric if np.unique(raw[:, j], return_counts=True)[1].max() <= len(raw) / 2]
    like, symmetric = _like_sets(raw, numeric), [j for j in numeric if _alike(raw[:, j], -raw[:, j])]
    relevance = relevance_of() if like or symmetric else np.ones(d)
    matter = [j for j in range(d) if relevance[j] >= 0.1 * relevance.max()]
    found: list[Group] = []
    for columns in like:
        for set_ in _subsets(columns, relevance, matter, change_of):
            found.append(permutations([[j] for j in set_], d))
            if len(set_) >= 3:
                found.append(cyclic([[j] for j in set_], d))
    for blocks in _layouts(like, matter):
        found += [permutations(blocks, d), *([cyclic(blocks, d)] if len(blocks) > 2 else [])]
    strongest = sorted(set(symmetric) & set(matter), key=lambda j: -relevance[j])[:2]
    found += [flips([[j]], d) for j in strongest]
    if len(symmetric) > 1:
        found.append(flips([symmetric], d))
    return list({(g.kind, g.blocks): g for g in found}.values())


def _alike(a: Matrix, b: Matrix) -> bool:
    both = np.concatenate([a, b])
    apart = np.searchsorted(np.sort(a), both, "right") - np.searchsorted(np.sort(b), both, "right")
    return bool(np.abs(apart).max() / len(a) < ALIKE * np.sqrt(2 / len(a)))


def _like_sets(raw: Matrix, numeric: Sequence[int]) -> Sets:
    """Columns like the first of their set."""
    sets: Sets = []
    for j in numeric:
        home = next((s for s in sets if _alike(raw[:, s[0]], raw[:, j])), None)
        if home is None:
            sets.append([j])
        else:
            home.append(j)
    return [s for s in sets if len(s) >= 2]


def _subsets(like: list[int], relevance: Matrix, matter: list[int], change_of: Callable[[int, int], float]) -> Iterator[tuple[int, ...]]:
    """The like columns, those of them that matter, and the sets that linkage makes of the latter, from large to small."""
    those = [j for j in like if j in matter]
    linked = sorted(sorted(those, key=lambda j: -relevance[j])[:MAX_LINKED])
    sets = {tuple(like), tuple(those)}
    if len(linked) > 2:
        clusters: list[tuple[int, ...]] = [(j,) for j in linked]
        for left, right, *_ in linkage(np.array([change_of(i, j) for i, j in combinations(linked, 2)]), "complete"):
            clusters.append(tuple(sorted(clusters[int(left)] + clusters[int(right)])))
        sets |= set(clusters)
    return iter(sorted((s for s in sets if len(s) >= 2), key=lambda s: (-len(s), s)))


def _layouts(like: Sets, matter: list[int]) -> Iterator[Sets]:
    """Blocks of columns, within like sets and across those of one size."""
    for columns in like:
        for set_ in dict.fromkeys((tuple(columns), tuple(j for j in columns if j in matter))):
            m = len(set_)
            sizes = [k for k in range(2, min(LARGEST_BLOCK, m // 2) + 1) if m % k == 0]
            yield from ([list(set_[i : i + k]) for i in range(0, m, k)] for k in sizes)
            yield from ([list(set_[i :: m // k]) for i in range(m // k)] for k in sizes)
    for size in sorted({len(columns) for columns in like}):
        rows = [columns for columns in like if len(columns) == size][:LARGEST_BLOCK]
        if len(rows) > 1:
            yield [list(block) for block in zip(*rows, strict=True)]
