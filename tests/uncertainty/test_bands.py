"""Intervals, sets and bands: closed forms, coverage, nestedness, and what must not change them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import DataError, MotifnetWarning, UsageError
from motifnet.kernels import Kernel
from motifnet.model import BundleError, save_model
from motifnet.motifs import Identity
from motifnet.teachers import FittedKernel
from motifnet.transfer import values_of
from motifnet.uncertainty import (
    Band,
    Ridge,
    last_layer_band,
    neighbours_of,
    noise_level,
)
from tests.uncertainty.fits import rows

# bands of the function

FEW_ROWS_HERE = pytest.mark.filterwarnings(
    "ignore:About .* residuals speak:motifnet.engine.MotifnetWarning"
)


def test_the_evidence_has_its_closed_form() -> None:
    """−2 log L(λ) is the Gaussian log density of n − 1 contrasts of y, up to a constant; λ from the
    grid is where it is least.
    """
    rng = np.random.default_rng(0)
    F, y, w = rng.standard_normal((30, 4)), rng.standard_normal(30), rng.uniform(0.5, 2, 30)
    y = y + F @ rng.standard_normal(4)
    ridge = Ridge.of(F, y, w)
    lam, tau2 = ridge.likeliest()

    def minus_log_likelihood(lam: float) -> float:
        root = np.sqrt(w)
        contrasts = np.linalg.svd(root[:, None], full_matrices=True)[0][:, 1:]
        A, b = contrasts.T @ (root[:, None] * F), contrasts.T @ (root * y)
        G = A @ A.T + lam * np.eye(29)
        return float(29 * np.log(b @ np.linalg.solve(G, b) / 29) + np.linalg.slogdet(G)[1])

    assert (
        minus_log_likelihood(lam)
        <= min(minus_log_likelihood(lam * factor) for factor in (0.1, 10**-0.25, 10**0.25, 10))
        + 1e-9
    )
    root = np.sqrt(w)
    A, b = root[:, None] * (F - w @ F / w.sum()), root * (y - w @ y / w.sum())
    assert tau2 == pytest.approx(b @ np.linalg.solve(A @ A.T + lam * np.eye(30), b) / 29, rel=1e-9)


def test_squared_residuals_of_noise_are_its_variance_in_the_mean() -> None:
    """The residuals of a fit are linear in y: the variance of each is a sum over the residuals of
    unit vectors, over what they are divided by.
    """
    rng = np.random.default_rng(1)
    F, w = rng.standard_normal((25, 3)), rng.uniform(0.5, 2, 25)
    found = np.sum(
        [Ridge.of(F, unit, w).noise_squares(0.7) for unit in np.diag(1 / np.sqrt(w))], axis=0
    )
    np.testing.assert_allclose(found, 1 / w, rtol=1e-9)


def test_the_share_of_the_noise_that_two_fits_have_in_common() -> None:
    """Of the rows of a fit's matrix, what is left of them by another fit."""
    rng = np.random.default_rng(2)
    F, w = rng.standard_normal((25, 6)), rng.uniform(0.5, 2, 25)
    ridge = Ridge.of(F, rng.standard_normal(25), w)
    rough, smooth = ((ridge.scores / (ridge.squares + lam)) @ ridge.scores.T for lam in (0.5, 20.0))
    left = rough - smooth @ rough
    assert ridge.shared(0.5, 20.0) == pytest.approx((left**2).sum() / (rough**2).sum(), rel=1e-9)


def test_noise_is_pooled_over_the_nearest_rows() -> None:
    x = np.linspace(0, 1, 1000)[:, None]
    sd = np.where(x[:, 0] < 0.5, 0.1, 1.0)
    r = sd * np.random.default_rng(0).standard_normal(1000)
    near = neighbours_of(x)
    level = np.sqrt(noise_level(r**2, near, np.ones(1000)))
    inside = np.abs(x[:, 0] - 0.5) > 0.2
    assert near.shape == (1000, 100)
    assert np.abs(level[inside] / sd[inside] - 1).max() < 5 / np.sqrt(2 * 100)  # standard errors
    assert (noise_level(np.zeros(5), neighbours_of(x[:5]), np.ones(5)) > 0).all()


def plain_band(**change: Any) -> Band:
    parts = {
        "origin": np.zeros(2),
        "slope": np.array([1.0, -1.0]),
        "variance": np.array([0.04, 0.01]),
        "level": 2.0,
    }
    return Band(
        Identity(),
        **{**parts, "level_variance": 0.0, "rest": 0.0, "reach": 0.0, "freedom": 1e9, **change},
    )


