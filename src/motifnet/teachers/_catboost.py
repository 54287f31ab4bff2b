"""CatBoost: growing its trees, and reading its models as flat arrays of nodes.

Trees are grown in one thread. They are symmetric: every node of a level has the same split
predicate. Models are read from their JSON, exact to the last leaf. A tree of depth D has D split
predicates. As a binary tree, with node i above nodes 2i + 1 and 2i + 2, it begins with the last
one. Splits on levels are read in `_catboost_levels.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from motifnet.engine import Control, Matrix, UsageError
from motifnet.losses import Pinball
from motifnet.teachers._boosting import Growth, Problem, best_count
from motifnet.teachers._forest import LEFT, RIGHT, Forest, Nodes, SplitPredicates, one_tree
from motifnet.teachers._sklearn_trees import rounded_threshold

KnownSplits = Mapping[int, tuple[int, float]]  # column and threshold by the number of a split
_MIN_ROWS = 20  # CatBoost does not draw from fewer


def grow(train: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and `growth.limit` trees; the constant alone where CatBoost refuses the data."""
    return (
        train.constants
        if _is_refused(train)
        else _forests(train, _fit(train, None, growth, seed, control))
    )


def count(
    train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None
) -> int:
    """The number of trees with the least validation loss, 0 included. The growth ends after
    `growth.patience` trees without a better one.
    """
    return (
        0
        if _is_refused(train)
        else best_count(_forests(train, _fit(train, valid, growth, seed, control)), valid)
    )


def _is_refused(train: Problem) -> bool:
    """Whether CatBoost refuses the data: a target of one value, a class without rows, or constant
    columns.
    """
    return (
        len(np.unique(train.y)) < max(2, train.classes)
        or not np.ptp(train.X.astype(np.float32), axis=0).any()
    )


def _forests(train: Problem, model: Any) -> list[Forest]:
    return [Forest.sum(pair) for pair in zip(train.constants, parse_catboost(model), strict=True)]


