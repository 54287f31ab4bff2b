"""Models of XGBoost as flat arrays of nodes, from its JSON.

XGBoost adds float32 numbers in float32, one tree after the other, from the base score b on. So b is
part of the first tree, fl(b + v). DART weights each tree by w: it adds fl(fl(fl(v + b) − b) w),
which is not fl(v w). A row goes to the left if float32(x) < threshold. A level in the list of a
node goes to the right, every other one to the left.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, UsageError
from motifnet.teachers._forest import (
    LEFT,
    RIGHT,
    Forest,
    Member,
    SplitPredicates,
    one_tree,
)
from motifnet.teachers._sklearn_trees import rounded_threshold

_LOGIT = ("binary:logistic", "reg:logistic")
_LOG = ("count:poisson", "reg:gamma", "reg:tweedie")
_MIN_SHARE = np.float32(1e-6)


def xgboost_learner(booster: Any) -> dict[str, Any]:
    """The part "learner" of a booster's JSON."""
    return dict(json.loads(booster.save_raw("json"))["learner"])


def parse_xgboost(learner: dict[str, Any], predicates: SplitPredicates) -> list[Forest]:
    """The trees of the best iterations: a forest for each output, whose first tree includes the
    base score.

    Trees with several values per leaf are one forest of all outputs.
    """
    model, factors = learner["gradient_booster"], None
    if model["name"] == "dart":
        model, factors = model["gbtree"], np.array(model["weight_drop"], dtype=np.float32)
    if model["name"] != "gbtree":
        raise UsageError(
            f"There is no transfer for booster={model['name']!r} of XGBoost; there "
            "is one for 'gbtree', 'dart' and 'gblinear'."
        )
    model = model["model"]
    count = model["iteration_indptr"][
        int(learner["attributes"].get("best_iteration", len(model["iteration_indptr"]) - 2)) + 1
    ]
    base = _base_scores(learner)
    several = any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in model["trees"][:1])
    base = base[None] if several else base[:, None]
    forests: list[list[Forest]] = [[] for _ in base]
    for k in range(count):
        parts, b = forests[model["tree_info"][k]], base[model["tree_info"][k]]
        tree = _xgboost_tree(model["trees"][k], predicates)
        values = tree.values.astype(np.float32)
        if factors is not None:
            values = ((values + b) - b) * factors[k]
        parts.append(replace(tree, values=(values if parts else values + b).astype(np.float64)))
    return [
        Forest.sum(parts) if parts else Forest.constant(b)
        for parts, b in zip(forests, base, strict=True)
    ]


def parse_xgboost_lines(learner: dict[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights with shape (d, q) of a linear booster, and the start of its sums: the base score plus
    its own bias, in float32.
    """
    base = _base_scores(learner)
    weights = np.array(learner["gradient_booster"]["model"]["weights"], dtype=np.float32).reshape(
        -1, len(base)
    )
    # XGBoost adds the base score of the first output to all of them
    return weights[:-1], base[0] + weights[-1]


def _base_scores(learner: dict[str, Any]) -> NDArray[np.float32]:
    """The score to which the trees of each output are added. The file has a mean, to which the link
    is applied.
    """
    outputs = max(
        1,
        int(learner["learner_model_param"]["num_class"]),
        int(learner["learner_model_param"].get("num_target", 1)),
    )
    listed = learner["learner_model_param"]["base_score"].strip("[]")
    objective = learner["objective"]["name"]
    base = np.array([float(v) for v in listed.split(",")], dtype=np.float32)
    # The quotient is in float32, its logarithm in float64. Shares of 0 or 1, as of rows of one
    # class, are moved inside first.
    if objective in _LOGIT:
        base = np.clip(base, _MIN_SHARE, np.float32(1) - _MIN_SHARE)
        base = -np.log((np.float32(1) / base - np.float32(1)).astype(np.float64)).astype(np.float32)
    elif objective in _LOG:
        base = np.log(base)
    return np.broadcast_to(base, outputs)


def _xgboost_tree(tree: dict[str, Any], predicates: SplitPredicates) -> Forest:
    left = np.array(tree["left_children"])
    right = np.array(tree["right_children"])
    own = np.arange(len(tree["left_children"]))
    leaf, value = left < 0, np.array(tree["split_conditions"], dtype=np.float32)
    # x < t is x ≤ the number before t
    below = np.nextafter(value, np.float32(-np.inf)).astype(np.float64)
    to_left = np.array(tree["default_left"], dtype=bool)
    feature = predicates.numeric(np.array(tree["split_indices"]), np.where(to_left, LEFT, RIGHT))
    threshold = rounded_threshold(below)
    starts = dict(
        zip(
            tree["categories_nodes"],
            zip(tree["categories_segments"], tree["categories_sizes"], strict=True),
            strict=True,
        )
    )
    for node, (start, size) in starts.items():
        to_right = frozenset(float(level) for level in tree["categories"][start : start + size])
        member = Member(
            int(tree["split_indices"][node]),
            frozenset(),
            to_right,
            bool(to_left[node]),
            unseen=True,
        )
        feature[node], threshold[node] = predicates.member(member)
    return one_tree(
        np.where(leaf, 0, feature),
        np.where(leaf, 0.0, threshold),
        np.where(leaf, own, left),
        np.where(leaf, own, right),
        np.where(leaf[:, None], _leaf_values(tree, value), 0.0),
    )


def _leaf_values(tree: dict[str, Any], value: NDArray[np.float32]) -> Matrix:
    """Values of the nodes with shape (N, q). XGBoost stores a single value as the threshold of the
    leaf.
    """
    outputs = int(tree["tree_param"]["size_leaf_vector"])
    values = (
        np.array(tree["base_weights"], dtype=np.float32).reshape(-1, outputs)
        if outputs > 1
        else value[:, None]
    )
    return values.astype(np.float64)
