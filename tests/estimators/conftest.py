"""Short presets where only their order matters, and one table with a fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifRegressor
from motifnet.pipeline import PRESETS
from tests.shared.short_presets import short


@pytest.fixture(params=["short", pytest.param("whole", marks=pytest.mark.slow)])
def training(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default preset with every stage of it: no convention depends on the number of folds, or
    of the steps of a training.
    """
    if request.param == "short":
        monkeypatch.setitem(PRESETS, "balanced", short("balanced"))


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
