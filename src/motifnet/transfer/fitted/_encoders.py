"""Levels as numbers, and encoders of levels: a table for each column.

A row of a table with strings becomes a row of a matrix. A number stays itself; a string becomes a
hash of 48 bits (`code`). The code of a string does not depend on a fit, so that encoders and trees
of one model agree on it.

Where an encoder refuses an unseen level, the network gives NaN, which no later layer hides. The
encoder of this package is a network on numbers and codes as well (`encoder_network`), so that a
fitted model is one network. Dates have no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from hashlib import blake2b
from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Chain, Clip, Fill, Gaps, Lookup, Motif, Select
from motifnet.tables import LIMIT, Encoder, Feature, Numeric, OneHot, TargetMean
from motifnet.transfer._transfer import tensor
from motifnet.transfer.fitted._parts import scaled, shifted, side_by_side
from motifnet.transfer.fitted._registry import Transfer

_MAX_WHOLE = 2.0**53  # neighbouring whole numbers above it have the same float64


def code(level: Any) -> float:
    """The number of a level; NaN where it is missing."""
    if isinstance(level, str):
        return float(
            int.from_bytes(
                blake2b(level.encode(errors="surrogatepass"), digest_size=6).digest(), "big"
            )
        )
    if isinstance(level, bytes | np.datetime64 | np.timedelta64):
        raise TypeError(f"{type(level).__name__} is neither a number nor a string")
    return number(level)


def number(value: Any) -> float:
    """The number of a value, also of a string that spells one; NaN where it is missing."""
    return float("nan") if is_missing(value) else float(value)


def is_missing(level: Any) -> bool:
    """True for None, NaN, and the NA and NaT of pandas."""
    return (
        level is None
        or type(level).__name__ in ("NAType", "NaTType")
        or (isinstance(level, float | np.floating) and bool(np.isnan(level)))
    )


def knows_empty(table: Lookup) -> bool:
    """Whether the empty string is a level; in `Lookup.texts` numbers are "" as well."""
    return bool((table.levels == code("")).any())


def lookup(levels: Sequence[Any], rows: Matrix, unseen: Matrix, missing: Matrix) -> Motif:
    """A table with a row for each level; the row of a missing level replaces `missing`."""
    codes = np.array([_code_of_level(level) for level in levels], dtype=np.float64)
    is_nan = np.isnan(codes)
    if is_nan.sum() > 1:
        raise UsageError(
            "A column has both None and NaN as levels, which are one missing value "
            "to a network. Make them one, and fit again."
        )
    missing = rows[is_nan][0] if is_nan.any() else missing
    order = np.argsort(codes[~is_nan])
    kept = codes[~is_nan][order]
    if (np.diff(kept) == 0).any():
        raise UsageError(
            "Two levels of a column have the same number. Rename one of them, and fit again."
        )
    names = [
        level if isinstance(level, str) else ""
        for level, is_absent in zip(levels, is_nan, strict=True)
        if not is_absent
    ]
    strings = [str(names[k]) for k in order] if any(names) else []
    return Lookup(tensor(kept), tensor(np.vstack([rows[~is_nan][order], unseen, missing])), strings)


def _code_of_level(level: Any) -> float:
    try:
        found = code(level)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"A level is {level!r} of type {type(level).__name__}; expected strings or numbers. "
            "Convert the column, and fit again."
        ) from error
    if isinstance(level, int | np.integer) and abs(found) >= _MAX_WHOLE:
        raise UsageError(
            f"A level is {level!r}, beyond 2^53, where neighbours have the same "
            "float64. Make the column strings, and fit again."
        )
    return found


def _one_hot(model: Any) -> list[Motif]:
    """Indicators of levels, with the encoder's rules for dropped, rare and unseen ones."""
    return [
        side_by_side(
            [Chain([Select([j]), _indicators(model, j)]) for j in range(len(model.categories_))]
        )
    ]


def _indicators(model: Any, j: int) -> Motif:
    levels = model.categories_[j]
    rare = (getattr(model, "infrequent_categories_", None) or [None] * (j + 1))[j]
    rows = np.eye(len(levels))
    if rare is not None:
        is_rare = np.array(
            [
                any(
                    level is other or level == other or (is_missing(level) and is_missing(other))
                    for other in rare
                )
                for level in levels
            ]
        )
        rows = np.column_stack([rows[:, ~is_rare], is_rare.astype(np.float64)])
    unseen = (
        np.zeros(rows.shape[1])
        if model.handle_unknown != "error"
        else np.full(rows.shape[1], np.nan)
    )
    if rare is not None and model.handle_unknown in ("infrequent_if_exist", "warn"):
        unseen = np.append(np.zeros(rows.shape[1] - 1), 1.0)
    kept = np.ones(rows.shape[1], dtype=bool)
    dropped = getattr(model, "_drop_idx_after_grouping", model.drop_idx_)
    if dropped is not None and dropped[j] is not None:
        kept[int(dropped[j])] = False
    return lookup(levels, rows[:, kept], unseen[kept], unseen[kept])


