"""Conditional moments: errors to the truth, bands, tests, words, and conventions."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.kernel_approximation import Nystroem
from sklearn.svm import SVR

from motifnet import mimic
from motifnet.engine import Matrix, MotifnetWarning
from motifnet.moments import ConditionalMomentRegressor, DensityRatio, KernelIV, SieveTSLS

Function = Callable[[Matrix], Matrix]
GRID = np.linspace(-1.8, 1.8, 61)[:, None]


def design(
    f: Function = np.sin, n: int = 500, seed: int = 0, strength: float = 0.5
) -> tuple[Matrix, Matrix, Matrix]:
    """x depends on the error of y, and on Z by the strength."""
    rng = np.random.default_rng(seed)
    Z, e = rng.uniform(-3, 3, (n, 2)), rng.normal(size=n)
    x = strength * Z[:, 0] + 0.5 * e + 0.1 * rng.normal(size=n)
    return x[:, None], f(x) + e, Z


@cache
def fitted() -> ConditionalMomentRegressor:
    return ConditionalMomentRegressor(n_centers=80).fit(*design())


def error(model: Any, f: Function = np.sin) -> float:
    return float(np.mean((model.predict(GRID) - f(GRID[:, 0])) ** 2))


@pytest.mark.parametrize("f", [np.abs, np.sin], ids=["abs", "sin"])
def test_instruments_remove_the_confounding(f: Function) -> None:
    X, y, Z = design(f)
    direct = error(SieveTSLS().fit(X, y, X), f)  # a regression of y on X
    ours = error(ConditionalMomentRegressor(n_centers=80).fit(X, y, Z), f)
    assert ours < 0.25 * direct
    assert error(SieveTSLS().fit(X, y, Z), f) < 0.25 * direct
    wrong = ConditionalMomentRegressor(n_centers=80).fit(X, y, X)
    assert error(wrong, f) > 2 * ours  # an experiment that can fail: x called exogenous


def test_kernel_iv_removes_the_confounding() -> None:
    X, y, Z = design(n=800)
    assert error(KernelIV().fit(X, y, Z)) < 0.1


def test_quantiles_with_instruments() -> None:
    X, e, Z = design(lambda x: 0 * x)
    y = np.sin(X[:, 0]) + (1 + 0.4 * np.tanh(X[:, 0])) * e
    model = ConditionalMomentRegressor("quantile", n_centers=80, level=0.75).fit(X, y, Z)

    def truth(x: Matrix) -> Matrix:
        return np.asarray(np.sin(x) + (1 + 0.4 * np.tanh(x)) * ndtri(0.75))

    exogenous = ConditionalMomentRegressor("quantile", n_centers=80, level=0.75)
    exogenous.fit(X, y, X)
    assert error(model, truth) < 0.5 * error(exogenous, truth)
    assert np.mean(y <= model.predict(X)) == pytest.approx(0.75, abs=0.02)
    low, high = model.predict_band(GRID).T
    assert np.mean((low <= truth(GRID[:, 0])) & (truth(GRID[:, 0]) <= high)) > 0.7
    assert model.converged_


def test_a_moment_of_the_user() -> None:
    X, e, Z = design(lambda x: 0 * x, n=800)
    y = np.exp(0.5 * np.sin(X[:, 0]) + 0.4 * e - 0.08)  # E[y exp(−f) | Z] = 1

    def multiplicative(y: Matrix, f: Matrix) -> Matrix:
        return np.asarray(y * np.exp(-np.clip(f, -20, 20)) - 1)

    model = ConditionalMomentRegressor(multiplicative, n_centers=80).fit(X, y, Z)
    assert error(model, lambda x: 0.5 * np.sin(x)) < 0.03
    assert model.converged_


def test_a_moment_written_as_a_function_is_that_moment() -> None:
    X, y, Z = design()
    same = ConditionalMomentRegressor(lambda y, f: y - f, n_centers=80).fit(X, y, Z)
    np.testing.assert_allclose(same.predict(GRID), fitted().predict(GRID), atol=0.1)


def test_moments_of_the_fit_are_near_zero() -> None:
    Z = design()[2]
    right = np.mean(fitted().moment_residual(Z) ** 2)
    assert right < 0.02
    linear = ConditionalMomentRegressor(model="linear", n_centers=80).fit(*design(np.abs))
    assert np.mean(linear.moment_residual(Z) ** 2) > 3 * right  # |x| is not linear
    assert linear.overidentification_test().restrictions == 1


@pytest.mark.parametrize("f", [np.abs, np.sin], ids=["abs", "sin"])
def test_bands_hold_the_function(f: Function) -> None:
    inside = []
    for seed in range(12):
        low, high = SieveTSLS().fit(*design(f, seed=seed)).predict_band(GRID, 0.9).T
        inside.append(np.mean((low <= f(GRID[:, 0])) & (f(GRID[:, 0]) <= high)))
    assert 0.75 < np.mean(inside) < 0.99


def test_bands_are_nested_and_around_the_prediction() -> None:
    narrow, wide = fitted().predict_band(GRID, 0.5), fitted().predict_band(GRID, 0.95)
    assert (wide[:, 0] < narrow[:, 0]).all()
    assert (narrow[:, 1] < wide[:, 1]).all()
    np.testing.assert_allclose(wide.mean(1), fitted().predict(GRID))


def test_weak_instruments_are_said_and_widen_the_band() -> None:
    widths, ranks = [], []
    for strength in (0.5, 0.2):
        model = ConditionalMomentRegressor(n_centers=80).fit(*design(n=800, strength=strength))
        assert not model.identification_.weak
        widths.append(np.mean(np.diff(model.predict_band(GRID))))
        ranks.append(model.identification_.effective_rank)
    with pytest.warns(MotifnetWarning, match="Weak instruments.*F = .*below 10"):
        model = ConditionalMomentRegressor(n_centers=80).fit(*design(n=800, strength=0.0))
    widths.append(np.mean(np.diff(model.predict_band(GRID))))
    ranks.append(model.identification_.effective_rank)
    assert widths[0] < widths[1] < 0.5 * widths[2]
    assert ranks[0] > ranks[1] > ranks[2]
    assert "directions of f" in str(fitted().identification_)


def test_the_test_keeps_its_level_and_finds_an_invalid_instrument() -> None:
    from test_moments import linear_design

    def rejects(valid: bool, seed: int) -> bool:
        model = SieveTSLS("linear", random_state=seed).fit(*linear_design(200, valid, seed))
        return bool(model.overidentification_test(199).p_value <= 0.05)

    assert np.mean([rejects(True, seed) for seed in range(100)]) <= 0.11
    assert np.mean([rejects(False, seed) for seed in range(20)]) >= 0.8


def test_exogenous_columns_stand_in_both() -> None:
    rng = np.random.default_rng(0)
    X, y, Z = design(lambda x: 0 * x)
    t = rng.uniform(-1, 1, len(y))
    y = y + X[:, 0] * t
    both = np.column_stack([X, t])
    model = ConditionalMomentRegressor(n_centers=80).fit(both, y, np.column_stack([Z, t]))
    at = np.column_stack([GRID, np.linspace(-0.9, 0.9, 61)])
    assert np.mean((model.predict(at) - at[:, 0] * at[:, 1]) ** 2) < 0.15
    regression = SieveTSLS().fit(t[:, None], y, t[:, None])
    assert str(regression.identification_).startswith("All columns of X are exogenous")


@pytest.mark.parametrize("kind", ["transformer", "network of mimic"])
def test_features_of_other_models(kind: str) -> None:
    X, y, Z = design(n=400)
    features = Nystroem(n_components=30, random_state=0)
    model = features if kind == "transformer" else mimic(SVR().fit(X, y), X)
    found = ConditionalMomentRegressor(model=model, n_centers=80).fit(X, y, Z)
    assert error(found) < 0.15
    assert found.predict_band(GRID).shape == (61, 2)


@pytest.mark.slow
def test_features_of_a_trained_network() -> None:
    found = ConditionalMomentRegressor(model="network", n_centers=80).fit(*design(n=800))
    assert error(found) < 0.15


def test_the_same_seed_gives_the_same_result() -> None:
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    again = ConditionalMomentRegressor(n_centers=80, random_state=0).fit(*design())
    np.testing.assert_array_equal(again.predict(GRID), fitted().predict(GRID))
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], before)
    kept = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(kept.predict_band(GRID), again.predict_band(GRID))


@pytest.mark.parametrize(
    "model", [ConditionalMomentRegressor(), SieveTSLS(), KernelIV(), DensityRatio()]
)
def test_estimators_follow_the_conventions(model: Any) -> None:
    assert clone(model).get_params() == model.get_params()
    assert repr(model) == f"{type(model).__name__}()"
    with pytest.raises(NotFittedError):
        model.instruments(GRID) if isinstance(model, DensityRatio) else model.predict(GRID)


def test_a_ratio_of_ones_own_is_cloned() -> None:
    ratio = DensityRatio(40, random_state=3)
    X, y, Z = design(n=200)
    with warnings.catch_warnings(action="ignore"):
        model = ConditionalMomentRegressor(ratio=ratio).fit(X, y, Z)
    assert model.ratio_ is not ratio
    assert model.ratio_.get_params() == ratio.get_params()
