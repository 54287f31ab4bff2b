"""Boosted trees: what they follow, how they grow, when they end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from motifnet.engine import Control, Matrix, MotifnetWarning
from motifnet.losses import Loss, Pinball, Poisson
from motifnet.tables import Sample
from motifnet.teachers import (
    MIN_TREES,
    ONCE_ROWS,
    BoostedTrees,
    Forest,
    Growth,
    Problem,
    RejectedEarly,
    find_engine,
    grow_best,
    trial_folds,
)
from motifnet.teachers._boosting import Engine
from tests.teachers.problems import classes, problem, r2


@pytest.mark.parametrize(
    "make", [problem, lambda: classes(2), lambda: classes(3)], ids=["values", "two", "three"]
)
def test_trees_without_lightgbm(
    make: Callable[[], Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    sample = make()
    with pytest.warns(MotifnetWarning, match="LightGBM cannot be imported"):
        fitted = BoostedTrees(max_trees=60).fit(sample)
    assert fitted.oof.shape == sample.y.shape
    if sample.labels is None:
        assert r2(fitted.oof, sample.y) > 0.5
    else:
        guess = fitted.oof[:, 0] > 0 if fitted.oof.shape[1] == 1 else fitted.oof.argmax(1)
        assert (guess == sample.labels).mean() > 0.6


def test_leaves_are_drawn_to_their_parent() -> None:
    X = np.repeat([[0.0], [1.0]], 10, axis=0)
    train = Problem(X, 2 * X[:, 0] - 1, np.ones(20))
    (forest,) = find_engine("lightgbm").grow(
        train, Growth(1.0, 2, 1, 1, min_rows=2, l2=1.0, smooth=3.0), 0, None
    )
    own = 10 / (10 + 1.0)  # with l2 = 1; the parent's value is 0
    np.testing.assert_allclose(
        forest.predict(X)[:, 0], own * (10 / (10 + 3.0)) * train.y, rtol=1e-6
    )


@pytest.mark.parametrize("loss", [Pinball(0.9), Poisson()], ids=["quantile", "counts"])
@pytest.mark.parametrize("library", ["lightgbm", "catboost"])
def test_trees_follow_the_loss(library: str, loss: Loss) -> None:
    sample, growth = problem(), Growth(0.1, 15, 30, 10, min_rows=5, columns=0.8, rows=0.8, l2=1.0)
    y: Matrix = np.rint(np.exp(sample.y[:, 0]))
    train = Problem(sample.X, y, sample.weight, loss=loss)
    (forest,) = find_engine(library).grow(train, growth, 0, None)
    (constant,) = train.constants
    assert (
        loss.value(y, forest.predict(sample.X)[:, 0]).mean()
        < 0.8 * loss.value(y, constant.predict(sample.X)[:, 0]).mean()
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_trees_that_are_rejected_end_after_the_folds_of_their_trial(n_jobs: int) -> None:
    sample, seen = problem(600), []
    trial = trial_folds(sample.folds)
    assert trial == [0, 1]  # 150 rows each, of which 200 are wanted

    def worth(oof: Matrix) -> bool:
        seen.append(oof)
        return len(seen) == 1

    trees = BoostedTrees(max_trees=20)
    fitted = trees.fit(sample, n_jobs=n_jobs, worth=worth)
    assert np.array_equal(fitted.oof, trees.fit(sample, n_jobs=n_jobs).oof)
    with pytest.raises(RejectedEarly, match="300 rows") as ended:
        trees.fit(sample, n_jobs=n_jobs, worth=worth)
    first = np.where(
        (sample.folds.held_out(0) | sample.folds.held_out(1))[:, None], fitted.oof, np.nan
    )
    for oof in (*seen, ended.value.oof):
        assert np.array_equal(oof, first, equal_nan=True)


def timed(seconds: float) -> Growth:
    return Growth(
        learning_rate=0.05,
        leaves=4,
        min_rows=2,
        l2=1.0,
        limit=500,
        patience=20,
        seconds=seconds,
    )


def test_fewer_trees_take_a_larger_rate() -> None:
    assert timed(np.inf).rate_at(1.0) == timed(MIN_TREES).rate_at(1.0) == 0.05
    assert timed(MIN_TREES / 2).rate_at(1.0) == pytest.approx(0.1)
    assert timed(1.0).rate_at(1.0) == 0.3


@pytest.mark.parametrize(("left", "again"), [(10.0, True), (1.5, False)])
def test_trees_are_grown_again_on_all_rows_where_there_is_time(
    left: float, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first growth takes a second; the second one would take about 16 / 9 of that."""
    clock, grown = iter([0.0, 1.0]), list[int]()
    monkeypatch.setattr("motifnet.teachers._boosting.time.monotonic", lambda: next(clock))
    stump = Forest.sum([Forest.constant(np.zeros(1))] * (MIN_TREES + 1))

    def grow(problem: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
        grown.append(growth.limit)
        return [stump]

    engine = Engine(lambda *_: 0, grow, lambda *_: [stump])
    rng = np.random.default_rng(0)
    problem = Problem(rng.normal(size=(400, 2)), rng.normal(size=400), np.ones(400))
    assert grow_best(engine, problem, np.arange(400) % 4 == 0, timed(left), 0, None) == [stump]
    assert grown == ([round(MIN_TREES * 4 / 3)] if again else [])


def test_a_limit_of_time_ends_the_growth_and_not_the_fit() -> None:
    sample = problem(400)
    fitted = BoostedTrees(max_trees=100_000, patience=100_000).fit(sample, control=Control(2.0))
    assert np.isfinite(fitted.oof).all()
    assert np.mean((fitted.oof - sample.y) ** 2) < np.var(sample.y)


@pytest.mark.parametrize(
    ("n", "limit", "anew"), [(4_000, None, True), (4_000, 0.4, False), (9_000, 0.4, False)]
)
def test_trees_of_a_single_fold_that_a_limit_cut_short_are_those_that_were_scored(
    n: int, limit: float | None, anew: bool
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    whole = Sample.plain(X, np.sin(3 * X[:, 0]) * X[:, 1] + 0.1 * rng.normal(size=n))
    sample = replace(whole, folds=whole.folds.first(1, at_least=1))
    fitted = BoostedTrees(max_trees=5_000, patience=5_000, bagged=False).fit(
        sample, control=Control(limit)
    )
    rows = sample.folds.scored
    assert np.allclose(fitted.predict(X[rows]), fitted.oof[rows]) != anew


@pytest.mark.parametrize(
    ("n", "limit"), [(ONCE_ROWS - 1, None), (ONCE_ROWS, None), (ONCE_ROWS, 600.0)]
)
def test_trees_of_all_rows_are_as_many_if_those_of_a_single_fold_are_grown_once(
    n: int, limit: float | None
) -> None:
    sample = problem(n)
    sample = replace(sample, folds=sample.folds.only(0))
    # so slow that the last tree is the best one
    teacher = BoostedTrees(max_trees=9, learning_rate=0.01, leaves=3, bagged=False)
    fitted = teacher.fit(sample, control=Control(limit))
    assert len(fitted.forests[0].roots) == 1 + 9 * 4 / 3 * 4 / 3
    assert r2(fitted.oof, sample.y) > 0.05
    assert np.isnan(fitted.oof).any(1).mean() == pytest.approx(0.75, abs=0.01)
