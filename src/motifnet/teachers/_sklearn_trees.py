"""Trees of scikit-learn as flat arrays of nodes, and boosting by scikit-learn.

Its decision trees compare rows rounded to float32; `rounded_threshold` gives the thresholds of
float64 rows. Models are exact to the last leaf. HistGradientBoosting grows trees where LightGBM is
missing; it samples columns, but not rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import Control, Matrix, UsageError
from motifnet.losses import Pinball
from motifnet.teachers._boosting import Growth, Problem, best_count
from motifnet.teachers._forest import (
    LEFT,
    RIGHT,
    Forest,
    Member,
    Nodes,
    SplitPredicates,
    levels_of,
    one_tree,
)


def grow(train: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and `growth.limit` trees; the constant alone where a class has no row, as
    scikit-learn would drop the class.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if control is not None:
        control.check()
    if train.classes and len(np.unique(train.y)) < train.classes:
        return train.constants
    kind = HistGradientBoostingClassifier if train.classes else HistGradientBoostingRegressor
    model = kind(
        **_loss_of(train),
        learning_rate=growth.learning_rate,
        max_iter=growth.limit,
        max_leaf_nodes=growth.leaves,
        min_samples_leaf=growth.min_rows,
        l2_regularization=growth.l2,
        max_features=growth.columns,
        early_stopping=False,
        random_state=seed,
    )
    return parse_histogram(
        model.fit(train.X, train.y, sample_weight=train.weight / train.weight.mean())
    )


def count(
    train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None
) -> int:
    """The number of trees with the least validation loss, 0 included; all `growth.limit` trees are
    grown.
    """
    return best_count(grow(train, growth, seed, control), valid)


def _loss_of(train: Problem) -> dict[str, Any]:
    """What the model minimises, where that is not squared error or log loss."""
    if isinstance(train.loss, Pinball):
        return {"loss": "quantile", "quantile": train.loss.level}
    return {} if train.loss is None else {"loss": train.loss.name}


def parse_histogram(model: Any, predicates: SplitPredicates | None = None) -> list[Forest]:
    """The raw score of a fitted HistGradientBoosting model: a forest for each output, its first
    tree the constant.

    `predicates` receives its splits on levels and on missing values. Without it, levels are
    refused, and missing values go to the right.
    """
    base = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
    columns = zip(*model._predictors, strict=True) if model._predictors else [()] * len(base)
    return [
        Forest.sum(
            [
                Forest.constant(base[c : c + 1]),
                *(_histogram_tree(tree, predicates, model) for tree in trees),
            ]
        )
        for c, trees in enumerate(columns)
    ]


def _histogram_tree(predictor: Any, predicates: SplitPredicates | None, model: Any) -> Forest:
    nodes = predictor.nodes
    if nodes["is_categorical"].any() and predicates is None:
        raise UsageError(
            "This model splits on categories, for which there is no transfer yet. "
            "Encode them as numbers or indicators first."
        )
    leaf, own = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
    feature = np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64)
    threshold = np.where(leaf, 0.0, nodes["num_threshold"])
    if predicates is not None:
        feature = np.where(
            leaf, 0, predicates.numeric(feature, np.where(nodes["missing_go_to_left"], LEFT, RIGHT))
        )
        for node in np.flatnonzero(nodes["is_categorical"]):
            feature[node], threshold[node] = predicates.member(
                _member(predictor, nodes[node], model)
            )
    return one_tree(
        feature,
        threshold,
        np.where(leaf, own, nodes["left"].astype(np.int64)),
        np.where(leaf, own, nodes["right"].astype(np.int64)),
        np.where(leaf, nodes["value"], 0.0)[:, None],
    )


def _member(predictor: Any, node: Any, model: Any) -> Member:
    """Levels that go to the left and to the right; an unseen level goes where missing ones go."""
    column, to_left = int(node["feature_idx"]), bool(node["missing_go_to_left"])
    known, positions = model._bin_mapper.make_known_categories_bitsets()
    left = levels_of(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
    return Member(column, left, levels_of(known[positions[column]]) - left, to_left, to_left)


def parse_sklearn_tree(
    model: Any,
    values: Matrix,
    predicates: SplitPredicates | None = None,
    columns: Nodes | None = None,
) -> Forest:
    """A fitted decision tree of scikit-learn with given values with shape (nodes, q); `columns` are
    those of its fit, where these are not all.

    With `predicates` missing values go where the tree sends them; without, to the right.
    """
    tree = model.tree_
    leaf, own = tree.children_left < 0, np.arange(tree.node_count)
    feature = np.where(leaf, 0, tree.feature).astype(np.int64)
    feature = feature if columns is None else np.asarray(columns, dtype=np.int64)[feature]
    if predicates is not None:
        feature = predicates.numeric(feature, np.where(tree.missing_go_to_left, LEFT, RIGHT))
    return one_tree(
        np.where(leaf, 0, feature),
        np.where(leaf, 0.0, rounded_threshold(tree.threshold)),
        np.where(leaf, own, tree.children_left).astype(np.int64),
        np.where(leaf, own, tree.children_right).astype(np.int64),
        np.where(leaf[:, None], values, 0.0),
    )


def rounded_threshold(threshold: Matrix) -> Matrix:
    """s with  x ≤ s  ⟺  float32(x) ≤ threshold  for float64 x, as scikit-learn's trees compare rows
    rounded to float32.

    With t the largest float32 ≤ threshold and m the middle between t and the next float32, x rounds
    to at most t if x < m, or x = m and t is even.
    """
    with np.errstate(over="ignore"):
        t = threshold.astype(np.float32)
    t = np.where(t > threshold, np.nextafter(t, np.float32(-np.inf)), t)
    middle = (t.astype(np.float64) + np.nextafter(t, np.float32(np.inf)).astype(np.float64)) / 2
    return np.where(middle.astype(np.float32) <= t, middle, np.nextafter(middle, -np.inf))