def _ordinal(model: Any) -> list[Motif]:
    """Numbers of levels; all rare ones share the last number."""
    unseen = np.array(
        [np.nan if model.handle_unknown == "error" else model.unknown_value], dtype=np.float64
    )
    return [
        side_by_side(
            [
                Chain([Select([j]), _numbers(model, j, unseen)])
                for j in range(len(model.categories_))
            ]
        )
    ]


def _numbers(model: Any, j: int, unseen: Any) -> Motif:
    levels = model.categories_[j]
    rows = np.arange(len(levels), dtype=np.float64)[:, None]
    grouped = (
        model._default_to_infrequent_mappings[j]
        if getattr(model, "_infrequent_enabled", False)
        else None
    )
    if grouped is not None:  # a missing level is in no group
        rows[: len(grouped), 0] = grouped
    if len(levels) and is_missing(levels[-1]):
        rows[-1] = model.encoded_missing_value
    return lookup(levels, rows, unseen, unseen)


def _target(model: Any) -> list[Motif]:
    """The mean of the target of each level; for several classes a column for each of them."""
    K = len(model.classes_) if model.target_type_ == "multiclass" else 1
    blocks: list[Motif] = []
    for j, levels in enumerate(model.categories_):
        rows = np.column_stack([model.encodings_[j * K + k] for k in range(K)])
        mean = np.broadcast_to(np.asarray(model.target_mean_, dtype=np.float64), K)
        blocks.append(Chain([Select([j]), lookup(levels, rows, mean, mean)]))
    return [side_by_side(blocks)]


def _label_numbers(model: Any) -> list[Motif]:
    unseen = np.array([np.nan])
    return [
        lookup(
            model.classes_,
            np.arange(len(model.classes_), dtype=np.float64)[:, None],
            unseen,
            unseen,
        )
    ]


def _label_indicators(model: Any) -> list[Motif]:
    """A column for each class, or only the second of two; an unseen label is none of them."""
    if model.y_type_ == "multilabel-indicator":  # indicators already, of other numbers
        two = np.array([[model.neg_label], [model.pos_label]], dtype=np.float64)
        unknown = np.array([np.nan])
        return [
            side_by_side(
                [
                    Chain([Select([j]), lookup([0, 1], two, unknown, unknown)])
                    for j in range(len(model.classes_))
                ]
            )
        ]
    if model.y_type_ not in ("binary", "multiclass"):
        raise UsageError(
            f"There is no transfer for LabelBinarizer of a target of the kind "
            f"{model.y_type_!r}. Fit it on labels or their indicators."
        )
    rows = np.eye(len(model.classes_))[:, 1 if model.y_type_ == "binary" else 0 :]
    other = np.full(rows.shape[1], float(model.neg_label))
    return [
        lookup(
            model.classes_,
            np.where(rows > 0, float(model.pos_label), float(model.neg_label)),
            other,
            other,
        )
    ]


def encoder_network(encoder: Encoder) -> Motif:
    """The network from raw columns, with levels as codes, to the matrix of `Encoder.transform`."""
    blocks = [
        Chain([Select([j]), _feature(feature)])
        for j, feature in enumerate(encoder.features)
        if feature.names
    ]
    return (
        side_by_side(blocks) if blocks else Chain([Select([0]), Fill(tensor([0.0])), scaled([0.0])])
    )


@singledispatch
def _feature(feature: Feature) -> Motif:
    raise UsageError(
        f"Column {feature.name!r} is a {type(feature).__name__}, which has no "
        "network. Turn it into numbers first."
    )


@_feature.register
def _(feature: Numeric) -> Motif:
    parts: list[Motif] = []
    if feature.sd:
        parts.append(
            Chain([*shifted([1 / feature.sd], -feature.mean), *_clipped(), Fill(tensor([0.0]))])
        )
    if feature.gap_sd:
        parts.append(
            Chain([Gaps(), *shifted([1 / feature.gap_sd], -feature.gap_mean), *_clipped()])
        )
    return side_by_side(parts)


def _clipped() -> list[Motif]:
    return [Clip(tensor([-LIMIT]), tensor([LIMIT]))]


@_feature.register(OneHot)
@_feature.register(TargetMean)
def _(feature: OneHot | TargetMean) -> Motif:
    *rows, unseen = feature.table
    return lookup(feature.levels, np.array(rows).reshape(len(rows), -1), unseen, unseen)


ENCODERS: dict[str, Transfer] = {
    "LabelBinarizer": _label_indicators,
    "LabelEncoder": _label_numbers,
    "OneHotEncoder": _one_hot,
    "OrdinalEncoder": _ordinal,
    "TargetEncoder": _target,
}
