"""Classification of curves: the support vector machine that it is, and profiles with known growth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.further.functional import (
    FunctionalClassifier,
    SeparabilityProfile,
    bayes_error_of_classes,
    make_curve_classes,
    read_curves,
    separability_profile,
)

BY_DESIGN = {
    "check_estimators_pickle": "it leaves two observed points of a curve, which are too few",
    "check_dtype_object": "a dict in a cell is a DataError, which is a ValueError",
}


@parametrize_with_checks(
    [FunctionalClassifier(C=1.0, bandwidth=1.0, derivative=0)],
    expected_failed_checks=lambda _: BY_DESIGN,
)  # type: ignore[untyped-decorator]
def test_scikit_learn_conventions(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


Draw = tuple[Matrix, Any, Matrix]


@pytest.fixture(scope="module")
def draw() -> Draw:
    return make_curve_classes(100, random_state=0)


def given(grid: Matrix | None, derivative: int = 0) -> FunctionalClassifier:
    """A classifier whose settings are not searched for."""
    return FunctionalClassifier(C=10.0, bandwidth=0.7, derivative=derivative, grid=grid)


def test_it_is_a_machine_on_the_l2_distance() -> None:
    X, y, _ = make_curve_classes(80, random_state=0)
    grid = np.linspace(0, 1, 101) ** 2  # not equidistant
    model = given(grid).fit(X, y)
    D = ((X[:, None] - X) ** 2) @ read_curves(X, grid).weights
    K = np.exp(-D / (2 * 0.7**2))
    machine = SVC(C=10.0, kernel="precomputed").fit(K, y)
    assert model.decision_function(X) == pytest.approx(machine.decision_function(K), abs=1e-2)
    assert model.C_ == 10 and model.derivative_ == 0
    assert model.bandwidth_ == pytest.approx(0.7)


def test_a_derivative_ignores_the_level(draw: Draw) -> None:
    X, y, grid = draw
    shifts = np.random.default_rng(0).standard_normal((100, 1))
    first, second = given(grid, 1).fit(X, y), given(grid, 2).fit(X, y)
    assert first.decision_function(X + shifts) == pytest.approx(first.decision_function(X))
    lines = shifts * grid
    assert second.decision_function(X + lines) == pytest.approx(second.decision_function(X))
    assert first.decision_function(X + lines) != pytest.approx(first.decision_function(X))


def test_another_unit_changes_no_prediction(draw: Draw) -> None:
    X, y, grid = draw
    one = FunctionalClassifier(C=10.0, grid=grid).fit(X, y)
    other = FunctionalClassifier(C=10.0, grid=7 + 3 * grid).fit(100 * X, y)
    assert (one.predict(X) == other.predict(100 * X)).all()
    assert one.cv_error_ == other.cv_error_ and one.derivative_ == other.derivative_


def test_cross_validation_chooses_among_all_settings(draw: Draw) -> None:
    X, y, grid = draw
    model = FunctionalClassifier(C=10.0, grid=grid).fit(X, y)
    new, truth, _ = make_curve_classes(1_000, random_state=1)
    error = np.mean(model.predict(new) != truth)
    assert error < 0.06 and model.cv_error_ == pytest.approx(error, abs=0.05)
    for order in (0, 1, 2):
        fixed = FunctionalClassifier(C=10.0, derivative=order, grid=grid).fit(X, y)
        assert model.cv_error_ <= fixed.cv_error_


def test_labels_are_those_of_the_caller() -> None:
    t = np.linspace(0, 1, 30)
    names = np.repeat(["sine", "cosine", "line"], 10)
    X = np.concatenate([np.tile(f, (10, 1)) for f in (np.sin(5 * t), np.cos(5 * t), t)])
    X += 0.1 * np.random.default_rng(0).standard_normal((30, 1))
    model = given(t).fit(X, names)
    assert list(model.classes_) == ["cosine", "line", "sine"]
    assert (model.predict(X) == names).all() and model.decision_function(X).shape == (30, 3)


def of_known(values: Matrix, size: float, n: int, seed: int) -> SeparabilityProfile:
    """θ_j = values, μ_j² = size · θ_j for all j, on T = len(values) points with weight 1 within."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = (rng.standard_normal((n, len(values))) + y[:, None] * np.sqrt(size)) * np.sqrt(values)
    return separability_profile(X / np.sqrt(read_curves(X).weights), y, n_components=len(values))


@pytest.mark.parametrize("size", [0.0, 0.5])
def test_the_profile_has_no_bias(size: float) -> None:
    found = [of_known(np.arange(6.0, 0, -1), size, 40, seed) for seed in range(200)]
    ends = np.array([profile.values[-1] for profile in found])
    assert ends.mean() == pytest.approx(6 * size, abs=3 * ends.std() / np.sqrt(200))
    error = np.mean([profile.standard_errors[-1] for profile in found])
    assert error == pytest.approx(ends.std(), rel=0.25)


