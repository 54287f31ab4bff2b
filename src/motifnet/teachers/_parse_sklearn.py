"""Fitted trees of scikit-learn → flat arrays of nodes, exact to the last leaf."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest, Nodes, one_tree
from motifnet.teachers._questions import LEFT, RIGHT, Member, Questions, levels_of


def parse_histogram(model: Any, questions: Questions | None = None) -> list[Forest]:
    """The raw score of a fitted HistGradientBoosting model: a forest for each output, its first tree the constant.

    With `questions` its splits on levels and on missing values are written there; without, levels are refused, and missing values go to the right.
    """
    base = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
    columns = zip(*model._predictors, strict=True) if model._predictors else [()] * len(base)
    return [
        Forest.sum([Forest.constant(base[c : c + 1]), *(_histogram_tree(tree, questions, model) for tree in trees)])
        for c, trees in enumerate(columns)
    ]


def _histogram_tree(predictor: Any, questions: Questions | None, model: Any) -> Forest:
    nodes = predictor.nodes
    if nodes["is_categorical"].any() and questions is None:
        raise UsageError("This model splits on categories, for which there is no transfer yet. Encode them as numbers or indicators first.")
    leaf, own = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
    feature, threshold = np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64), np.where(leaf, 0.0, nodes["num_threshold"])
    if questions is not None:
        feature = np.where(leaf, 0, questions.numeric(feature, np.where(nodes["missing_go_to_left"], LEFT, RIGHT)))
        for node in np.flatnonzero(nodes["is_categorical"]):
            feature[node], threshold[node] = questions.member(_member(predictor, nodes[node], model))
    return one_tree(
        feature,
        threshold,
        np.where(leaf, own, nodes["left"].astype(np.int64)),
        np.where(leaf, own, nodes["right"].astype(np.int64)),
        np.where(leaf, nodes["value"], 0.0)[:, None],
    )


def _member(predictor: Any, node: Any, model: Any) -> Member:
    """Levels that go to the left and to the right; one that the fit has not seen goes where missing ones go."""
    column, to_left = int(node["feature_idx"]), bool(node["missing_go_to_left"])
    known, places = model._bin_mapper.make_known_categories_bitsets()
    left = levels_of(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
    return Member(column, left, levels_of(known[places[column]]) - left, to_left, to_left)


def parse_sklearn_tree(model: Any, values: Matrix, questions: Questions | None = None, columns: Nodes | None = None) -> Forest:
    """A fitted decision tree of scikit-learn with given values with shape (nodes, q); `columns` where it sees some of them only.

    With `questions` missing values go where the tree sends them; without, to the right.
    """
    tree = model.tree_
    leaf, own = tree.children_left < 0, np.arange(tree.node_count)
    feature = np.where(leaf, 0, tree.feature).astype(np.int64)
    feature = feature if columns is None else np.asarray(columns, dtype=np.int64)[feature]
    if questions is not None:
        feature = questions.numeric(feature, np.where(tree.missing_go_to_left, LEFT, RIGHT))
    return one_tree(
        np.where(leaf, 0, feature),
        np.where(leaf, 0.0, rounded_threshold(tree.threshold)),
        np.where(leaf, own, tree.children_left).astype(np.int64),
        np.where(leaf, own, tree.children_right).astype(np.int64),
        np.where(leaf[:, None], values, 0.0),
    )


def rounded_threshold(threshold: Matrix) -> Matrix:
    """s with  x ≤ s  ⟺  float32(x) ≤ threshold, for float64 x: scikit-learn's trees round rows to float32 before they compare.

    With t the largest float32 ≤ threshold and m the middle between t and the next float32, x rounds to at most t if x < m, or x = m and t is even.
    """
    with np.errstate(over="ignore"):
        t = threshold.astype(np.float32)
    t = np.where(t > threshold, np.nextafter(t, np.float32(-np.inf)), t)
    middle = (t.astype(np.float64) + np.nextafter(t, np.float32(np.inf)).astype(np.float64)) / 2
    return np.where(middle.astype(np.float32) <= t, middle, np.nextafter(middle, -np.inf))
