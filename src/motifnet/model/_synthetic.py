"""Synthetic rows, for checks without a table of the user.

They show whether a loaded model computes and whether an exported one agrees.

`synthetic` draws rows in the columns of a fit: values around the mean of each column, known levels,
unseen levels and missing values.

`rows_for` draws rows of a bare network, which has no encoder. Centres, thresholds, knots and limits
of motifs that see all d columns lie where the data lie. Each column is drawn from its own such
values, half of them moved a little, so that both sides of thresholds and all pieces occur. A column
without such values is standard normal.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.motifs import Clip, Distance, Hinge, Motif, TreeEnsemble
from motifnet.tables import (
    GAP,
    Calendar,
    Column,
    Encoder,
    Feature,
    Numeric,
    OneHot,
    Schema,
    Table,
    TargetMean,
)

UNSEEN_LEVEL: dict[str, Any] = {
    "str": "a level that no fit has seen",
    "int": 2**53 + 1,
    "float": 0.123456789e-30,
    "bool": None,
}
_MISSING, _UNSEEN = 0.1, 0.1  # shares of the values of a column


def rows_for(network: Motif, d: int, n: int = 1000) -> Matrix:
    """Rows with shape (n, d); equal networks have equal rows."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d)) * rng.choice([0.3, 1.0, 1.0, 3.0], (n, 1))
    for j, values in enumerate(_values(network, d)):
        if len(values):
            drawn, spread = rng.choice(values, n), values.std() or abs(float(values[0])) or 1.0
            X[:, j] = np.where(rng.random(n) < 0.5, drawn, drawn + 0.1 * spread * X[:, j])
    return X


def _values(network: Motif, d: int) -> list[Matrix]:
    """The known values of each of the d columns: where the data lie."""
    found: list[list[Matrix]] = [[] for _ in range(d)]
    for motif in network.modules():
        for j, values in _known(motif, d):
            found[j].append(values[np.isfinite(values)])
    return [np.concatenate(parts) if parts else np.empty(0) for parts in found]


def _known(motif: object, d: int) -> Iterator[tuple[int, Matrix]]:
    if isinstance(motif, Distance) and motif.centres.shape[1] == d:
        yield from enumerate(motif.centres.detach().double().numpy().T)
    elif isinstance(motif, Hinge) and len(motif.knots) == d:
        yield from enumerate(motif.knots.detach().double().numpy())
    elif isinstance(motif, Clip) and motif.low.shape == motif.high.shape == (d,):
        yield from enumerate(np.stack([motif.low.double().numpy(), motif.high.double().numpy()], 1))
    elif isinstance(motif, TreeEnsemble):
        inner, feature = motif.left.numpy() != np.arange(len(motif.left)), motif.feature.numpy()
        threshold = motif.threshold.double().numpy()
        yield from ((j, threshold[inner & (feature == j)]) for j in range(d))


def synthetic(encoder: Encoder, schema: Schema, n: int, seed: int = 0) -> Table:
    """A table of n rows; equal seeds give equal rows."""
    rng = np.random.default_rng(seed)
    parts = zip(encoder.features, schema.names, schema.kinds, schema.level_types, strict=True)
    columns = [
        Column(name, kind, _draw(feature, rng, n, level_type), level_type)
        for feature, name, kind, level_type in parts
    ]
    return Table(tuple(columns), n, schema.named)


def joined(first: Table, second: Table) -> Table:
    """The rows of two tables with the same columns."""
    pairs = zip(first.columns, second.columns, strict=True)
    columns = [
        Column(a.name, a.kind, np.concatenate([a.values, b.values]), a.level_type) for a, b in pairs
    ]
    return Table(tuple(columns), first.n + second.n, first.named)


@singledispatch
def _draw(
    feature: Feature, rng: np.random.Generator, n: int, level_type: str | None
) -> NDArray[Any]:
    raise TypeError(f"there are no synthetic values of a {type(feature).__name__}")


@_draw.register
def _(feature: Numeric, rng: np.random.Generator, n: int, level_type: str | None) -> NDArray[Any]:
    if feature.boolean:
        values = rng.integers(0, 2, n).astype(np.float64)
    else:
        values = np.clip(feature.mean + (feature.sd or 0.0) * _spread(rng, n), -1e300, 1e300)
    return np.where(rng.random(n) < _MISSING, np.nan, values)


@_draw.register
def _(feature: Calendar, rng: np.random.Generator, n: int, level_type: str | None) -> NDArray[Any]:
    has_time = "time" in feature.parts
    mean, sd = (
        (feature.mean[feature.parts.index("time")], feature.sd[feature.parts.index("time")])
        if has_time
        else (1e15, 1e14)
    )
    values = np.clip(mean + sd * _spread(rng, n), -(2.0**62), 2.0**62).astype(np.int64)
    return np.where(rng.random(n) < _MISSING, GAP, values)


@_draw.register(OneHot)
@_draw.register(TargetMean)
def _(
    feature: OneHot | TargetMean, rng: np.random.Generator, n: int, level_type: str | None
) -> NDArray[Any]:
    choices = np.array(
        [
            None,
            UNSEEN_LEVEL[level_type or "str"],
            *(level for level in feature.levels if level is not None),
        ],
        dtype=object,
    )
    chosen = rng.integers(2, len(choices), n) if len(choices) > 2 else np.zeros(n, dtype=np.int64)
    lot = rng.random(n)
    return choices[np.where(lot < _MISSING, 0, np.where(lot < _MISSING + _UNSEEN, 1, chosen))]


def _spread(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Values with shape (n,): mostly standard normal, some where the encoder clips."""
    return rng.standard_normal(n) * rng.choice([0.3, 1.0, 1.0, 20.0], n)
