"""One table of every kind of column, and a fit to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifRegressor


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Numbers, gaps, categories, dates, booleans and a target."""
    rng = np.random.default_rng(0)
    n = 150
    t = pd.DataFrame(
        {
            "size": rng.normal(100, 20, n),
            "rooms": rng.integers(1, 6, n),
            "town": rng.choice(["Uji", "Nara", "Kobe"], n),
            "new": rng.random(n) < 0.3,
            "sold": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
        }
    )
    t["price"] = (
        3 * t["size"] + 20 * t["rooms"] * (t["town"] == "Uji") + 40 * t["new"] + rng.normal(0, 5, n)
    )
    t.loc[::17, "size"] = np.nan
    t.loc[5::23, "town"] = None
    return t


@pytest.fixture(scope="session")
def fitted(table: pd.DataFrame) -> MotifRegressor:
    return MotifRegressor(preset="fast").fit(table.drop(columns="price"), table["price"])
