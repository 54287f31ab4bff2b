"""Functional linear regression: least squares, closed forms of the band, active domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.utils.estimator_checks import parametrize_with_checks

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.functional import FunctionalLinearRegressor, make_curve_regression

BY_DESIGN = {
    "check_estimators_pickle": "it leaves two observed points of a curve, which are too few",
    "check_dtype_object": "a dict in a cell is a DataError, which is a ValueError",
}


@parametrize_with_checks([FunctionalLinearRegressor()], expected_failed_checks=lambda _: BY_DESIGN)  # type: ignore[untyped-decorator]
def test_scikit_learn_conventions(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


Draw = tuple[Matrix, Matrix, Matrix, Matrix]


@pytest.fixture(scope="module")
def draw() -> Draw:
    return make_curve_regression(200, random_state=0)


def rough(n: int = 60, T: int = 6) -> tuple[Matrix, Matrix, Matrix]:
    """Curves of full rank, targets, and a grid that is not equidistant."""
    rng = np.random.default_rng(0)
    X, grid = rng.standard_normal((n, T)), np.cumsum(rng.uniform(0.5, 2, T))
    return X, X @ rng.standard_normal(T) + rng.standard_normal(n), grid


@pytest.mark.parametrize("p", [0, 2])
def test_all_components_are_least_squares(p: int) -> None:
    X, y, grid = rough()
    Z = np.random.default_rng(1).standard_normal((len(X), p)) + X[:, :p]
    design = np.column_stack([np.ones(len(X)), Z, X])
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    model = FunctionalLinearRegressor(6, grid=grid).fit(X, y, Z if p else None)
    assert model.predict(X, Z if p else None) == pytest.approx(design @ coefficients, rel=1e-9)
    assert model.intercept_ == pytest.approx(coefficients[0])
    assert model.covariate_coef_ == pytest.approx(coefficients[1 : 1 + p])
    rest = y - design @ coefficients
    assert model.noise_std_**2 == pytest.approx(rest @ rest / (len(y) - 7 - p))


def test_components_are_orthonormal_with_the_variances_of_their_scores(draw: Draw) -> None:
    X, y, grid, _ = draw
    model = FunctionalLinearRegressor(5, grid=grid).fit(X, y)
    gram = np.trapezoid(model.components_[:, None] * model.components_, grid)
    assert gram == pytest.approx(np.eye(5), abs=1e-10)
    scores = np.trapezoid(X[:, None] * model.components_, grid)
    assert np.cov(scores.T, bias=True) == pytest.approx(np.diag(model.eigenvalues_), abs=1e-10)


def test_a_coefficient_in_their_span_is_found_without_noise(draw: Draw) -> None:
    X, y, grid, _ = draw
    components = FunctionalLinearRegressor(3, grid=grid).fit(X, y).components_
    coef = np.array([1.0, -2.0, 3.0]) @ components
    model = FunctionalLinearRegressor(3, grid=grid).fit(X, 7 + np.trapezoid(X * coef, grid))
    assert model.coef_ == pytest.approx(coef, abs=1e-9)
    assert model.intercept_ == pytest.approx(7)


def test_another_unit_of_the_grid_changes_the_coefficient_only(draw: Draw) -> None:
    X, y, grid, _ = draw
    one = FunctionalLinearRegressor(grid=grid).fit(X, y)
    other = FunctionalLinearRegressor(grid=850 + 200 * grid).fit(X, y)
    assert other.predict(X) == pytest.approx(one.predict(X))
    assert 200 * np.array(other.confidence_band()) == pytest.approx(np.array(one.confidence_band()))


def test_undersmoothing_takes_one_component_more(draw: Draw) -> None:
    X, y, grid, _ = draw
    aic = FunctionalLinearRegressor("aic", grid=grid).fit(X, y)
    more = FunctionalLinearRegressor("aic+1", grid=grid).fit(X, y)
    assert aic.n_components_ == np.argmin(aic.aic_) + 1 == more.n_components_ - 1
    rest = y - aic.predict(X)
    value = len(y) * np.log(np.mean(rest**2)) + 2 * aic.n_components_
    assert aic.aic_.min() == pytest.approx(value)


def test_the_band_of_one_component_has_a_closed_form(draw: Draw) -> None:
    """|N(0, 1)| has the quantile Φ⁻¹((1 + level)/2)."""
    X, y, grid, _ = draw
    model = FunctionalLinearRegressor(1, grid=grid).fit(X, y)
    lower, upper = model.confidence_band(level=0.9, miss=0.2)
    size = norm.ppf(0.95) / np.sqrt(model.eigenvalues_[0] * 200 * 0.2)
    assert upper - lower == pytest.approx(np.full(101, 2 * model.noise_std_ * size), rel=0.02)
    assert (upper + lower) / 2 == pytest.approx(model.coef_)


def test_the_width_falls_with_the_share_that_may_be_missed(draw: Draw) -> None:
    X, y, grid, _ = draw
    model = FunctionalLinearRegressor(grid=grid).fit(X, y)

    def width(**options: float) -> float:
        lower, upper = model.confidence_band(**options)
        return float((upper - lower).mean())

    assert width(miss=0.05) == pytest.approx(2 * width(miss=0.2))
    assert width(level=0.8) < width(level=0.9) < width(level=0.99)


def held(n_components: str | int, draws: int = 40) -> float:
    """The share of bands that leave out at most a tenth of the domain."""
    found = []
    for seed in range(draws):
        X, y, grid, coef = make_curve_regression(100, random_state=seed)
        lower, upper = (
            FunctionalLinearRegressor(n_components, grid=grid).fit(X, y).confidence_band()
        )
        found.append(np.trapezoid(((coef < lower) | (coef > upper)).astype(float), grid) <= 0.1)
    return float(np.mean(found))


def test_bands_hold_with_undersmoothing_and_not_without() -> None:
    assert held("aic+1") >= 0.9 and held(2) < 0.5


def test_the_active_domain_inverts_the_band(draw: Draw) -> None:
    X, y, grid, _ = draw
    model = FunctionalLinearRegressor(grid=grid).fit(X, y)
    lower, upper = model.confidence_band()
    for threshold in (0.0, 0.5):
        active = model.active_domain(threshold)
        assert (active.inner == ((lower > threshold) | (upper < -threshold))).all()
        assert (active.inner <= active.outer).all() and active.inner.any()
        for mask, found, length in (
            (active.inner, active.inner_intervals, active.lengths[0]),
            (active.outer, active.outer_intervals, active.lengths[1]),
        ):
            assert sum(b - a for a, b in found) == pytest.approx(length)
            inside = [any(a <= t <= b for a, b in found) for t in grid]
            assert (np.array(inside) == mask).all()
    assert "above 0.5 on [0." in str(active)


def test_far_thresholds_leave_nothing_and_few_data_exclude_nothing(draw: Draw) -> None:
    X, y, grid, _ = draw
    model = FunctionalLinearRegressor(grid=grid).fit(X, y)
    none = model.active_domain(100.0)
    assert not none.outer.any() and none.outer_intervals == [] and "no interval" in str(none)
    noise = np.random.default_rng(0).standard_normal(200)
    active = FunctionalLinearRegressor(grid=grid).fit(X, noise).active_domain()
    assert not active.inner.any() and active.outer_intervals == [(0.0, 1.0)]


def test_the_same_seed_gives_the_same_band(draw: Draw) -> None:
    X, y, grid, _ = draw
    np.random.seed(3)
    bands = [
        np.array(
            FunctionalLinearRegressor(grid=grid, random_state=seed).fit(X, y).confidence_band()
        )
        for seed in (None, 0, 1)
    ]
    assert (bands[0] == bands[1]).all() and not (bands[0] == bands[2]).all()
    assert bands[0] == pytest.approx(bands[2], rel=0.02, abs=0.05)
    assert np.random.rand() == np.random.RandomState(3).rand()


def test_plot_returns_its_axes(draw: Draw) -> None:
    import matplotlib

    matplotlib.use("agg")
    X, y, grid, _ = draw
    model = FunctionalLinearRegressor(grid=grid).fit(X, y)
    axes = model.plot()
    assert axes is not model.plot(axes).figure and len(axes.get_lines()) >= 2
    matplotlib.pyplot.close("all")


def fit(n: int = 30, p: int = 0, **options: Any) -> FunctionalLinearRegressor:
    X, y, grid, _ = make_curve_regression(n, random_state=0)
    Z = np.random.default_rng(0).standard_normal((n, p))
    return FunctionalLinearRegressor(**{"grid": grid} | options).fit(X, y, Z if p else None)


X30, Y30 = make_curve_regression(30, random_state=0)[:2]
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a rule": (lambda: fit(n_components="bic"), UsageError, "'aic'"),
    "no component": (lambda: fit(n_components=0), UsageError, "at least 1"),
    "n < components": (lambda: fit(n_components=29), UsageError, "above 28.*30 curves.*fewer"),
    "two curves": (lambda: fit(n=2), DataError, "2 sample.*minimum of 3"),
    "n < covariates": (lambda: fit(n=4, p=2), DataError, "minimum of 5"),
    "equal curves": (
        lambda: FunctionalLinearRegressor().fit(np.ones((30, 5)), Y30),
        DataError,
        "all equal",
    ),
    "a constant covariate": (
        lambda: FunctionalLinearRegressor().fit(X30, Y30, np.ones(30)),
        DataError,
        "constant or depend.*Leave out",
    ),
    "covariates of other length": (
        lambda: FunctionalLinearRegressor().fit(X30, Y30, np.ones(29)),
        DataError,
        "shape.*for 30 curves",
    ),
    "no covariates at predict": (lambda: fit(p=2).predict(X30), DataError, "the fit had 2"),
    "two targets": (
        lambda: FunctionalLinearRegressor().fit(X30, np.ones((30, 2))),
        DataError,
        "2 columns.*one target",
    ),
    "another grid": (lambda: fit().predict(X30[:, :50]), DataError, "expecting 101 features"),
    "a level": (lambda: fit().confidence_band(level=90), UsageError, "between 0 and 1"),
    "a share": (lambda: fit().confidence_band(miss=0), UsageError, "between 0 and 1"),
    "a threshold": (lambda: fit().active_domain(-1), UsageError, "at least 0"),
    "a NaN threshold": (lambda: fit().active_domain(float("nan")), UsageError, "at least 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    call, error, words = BAD[case]
    with pytest.raises(error, match=f"(?s){words}"):
        call()


def test_limits_on_both_sides() -> None:
    assert fit(n_components=28).n_components_ == 28
    assert fit(n=3).n_components_ == 1 and fit(n=5, p=2).n_components_ == 1
