"""CatBoost's splits on levels, from its JSON: equality, and statistics of the target by level or by
combination of levels.

    a split on a statistic of the key k of a row, in float32:
    c(k) > border,   c(k) = ((n_k + a) / (N_k + b) + shift) · scale

n_k counts the rows of the fit with this key and a target above a border (Borders), in a class
(Buckets), or all of them over a constant N (Counter). Means of the target have its sum instead of
n_k. An unseen key has n_k = N_k = 0. (Prokhorenkova et al., NeurIPS 2018.)

The file holds hashes of keys alone, so that the levels come from given rows. Each hash of the file
has to be that of levels of the rows, or of a combination of them; else the model is refused. So
every row has CatBoost's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError

_MAGIC = np.uint64(0x4906BA494954CB65)
_EMPTY = 2**64 - 1  # key of an empty cell of the table
_MAX_KEYS = 1 << 20
Hashes = NDArray[np.uint64]
_KINDS = ("cat_feature_value", "float_feature", "cat_feature_exact_value")


class Level(NamedTuple):
    """The number that a network has for a level, and CatBoost's hash of its string."""

    code: float
    hash: int


class Element(NamedTuple):
    """A part of a key: the level of a column (neither border nor value), whether a number is above
    a `border`, or whether a level has the hash `value`.
    """

    column: int
    border: float | None = None
    value: int | None = None


@dataclass(frozen=True)
class Statistic:
    """A split on the statistic of a key: `above` says of each known key of the elements whether its
    statistic is above the border, `unseen` that of any other key.
    """

    elements: tuple[Element, ...]
    above: NDArray[np.bool_]
    unseen: bool


@dataclass(frozen=True)
class LevelSplits:
    """Splits on levels by their numbers in the trees: `equal` of (column, code), `statistics` of
    keys; `levels` by column.
    """

    equal: Mapping[int, tuple[int, float]]
    statistics: Mapping[int, Statistic]
    levels: Mapping[int, Sequence[Level]]


def level_splits(
    read: Mapping[str, Any], levels: Mapping[int, Sequence[Level]], used: set[int]
) -> LevelSplits:
    """The splits on levels of the JSON of a model whose numbers are `used` by trees."""
    info = read["features_info"]
    floats, cats = info.get("float_features") or [], info.get("categorical_features") or []
    number = sum(len(f["borders"] or ()) for f in floats)
    equal = dict[int, tuple[int, float]]()
    statistics = dict[int, Statistic]()
    for feature in cats:
        for value in feature.get("values") or ():
            if number in used:
                equal[number] = (
                    feature["flat_feature_index"],
                    _code_of(int(value), levels[feature["flat_feature_index"]]),
                )
            number += 1
    for ctr in info.get("ctrs") or ():
        elements = _elements(ctr["elements"], floats, cats)
        wanted = [k for k, _ in enumerate(ctr["borders"]) if number + k in used]
        if wanted:
            known = keys_of(elements, levels)
            values, other = _values(ctr, read["ctr_data"][ctr["identifier"]], known)
            for k in wanted:
                border = np.float32(ctr["borders"][k])
                statistics[number + k] = Statistic(elements, values > border, bool(other > border))
        number += len(ctr["borders"])
    return LevelSplits(equal, statistics, levels)


def _elements(
    listed: Sequence[Mapping[str, Any]],
    floats: Sequence[Mapping[str, Any]],
    cats: Sequence[Mapping[str, Any]],
) -> tuple[Element, ...]:
    """Levels first, then borders, then values: the order of the hash of a key."""
    parts = []
    for part in sorted(listed, key=lambda part: _KINDS.index(part["combination_element"])):
        if part["combination_element"] == "float_feature":
            parts.append(
                Element(
                    floats[part["float_feature_index"]]["flat_feature_index"],
                    border=float(part["border"]),
                )
            )
        else:
            parts.append(
                Element(
                    cats[part["cat_feature_index"]]["flat_feature_index"], value=part.get("value")
                )
            )
    return tuple(parts)


