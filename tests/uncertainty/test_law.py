"""The predictive distribution: identities of its laws, and the method of an estimator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats
from typer.testing import CliRunner

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.cli._app import app
from motifnet.engine import DataError, UsageError
from motifnet.uncertainty import Counts, GammaLaw, Law, PredictiveDistribution, Scaled, fit_law

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
SAMPLES: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_t(2, size=n),
    "skewed": lambda rng, n: -rng.lognormal(size=n),
    "two modes": lambda rng, n: rng.choice([-3.0, 3.0], n) + 0.5 * rng.normal(size=n),
    "atoms": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.normal(size=n)),
    "whole numbers": lambda rng, n: rng.poisson(3.0, size=n).astype(float),
    "small units": lambda rng, n: 1e-9 * rng.normal(size=n),
}
SIZES = (30, 500)
LEVELS = np.linspace(0.001, 0.999, 333)


@cache
def _law(kind: str, n: int) -> Law:
    return fit_law(SAMPLES[kind](np.random.default_rng(0), n), np.ones(n), 1.0, 1e-20)


@pytest.fixture(params=[(kind, n) for kind in SAMPLES for n in SIZES], ids=str)
def law(request: pytest.FixtureRequest) -> Law:
    return _law(*request.param)


def _integral(law: Law, f: Callable[[Any], Any]) -> float:
    """∫ f p by quadrature over the intervals between knots, and over both tails."""
    points, shares = np.polynomial.legendre.leggauss(5)
    h = np.diff(law.knots)[:, None]
    t = law.knots[:-1, None] + h * (points + 1) / 2
    inside = float((f(t) * law.pdf(t) * shares * h / 2).sum())

    def tail(u: float, side: int) -> float:
        # u in (0, 1) is 1 / (1 + distance / unit)
        unit = 1 / law.density[-side]
        t = law.knots[-side] + (1 if side else -1) * unit * (1 / u - 1)
        return float(f(t) * law.pdf(np.array([t]))[0] * unit / u**2)

    tails = (integrate.quad(tail, 0, 1, args=(side,), limit=500)[0] for side in (0, 1))
    return inside + sum(tails)


def test_the_density_integrates_to_one(law: Law) -> None:
    assert _integral(law, np.ones_like) == pytest.approx(1, abs=1e-6)


def test_the_quantile_inverts_the_cdf(law: Law) -> None:
    t = law.quantile(LEVELS)
    assert (np.diff(t) > 0).all()
    np.testing.assert_allclose(law.cdf(t), LEVELS, atol=1e-12)
    scale = float(np.ptp(law.quantile(np.array([0.25, 0.75]))))
    np.testing.assert_allclose(law.quantile(law.cdf(t)), t, atol=1e-8 * scale)


def test_the_density_is_the_slope_of_the_cdf_and_never_zero(law: Law) -> None:
    t = law.quantile(np.linspace(0.0001, 0.9999, 201))
    step = 1e-5 * (t[150] - t[50])
    # at a knot the slope jumps, which a central difference sees as half of a jump
    slope = (law.cdf(t + step) - law.cdf(t - step)) / (2 * step)
    np.testing.assert_allclose(slope, law.pdf(t), rtol=1e-2)
    far = np.array([-1e12, 1e12])
    assert np.isfinite(law.logpdf(far)).all()
    np.testing.assert_allclose(np.exp(law.logpdf(t)), law.pdf(t))


def test_mean_and_variance_are_those_of_quadrature(law: Law) -> None:
    sd = np.sqrt(law.var)
    assert _integral(law, lambda t: (t - law.mean) / sd) == pytest.approx(0, abs=1e-6)
    # a tail of index 2.5 converges slowly
    assert _integral(law, lambda t: ((t - law.mean) / sd) ** 2) == pytest.approx(1, rel=1e-3)


def test_the_crps_is_its_integral_and_that_of_samples(law: Law) -> None:
    y = law.quantile(np.array([1e-4, 0.02, 0.4, 0.8, 0.9999]))
    far = law.quantile(np.array([1e-9, 1 - 1e-9]))
    t = np.unique(np.concatenate([law.knots, y, np.linspace(far[0], far[1], 400_001)]))
    t = np.sort(np.concatenate([t, (t[1:] + t[:-1]) / 2]))
    F = law.cdf(t)
    for point, closed in zip(y, law.crps(y), strict=True):
        # the middles of intervals, so that the jump at y is not on a node
        middle = (F[1::2] - (t[1::2] >= point)) ** 2
        assert (middle * (t[2::2] - t[:-1:2])).sum() == pytest.approx(closed, rel=2e-4)
    rng = np.random.default_rng(1)
    a, b = law.quantile(rng.random((2, 200_000)))
    errors = np.abs(a - y[2]) - np.abs(a - b) / 2
    assert errors.mean() == pytest.approx(
        float(law.crps(y)[2]), abs=5 * errors.std() / np.sqrt(len(a))
    )


def test_draws_pass_a_test_of_kolmogorov_and_smirnov(law: Law) -> None:
    draws = law.quantile(np.random.default_rng(2).random(20_000))
    assert stats.kstest(draws, law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", ["normal", "heavy tails", "skewed", "two modes"])
def test_the_law_follows_the_conformal_ranks(kind: str) -> None:
    m = 500
    scores = np.sort(SAMPLES[kind](np.random.default_rng(0), m))
    ranks = np.arange(1, m + 1) / (m + 1)
    assert np.abs(_law(kind, m).cdf(scores) - ranks).max() < 0.05
    tail = 1 / (2 * (m + 1))
    assert _law(kind, m).mass == pytest.approx((tail, tail))


@pytest.mark.parametrize("kind", ["heavy tails", "skewed", "two modes"])
def test_on_fresh_draws_it_beats_the_normal_law(kind: str) -> None:
    scores = SAMPLES[kind](np.random.default_rng(0), 100)
    fresh = SAMPLES[kind](np.random.default_rng(1), 20_000)
    normal = stats.norm(scores.mean(), scores.std()).logpdf(fresh).mean()
    assert _law(kind, 100).logpdf(fresh).mean() > normal + 0.2


def test_where_the_normal_law_is_true_little_is_lost() -> None:
    fresh = np.random.default_rng(1).normal(size=20_000)
    loss = stats.norm.logpdf(fresh) - _law("normal", 500).logpdf(fresh)
    assert loss.mean() < 0.02


def test_a_weight_of_two_is_the_row_twice() -> None:
    scores: NDArray[np.float64] = np.random.default_rng(0).normal(size=60)
    twice, weighed = (
        fit_law(np.hstack([scores, scores]).astype(np.float64), np.ones(120), 1.0),
        fit_law(scores, np.full(60, 2.0), 1.0),
    )
    # folds may part two equal rows, never the parts of a weight
    middle = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(weighed.cdf(twice.quantile(middle)), middle, atol=0.05)
    assert twice.mass == pytest.approx(weighed.mass)


@pytest.mark.parametrize("m", [1, 2, 3, 9])
def test_few_or_equal_scores_give_a_law(m: int) -> None:
    equal: tuple[Any, ...] = (np.zeros(m), np.arange(m) - 1.0, np.full(m, 7.0))
    for scores in equal:
        law = fit_law(scores, np.ones(m), 1.0)
        assert np.isfinite(law.quantile(LEVELS)).all()
        assert np.isfinite([law.mean, law.var, *law.logpdf(np.array([0.0, 1e6]))]).all()
        assert law.var > 0
        assert law.mass[0] == pytest.approx(1 / (2 * (m + 1)))


def test_location_and_scale_move_every_method() -> None:
    law, f, s = _law("skewed", 500), np.array([1.0, -5.0]), np.array([2.0, 0.1])
    rows = Scaled(f, s, law)
    y = rows.quantile(LEVELS[None])
    np.testing.assert_allclose(rows.cdf(y), np.stack([LEVELS, LEVELS]), atol=1e-9)
    np.testing.assert_allclose(rows.mean(), f + s * law.mean)
    np.testing.assert_allclose(rows.var(), s**2 * law.var)
    t = (y - f[:, None]) / s[:, None]
    np.testing.assert_allclose(rows.crps(y), s[:, None] * law.crps(t))
    np.testing.assert_allclose(rows.pdf(y), np.exp(rows.logpdf(y)))


COUNTS = [Counts(np.array([0.3, 4.0, 60.0]), phi) for phi in (0.0, 0.1, 2.0)]


@pytest.mark.parametrize("law", COUNTS, ids=lambda law: f"dispersion {law.dispersion}")
def test_laws_of_counts_have_their_moments_and_scores(law: Counts) -> None:
    k = np.arange(20_000.0)[None]
    p = law.pdf(k)
    np.testing.assert_allclose((p * k).sum(1), law.mean(), rtol=1e-6)
    np.testing.assert_allclose((p * k**2).sum(1) - law.mean() ** 2, law.var(), rtol=1e-6)
    for y in (0.0, 3.0, 70.0):
        steps = ((law.cdf(k) - (k >= y)) ** 2).sum(1)
        np.testing.assert_allclose(law.crps(np.array([[y]]))[:, 0], steps, rtol=1e-6)


def test_the_gamma_law_has_its_score() -> None:
    law = GammaLaw(2.5)
    for y in (0.01, 1.0, 4.0):
        below = integrate.quad(lambda t: float(law.cdf(np.array(t))) ** 2, 0, y)[0]
        above = integrate.quad(lambda t: float(1 - law.cdf(np.array(t))) ** 2, y, 60)[0]
        assert law.crps(np.array(y)) == pytest.approx(below + above, rel=1e-6)


# ---- estimators ------------------------------------------------------------------------------


def _table(n: int, seed: int = 0) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.uniform(-1, 1, (n, 2)), columns=["a", "b"])
    noise = (0.1 + (X["a"] > 0)) * rng.normal(size=n)
    return X, np.asarray(2 * X["b"] + noise)


@pytest.fixture(scope="module")
def model() -> MotifRegressor:
    return MotifRegressor(preset="fast").fit(*_table(300))


@pytest.fixture(scope="module")
def fresh() -> tuple[pd.DataFrame, NDArray[np.float64]]:
    X, y = _table(400, 1)
    return X.set_index(np.arange(400) + 1000), y


@pytest.fixture(scope="module")
def found(model: MotifRegressor, fresh: Any) -> PredictiveDistribution:
    return model.predict_distribution(fresh[0])


def test_intervals_are_those_of_predict_interval(
    model: MotifRegressor, fresh: Any, found: PredictiveDistribution
) -> None:
    for coverage in (0.8, [0.5, 0.9]):
        np.testing.assert_array_equal(
            found.interval(coverage), model.predict_interval(fresh[0], coverage)
        )
    lower = model.predict_interval(fresh[0], 0.9, "lower")
    np.testing.assert_array_equal(found.interval(0.9, "lower"), lower)


def test_quantiles_lie_near_the_conformal_ends(found: PredictiveDistribution) -> None:
    levels = found.cdf(found.interval(0.8)) - [0.1, 0.9]
    assert np.abs(levels).max() < 0.05


def test_fresh_rows_are_covered_and_their_scores_beat_one_width(
    found: PredictiveDistribution, fresh: Any, model: MotifRegressor
) -> None:
    y = fresh[1]
    for coverage in (0.5, 0.8, 0.9):
        low, high = found.quantile([(1 - coverage) / 2, (1 + coverage) / 2]).T
        assert np.mean((low <= y) & (y <= high)) == pytest.approx(coverage, abs=0.08)
    error = y - model.predict(fresh[0])
    assert -found.logpdf(y).mean() < -stats.norm(0, error.std()).logpdf(error).mean() - 0.2


def test_shapes_index_and_words(found: PredictiveDistribution, fresh: Any) -> None:
    n = len(fresh[0])
    assert repr(found) == "PredictiveDistribution of y at 400 rows"
    assert found.mean().shape == found.median().shape == found.std().shape == (n,)
    assert found.quantile([0.1, 0.9]).shape == (n, 2)
    assert found.cdf(0.3).shape == found.cdf(fresh[1]).shape == (n,)
    assert found.pdf(np.zeros((1, 5))).shape == found.pdf(np.zeros((n, 5))).shape == (n, 5)
    assert found.sample(7, 0).shape == (n, 7)
    np.testing.assert_array_equal(found.sample(7, 0), found.sample(7, 0))
    frame = found.to_frame([0.5])
    assert list(frame) == ["mean", "sd", "q0.5"]
    assert frame.index.equals(fresh[0].index)


def test_pictures(found: PredictiveDistribution, model: MotifRegressor, fresh: Any) -> None:
    X, y = fresh
    ax = found.plot(y)
    legend = ax.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["95%", "80%", "50%", "median", "observed"]
    median, observed = (np.asarray(line.get_ydata()) for line in ax.lines)
    assert (np.diff(median) >= 0).all()
    np.testing.assert_array_equal(np.sort(observed), np.sort(y))
    few = model.predict_distribution(X[:3])
    axes = few.plot(y[:3], ax=ax.figure.add_subplot())
    points, density = np.asarray(axes.lines[0].get_xydata()).T
    np.testing.assert_allclose(density, few.pdf(points[None])[0])
    page = found._repr_html_()
    assert "PredictiveDistribution of y at 400 rows" in page
    assert "1009" in page and "1010" not in page


def test_expectations_are_moments_and_probabilities(found: PredictiveDistribution) -> None:
    np.testing.assert_allclose(found.expectation(lambda y: y), found.mean(), atol=1e-6)
    near = found.expectation(lambda y: (y <= 0.3).astype(float))
    np.testing.assert_allclose(near, found.cdf(0.3), atol=1e-2)


def test_draws_have_the_law(found: PredictiveDistribution) -> None:
    draws = found.sample(2000, 1)
    assert stats.kstest(found.cdf(draws).ravel()[::400], "uniform").pvalue > 1e-3


def test_a_loaded_model_gives_the_same(
    model: MotifRegressor, fresh: Any, found: PredictiveDistribution, tmp_path: Path
) -> None:
    model.save(tmp_path / "model.motif")
    again = load(tmp_path / "model.motif").predict_distribution(fresh[0])
    for method in ("mean", "std", "median"):
        np.testing.assert_array_equal(getattr(found, method)(), getattr(again, method)())
    np.testing.assert_array_equal(found.logpdf(fresh[1]), again.logpdf(fresh[1]))


def test_the_report_shows_pit_values_and_scores(model: MotifRegressor, fresh: Any) -> None:
    for rows in ((), fresh):
        facts = model.report(None, *rows).facts["calibration"]["distribution"]
        assert sum(facts["pit"]) == pytest.approx(1)
        assert max(facts["pit"]) < 0.2
        assert facts["nll"] < facts["nll_one_width"] < facts["nll_unconditional"]
        assert facts["crps"] < facts["crps_one_width"] < facts["crps_unconditional"]
        assert len(facts["fan"]) > 50 and len(facts["densities"]) == 3
        medians = [row["quantiles"][3] for row in facts["fan"]]
        assert medians == sorted(medians)
        # seven quantiles: the outer ones hold 95 %
        inside = [r["quantiles"][0] <= r["observed"] <= r["quantiles"][6] for r in facts["fan"]]
        assert np.mean(inside) > 0.85
    page = model.report()._repr_html_()
    for title in ("PIT histogram", "predictive distributions", "densities of three rows"):
        assert title in page


@pytest.mark.parametrize("coverage", [None, 0.8])
def test_an_exported_graph_gives_the_parameters_of_the_law(
    model: MotifRegressor,
    fresh: Any,
    found: PredictiveDistribution,
    tmp_path: Path,
    coverage: float | None,
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model.to_onnx(tmp_path / "model.onnx", coverage=coverage, distribution=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    fed = {name: column.to_numpy()[:, None] for name, column in fresh[0].items()}
    value, scale = session.run(["prediction", "scale"], fed)
    (stored,) = json.loads(session.get_modelmeta().custom_metadata_map["laws"])
    parts: Any = (np.array(stored[key]) for key in ("knots", "density", "mass", "index"))
    law = Law(*parts)
    rows = Scaled(value[:, 0], scale[:, 0], law)
    np.testing.assert_allclose(rows.quantile(LEVELS[None]), found.quantile(LEVELS), atol=1e-9)


def test_the_command_line_writes_quantiles_and_probabilities(
    model: MotifRegressor, fresh: Any, found: PredictiveDistribution, tmp_path: Path
) -> None:
    model.save(tmp_path / "m.motif")
    fresh[0].to_csv(tmp_path / "rows.csv", index=False)
    arguments = ["--distribution", "--cdf", "0.3", "--cdf", "-1"]
    files = [str(tmp_path / name) for name in ("m.motif", "rows.csv")]
    out = CliRunner().invoke(app, ["predict", *files, *arguments])
    assert out.exit_code == 0, out.output
    table = pd.read_csv(StringIO(out.stdout))
    assert list(table)[:3] == ["predicted_y", "mean_y", "sd_y"]
    np.testing.assert_allclose(table["q0.05_y"], found.quantile(0.05), rtol=1e-12)
    np.testing.assert_allclose(table["cdf_-1_y"], found.cdf(-1), rtol=1e-12)


@pytest.mark.usefixtures("short_fits")
def test_several_targets_one_by_one(fresh: Any) -> None:
    X, y = _table(150)
    both = pd.DataFrame({"y": y, "minus": -3 * y})
    model = MotifRegressor(preset="fast").fit(X, both)
    found = model.predict_distribution(fresh[0])
    assert found.quantile([0.1, 0.9]).shape == (400, 2, 2)
    one = found["minus"]
    np.testing.assert_array_equal(one.mean(), found.mean()[:, 1])
    np.testing.assert_array_equal(one.interval(0.8), model.predict_interval(fresh[0], 0.8)[:, 1])
    assert found.cdf(np.zeros((400, 2))).shape == (400, 2)
    with pytest.raises(UsageError, match="The targets are 'y', 'minus'"):
        found["z"]
    with pytest.raises(UsageError, match=r"distribution\['y'\]\.plot"):
        found.plot()


@pytest.mark.parametrize("objective", ["poisson", "gamma"])
def test_counts_and_amounts_have_their_own_laws(objective: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (800, 2))
    mu = np.exp(1 + X[:, 0])
    y = rng.negative_binomial(2, 2 / (2 + mu)) if objective == "poisson" else rng.gamma(3, mu / 3)
    model = MotifRegressor(preset="fast", objective=objective).fit(X[:400], y[:400])
    found = model.predict_distribution(X[400:])
    np.testing.assert_allclose(found.mean(), model.predict(X[400:]))
    truth = mu + mu**2 / 2 if objective == "poisson" else mu**2 / 3
    assert np.median(found.var() / truth[400:]) == pytest.approx(1, abs=0.35)
    assert np.isfinite(found.logpdf(y[400:])).all()
    np.testing.assert_allclose(found.expectation(lambda y: y), found.mean(), rtol=1e-6)
    np.testing.assert_array_equal(found.interval(0.8), model.predict_interval(X[400:], 0.8))
    for rows in ((), (X[400:], y[400:])):
        facts = model.report(None, *rows).facts["calibration"]["distribution"]
        # the PIT values of counts are drawn, so that they are uniform too
        assert max(facts["pit"]) < 0.18 and min(facts["pit"]) > 0.04
        assert facts["nll"] < facts["nll_one_width"]
        assert facts["crps"] < facts["crps_unconditional"]


@pytest.mark.usefixtures("short_fits")
def test_a_constant_target_has_a_narrow_law() -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    found = MotifRegressor(preset="fast").fit(X, np.full(40, 3.0)).predict_distribution(X)
    assert np.isfinite(found.logpdf(3.0)).all()
    assert (found.std() < 1e-3).all()


def test_a_hundred_thousand_rows_take_less_than_two_seconds() -> None:
    rows = Scaled(np.zeros(100_000), np.ones(100_000), _law("normal", 500))
    found = PredictiveDistribution(("y",), (rows,), lambda levels, side: levels)
    start = time.process_time()
    found.quantile(np.linspace(0.01, 0.99, 99))
    assert time.process_time() - start < 2


BAD: dict[str, tuple[Callable[[PredictiveDistribution], Any], type[Exception], str]] = {
    "a level of 0": (lambda d: d.quantile(0), UsageError, "between 0 and 1"),
    "a level of 1": (lambda d: d.quantile([0.5, 1]), UsageError, "between 0 and 1"),
    "a level that is no number": (lambda d: d.quantile(["half"]), UsageError, "between 0"),  # type: ignore[list-item]
    "no level": (lambda d: d.quantile([]), UsageError, "between 0 and 1"),
    "a missing level": (lambda d: d.quantile(np.nan), UsageError, "between 0 and 1"),
    "y of another length": (lambda d: d.cdf(np.zeros(3)), DataError, "expected"),
    "a missing y": (lambda d: d.logpdf(np.nan), DataError, "missing"),
    "words": (lambda d: d.pdf(["a"]), DataError, "no numbers"),
    "an infinite y": (lambda d: d.crps(np.inf), DataError, "infinite"),
    "no draw": (lambda d: d.sample(0), UsageError, "positive number"),
    "a share of a draw": (lambda d: d.sample(1.5), UsageError, "positive number"),  # type: ignore[arg-type]
    "a coverage of 2": (lambda d: d.interval(2), UsageError, "coverage"),
    "another side": (lambda d: d.interval(0.9, "left"), UsageError, "side"),
    "another picture": (lambda d: d.plot(kind="bars"), UsageError, "'density'"),
    "too many curves": (lambda d: d.plot(kind="density"), UsageError, "8 at most"),
    "few observations": (lambda d: d.plot([1.0]), DataError, "expected"),
    "a sum": (lambda d: d.expectation(lambda y: y.sum()), UsageError, "element by element"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(found: PredictiveDistribution, case: str) -> None:
    method, error, match = BAD[case]
    with pytest.raises(error, match=match):
        method(found)


@pytest.mark.usefixtures("short_fits")
def test_models_without_a_distribution_say_why() -> None:
    X, y = _table(60)
    exposed = MotifRegressor(preset="fast", objective="poisson").fit(X, y**2, offset=X["a"])
    with pytest.raises(UsageError, match="exposures"):
        exposed.predict_distribution(X)
    with pytest.raises(UsageError, match="predict_proba"):
        MotifClassifier().predict_distribution(X)
