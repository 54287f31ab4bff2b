"""Parts of intervals and bands against what defines them: refits, posteriors, order statistics."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm, t

from motifnet.engine import DataError, Matrix, MotifnetWarning, UsageError
from motifnet.kernels import Kernel, solve_ridge
from motifnet.motifs import Identity
from motifnet.tables import Folds, Sample, make_folds
from motifnet.teachers import FittedKernel, FittedTrees
from motifnet.transfer import values_of
from motifnet.uncertainty import (
    Band,
    ClassSets,
    Intervals,
    Ridge,
    as_levels,
    fit_intervals,
    fit_sets,
    in_units,
    last_layer_band,
    linear_band,
    multiplier_bootstrap,
    narrowing,
    neighbours_of,
    noise_level,
    unit_of,
    upper_quantile,
)
from motifnet.uncertainty import _band as bands
from motifnet.uncertainty import _band as last
from motifnet.uncertainty import _multiplier_bootstrap as linear
from motifnet.uncertainty import _residuals as scales
from motifnet.uncertainty._conformal import misses
from motifnet.uncertainty._multiplier_bootstrap import _quadratic

KERNEL = Kernel(("gaussian", "laplace1"), np.array([0.7, 0.3]), np.array([0.8, 0.5]))
RNG = np.random.default_rng


def table(n: int = 60, seed: int = 0) -> tuple[Matrix, Matrix, Matrix]:
    rng = RNG(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, np.sin(2 * X[:, 0]) + 0.3 * rng.standard_normal(n), rng.uniform(0.5, 2, n)


def convex(X: Matrix, ridge: float = 0.1) -> FittedKernel:
    return FittedKernel(
        oof=np.zeros((len(X), 1)),
        kernel=KERNEL,
        centres=X,
        dual=np.zeros((len(X), 1)),
        intercept=np.zeros(1),
        ridge=ridge,
    )


def left_out(X: Matrix, y: Matrix, w: Matrix, lam: float, out: NDArray[np.bool_]) -> Matrix:
    """Absolute residuals of the rows `out` (a mask) by a fit without them."""
    K, kept = torch.as_tensor(KERNEL(X, X)), torch.as_tensor(~out)
    dual, b = solve_ridge(
        K[kept][:, kept], torch.as_tensor(y)[kept], lam / torch.as_tensor(w)[kept]
    )
    return np.abs(y[out] - (K[~kept][:, kept] @ dual + b).numpy())


# levels and intervals


def test_shares_that_may_be_missed() -> None:
    levels = np.array([0.9, 0.5])
    np.testing.assert_allclose(misses(levels, "both"), [[0.05, 0.25], [0.05, 0.25]])
    np.testing.assert_allclose(np.stack(misses(levels, "lower")), [[0.1, 0.5], [0.0, 0.0]])
    np.testing.assert_allclose(np.stack(misses(levels, "upper")), [[0.0, 0.0], [0.1, 0.5]])
    assert (
        as_levels(0.9)[1]
        and not as_levels([0.9])[1]
        and as_levels([0.9, 0.5])[0].tolist() == [0.9, 0.5]
    )


def test_ends_are_order_statistics_times_the_scale() -> None:
    scores = np.column_stack([np.arange(-20.0, 19), 10 * np.arange(-20.0, 19)])
    found = Intervals(None, scores, np.ones(39), 1.0)
    values, log_scale = np.array([[1.0, 2.0]]), np.log([[2.0, 0.5]])
    ends = found.bounds(values, log_scale, np.array([0.9, 0.5]))
    # of 39 scores the second and the 38th leave 5 % out on
    # each side, the tenth and the 30th a quarter
    np.testing.assert_allclose(ends[0, 0], 1 + 2 * np.array([[-19, 17], [-11, 9]]))
    np.testing.assert_allclose(ends[0, 1], 2 + 5 * np.array([[-19, 17], [-11, 9]]))
    np.testing.assert_allclose(found.bounds(values, None, np.array([0.9]))[0, 0, 0], [-18, 18])
    below, above = (
        found.bounds(values, None, np.array([0.9]), "lower"),
        found.bounds(values, None, np.array([0.9]), "upper"),
    )
    assert below[0, 0, 0].tolist() == [1 - 17, np.inf] and above[0, 0, 0].tolist() == [
        -np.inf,
        1 + 15,
    ]


@pytest.mark.parametrize(
    ("rows", "coverage", "needed"), [(18, 0.9, 19), (19, 0.9, 0), (8, 0.8, 9), (9, 0.8, 0)]
)
def test_intervals_say_how_many_rows_they_need(rows: int, coverage: float, needed: int) -> None:
    found = Intervals(None, np.arange(float(rows))[:, None], np.full(rows, 0.5), 0.5)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ends = found.quantiles(np.array([coverage]))
    assert np.isinf(ends).all() == bool(needed) and len(said) == bool(needed)
    assert not needed or (
        f"at least {needed} rows" in str(said[0].message) and f"has {rows}:" in str(said[0].message)
    )


def test_scores_are_residuals_times_the_narrowing_where_there_are_predictions() -> None:
    X, y, w = table()
    predicted = np.where(np.arange(60) < 10, np.nan, 0.5 * y)[:, None]
    sample = replace(Sample.plain(X, y, weight=w), groups=np.arange(60) // 5)
    found = fit_intervals(sample, y[:, None], predicted, narrowing=0.7, local=False)
    assert found is not None and found.scale is None
    np.testing.assert_allclose(found.scores[:, 0], 0.35 * y[10:])
    np.testing.assert_allclose(found.weight, w[10:])
    assert found.unit == pytest.approx(w[10:].sum() / 10)
    assert fit_intervals(sample, y[:, None], np.full((60, 1), np.nan)) is None


def test_the_unit_of_weights() -> None:
    assert unit_of(np.array([2.0, 4.0]), None) == 1.0 and unit_of(
        np.array([0.2, 0.4]), None
    ) == pytest.approx(0.3)
    assert upper_quantile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 1.0]), 1.0, 0.5) == 2.0


@pytest.mark.parametrize("grouped", [False, True])
def test_the_narrowing_is_a_ratio_of_residuals_of_refits(grouped: bool) -> None:
    X, y, w = table()
    groups = np.arange(60) // 3 if grouped else None
    folds = make_folds(60, 4, 0, groups=groups)
    sample = Sample(X, y[:, None], w, folds, groups=groups)
    single = np.arange(60) if groups is None else groups
    sums = [
        sum(
            float((w[ids == k, None] * left_out(X, y[:, None], w, 0.1, ids == k)).sum())
            for k in np.unique(ids)
        )
        for ids in (single, folds.of)
    ]
    expected = min(1.0, max(0.5, sums[0] / sums[1]))
    assert 0.5 < expected < 1 and narrowing(sample, convex(X), seed=0) == pytest.approx(
        expected, rel=1e-8
    )
    small = replace(sample, y=1e-9 * sample.y, weight=1e-3 * sample.weight)
    assert narrowing(small, convex(X, ridge=1e-4), seed=0) == pytest.approx(expected, rel=1e-6)
    assert (
        narrowing(replace(sample, folds=Folds(folds.of, 4, forward=True)), convex(X), seed=0) == 1.0
    )


def test_the_narrowing_stays_within_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, w = table()
    zeros = Sample(X, np.zeros((60, 1)), w, make_folds(60, 4, 0))
    assert narrowing(zeros, convex(X), seed=0) == 1.0
    singular = replace(convex(np.zeros((60, 2))), ridge=-1.0)
    assert narrowing(Sample(X, y[:, None], w, make_folds(60, 4, 0)), singular, seed=0) == 1.0
    jagged = Sample(
        np.linspace(0, 1, 60)[:, None] * [1, 0],
        np.sin(np.arange(60.0) / 3)[:, None],
        w,
        Folds(np.arange(60) // 15, 4),
    )
    # whole blocks cannot be guessed from their neighbours
    assert narrowing(jagged, convex(X, ridge=1e-6), seed=0) == 0.5
    sizes: list[int] = []
    monkeypatch.setattr("motifnet.uncertainty._residuals.MAX_ROWS", 25)

    def counted(K: torch.Tensor, ridge: torch.Tensor) -> torch.Tensor:
        sizes.append(len(K))
        return torch.eye(len(K), dtype=K.dtype)

    monkeypatch.setattr("motifnet.uncertainty._residuals.projector", counted)
    narrowing(Sample(X, y[:, None], w, make_folds(60, 4, 0)), convex(X), seed=0)
    assert sizes == [25]


# the scale of residuals


def true_scale(X: Matrix) -> Matrix:
    return np.where(X[:, 0] > 0, 5.0, 0.5)


def scaled_sample(n: int = 400) -> tuple[Sample, Matrix, Matrix]:
    rng = RNG(0)
    X = rng.uniform(-2, 2, (n, 2))
    residuals = (true_scale(X) * rng.standard_normal(n))[:, None]
    return Sample.plain(X, np.zeros(n)), rng.standard_normal((n, 1)), residuals


def test_the_scale_follows_the_size_of_residuals_and_is_its_own_network() -> None:
    """On rows that it has not seen: out of fold, and new ones. The standard error of a mean of log
    |r| over 1,000 rows is .02.
    """
    sample, predicted, residuals = scaled_sample(2_000)
    found = scales.fit_scale(sample, predicted, residuals, seed=0)
    assert found is not None and found.oof.shape == (2_000, 1)
    new = RNG(1).uniform(-2, 2, (2_000, 2))
    fitted = values_of(found.network, np.hstack([new, RNG(2).standard_normal((2_000, 1))]))
    for X, log_scale in ((sample.X, found.oof[:, 0]), (new, fitted[:, 0])):
        error = log_scale - np.log(true_scale(X) * np.sqrt(2 / np.pi))
        for side in (X[:, 0] > 0.1, X[:, 0] < -0.1):
            assert abs(error[side].mean()) < 0.1 and error[side].std() < 0.2
    sample, predicted, residuals = scaled_sample()
    missing = residuals.copy()
    missing[:50] = np.nan
    part = scales.fit_scale(sample, predicted, missing, seed=0)
    assert part is not None and np.array_equal(np.isnan(part.oof[:, 0]), np.arange(400) < 50)


def test_no_scale_where_a_constant_does_as_well_or_there_is_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sample, predicted, residuals = scaled_sample()
    noise = RNG(5).standard_normal((400, 1))
    assert scales.fit_scale(sample, predicted, noise, seed=0) is None
    few = residuals.copy()
    few[scales.MIN_ROWS - 1 :] = np.nan
    assert scales.fit_scale(sample, predicted, few, seed=0) is None
    few[scales.MIN_ROWS - 1] = 1.0
    assert scales.fit_scale(sample, predicted, 1e-31 * residuals, seed=0) is None
    calls: list[int] = []

    class Counted:
        def fit(self, part: Sample, **options: Any) -> FittedTrees:
            calls.append(part.n)
            return trees.fit(part, **options)

    trees = scales.TREES
    monkeypatch.setattr(scales, "TREES", Counted())
    scales.fit_scale(sample, predicted, few, seed=0)
    assert calls == [scales.MIN_ROWS]


def test_the_scale_is_in_the_units_of_the_residuals() -> None:
    sample, predicted, residuals = scaled_sample()
    one, other = (
        scales.fit_scale(sample, predicted, unit * residuals, seed=0) for unit in (1.0, 2.0**-12)
    )
    assert one is not None and other is not None
    np.testing.assert_allclose(other.oof, one.oof - 12 * np.log(2), atol=1e-6)
    local, plain = (
        fit_intervals(sample, predicted + residuals, predicted, local=local, seed=0)
        for local in (True, False)
    )
    assert (
        local is not None and plain is not None and plain.scale is None and local.scale is not None
    )
    np.testing.assert_allclose(local.scores, residuals / np.exp(one.oof), rtol=1e-9)
    np.testing.assert_allclose(plain.scores, residuals, atol=1e-12)


def test_predictions_are_further_columns_of_every_view() -> None:
    sample, predicted, _ = scaled_sample(40)
    views = tuple(sample.X + k for k in range(4))
    wide = scales._with_predictions(replace(sample, views=views), predicted)
    assert (
        np.array_equal(wide.X, np.hstack([sample.X, predicted]))
        and wide.numeric is not None
        and wide.numeric.tolist() == [True] * 3
    )
    rows = sample.folds.of != 1
    kept = scales._views(replace(sample, views=views), predicted, rows)
    assert kept is not None and len(kept) == 3
    np.testing.assert_allclose(kept[1], np.hstack([views[2], predicted])[rows])
    forward = replace(sample, views=views, folds=Folds(np.arange(40) // 10, 4, forward=True))
    later = scales._views(forward, predicted, np.ones(40, dtype=bool))
    assert later is not None and len(later) == 3 and np.array_equal(later[0][:, :2], views[1])
    second = scales._views(forward, predicted, np.arange(40) < 20)
    assert (
        second is not None and len(second) == 1 and np.array_equal(second[0][:, :2], views[1][:20])
    )
    alone = scales._views(forward, predicted, np.arange(40) < 10)
    assert alone is not None and len(alone) == 1
    assert scales._views(sample, predicted, rows) is None


# sets


def test_sets_hold_scores_of_true_classes_and_always_the_likeliest() -> None:
    rng = RNG(0)
    p = rng.dirichlet(np.ones(3), 50)
    p[:5] = np.nan
    labels = rng.integers(0, 3, 50)
    sample = replace(Sample.plain(rng.normal(size=(50, 2)), np.zeros(50)), labels=labels)
    found = fit_sets(sample, p)
    assert found is not None and found.scores.shape == (45, 2) and found.unit == 1.0
    np.testing.assert_allclose(found.scores[:, 0], 1 - p[5:][np.arange(45), labels[5:]])
    above = np.array(
        [row[row > row[k]].sum() + row[k] / 2 for row, k in zip(p[5:], labels[5:], strict=True)]
    )
    np.testing.assert_allclose(found.scores[:, 1], above)
    assert (
        fit_sets(replace(sample, labels=None), p) is None
        and fit_sets(sample, np.full((50, 3), np.nan)) is None
    )
    tight = ClassSets(np.zeros((99, 2)), np.ones(99), 1.0)
    members = tight.members(np.array([[0.2, 0.5, 0.3], [0.6, 0.4, 0.0]]), np.array([0.5, 0.9]))
    assert members.tolist() == [[[False, True, False]] * 2, [[True, False, False]] * 2]


# the band of the last layer


@pytest.fixture(scope="module")
def band() -> tuple[Band, Matrix, Matrix, Matrix, Ridge, float, float, float]:
    """A band with a unit for every row, and the weights, ridge and size of the function that it is
    made of.
    """
    X, y, w = table()
    K = KERNEL(X, X)
    F = np.asarray(np.linalg.cholesky(K + 1e-10 * np.eye(60)), dtype=np.float64)
    w = w / w.mean()
    first = Ridge.of(F, y, w)
    level = noise_level(first.noise_squares(first.likeliest()[0]), neighbours_of(X), w)
    noise = float(np.exp(np.log(level).mean()))
    precision = w / level * noise
    second = Ridge.of(F, y, precision)
    lam, tau2 = second.likeliest()
    return last_layer_band(convex(X), X, y, 3 * w), X, y, precision, second, lam, tau2, noise


@pytest.mark.filterwarnings("ignore:About:motifnet.engine.MotifnetWarning")
def test_its_middle_is_kernel_ridge_of_a_tenth_of_the_likeliest_ridge(
    band: tuple[Band, Matrix, Matrix, Matrix, Ridge, float, float, float],
) -> None:
    found, X, y, precision, _, lam, *_ = band
    new = RNG(3).uniform(-2, 2, (30, 2))
    dual, b = solve_ridge(
        torch.as_tensor(KERNEL(X, X)),
        torch.as_tensor(y)[:, None],
        0.1 * lam / torch.as_tensor(precision),
    )
    expected = KERNEL(new, X) @ dual.numpy() + b.numpy()
    got = found.bounds(values_of(found.units, new), 0.9, "pointwise").mean(1)
    np.testing.assert_allclose(got, expected[:, 0], atol=1e-5)


def test_its_variance_is_that_of_noise_and_of_a_function_of_its_size(
    band: tuple[Band, Matrix, Matrix, Matrix, Ridge, float, float, float],
) -> None:
    """γ^ − γ = (MA − I) γ + M ε with M = (AᵀA + μ)⁻¹ Aᵀ, γ of variance τ² and ε of variance σ²."""
    found, X, _, precision, ridge, lam, tau2, noise = band
    F = np.linalg.cholesky(KERNEL(X, X) + 1e-10 * np.eye(60))
    A = np.sqrt(precision)[:, None] * (F - precision @ F / precision.sum())
    M = np.linalg.solve(A.T @ A + 0.1 * lam * np.eye(60), A.T)
    L = np.linalg.solve(A.T @ A + lam * np.eye(60), A.T)
    bias = M @ A - np.eye(60)
    covariance = tau2 * bias @ bias.T + noise * M @ M.T
    np.testing.assert_allclose(found.variance, np.diag(ridge.V.T @ covariance @ ridge.V), rtol=1e-4)
    assert found.level_variance == pytest.approx(
        noise / precision.sum(), rel=1e-6
    ) and found.rest == pytest.approx(tau2, rel=1e-6)
    k = neighbours_of(X).shape[1]
    assert found.freedom == pytest.approx(k * (1 - (1 + np.trace(A @ L)) / 60), rel=1e-4)
    alone = 1 / np.diag(np.linalg.inv(KERNEL(X, X)))
    assert (
        found.reach == pytest.approx(1 - np.quantile(alone, 0.95), rel=1e-5) and found.width == 60
    )


def test_no_more_units_than_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, w = table()
    monkeypatch.setattr(last, "MAX_UNITS", 20)
    one, other = (
        last_layer_band(convex(X), X, y, w, seed=1),
        last_layer_band(convex(X), X, y, w, seed=2),
    )
    assert one.width == other.width == 20 and not np.allclose(one.slope, other.slope)
    assert np.array_equal(one.slope, last_layer_band(convex(X), X, y, w, seed=1).slope)


def test_a_band_in_other_units() -> None:
    u = RNG(0).normal(size=(5, 3))
    plain = Band(
        Identity(), np.ones(3), np.arange(3.0), np.arange(1.0, 4), 0.5, 0.1, 0.2, 9.0, 50.0
    )
    moved = in_units(plain, 7.0, 4.0)
    for kind in bands.KINDS:
        np.testing.assert_allclose(
            moved.bounds(u, 0.9, kind), 7 + 4 * plain.bounds(u, 0.9, kind), rtol=1e-12
        )


def test_the_largest_error_over_rows_in_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of rows that share no unit are independent: P(all within c) = (2Φ(c) − 1)^k; of rows
    with the same unit, one.
    """
    many = Band(Identity(), np.zeros(40), np.zeros(40), np.full(40, 2.0), 0.0, 0.0, 0.0, 0.0, 1e9)
    apart = np.diff(many.bounds(np.eye(40), 0.9, "simultaneous"))[:, 0] / 2
    np.testing.assert_allclose(apart, np.sqrt(2) * norm.isf((1 - 0.9 ** (1 / 40)) / 2), rtol=0.04)
    same = np.diff(many.bounds(np.tile(np.eye(40)[:1], (40, 1)), 0.9, "simultaneous"))[:, 0] / 2
    np.testing.assert_allclose(same, np.sqrt(2) * norm.isf(0.05), rtol=0.1)
    level = replace(many, variance=np.full(40, 1e-12), level_variance=4.0)
    np.testing.assert_allclose(
        np.diff(level.bounds(np.eye(40), 0.9, "simultaneous"))[:, 0] / 2,
        2 * norm.isf(0.05),
        rtol=0.1,
    )
    outside = replace(many, variance=np.full(40, 1e-12), rest=3.0, reach=4.0)
    np.testing.assert_allclose(
        np.diff(outside.bounds(np.eye(40), 0.9, "simultaneous"))[:, 0] / 2,
        3 * apart / np.sqrt(2),
        rtol=0.06,
    )
    monkeypatch.setattr(bands, "_BLOCK_ROWS", 7)
    np.testing.assert_allclose(
        np.diff(many.bounds(np.eye(40), 0.9, "simultaneous"))[:, 0] / 2, apart, rtol=1e-9
    )


