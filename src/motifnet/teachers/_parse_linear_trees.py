"""LightGBM's trees with a linear model in each leaf (Shi et al., KDD 2019) → trees of several values.

    leaf ℓ gives  c_ℓ + Σ_j w_ℓj x_j,   and v_ℓ where one of its x_j is missing

A leaf of the flat arrays has the values (c_ℓ, w_ℓ1, …), so that their sums over the trees are the coefficients of a row. Behind a leaf with
columns stands a question for each of them, whether it is missing, and then the leaf (v_ℓ, 0, …).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest, Nodes, one_tree
from motifnet.teachers._parse_lightgbm import lightgbm_trees, parse_trees
from motifnet.teachers._questions import RIGHT, Questions


def parse_lightgbm_lines(booster: Any, questions: Questions) -> tuple[list[Forest], Nodes] | None:
    """A forest for each output, and the columns that its values after the first one belong to; None where no leaf has a linear model."""
    outputs, factor, trees = lightgbm_trees(booster)
    if not any(int(tree["is_linear"]) for tree in trees):
        return None
    columns = np.unique(np.concatenate([_numbers(tree, "leaf_features").astype(np.int64) for tree in trees]))
    forests = [[_with_lines(tree, columns, questions) for tree in trees[c::outputs]] for c in range(outputs)]
    return [Forest.sum(parts).scaled(factor) for parts in forests], columns


def _numbers(tree: dict[str, str], key: str) -> Matrix:
    return np.array(tree.get(key, "").split(), dtype=np.float64)


def _with_lines(tree: dict[str, str], columns: Nodes, questions: Questions) -> Forest:
    """One tree; leaf ℓ is node (number of leaves − 1) + ℓ of the plain one."""
    plain = parse_trees([tree], questions)
    nodes = [[int(f), float(t), int(a), int(b)] for f, t, a, b in zip(plain.feature, plain.threshold, plain.left, plain.right, strict=True)]
    values = [np.concatenate([value, np.zeros(len(columns))]) for value in plain.values]
    used, weights, counts = (_numbers(tree, key) for key in ("leaf_features", "leaf_coeff", "num_features"))
    first, start = int(tree["num_leaves"]) - 1, 0
    for leaf, (count, constant) in enumerate(zip(counts.astype(int), _numbers(tree, "leaf_const"), strict=True)):
        own = slice(start, start + count)
        line = np.concatenate([[constant], np.zeros(len(columns))])
        np.add.at(line, 1 + np.searchsorted(columns, used[own]), weights[own])
        _ask(nodes, values, first + leaf, questions.numeric(used[own].astype(np.int64), np.full(count, RIGHT)).tolist(), line)
        start += count
    feature, threshold, left, right = zip(*nodes, strict=True)
    return one_tree(np.array(feature), np.array(threshold), np.array(left), np.array(right), np.array(values))


def _ask(nodes: list[list[Any]], values: list[Matrix], leaf: int, asked: list[int], line: Matrix) -> None:
    """Questions from a leaf on: where a column is no number, not even an infinite one, its plain values, else the line."""
    plain = values[leaf]
    for column in asked:
        new = len(nodes)
        nodes[leaf] = [column, np.inf, new, new + 1]
        nodes += [[0, 0.0, new, new], [0, 0.0, new + 1, new + 1]]
        values += [plain, plain]
        leaf = new
    values[leaf] = line
