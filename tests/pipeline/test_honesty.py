"""Honest scores of whole fits: where the target is noise, or an effect of groups or of moments that
no other row knows, nothing looks learned.

In the fast suite capacities are small, so that few rows lie on both sides of them; in the slow one
they are those of the presets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import Matrix, MotifnetWarning
from motifnet.kernels import Capacity
from motifnet.pipeline import PRESETS
from tests.shared.leak_cases import drawn, shrunk

SMALL = Capacity(exact_rows=200, landmarks=100)
# 1.4 standard errors over groups above nothing: chance does that in one
# of forty tables, and a test that forbade it would give up true signals
MISSED = pytest.mark.xfail(
    reason="a table of 108 rows in 13 groups claims .2 to .4, by both presets", strict=True
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fast", "balanced"):
        monkeypatch.setitem(PRESETS, name, shrunk(name, SMALL))
    monkeypatch.setattr("motifnet.training._loss_refit.CAPACITY", SMALL)


def noise_table(seed: int, least: int, most: int) -> tuple[pd.DataFrame, Matrix, np.ndarray | None]:
    """Numbers, and a category with 3 to 2,000 levels; every fourth table has groups whose effect
    the category or a number gives away.
    """
    rng = np.random.default_rng(seed)
    n = int(np.exp(rng.uniform(np.log(least), np.log(most))))
    levels = (3, 20, 200, 2000)[seed % 4]
    X = pd.DataFrame(rng.normal(size=(n, int(rng.integers(1, 6)))), columns=None).add_prefix("x")
    X["level"] = [f"l{v}" for v in rng.integers(0, levels, n)]
    if seed % 4 != 3:
        return X, rng.normal(size=n), None
    groups = rng.integers(0, max(10, n // 8), n)
    X["near"] = rng.normal(size=groups.max() + 1)[groups]
    X["level"] = [f"g{g}" for g in groups]
    return X, rng.normal(size=groups.max() + 1)[groups] + 0.3 * rng.normal(size=n), groups


def explained(model: Any, y: Matrix, scored: Any = slice(None)) -> float:
    """Share of the variance, or of the entropy of the classes, of the rows that are scored which
    the out-of-fold error of the kept model explains.
    """
    error, rows = min(row.error for row in model.ledger_ if row.kept), y[scored]
    if isinstance(model, MotifRegressor):
        return float(1 - error**2 * y.var() / rows.var())
    share = rows.mean()
    return float(1 + error / (share * np.log(share) + (1 - share) * np.log(1 - share)))


def of_noise(seed: int, preset: str, least: int, most: int) -> float:
    X, y, groups = noise_table(seed, least, most)
    return explained(MotifRegressor(preset=preset).fit(X, y, groups=groups), y)


def of_copies(kind: str, n: int, seed: int, preset: str, classes: bool) -> float:
    d = drawn(kind, n, seed, size=4 if n >= 400 else 2, new=0)
    # rows of the first block are not scored
    first = n // (PRESETS[preset].n_folds(n) + 1) if kind == "time" else 0
    estimator, y = (
        (MotifClassifier, (d.y > np.median(d.y)).astype(int)) if classes else (MotifRegressor, d.y)
    )
    return explained(estimator(preset=preset).fit(d.X, y, **d.beside), y, slice(first, None))


def check_nothing(scores: list[float], mean: float = 0.0) -> None:
    assert np.mean(scores) <= mean + 1e-9 and max(scores) <= 0.05, np.round(scores, 3)


@pytest.mark.usefixtures("small")
def test_pure_noise_below_and_above_a_small_capacity() -> None:
    check_nothing([of_noise(seed, "fast", 60, 600) for seed in range(8)], mean=0.02)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("classes", [False, True], ids=["values", "classes"])
@pytest.mark.parametrize("kind", ["groups", "time"])
def test_copies_below_and_above_a_small_capacity(kind: str, classes: bool) -> None:
    check_nothing(
        [of_copies(kind, n, seed, "fast", classes) for seed, n in enumerate((180, 400, 400))],
        mean=0.02,
    )


@pytest.mark.usefixtures("small")
def test_copies_that_nobody_keeps_apart_look_learned() -> None:
    """That the tests above can fail."""
    assert of_copies("plain", 400, 0, "fast", False) > 0.3


@pytest.mark.usefixtures("small")
def test_copies_above_a_small_capacity_with_a_last_layer_on_all_rows() -> None:
    assert of_copies("groups", 300, 0, "balanced", False) <= 0.05


@pytest.mark.parametrize("classes", [False, True], ids=["values", "classes"])
@pytest.mark.parametrize("n", [400, 1_400, 8_200])
def test_rows_entered_twice_are_no_news(n: int, classes: bool) -> None:
    """All rows of noise stand twice. Below and above the number of rows of which some folds, and
    one fold, are scored.
    """
    rng = np.random.default_rng(n)
    X = np.tile(rng.normal(size=(n // 2, 3)), (2, 1))
    y = np.tile(rng.normal(size=n // 2), 2)
    estimator, target = (MotifClassifier, (y > 0).astype(int)) if classes else (MotifRegressor, y)
    with pytest.warns(MotifnetWarning, match="rows are copies of another one"):
        model = estimator(preset="fast").fit(X, target)
    assert explained(model, target) <= 0.02


def test_rows_entered_twice_and_kept_apart_look_learned() -> None:
    """That the test above can fail."""
    rng = np.random.default_rng(0)
    X, y = np.tile(rng.normal(size=(200, 3)), (2, 1)), np.tile(rng.normal(size=200), 2)
    with pytest.warns(MotifnetWarning, match="rows have a twin"):
        model = MotifRegressor(preset="fast").fit(X, y, groups=np.arange(400))
    assert explained(model, y) > 0.3


@pytest.mark.filterwarnings("ignore:.*outside the range")
@pytest.mark.slow
@pytest.mark.timeout(14_400)
@MISSED
@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_pure_noise_on_forty_tables(preset: str) -> None:
    check_nothing([of_noise(seed, preset, 60, 6_000) for seed in range(40)], mean=0.001)


SIZES = {"fast": {400: 8, 1_600: 8, 5_000: 4, 15_000: 2}, "balanced": {400: 6, 1_600: 6, 5_000: 2}}


@pytest.mark.filterwarnings("ignore:.*outside the range")
@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("classes", [False, True], ids=["values", "classes"])
@pytest.mark.parametrize("kind", ["groups", "time"])
@pytest.mark.parametrize(
    ("preset", "n"), [(preset, n) for preset, sizes in SIZES.items() for n in sizes]
)
def test_copies_below_and_above_each_threshold(
    preset: str, n: int, kind: str, classes: bool
) -> None:
    check_nothing(
        [of_copies(kind, n, seed, preset, classes) for seed in range(SIZES[preset][n])], mean=0.005
    )