@pytest.mark.parametrize(("freedom", "said"), [(29.0, True), (30.0, False), (0.2, True)])
def test_few_degrees_of_freedom_are_said_and_widen(freedom: float, said: bool) -> None:
    one = Band(Identity(), np.zeros(1), np.ones(1), np.ones(1), 0.0, 0.0, 0.0, 0.0, freedom)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        ends = one.bounds(np.ones((1, 1)), 0.9, "pointwise")
    assert bool(warned) == said and np.diff(ends)[0, 0] / 2 == pytest.approx(
        t.isf(0.05, max(freedom, 1.0))
    )
    with pytest.raises(UsageError, match="'simultaneous', 'pointwise'"):
        one.bounds(np.ones((1, 1)), 0.9, "both")


def test_the_evidence_of_a_fit_without_noise_or_without_a_function() -> None:
    F, w = np.asarray(RNG(0).standard_normal((40, 5)), dtype=np.float64), np.ones(40)
    grid = (F - F.mean(0)).ravel() @ (F - F.mean(0)).ravel() / 40
    assert Ridge.of(F, F @ np.arange(1.0, 6), w).likeliest()[0] == pytest.approx(1e-4 * grid)
    assert Ridge.of(F, RNG(1).standard_normal(40), w).likeliest()[0] > 0.1 * grid
    ridge = Ridge.of(F, F[:, 0], w)
    assert ridge.freedom(0.0) == pytest.approx(6) and ridge.freedom(1e12) == pytest.approx(1)
    y = F @ np.arange(1.0, 6) + RNG(3).standard_normal(40)
    (lam, tau2), (same, small) = Ridge.of(F, y, w).likeliest(), Ridge.of(F, 1e-5 * y, w).likeliest()
    assert same == lam and small == pytest.approx(1e-10 * tau2)
    assert Ridge.of(F, np.zeros(40), w).likeliest()[1] < 1e-200
    twice = Ridge.of(np.hstack([F, F]), F @ np.arange(1.0, 6) + RNG(2).standard_normal(40), w)
    assert np.isfinite(twice.likeliest()).all() and (twice.squares >= 0).all()


