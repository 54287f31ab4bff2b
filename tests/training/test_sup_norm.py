"""Sup-norm training: what it minimises, the acceptance checks of arXiv 2307.04042 in one dimension,
and the objective of that name.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from motifnet import MotifRegressor
from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Affine, Chain, Motif, evaluate
from motifnet.tables import Folds, Sample
from motifnet.teachers import KernelRidge
from motifnet.training import (
    CrossTuned,
    FeatureSettings,
    SupNormSettings,
    best_estimate,
    corrected_output,
    cross_tune,
    largest_local_error,
    radii_of,
    relu_network,
    starts_of,
    train_on_balls,
    train_sup_norm,
)
from motifnet.training._sup_norm import Estimate, _balls


def f(x: Matrix) -> Matrix:
    return np.asarray(np.sin(4 * np.pi * x) + np.abs(x - 0.5))


def at(network: object, X: Matrix) -> Matrix:
    assert isinstance(network, Motif)
    return np.asarray(evaluate(network, torch.as_tensor(X)).numpy())


def test_balls_stay_in_the_box_and_hold_their_row() -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    balls = _balls(X, 0.3, np.random.default_rng(1))
    assert np.array_equal(balls[:, 0], X)
    assert np.abs(balls - X[:, None]).max() <= 0.3
    assert (balls >= X.min(0)).all() and (balls <= X.max(0)).all()


def test_the_worst_point_of_each_ball_has_the_least_error_there_is() -> None:
    """A line through three points, each a ball: the minimax line is known, that of least squares is
    another one.
    """
    points, targets = np.array([[[-1.0], [0.0], [1.0]]]), np.array([[[0.0], [1.0], [0.0]]])
    line = Chain(
        [Affine(torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))]
    )
    settings = SupNormSettings(0.0, steps=800, rate=0.03)
    found = at(train_on_balls(line, points, targets, settings), points[0])
    np.testing.assert_allclose(found, 0.5, atol=0.02)


def test_least_squares_with_balls_of_one_point() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 2)), rng.standard_normal((50, 1))
    line = Chain(
        [Affine(torch.zeros(1, 2, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))]
    )
    found = at(train_on_balls(line, X[:, None], y[:, None], SupNormSettings(0.0, steps=800)), X)
    design = np.column_stack([X, np.ones(50)])
    np.testing.assert_allclose(found, design @ np.linalg.lstsq(design, y, rcond=None)[0], atol=2e-3)


def test_the_network_that_is_passed_in_stays_as_it_is_and_results_repeat() -> None:
    X = np.random.default_rng(0).uniform(0, 1, (30, 1))
    network, settings = relu_network(X, 1, 0), SupNormSettings(0.02, steps=20)
    before = at(network, X)
    first, second = (at(train_sup_norm(network, X, f, settings, seed=3), X) for _ in range(2))
    assert (
        np.array_equal(at(network, X), before)
        and np.array_equal(first, second)
        and not np.array_equal(first, before)
    )


def test_radii_are_multiples_of_the_nearest_distance() -> None:
    assert radii_of(np.arange(10.0)[:, None]) == [0.5, 1.0, 2.0, 4.0]
    assert radii_of(np.ones((4, 2))) == [0.5, 1.0, 2.0, 4.0]


def test_largest_local_error_in_closed_form() -> None:
    x = np.arange(8.0)[:, None]
    sample = Sample.plain(x, np.zeros(8))
    assert largest_local_error(sample, np.full((8, 1), 0.25)) == pytest.approx(0.25)
    bump = np.where(x == 0, -4.0, 0.0)  # the four rows nearest to row 0 have the mean 1
    assert largest_local_error(sample, bump) == pytest.approx(1.0)
    assert largest_local_error(sample, np.where(x < 4, np.nan, 0.5)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "wrong",
    [{"radius": -1.0}, {"radius": float("nan")}, {"rate": 0.0}, {"batch": 0}, {"steps": -1}],
)
def test_settings_that_cannot_be_run(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="cannot be run"):
        SupNormSettings(**{"radius": 0.1, **wrong})  # type: ignore[arg-type]


def test_the_objective_says_what_it_did_and_predicts_the_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("motifnet.training._sup_norm.STEPS", 50)
    rng = np.random.default_rng(0)
    X = rng.random((80, 1))
    y = f(X[:, 0]) + 0.1 * rng.standard_normal(80)
    fit = MotifRegressor(preset="fast", objective="supnorm").fit(X, y)
    row = fit.ledger_[-1]
    assert row.stage == "sup-norm training" and "largest local error" in row.note
    before, after = (float(part.split()[0]) for part in row.note.split("error ")[1].split("→"))
    assert row.kept == (after < before) or before == after  # as printed they may be equal
    assert np.isfinite(row.error) and fit.score(X, y) > 0.7
    assert fit.predict_interval(X[:3]).shape == (3, 2)


def trained(sample: Sample, seed: int) -> CrossTuned:
    return cross_tune(
        sample,
        starts_of(KernelRidge().fit(sample), FeatureSettings().profiles),
        FeatureSettings(steps=30, batch=256),
        seed=seed,
    )


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("smooth", [(), (("gaussian",),)], ids=["trained", "smooth"])
def test_the_corrected_output_without_a_fold_is_its_out_of_fold_prediction(
    smooth: tuple[tuple[str, ...], ...], forward: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motifnet.training._sup_norm.SMOOTH", smooth)
    rng = np.random.default_rng(0)
    X = rng.random((60, 1))
    sample = Sample.plain(X, f(X) + 0.1 * rng.standard_normal((60, 1)), folds=3)
    if forward:
        sample = replace(
            sample, folds=Folds(np.repeat([-1, 0, 1], 20), 2, forward=True), time=np.arange(60.0)
        )
    first = trained(sample, 0)
    found = corrected_output(
        sample, replace(first, oof=first.oof + 100) if smooth else first, KernelRidge()
    )
    k = sample.folds.count - 1
    rows = sample.folds.held_out(k)
    np.testing.assert_allclose(found.without(k)(X[rows]), found.oof[rows], atol=1e-9)


def test_the_least_squares_of_held_out_rows_choose() -> None:
    """For fold k those of the other folds do."""
    sample = Sample.plain(np.arange(4.0)[:, None], np.zeros(4), folds=2)
    k = int(sample.folds.of[0])
    inside = (sample.folds.of == k)[:, None]

    def constant(value: float, here: float, there: float) -> Estimate:
        return Estimate(
            np.where(inside, here, there), lambda X: X + value, lambda k: lambda X: X - value
        )

    best, zero = best_estimate(sample, [constant(1, 3, 0), constant(2, 1, 2)]), np.zeros(1)
    assert (
        best.predict(zero) == 2 and best.without(k)(zero) == -1 and best.without(1 - k)(zero) == -2
    )


def errors(n: int, seed: int) -> dict[str, float]:
    """Largest error on [0, 1] of a network of 48 + 48 units, by kind of training; the corrected
    output is the one of the stage.
    """
    rng = np.random.default_rng(seed)
    X = rng.random((n, 1))
    y, grid = f(X) + 0.3 * rng.standard_normal((n, 1)), np.linspace(0, 1, 1001)[:, None]
    sample, start = Sample.plain(X, y), relu_network(X, 1, seed)
    teacher = corrected_output(sample, trained(sample, seed), KernelRidge(), seed=seed)
    near, far = SupNormSettings(0.02), SupNormSettings(0.1)
    balls = _balls(X, far.radius, np.random.default_rng(seed))
    networks = {
        "least squares": train_on_balls(start, X[:, None], y[:, None], near, seed=seed),
        "ordinary": train_on_balls(
            start, balls, np.repeat(y[:, None], balls.shape[1], 1), far, seed=seed
        ),
        "corrected": train_sup_norm(start, X, teacher.predict, near, seed=seed),
    }
    return {
        name: float(np.abs(at(network, grid) - f(grid)).max()) for name, network in networks.items()
    }


@pytest.fixture(scope="module")
def means() -> dict[int, dict[str, float]]:
    """Over five samples, by number of rows."""
    runs = {n: [errors(n, seed) for seed in range(5)] for n in (100, 400)}
    return {
        n: {name: float(np.mean([run[name] for run in some])) for name in some[0]}
        for n, some in runs.items()
    }


@pytest.mark.slow
def test_the_correction_makes_adversarial_training_consistent(
    means: dict[int, dict[str, float]],
) -> None:
    assert means[400]["ordinary"] >= 2 * means[400]["corrected"]
    assert means[400]["corrected"] <= 0.85 * means[100]["corrected"]
    assert all(means[n]["corrected"] <= 0.95 * means[n]["least squares"] for n in (100, 400))
