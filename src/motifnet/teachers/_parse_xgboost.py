"""Fitted XGBoost models → flat arrays of nodes. XGBoost adds float32 numbers in float32; here the same numbers are added in float64.

A row goes to the left if float32(x) < threshold; a level that is in the list of a node goes to the right, every other one to the left.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.teachers._forest import Forest, one_tree
from motifnet.teachers._parse_sklearn import rounded_threshold
from motifnet.teachers._questions import LEFT, RIGHT, Member, Questions


def parse_xgboost(booster: Any, questions: Questions) -> tuple[list[Forest], dict[str, Any]]:
    """The sum of the trees of the best iterations, a forest for each output, without the base score; and the `learner` of its JSON."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    model, factors = learner["gradient_booster"], None
    if model["name"] == "dart":
        model, factors = model["gbtree"], [float(w) for w in model["weight_drop"]]
    if model["name"] != "gbtree":
        raise UsageError(f"There is no transfer for booster={model['name']!r} of XGBoost; there is one for 'gbtree' and 'dart'.")
    model = model["model"]
    count = model["iteration_indptr"][int(learner["attributes"].get("best_iteration", len(model["iteration_indptr"]) - 2)) + 1]
    outputs = max(1, int(learner["learner_model_param"]["num_class"]), int(learner["learner_model_param"].get("num_target", 1)))
    forests: list[list[Forest]] = [[] for _ in range(outputs)]
    for k in range(count):
        tree = _tree(model["trees"][k], questions)
        forests[model["tree_info"][k]].append(tree if factors is None else tree.scaled(factors[k]))
    return [Forest.sum(parts) if parts else Forest.constant(np.zeros(1)) for parts in forests], learner


def _tree(tree: dict[str, Any], questions: Questions) -> Forest:
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise UsageError("There is no transfer for trees of XGBoost with several values a leaf. Fit it with multi_strategy='one_output_per_tree'.")
    left, right, own = np.array(tree["left_children"]), np.array(tree["right_children"]), np.arange(len(tree["left_children"]))
    leaf, value = left < 0, np.array(tree["split_conditions"], dtype=np.float32)
    below = np.nextafter(value, np.float32(-np.inf)).astype(np.float64)  # x < t is x ≤ the number before t
    to_left = np.array(tree["default_left"], dtype=bool)
    feature = questions.numeric(np.array(tree["split_indices"]), np.where(to_left, LEFT, RIGHT))
    threshold = rounded_threshold(below)
    starts = dict(zip(tree["categories_nodes"], zip(tree["categories_segments"], tree["categories_sizes"], strict=True), strict=True))
    for node, (start, size) in starts.items():
        to_right = frozenset(float(level) for level in tree["categories"][start : start + size])
        member = Member(int(tree["split_indices"][node]), frozenset(), to_right, bool(to_left[node]), unseen=True)
        feature[node], threshold[node] = questions.member(member)
    return one_tree(
        np.where(leaf, 0, feature),
        np.where(leaf, 0.0, threshold),
        np.where(leaf, own, left),
        np.where(leaf, own, right),
        np.where(leaf, value.astype(np.float64), 0.0)[:, None],
    )
