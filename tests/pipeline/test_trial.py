"""Trials: which rows they are on, what they reject, and rounds of a training that they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from motifnet import MotifRegressor
from motifnet.engine import Control, Matrix, Stopped
from motifnet.kernels import median_distances, start_kernel
from motifnet.motifs import Affine
from motifnet.pipeline import PRESETS, RegressionGoal, Trial
from motifnet.structure import LogScale, Part, part_of
from motifnet.tables import Sample, make_folds
from motifnet.teachers import KernelRidge, RejectedEarly, fit_folds, trial_folds
from motifnet.training import (
    FeatureLayers,
    FeatureSettings,
    Start,
    cross_tune,
    starts_of,
    train_feature_layers,
)
from tests.shared.short_presets import short


def sample_of(n: int, seed: int = 0, noise: float = 0.1) -> Sample:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n, 3))
    y = np.sin(4 * X[:, 0]) + X[:, 1] + noise * rng.normal(size=n)
    return Sample.plain(X, (y - y.mean()) / y.std())


def part_of_scores(name: str, oof: Matrix) -> Part:
    return Part(name, oof, Affine(torch.eye(1), torch.zeros(1)), lambda X: X[:, :1])


@pytest.mark.parametrize(
    ("n", "count", "folds"),
    [(160, 4, [0, 1, 2, 3]), (600, 4, [0, 1]), (796, 4, [0, 1]), (800, 4, [0]), (4_000, 8, [0])],
)
def test_a_trial_has_as_few_folds_as_have_enough_rows(n: int, count: int, folds: list[int]) -> None:
    assert trial_folds(make_folds(n, count, 0)) == folds


def test_a_trial_forward_in_time_is_on_the_last_rows() -> None:
    assert trial_folds(make_folds(600, 4, 0, time=np.arange(600.0))) == [2, 3]


def test_a_trial_has_whole_groups() -> None:
    groups = np.repeat([0, 1, 2, 3, 4], [300, 200, 60, 30, 10])
    folds = make_folds(600, 4, 0, groups=groups)
    assert sum(int(folds.held_out(k).sum()) for k in trial_folds(folds)) >= 200


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(("n", "first"), [(160, None), (1_000, [0])])
def test_what_is_rejected_is_fitted_on_the_folds_of_the_trial_alone(
    n: int, first: list[int] | None, n_jobs: int
) -> None:
    sample, fitted = sample_of(n), list[int]()

    def fit(k: int) -> int:
        fitted.append(k)
        return k

    def scores(k: int) -> Matrix:
        return sample.y[sample.folds.held_out(k)]

    assert fit_folds(sample, fit, scores, n_jobs, lambda oof: True) == [0, 1, 2, 3]
    fitted.clear()
    if first is None:  # all folds would be the trial, so that there is nothing to spare
        assert fit_folds(sample, fit, scores, n_jobs, lambda oof: False) == [0, 1, 2, 3]
        return
    with pytest.raises(RejectedEarly) as early:
        fit_folds(sample, fit, scores, n_jobs, lambda oof: False)
    assert fitted == first
    assert np.array_equal(np.isfinite(early.value.oof[:, 0]), sample.folds.held_out(0))


def test_a_trial_judges_by_its_rows_alone() -> None:
    sample = sample_of(800, noise=1.0)
    goal = RegressionGoal(sample, np.zeros(1), np.ones(1))
    rng = np.random.default_rng(1)
    poor = part_of_scores("poor", sample.y + 0.1 * rng.normal(size=sample.y.shape))
    rows = sample.folds.held_out(0)[:, None]
    perfect, copy = (
        Trial.of(goal, np.where(rows, oof, np.nan), None, 0) for oof in (sample.y, poor.oof)
    )
    assert perfect.rows.sum() == 200
    assert (
        perfect.error([poor], poor) < 0.1 * perfect.error([poor]) and perfect.error([], poor) < 1e-9
    )
    assert copy.error([poor], poor) == pytest.approx(copy.error([poor]), rel=0.02)
    elsewhere = replace(poor, oof=np.where(rows, poor.oof, 7.0))
    assert copy.error([elsewhere]) == copy.error([poor])


def test_a_trial_on_the_log_scale_is_in_the_units_of_the_others() -> None:
    rng = np.random.default_rng(2)
    X = rng.uniform(-1, 1, size=(900, 2))
    y = np.exp(2 * X[:, :1] + 0.1 * rng.normal(size=(900, 1)))
    mean, sd = y.mean(0), y.std(0)
    sample = Sample.plain(X, (y - mean) / sd)
    log = LogScale.of(sample, mean, sd)
    assert log is not None
    fitted = KernelRidge().fit(log.sample)
    rows = sample.folds.held_out(0)[:, None]
    goal = RegressionGoal(sample, mean, sd)
    alone = Trial.of(goal, np.where(rows, fitted.oof, np.nan), log, 0).error(
        [], part_of_scores("any", sample.y)
    )
    assert alone == pytest.approx(goal.error(part_of("log", fitted, log).oof, rows[:, 0]), rel=0.05)


ROUNDS = FeatureSettings(profiles=("laplace1", "gaussian"), steps=8, rounds=3, batch=200)


def test_layers_after_a_round_are_those_of_a_training_that_ends_there() -> None:
    sample, seen = sample_of(500), list[FeatureLayers]()
    start = Start(
        start_kernel(ROUNDS.profiles, median_distances(torch.as_tensor(sample.X)), 0.3), 0.1
    )

    def look(layers: FeatureLayers) -> bool:
        seen.append(layers)
        return True

    train_feature_layers(sample, start, ROUNDS, [0], after_round=look)
    assert len(seen) == 3
    for rounds, layers in enumerate(seen, 1):
        again = train_feature_layers(sample, start, replace(ROUNDS, rounds=rounds), [0])
        assert np.array_equal(layers.slopes, again.slopes) and layers.ridge == again.ridge


@pytest.mark.parametrize("n", [150, 900])
def test_rounds_are_as_many_as_are_worth_it_whatever_the_jobs(n: int) -> None:
    sample = sample_of(n)
    starts = starts_of(KernelRidge().fit(sample), ROUNDS.profiles)
    one, two = (cross_tune(sample, starts, ROUNDS, n_jobs=jobs) for jobs in (1, 2))
    assert 1 <= one.rounds <= 3 and one.rounds == two.rounds and np.array_equal(one.oof, two.oof)
    assert all(np.array_equal(a.dual, b.dual) for a, b in zip(one.models, two.models, strict=True))


def test_a_warped_target_is_worth_more_rounds_than_noise() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(0, 1, size=(800, 4))
    targets = (np.sin(12 * X[:, 0] ** 3), rng.normal(size=800))
    samples = [Sample.plain(X, (y - y.mean()) / y.std()) for y in targets]
    settings = replace(ROUNDS, steps=15)
    warped, noise = (
        cross_tune(s, starts_of(KernelRidge().fit(s), settings.profiles), settings).rounds
        for s in samples
    )
    assert noise == 1 < warped


@pytest.mark.parametrize(
    ("n", "form"),
    [
        pytest.param(n, form, marks=[pytest.mark.slow] * (n == 120 and form != "plain"))
        for n in (120, 640)
        for form in ("plain", "groups", "time", "weights", "equal rows", "categories only")
    ],
)
def test_a_fit_with_rounds_and_trials_takes_every_form_of_table(
    monkeypatch: pytest.MonkeyPatch, n: int, form: str
) -> None:
    monkeypatch.setitem(PRESETS, "balanced", short("balanced"))
    rng = np.random.default_rng(3)
    X: Any = rng.uniform(-1, 1, size=(n, 3))
    if form == "equal rows":
        X = X[rng.integers(0, n // 4, n)]
    y = X[:, 0] + np.sin(3 * X[:, 1]) + 0.1 * rng.normal(size=n)
    if form == "categories only":
        X = np.where(X > 0, "yes", "no").astype(object)
    given: dict[str, dict[str, Any]] = {
        "groups": {"groups": rng.integers(0, 30, n)},
        "time": {"time": np.arange(n)},
        "weights": {"sample_weight": rng.uniform(0, 2, n)},
    }
    model = MotifRegressor(profile=None, random_state=0, n_jobs=1, time_limit_s=60).fit(
        X, y, **given.get(form, {})
    )
    assert np.isfinite(model.predict(X)).all()
    notes = {row.stage: row.note for row in model.ledger_}
    assert "of 3 rounds of 3 steps a fold" in notes["feature layers"]


def test_a_further_training_that_gains_nothing_ends_with_its_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    preset = PRESETS["balanced"]
    monkeypatch.setitem(PRESETS, "balanced", replace(preset, inner=preset.of_single))
    rng = np.random.default_rng(4)
    X = rng.uniform(-1, 1, size=(900, 3))
    model = MotifRegressor(random_state=0, n_jobs=1).fit(X, X.sum(1) + rng.normal(size=900))
    row = next(row for row in model.ledger_ if row.stage == "feature layers 2")
    assert not row.kept and "rejected early, after a trial on 225 rows" in row.note
    assert "trained kernel 2" not in {
        part.split(" ", 1)[-1]
        for r in model.ledger_
        if r.stage == "stack"
        for part in r.note.split(" + ")
    }


def test_a_stop_in_a_trial_ends_the_training() -> None:
    sample, control = sample_of(300), Control()
    control.interrupted.set()
    with pytest.raises(Stopped):
        cross_tune(
            sample, starts_of(KernelRidge().fit(sample), ROUNDS.profiles), ROUNDS, control=control
        )