def test_scaled_residuals_are_the_noise_in_the_mean() -> None:
    """E r_i² = σ² ((I − H)²)_ii for noise alone, H from the columns of unit vectors."""
    F, w = RNG(0).standard_normal((12, 4)), RNG(1).uniform(0.5, 2, 12)
    H = np.array([_fit(F, e, w, 0.7) for e in np.eye(12)]).T
    y = RNG(2).standard_normal(12)
    R = np.sqrt(w)[:, None] * (np.eye(12) - H) / np.sqrt(w)
    np.testing.assert_allclose(
        Ridge.of(F, y, w).noise_squares(0.7), ((y - H @ y) ** 2) / (R @ R.T).diagonal(), rtol=1e-8
    )


def _fit(F: Matrix, y: Matrix, w: Matrix, ridge: float) -> Matrix:
    """Fitted values of weighted ridge regression with an intercept."""
    centred, mean = F - w @ F / w.sum(), w @ y / w.sum()
    slope = np.linalg.solve(
        centred.T @ (w[:, None] * centred) + ridge * np.eye(F.shape[1]),
        centred.T @ (w * (y - mean)),
    )
    return np.asarray(mean + centred @ slope)


def test_noise_levels_are_weighted_means_over_neighbours() -> None:
    X, _, w = table()
    near = neighbours_of(X)
    assert near.shape == (60, 15) and (near[:, 0] == np.arange(60)).all()
    squares = RNG(1).exponential(size=60)
    expected = [np.average(squares[rows], weights=w[rows]) for rows in near]
    np.testing.assert_allclose(noise_level(squares, near, w), expected)
    one = np.where(np.arange(60) == 0, 1.0, 0.0)
    assert noise_level(one, near, w).min() == pytest.approx(1e-3 * w[0] / w.sum())
    assert neighbours_of(X[:3]).shape == (3, 2)


