"""Where only the first folds are scored, down to a single one: what a table of more rows has just
as one of fewer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import motifnet
from motifnet import MotifClassifier, MotifRegressor
from motifnet.kernels import SINGLE_ROWS
from motifnet.losses import Objective
from motifnet.pipeline import PRESETS, prepare, with_validation_rows
from motifnet.stacking import fit_nnls_stack
from motifnet.tables import STACK_FOLDS, Sample, make_folds
from motifnet.teachers import KernelRidge
from motifnet.training import FeatureSettings, cross_tune, solve_whole, starts_of

# three folds are scored; two of three; a single one, of a
# quarter of the rows; sums in single precision
ROWS = (700, 2_900, 3_100, 7_900, 8_100)


def sizes(*fast: int) -> list[Any]:
    """All of them in the slow suite."""
    return [pytest.param(n, marks=[pytest.mark.slow] * (n not in fast)) for n in ROWS]


few_rows = pytest.mark.parametrize("n", sizes(2_900, 3_100))


def table(n: int, seed: int = 0) -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(seed)
    shop, x = rng.integers(0, 300, n), rng.uniform(-1, 1, (n, 2))
    effect = np.random.default_rng(1).normal(size=300)[shop]
    y = np.exp(0.5 * (effect + np.sin(3 * x[:, 0]) + x[:, 1] + 0.5 * rng.normal(size=n)))
    return pd.DataFrame({"shop": [f"s{i}" for i in shop], "a": x[:, 0], "b": x[:, 1]}), y


@pytest.mark.parametrize(
    ("n", "count", "scored"),
    [
        (300, 4, 4),
        (700, 3, 3),
        (1_200, 3, 2),
        (600, 4, 4),
        (1_000, 4, 2),
        (100_000, 4, 2),
        (90, 1, 1),
    ],
)
def test_as_many_folds_are_scored_as_have_enough_rows(n: int, count: int, scored: int) -> None:
    folds = make_folds(n, count, 0)
    first = folds.first(PRESETS["balanced"].scored_rows)
    assert first.count == scored
    for k in range(scored):
        np.testing.assert_array_equal(first.held_out(k), folds.held_out(k))
        np.testing.assert_array_equal(first.train(k), folds.train(k))


@pytest.mark.parametrize(("n", "count"), [(17_000, 4), (43_000, 10), (200_000, 20)])
def test_a_single_fold_is_dealt_to_four_for_the_stack(n: int, count: int) -> None:
    single = make_folds(n, count, 0).first(1, at_least=1)
    stack = single.for_stack
    assert single.count == 1 and stack.count == STACK_FOLDS
    np.testing.assert_array_equal(stack.scored, single.scored)
    assert np.ptp(np.bincount(stack.of[stack.scored])) <= 1
    assert not (stack.train(0) & stack.held_out(0)).any()


def test_groups_are_dealt_as_a_whole() -> None:
    """As a stream has them: rows that are never scored, and the rows that choose, of groups of
    their own.
    """
    groups = np.repeat(np.arange(60), 5)
    sample, choose = (
        replace(Sample.plain(np.zeros((n, 1)), np.zeros(n)), groups=groups[:n]) for n in (200, 100)
    )
    both = with_validation_rows(sample, choose)
    stack = both.for_stack.folds
    assert both.groups is not None and (stack.of[:200] == -1).all() and stack.count == STACK_FOLDS
    assert set(both.groups[:200]).isdisjoint(both.groups[200:])
    for group in np.unique(both.groups[200:]):
        assert np.ptp(stack.of[both.groups == group]) == 0


def test_other_folds_are_those_of_the_stack() -> None:
    several, forward = make_folds(100, 4, 0), make_folds(100, 1, 0, time=np.arange(100.0))
    assert several.for_stack is several
    assert make_folds(100, 2, 0).for_stack.count == 4
    assert forward.count == 1 and forward.for_stack is forward


def test_weights_of_a_single_fold_are_those_of_its_rows_and_its_score_is_not_fitted() -> None:
    """Twenty parts of pure noise: weights fitted to the rows that score them would claim a gain."""
    rng = np.random.default_rng(0)
    folds = make_folds(400, 4, 0).first(100, at_least=1)
    y, parts = (
        rng.normal(size=(400, 1)),
        [np.where(folds.scored[:, None], rng.normal(size=(400, 1)), np.nan) for _ in range(20)],
    )
    stack = fit_nnls_stack(parts, y, np.ones(400), folds)
    rows = folds.scored
    fitted = np.einsum("tnq,tq->nq", np.stack(parts), stack.weights)
    assert np.isfinite(stack.oof[rows]).all() and np.isnan(stack.oof[~rows]).all()
    assert (
        ((y - fitted)[rows] ** 2).mean()
        < (y[rows] ** 2).mean()
        < ((y - stack.oof)[rows] ** 2).mean()
    )


def test_the_network_of_a_single_fold_is_solved_on_all_rows() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (600, 2))
    whole = Sample.plain(X, np.sin(3 * X[:, 0]))
    sample = replace(whole, folds=whole.folds.first(100, at_least=1))
    settings = FeatureSettings(steps=3, batch=100, ridge_factors=(1.0,))
    convex = KernelRidge().fit(sample)
    tuned = cross_tune(sample, starts_of(convex, settings.profiles), settings)
    model = tuned.models[0]
    again = solve_whole(sample, model.inner, settings.capacity)
    np.testing.assert_allclose(model.predict(X), again.predict(X), atol=1e-8)
    assert np.isfinite(tuned.oof[sample.folds.scored]).all()


@pytest.fixture(scope="module", params=sizes(700, 2_900, 3_100, 8_100))
def fitted(request: pytest.FixtureRequest) -> tuple[MotifRegressor, pd.DataFrame, Any]:
    X, y = table(request.param)
    return MotifRegressor(preset="fast", random_state=0, n_jobs=1).fit(X, y), X, y


def test_a_fit_has_all_that_a_fit_has(
    fitted: tuple[MotifRegressor, pd.DataFrame, Any], tmp_path: Path
) -> None:
    model, X, y = fitted
    new, truth = table(2_000, 3)
    inside = (model.predict_interval(new, 0.8) - truth[:, None]).prod(1) <= 0
    assert 0.76 < inside.mean() < 0.84
    claimed = [row.error for row in model.ledger_ if row.kept][-1]
    measured = float(np.sqrt(np.mean((model.predict(new) - truth) ** 2)) / y.std())
    # by the rows that are scored
    assert measured == pytest.approx(claimed, rel=5 / np.sqrt(min(len(y), max(500, len(y) // 4))))
    assert model.explain(X[:500]) is not None
    model.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert not model.check_shift(new).shifted
    model.save(tmp_path / "m.motif")
    np.testing.assert_array_equal(
        motifnet.load(tmp_path / "m.motif").predict(new), model.predict(new)
    )


@pytest.mark.usefixtures("short_fits")
@few_rows
def test_groups_and_time_score_all_their_folds(n: int) -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n, 2))
    y = X[:, 0] + rng.normal(size=n)
    for given in ({"groups": rng.integers(0, 40, n)}, {"time": np.arange(n)}):
        model = MotifRegressor(preset="fast", profile=None, random_state=0).fit(X, y, **given)
        assert np.isfinite(model.predict(X[:10])).all()


@pytest.mark.parametrize("form", ["weights", "equal rows", "categories only"])
@few_rows
def test_other_forms_of_a_table_keep_their_scores(n: int, form: str) -> None:
    rng = np.random.default_rng(4)
    X = rng.uniform(-1, 1, (n, 3))
    if form == "equal rows":
        X = X[rng.integers(0, 50, n)]
    elif form == "categories only":
        X = np.where(X > 0, 1.0, -1.0)
    truth = X[:, 0] - 0.5 * X[:, 1]
    y = truth + rng.normal(size=n)
    weight = rng.uniform(0.5, 2, n) if form == "weights" else None
    rows: Any = np.where(X > 0, "yes", "no").astype(object) if form == "categories only" else X
    model = MotifRegressor(preset="fast", profile=None, random_state=0).fit(
        rows, y, sample_weight=weight
    )
    assert np.sqrt(np.mean((model.predict(rows) - truth) ** 2)) < max(0.1, 4 / np.sqrt(n))
    claimed = [row.error for row in model.ledger_ if row.kept][-1] * y.std()
    assert 0.95 < claimed < 1.05  # the noise, and nothing else


@few_rows
def test_classes_are_scored_so_too(n: int) -> None:
    X, y = table(n)
    labels = np.where(y > np.median(y), "hi", "lo")
    model = MotifClassifier(preset="fast", profile=None, random_state=0, n_jobs=1).fit(X, labels)
    new, truth = table(2_000, 3)
    assert (model.predict(new) == np.where(truth > np.median(y), "hi", "lo")).mean() > 0.75
    assert model.reliability(new, np.where(truth > np.median(y), "hi", "lo")) is not None


@pytest.mark.parametrize(
    ("n", "events", "scored"),
    [(2_000, 0.01, 3), (2_900, 0.2, 2), (4_000, 0.01, 3), (4_000, 0.2, 1)],
)
def test_rows_of_every_class_are_scored(n: int, events: float, scored: int) -> None:
    """A single fold of a quarter would have ten events of forty to calibrate probabilities by."""
    rng = np.random.default_rng(0)
    y = np.arange(n) < events * n
    ready = prepare(
        rng.normal(size=(n, 2)),
        y,
        None,
        None,
        None,
        task="classification",
        objective=Objective(),
        preset=PRESETS["fast"],
        seed=0,
    )
    folds = ready.sample.folds
    assert folds.count == scored
    assert ready.sample.labels is not None
    assert (np.bincount(ready.sample.labels[folds.scored]) >= min(50, round(events * n))).all()


@pytest.mark.parametrize("n", [SINGLE_ROWS - 100, SINGLE_ROWS + 1_000])
def test_a_function_without_noise_is_learned_on_both_sides_of_single_precision(n: int) -> None:
    """The trained ridge is far below the rounding of sums in single precision."""
    X = np.random.default_rng(0).normal(size=(n + 2_000, 60))
    y = np.sin(X[:, 0]) + X[:, 1]
    model = MotifRegressor("fast", n_jobs=1, random_state=0).fit(X[:n], y[:n])
    assert np.sqrt(np.mean((model.predict(X[n:]) - y[n:]) ** 2)) < 0.015
