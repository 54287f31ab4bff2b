"""A feature: how one raw column becomes columns of the matrix.

Every feature is a frozen dataclass whose fields are plain JSON values, tuples of them, or float64 arrays; so its state is the dict of its fields.
Every column that comes out is standardised, (x − mean) / sd with the weighted moments of the fit, and clipped to [−8, 8];
a constant column is left out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column
from motifnet.tables._sample import Matrix

LIMIT = 8.0
FEATURES: dict[str, type[Feature]] = {}


@dataclass(frozen=True, eq=False)
class Feature(ABC):
    """Encodes the column `name`."""

    name: str

    def __init_subclass__(cls) -> None:
        FEATURES[cls.__name__] = cls

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the k columns that come out; k may be 0."""

    @property
    @abstractmethod
    def numeric(self) -> NDArray[np.bool_]:
        """True, with shape (k,), where a column is a number and False where it indicates a category or a gap."""

    @abstractmethod
    def encode(self, column: Column) -> Matrix:
        """The columns with shape (n, k)."""

    def to_state(self) -> dict[str, Any]:
        """The fields, tuples as lists, and the kind of the feature: plain JSON and float64 arrays."""
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"feature": type(self).__name__} | {key: list(v) if isinstance(v, tuple) else v for key, v in state.items()}

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Feature:
        """The feature that `to_state` described."""
        arguments: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in state.items() if key != "feature"}
        return FEATURES[state["feature"]](**arguments)


def moments(x: Matrix, weight: Matrix) -> tuple[float, float]:
    """Weighted mean and standard deviation of x with shape (n,); sd is exactly 0 where x is constant.

    Computed from x / 2^e, which is exact and below 1, so that nothing overflows; the mean in two passes, so that only its last bit depends on
    the order of the rows.
    """
    if x.size == 0 or x.min() == x.max():
        return (float(x[0]) if x.size else 0.0), 0.0
    exponent = int(np.frexp(np.abs(x).max())[1])
    z, total = np.ldexp(x, -exponent), float(weight.sum())
    mean = float(weight @ z) / total
    mean += float(weight @ (z - mean)) / total
    sd = float(np.sqrt(weight @ (z - mean) ** 2 / total))
    return float(np.ldexp(mean, exponent)), float(np.ldexp(sd, exponent))


def standardise(x: Matrix, mean: float | Matrix, sd: float | Matrix) -> Matrix:
    """(x − mean) / sd, clipped; an overflow ends at the limit too."""
    with np.errstate(over="ignore"):
        z = (x - mean) / sd
    return np.clip(z, -LIMIT, LIMIT)
