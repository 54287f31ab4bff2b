"""Six columns of one law, and targets that may change when columns are exchanged.

    noise    y = ε
    none     f = x₀ + .5 x₁ − x₂ + x₃ x₄: every exchange changes it
    weak     f = |x₀ + x₁ + x₂| + .15 (x₀ − x₁): exchanges of x₀, x₁, x₂ nearly leave it alone
    exact    f = |x₀ + x₁ + x₂|

with normal noise of sd .5 (1 for the first).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

KINDS = ("noise", "none", "weak", "exact")
NEW_ROWS = 4_000
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Rows of a fit; new rows with the mean of their target; the sd of the noise."""

    X: pd.DataFrame
    y: Vector
    new_X: pd.DataFrame
    new_mean: Vector
    noise: float


def draw(kind: str, seed: int, n: int) -> Case:
    """A table of n rows."""
    rng = np.random.default_rng([15, seed, n])
    X, new = rng.normal(size=(n, 6)), rng.normal(size=(NEW_ROWS, 6))
    noise = 1.0 if kind == "noise" else 0.5
    frames = [pd.DataFrame(rows).add_prefix("x") for rows in (X, new)]
    return Case(
        frames[0], _mean(kind, X) + noise * rng.normal(size=n), frames[1], _mean(kind, new), noise
    )


def _mean(kind: str, X: Vector) -> Vector:
    if kind == "noise":
        return np.zeros(len(X))
    if kind == "none":
        return X[:, 0] + 0.5 * X[:, 1] - X[:, 2] + X[:, 3] * X[:, 4]
    return np.abs(X[:, :3].sum(1)) + (0.15 * (X[:, 0] - X[:, 1]) if kind == "weak" else 0)
