"""PIT values of new observations: level and power of the tests, then models and the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from motifnet import MotifClassifier, MotifRegressor
from motifnet.cli._app import app
from motifnet.engine import DataError, UsageError
from motifnet.uncertainty import Intervals, PitShift, check_pit


def pit_of(new: Any, m: int = 100, seed: int = 0, weight: Any = None) -> PitShift:
    old = np.random.default_rng([seed, 7]).standard_t(4, size=(m, 1))
    w = np.ones(m) if weight is None else weight
    return check_pit(Intervals(None, old, w, 1.0), np.asarray(new)[:, None], ("y",), 1)[0]


def alarms(m: int, k: int, scale: float = 1.0, by: float = 0.0) -> float:
    """The share of 400 draws with a p-value at or below 5 %."""
    found = []
    for seed in range(400):
        new = by + scale * np.random.default_rng([seed, 8]).standard_t(4, size=k)
        found.append(pit_of(new, m, seed).drifted(0.05))
    return float(np.mean(found))


@pytest.mark.parametrize(("m", "k"), [(30, 5), (30, 300), (200, 20), (200, 1000)])
def test_without_a_drift_alarms_have_the_level(m: int, k: int) -> None:
    # three standard errors above 5 %
    assert alarms(m, k) < 0.083


def test_shifts_and_noise_are_found() -> None:
    assert alarms(200, 100, by=0.7) > 0.95
    assert alarms(200, 100, scale=2.0) > 0.95
    assert alarms(200, 100, scale=0.5) > 0.9


def test_the_p_values_are_those_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(3)
    new = 0.3 + rng.standard_t(4, size=80)
    old = np.random.default_rng([0, 7]).standard_t(4, size=100)
    theirs = stats.mannwhitneyu(new, old, use_continuity=False, method="asymptotic").pvalue
    found = pit_of(new)
    assert found.mean > 0.5
    # Holm's method doubles the smaller one of two
    assert found.location_pvalue in (pytest.approx(theirs), pytest.approx(2 * theirs))


def test_weights_of_a_half_are_half_as_many_rows() -> None:
    new = np.random.default_rng(3).standard_t(4, size=80) + 0.4
    plain, light = pit_of(new), pit_of(new, weight=np.repeat([1.0, 1e-9], [20, 80]))
    assert light.location_pvalue > plain.location_pvalue


# ---- models ----------------------------------------------------------------------------------


def table(n: int, seed: int, noise: float = 0.3, by: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng([5, seed])
    X = pd.DataFrame(rng.uniform(-1, 1, (n, 2)), columns=["a", "b"])
    X["y"] = np.sin(3 * X["a"]) + X["b"] + by + noise * rng.normal(size=n)
    return X


@pytest.fixture(scope="module")
def model() -> MotifRegressor:
    rows = table(300, 0)
    return MotifRegressor(preset="fast").fit(rows[["a", "b"]], rows["y"])


def checked(model: MotifRegressor, rows: pd.DataFrame) -> Any:
    return model.check_shift(rows[["a", "b"]], y=rows["y"])


def test_fresh_rows_are_quiet(model: MotifRegressor) -> None:
    found = [checked(model, table(100, 10 + i)) for i in range(3)]
    assert sum(one.drifted for one in found) <= 1
    quiet = next(one for one in found if not one.shifted)
    assert "The targets lie where their predictive distributions say" in quiet.verdict


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"noise": 0.9}, "Errors of y are larger than those of the fit"),
        ({"by": 0.4}, "y lies higher than predicted"),
        ({"by": -0.4}, "y lies lower than predicted"),
        ({"noise": 0.03}, "Intervals are wider than they need to be"),
    ],
)
def test_a_drift_of_the_target_is_found(
    model: MotifRegressor, how: dict[str, float], words: str
) -> None:
    found = checked(model, table(150, 1, **how))
    assert found.drifted and found.shifted and not found.moved
    assert words in found.verdict and words in str(found)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["pit"][0]["target"] == "y"
    assert not replace(found, pit=()).shifted


def test_bad_targets(model: MotifRegressor) -> None:
    rows = table(40, 2)
    with pytest.raises(DataError, match="2 columns"):
        model.check_shift(rows[["a", "b"]], y=rows[["y", "a"]])
    with pytest.raises(DataError, match="no value"):
        model.check_shift(rows[["a", "b"]], y=rows["y"].where(rows["y"] > 0))
    classes = MotifClassifier(preset="fast").fit(rows[["a", "b"]], rows["y"] > 0)
    with pytest.raises(UsageError, match="for regressions"):
        classes.check_shift(rows[["a", "b"]], y=rows["y"] > 0)


def test_the_command_line_takes_the_target_from_the_table(
    model: MotifRegressor, tmp_path: Path
) -> None:
    model.save(tmp_path / "m.motif")
    rows = table(150, 1, noise=0.9)
    rows.loc[:20, "y"] = np.nan
    rows.to_csv(tmp_path / "rows.csv", index=False)
    files = [str(tmp_path / name) for name in ("m.motif", "rows.csv")]
    out = CliRunner().invoke(app, ["check", *files])
    assert out.exit_code == 0, out.output
    assert "Errors of y are larger" in " ".join(out.output.split())
    out = CliRunner().invoke(app, ["check", *files, "--json"])
    assert json.loads(out.stdout)["pit"][0]["rows"] == 129
    rows.drop(columns="y").to_csv(tmp_path / "rows.csv", index=False)
    out = CliRunner().invoke(app, ["check", *files, "--json"])
    assert json.loads(out.stdout)["pit"] == []
