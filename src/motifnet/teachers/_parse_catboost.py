"""Fitted CatBoost models → flat arrays of nodes, exact to the last leaf.

They are read from their JSON: a tree of depth D asks D questions; as a binary tree, with node i above nodes 2i + 1 and 2i + 2, the last one first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest, Nodes, one_tree
from motifnet.teachers._parse_sklearn import rounded_threshold
from motifnet.teachers._questions import LEFT, RIGHT, Questions

Asked = Mapping[int, tuple[int, float]]


def parse_catboost(model: Any) -> list[Forest]:
    """The raw score of a fitted CatBoost model of numbers without missing ones: a forest for each output, without scale and bias."""
    return catboost_forests(catboost_json(model))


def catboost_json(model: Any, rows: Any = None) -> dict[str, Any]:
    """A model's JSON; with a pool of rows it holds the hashes of their levels."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        try:
            model.save_model(str(path), format="json", pool=rows)
        except Exception as error:
            raise UsageError(f"CatBoost does not write this model as JSON, by which it is read: {error}. Fit it on numbers alone.") from error
        return dict(json.loads(path.read_text()))


def catboost_trees(read: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its symmetric trees."""
    trees = read.get("oblivious_trees")
    if trees is None:
        raise UsageError(
            "This CatBoost model has trees that are not symmetric, for which there is no transfer. Fit it with grow_policy='SymmetricTree'."
        )
    return list(trees)


def catboost_forests(read: Mapping[str, Any], questions: Questions | None = None, asked: Asked | None = None) -> list[Forest]:
    """With `questions` missing values go where the model sends them; without, to the right. `asked` has column and threshold of splits on levels."""
    trees, known = catboost_trees(read), asked or {}
    kinds = {split["split_type"] for tree in trees for split in tree["splits"] or () if split["split_index"] not in known} - {"FloatFeature"}
    if kinds:
        raise UsageError(
            f"This CatBoost model splits on {', '.join(sorted(kinds))}, whose levels its file does not name. Pass X, rows that it was fitted on, or "
            "encode levels as numbers or indicators before the fit."
        )
    outputs = max(1, len(trees[0]["leaf_values"]) >> len(trees[0]["splits"] or ()))
    columns = _columns(read["features_info"].get("float_features") or [], questions)
    return [
        Forest.sum([_symmetric_tree(tree["splits"] or [], np.array(tree["leaf_values"])[c::outputs], columns, known) for tree in trees])
        for c in range(outputs)
    ]


def _columns(features: list[dict[str, Any]], questions: Questions | None) -> Nodes:
    """Column that the numeric feature of each number asks about; missing values count as the smallest or the largest number."""
    places = np.array([feature["flat_feature_index"] for feature in features], dtype=np.int64)
    if questions is None:
        return places
    smallest = np.array([feature["nan_value_treatment"] != "AsTrue" for feature in features], dtype=bool)
    return questions.numeric(places, np.where(smallest, LEFT, RIGHT))


def _comparison(split: dict[str, Any], columns: Nodes) -> tuple[int, float]:
    """Column and threshold of a split on a number."""
    return int(columns[split["float_feature_index"]]), float(rounded_threshold(np.array([split["border"]], dtype=np.float64))[0])


def _symmetric_tree(splits: list[dict[str, Any]], values: Matrix, columns: Nodes, known: Asked) -> Forest:
    """Bit d of a leaf's number answers question d."""
    depth, inner = len(splits), 2 ** len(splits) - 1
    question = depth - np.repeat(np.arange(1, depth + 1), 2 ** np.arange(depth))
    pairs = [known[s["split_index"]] if s["split_index"] in known else _comparison(s, columns) for s in splits]
    asked, border = np.array([column for column, _ in pairs], dtype=np.int64), np.array([at for _, at in pairs], dtype=np.float64)
    own, leaves = np.arange(2 * inner + 1), np.zeros(inner + 1)
    return one_tree(
        np.concatenate([asked[question], leaves.astype(np.int64)]),
        np.concatenate([border[question], leaves]),
        np.where(own < inner, 2 * own + 1, own),
        np.where(own < inner, 2 * own + 2, own),
        np.concatenate([np.zeros(inner), values])[:, None],
    )
