"""Fitted CatBoost models → flat arrays of nodes, exact to the last leaf.

They are read from their JSON: a tree of depth D asks D questions; as a binary tree, with node i above nodes 2i + 1 and 2i + 2, the last one first.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest, Nodes, one_tree
from motifnet.teachers._parse_sklearn import rounded_threshold
from motifnet.teachers._questions import LEFT, RIGHT, Questions


def parse_catboost(model: Any, questions: Questions | None = None) -> list[Forest]:
    """The raw score of a fitted CatBoost model of numeric columns with symmetric trees: a forest for each output, without scale and bias.

    With `questions` missing values go where the model sends them; without, to the right.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        try:
            model.save_model(str(path), format="json")
        except Exception as error:
            raise UsageError(f"CatBoost does not write this model as JSON, by which it is read: {error}. Fit it on numbers alone.") from error
        read = json.loads(path.read_text())
    trees = read.get("oblivious_trees")
    if trees is None:
        raise UsageError(
            "This CatBoost model has trees that are not symmetric, for which there is no transfer. Fit it with grow_policy='SymmetricTree'."
        )
    if any(split["split_type"] != "FloatFeature" for tree in trees for split in tree["splits"] or ()):
        raise UsageError("This CatBoost model splits on categories, for which there is no transfer. Encode them as numbers or indicators first.")
    outputs = max(1, len(trees[0]["leaf_values"]) >> len(trees[0]["splits"] or ()))
    columns = _columns(read["features_info"].get("float_features", []), questions)
    return [
        Forest.sum([_symmetric_tree(tree["splits"] or [], np.array(tree["leaf_values"])[c::outputs], columns) for tree in trees])
        for c in range(outputs)
    ]


def _columns(features: list[dict[str, Any]], questions: Questions | None) -> Nodes:
    """Column that the numeric feature of each number asks about; missing values count as the smallest or the largest number."""
    places = np.array([feature["flat_feature_index"] for feature in features], dtype=np.int64)
    if questions is None:
        return places
    smallest = np.array([feature["nan_value_treatment"] != "AsTrue" for feature in features], dtype=bool)
    return questions.numeric(places, np.where(smallest, LEFT, RIGHT))


def _symmetric_tree(splits: list[dict[str, Any]], values: Matrix, columns: Nodes) -> Forest:
    """Bit d of a leaf's number answers question d."""
    depth, inner = len(splits), 2 ** len(splits) - 1
    question = depth - np.repeat(np.arange(1, depth + 1), 2 ** np.arange(depth))
    asked = columns[np.array([split["float_feature_index"] for split in splits], dtype=np.int64)]
    border = rounded_threshold(np.array([split["border"] for split in splits], dtype=np.float64))
    own, leaves = np.arange(2 * inner + 1), np.zeros(inner + 1)
    return one_tree(
        np.concatenate([asked[question], leaves.astype(np.int64)]),
        np.concatenate([border[question], leaves]),
        np.where(own < inner, 2 * own + 1, own),
        np.where(own < inner, 2 * own + 2, own),
        np.concatenate([np.zeros(inner), values])[:, None],
    )
