"""Stacks: optimality conditions, honest scores, calibration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from motifnet.stacking import (
    expansion,
    fit_logistic_stack,
    fit_nnls_stack,
    log_loss,
    mean_squared,
    paired_difference,
    reliability_curve,
    smearing,
)
from motifnet.tables import make_folds

N = 300


@pytest.fixture
def problem() -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(N, 1))
    return y, [y + s * rng.normal(size=(N, 1)) for s in (0.3, 0.4, 1.5)], rng.uniform(0.5, 2, N)


def test_weights_solve_the_convex_problem(
    problem: tuple[np.ndarray, list[np.ndarray], np.ndarray],
) -> None:
    y, oofs, w = problem
    weights = fit_nnls_stack(oofs, y, w, make_folds(N, 4, 0)).weights[:, 0]
    F = np.column_stack(oofs)
    noise = min(float(w @ (y[:, 0] - f[:, 0]) ** 2) for f in oofs) / float(w.sum())

    def objective(v: np.ndarray) -> float:
        return float(w @ (y[:, 0] - F @ v) ** 2 + 10 * noise * ((v - v.mean()) ** 2).sum())

    best = minimize(
        objective,
        np.full(3, 1 / 3),
        bounds=[(0, None)] * 3,
        constraints={"type": "ineq", "fun": lambda v: 1 - v.sum()},
        tol=1e-12,
    ).x
    assert np.allclose(weights, best, atol=1e-3)
    assert (weights >= 0).all() and weights.sum() <= 1 + 1e-12


def test_score_of_a_fold_does_not_see_its_targets(
    problem: tuple[np.ndarray, list[np.ndarray], np.ndarray],
) -> None:
    y, oofs, w = problem
    folds = make_folds(N, 4, 0)
    before = fit_nnls_stack(oofs, y, w, folds).oof
    rows = folds.held_out(1)
    changed = y.copy()
    changed[rows] = 5.0
    assert np.allclose(fit_nnls_stack(oofs, changed, w, folds).oof[rows], before[rows])


@pytest.mark.parametrize("forward", [False, True])
def test_the_constant_has_not_seen_the_fold(forward: bool) -> None:
    """Teachers of which none is any good: what is left is the mean of the rows that a fold may see,
    not that of all, which is 0.
    """
    rng = np.random.default_rng(3)
    y = rng.normal(size=(N, 1)) + np.linspace(-2, 2, N)[:, None]
    y -= y.mean()
    folds = make_folds(N, 4, 0, time=np.arange(float(N)) if forward else None)
    bad = [-50 * y, -60 * y]
    oof = fit_nnls_stack(
        [np.where(folds.scored[:, None], f, np.nan) for f in bad], y, np.ones(N), folds
    ).oof
    for k in range(1, folds.count):
        assert np.allclose(oof[folds.held_out(k)], y[folds.train(k)].mean())


def test_pure_noise_gets_little_weight() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(N, 1))
    noise = [rng.normal(size=(N, 1)) for _ in range(3)]
    stack = fit_nnls_stack(noise, y, np.ones(N), make_folds(N, 4, 0))
    assert stack.weights.sum() < 0.4
    assert mean_squared(y, stack.oof, np.ones(N)) < 1.1


def test_unscored_rows_do_not_count(
    problem: tuple[np.ndarray, list[np.ndarray], np.ndarray],
) -> None:
    y, oofs, w = problem
    folds = make_folds(N, 4, 0, time=np.arange(float(N)))
    oofs = [np.where(folds.scored[:, None], f, np.nan) for f in oofs]
    stack = fit_nnls_stack(oofs, y, w, folds)
    assert np.isnan(stack.oof[~folds.scored]).all() and np.isfinite(stack.oof[folds.scored]).all()
    assert np.allclose(stack.weights.sum(), 1, atol=0.15)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_calibrated_and_optimal(n_classes: int) -> None:
    rng = np.random.default_rng(2)
    n = 3_000
    logits = 2 * rng.normal(size=(n, n_classes))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (p.cumsum(1) > rng.random((n, 1))).argmax(1)
    score = (logits[:, 1:] - logits[:, :1]) if n_classes == 2 else logits
    w = np.ones(n)
    stack = fit_logistic_stack(
        [score / 5, rng.normal(size=score.shape)], labels, n_classes, w, make_folds(n, 4, 0)
    )
    assert stack.weights[0] == pytest.approx(5, rel=0.15)
    assert stack.weights[1] < 0.2
    assert log_loss(labels, stack.oof, w) == pytest.approx(log_loss(labels, p, w), rel=0.02)
    assert np.allclose(stack.oof.sum(1), 1)


def test_scores_are_weighted_means() -> None:
    y = np.array([[0.0], [1.0], [2.0]])
    predicted = np.array([[1.0], [1.0], [np.nan]])
    assert mean_squared(y, predicted, np.array([1.0, 3.0, 9.0])) == pytest.approx(0.25)
    p = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert log_loss(np.array([0, 1]), p, np.array([1.0, 1.0])) == pytest.approx(
        -(np.log(0.5) + np.log(0.75)) / 2
    )


def test_reliability_of_true_probabilities_is_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(40_000)
    curve = reliability_curve(p, rng.random(40_000) < p, np.ones(40_000), 15)
    assert np.allclose(curve.predicted, curve.observed, atol=0.04) and curve.ece < 0.02
    assert np.allclose(curve.weight, 40_000 / 15, rtol=0.01)
    assert reliability_curve(
        p, rng.random(40_000) < p**2, np.ones(40_000), 15
    ).ece == pytest.approx(1 / 6, abs=0.02)


def test_reliability_counts_weights_as_rows_and_keeps_ties_together() -> None:
    p, event, w = (
        np.array([0.2, 0.2, 0.8, 0.8]),
        np.array([False, True, True, True]),
        np.array([3.0, 1, 1, 1]),
    )
    rows = np.repeat(np.arange(4), w.astype(int))
    weighted, repeated = (
        reliability_curve(p, event, w, 15),
        reliability_curve(p[rows], event[rows], np.ones(6), 15),
    )
    assert np.allclose(weighted.observed, [0.25, 1]) and np.allclose(
        weighted.observed, repeated.observed
    )
    assert weighted.ece == pytest.approx(repeated.ece) == pytest.approx((4 * 0.05 + 2 * 0.2) / 6)


def test_smearing_makes_means_of_medians_without_the_own_fold() -> None:
    rng, folds = np.random.default_rng(0), make_folds(N, 4, 0)
    g, w = rng.normal(size=(N, 2)), rng.uniform(0.5, 2, N)
    factor, oof = smearing(g, np.array([3.0, 0.5]) * np.exp(g), w, folds)
    np.testing.assert_allclose(factor, [3.0, 0.5], rtol=1e-12)
    np.testing.assert_allclose(oof, factor * np.exp(g), rtol=1e-12)
    y = np.exp(g + rng.normal(size=(N, 2)))  # E e^ε = e^{1/2}
    factor, oof = smearing(g, y, w, folds)
    assert np.abs(factor - np.exp(0.5)).max() < 4 * np.sqrt((np.e**2 - np.e) / N)
    own = folds.held_out(2)
    y[own] *= 100
    np.testing.assert_array_equal(smearing(g, y, w, folds)[1][own], oof[own])


def test_smearing_forward_in_time_starts_with_one() -> None:
    folds = make_folds(N, 3, 0, time=np.arange(N, dtype=np.float64))
    g = np.where(folds.scored[:, None], 0.0, np.nan)
    _, oof = smearing(g, np.full((N, 1), 2.0), np.ones(N), folds)
    np.testing.assert_array_equal(oof[folds.held_out(0)], 1.0)
    np.testing.assert_allclose(oof[folds.held_out(1)], 2.0)
    assert np.isnan(oof[~folds.scored]).all()


def test_a_paired_difference_has_the_standard_error_of_a_mean(
    problem: tuple[np.ndarray, list[np.ndarray], np.ndarray],
) -> None:
    y, oofs, _ = problem
    one, other = (((y - f) ** 2)[:, 0] for f in oofs[:2])
    one[:5] = np.nan
    delta = (one - other)[5:]
    d, error = paired_difference(one, other, np.ones(N))
    assert d == pytest.approx(delta.mean()) and error == pytest.approx(delta.std() / np.sqrt(N - 5))
    by_group = np.repeat(np.arange(N // 10), 10)
    sums = np.bincount(by_group[5:], delta - d)
    assert paired_difference(one, other, np.ones(N), by_group)[1] == pytest.approx(
        np.sqrt(sums @ sums) / (N - 5)
    )


@pytest.mark.parametrize("n_classes", [2, 4])
def test_no_change_of_weights_and_offsets_lowers_the_loss(n_classes: int) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, n_classes, 400)
    columns = np.eye(n_classes)[:, 1:] if n_classes == 2 else np.eye(n_classes)
    good = 3 * columns[labels] + rng.normal(size=(400, columns.shape[1]))
    w, folds = rng.random(400) + 0.5, make_folds(400, 4, 0)
    stack = fit_logistic_stack([good], labels, n_classes, w, folds)

    def loss(weight: float, offsets: np.ndarray) -> float:
        logits = weight * good @ expansion(n_classes).T + offsets
        p = np.exp(logits - logits.max(1, keepdims=True))
        return log_loss(labels, p / p.sum(1, keepdims=True), w)

    at = loss(float(stack.weights[0]), stack.offsets)
    for step in (-0.2, 0.2):  # the small ridge does not decide
        assert loss(float(stack.weights[0]) + step, stack.offsets) > at
        for offset in np.eye(n_classes):
            assert loss(float(stack.weights[0]), stack.offsets + step * offset) > at
    opposed = fit_logistic_stack([good, -good], labels, n_classes, w, folds)
    assert opposed.weights[1] == 0