def test_bounds_in_closed_form() -> None:
    u = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    ends = plain_band(level_variance=0.01).bounds(u, 0.95, "pointwise")
    np.testing.assert_allclose(ends.mean(1), [3.0, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(
        np.diff(ends)[:, 0] / 2, 1.959964 * np.sqrt([0.05, 0.05, 0.53]), rtol=1e-5
    )
    few = plain_band(level_variance=0.01, freedom=40.0).bounds(u, 0.95, "pointwise")
    np.testing.assert_allclose(np.diff(few) / np.diff(ends), 2.021075 / 1.959964, rtol=1e-5)
    outside = plain_band(rest=2.0, reach=3.0).bounds(np.zeros((1, 2)), 0.95, "pointwise")
    assert np.diff(outside)[0, 0] / 2 == pytest.approx(1.959964 * np.sqrt(6.0), rel=1e-5)


def test_a_simultaneous_band_is_the_pointwise_one_for_one_row_and_wider_for_more() -> None:
    u = np.random.default_rng(0).standard_normal((50, 2))
    band = plain_band()
    one, point = (
        np.diff(band.bounds(u[:1], 0.9, kind))[0, 0] for kind in ("simultaneous", "pointwise")
    )
    assert one == pytest.approx(point, rel=0.1)
    all_rows, point_rows = (
        np.diff(band.bounds(u, 0.9, kind)) for kind in ("simultaneous", "pointwise")
    )
    # two units: the largest of all studentised errors is at
    # most the root of a chi-square with two degrees of freedom
    assert (all_rows / point_rows > 1.0).all() and (
        all_rows / point_rows < 1.05 * 2.146 / 1.645
    ).all()


def test_an_error_that_is_in_the_residuals_has_their_studentised_law() -> None:
    """Simulated: |Z| over the root mean square of ν residuals, a share of Z among them."""
    rng = np.random.default_rng(0)
    freedom, draws = 30, 400_000
    Y, other, rest = (
        rng.standard_normal(draws),
        rng.standard_normal(draws),
        rng.chisquare(freedom - 1, draws),
    )
    s = np.sqrt((rest + Y**2) / freedom)
    for shared, tolerance in ((0.0, 0.005), (0.5, 0.03), (1.0, 0.005)):
        Z = np.sqrt(shared) * Y + np.sqrt(1 - shared) * other
        u = np.array([[1.0, 0.0]])
        half = (
            np.diff(
                plain_band(variance=np.ones(2), freedom=freedom, shared=shared).bounds(
                    u, 0.95, "pointwise"
                )
            )[0, 0]
            / 2
        )
        assert half == pytest.approx(np.quantile(np.abs(Z) / s, 0.95), rel=tolerance)


def test_few_residuals_widen_the_band_and_say_so() -> None:
    with pytest.warns(MotifnetWarning, match="10 residuals"):
        plain_band(freedom=10.0).bounds(np.ones((1, 2)), 0.9, "pointwise")


@pytest.fixture(scope="module")
def banded(model: MotifRegressor) -> MotifRegressor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotifnetWarning)
        model.predict_band(rows(3)[0], split=True)
        model.predict_band(rows(3)[0])
    return model


@FEW_ROWS_HERE
def test_a_band_is_narrower_than_an_interval(banded: MotifRegressor) -> None:
    X = rows(400, seed=6)[0]
    for split in (False, True):
        assert (
            np.diff(banded.predict_band(X, 0.9, "pointwise", split)).mean()
            < np.diff(banded.predict_interval(X)).mean()
        )


@FEW_ROWS_HERE
def test_a_simultaneous_band_holds_the_function_everywhere_as_often_as_it_says() -> None:
    """40 tables at a kernel that has seen none of them; the pointwise bands of the same rows, and a
    band of half of the width, do not.
    """
    kernel = Kernel(("gaussian",), np.ones(1), np.array([0.7]))
    held = np.zeros(3, dtype=int)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, at = rng.uniform(-2, 2, (120, 2)), rng.uniform(-1.9, 1.9, (40, 2))
        truth = np.sin(2 * at[:, 0])
        y = np.sin(2 * X[:, 0]) + 0.3 * rng.standard_normal(120)
        convex = FittedKernel(np.zeros((120, 1)), kernel, X, np.zeros((120, 1)), np.zeros(1), 0.1)
        band = last_layer_band(convex, X, y, np.ones(120))
        values = values_of(band.units, at)
        both, each = (band.bounds(values, 0.9, kind) for kind in ("simultaneous", "pointwise"))
        half = both.mean(1, keepdims=True) + (both - both.mean(1, keepdims=True)) / 2
        held += [
            bool(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).all())
            for ends in (both, each, half)
        ]
    least = binom.ppf(0.005, 40, 0.9)
    assert held[0] >= least and held[1:].max() < least, held


