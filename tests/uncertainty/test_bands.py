"""Intervals, sets and bands: closed forms, coverage, nestedness, and what must not change them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import DataError, Matrix, MotifnetWarning, UsageError
from motifnet.kernels import Kernel
from motifnet.model import BundleError, save_model
from motifnet.motifs import Identity
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel
from motifnet.transfer import values_of
from motifnet.uncertainty import (
    Band,
    Intervals,
    Ridge,
    as_levels,
    fit_intervals,
    last_layer_band,
    lower_quantile,
    neighbours_of,
    noise_level,
    unit_of,
    upper_quantile,
)
from motifnet.uncertainty._conformal import SCORES
from tests.shared.leak_cases import drawn

GOLDEN = Path(__file__).parents[1] / "golden"


def rows(n: int, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Noise that grows with the second column."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, np.sin(2 * X[:, 0]) + (0.1 + 0.4 * np.abs(X[:, 1])) * rng.standard_normal(n)


@pytest.fixture(scope="module")
def model() -> MotifRegressor:
    return MotifRegressor(preset="fast").fit(*rows(300))


@pytest.fixture(scope="module")
def classifier() -> MotifClassifier:
    X, y = rows(300)
    return MotifClassifier(preset="fast").fit(X, np.digitize(y, [-0.5, 0.5]))


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


def test_few_groups_give_infinite_intervals_and_say_so() -> None:
    X, y = rows(60)
    fit = MotifRegressor(preset="fast").fit(X, y, groups=np.arange(60) % 6)
    with pytest.warns(MotifnetWarning, match="at least 19 rows .* the fit has 6"):
        ends = fit.predict_interval(X[:3])
    assert np.isinf(ends).all()
    assert np.isfinite(fit.predict_interval(X[:3], 0.6)).all()


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


def test_models_without_intervals_say_why(
    model: MotifRegressor, classifier: MotifClassifier
) -> None:
    X, y = rows(60)
    counts = np.random.default_rng(0).poisson(2.0, 60)
    with pytest.raises(UsageError, match="predicts quantiles"):
        MotifRegressor(preset="fast", objective="pinball").fit(X, y).predict_interval(X)
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


# bands of the function

FEW_ROWS_HERE = pytest.mark.filterwarnings(
    "ignore:About .* residuals speak:motifnet.engine.MotifnetWarning"
)


def test_the_evidence_has_its_closed_form() -> None:
    """−2 log L(λ) is the Gaussian log density of n − 1 contrasts of y, up to a constant; λ from the
    grid is where it is least.
    """
    rng = np.random.default_rng(0)
    F, y, w = rng.standard_normal((30, 4)), rng.standard_normal(30), rng.uniform(0.5, 2, 30)
    y = y + F @ rng.standard_normal(4)
    ridge = Ridge.of(F, y, w)
    lam, tau2 = ridge.likeliest()

    def minus_log_likelihood(lam: float) -> float:
        root = np.sqrt(w)
        contrasts = np.linalg.svd(root[:, None], full_matrices=True)[0][:, 1:]
        A, b = contrasts.T @ (root[:, None] * F), contrasts.T @ (root * y)
        G = A @ A.T + lam * np.eye(29)
        return float(29 * np.log(b @ np.linalg.solve(G, b) / 29) + np.linalg.slogdet(G)[1])

    assert (
        minus_log_likelihood(lam)
        <= min(minus_log_likelihood(lam * factor) for factor in (0.1, 10**-0.25, 10**0.25, 10))
        + 1e-9
    )
    root = np.sqrt(w)
    A, b = root[:, None] * (F - w @ F / w.sum()), root * (y - w @ y / w.sum())
    assert tau2 == pytest.approx(b @ np.linalg.solve(A @ A.T + lam * np.eye(30), b) / 29, rel=1e-9)


def test_squared_residuals_of_noise_are_its_variance_in_the_mean() -> None:
    """The residuals of a fit are linear in y: the variance of each is a sum over the residuals of
    unit vectors, over what they are divided by.
    """
    rng = np.random.default_rng(1)
    F, w = rng.standard_normal((25, 3)), rng.uniform(0.5, 2, 25)
    found = np.sum(
        [Ridge.of(F, unit, w).noise_squares(0.7) for unit in np.diag(1 / np.sqrt(w))], axis=0
    )
    np.testing.assert_allclose(found, 1 / w, rtol=1e-9)


def test_the_share_of_the_noise_that_two_fits_have_in_common() -> None:
    """Of the rows of a fit's matrix, what is left of them by another fit."""
    rng = np.random.default_rng(2)
    F, w = rng.standard_normal((25, 6)), rng.uniform(0.5, 2, 25)
    ridge = Ridge.of(F, rng.standard_normal(25), w)
    rough, smooth = ((ridge.scores / (ridge.squares + lam)) @ ridge.scores.T for lam in (0.5, 20.0))
    left = rough - smooth @ rough
    assert ridge.shared(0.5, 20.0) == pytest.approx((left**2).sum() / (rough**2).sum(), rel=1e-9)


