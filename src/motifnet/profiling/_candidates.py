"""Groups that a table may have: columns whose values are distributed alike may be exchanged, those symmetric about 0 may be flipped.

Two columns are alike where the largest distance of their distribution functions is below 1.6 √(2/n), the 1 % point of Kolmogorov and Smirnov.
Columns of which one value fills half the rows look alike for that reason alone and are left out. Candidates are, at most six: all permutations of a
set of like columns, of those of them that matter, and their shifts; the same for blocks of up to four columns in either layout (x₁ y₁ x₂ y₂, x₁ x₂
y₁ y₂); the flip of one column that matters, and of all symmetric columns together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from motifnet.profiling._group import Group, cyclic, flips, permutations
from motifnet.tables import Matrix

MOST, LARGEST_BLOCK = 6, 4


def candidates(raw: Matrix, numeric: Sequence[int], relevance_of: Callable[[], Matrix]) -> list[Group]:
    """Groups on the d columns of `raw`, in the units of the table; `numeric` are those that are numbers; how far each matters is asked late."""
    d = raw.shape[1]
    numeric = [j for j in numeric if np.unique(raw[:, j], return_counts=True)[1].max() <= len(raw) / 2]
    clusters, symmetric = _clusters(raw, numeric), [j for j in numeric if _alike(raw[:, j], -raw[:, j])]
    relevance = relevance_of() if clusters or symmetric else np.ones(d)
    found: list[Group] = []
    for like in clusters:
        matter = [j for j in like if relevance[j] >= 0.1 * relevance.max()]
        for set_ in dict.fromkeys((tuple(like), tuple(matter))):
            if len(set_) >= 2:
                found.append(permutations([[j] for j in set_], d))
            if len(set_) >= 3:
                found.append(cyclic([[j] for j in set_], d))
    for blocks in _layouts(numeric):
        if all(_alike(raw[:, blocks[0][i]], raw[:, block[i]]) for block in blocks[1:] for i in range(len(block))):
            found += [permutations(blocks, d), *([cyclic(blocks, d)] if len(blocks) > 2 else [])]
    matter = sorted(symmetric, key=lambda j: -relevance[j])[:2]
    found += [flips([[j]], d) for j in matter if relevance[j] >= 0.1 * relevance.max()]
    if len(symmetric) > 1:
        found.append(flips([symmetric], d))
    return list({(g.kind, g.blocks): g for g in found}.values())[:MOST]


def _alike(a: Matrix, b: Matrix) -> bool:
    both = np.concatenate([a, b])
    apart = np.searchsorted(np.sort(a), both, "right") - np.searchsorted(np.sort(b), both, "right")
    return bool(np.abs(apart).max() / len(a) < 1.6 * np.sqrt(2 / len(a)))


def _clusters(raw: Matrix, numeric: Sequence[int]) -> list[list[int]]:
    """Columns like the first of their set."""
    sets: list[list[int]] = []
    for j in numeric:
        home = next((s for s in sets if _alike(raw[:, s[0]], raw[:, j])), None)
        if home is None:
            sets.append([j])
        else:
            home.append(j)
    return [s for s in sets if len(s) >= 2]


def _layouts(numeric: Sequence[int]) -> list[list[list[int]]]:
    """All numeric columns as q blocks of k columns, one after the other and interleaved."""
    m = len(numeric)
    sizes = [k for k in range(2, min(LARGEST_BLOCK, m // 2) + 1) if m % k == 0]
    together = [[list(numeric[i : i + k]) for i in range(0, m, k)] for k in sizes]
    return together + [[list(numeric[i :: m // k]) for i in range(m // k)] for k in sizes]
