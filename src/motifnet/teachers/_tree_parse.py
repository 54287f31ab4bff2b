"""Fitted tree models of other libraries → flat arrays of nodes, exact to the last leaf.

LightGBM is read from its text form: internal node i of a tree with L leaves comes first (i < L − 1), leaf j is written as child −j − 1 and becomes
node L − 1 + j. scikit-learn's trees are read from their arrays. CatBoost's are read from its JSON: a tree
of depth D asks D questions; as a binary tree, with node i above nodes 2i + 1 and 2i + 2, the last one first.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest, Nodes

# bits of LightGBM's decision_type, and what they stand for
_UNKNOWN = {
    1: "splits on categories, for which there is no transfer yet. Encode them as numbers or indicators first.",
    4: "takes zeros as missing, for which there is no transfer. Fit it with zero_as_missing=False.",
    8: "was fitted on missing values, for which there is no transfer yet. Fill them in before the fit.",
}

_ZERO = float(np.float32(1e-35))  # LightGBM takes |x| up to here as 0


def parse_lightgbm(booster: Any, iterations: int | None = None) -> list[Forest]:
    """The raw score of a booster's first iterations (None: the best where it has one): a forest with one output for each tree of an iteration."""
    head, *texts = booster.model_to_string(num_iteration=iterations).split("\nTree=")
    outputs = int(_fields(head)["num_tree_per_iteration"])
    trees = [] if iterations == 0 else [_fields(text) for text in texts]
    if not trees:
        return [Forest.constant(np.zeros(1)) for _ in range(outputs)]
    factor = outputs / len(trees) if "\naverage_output" in head else 1.0
    return [_lightgbm_forest(trees[c::outputs]).scaled(factor) for c in range(outputs)]


def _fields(text: str) -> dict[str, str]:
    """The lines `key=value` of one section."""
    lines = (line.partition("=") for line in text.split("\n\n")[0].splitlines())
    return {key: value for key, equals, value in lines if equals}


def _lightgbm_forest(trees: list[dict[str, str]]) -> Forest:
    """The arrays of all trees at once: their texts are joined, for reading them one by one is slow."""

    def read(key: str, kind: type = np.int64) -> Any:
        return np.fromstring(" ".join(tree.get(key, "") for tree in trees), sep=" ", dtype=kind)

    if read("is_linear").any():
        raise UsageError("This LightGBM model has linear models in its leaves, for which there is no transfer. Fit it with linear_tree=False.")
    kinds = int(np.bitwise_or.reduce(read("decision_type"), initial=0))
    for bit, text in _UNKNOWN.items():
        if kinds & bit:
            raise UsageError(f"This LightGBM model {text}")
    leaves = read("num_leaves")
    splits, roots = leaves - 1, np.cumsum(2 * leaves - 1) - (2 * leaves - 1)
    inner = np.repeat(roots, splits) + _count_up(splits)
    leaf = np.repeat(roots + splits, leaves) + _count_up(leaves)
    total = int((2 * leaves - 1).sum())
    feature, threshold, values, children = np.zeros(total, dtype=np.int64), np.zeros(total), np.zeros((total, 1)), []
    feature[inner], threshold[inner], values[leaf, 0] = read("split_feature"), read("threshold", np.float64), read("leaf_value", np.float64)
    threshold[threshold == -_ZERO] = np.nextafter(-_ZERO, -np.inf)  # −1e-35 itself is 0, hence right of it
    for side in ("left_child", "right_child"):
        child, own = read(side), np.arange(total)
        own[inner] = np.repeat(roots, splits) + np.where(child >= 0, child, np.repeat(splits, splits) - 1 - child)
        children.append(own)
    return Forest(feature, threshold, children[0], children[1], roots, values)


def _count_up(counts: Nodes) -> Nodes:
    """0, 1, …, counts[0] − 1, 0, 1, …, counts[1] − 1, …"""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _one_tree(feature: Nodes, threshold: Matrix, left: Nodes, right: Nodes, values: Matrix) -> Forest:
    return Forest(feature, threshold, left, right, np.zeros(1, dtype=np.int64), values)


def parse_histogram(model: Any) -> list[Forest]:
    """The raw score of a fitted HistGradientBoosting model: a forest for each output, its first tree the constant."""
    base = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
    columns = zip(*model._predictors, strict=True) if model._predictors else [()] * len(base)
    return [Forest.sum([Forest.constant(base[c : c + 1]), *map(_histogram_tree, trees)]) for c, trees in enumerate(columns)]


def _histogram_tree(predictor: Any) -> Forest:
    nodes = predictor.nodes
    if nodes["is_categorical"].any():
        raise UsageError("This model splits on categories, for which there is no transfer yet. Encode them as numbers or indicators first.")
    leaf, own = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
    return _one_tree(
        np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        np.where(leaf, 0.0, nodes["num_threshold"]),
        np.where(leaf, own, nodes["left"].astype(np.int64)),
        np.where(leaf, own, nodes["right"].astype(np.int64)),
        np.where(leaf, nodes["value"], 0.0)[:, None],
    )


def parse_sklearn_tree(model: Any, values: Matrix) -> Forest:
    """A fitted decision tree of scikit-learn with given values with shape (nodes, q)."""
    tree = model.tree_
    leaf, own = tree.children_left < 0, np.arange(tree.node_count)
    return _one_tree(
        np.where(leaf, 0, tree.feature).astype(np.int64),
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


def parse_catboost(model: Any) -> list[Forest]:
    """The raw score of a fitted CatBoost model of numeric columns with symmetric trees: a forest for each output, without scale and bias."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        trees = json.loads(path.read_text()).get("oblivious_trees")
    if trees is None:
        raise UsageError(
            "This CatBoost model has trees that are not symmetric, for which there is no transfer. Fit it with grow_policy='SymmetricTree'."
        )
    if any(split["split_type"] != "FloatFeature" for tree in trees for split in tree["splits"] or ()):
        raise UsageError("This CatBoost model splits on categories, for which there is no transfer. Encode them as numbers or indicators first.")
    outputs = max(1, len(trees[0]["leaf_values"]) >> len(trees[0]["splits"] or ()))
    return [Forest.sum([_symmetric_tree(tree["splits"] or [], np.array(tree["leaf_values"])[c::outputs]) for tree in trees]) for c in range(outputs)]


def _symmetric_tree(splits: list[dict[str, Any]], values: Matrix) -> Forest:
    """Bit d of a leaf's number answers question d."""
    depth, inner = len(splits), 2 ** len(splits) - 1
    question = depth - np.repeat(np.arange(1, depth + 1), 2 ** np.arange(depth))
    asked = np.array([split["float_feature_index"] for split in splits], dtype=np.int64)
    border = rounded_threshold(np.array([split["border"] for split in splits], dtype=np.float64))
    own, leaves = np.arange(2 * inner + 1), np.zeros(inner + 1)
    return _one_tree(
        np.concatenate([asked[question], leaves.astype(np.int64)]),
        np.concatenate([border[question], leaves]),
        np.where(own < inner, 2 * own + 1, own),
        np.where(own < inner, 2 * own + 2, own),
        np.concatenate([np.zeros(inner), values])[:, None],
    )
