"""Boosted trees of CatBoost.

The file of a model that was fitted on levels has hashes of the levels only. The levels themselves
come from given rows. A column of levels becomes their numbers 0, 1, … among the distinct values of
the rows. A combination of columns becomes one more column, the number of its key among all keys. A
level that is not in the rows has no number, and gets CatBoost's answer for unseen levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.motifs import Chain, Fill, Identity, Lookup, Motif, Select, Step
from motifnet.teachers import (
    Level,
    LevelSplits,
    Member,
    SplitPredicates,
    Statistic,
    catboost_forests,
    catboost_json,
    catboost_trees,
    hashes_of,
    level_splits,
    rounded_threshold,
    sizes_of,
)
from motifnet.transfer._transfer import affine, tensor, transfer
from motifnet.transfer.fitted._boosting import linked, numbered
from motifnet.transfer.fitted._frame import column_values
from motifnet.transfer.fitted._parts import chain, side_by_side
from motifnet.transfer.fitted._registry import Transfer
from motifnet.transfer.fitted._trees import requested_networks

_BOOSTERS = ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor")


@dataclass(frozen=True)
class OfLevels:
    """A CatBoost model with the rows that name its levels."""

    model: Any
    rows: Any


def with_levels(fitted: Any, rows: Any) -> Any:
    """A CatBoost model of levels with its rows; any other estimator as it is."""
    if (
        type(fitted).__name__ not in _BOOSTERS
        or not fitted.is_fitted()
        or not fitted.get_cat_feature_indices()
    ):
        return fitted
    return OfLevels(fitted, rows)


@transfer.register
def _(fitted: OfLevels) -> Motif:
    from catboost import Pool

    model, columns = fitted.model, fitted.model.get_cat_feature_indices()
    read = catboost_json(model, Pool(fitted.rows, cat_features=columns))
    hashes = hashes_of(read)
    values = {j: sorted(set(column_values(fitted.rows, j)), key=str) for j in columns}
    levels = {
        j: [Level(float(k), hashes[str(v)]) for k, v in enumerate(known)]
        for j, known in values.items()
    }
    used = {split["split_index"] for tree in catboost_trees(read) for split in tree["splits"] or ()}
    return Chain(
        [
            numbered(values, len(model.feature_names_)),
            *_linked(model, read, level_splits(read, levels, used)),
        ],
        label=type(model).__name__,
    )


def _scores(model: Any, read: Mapping[str, Any], splits: LevelSplits | None = None) -> list[Motif]:
    """The raw scores, which `predict` of the class CatBoost gives."""
    width, keyed = len(model.feature_names_), _keyed(splits)
    predicates = SplitPredicates(width + len(keyed))
    forests = catboost_forests(read, predicates, _split_places(splits, keyed, width, predicates))
    keys = (
        [
            side_by_side(
                [Identity(), *(_key(statistic, splits, read) for statistic in keyed.values())]
            )
        ]
        if keyed and splits
        else []
    )
    scale, bias = model.get_scale_and_bias()
    networks = requested_networks([forest.scaled(scale) for forest in forests], predicates)
    shift = np.broadcast_to(np.asarray(bias, dtype=np.float64), len(forests))
    return [*keys, *networks, *([affine(np.eye(len(shift)), shift)] if shift.any() else [])]


def _linked(model: Any, read: Mapping[str, Any], splits: LevelSplits | None = None) -> list[Motif]:
    scores = _scores(model, read, splits)
    if type(model).__name__ == "CatBoost":
        return scores
    objective = str(model.get_all_params()["loss_function"]).partition(":")[0]
    return linked(
        Chain(scores),
        objective,
        len(np.atleast_1d(model.get_scale_and_bias()[1])),
        hasattr(model, "predict_proba"),
        "CatBoost",
    )


def _keyed(splits: LevelSplits | None) -> dict[Any, Statistic]:
    """One statistic for each combination of columns."""
    found = splits.statistics.values() if splits else ()
    return {statistic.elements: statistic for statistic in found if len(statistic.elements) > 1}


def _split_places(
    splits: LevelSplits | None,
    keyed: Mapping[Any, Statistic],
    width: int,
    predicates: SplitPredicates,
) -> dict[int, tuple[int, float]]:
    """Column and threshold of each split on levels, where 0 goes to the left."""
    if splits is None:
        return {}
    found = {
        number: predicates.member(
            Member(column, frozenset(), frozenset([code]), missing=True, unseen=True)
        )
        for number, (column, code) in splits.equal.items()
    }
    columns = {elements: width + k for k, elements in enumerate(keyed)}
    for number, statistic in splits.statistics.items():
        column = (
            columns[statistic.elements]
            if statistic.elements in columns
            else statistic.elements[0].column
        )
        other = frozenset(
            np.flatnonzero(statistic.above != statistic.unseen).astype(float).tolist()
        )
        left, right = (
            (other, frozenset[float]()) if statistic.unseen else (frozenset[float](), other)
        )
        found[number] = predicates.member(
            Member(column, left, right, missing=not statistic.unseen, unseen=not statistic.unseen)
        )
    return found


def _key(statistic: Statistic, splits: LevelSplits, read: Mapping[str, Any]) -> Motif:
    """The number of the key of a row among all combinations; missing where a level has none."""
    sizes = sizes_of(statistic.elements, splits.levels)
    strides = np.cumprod([1, *sizes[:0:-1]])[::-1]
    return chain(
        [
            side_by_side([_answer(e, splits.levels, read) for e in statistic.elements]),
            affine(strides[:, None]),
        ]
    )


def _answer(element: Any, levels: Mapping[int, Sequence[Level]], read: Mapping[str, Any]) -> Motif:
    """The number of a level, or whether a number is above a border, or whether a level is a given
    one.
    """
    select = Select([element.column])
    if element.border is not None:
        at = float(rounded_threshold(np.array([element.border]))[0])
        missing = [Fill(tensor([np.inf]))] if _missing_is_above(element.column, read) else []
        return Chain([select, *missing, affine([[1.0]], -at), Step(tensor(0.0))])
    if element.value is not None:
        known = levels[element.column]
        codes = [level.code for level in known if level.hash == element.value % 2**32]
        return Chain([select, Lookup(tensor(codes), tensor([[1.0]] * len(codes) + [[0.0], [0.0]]))])
    return select


def _missing_is_above(column: int, read: Mapping[str, Any]) -> bool:
    floats = read["features_info"].get("float_features") or []
    return any(
        f["flat_feature_index"] == column and f["nan_value_treatment"] == "AsTrue" for f in floats
    )


CATBOOST: dict[str, Transfer] = dict.fromkeys(
    _BOOSTERS, lambda model: _linked(model, catboost_json(model))
)
