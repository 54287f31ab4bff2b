"""The multiplier bootstrap: closed forms where there are some, and the coverage that it is there
for.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from motifnet.engine import DataError, Matrix, MotifnetWarning, UsageError
from motifnet.uncertainty import linear_band, multiplier_bootstrap

GRID = np.linspace(-1.5, 1.5, 301)


def test_the_mean_has_its_closed_form() -> None:
    """For −(Z − θ)² / 2 the resample is the mean plus (1/n) Σ e_i (Z_i − mean), here to the nearest
    grid point.
    """
    z = np.random.default_rng(1).standard_normal(300)
    found = multiplier_bootstrap(-((z[:, None] - GRID) ** 2) / 2, GRID, n_resamples=2000, seed=0)
    e = np.random.default_rng(0).standard_normal((2000, 300))
    assert np.abs(found.draws[:, 0] - z.mean() - e @ (z - z.mean()) / 300).max() <= 0.00501
    assert abs(found.estimate[0] - z.mean()) <= 0.00501
    half = np.diff(found.interval(0.95))[0, 0] / 2
    assert abs(half / (1.96 * z.std() / np.sqrt(300)) - 1) < 0.1


def test_both_drifts_agree_for_a_quadratic_criterion() -> None:
    z = np.random.default_rng(0).standard_normal((200, 2))
    grid = np.stack(
        np.meshgrid(np.linspace(-0.5, 0.5, 41), np.linspace(-0.5, 0.5, 41)), -1
    ).reshape(-1, 2)
    values = -((z[:, None] - grid) ** 2).sum(2) / 2
    one, other = (
        multiplier_bootstrap(values, grid),
        multiplier_bootstrap(values, grid, drift="quadratic", smoothing=0.2),
    )
    assert one.interval().shape == (2, 2)
    # the maximum of the first may lie between grid points
    assert np.abs(one.draws - other.draws).max() <= 0.0251


def test_coverage_of_a_median() -> None:
    covered = []
    for seed in range(300):
        z = np.random.default_rng(seed).standard_t(3, 200)
        low, high = multiplier_bootstrap(-np.abs(z[:, None] - GRID), GRID, seed=seed).interval()[0]
        covered.append(low <= 0 <= high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_coverage_of_a_mode_needs_the_quadratic_drift() -> None:
    """The law of θ* − θ^ by the empirical drift is not that of θ^ − θ: intervals from its quantiles
    cover far too little.
    """
    covered: dict[str, list[bool]] = {
        "quadratic": [],
        "empirical, reflected": [],
        "quadratic, reflected": [],
    }
    for seed in range(300):
        z = np.random.default_rng(seed).standard_normal(400)
        values = (np.abs(z[:, None] - GRID) <= 0.5).astype(float)
        right, naive = (
            multiplier_bootstrap(values, GRID, drift="quadratic", smoothing=0.3, seed=seed),
            multiplier_bootstrap(values, GRID, seed=seed),
        )
        low, high = right.interval()[0]
        covered["quadratic"].append(low <= 0 <= high)
        for name, found in (("quadratic", right), ("empirical", naive)):
            below, above = np.quantile(found.draws - found.estimate, [0.025, 0.975])
            covered[f"{name}, reflected"].append(
                found.estimate[0] - above <= 0 <= found.estimate[0] - below
            )
    share = {name: np.mean(hits) for name, hits in covered.items()}
    assert 0.91 <= share["quadratic"] <= 0.98
    assert share["empirical, reflected"] < 0.8 < share["quadratic, reflected"]


def features(x: Matrix, m: int) -> Matrix:
    """Radial units between 0 and 1, and a constant."""
    return np.column_stack(
        [np.ones(len(x)), np.exp(-((x[:, None] - np.linspace(0, 1, m - 1)) ** 2) * (m / 2) ** 2)]
    )


def test_coverage_of_a_band() -> None:
    """Noise that grows with x; the function is in the span of the features."""
    at, beta = features(np.linspace(0, 1, 100), 10), np.random.default_rng(1).normal(size=10)
    simultaneous: list[bool] = []
    pointwise: list[bool] = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x = rng.random(600)
        phi = features(x, 10)
        y = phi @ beta + (0.1 + x) * rng.standard_normal(600)
        for kind, covered in (("simultaneous", simultaneous), ("pointwise", pointwise)):
            ends = linear_band(phi, y, at, kind=kind, n_resamples=300, seed=seed)
            covered.append(bool(((ends[:, 0] <= at @ beta) & (at @ beta <= ends[:, 1])).all()))
    assert 0.91 <= np.mean(simultaneous) <= 0.98
    assert np.mean(pointwise) < 0.7


def test_weight_two_is_a_repeated_row_and_order_does_not_matter_pointwise() -> None:
    rng = np.random.default_rng(0)
    phi, y, w = features(rng.random(100), 3), rng.standard_normal(100), rng.integers(1, 3, 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotifnetWarning)
        # leave-one-out leaves all copies of a row out, so
        # residuals differ by their leverage, and by nothing else
        merged = linear_band(phi, y, phi[:5], weight=w, kind="pointwise")
        repeated = linear_band(
            np.repeat(phi, w, axis=0), np.repeat(y, w), phi[:5], kind="pointwise"
        )
        shuffled = linear_band(phi[::-1], y[::-1], phi[:5], weight=w[::-1], kind="pointwise")
    np.testing.assert_allclose(merged.mean(1), repeated.mean(1), atol=1e-12)
    np.testing.assert_allclose(merged, repeated, rtol=0.1, atol=0.05)
    np.testing.assert_allclose(merged, shuffled, atol=1e-12)


def test_bands_are_nested_and_few_rows_widen_them() -> None:
    rng = np.random.default_rng(0)
    phi, y = features(rng.random(60), 6), rng.standard_normal(60)
    with pytest.warns(MotifnetWarning, match="10 rows for each of 6 features"):
        few = linear_band(phi, y, phi[:5], kind="pointwise")
    S = np.linalg.pinv(phi)
    r = (y - phi @ (S @ y)) / (1 - np.einsum("ij,ji->i", phi, S))
    normal = 1.96 * np.linalg.norm(phi[:5] @ (S * r), axis=1)
    assert (np.diff(few)[:, 0] / 2 > 1.1 * normal).all()
    many = np.tile(phi, (10, 1)), np.tile(y, 10)
    inner, outer = linear_band(*many, phi[:5], 0.8), linear_band(*many, phi[:5], 0.95)
    assert (outer[:, 0] < inner[:, 0]).all() and (inner[:, 1] < outer[:, 1]).all()


def test_what_cannot_be_is_refused() -> None:
    flat = np.zeros((10, 301))
    with pytest.raises(DataError, match="one column for each of 301"):
        multiplier_bootstrap(flat[:, :5], GRID)
    with pytest.raises(UsageError, match="'quadratic'"):
        multiplier_bootstrap(flat, GRID, drift="cubic")
    with pytest.raises(UsageError, match="smoothing"):
        multiplier_bootstrap(flat, GRID, drift="quadratic")
    with pytest.raises(DataError, match="curved"):
        multiplier_bootstrap(flat + GRID**2, GRID, drift="quadratic", smoothing=0.3)
    with pytest.raises(DataError, match="n > m"):
        linear_band(np.eye(3), np.ones(3), np.eye(3))
    with pytest.raises(UsageError, match="simultaneous"):
        linear_band(np.ones((5, 1)), np.ones(5), np.ones((1, 1)), kind="both")