def _fit(
    train: Problem, valid: Problem | None, growth: Growth, seed: int, control: Control | None
) -> Any:
    from catboost import CatBoost

    settings = {
        "loss_function": _loss_of(train),
        "iterations": growth.limit,
        "learning_rate": growth.learning_rate,
        "depth": 6,
        "l2_leaf_reg": 3.0,
        "rsm": growth.columns,
        "bootstrap_type": "Bernoulli",
        "subsample": growth.rows if len(train.y) >= _MIN_ROWS else 1.0,
        "boost_from_average": False,
        "random_seed": seed,
        "thread_count": 1,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    if train.classes > 2:
        settings["classes_count"] = train.classes
    model = CatBoost(settings)
    validation = (
        {}
        if valid is None
        else {
            "eval_set": _pool(valid, train),
            "early_stopping_rounds": growth.patience,
            "use_best_model": False,
        }
    )
    model.fit(_pool(train, train), callbacks=[_Watch(control)], **validation)
    if control is not None:
        control.check()
    return model


class _Watch:
    """Ends CatBoost's training when the control says so, as CatBoost does not pass errors on."""

    def __init__(self, control: Control | None) -> None:
        self.control = control

    def after_iteration(self, info: Any) -> bool:
        return self.control is None or not self.control.stopped


def _pool(part: Problem, start: Problem) -> Any:
    from catboost import Pool

    baseline = np.broadcast_to(start.base, (len(part.y), len(start.base)))
    return Pool(
        part.X,
        part.y,
        weight=part.weight / part.weight.mean(),
        baseline=baseline if len(start.base) > 1 else baseline[:, 0],
    )


def _loss_of(train: Problem) -> str:
    if isinstance(train.loss, Pinball):
        return f"Quantile:alpha={train.loss.level}"
    if train.loss is None:
        return "RMSE" if train.classes == 0 else "Logloss" if train.classes <= 2 else "MultiClass"
    return train.loss.name.capitalize()


def parse_catboost(model: Any) -> list[Forest]:
    """The raw score of a fitted CatBoost model of numbers without missing values: a forest for each
    output, without scale and bias.
    """
    return catboost_forests(catboost_json(model))


def catboost_json(model: Any, rows: Any = None) -> dict[str, Any]:
    """A model's JSON; with a pool of rows it holds the hashes of their levels."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        try:
            model.save_model(str(path), format="json", pool=rows)
        except Exception as error:
            raise UsageError(
                f"CatBoost does not write this model as JSON, by which it is read: "
                f"{error}. Fit it on numbers alone."
            ) from error
        return dict(json.loads(path.read_text()))


def catboost_trees(read: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its symmetric trees."""
    trees = read.get("oblivious_trees")
    if trees is None:
        raise UsageError(
            "This CatBoost model has trees that are not symmetric, for which there is no "
            "transfer. Fit it with grow_policy='SymmetricTree'."
        )
    return list(trees)


def catboost_forests(
    read: Mapping[str, Any],
    predicates: SplitPredicates | None = None,
    known: KnownSplits | None = None,
) -> list[Forest]:
    """The forests of a model's JSON, one for each output. `known` has column and threshold of the
    splits on levels.

    With `predicates` missing values go where the model sends them; without, to the right.
    """
    trees, known = catboost_trees(read), known or {}
    kinds = {
        split["split_type"]
        for tree in trees
        for split in tree["splits"] or ()
        if split["split_index"] not in known
    } - {"FloatFeature"}
    if kinds:
        raise UsageError(
            f"This CatBoost model splits on {', '.join(sorted(kinds))}, whose levels its file "
            "does not name. Pass X, rows that it was fitted on, or "
            "encode levels as numbers or indicators before the fit."
        )
    outputs = max(1, len(trees[0]["leaf_values"]) >> len(trees[0]["splits"] or ()))
    columns = _columns(read["features_info"].get("float_features") or [], predicates)
    return [
        Forest.sum(
            [
                _symmetric_tree(
                    tree["splits"] or [], np.array(tree["leaf_values"])[c::outputs], columns, known
                )
                for tree in trees
            ]
        )
        for c in range(outputs)
    ]


def _columns(features: list[dict[str, Any]], predicates: SplitPredicates | None) -> Nodes:
    """The column of each numeric feature, by the number of the feature; missing values count as the
    smallest or the largest number.
    """
    columns = np.array([feature["flat_feature_index"] for feature in features], dtype=np.int64)
    if predicates is None:
        return columns
    smallest = np.array(
        [feature["nan_value_treatment"] != "AsTrue" for feature in features], dtype=bool
    )
    return predicates.numeric(columns, np.where(smallest, LEFT, RIGHT))


def _comparison(split: dict[str, Any], columns: Nodes) -> tuple[int, float]:
    """Column and threshold of a split on a number."""
    return int(columns[split["float_feature_index"]]), float(
        rounded_threshold(np.array([split["border"]], dtype=np.float64))[0]
    )


def _symmetric_tree(
    splits: list[dict[str, Any]], values: Matrix, columns: Nodes, known: KnownSplits
) -> Forest:
    """Bit d of a leaf's number is the value of predicate d."""
    depth, inner = len(splits), 2 ** len(splits) - 1
    predicate = depth - np.repeat(np.arange(1, depth + 1), 2 ** np.arange(depth))
    pairs = [
        known[s["split_index"]] if s["split_index"] in known else _comparison(s, columns)
        for s in splits
    ]
    column = np.array([j for j, _ in pairs], dtype=np.int64)
    border = np.array([at for _, at in pairs], dtype=np.float64)
    own, leaves = np.arange(2 * inner + 1), np.zeros(inner + 1)
    return one_tree(
        np.concatenate([column[predicate], leaves.astype(np.int64)]),
        np.concatenate([border[predicate], leaves]),
        np.where(own < inner, 2 * own + 1, own),
        np.where(own < inner, 2 * own + 2, own),
        np.concatenate([np.zeros(inner), values])[:, None],
    )