@FEW_ROWS_HERE
def test_bands_are_nested_repeatable_and_wide_far_away(banded: MotifRegressor) -> None:
    X = rows(60, seed=7)[0]
    inner, outer = banded.predict_band(X, 0.8), banded.predict_band(X, 0.95)
    assert (outer[:, 0] < inner[:, 0]).all() and (inner[:, 1] < outer[:, 1]).all()
    assert np.array_equal(outer, banded.predict_band(X, 0.95))
    here = np.diff(banded.predict_band(X, 0.9, "pointwise")).mean()
    with pytest.warns(MotifnetWarning, match="1 of 1 rows lie outside"):
        far = np.diff(banded.predict_band(50 * np.ones((1, 2)), 0.9, "pointwise")).mean()
    assert far > 2 * here


@pytest.mark.usefixtures("short_fits")
@FEW_ROWS_HERE
def test_the_same_band_whatever_the_jobs_and_the_order_of_the_rows() -> None:
    (X, y), new = rows(90), rows(20, seed=8)[0]
    order = np.random.default_rng(0).permutation(90)
    first = MotifRegressor(preset="fast").fit(X, y).predict_band(new, split=True)
    assert np.array_equal(
        first,
        MotifRegressor(preset="fast", n_jobs=2)
        .fit(X[order], y[order])
        .predict_band(new, split=True),
    )


@FEW_ROWS_HERE
def test_saved_bands_are_bit_equal(banded: MotifRegressor, tmp_path: Path) -> None:
    X = rows(1500, seed=3)[0]
    banded.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    assert isinstance(again, MotifRegressor)
    for split in (False, True):
        assert np.array_equal(
            again.predict_band(X, split=split), banded.predict_band(X, split=split)
        )


@pytest.mark.usefixtures("short_fits")
@FEW_ROWS_HERE
def test_several_targets_have_one_band_each() -> None:
    X, y = rows(80)
    fit = MotifRegressor(preset="fast").fit(X, np.column_stack([y, 1000 + 100 * y]))
    ends = fit.predict_band(X[:7])
    assert ends.shape == (7, 2, 2)
    np.testing.assert_allclose(ends[:, 1], 1000 + 100 * ends[:, 0], rtol=1e-6)


@pytest.mark.usefixtures("short_fits")
def test_what_has_no_band_says_why(
    model: MotifRegressor, classifier: MotifClassifier, tmp_path: Path
) -> None:
    X, y = rows(60)
    with pytest.raises(UsageError, match="objective='absolute'"):
        MotifRegressor(preset="fast", objective="absolute").fit(X, y).predict_band(X)
    with pytest.raises(UsageError, match="groups or time"):
        MotifRegressor(preset="fast").fit(X, y, groups=np.arange(60) % 30).predict_band(X)
    with pytest.raises(DataError, match="at least 40 rows"):
        MotifRegressor(preset="fast").fit(X[:30], y[:30]).predict_band(X, split=True)
    with pytest.raises(UsageError, match="one number"):
        model.predict_band(X, [0.5, 0.9])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'pointwise'"):
        model.predict_band(X, kind="both")
    with pytest.raises(UsageError, match="predict_set"):
        classifier.predict_band(X)
    fresh = MotifRegressor(preset="fast").fit(X, y)
    fresh.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    assert isinstance(again, MotifRegressor)
    with pytest.raises(UsageError, match="before `save`"):
        again.predict_band(X)


@pytest.mark.parametrize(
    "change",
    [
        {"slope": np.zeros(3)},
        {"variance": -np.ones(300)},
        {"origin": np.zeros((300, 1))},
        {"shared": -1e9},
    ],
)
def test_files_with_wrong_bands_are_refused(
    banded: MotifRegressor, tmp_path: Path, change: dict[str, Any]
) -> None:
    bands = banded.model_.bands
    assert bands is not None
    wrong = {which: (replace(band[0], **change),) for which, band in bands.items()}
    save_model(replace(banded.model_, bands=wrong), tmp_path / "m.motif")
    with pytest.raises(BundleError):
        load(tmp_path / "m.motif")
