"""Encoders of levels: a table for each column. What an encoder refuses, a level that it has not seen, becomes NaN, which no network hides."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry.fitted._codes import is_missing, lookup
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import beside
from motifnet.motifs import Chain, Motif, Select


def _one_hot(model: Any) -> list[Motif]:
    """Indicators of levels; `drop`, rare levels and unseen ones as the encoder has them."""
    return [beside([Chain([Select([j]), _indicators(model, j)]) for j in range(len(model.categories_))])]


def _indicators(model: Any, j: int) -> Motif:
    levels, rare = model.categories_[j], (getattr(model, "infrequent_categories_", None) or [None] * (j + 1))[j]
    rows = np.eye(len(levels))
    if rare is not None:
        is_rare = np.array([any(level is other or level == other or (is_missing(level) and is_missing(other)) for other in rare) for level in levels])
        rows = np.column_stack([rows[:, ~is_rare], is_rare.astype(np.float64)])
    unseen = np.zeros(rows.shape[1]) if model.handle_unknown != "error" else np.full(rows.shape[1], np.nan)
    if rare is not None and model.handle_unknown in ("infrequent_if_exist", "warn"):
        unseen = np.append(np.zeros(rows.shape[1] - 1), 1.0)
    kept = np.ones(rows.shape[1], dtype=bool)
    dropped = getattr(model, "_drop_idx_after_grouping", model.drop_idx_)
    if dropped is not None and dropped[j] is not None:
        kept[int(dropped[j])] = False
    return lookup(levels, rows[:, kept], unseen[kept], unseen[kept])


def _ordinal(model: Any) -> list[Motif]:
    """Numbers of levels; all rare ones have the number behind the others."""
    unseen = np.array([np.nan if model.handle_unknown == "error" else model.unknown_value], dtype=np.float64)
    return [beside([Chain([Select([j]), _numbers(model, j, unseen)]) for j in range(len(model.categories_))])]


def _numbers(model: Any, j: int, unseen: Any) -> Motif:
    levels = model.categories_[j]
    rows = np.arange(len(levels), dtype=np.float64)[:, None]
    grouped = model._default_to_infrequent_mappings[j] if getattr(model, "_infrequent_enabled", False) else None
    if grouped is not None:  # a missing level is in no group
        rows[: len(grouped), 0] = grouped
    if len(levels) and is_missing(levels[-1]):
        rows[-1] = model.encoded_missing_value
    return lookup(levels, rows, unseen, unseen)


def _target(model: Any) -> list[Motif]:
    """The mean of the target of each level; classes: a column a class, for each column of levels."""
    K = len(model.classes_) if model.target_type_ == "multiclass" else 1
    blocks: list[Motif] = []
    for j, levels in enumerate(model.categories_):
        rows = np.column_stack([model.encodings_[j * K + k] for k in range(K)])
        mean = np.broadcast_to(np.asarray(model.target_mean_, dtype=np.float64), K)
        blocks.append(Chain([Select([j]), lookup(levels, rows, mean, mean)]))
    return [beside(blocks)]


def _label_numbers(model: Any) -> list[Motif]:
    unseen = np.array([np.nan])
    return [lookup(model.classes_, np.arange(len(model.classes_), dtype=np.float64)[:, None], unseen, unseen)]


def _label_indicators(model: Any) -> list[Motif]:
    """A column a class, of two classes the second alone; none of them for a label that it has not seen."""
    if model.y_type_ == "multilabel-indicator":  # indicators already, of other numbers
        two, unknown = np.array([[model.neg_label], [model.pos_label]], dtype=np.float64), np.array([np.nan])
        return [beside([Chain([Select([j]), lookup([0, 1], two, unknown, unknown)]) for j in range(len(model.classes_))])]
    if model.y_type_ not in ("binary", "multiclass"):
        raise UsageError(f"There is no transfer for LabelBinarizer of a target of the kind {model.y_type_!r}. Fit it on labels or their indicators.")
    rows = np.eye(len(model.classes_))[:, 1 if model.y_type_ == "binary" else 0 :]
    other = np.full(rows.shape[1], float(model.neg_label))
    return [lookup(model.classes_, np.where(rows > 0, float(model.pos_label), float(model.neg_label)), other, other)]


ENCODERS: dict[str, Transfer] = {
    "LabelBinarizer": _label_indicators,
    "LabelEncoder": _label_numbers,
    "OneHotEncoder": _one_hot,
    "OrdinalEncoder": _ordinal,
    "TargetEncoder": _target,
}
