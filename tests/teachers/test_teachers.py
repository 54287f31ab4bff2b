"""The contract of teachers: a new one is one row of ROWS, and everything below holds for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from motifnet.engine import Control, Matrix, Stopped
from motifnet.tables import Folds, Sample, make_folds
from motifnet.teachers import (
    TEACHERS,
    BoostedTrees,
    FittedTeacher,
    KernelRidge,
    Linear,
    Splines,
    SupportVectors,
    Teacher,
    fold_partition,
    inner_folds,
    inner_split,
)
from motifnet.teachers._support_vectors import Choice, _fit
from tests.shared.leak_cases import LANDMARKS, copies
from tests.teachers.problems import classes, problem, r2


@dataclass(frozen=True)
class Row:
    """A teacher in a quick setting; the out-of-fold R² that it must reach on `problem`; whether it
    looks at its control; rows and tolerance of the test of weights.
    """

    make: Callable[[], Teacher]
    r2: float
    stops: bool = True
    rows: int = 250
    weighted: float = 0.5


ROWS = {
    # the first model of all, so that there is always one to keep; its grid
    # sees all repeated rows of a table of 88, and none is left to chance
    "kernel ridge": Row(KernelRidge, 0.75, stops=False, rows=88, weighted=0.01),
    "support vectors": Row(lambda: SupportVectors(choice_rows=300), 0.75),
    "splines": Row(Splines, 0.75),
    "linear": Row(Linear, 0.5),
    "trees": Row(lambda: BoostedTrees(max_trees=300), 0.6),
    "quick trees": Row(lambda: BoostedTrees(learning_rate=0.1, max_trees=250, patience=20), 0.6),
    "randomised trees": Row(lambda: BoostedTrees(max_trees=300, leaves=15, randomised=True), 0.6),
    "smoothed trees": Row(
        lambda: BoostedTrees(max_trees=300, leaves=16, min_rows=2, columns=1.0, smooth=3.0), 0.6
    ),
    "shallow trees": Row(
        lambda: BoostedTrees(
            learning_rate=0.06, leaves=15, min_rows=10, columns=0.5, max_trees=300
        ),
        0.6,
    ),
    "catboost": Row(lambda: BoostedTrees(max_trees=300, library="catboost"), 0.6),
}
every_teacher = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


def forward(n: int = 160) -> Sample:
    time = np.arange(n, dtype=np.float64)
    return replace(problem(n), time=time, folds=make_folds(n, 3, 0, time=time))


def grouped(n: int = 160, groups: int = 20) -> Sample:
    of = np.random.default_rng(3).integers(0, groups, n)
    return replace(problem(n), groups=of, folds=make_folds(n, 4, 0, groups=of))


def same(a: Matrix, b: Matrix, row: Row) -> None:
    """Equal; kernel ridge takes folds out of one factorisation of all rows, which leaves rounding
    behind.
    """
    np.testing.assert_allclose(a, b, atol=1e-8 if row.make is KernelRidge else 0, rtol=0)


def test_every_teacher_has_a_row() -> None:
    assert set(ROWS) == set(TEACHERS)
    assert all(type(row.make()) is type(TEACHERS[name]()) for name, row in ROWS.items())


@every_teacher
def test_learns_and_predicts(row: Row) -> None:
    sample = problem()
    fitted = row.make().fit(sample)
    assert fitted.oof.shape == (160, 1)
    assert r2(fitted.oof, sample.y) > row.r2
    new = problem(seed=1)
    prediction = fitted.predict(new.X)
    assert prediction.shape == (160, 1)
    assert r2(prediction, new.y) > row.r2
    np.testing.assert_allclose(fitted.predict(new.X[:3]), prediction[:3], atol=1e-12)
    assert fitted.predict(new.X[:0]).shape == (0, 1)


KINDS = {
    "random": problem,
    "groups": grouped,
    "time": forward,
    "two": lambda: classes(2),
    "three": lambda: classes(3),
}


@every_teacher
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_oof_of_a_fold_does_not_depend_on_its_targets(row: Row, make: Callable[[], Sample]) -> None:
    sample, k = make(), 2
    out = sample.folds.of >= k if sample.folds.forward else sample.folds.held_out(k)
    rng = np.random.default_rng(0)
    y, labels = sample.y.copy(), None if sample.labels is None else sample.labels.copy()
    y[out] = rng.permutation(y[out]) if labels is not None else 5 * rng.normal(size=y[out].shape)
    if labels is not None:
        labels[out] = (y[out].argmax(1) if y.shape[1] > 1 else y[out, 0] > 0).astype(np.int64)
    changed = replace(sample, y=y, labels=labels)
    before, after = row.make().fit(sample).oof, row.make().fit(changed).oof
    same(before[sample.folds.of == k], after[sample.folds.of == k], row)
    rest = sample.folds.scored & ~out
    # the change matters to the other folds
    assert sample.folds.forward or not np.allclose(before[rest], after[rest])


@every_teacher
def test_a_fold_sees_its_own_view_only(row: Row) -> None:
    sample = problem()
    views = tuple(sample.X + 0.01 * k for k in range(4))
    garbage = tuple(view if k == 1 else 100 * view[::-1] for k, view in enumerate(views))
    before, after = (
        row.make().fit(replace(sample, views=v)).oof[sample.folds.of == 1] for v in (views, garbage)
    )
    same(before, after, row)


@every_teacher
@pytest.mark.parametrize("make", [problem, lambda: classes(3)], ids=["values", "classes"])
def test_same_result_for_any_number_of_jobs(row: Row, make: Callable[[], Sample]) -> None:
    one, two = (row.make().fit(make(), seed=5, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.oof, two.oof)
    np.testing.assert_array_equal(one.predict(make().X), two.predict(make().X))


@every_teacher
def test_several_outputs(row: Row) -> None:
    sample = problem(q=2)
    fitted = row.make().fit(sample)
    assert fitted.oof.shape == fitted.predict(sample.X).shape == (160, 2)
    assert all(r2(fitted.oof[:, c : c + 1], sample.y[:, c : c + 1]) > row.r2 for c in range(2))


@every_teacher
@pytest.mark.parametrize("K", [2, 3])
def test_classes(row: Row, K: int) -> None:
    sample = classes(K)
    fitted = row.make().fit(sample)
    assert fitted.oof.shape == fitted.predict(sample.X).shape == sample.y.shape
    guess = fitted.oof[:, 0] > 0 if K == 2 else fitted.oof.argmax(1)
    assert sample.labels is not None
    assert (guess == sample.labels).mean() > (0.8 if K == 2 else 0.6)


@every_teacher
def test_weights_count_as_repeated_rows(row: Row) -> None:
    """Heavy rows follow another rule: the weighted fit must be near that on repeated rows (left out
    together) and far from the unweighted one.
    """
    n, rng = row.rows, np.random.default_rng(0)
    X = rng.normal(size=(n, 1))
    heavy = rng.random(n) < 0.3
    y = np.where(heavy, -X[:, 0], X[:, 0]) + 0.1 * rng.normal(size=n)
    weight = np.where(heavy, 9.0, 1.0)
    plain = replace(Sample.plain(X, y), groups=np.arange(n))
    rows = np.repeat(np.arange(n), weight.astype(int))
    repeated = replace(
        Sample.plain(X[rows], y[rows]),
        groups=rows,
        folds=replace(plain.folds, of=plain.folds.of[rows]),
    )
    f_weighted, f_repeated, f_plain = (
        row.make().fit(s).predict(X) for s in (replace(plain, weight=weight), repeated, plain)
    )

    def rms(a: Matrix) -> float:
        return float(np.sqrt((a**2).mean()))

    assert rms(f_weighted - f_repeated) < row.weighted * rms(f_plain - f_repeated)


@every_teacher
def test_time_looks_forward_only(row: Row) -> None:
    sample = forward()
    fitted = row.make().fit(sample)
    np.testing.assert_array_equal(np.isnan(fitted.oof[:, 0]), ~sample.folds.scored)
    later = sample.folds.of > 0
    # the rows of later folds hold other values
    X = np.where(later[:, None], sample.X[::-1], sample.X)
    shuffled = row.make().fit(replace(sample, X=X, y=np.where(later[:, None], -sample.y, sample.y)))
    first = sample.folds.of == 0
    # its length scale is relative to a median distance, for which all rows count
    if row.make is not KernelRidge:
        np.testing.assert_array_equal(fitted.oof[first], shuffled.oof[first])


@every_teacher
def test_a_group_effect_is_not_learned(row: Row) -> None:
    """The target is an effect of the group, which the columns give away: with whole groups left out
    there is nothing to find, else nearly all of it.

    Kernels have fewer centres than there are rows.
    """
    teacher = row.make()
    if isinstance(teacher, KernelRidge):
        teacher = replace(teacher, capacity=LANDMARKS)
    scores = [r2(teacher.fit(s := copies("groups", seed)).oof, s.y) for seed in range(3)]
    assert np.mean(scores) <= 0.05 and max(scores) <= 0.25, scores
    alone = Sample.plain(copies("groups").X, copies("groups").y)
    assert row.make is Linear or r2(teacher.fit(alone).oof, alone.y) > 0.3


def noise(seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(150, 400)), int(rng.integers(2, 12))
    X = rng.normal(size=(n, d))
    X[:, -1] = rng.integers(0, 3, n)
    sample = Sample.plain(X, rng.normal(size=n), seed=seed)
    return replace(sample, numeric=np.arange(d) < d - 1)


@every_teacher
def test_pure_noise_looks_like_noise(row: Row) -> None:
    scores = [r2(row.make().fit(s := noise(seed), n_jobs=2).oof, s.y) for seed in range(6)]
    assert np.mean(scores) <= 0.0, scores
    assert max(scores) <= 0.05, scores


@pytest.mark.slow
@pytest.mark.parametrize("name", TEACHERS)
def test_pure_noise_on_forty_tables(name: str) -> None:
    scores = [r2(TEACHERS[name]().fit(s := noise(seed), n_jobs=2).oof, s.y) for seed in range(40)]
    assert np.mean(scores) <= 0.0, scores
    assert max(scores) <= 0.05, scores


@every_teacher
@pytest.mark.parametrize("n", [2, 3, 7, 20])
def test_few_rows(row: Row, n: int) -> None:
    for sample in (problem(40), classes(3, 40)):
        few = np.arange(40) < n
        small = replace(sample.rows(few), folds=make_folds(n, 4, 0))
        fitted = row.make().fit(small)
        assert np.isfinite(fitted.oof).all()
        assert np.isfinite(fitted.predict(sample.X)).all()


@every_teacher
def test_constant_target_and_columns(row: Row) -> None:
    sample = replace(problem(40), y=np.zeros((40, 1)))
    np.testing.assert_allclose(row.make().fit(sample).predict(sample.X), 0.0, atol=1e-9)
    # skewed: the mean is not the median
    y = np.random.default_rng(0).exponential(size=(40, 1)) + 2.0
    flat = replace(problem(40), X=np.ones((40, 2)), y=y, numeric=np.ones(2, dtype=bool))
    fitted, robust = row.make().fit(flat), isinstance(row.make(), SupportVectors)
    # errors within the tube do not count
    centre, tolerance = (np.median, 0.1) if robust else (np.mean, 1e-9)
    np.testing.assert_allclose(fitted.predict(np.ones((3, 2))), centre(y), atol=tolerance)
    others = [centre(y[flat.folds.train(k)]) for k in range(flat.folds.count)]
    np.testing.assert_allclose(
        fitted.oof[:, 0], np.array(others)[flat.folds.of], atol=max(tolerance, robust * 0.2)
    )


@every_teacher
def test_more_columns_than_rows(row: Row) -> None:
    rng = np.random.default_rng(0)
    fitted: FittedTeacher = row.make().fit(
        Sample.plain(rng.normal(size=(30, 60)), rng.normal(size=30))
    )
    assert np.isfinite(fitted.oof).all()


@every_teacher
def test_stops_when_told(row: Row) -> None:
    if row.stops:
        with pytest.raises(Stopped):
            row.make().fit(problem(), control=Control(0.0))


def test_inner_splits_keep_groups_whole_and_look_forward() -> None:
    g, t = grouped(), forward()
    assert g.groups is not None and t.time is not None
    valid = inner_split(g, 1)
    assert not set(g.groups[valid]) & set(g.groups[~valid])
    assert valid.any()
    valid = inner_split(t, 1)
    assert t.time[valid].min() > t.time[~valid].max()
    one_group = replace(g, groups=np.zeros(g.n, dtype=np.int64))
    assert inner_folds(one_group, 4, 0).count == 4


def test_support_vectors_of_repeated_rows() -> None:
    """With the settings fixed, a weight is a number of rows exactly."""
    sample = problem(60)
    rows = np.concatenate([np.arange(60), np.arange(10)])
    weight: NDArray[np.float64] = np.where(np.arange(60) < 10, 2.0, 1.0)
    repeated = Sample.plain(sample.X[rows], sample.y[rows])
    a, b = (
        _fit(replace(sample, weight=weight), Choice(gamma=1.0)),
        _fit(repeated, Choice(gamma=1.0)),
    )
    ratio = (b.kernel.rates / a.kernel.rates) ** 2  # medians of the distances differ
    b = _fit(repeated, Choice(gamma=1.0 / float(ratio[0])))
    # libsvm stops at 1e-3
    np.testing.assert_allclose(a.predict(sample.X), b.predict(sample.X), atol=5e-3)


def test_splines_find_an_additive_function_and_extend_it_linearly() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(400, 2))
    y = np.abs(X[:, 0]) + np.minimum(X[:, 1], 0)
    fitted = Splines().fit(Sample.plain(X, y))
    grid = rng.uniform(-1.9, 1.9, size=(200, 2))
    np.testing.assert_allclose(
        fitted.predict(grid)[:, 0], np.abs(grid[:, 0]) + np.minimum(grid[:, 1], 0), atol=0.03
    )
    ends = fitted.predict(np.array([[3.0, 0.0], [5.0, 0.0], [7.0, 0.0]]))[:, 0]
    np.testing.assert_allclose(ends[2] - ends[1], ends[1] - ends[0], atol=1e-12)
    assert abs((ends[1] - ends[0]) / 2 - 1) < 0.1


def test_where_no_earlier_row_of_another_group_is_left_no_block_chooses() -> None:
    """Groups that come again in the next fold: without these and those of the fold nothing could be
    fitted.
    """
    of = np.repeat([-1, 0, 1], 4)
    groups = np.array([0, 0, 1, 1, 0, 0, 2, 2, 3, 3, 2, 2])
    rng = np.random.default_rng(0)
    sample = replace(
        Sample.plain(rng.normal(size=(12, 2)), rng.normal(size=12)),
        folds=Folds(of, 2, True, groups),
        groups=groups,
    )
    assert fold_partition(sample, 0).inner == ()
    part = fold_partition(sample, 1)
    (block,) = part.inner
    assert part.train.tolist() == ((of < 1) & (groups != 2)).tolist()
    assert block.tolist() == (part.train & torch.as_tensor(groups == 0)).tolist()
    assert part.scored(block).tolist() == ((of == 0) & (groups == 0)).tolist()
    alone = replace(sample, folds=Folds(of, 2, True, np.where(groups == 1, 0, groups)))
    assert fold_partition(alone, 1).inner == ()


@pytest.mark.parametrize("views", [False, True])
def test_a_kernel_fit_to_some_rows_does_not_know_the_others(views: bool) -> None:
    """Both sides of the limit: at 225 training rows of 300 nothing changes, at 224 one row is left
    out; targets of rows that are left out change nothing.
    """
    sample = problem(300)
    folds = sample.folds.first(1, at_least=1)
    sample = replace(sample, folds=folds, views=(sample.X + 0.1,) if views else None)
    teacher = KernelRidge(grid_rows=60)
    whole = teacher.fit(sample)
    same = replace(teacher, fitted_rows=225).fit(sample)
    np.testing.assert_array_equal(same.oof, whole.oof)
    assert len(replace(teacher, fitted_rows=224).fit(sample).centres) == 299

    few = replace(teacher, fitted_rows=100)
    fitted = few.fit(sample)
    assert len(fitted.centres) == 175 and np.isfinite(fitted.oof[folds.held_out(0)]).all()
    used = {row.tobytes() for row in fitted.centres}
    others = np.array([row.tobytes() not in used for row in sample.X])
    changed = replace(sample, y=np.where(others[:, None], 9.0, sample.y))
    again = few.fit(changed)
    np.testing.assert_array_equal(again.oof, fitted.oof)
    np.testing.assert_array_equal(again.dual, fitted.dual)