# bands of linear fits, and the bootstrap of an argmax


@pytest.mark.parametrize("weighted", [False, True])
def test_a_pointwise_linear_band_in_closed_form(weighted: bool) -> None:
    """s(x)² = Σ_i (φ(x)ᵀ S_i r_i)² with leave-one-out residuals r, times the Student quantile of
    n/m − 1 degrees.
    """
    rng = RNG(0)
    phi, at = (
        np.column_stack([np.ones(400), rng.normal(size=400)]),
        np.array([[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]),
    )
    y, w = (
        phi @ [1.0, 2.0] + rng.standard_normal(400),
        rng.uniform(0.5, 2, 400) if weighted else np.ones(400),
    )
    G = np.linalg.inv(phi.T @ (w[:, None] * phi))
    beta = G @ phi.T @ (w * y)
    left = []
    for i in range(400):
        kept = np.arange(400) != i
        without = np.linalg.solve(
            phi[kept].T @ (w[kept, None] * phi[kept]), phi[kept].T @ (w[kept] * y[kept])
        )
        left.append(y[i] - phi[i] @ without)
    s = np.sqrt((((at @ G @ phi.T) * np.sqrt(w) * left) ** 2).sum(1))
    half = s * t.isf(0.05, w.sum() / 2 - 1)
    ends = linear_band(phi, y, at, 0.9, kind="pointwise", weight=w if weighted else None)
    np.testing.assert_allclose(
        ends, np.column_stack([at @ beta - half, at @ beta + half]), rtol=1e-9
    )


def test_a_simultaneous_linear_band_of_separate_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.repeat(np.eye(20), 200, axis=0)
    y = RNG(0).standard_normal(4_000)
    both = {
        kind: np.diff(linear_band(cells, y, np.eye(20), 0.9, kind=kind, n_resamples=4_000))[:, 0]
        for kind in ("simultaneous", "pointwise")
    }
    expected = t.isf((1 - 0.9 ** (1 / 20)) / 2, 199) / t.isf(0.05, 199)
    np.testing.assert_allclose(both["simultaneous"] / both["pointwise"], expected, rtol=0.03)
    monkeypatch.setattr(linear, "_BLOCK_ROWS", 3)
    again = linear_band(cells, y, np.eye(20), 0.9, n_resamples=4_000)
    np.testing.assert_allclose(np.diff(again)[:, 0], both["simultaneous"], rtol=1e-9)


def test_one_row_of_a_simultaneous_band_is_pointwise_and_seeds_are_seeds() -> None:
    phi, y = np.repeat(np.eye(3), 200, axis=0), RNG(0).standard_normal(600)
    for row in np.eye(3):
        one, alone = (
            np.diff(linear_band(phi, y, row[None], 0.9, kind=kind))[0, 0]
            for kind in ("simultaneous", "pointwise")
        )
        assert one == pytest.approx(alone, rel=0.1)
    first = linear_band(phi, y, np.eye(3))
    assert np.array_equal(
        first, linear_band(phi, y, np.eye(3), 0.95, n_resamples=1000, seed=0)
    ) and not np.array_equal(first, linear_band(phi, y, np.eye(3), seed=1))


@pytest.mark.parametrize(("rows", "said"), [(59, True), (60, False), (2, True)])
def test_linear_bands_say_where_rows_are_few(rows: int, said: bool) -> None:
    phi = np.repeat(np.eye(2), rows, axis=0)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        ends = linear_band(phi, np.arange(2.0 * rows), np.eye(2), kind="pointwise")
    assert bool(warned) == said and np.isfinite(ends).all()
    assert not said or (
        issubclass(warned[0].category, MotifnetWarning)
        and f"{rows} rows for each of 2 features" in str(warned[0].message)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"features": np.eye(3)},
        {"features": np.ones(5)},
        {"y": np.ones(4)},
        {"weight": np.zeros(5)},
        {"weight": np.ones(4)},
        {"at": np.ones((2, 3))},
        {"at": np.ones(2)},
        {"features": np.ones((2, 2)), "y": np.ones(2), "weight": np.ones(2)},
    ],
)
def test_shapes_of_a_linear_band_have_to_fit(change: dict[str, Matrix]) -> None:
    with pytest.raises(DataError, match="positive weights"):
        linear_band(
            **{  # type: ignore[arg-type]
                "features": np.ones((5, 2)),
                "y": np.ones(5),
                "at": np.ones((2, 2)),
                "weight": np.ones(5),
                **change,
            }
        )


