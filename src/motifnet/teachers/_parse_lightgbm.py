"""Fitted LightGBM models → flat arrays of nodes, exact to the last leaf.

They are read from their text form: internal node i of a tree with L leaves comes first (i < L − 1), leaf j is written as child −j − 1 and becomes
node L − 1 + j.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest, Nodes
from motifnet.teachers._questions import LEFT, RIGHT, ZERO, Member, Questions, levels_of

# bits of LightGBM's decision_type, and what they stand for; 2 is "missing to the left"
_CATEGORICAL, _DEFAULT_LEFT, _ZERO_MISSING, _MISSING = 1, 2, 4, 8
_UNKNOWN = {
    _CATEGORICAL: "splits on categories, for which there is no transfer yet. Encode them as numbers or indicators first.",
    _ZERO_MISSING: "takes zeros as missing, for which there is no transfer. Fit it with zero_as_missing=False.",
    _MISSING: "was fitted on missing values, for which there is no transfer yet. Fill them in before the fit.",
}

_ZERO = float(np.float32(1e-35))  # LightGBM takes |x| up to here as 0


def parse_lightgbm(booster: Any, iterations: int | None = None, questions: Questions | None = None) -> list[Forest]:
    """The raw score of a booster's first iterations (None: the best where it has one): a forest with one output for each tree of an iteration.

    With `questions` its splits on levels and on missing values are written there; without, such a booster is refused.
    """
    outputs, factor, trees = lightgbm_trees(booster, iterations)
    if not trees:
        return [Forest.constant(np.zeros(1)) for _ in range(outputs)]
    if any(int(tree["is_linear"]) for tree in trees):
        raise UsageError("This LightGBM model has linear models in its leaves, for which there is no transfer here. Fit it with linear_tree=False.")
    return [parse_trees(trees[c::outputs], questions).scaled(factor) for c in range(outputs)]


def lightgbm_trees(booster: Any, iterations: int | None = None) -> tuple[int, float, list[dict[str, str]]]:
    """The number of outputs, a factor of all trees, and the lines of each tree, those of an iteration one after the other."""
    head, *texts = booster.model_to_string(num_iteration=iterations).split("\nTree=")
    outputs = int(_fields(head)["num_tree_per_iteration"])
    trees = [] if iterations == 0 else [_fields(text) for text in texts]
    return outputs, outputs / len(trees) if "\naverage_output" in head and trees else 1.0, trees


def _fields(text: str) -> dict[str, str]:
    """The lines `key=value` of one section."""
    lines = (line.partition("=") for line in text.split("\n\n")[0].splitlines())
    return {key: value for key, equals, value in lines if equals}


def parse_trees(trees: list[dict[str, str]], questions: Questions | None) -> Forest:
    """The arrays of all trees at once: their texts are joined, for reading them one by one is slow."""

    def read(key: str, kind: type = np.int64) -> Any:
        return np.fromstring(" ".join(tree.get(key, "") for tree in trees), sep=" ", dtype=kind)

    kinds = int(np.bitwise_or.reduce(read("decision_type"), initial=0))
    for bit, text in _UNKNOWN.items():
        if kinds & bit and (questions is None or bit == _ZERO_MISSING):
            raise UsageError(f"This LightGBM model {text}")
    leaves = read("num_leaves")
    splits, roots = leaves - 1, np.cumsum(2 * leaves - 1) - (2 * leaves - 1)
    inner = np.repeat(roots, splits) + _count_up(splits)
    leaf = np.repeat(roots + splits, leaves) + _count_up(leaves)
    total = int((2 * leaves - 1).sum())
    feature, threshold, values, children = np.zeros(total, dtype=np.int64), np.zeros(total), np.zeros((total, 1)), []
    feature[inner], threshold[inner], values[leaf, 0] = read("split_feature"), read("threshold", np.float64), read("leaf_value", np.float64)
    threshold[threshold == -_ZERO] = np.nextafter(-_ZERO, -np.inf)  # −1e-35 itself is 0, hence right of it
    if questions is not None:
        feature[inner], threshold[inner] = _lightgbm_questions(trees, feature[inner], threshold[inner], read("decision_type"), questions)
    for side in ("left_child", "right_child"):
        child, own = read(side), np.arange(total)
        own[inner] = np.repeat(roots, splits) + np.where(child >= 0, child, np.repeat(splits, splits) - 1 - child)
        children.append(own)
    return Forest(feature, threshold, children[0], children[1], roots, values)


def _lightgbm_questions(trees: list[dict[str, str]], feature: Nodes, threshold: Matrix, kind: Nodes, questions: Questions) -> tuple[Nodes, Matrix]:
    """Columns and thresholds of the questions of LightGBM's inner nodes; a missing level goes to the right."""
    missing = np.where((kind & _MISSING) == 0, ZERO, np.where(kind & _DEFAULT_LEFT, LEFT, RIGHT))
    columns, places = questions.numeric(feature, missing), np.cumsum([0] + [int(tree["num_leaves"]) - 1 for tree in trees])
    for tree, start in zip(trees, places, strict=False):
        bounds, words = ([int(v) for v in tree.get(key, "").split()] for key in ("cat_boundaries", "cat_threshold"))
        for node in start + np.flatnonzero(kind[start : start + int(tree["num_leaves"]) - 1] & _CATEGORICAL):
            which = int(threshold[node])
            levels = levels_of(words[bounds[which] : bounds[which + 1]])
            columns[node], threshold[node] = questions.member(Member(int(feature[node]), levels))
    return columns, threshold


def _count_up(counts: Nodes) -> Nodes:
    """0, 1, …, counts[0] − 1, 0, 1, …, counts[1] − 1, …"""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
