"""Boosted trees of CatBoost. Where it was fitted on levels, its file has their hashes alone: the levels are those of rows that are given.

A column of levels becomes their places 0, 1, … in the rows. A combination of columns becomes one more column, the place of its key among all of
them; a level that is none of the rows' has no place, and CatBoost's answer for what it has not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry._base import transfer
from motifnet.mimicry.fitted._asked import asked_networks
from motifnet.mimicry.fitted._boosting import linked, numbered
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import beside, chain
from motifnet.motifs import Chain, Fill, Identity, Lookup, Motif, Select, Step
from motifnet.teachers import (
    Level,
    LevelSplits,
    Member,
    Questions,
    Statistic,
    catboost_forests,
    catboost_json,
    catboost_trees,
    hashes_of,
    level_splits,
    rounded_threshold,
    sizes_of,
)

_BOOSTERS = ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor")


@dataclass(frozen=True)
class OfLevels:
    """A CatBoost model with the rows that name its levels."""

    model: Any
    rows: Any


def with_levels(fitted: Any, rows: Any) -> Any:
    """A CatBoost model of levels with its rows; everything else as it is."""
    if type(fitted).__name__ not in _BOOSTERS or not fitted.is_fitted() or not fitted.get_cat_feature_indices():
        return fitted
    return OfLevels(fitted, rows)


@transfer.register
def _(fitted: OfLevels) -> Motif:
    from catboost import Pool

    model, columns = fitted.model, fitted.model.get_cat_feature_indices()
    read = catboost_json(model, Pool(fitted.rows, cat_features=columns))
    hashes, values = hashes_of(read), {j: _values(fitted.rows, j) for j in columns}
    levels = {j: [Level(float(k), hashes[str(v)]) for k, v in enumerate(known)] for j, known in values.items()}
    used = {split["split_index"] for tree in catboost_trees(read) for split in tree["splits"] or ()}
    return Chain([numbered(values, len(model.feature_names_)), *_linked(model, read, level_splits(read, levels, used))], label=type(model).__name__)


def _values(rows: Any, column: int) -> list[Any]:
    """The levels of a column of rows."""
    frame = nw.from_native(rows, eager_only=True, pass_through=True)
    found = frame[:, column].to_list() if isinstance(frame, nw.DataFrame) else np.asarray(rows, dtype=object)[:, column].tolist()
    return sorted(set(found), key=str)


def _scores(model: Any, read: Mapping[str, Any], splits: LevelSplits | None = None) -> list[Motif]:
    """What `predict` of the class CatBoost itself gives."""
    width, keyed = len(model.feature_names_), _keyed(splits)
    questions = Questions(width + len(keyed))
    forests = catboost_forests(read, questions, _asked(splits, keyed, width, questions))
    front = [beside([Identity(), *(_key(statistic, splits, read) for statistic in keyed.values())])] if keyed and splits else []
    scale, bias = model.get_scale_and_bias()
    networks = asked_networks([forest.scaled(scale) for forest in forests], questions)
    shift = np.broadcast_to(np.asarray(bias, dtype=np.float64), len(forests))
    return [*front, *networks, *([affine(np.eye(len(shift)), shift)] if shift.any() else [])]


def _linked(model: Any, read: Mapping[str, Any], splits: LevelSplits | None = None) -> list[Motif]:
    scores = _scores(model, read, splits)
    if type(model).__name__ == "CatBoost":
        return scores
    objective = str(model.get_all_params()["loss_function"]).partition(":")[0]
    return linked(Chain(scores), objective, len(np.atleast_1d(model.get_scale_and_bias()[1])), hasattr(model, "predict_proba"), "CatBoost")


def _keyed(splits: LevelSplits | None) -> dict[Any, Statistic]:
    """One statistic for each combination of columns."""
    found = splits.statistics.values() if splits else ()
    return {statistic.elements: statistic for statistic in found if len(statistic.elements) > 1}


def _asked(splits: LevelSplits | None, keyed: Mapping[Any, Statistic], width: int, questions: Questions) -> dict[int, tuple[int, float]]:
    """Column and threshold of each split on levels: 0 goes to the left."""
    if splits is None:
        return {}
    asked = {
        number: questions.member(Member(column, frozenset(), frozenset([code]), missing=True, unseen=True))
        for number, (column, code) in splits.equal.items()
    }
    places = {elements: width + k for k, elements in enumerate(keyed)}
    for number, statistic in splits.statistics.items():
        column = places[statistic.elements] if statistic.elements in places else statistic.elements[0].column
        other = frozenset(np.flatnonzero(statistic.above != statistic.unseen).astype(float).tolist())
        left, right = (other, frozenset[float]()) if statistic.unseen else (frozenset[float](), other)
        asked[number] = questions.member(Member(column, left, right, missing=not statistic.unseen, unseen=not statistic.unseen))
    return asked


def _key(statistic: Statistic, splits: LevelSplits, read: Mapping[str, Any]) -> Motif:
    """The place of a row's key among all combinations, missing where a level has no place."""
    sizes = sizes_of(statistic.elements, splits.levels)
    strides = np.cumprod([1, *sizes[:0:-1]])[::-1]
    return chain([beside([_answer(e, splits.levels, read) for e in statistic.elements]), affine(strides[:, None])])


def _answer(element: Any, levels: Mapping[int, Sequence[Level]], read: Mapping[str, Any]) -> Motif:
    """The place of a level; whether a number is above a border, or a level is a certain one."""
    select = Select([element.column])
    if element.border is not None:
        at = float(rounded_threshold(np.array([element.border]))[0])
        missing = [Fill(tensor([np.inf]))] if _missing_is_above(element.column, read) else []
        return Chain([select, *missing, affine([[1.0]], -at), Step(tensor(0.0))])
    if element.value is not None:
        place = [level.code for level in levels[element.column] if level.hash == element.value % 2**32]
        return Chain([select, Lookup(tensor(place), tensor([[1.0]] * len(place) + [[0.0], [0.0]]))])
    return select


def _missing_is_above(column: int, read: Mapping[str, Any]) -> bool:
    floats = read["features_info"].get("float_features") or []
    return any(f["flat_feature_index"] == column and f["nan_value_treatment"] == "AsTrue" for f in floats)


CATBOOST: dict[str, Transfer] = dict.fromkeys(_BOOSTERS, lambda model: _linked(model, catboost_json(model)))
