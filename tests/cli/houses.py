"""A table with a column of every kind, for the commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def houses(n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    area, town = rng.uniform(40, 200, n).round(1), rng.choice(["Bern", "Chur", "=SUM(A1)"], n)
    built = pd.to_datetime("2000-01-01") + pd.to_timedelta(rng.integers(0, 8_000, n), unit="D")
    price = 3 * area + 50 * (town == "Bern") + rng.normal(0, 5, n)
    frame = pd.DataFrame(
        {
            "house": [f"{i:04d}" for i in range(n)],
            "area": area,
            "town": town,
            "garden": rng.random(n) < 0.5,
            "built": built,
            "price": price,
        }
    )
    frame.loc[3, "area"] = None
    frame["sold"] = np.where(price > np.median(price), "late", "soon")
    return frame


def read(path: Path | str) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"house": str})