def test_the_quadratic_drift_of_a_quadratic_is_itself() -> None:
    rng = RNG(0)
    delta = rng.uniform(-1, 1, (300, 2))
    H = np.array([[-2.0, 0.7], [0.7, -1.0]])
    mean = 3.0 + np.einsum("tp,pq,tq->t", delta, H, delta) / 2
    np.testing.assert_allclose(_quadratic(mean, delta, 0.5), mean - 3.0, atol=1e-9)
    np.testing.assert_allclose(
        _quadratic(mean + delta @ [0.1, 0.2], delta, 0.5), mean - 3.0, atol=1e-9
    )
    with pytest.raises(DataError, match="not curved downwards"):
        _quadratic(-mean, delta, 0.5)
    # curved by −100 at the top, less over a wider neighbourhood
    flat = np.exp(-(np.linspace(-3, 3, 601) ** 2) / (2 * 0.1**2))
    x = np.linspace(-3, 3, 601)[:, None]
    bends = [-2 * float(_quadratic(flat, x, width)[0]) / 9 for width in (0.01, 0.05, 0.2)]
    assert bends[0] == pytest.approx(100, rel=0.03) and all(a > b for a, b in pairwise(bends))
    root = np.exp(-(x[:, 0] ** 2) / (2 * 0.2**2))
    design = np.column_stack([np.ones(601), x, x**2 / 2])
    fitted = np.linalg.solve(design.T @ (root[:, None] * design), design.T @ (root * flat))
    assert bends[2] == pytest.approx(-fitted[2], rel=1e-6)


