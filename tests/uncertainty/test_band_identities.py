"""Parts of intervals and bands against what defines them: refits, posteriors, order statistics."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import norm, t

from motifnet.engine import DataError, Matrix, MotifnetWarning, UsageError
from motifnet.kernels import solve_ridge
from motifnet.motifs import Identity
from motifnet.transfer import values_of
from motifnet.uncertainty import (
    Band,
    Ridge,
    in_units,
    last_layer_band,
    linear_band,
    multiplier_bootstrap,
    neighbours_of,
    noise_level,
)
from motifnet.uncertainty._multiplier_bootstrap import _quadratic
from tests.uncertainty.kernel_fits import KERNEL, RNG, convex, table

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
    monkeypatch.setattr("motifnet.uncertainty._band.MAX_UNITS", 20)
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
    for kind in ("simultaneous", "pointwise"):
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
    monkeypatch.setattr("motifnet.uncertainty._band._BLOCK_ROWS", 7)
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
    monkeypatch.setattr("motifnet.uncertainty._multiplier_bootstrap._BLOCK_ROWS", 3)
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
