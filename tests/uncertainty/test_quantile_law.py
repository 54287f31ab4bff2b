"""Laws through the quantiles that a model predicts: identities, then the estimator."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from typer.testing import CliRunner

from motifnet import MotifRegressor, load
from motifnet.cli._app import app
from motifnet.engine import UsageError
from motifnet.uncertainty import Bend, QuantileLaw, fit_law

LEVELS = (0.02, 0.25, 0.5, 0.8, 0.95)
VALUES = np.array([[-3.0, -1.0, 0.0, 2.0, 2.5], [10.0, 10.0, 10.5, 12.0, 30.0]])
q = np.linspace(0.001, 0.999, 333)[None]


@pytest.fixture(scope="module")
def laws() -> QuantileLaw:
    scores = np.random.default_rng(0).standard_t(4, size=300)
    law = fit_law(scores, np.ones(300), 1.0, tail=LEVELS[0] / 2)
    return QuantileLaw(Bend.of(law.quantile(np.array(LEVELS)), VALUES, 1.0), law)


def test_the_law_passes_through_the_quantiles(laws: QuantileLaw) -> None:
    # equal quantiles are moved apart by a millionth of a standard deviation
    np.testing.assert_allclose(laws.quantile(np.array([LEVELS])), VALUES, atol=1e-5)
    np.testing.assert_allclose(laws.cdf(VALUES[:1])[0], LEVELS, atol=1e-12)


def test_quantile_and_cdf_are_inverse_and_increase(laws: QuantileLaw) -> None:
    y = laws.quantile(q)
    assert (np.diff(y) > 0).all()
    np.testing.assert_allclose(laws.cdf(y), np.broadcast_to(q, y.shape), atol=1e-9)
    np.testing.assert_allclose(laws.quantile(laws.cdf(y)), y, atol=1e-8)
    middle, step = (y[:, 1:] + y[:, :-1]) / 2, np.diff(y)
    inside = (step < 0.05) & (step > 1e-4)
    slope = np.diff(q) / step
    assert np.median(np.abs(laws.pdf(middle) / slope - 1)[inside]) < 1e-3
    assert np.isfinite(laws.logpdf(np.array([[-1e9, 1e9]]))).all()


def test_moments_and_scores_are_those_of_draws(laws: QuantileLaw) -> None:
    rng = np.random.default_rng(1)
    a, b = (laws.quantile(rng.random((1, 200_000))) for _ in range(2))
    error = 5 * a.std(1) / np.sqrt(a.shape[1])
    assert (np.abs(a.mean(1) - laws.mean()) < error).all()
    np.testing.assert_allclose(laws.var(), a.var(1), rtol=0.2)
    points, weights = next(laws.nodes())
    square = (points - laws.mean()[:, None]) ** 2
    np.testing.assert_allclose((square * weights).sum(1), laws.var(), rtol=1e-3)
    for y in (-30.0, -1.0, 1.3, 11.0, 60.0):
        errors = np.abs(a - y) - np.abs(a - b) / 2
        bound = 5 * errors.std(1) / np.sqrt(a.shape[1])
        assert (np.abs(laws.crps(np.array([[y]]))[:, 0] - errors.mean(1)) < bound).all()


# ---- estimators ------------------------------------------------------------------------------


def _table(n: int, seed: int) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.uniform(-1, 1, (n, 2)), columns=["a", "b"])
    return X, np.asarray(2 * X["b"] + (0.1 + (X["a"] > 0)) * rng.normal(size=n))


@pytest.fixture(scope="module")
def model() -> MotifRegressor:
    return MotifRegressor(preset="fast", objective="pinball").fit(*_table(300, 0))


@pytest.fixture(scope="module")
def fresh() -> Any:
    return _table(1000, 1)


def test_a_model_of_quantiles_gives_the_law_through_them(model: MotifRegressor, fresh: Any) -> None:
    X, y = fresh
    found = model.predict_distribution(X)
    np.testing.assert_allclose(found.quantile([0.1, 0.5, 0.9]), model.predict(X), atol=1e-5)
    np.testing.assert_array_equal(found.interval(0.8), model.predict_interval(X, 0.8))
    assert stats.kstest(found.cdf(y), "uniform").statistic < 0.1
    error = y - found.mean()
    assert -found.logpdf(y).mean() < -stats.norm(0, error.std()).logpdf(error).mean() - 0.1
    assert (found.crps(y) > 0).all()
    assert found.mean().shape == found.std().shape == y.shape


def test_intervals_of_quantiles_are_nested_and_cover(model: MotifRegressor, fresh: Any) -> None:
    X, y = fresh
    ends = model.predict_interval(X, [0.5, 0.8, 0.95])
    assert ends.shape == (1000, 3, 2)
    assert (np.diff(ends[..., 0]) <= 0).all() and (np.diff(ends[..., 1]) >= 0).all()
    inside = ((ends[..., 0] <= y[:, None]) & (y[:, None] <= ends[..., 1])).mean(0)
    np.testing.assert_allclose(inside, [0.5, 0.8, 0.95], atol=0.08)
    assert np.isposinf(model.predict_interval(X, 0.9, "lower")[:, 1]).all()


def test_a_loaded_model_and_a_graph_give_the_same_ends(
    model: MotifRegressor, fresh: Any, tmp_path: Path
) -> None:
    model.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    ends = model.predict_interval(fresh[0], 0.8)
    np.testing.assert_array_equal(ends, again.predict_interval(fresh[0], 0.8))
    onnxruntime = pytest.importorskip("onnxruntime")
    model.to_onnx(tmp_path / "m.onnx", coverage=0.8)
    fed = {name: column.to_numpy()[:, None] for name, column in fresh[0].items()}
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    found = np.hstack(session.run(["lower", "upper"], fed))
    np.testing.assert_allclose(found, ends, atol=1e-9)


def test_the_command_line_writes_ends_and_quantiles(
    model: MotifRegressor, fresh: Any, tmp_path: Path
) -> None:
    model.save(tmp_path / "m.motif")
    fresh[0].to_csv(tmp_path / "rows.csv", index=False)
    files = [str(tmp_path / name) for name in ("m.motif", "rows.csv")]
    out = CliRunner().invoke(app, ["predict", *files, "--coverage", "0.8", "--distribution"])
    assert out.exit_code == 0, out.output
    table = pd.read_csv(StringIO(out.stdout))
    ends = model.predict_interval(fresh[0], 0.8)
    np.testing.assert_allclose(table[["lower_y", "upper_y"]], ends, rtol=1e-9)
    np.testing.assert_allclose(table["q0.9_y"], table["predicted_y_q0.9"], atol=1e-5)


def test_new_targets_are_compared_with_the_law(model: MotifRegressor, fresh: Any) -> None:
    X, y = fresh[0][:150], fresh[1][:150]
    assert "higher than predicted" in model.check_shift(X, y=y + 1).verdict
    # residuals of a law through quantiles are not exported: it is more than a scale
    with pytest.raises(UsageError, match="no law of residuals"):
        model.to_onnx("never.onnx", distribution=True)
