"""The screen of a wide table: kernel parts get at most `MAX_COLUMNS` of its encoded columns. Trees
and linear models get all.

Half of them are the columns that explain the largest variance in a few boosted trees. The others
are those of the largest correlation

    max over targets of |corr(x, y)| and |corr((x − mean)², y)|

The input layer that selects them is exact. That of fold k is chosen on fold k's training rows, that
of the network on all rows. A column has the same position in all of them, and a position has
numbers in all or indicators in all. So the feature layers of folds have a mean.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, parallel_map
from motifnet.motifs import Select
from motifnet.structure._input_layer import InputLayer
from motifnet.tables import Sample, drawn
from motifnet.teachers import Forest, Growth, Problem, find_engine

MAX_COLUMNS, MAX_ROWS = 100, 4_000  # columns kept, and rows that choose them
BLOCK_COLUMNS = 500  # whose correlations are computed at a time
TREES, MIN_TREES, MIN_ROWS = 40, 8, 20
GROWTH = Growth(
    learning_rate=0.2,
    leaves=8,
    min_rows=5,
    columns=0.5,
    rows=0.8,
    l2=1.0,
    limit=TREES,
    patience=TREES,
)
Columns = NDArray[np.int64]


def screen(sample: Sample, seed: int = 0, n_jobs: int = 1) -> InputLayer | None:
    """The input layer that selects columns. None where the table is not wide."""
    d = sample.X.shape[1]
    if d <= MAX_COLUMNS:
        return None
    numeric = np.ones(d, dtype=bool) if sample.numeric is None else sample.numeric
    orders = parallel_map(partial(_order, sample, seed), [*range(sample.folds.count), None], n_jobs)
    columns = np.sort(orders[-1][:MAX_COLUMNS])
    by_fold = tuple(Select(placed(order, columns, numeric).tolist()) for order in orders[:-1])
    return InputLayer(
        f"{MAX_COLUMNS} of {d} columns", Select(columns.tolist()), numeric[columns], by_fold
    )


def _order(sample: Sample, seed: int, k: int | None) -> Columns:
    return ranked(sample if k is None else sample.rows(sample.folds.train(k), k), seed)


def ranked(sample: Sample, seed: int) -> Columns:
    """All columns in the order of their worth."""
    rows = sample.rows(
        drawn(np.ones(sample.n, dtype=bool), MAX_ROWS, np.random.default_rng([seed, 43]))
    )
    gain = gains(rows, seed)
    by_trees = np.argsort(-gain, kind="stable")[: MAX_COLUMNS // 2]
    by_correlation = np.argsort(-correlations(rows), kind="stable")
    return np.array(list(dict.fromkeys([*by_trees[gain[by_trees] > 0], *by_correlation])))


def placed(order: Columns, columns: Columns, numeric: NDArray[np.bool_]) -> Columns:
    """The first columns of an order, with the number of numeric columns and of indicators that
    `columns` has. Columns that are among these have the same positions.
    """
    found = columns.copy()
    for kind in (True, False):
        positions = np.flatnonzero(numeric[columns] == kind)
        best = order[numeric[order] == kind][: len(positions)]
        found[positions[~np.isin(columns[positions], best)]] = best[~np.isin(best, columns)]
    return found


def gains(sample: Sample, seed: int) -> Matrix:
    """The variance of the targets that each column explains in a few boosted trees, with shape
    (d,).
    """
    gain, q = np.zeros(sample.X.shape[1]), sample.y.shape[1]
    if sample.n < MIN_ROWS:
        return gain
    engine, growth = find_engine("lightgbm"), _growth(q)
    for y in sample.y.T:
        for forest in engine.grow(Problem(sample.X, y, sample.weight), growth, seed, None):
            gain += explained_variance(forest, sample.X, sample.weight)
    return gain


def _growth(targets: int) -> Growth:
    """Fewer trees a target where there are many."""
    return replace(GROWTH, limit=max(TREES // targets, MIN_TREES))


def explained_variance(forest: Forest, X: Matrix, weight: Matrix) -> Matrix:
    """The variance that the splits on each column explain, Σ w_l w_r (m_l − m_r)² / (w_l + w_r)
    with masses w and means m.
    """
    leaves = forest.leaves(X)
    mass = np.bincount(leaves.ravel(), np.repeat(weight, leaves.shape[1]), len(forest.left))
    total, gain = mass * forest.values[:, 0], np.zeros(X.shape[1])
    levels, level = [], forest.roots
    while len(level := level[forest.left[level] != level]):
        levels.append(level)
        level = np.concatenate([forest.left[level], forest.right[level]])
    for level in reversed(levels):
        left, right = forest.left[level], forest.right[level]
        mass[level], total[level] = mass[left] + mass[right], total[left] + total[right]
        w, u = np.maximum(mass[left], 1e-300), np.maximum(mass[right], 1e-300)
        gain += np.bincount(
            forest.feature[level],
            w * u / (w + u) * (total[left] / w - total[right] / u) ** 2,
            len(gain),
        )
    return gain


def correlations(sample: Sample) -> Matrix:
    """The largest absolute correlation of each column, or of its square, with a target, with shape
    (d,). It is 0 for constants.
    """
    weight = (sample.weight / sample.weight.sum())[:, None]
    Y = _standardised(sample.y, weight) * weight
    parts = [
        _correlations(sample.X[:, start : start + BLOCK_COLUMNS], Y, weight)
        for start in range(0, sample.X.shape[1], BLOCK_COLUMNS)
    ]
    return np.concatenate(parts)


def _correlations(X: Matrix, Y: Matrix, weight: Matrix) -> Matrix:
    Z = _standardised(X, weight)
    return np.maximum(np.abs(Z.T @ Y), np.abs(_standardised(Z**2, weight).T @ Y)).max(1)


def _standardised(X: Matrix, weight: Matrix) -> Matrix:
    """Columns with weighted mean 0 and sd 1, or 0 where they are constant up to rounding."""
    mean = (weight * X).sum(0)
    sd = np.sqrt((weight * (X - mean) ** 2).sum(0))
    return np.where(sd > 1e-9 * (1 + np.abs(mean)), (X - mean) / np.maximum(sd, 1e-300), 0.0)