def test_linear_growth_is_said_and_no_growth_too() -> None:
    values = 1 / np.arange(1.0, 21) ** 2
    linear = [of_known(values, 0.5, 400, seed) for seed in range(20)]
    assert np.mean([profile.at_least_linear for profile in linear]) >= 0.7
    assert np.mean([profile.exponent for profile in linear]) == pytest.approx(1, abs=0.15)
    nothing = [of_known(values, 0.0, 400, seed) for seed in range(20)]
    assert np.mean([profile.grows for profile in nothing]) <= 0.15
    assert "at least linear" in str(next(p for p in linear if p.at_least_linear))
    assert "growth ends" in str(next(p for p in nothing if not p.grows))


@pytest.mark.parametrize(("decay", "grows"), [(1.2, True), (3.0, False)])
def test_the_designs_grow_as_they_should(decay: float, grows: bool) -> None:
    X, y, grid = make_curve_classes(600, decay, random_state=0)
    profile = separability_profile(X, y, grid)
    j = np.arange(1.0, 41)
    truth = 1.44 * (j ** (2 - 2 * decay)).cumsum()
    assert profile.grows == grows and not profile.at_least_linear
    assert np.abs(profile.values - truth).max() < 4 * profile.standard_errors[-1]
    assert profile.gaussian_errors == pytest.approx(norm.cdf(-np.sqrt(profile.values) / 2))


def test_bayes_errors_of_the_designs() -> None:
    """By the linear rule that knows everything."""
    j = np.arange(1.0, 51)
    for decay in (1.2, 3.0):
        X, y, grid = make_curve_classes(20_000, decay, random_state=0)
        basis = np.sqrt(2) * np.sin(np.pi * np.outer(j, grid))
        rule = np.trapezoid(X[:, None] * ((j ** (2 - decay)) @ basis), grid)[:, 0]
        error = np.mean((rule > 0) != y)
        assert error == pytest.approx(bayes_error_of_classes(decay), abs=0.01)


def test_plot_returns_its_axes(draw: Draw) -> None:
    import matplotlib

    matplotlib.use("agg")
    axes = separability_profile(*draw).plot()
    assert axes.get_xlabel() == "components r"
    matplotlib.pyplot.close("all")


X20, Y20, T20 = make_curve_classes(20, random_state=1)
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "one class": (lambda: given(T20).fit(X20, np.ones(20)), DataError, "one class only"),
    "a class of one curve": (
        lambda: given(T20).fit(X20, np.arange(20) == 0),
        DataError,
        "has one curve.*at least two",
    ),
    "a cost": (lambda: FunctionalClassifier(C=-1.0).fit(X20, Y20), UsageError, "C=-1.0.*positive"),
    "a word": (lambda: FunctionalClassifier(C="best").fit(X20, Y20), UsageError, "'cv'"),
    "a bandwidth": (
        lambda: FunctionalClassifier(bandwidth=0).fit(X20, Y20),
        UsageError,
        "bandwidth=0",
    ),
    "a third derivative": (
        lambda: FunctionalClassifier(derivative=3).fit(X20, Y20),
        UsageError,
        "must be 0, 1, 2 or 'cv'",
    ),
    "another grid": (
        lambda: given(T20).fit(X20, Y20).predict(X20[:, 1:]),
        DataError,
        "expecting 101",
    ),
    "no label": (lambda: given(T20).fit(X20, None), DataError, "requires y"),
    "three classes": (
        lambda: separability_profile(X20, np.arange(20) % 3, T20),
        DataError,
        "3 classes.*two",
    ),
    "an odd number": (
        lambda: separability_profile(X20, Y20, T20, n_components=3),
        UsageError,
        "even",
    ),
    "n < components": (
        lambda: separability_profile(X20, Y20, T20, n_components=18),
        UsageError,
        "at most 16 for 20 curves",
    ),
    "five curves": (
        lambda: separability_profile(X20[:5], [0, 1, 0, 1, 0], T20),
        DataError,
        "six curves",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    call, error, words = BAD[case]
    with pytest.raises(error, match=f"(?s){words}"):
        call()


def test_limits_on_both_sides() -> None:
    assert len(separability_profile(X20, Y20, T20, n_components=16).values) == 16
    assert len(separability_profile(X20[:6], [0, 1, 0, 1, 0, 1], T20).values) == 2
    two_each = np.arange(20) < 2
    assert given(T20).fit(X20, two_each).cv_error_ >= 0


@pytest.mark.slow
def test_the_error_vanishes_where_it_can() -> None:
    def error(n: int, decay: float) -> float:
        new, truth, grid = make_curve_classes(4_000, decay, random_state=[n, 1])
        fits = [
            FunctionalClassifier(derivative=0, grid=grid).fit(
                *make_curve_classes(n, decay, random_state=[n, seed, 2])[:2]
            )
            for seed in range(4)
        ]
        return float(np.mean([np.mean(fit.predict(new) != truth) for fit in fits]))

    assert error(400, 1.2) <= 0.04 and error(400, 1.2) <= 0.5 * error(50, 1.2)
    assert error(400, 3.0) <= bayes_error_of_classes(3.0) + 0.03