def sizes_of(elements: Sequence[Element], levels: Mapping[int, Sequence[Level]]) -> list[int]:
    """The number of values of each element among known levels."""
    return [
        2 if e.border is not None or e.value is not None else len(levels[e.column])
        for e in elements
    ]


def keys_of(elements: Sequence[Element], levels: Mapping[int, Sequence[Level]]) -> Hashes:
    """Hashes of all combinations of known values; the last element varies fastest."""
    if np.prod([float(n) for n in sizes_of(elements, levels)]) > _MAX_KEYS:
        raise UsageError(
            f"This CatBoost model has combinations of {len(elements)} columns with more than "
            f"{_MAX_KEYS:,} keys, for which there is no transfer. "
            "Fit it with max_ctr_complexity=1."
        )
    found = np.zeros(1, dtype=np.uint64)
    for element in elements:
        if element.border is not None or element.value is not None:
            values = np.array([0, 1], dtype=np.uint64)
        else:
            values = (
                np.array([level.hash for level in levels[element.column]], dtype=np.uint32)
                .astype(np.int32)
                .astype(np.int64)
                .view(np.uint64)
            )
        with np.errstate(over="ignore"):
            found = (_MAGIC * (found[:, None] + _MAGIC * values)).reshape(-1)
    return found


def _values(
    ctr: Mapping[str, Any], table: Mapping[str, Any], known: Hashes
) -> tuple[NDArray[np.float32], np.float32]:
    """The statistic of each known key, and of any other one."""
    stride = int(table["hash_stride"])
    rows = {
        int(row[0]): row[1:]
        for row in zip(*(iter(table["hash_map"]),) * stride, strict=True)
        if int(row[0]) != _EMPTY
    }
    missed = len(set(rows) - set(known.tolist()))
    if missed:
        raise UsageError(
            f"This CatBoost model has statistics of {len(rows)} levels or combinations, {missed} "
            "of which are not in X; its file does not name them. "
            "Pass as X the rows that it was fitted on."
        )
    counts = [
        _counts(ctr, table, [float(v) for v in rows[key]] if key in rows else None)
        for key in [*known.tolist(), _EMPTY]
    ]
    good, total = np.array(counts, dtype=np.float32).T
    prior, weight = np.float32(ctr["prior_numerator"]), np.float32(ctr["prior_denomerator"])
    values = ((good + prior) / (total + weight) + np.float32(ctr["shift"])) * np.float32(
        ctr["scale"]
    )
    return values[:-1], values[-1]


def _counts(
    ctr: Mapping[str, Any], table: Mapping[str, Any], row: list[float] | None
) -> tuple[float, float]:
    kind, border = ctr["ctr_type"], int(ctr["target_border_idx"])
    if kind in ("Counter", "FeatureFreq"):
        return row[0] if row else 0.0, float(table["counter_denominator"])
    if row is None:
        return 0.0, 0.0
    if kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        return row[0], row[1]
    if kind == "Buckets":
        return row[border], sum(row)
    if kind == "Borders":
        return sum(row[border + 1 :]), sum(row)
    raise UsageError(
        f"There is no transfer for statistics of the kind {kind!r} of CatBoost. Fit it with "
        "simple_ctr='Borders', combinations_ctr='Borders'."
    )


def _code_of(value: int, levels: Sequence[Level]) -> float:
    found = [level.code for level in levels if level.hash == value % 2**32]
    if not found:
        raise UsageError(
            "This CatBoost model uses a level that is not in X; its file does not name it. "
            "Pass as X the rows that it was fitted on."
        )
    return found[0]


def hashes_of(read: Mapping[str, Any]) -> dict[str, int]:
    """Hashes by the strings of levels, if the file was written with rows."""
    return {
        entry["value"]: int(entry["hash"])
        for entry in read["features_info"].get("cat_features_hash") or ()
    }
