"""Made-up rows in the columns of a fit: values around the mean of each, its levels, levels that it has not seen, and gaps.

They show whether a loaded model computes and whether an exported one agrees, where no table of the user is at hand.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.tables import GAP, Calendar, Column, Encoder, Feature, Numeric, OneHot, Schema, Table, TargetMean

_GAPS, _UNSEEN = 0.1, 0.1
_UNSEEN_LEVEL: dict[str, Any] = {"str": "a level that no fit has seen", "int": 2**53 + 1, "float": 0.123456789e-30, "bool": None}


def made_up(encoder: Encoder, schema: Schema, n: int, seed: int = 0) -> Table:
    """n rows, the same for the same seed."""
    rng = np.random.default_rng(seed)
    parts = zip(encoder.features, schema.names, schema.kinds, schema.level_types, strict=True)
    columns = [Column(name, kind, _draw(feature, rng, n, level_type), level_type) for feature, name, kind, level_type in parts]
    return Table(tuple(columns), n, schema.named)


def joined(first: Table, second: Table) -> Table:
    """The rows of two tables with the same columns."""
    pairs = zip(first.columns, second.columns, strict=True)
    columns = [Column(a.name, a.kind, np.concatenate([a.values, b.values]), a.level_type) for a, b in pairs]
    return Table(tuple(columns), first.n + second.n, first.named)


@singledispatch
def _draw(feature: Feature, rng: np.random.Generator, n: int, level_type: str | None) -> NDArray[Any]:
    raise TypeError(f"no rows can be made up for {type(feature).__name__}")


@_draw.register
def _(feature: Numeric, rng: np.random.Generator, n: int, level_type: str | None) -> NDArray[Any]:
    if feature.boolean:
        values = rng.integers(0, 2, n).astype(np.float64)
    else:
        values = np.clip(feature.mean + (feature.sd or 0.0) * _spread(rng, n), -1e300, 1e300)
    return np.where(rng.random(n) < _GAPS, np.nan, values)


@_draw.register
def _(feature: Calendar, rng: np.random.Generator, n: int, level_type: str | None) -> NDArray[Any]:
    has_time = "time" in feature.parts
    mean, sd = (feature.mean[feature.parts.index("time")], feature.sd[feature.parts.index("time")]) if has_time else (1e15, 1e14)
    values = np.clip(mean + sd * _spread(rng, n), -(2.0**62), 2.0**62).astype(np.int64)
    return np.where(rng.random(n) < _GAPS, GAP, values)


@_draw.register(OneHot)
@_draw.register(TargetMean)
def _(feature: OneHot | TargetMean, rng: np.random.Generator, n: int, level_type: str | None) -> NDArray[Any]:
    choices = np.array([None, _UNSEEN_LEVEL[level_type or "str"], *(level for level in feature.levels if level is not None)], dtype=object)
    chosen = rng.integers(2, len(choices), n) if len(choices) > 2 else np.zeros(n, dtype=np.int64)
    lot = rng.random(n)
    return choices[np.where(lot < _GAPS, 0, np.where(lot < _GAPS + _UNSEEN, 1, chosen))]


def _spread(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Mostly standard normal, some values far out, where the encoder clips."""
    return rng.standard_normal(n) * rng.choice([0.3, 1.0, 1.0, 20.0], n)