def test_noise_is_pooled_over_the_nearest_rows() -> None:
    x = np.linspace(0, 1, 1000)[:, None]
    sd = np.where(x[:, 0] < 0.5, 0.1, 1.0)
    r = sd * np.random.default_rng(0).standard_normal(1000)
    near = neighbours_of(x)
    level = np.sqrt(noise_level(r**2, near, np.ones(1000)))
    inside = np.abs(x[:, 0] - 0.5) > 0.2
    assert near.shape == (1000, 100)
    assert np.abs(level[inside] / sd[inside] - 1).max() < 5 / np.sqrt(2 * 100)  # standard errors
    assert (noise_level(np.zeros(5), neighbours_of(x[:5]), np.ones(5)) > 0).all()


def plain_band(**change: Any) -> Band:
    parts = {
        "origin": np.zeros(2),
        "slope": np.array([1.0, -1.0]),
        "variance": np.array([0.04, 0.01]),
        "level": 2.0,
    }
    return Band(
        Identity(),
        **{**parts, "level_variance": 0.0, "rest": 0.0, "reach": 0.0, "freedom": 1e9, **change},
    )


def test_bounds_in_closed_form() -> None:
    u = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    ends = plain_band(level_variance=0.01).bounds(u, 0.95, "pointwise")
    np.testing.assert_allclose(ends.mean(1), [3.0, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(
        np.diff(ends)[:, 0] / 2, 1.959964 * np.sqrt([0.05, 0.05, 0.53]), rtol=1e-5
    )
    few = plain_band(level_variance=0.01, freedom=40.0).bounds(u, 0.95, "pointwise")
    np.testing.assert_allclose(np.diff(few) / np.diff(ends), 2.021075 / 1.959964, rtol=1e-5)
    outside = plain_band(rest=2.0, reach=3.0).bounds(np.zeros((1, 2)), 0.95, "pointwise")
    assert np.diff(outside)[0, 0] / 2 == pytest.approx(1.959964 * np.sqrt(6.0), rel=1e-5)


def test_a_simultaneous_band_is_the_pointwise_one_for_one_row_and_wider_for_more() -> None:
    u = np.random.default_rng(0).standard_normal((50, 2))
    band = plain_band()
    one, point = (
        np.diff(band.bounds(u[:1], 0.9, kind))[0, 0] for kind in ("simultaneous", "pointwise")
    )
    assert one == pytest.approx(point, rel=0.1)
    all_rows, point_rows = (
        np.diff(band.bounds(u, 0.9, kind)) for kind in ("simultaneous", "pointwise")
    )
    # two units: the largest of all studentised errors is at
    # most the root of a chi-square with two degrees of freedom
    assert (all_rows / point_rows > 1.0).all() and (
        all_rows / point_rows < 1.05 * 2.146 / 1.645
    ).all()


def test_an_error_that_is_in_the_residuals_has_their_studentised_law() -> None:
    """Simulated: |Z| over the root mean square of ν residuals, a share of Z among them."""
    rng = np.random.default_rng(0)
    freedom, draws = 30, 400_000
    Y, other, rest = (
        rng.standard_normal(draws),
        rng.standard_normal(draws),
        rng.chisquare(freedom - 1, draws),
    )
    s = np.sqrt((rest + Y**2) / freedom)
    for shared, tolerance in ((0.0, 0.005), (0.5, 0.03), (1.0, 0.005)):
        Z = np.sqrt(shared) * Y + np.sqrt(1 - shared) * other
        u = np.array([[1.0, 0.0]])
        half = (
            np.diff(
                plain_band(variance=np.ones(2), freedom=freedom, shared=shared).bounds(
                    u, 0.95, "pointwise"
                )
            )[0, 0]
            / 2
        )
        assert half == pytest.approx(np.quantile(np.abs(Z) / s, 0.95), rel=tolerance)


def test_few_residuals_widen_the_band_and_say_so() -> None:
    with pytest.warns(MotifnetWarning, match="10 residuals"):
        plain_band(freedom=10.0).bounds(np.ones((1, 2)), 0.9, "pointwise")


@pytest.fixture(scope="module")
def banded(model: MotifRegressor) -> MotifRegressor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotifnetWarning)
        model.predict_band(rows(3)[0], split=True)
        model.predict_band(rows(3)[0])
    return model


@FEW_ROWS_HERE
def test_a_band_is_narrower_than_an_interval(banded: MotifRegressor) -> None:
    X = rows(400, seed=6)[0]
    for split in (False, True):
        assert (
            np.diff(banded.predict_band(X, 0.9, "pointwise", split)).mean()
            < np.diff(banded.predict_interval(X)).mean()
        )


@FEW_ROWS_HERE
def test_a_simultaneous_band_holds_the_function_everywhere_as_often_as_it_says() -> None:
    """40 tables at a kernel that has seen none of them; the pointwise bands of the same rows, and a
    band of half of the width, do not.
    """
    kernel = Kernel(("gaussian",), np.ones(1), np.array([0.7]))
    held = np.zeros(3, dtype=int)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, at = rng.uniform(-2, 2, (120, 2)), rng.uniform(-1.9, 1.9, (40, 2))
        truth = np.sin(2 * at[:, 0])
        y = np.sin(2 * X[:, 0]) + 0.3 * rng.standard_normal(120)
        convex = FittedKernel(np.zeros((120, 1)), kernel, X, np.zeros((120, 1)), np.zeros(1), 0.1)
        band = last_layer_band(convex, X, y, np.ones(120))
        values = values_of(band.units, at)
        both, each = (band.bounds(values, 0.9, kind) for kind in ("simultaneous", "pointwise"))
        half = both.mean(1, keepdims=True) + (both - both.mean(1, keepdims=True)) / 2
        held += [
            bool(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).all())
            for ends in (both, each, half)
        ]
    least = binom.ppf(0.005, 40, 0.9)
    assert held[0] >= least and held[1:].max() < least, held


