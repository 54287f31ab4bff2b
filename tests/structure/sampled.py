"""A table, and rows as a detector takes them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motifnet.engine import Matrix
from motifnet.structure import (
    Rows,
    as_rows,
)


def rows_of(X: Matrix, y: Matrix, seed: int = 0) -> Rows:
    return as_rows(X, y, classes=False, most=10_000, seed=seed)


def table(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.random(n),
            "b": rng.random(n),
            "town": rng.choice(["x", "y", "z"], n),
            "flag": rng.random(n) < 0.5,
        }
    )
    frame["target"] = (
        np.sin(4 * frame.a) + frame.b * (frame.town == "x") + 0.2 * rng.standard_normal(n)
    )
    frame.loc[3, "b"] = np.nan
    return frame
