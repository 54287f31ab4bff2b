"""Intervals and sets: the conformal quantile, coverage, nestedness, and what must not change them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import MotifnetWarning, UsageError
from motifnet.model import BundleError, save_model
from motifnet.tables import Sample
from motifnet.uncertainty import (
    SCORES,
    Intervals,
    as_levels,
    fit_intervals,
    lower_quantile,
    unit_of,
    upper_quantile,
)
from tests.shared.leak_cases import drawn
from tests.uncertainty.fits import GOLDEN, rows


def intervals_of(estimator: MotifRegressor) -> Intervals:
    assert isinstance(estimator.model_.conformal, Intervals)
    return estimator.model_.conformal


# the conformal quantile


@pytest.mark.parametrize(("n", "miss"), [(19, 0.05), (20, 0.1), (99, 0.2), (7, 0.5)])
def test_the_quantile_is_an_order_statistic(n: int, miss: float) -> None:
    s = np.random.default_rng(n).standard_normal(n)
    expected = np.sort(s)[int(np.ceil((1 - miss) * (n + 1) - 1e-9)) - 1]
    assert upper_quantile(s, np.ones(n), 1.0, miss) == expected
    assert lower_quantile(-s, np.ones(n), 1.0, miss) == -expected


def test_too_few_scores_have_no_finite_quantile() -> None:
    s = np.arange(18.0)
    assert upper_quantile(s, np.ones(18), 1.0, 0.05) == np.inf
    assert upper_quantile(np.arange(19.0), np.ones(19), 1.0, 0.05) == 18
    assert upper_quantile(s, np.ones(18), 1.0, 0.0) == np.inf


def test_a_weight_is_a_number_of_repeats() -> None:
    rng = np.random.default_rng(0)
    s, w = rng.standard_normal(40), rng.integers(1, 4, 40)
    repeated = np.repeat(s, w)
    for miss in (0.03, 0.1, 0.5):
        once = upper_quantile(s, w.astype(float), unit_of(w.astype(float), None), miss)
        assert once == upper_quantile(repeated, np.ones(len(repeated)), 1.0, miss)
        # shares, not counts
        assert upper_quantile(s, w / 1e3, unit_of(w / 1e3, None), miss) < np.inf


def test_a_new_group_counts_as_an_average_one() -> None:
    groups = np.repeat(np.arange(10), 30)
    assert unit_of(np.ones(300), groups) == 30
    assert upper_quantile(np.arange(300.0), np.ones(300), 30.0, 0.05) == np.inf
    assert upper_quantile(np.arange(300.0), np.ones(300), 30.0, 0.1) < np.inf


def test_mean_coverage_of_exchangeable_scores() -> None:
    """For continuous scores it is ⌈(1 − a)(n + 1)⌉ / (n + 1), here exactly 0.9."""
    draws = np.random.default_rng(0).standard_normal((4000, 30))
    covered = np.mean([row[-1] <= upper_quantile(row[:-1], np.ones(29), 1.0, 0.1) for row in draws])
    assert abs(covered - 0.9) < 3 * np.sqrt(0.09 / 4000)


# intervals


@pytest.mark.parametrize("groups", [None, np.arange(150) // 5], ids=["rows", "groups"])
def test_mean_coverage_of_rows_and_of_new_groups(groups: Any) -> None:
    """Of a residual that rows of a group have nearly in common, the new group is one more of 30:
    ⌈.9 · 31⌉ / 31 of both sides, whatever its size.
    """
    covered = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        effects = rng.standard_normal(150) if groups is None else rng.standard_normal(30)[groups]
        sample = replace(Sample.plain(np.zeros((150, 1)), np.zeros(150)), groups=groups)
        found = fit_intervals(sample, effects[:, None], np.zeros((150, 1)), local=False)
        assert found is not None
        low, high = found.quantiles(np.array([0.9]))[0, 0]
        covered.append(norm.cdf(high) - norm.cdf(low))
    units = 150 if groups is None else 30
    exact = 1 - 2 * np.floor(0.05 * (units + 1)) / (units + 1)
    assert np.mean(covered) == pytest.approx(exact, abs=3 * np.std(covered) / 20)


def test_coverage_here_and_there(model: MotifRegressor) -> None:
    X, y = rows(6000, seed=1)
    for coverage in (0.8, 0.9):
        ends = model.predict_interval(X, coverage)
        inside = (ends[:, 0] <= y) & (y <= ends[:, 1])
        error = np.sqrt(coverage * (1 - coverage) / 300)  # of the quantiles of 300 residuals
        assert abs(inside.mean() - coverage) < 3 * error
        quiet = np.abs(X[:, 1]) < 0.5
        assert min(inside[quiet].mean(), inside[~quiet].mean()) > coverage - 4 * error


def test_width_follows_the_noise(model: MotifRegressor) -> None:
    quiet, loud = (
        np.diff(
            model.predict_interval(np.column_stack([np.linspace(-1, 1, 50), np.full(50, x)]))
        ).mean()
        for x in (0.0, 1.8)
    )
    assert quiet < 0.6 * loud


def test_levels_are_nested_and_each_is_the_same_alone(model: MotifRegressor) -> None:
    X, levels = rows(200, seed=2)[0], [0.95, 0.02, 0.5, 0.8, 0.9]
    ends = model.predict_interval(X, levels)
    assert ends.shape == (200, 5, 2)
    for place, level in enumerate(levels):
        assert np.array_equal(ends[:, place], model.predict_interval(X, level))
    ordered = ends[:, np.argsort(levels)]
    assert (np.diff(ordered[:, :, 0], axis=1) <= 0).all() and (
        np.diff(ordered[:, :, 1], axis=1) >= 0
    ).all()
    assert (ends[:, :, 0] <= ends[:, :, 1]).all()


def test_one_side(model: MotifRegressor) -> None:
    X = rows(50, seed=2)[0]
    both, lower, upper = (
        model.predict_interval(X, 0.9),
        model.predict_interval(X, 0.95, side="lower"),
        model.predict_interval(X, 0.95, side="upper"),
    )
    np.testing.assert_allclose(lower[:, 0], both[:, 0], rtol=1e-12)
    np.testing.assert_allclose(upper[:, 1], both[:, 1], rtol=1e-12)
    assert (lower[:, 1] == np.inf).all() and (upper[:, 0] == -np.inf).all()


def test_saved_intervals_are_bit_equal(model: MotifRegressor, tmp_path: Path) -> None:
    X = rows(1500, seed=3)[0]
    model.save(tmp_path / "m.motif")
    assert intervals_of(model).scale is not None
    assert np.array_equal(
        load(tmp_path / "m.motif").predict_interval(X, [0.5, 0.9]),
        model.predict_interval(X, [0.5, 0.9]),
    )


def test_intervals_are_exported_with_the_network(model: MotifRegressor, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    X = rows(50, seed=3)[0]
    assert model.to_onnx(tmp_path / "m.onnx", coverage=0.8).max_difference <= 1e-10
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    lower, upper = session.run(["lower", "upper"], {f"x{j}": X[:, j : j + 1] for j in range(2)})
    np.testing.assert_allclose(np.hstack([lower, upper]), model.predict_interval(X, 0.8), rtol=1e-9)
    with pytest.raises(UsageError, match="between 0 and 1"):
        model.to_onnx(tmp_path / "m.onnx", coverage=80)


@pytest.mark.usefixtures("short_fits")
def test_order_of_rows_and_jobs_do_not_matter() -> None:
    (X, y), new = rows(130), rows(40, seed=4)[0]
    weight = np.where(np.arange(130) % 3 == 0, 2.0, 1.0)
    order = np.random.default_rng(0).permutation(130)
    first = MotifRegressor(preset="fast").fit(X, y, sample_weight=weight)
    other = MotifRegressor(preset="fast", n_jobs=2).fit(
        X[order], y[order], sample_weight=weight[order]
    )
    assert np.array_equal(
        first.predict_interval(new, [0.6, 0.9]), other.predict_interval(new, [0.6, 0.9])
    )


@pytest.mark.parametrize("kind", ["groups", "time"])
def test_intervals_of_what_groups_or_moments_have_in_common(kind: str) -> None:
    """60 groups (or moments) whose rows share X and y: 90 % of new ones are held, within three
    standard errors of so few; else half of them.
    """
    d = drawn(kind, 240, 0, size=4, slope=1.0)
    fit, other = (
        MotifRegressor(preset="fast").fit(d.X, d.y, **beside) for beside in (d.beside, {})
    )
    inside, blind = (
        ((ends[:, 0] <= d.y_new) & (d.y_new <= ends[:, 1])).mean()
        for ends in (each.predict_interval(d.X_new) for each in (fit, other))
    )
    least = 0.9 - 3 * np.sqrt(0.09 / 45)
    assert least < inside < 1 and blind < least
    assert intervals_of(fit).unit == (4 if kind == "groups" else 1)


def test_intervals_with_groups_and_time() -> None:
    X, y = rows(240)
    time = np.arange(240)
    fit = MotifRegressor(preset="fast").fit(X, y, groups=time // 6, time=time)
    assert np.isfinite(fit.predict_interval(X)).all() and intervals_of(fit).unit > 1


@pytest.mark.usefixtures("short_fits")
def test_few_groups_give_infinite_intervals_and_say_so() -> None:
    X, y = rows(60)
    fit = MotifRegressor(preset="fast").fit(X, y, groups=np.arange(60) % 6)
    with pytest.warns(MotifnetWarning, match="at least 19 rows .* the fit has 6"):
        ends = fit.predict_interval(X[:3])
    assert np.isinf(ends).all()
    assert np.isfinite(fit.predict_interval(X[:3], 0.6)).all()


@pytest.mark.usefixtures("short_fits")
def test_several_targets_have_one_interval_each() -> None:
    X, y = rows(120)
    # of the second target nearly all
    with pytest.warns(MotifnetWarning, match="'x0' alone explains"):
        fit = MotifRegressor(preset="fast").fit(X, np.column_stack([y, 100 * X[:, 0] + 10 * y]))
    assert fit.predict_interval(X[:7]).shape == (7, 2, 2)
    ends = fit.predict_interval(X[:7], [0.5, 0.8, 0.9])
    assert ends.shape == (7, 2, 3, 2) and (np.diff(ends)[:, 1] > np.diff(ends)[:, 0]).all()


@pytest.mark.parametrize("objective", ["absolute", "poisson", "gamma"])
def test_other_objectives(objective: str) -> None:
    X = rows(200)[0]
    y = np.random.default_rng(1).poisson(np.exp(X[:, 0])) + (objective == "gamma") * 0.5
    ends = (
        MotifRegressor(preset="fast", objective=objective)
        .fit(X[:150], y[:150])
        .predict_interval(X[150:], 0.8)
    )
    assert ((ends[:, 0] <= y[150:]) & (y[150:] <= ends[:, 1])).mean() > 0.6
    assert objective == "absolute" or (ends >= 0).all()


def test_residuals_of_zero_give_intervals_of_width_zero() -> None:
    sample = Sample.plain(np.random.default_rng(0).normal(size=(150, 2)), np.ones(150))
    found = fit_intervals(sample, sample.y, sample.y)
    assert found is not None and found.scale is None
    assert np.array_equal(
        found.bounds(np.ones((2, 1)), None, np.array([0.9])), np.ones((2, 1, 1, 2))
    )


# sets


@pytest.mark.parametrize("method", SCORES)
def test_sets_cover_are_nested_and_never_empty(classifier: MotifClassifier, method: str) -> None:
    X, y = rows(4000, seed=1)
    levels = [0.5, 0.8, 0.9, 0.99]
    members = classifier.predict_set(X, levels, method)
    assert members.shape == (4000, 4, 3) and members.any(2).all()
    assert (members[:, 1:] >= members[:, :-1]).all()
    covered = members[np.arange(4000), :, np.digitize(y, [-0.5, 0.5])].mean(0)
    assert (covered >= np.array(levels) - 3 * np.sqrt(0.25 / 300)).all()
    assert np.array_equal(members[:, 2], classifier.predict_set(X, 0.9, method))
    assert members[np.arange(4000), :, classifier.predict_proba(X).argmax(1)].all()


def test_scores_of_classes_in_closed_form() -> None:
    p = np.array([[0.2, 0.5, 0.3]])
    np.testing.assert_allclose(SCORES["lac"](p), [[0.8, 0.5, 0.7]])
    np.testing.assert_allclose(SCORES["aps"](p), [[0.9, 0.25, 0.65]])


def test_saved_sets_are_equal(classifier: MotifClassifier, tmp_path: Path) -> None:
    X = rows(300, seed=3)[0]
    classifier.save(tmp_path / "c.motif")
    again = load(tmp_path / "c.motif")
    assert isinstance(again, MotifClassifier)
    assert all(
        np.array_equal(again.predict_set(X, 0.9, m), classifier.predict_set(X, 0.9, m))
        for m in SCORES
    )


# what is refused


@pytest.mark.parametrize(
    "coverage", [0, 1, -0.1, 90, float("nan"), [], [0.5, 1.0], [[0.5]], "much", None]
)
def test_bad_coverage(coverage: Any, model: MotifRegressor, classifier: MotifClassifier) -> None:
    for ask in (model.predict_interval, classifier.predict_set):
        with pytest.raises(UsageError, match="between 0 and 1"):
            ask(rows(3)[0], coverage)


def test_bad_side_and_method(model: MotifRegressor, classifier: MotifClassifier) -> None:
    with pytest.raises(UsageError, match="'lower'"):
        model.predict_interval(rows(3)[0], side="left")
    with pytest.raises(UsageError, match="'lac'"):
        classifier.predict_set(rows(3)[0], method="raps")


@pytest.mark.usefixtures("short_fits")
def test_models_without_intervals_say_why(
    model: MotifRegressor, classifier: MotifClassifier
) -> None:
    X, _ = rows(60)
    counts = np.random.default_rng(0).poisson(2.0, 60)
    with pytest.raises(UsageError, match="exposures"):
        MotifRegressor(preset="fast", objective="poisson").fit(
            X, counts, offset=np.zeros(60)
        ).predict_interval(X)
    small = model.compress(max_units=32)
    for ask in (small.predict_interval, small.predict_band):
        with pytest.raises(UsageError, match="compressed"):
            ask(X)
    early = load(GOLDEN / "protocol_1_regression.motif")
    with pytest.raises(UsageError, match="Fit it again"):
        early.model_.predict_interval(early._table(load_rows(early)), as_levels(0.9)[0])
    with pytest.raises(UsageError, match="predict_set"):
        classifier.model_.predict_interval(classifier._table(X), as_levels(0.9)[0])
    with pytest.raises(UsageError, match="predict_interval"):
        model.model_.predict_set(model._table(X), as_levels(0.9)[0])


def load_rows(estimator: Any) -> Any:
    from motifnet.tables import read_table

    return read_table(GOLDEN / "protocol_1.csv", schema=estimator.model_.schema)[
        list(estimator.model_.schema.names)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"unit": 0.0},
        {"weight": -np.ones(300)},
        {"scores": np.zeros((300, 2))},
        {"scores": np.zeros((4, 1))},
    ],
)
def test_files_with_wrong_scores_are_refused(
    model: MotifRegressor, tmp_path: Path, change: dict[str, Any]
) -> None:
    save_model(
        replace(model.model_, conformal=replace(intervals_of(model), **change)),
        tmp_path / "m.motif",
    )
    with pytest.raises(BundleError):
        load(tmp_path / "m.motif")
