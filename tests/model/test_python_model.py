"""A whole model as a Python file of numpy alone: raw columns, and laws."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from motifnet import MotifClassifier, MotifRegressor
from motifnet.cli._app import app
from motifnet.engine import UsageError

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("short_fits")]
LEVELS = np.array([0.01, 0.1, 0.5, 0.9, 0.99])


def table(n: int, seed: int) -> tuple[pd.DataFrame, Any]:
    """Every kind of column, with missing values."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": rng.normal(size=n), "town": rng.choice(["Bern", "Chur", "Zug"], n)})
    X["of"] = rng.choice(np.arange(90), n).astype(str)
    X["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D")
    X["flag"] = rng.random(n) < 0.5
    for i, name in enumerate(("x", "town", "day")):
        X.loc[rng.random(n) < 0.05 * (i + 1), name] = None
    y = np.sin(X["x"].fillna(0)) + (X["town"] == "Bern") + 0.3 * rng.normal(size=n)
    return X, y.to_numpy()


@cache
def model(kind: str) -> Any:
    X, y = table(200, 0)
    if kind == "classes":
        return MotifClassifier(preset="fast").fit(X, np.where(y > 0, "high", "low"))
    if kind == "two targets":
        return MotifRegressor(preset="fast").fit(X, pd.DataFrame({"a": y, "b": -(y**3)}))
    return MotifRegressor(preset="fast", objective=kind).fit(X, y)


def written(found: Any, path: Path, **how: Any) -> dict[str, Any]:
    """The names that the file defines."""
    found.to_python(path, **how)
    space: dict[str, Any] = {"__name__": "builtins"}
    exec(compile(path.read_text(), str(path), "exec"), space)
    return space


@pytest.mark.parametrize("kind", ["squared", "classes"])
def test_the_file_predicts_what_the_model_predicts(kind: str, tmp_path: Path) -> None:
    found, (X, _) = model(kind), table(60, 1)
    X.loc[0, "town"] = "Genf"
    expected = found.predict_proba(X) if kind == "classes" else found.predict(X)[:, None]
    predict = written(found, tmp_path / "m.py")["predict"]
    rows = X.astype(object).to_numpy().tolist()
    for form in (X, {name: list(X[name]) for name in X}, rows):
        np.testing.assert_allclose(predict(form), expected, atol=1e-11)


@pytest.mark.parametrize("kind", ["squared", "two targets", "pinball"])
def test_the_file_gives_the_law_of_the_model(kind: str, tmp_path: Path) -> None:
    found, (X, y) = model(kind), table(60, 1)
    laws = written(found, tmp_path / "m.py", distribution=True)["distribution"](X)
    expected = found.predict_distribution(X)
    assert len(laws) == len(expected.targets)
    for law, name in zip(laws, expected.targets, strict=True):
        own = expected[name]
        close: Any = {"rtol": 1e-9, "atol": 1e-9}
        np.testing.assert_allclose(law.mean(), own.mean(), **close)
        np.testing.assert_allclose(np.sqrt(law.var()), own.std(), **close)
        np.testing.assert_allclose(law.quantile(LEVELS[None]), own.quantile(LEVELS), **close)
        points = np.stack([y, y + 1], axis=1)
        for method in ("cdf", "pdf", "logpdf", "crps"):
            theirs = getattr(own, method)(points)
            np.testing.assert_allclose(getattr(law, method)(points), theirs, **close)


def test_the_file_runs_without_motifnet(tmp_path: Path) -> None:
    found, (X, _) = model("squared"), table(1, 1)
    found.to_python(tmp_path / "m.py", distribution=True)
    names = ("torch", "motifnet", "scipy", "pandas")
    row = {name: [str(v) if name == "day" else v for v in X[name].tolist()] for name in X}
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({names})); import m; "
        f"print(repr(float(m.distribution({row!r})[0].quantile(m.np.array([[0.9]]))[0, 0])))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(run.stdout) == pytest.approx(
        found.predict_distribution(X).quantile(0.9)[0], abs=1e-9
    )


def test_the_command_line_writes_the_file(tmp_path: Path) -> None:
    model("squared").save(tmp_path / "m.motif")
    files = [str(tmp_path / name) for name in ("m.motif", "m.py")]
    out = CliRunner().invoke(app, ["export", *files, "--distribution"])
    assert out.exit_code == 0, out.output
    assert "def distribution(table)" in (tmp_path / "m.py").read_text()
    out = CliRunner().invoke(app, ["export", *files, "--force", "--coverage", "0.9"])
    assert out.exit_code == 2 and "are for ONNX" in out.output


def test_counts_have_no_law_in_the_file(tmp_path: Path) -> None:
    X, y = table(60, 0)
    counts = MotifRegressor(preset="fast", objective="poisson").fit(X, np.rint(np.exp(y)))
    with pytest.raises(UsageError, match="no law of residuals"):
        counts.to_python(tmp_path / "m.py", distribution=True)
    assert not (tmp_path / "m.py").exists()
