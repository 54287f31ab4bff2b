"""Statistics of the target by level, which never meet their own target."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from motifnet.tables import (
    as_table,
    effects,
    make_folds,
)
from tests.tables.encoded import encode

# --- target statistics


def levels_frame(codes: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"c": codes.astype(str)})


def test_effects_against_the_formula_by_loops() -> None:
    rng = np.random.default_rng(0)
    codes, w = rng.integers(0, 9, 60), rng.random(60) + 1
    y = rng.normal(size=60) + codes
    W = np.bincount(codes, w, 10).astype(np.float64)
    N, M, grand = (
        w.sum(),
        [np.average(y[codes == i], weights=w[codes == i]) for i in range(9)],
        np.average(y, weights=w),
    )
    within = sum(w[i] * (y[i] - M[codes[i]]) ** 2 for i in range(60)) / (N - 9)
    between = (sum(W[i] * (M[i] - grand) ** 2 for i in range(9)) - 8 * within) / (N - sum(W**2) / N)
    expected = [(M[i] - grand) * W[i] / (W[i] + within / between) for i in range(9)]
    assert_allclose(effects(codes, y, w, W), np.array([*expected, 0.0]), rtol=1e-12)


def test_variance_components_are_right_on_average() -> None:
    rng = np.random.default_rng(0)
    shrinkage = []
    for _ in range(200):
        codes = np.repeat(np.arange(50), 6)
        y = rng.normal(size=50)[codes] * 0.7 + rng.normal(size=300)
        means = np.array([y[codes == i].mean() for i in range(50)]) - y.mean()
        shrinkage.append(effects(codes, y, np.ones(300), np.full(50, 6.0))[0] / means[0])
    assert abs(np.mean(shrinkage) - 0.49 / (0.49 + 1 / 6)) < 0.02


@pytest.mark.parametrize("forward", [False, True])
def test_a_fold_never_meets_its_own_targets(forward: bool) -> None:
    rng = np.random.default_rng(0)
    codes, y = rng.integers(0, 100, 800), rng.normal(size=(800, 2))
    folds = make_folds(800, 3, 0, time=rng.random(800) if forward else None)
    _, X, views = encode(levels_frame(codes), y, folds=folds)
    for k in range(3):
        other = y.copy()
        other[folds.held_out(k)] = rng.normal(size=other[folds.held_out(k)].shape) * 9
        if forward:
            other[~folds.train(k)] += 5
        _, X_other, views_other = encode(levels_frame(codes), other, folds=folds)
        assert_array_equal(views_other[k], views[k])
        assert not np.array_equal(X_other, X)


def test_training_rows_of_a_view_do_not_meet_their_own_target() -> None:
    rng = np.random.default_rng(0)
    codes, y = rng.integers(0, 100, 800), rng.normal(size=800)
    folds = make_folds(800, 3, 0)
    _, _, views = encode(levels_frame(codes), y, folds=folds)
    for k in range(3):
        rows = folds.train(k)
        assert abs(np.corrcoef(views[k][rows, 0], y[rows])[0, 1]) < 0.1


@pytest.mark.parametrize("kind", ["plain", "groups", "time"])
def test_noise_gives_nothing(kind: str) -> None:
    scores, correlations = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        codes, y = rng.integers(0, 2000, 3000), rng.normal(size=3000)
        groups = rng.integers(0, 300, 3000)
        if kind == "groups":
            y = y + rng.normal(size=300)[groups]
            codes = groups * 7 + rng.integers(0, 7, 3000)  # levels that tell the group
        y = (y - y.mean()) / y.std()
        folds = make_folds(
            3000,
            4,
            seed,
            groups=groups if kind == "groups" else None,
            time=rng.random(3000) if kind == "time" else None,
        )
        _, _, views = encode(levels_frame(codes), y, folds=folds)
        error = total = 0.0
        for k in range(folds.count):
            train, held = folds.train(k), folds.held_out(k)
            A = np.column_stack([np.ones(3000), views[k]])
            fitted = A @ np.linalg.lstsq(A[train], y[train], rcond=None)[0]
            error += float(((y - fitted)[held] ** 2).sum())
            total += float(((y[held] - y[train].mean()) ** 2).sum())
            if views[k][held, 0].std() > 0:
                correlations.append(np.corrcoef(views[k][held, 0], y[held])[0, 1])
        scores.append(1 - error / total)
    assert np.mean(scores) <= 0.0
    assert max(scores) <= 0.05
    assert not correlations or abs(np.mean(correlations)) < 0.03


def test_a_real_effect_is_found() -> None:
    rng = np.random.default_rng(0)
    effect, codes = rng.normal(size=300), rng.integers(0, 300, 6000)
    y = effect[codes] + rng.normal(size=6000)
    encoder, X, _ = encode(levels_frame(codes), y)
    found = encoder.transform(as_table(levels_frame(np.arange(300))))
    assert np.corrcoef(found[:, 0], effect)[0, 1] > 0.95
    assert np.corrcoef(X[:, 0], y)[0, 1] > 0.6


def test_unseen_levels_have_no_effect_and_the_least_frequency() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 100, 900)
    encoder, X, _ = encode(levels_frame(codes), rng.normal(size=100)[codes])
    unseen = encoder.transform(as_table(levels_frame(np.array([-5]))))
    assert unseen[0, 1] <= X[:, 1].min()
    assert X[:, 0].min() < unseen[0, 0] < X[:, 0].max()


def test_only_proportions_of_small_weights_count() -> None:
    rng = np.random.default_rng(0)
    codes, y, weight = rng.integers(0, 100, 500), rng.normal(size=500), rng.random(500)
    for scale in (1e-9, 1e-3):
        assert_allclose(
            encode(levels_frame(codes), y, weight * scale)[1],
            encode(levels_frame(codes), y, weight)[1],
            rtol=1e-9,
        )


def test_levels_of_single_rows_and_a_single_group_stay_finite() -> None:
    frame = levels_frame(np.arange(100))
    encoder, X, views = encode(frame, np.random.default_rng(0).normal(size=100))
    assert encoder.names == ("c effect", "c frequency")
    for matrix in (X, *views, encoder.transform(as_table(frame))):
        assert_array_equal(matrix, 0.0)
    one_group = make_folds(400, 4, 0, groups=np.zeros(400, dtype=np.int64))
    _, X, views = encode(
        levels_frame(np.arange(400) % 80),
        np.random.default_rng(0).normal(size=400),
        folds=one_group,
    )
    assert len(views) == 1
    assert np.isfinite(X).all()
    assert_array_equal(views[0], 0.0)
