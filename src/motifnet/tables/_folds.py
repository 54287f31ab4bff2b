"""Folds: which rows may be used to predict which.

    Fold k is predicted from `train(k)`: all other folds or, with `forward`, the earlier folds.

A group is never on both sides. With time, rows are cut into consecutive blocks, and the first block
is never scored. Rows of equal time stay together. If groups run through several blocks, `train(k)`
leaves out the rows of every group in fold k. Every score in motifnet uses these folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

STACK_FOLDS = 4


@dataclass(frozen=True)
class Folds:
    """`of`: the fold of each row, with shape (n,), -1 for a row that is never scored; `count`: the
    number of scored folds; `forward`: whether folds are in time order.

    `groups` with shape (n,): codes of groups that run through several folds; None if every group
    lies in one fold.
    """

    of: NDArray[np.int64]
    count: int
    forward: bool = False
    groups: NDArray[np.int64] | None = None

    def held_out(self, k: int) -> NDArray[np.bool_]:
        """Rows that fold k scores."""
        return self.of == k

    def train(self, k: int) -> NDArray[np.bool_]:
        """Rows from which fold k may be predicted."""
        allowed = self.of < k if self.forward else self.of != k
        if self.groups is None:
            return allowed
        return allowed & ~np.isin(self.groups, self.groups[self.of == k])

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Rows that some fold scores."""
        return self.of >= 0

    def joined(self, parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """The values of each fold, with shape (rows, q), as one array with shape (n, q); NaN for
        rows that no fold scores.
        """
        values = np.full((len(self.of), *parts[0].shape[1:]), np.nan)
        for k, part in enumerate(parts):
            values[self.held_out(k)] = part
        return values

    def choices(self, errors: NDArray[np.float64]) -> list[int]:
        """For each fold k, the row of `errors`, with shape (L, n), with the least sum over
        `train(k)`.
        """
        return [int(errors[:, self.train(k)].sum(1).argmin()) for k in range(self.count)]

    def first(self, rows: int, at_least: int = 2) -> Folds:
        """The first folds that together have `rows` rows. Rows of the other folds train all of them
        and are not scored.
        """
        reached = np.cumsum(np.bincount(self.of[self.scored], minlength=self.count)) >= rows
        count = max(at_least, int(reached.argmax()) + 1) if reached.any() else self.count
        return replace(
            self, of=np.where(self.of < count, self.of, -1), count=min(count, self.count)
        )

    @property
    def for_stack(self) -> Folds:
        """The folds that fit the weights of a stack: these, or `STACK_FOLDS` random ones of the
        scored rows if there are fewer. Groups stay whole.
        """
        if self.count >= STACK_FOLDS or self.forward:
            return self
        rows, of = np.flatnonzero(self.scored), np.full(len(self.of), -1, dtype=np.int64)
        groups = (
            None if self.groups is None else np.unique(self.groups[rows], return_inverse=True)[1]
        )
        dealt = make_folds(len(rows), STACK_FOLDS, len(rows), groups=groups)
        of[rows] = dealt.of
        return Folds(of, dealt.count)

    def only(self, k: int) -> Folds:
        """Fold k as the only scored fold; `train` is unchanged."""
        later = np.where(self.of > k, 1, -1) if self.forward else -1
        return replace(self, of=np.where(self.of == k, 0, later).astype(np.int64), count=1)

    def subset(self, rows: NDArray[np.bool_]) -> Folds:
        """The same folds on some of the rows, with consecutive numbers."""
        of = self.of[rows]
        groups = None if self.groups is None else self.groups[rows]
        present = np.unique(of[of >= 0])
        if self.forward and not (of < 0).any() and len(present) > 1:
            return Folds(
                np.searchsorted(present, of).astype(np.int64) - 1, len(present) - 1, True, groups
            )
        new = np.where(of < 0, -1, np.searchsorted(present, of))
        return Folds(new.astype(np.int64), len(present), self.forward, groups)


def make_folds(
    n: int,
    count: int,
    seed: int,
    *,
    groups: NDArray[np.int64] | None = None,
    time: NDArray[np.float64] | None = None,
    labels: NDArray[np.int64] | None = None,
) -> Folds:
    """Folds of n rows in canonical order: random, by whole groups, forward in time, or stratified
    by labels, also by groups of one label each.
    """
    rng = np.random.default_rng(seed)
    if time is not None:
        return _forward(n, count, time, groups)
    if groups is not None:
        return _by_group(count, groups, rng, labels)
    order = rng.permutation(n)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    of = np.empty(n, dtype=np.int64)
    of[order] = np.arange(n) % count
    return Folds(of, min(count, n))


def _forward(
    n: int, count: int, time: NDArray[np.float64], groups: NDArray[np.int64] | None
) -> Folds:
    """count + 1 blocks of about equal size. The first is not scored."""
    _, inverse = np.unique(time, return_inverse=True)
    below = np.concatenate([[0], np.cumsum(np.bincount(inverse))[:-1]])
    block = below[inverse] * (count + 1) // n
    _, block = np.unique(block, return_inverse=True)
    return Folds(block.astype(np.int64) - 1, int(block.max()), True, groups)


def _by_group(
    count: int,
    groups: NDArray[np.int64],
    rng: np.random.Generator,
    labels: NDArray[np.int64] | None = None,
) -> Folds:
    """Each group goes to the smallest fold so far, the largest group first: to the fold with the
    fewest rows of its label, where every group has one.
    """
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    count = min(count, len(sizes))
    label = np.zeros(len(sizes), dtype=np.int64)
    if labels is not None:
        label[groups] = labels
        label *= np.array_equal(label[groups], labels)
    load, fold_of_group = np.zeros((int(label.max()) + 1, count)), np.zeros(len(sizes), np.int64)
    for g in order:
        own = load[label[g]]
        fold_of_group[g] = np.lexsort((load.sum(0), own))[0]
        own[fold_of_group[g]] += sizes[g]
    return Folds(fold_of_group[groups], count)


def drawn(rows: NDArray[np.bool_], most: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A random choice of at most `most` rows of a mask with shape (n,), as a mask."""
    mask = np.zeros(len(rows), dtype=bool)
    mask[rng.permutation(np.flatnonzero(rows))[:most]] = True
    return mask
