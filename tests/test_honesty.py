"""Honest scores: on tables whose target is pure noise, nothing may look as if it had been learned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifRegressor
from motifnet.tables import Matrix


def noise_table(seed: int) -> tuple[pd.DataFrame, Matrix, np.ndarray | None]:
    """Numbers, and a category with 3 to 2,000 levels; every fourth table has groups whose effect the category or a number gives away."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(150, 600))
    levels = (3, 20, 200, 2000)[seed % 4]
    X = pd.DataFrame(rng.normal(size=(n, int(rng.integers(1, 6)))), columns=None).add_prefix("x")
    X["level"] = [f"l{v}" for v in rng.integers(0, levels, n)]
    if seed % 4 != 3:
        return X, rng.normal(size=n), None
    groups = rng.integers(0, n // 8, n)
    X["near"] = rng.normal(size=n // 8)[groups]
    X["level"] = [f"g{g}" for g in groups]
    return X, rng.normal(size=n // 8)[groups] + 0.3 * rng.normal(size=n), groups


def out_of_fold_r2(seed: int, preset: str) -> float:
    X, y, groups = noise_table(seed)
    model = MotifRegressor(preset=preset).fit(X, y, groups=groups)
    return 1 - min(row.error for row in model.ledger_ if row.kept) ** 2


def test_pure_noise_quick() -> None:
    r2 = [out_of_fold_r2(seed, "fast") for seed in range(8)]
    assert max(r2) <= 0.05


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_pure_noise_on_forty_tables(preset: str) -> None:
    r2 = np.array([out_of_fold_r2(seed, preset) for seed in range(40)])
    assert r2.mean() <= 0.0, np.round(r2, 3)
    assert r2.max() <= 0.05, np.round(r2, 3)