@FEW_ROWS_HERE
def test_bands_are_nested_repeatable_and_wide_far_away(banded: MotifRegressor) -> None:
    X = rows(60, seed=7)[0]
    inner, outer = banded.predict_band(X, 0.8), banded.predict_band(X, 0.95)
    assert (outer[:, 0] < inner[:, 0]).all() and (inner[:, 1] < outer[:, 1]).all()
    assert np.array_equal(outer, banded.predict_band(X, 0.95))
    here = np.diff(banded.predict_band(X, 0.9, "pointwise")).mean()
    with pytest.warns(MotifnetWarning, match="1 of 1 rows lie outside"):
        far = np.diff(banded.predict_band(50 * np.ones((1, 2)), 0.9, "pointwise")).mean()
    assert far > 2 * here


@FEW_ROWS_HERE
def test_the_same_band_whatever_the_jobs_and_the_order_of_the_rows() -> None:
    (X, y), new = rows(90), rows(20, seed=8)[0]
    order = np.random.default_rng(0).permutation(90)
    first = MotifRegressor(preset="fast").fit(X, y).predict_band(new, split=True)
    assert np.array_equal(
        first,
        MotifRegressor(preset="fast", n_jobs=2)
        .fit(X[order], y[order])
        .predict_band(new, split=True),
    )


@FEW_ROWS_HERE
def test_saved_bands_are_bit_equal(banded: MotifRegressor, tmp_path: Path) -> None:
    X = rows(1500, seed=3)[0]
    banded.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    assert isinstance(again, MotifRegressor)
    for split in (False, True):
        assert np.array_equal(
            again.predict_band(X, split=split), banded.predict_band(X, split=split)
        )


@FEW_ROWS_HERE
def test_several_targets_have_one_band_each() -> None:
    X, y = rows(80)
    fit = MotifRegressor(preset="fast").fit(X, np.column_stack([y, 1000 + 100 * y]))
    ends = fit.predict_band(X[:7])
    assert ends.shape == (7, 2, 2)
    np.testing.assert_allclose(ends[:, 1], 1000 + 100 * ends[:, 0], rtol=1e-6)


def test_what_has_no_band_says_why(
    model: MotifRegressor, classifier: MotifClassifier, tmp_path: Path
) -> None:
    X, y = rows(60)
    with pytest.raises(UsageError, match="objective='absolute'"):
        MotifRegressor(preset="fast", objective="absolute").fit(X, y).predict_band(X)
    with pytest.raises(UsageError, match="groups or time"):
        MotifRegressor(preset="fast").fit(X, y, groups=np.arange(60) % 30).predict_band(X)
    with pytest.raises(DataError, match="at least 40 rows"):
        MotifRegressor(preset="fast").fit(X[:30], y[:30]).predict_band(X, split=True)
    with pytest.raises(UsageError, match="one number"):
        model.predict_band(X, [0.5, 0.9])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'pointwise'"):
        model.predict_band(X, kind="both")
    with pytest.raises(UsageError, match="predict_set"):
        classifier.predict_band(X)
    fresh = MotifRegressor(preset="fast").fit(X, y)
    fresh.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    assert isinstance(again, MotifRegressor)
    with pytest.raises(UsageError, match="before `save`"):
        again.predict_band(X)


@pytest.mark.parametrize(
    "change",
    [
        {"slope": np.zeros(3)},
        {"variance": -np.ones(300)},
        {"origin": np.zeros((300, 1))},
        {"shared": -1e9},
    ],
)
def test_files_with_wrong_bands_are_refused(
    banded: MotifRegressor, tmp_path: Path, change: dict[str, Any]
) -> None:
    bands = banded.model_.bands
    assert bands is not None
    wrong = {which: (replace(band[0], **change),) for which, band in bands.items()}
    save_model(replace(banded.model_, bands=wrong), tmp_path / "m.motif")
    with pytest.raises(BundleError):
        load(tmp_path / "m.motif")