def test_the_best_of_a_stretch_is_its_middle() -> None:
    grid = np.arange(7.0)
    criterion = np.array([0.0, 1, 1, 1, 1, 1, 0])
    assert multiplier_bootstrap(np.tile(criterion, (3, 1)), grid).estimate.tolist() == [3.0]
    assert multiplier_bootstrap(
        np.tile(criterion[::-1] * [1, 1, 0, 1, 1, 1, 1], (3, 1)), grid
    ).estimate.tolist() == [3.0]


@pytest.mark.parametrize(
    "values", [np.ones(4), np.ones((1, 4)), np.ones((3, 5)), np.full((3, 4), np.nan)]
)
def test_values_of_a_criterion_have_to_fit_its_grid(values: Matrix) -> None:
    with pytest.raises(DataError, match="at least 2 rows"):
        multiplier_bootstrap(values, np.arange(4.0))
    rows = np.array([[1.0, 1, 0, 0], [0, 2, 0, 0]])
    two = multiplier_bootstrap(rows, np.arange(4.0))  # two rows are enough
    assert two.estimate.tolist() == [1.0] and two.draws.shape == (300, 1)
    assert np.array_equal(
        two.draws, multiplier_bootstrap(rows, np.arange(4.0), n_resamples=300, seed=0).draws
    )
    with pytest.raises(UsageError, match="'empirical', 'quadratic'"):
        multiplier_bootstrap(np.ones((3, 4)), np.arange(4.0), drift="cubic")
    for smoothing in (None, 0.0, -1.0, np.nan):
        with pytest.raises(UsageError, match="positive number"):
            multiplier_bootstrap(
                np.ones((3, 4)), np.arange(4.0), drift="quadratic", smoothing=smoothing
            )
