"""Parts of intervals and sets against what defines them: refits, order statistics, the scale of residuals."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.kernels import solve_ridge
from motifnet.tables import Folds, Sample, make_folds
from motifnet.teachers import FittedTrees
from motifnet.transfer import values_of
from motifnet.uncertainty import (
    ClassSets,
    Intervals,
    as_levels,
    fit_intervals,
    fit_scale,
    fit_sets,
    misses,
    narrowing,
    unit_of,
    upper_quantile,
)
from motifnet.uncertainty import _residuals as scales
from tests.uncertainty.kernel_fits import KERNEL, RNG, convex, table


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
    found = fit_scale(sample, predicted, residuals, seed=0)
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
    part = fit_scale(sample, predicted, missing, seed=0)
    assert part is not None and np.array_equal(np.isnan(part.oof[:, 0]), np.arange(400) < 50)


def test_no_scale_where_a_constant_does_as_well_or_there_is_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sample, predicted, residuals = scaled_sample()
    noise = RNG(5).standard_normal((400, 1))
    assert fit_scale(sample, predicted, noise, seed=0) is None
    few = residuals.copy()
    few[scales.MIN_ROWS - 1 :] = np.nan
    assert fit_scale(sample, predicted, few, seed=0) is None
    few[scales.MIN_ROWS - 1] = 1.0
    assert fit_scale(sample, predicted, 1e-31 * residuals, seed=0) is None
    calls: list[int] = []

    class Counted:
        def fit(self, part: Sample, **options: Any) -> FittedTrees:
            calls.append(part.n)
            return trees.fit(part, **options)

    trees = scales.TREES
    monkeypatch.setattr(scales, "TREES", Counted())
    fit_scale(sample, predicted, few, seed=0)
    assert calls == [scales.MIN_ROWS]


def test_the_scale_is_in_the_units_of_the_residuals() -> None:
    sample, predicted, residuals = scaled_sample()
    one, other = (
        fit_scale(sample, predicted, unit * residuals, seed=0) for unit in (1.0, 2.0**-12)
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
    np.testing.assert_allclose(local.scores, residuals / np.exp(one.oof), rtol=1e-8)
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
