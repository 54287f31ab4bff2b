"""Peers that are tuned, and AutoGluon in a Python of its own: with short searches and a program
that stands for AutoGluon.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motifnet.compare import METHODS, AutoGluon, Inputs, Setting, Tuned
from motifnet.compare._autogluon import AUTOGLUON
from motifnet.compare._ensemble import FIRST, LIBRARIES

# LightGBM's older versions have no other
pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
AUTOGLUONS = ("autogluon-medium", "autogluon-best-60", "autogluon-best")


def table(n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=n), "b": rng.choice(["x", "y", "z"], n)})


@pytest.mark.parametrize("name", list(LIBRARIES))
@pytest.mark.parametrize("classes", [0, 3])
def test_a_search_is_repeatable_and_learns(name: str, classes: int) -> None:
    pytest.importorskip(name)
    X = table()
    inputs = Inputs.of(X, "categories")
    y = (
        pd.qcut(X["a"], 3, labels=False).to_numpy()
        if classes
        else X["a"].to_numpy() + (X["b"] == "x")
    )
    setting = Setting(classes, 1, 0, tuple(inputs.categories))
    first, second = (Tuned(LIBRARIES[name], setting, trials=3).fit(inputs(X), y) for _ in range(2))
    assert (first.settings_, first.trees_) == (second.settings_, second.trees_)
    if classes:
        P = first.predict_proba(inputs(X))
        np.testing.assert_array_equal(P, second.predict_proba(inputs(X)))
        assert (P.argmax(1) == y).mean() > 0.8
    else:
        np.testing.assert_array_equal(first.predict(inputs(X)), second.predict(inputs(X)))
        assert np.std(y - first.predict(inputs(X))) < 0.8 * np.std(y)


def test_a_search_takes_the_trial_with_the_least_error_and_no_row_that_it_fits() -> None:
    pytest.importorskip("lightgbm")
    X, y = table()[["a"]], table()["a"].to_numpy()
    tuned = Tuned(LIBRARIES["lightgbm"], Setting(0, 1, 0), trials=4)
    trials: list[tuple[float, dict[str, object], int]] = []
    attempt = tuned._try

    def watched(
        settings: dict[str, object], X: pd.DataFrame, y: np.ndarray, held: np.ndarray
    ) -> tuple[float, dict[str, object], int]:
        assert held.sum() == len(y) // 5
        trials.append(attempt(settings, X, y, held))
        return trials[-1]

    tuned._try = watched  # type: ignore[method-assign]
    tuned.fit(X, y)
    assert trials[0][1] == FIRST
    assert len(trials) == 4
    assert (tuned.settings_, tuned.trees_) == min(trials, key=lambda trial: trial[0])[1:]


def test_without_five_rows_of_a_class_nothing_is_searched() -> None:
    pytest.importorskip("lightgbm")
    tuned = Tuned(LIBRARIES["lightgbm"], Setting(2, 1, 0), trials=3).fit(
        table(8)[["a"]], np.arange(8) % 2
    )
    assert tuned.settings_ == FIRST


PROGRAM = """#!{python}
# What AutoGluon's process does, but that it predicts the mean.
import json, sys
from pathlib import Path
import numpy as np, pandas as pd
if sys.argv[1] == "-c":
    print("9.9")
    sys.exit()
what, folder = sys.argv[2], Path(sys.argv[3])
request, table = json.loads((folder / "request.json").read_text()), pd.read_csv(folder / f"{{what}}.csv")
if request["preset"] == "broken":
    sys.exit("nothing fits")
if what == "fit":
    (folder / "mean").write_text(str(table.target.mean()))
    measured = {{"fit_seconds": request["limit"], "cpu_seconds": 7.0, "peak_mb": 1.0}}
else:
    np.save(folder / "predicted.npy", np.full(len(table), float((folder / "mean").read_text())))
    measured = {{"predict_seconds": 2.0}}
(folder / f"{{what}}.seconds.json").write_text(json.dumps(measured))
"""


@pytest.fixture
def other_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "python"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv(AUTOGLUON.variable, str(path))
    return path


@pytest.mark.usefixtures("other_python")
def test_autogluon_is_asked_in_its_own_python() -> None:
    method = METHODS["autogluon-best"]
    assert method.missing == []
    assert method.version == "autogluon.tabular 9.9"
    fitted = method.fit(table(), table()["a"].to_numpy(), Setting(0, 1, 0))
    np.testing.assert_allclose(fitted.predict(table(5)), np.full(5, table()["a"].mean()))
    assert fitted.model.seconds_ == {
        "fit_seconds": 120,
        "cpu_seconds": 7,
        "peak_mb": 1,
        "predict_seconds": 2,
    }


@pytest.mark.usefixtures("other_python")
def test_what_went_wrong_there_is_said_here() -> None:
    with pytest.raises(RuntimeError, match="nothing fits"):
        AutoGluon("broken", 1.0, Setting(0, 1, 0)).fit(table(), table()["a"].to_numpy())


@pytest.mark.parametrize("name", AUTOGLUONS)
def test_without_that_python_autogluon_is_missing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AUTOGLUON.variable, "/nowhere/python")
    assert METHODS[name].missing == ["autogluon.tabular[lightgbm,catboost,xgboost]"]
