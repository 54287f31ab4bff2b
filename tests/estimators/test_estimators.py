"""The two estimators: scikit-learn's conventions, determinism, weights, tables of real
life, stops.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from motifnet import MotifClassifier, MotifRegressor, load, mimic
from motifnet.engine import DataError, MotifnetWarning, UsageError
from motifnet.pipeline import PRESETS
from tests.estimators.runs import fits
from tests.shared.short_presets import short

ROOT = Path(__file__).parents[2]
# as for every estimator that chooses its settings by
# cross-validation: folds hold rows, and equal rows may lie in several
BY_FOLDS = {
    "check_sample_weight_equivalence_on_dense_data": "weight 2 is the row twice in every "
    "solve, not in the choice of settings"
}


def conventions(*estimators: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return parametrize_with_checks([*estimators], expected_failed_checks=lambda _: BY_FOLDS)


@pytest.mark.usefixtures("short_fits")
@conventions(MotifRegressor("fast"), MotifClassifier("fast"))
def test_scikit_learn_conventions(estimator: Any, check: Callable[[Any], None]) -> None:
    """No convention depends on the number of folds, or of the steps of a training."""
    check(estimator)


@pytest.mark.slow
@conventions(MotifRegressor(), MotifClassifier())
def test_scikit_learn_conventions_of_whole_fits(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


def test_network_is_teacher_and_ledger_is_complete(
    fitted: MotifRegressor, table: pd.DataFrame
) -> None:
    stages = [row.stage for row in fitted.ledger_]
    assert stages[:2] == ["convex fit", "transferred"]
    assert "feature layers" in stages and "stack" in stages
    assert all(row.seconds >= 0 and row.error > 0 and row.parameters > 0 for row in fitted.ledger_)
    kept = [row.error for row in fitted.ledger_ if row.kept and row.stage != "compact"]
    assert kept == sorted(kept, reverse=True)
    assert fitted.ledger_[-1].error <= 1.005 * kept[-1]
    matrix = fitted.encode(table.drop(columns="price"))
    sd = float(table["price"].std())
    assert np.abs(fitted.network_(matrix) - fitted.teacher_(matrix)).max() <= 1e-10 * sd
    assert (
        max(fitted.certificate_.on_data, fitted.certificate_.on_box, fitted.certificate_.outside)
        <= 1e-10
    )
    assert fitted.card_.depth > 0
    assert fitted.score(table.drop(columns="price"), table["price"]) > 0.9


def test_to_torch_takes_and_gives_float32_and_has_gradients(
    fitted: MotifRegressor, table: pd.DataFrame
) -> None:
    module = fitted.to_torch()
    matrix = fitted.encode(table.drop(columns="price"))
    x = torch.as_tensor(matrix).float().requires_grad_(True)
    out = module(x)
    assert out.dtype == torch.float32
    out.sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all() and x.grad.abs().sum() > 0
    sd = float(table["price"].std())
    assert (
        np.abs(
            out.detach().numpy() - fitted.teacher_(matrix.astype(np.float32).astype(np.float64))
        ).max()
        <= 3e-4 * sd
    )


def test_saved_model_is_bit_equal(
    fitted: MotifRegressor, table: pd.DataFrame, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    X = table.drop(columns="price")
    assert np.array_equal(again.predict(X), fitted.predict(X))
    assert again.ledger_ == fitted.ledger_


def test_reordered_missing_and_wrong_columns(fitted: MotifRegressor, table: pd.DataFrame) -> None:
    X = table.drop(columns="price")
    with pytest.raises(ValueError, match="order"):
        fitted.predict(X[X.columns[::-1]])
    with pytest.raises(DataError, match="rooms"):
        fitted.predict(X.drop(columns="rooms"))
    with pytest.raises(DataError, match="size"):
        fitted.predict(X.assign(size="large"))
    with pytest.warns(
        MotifnetWarning,
        match="150 of 150 rows have a level that the fit has not seen .column 'town': 'Osaka'",
    ):
        unseen = fitted.predict(X.assign(town="Osaka"))
    assert np.isfinite(unseen).all()


ELSEWHERE = """
import sys
from motifnet.pipeline import PRESETS
from tests.estimators.runs import fits
from tests.shared.short_presets import short
if sys.argv[1] == "short":
    PRESETS["balanced"] = short("balanced")
print(fits(n_jobs=2, seed=1), end="")
"""


@pytest.mark.parametrize("training", ["short", pytest.param("whole", marks=pytest.mark.slow)])
def test_bit_equal_over_processes_jobs_hash_seeds_and_row_order(
    training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With enough rows for the folds of a training to run side by side."""
    if training == "short":
        monkeypatch.setitem(PRESETS, "balanced", short("balanced"))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, training],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = fits(n_jobs=1, seed=0)
    assert len(here) > 1000
    assert done.stdout == here


@pytest.mark.usefixtures("short_fits")
@pytest.mark.filterwarnings("ignore:.*alone explains")
def test_fit_leaves_global_random_state_alone() -> None:
    np.random.seed(3)
    torch.manual_seed(3)
    before, before_torch = np.random.get_state()[1].copy(), torch.get_rng_state().clone()  # type: ignore[index]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    MotifRegressor(preset="fast").fit(X, X[:, 0])
    assert np.array_equal(np.random.get_state()[1], before)  # type: ignore[index]
    assert torch.equal(torch.get_rng_state(), before_torch)


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("kind", [MotifRegressor, MotifClassifier])
def test_a_row_of_weight_zero_is_none(kind: Any) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2))
    y: Any = X[:, 0] + 0.2 * rng.normal(size=60)
    y = y > 0 if kind is MotifClassifier else y
    weight = rng.integers(0, 3, 60).astype(float)
    used = weight > 0
    outputs = (
        (lambda m: m.predict_proba(X)) if kind is MotifClassifier else (lambda m: m.predict(X))
    )
    weighted = outputs(kind(preset="fast").fit(X, y, sample_weight=weight))
    assert np.array_equal(
        weighted, outputs(kind(preset="fast").fit(X[used], y[used], sample_weight=weight[used]))
    )


def test_equal_rows_are_observations_of_their_own() -> None:
    """Three yes/no columns: eight different rows, whose shares of classes are all there is
    to know.
    """
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.integers(0, 2, (1_500, 3)).astype(bool), columns=["a", "b", "c"])
    p = 1 / (1 + np.exp(-(2.0 * X["a"] - 1.5 * X["b"] + (X["a"] ^ X["c"]) - 0.5)))
    y = rng.random(1_500) < p
    model = MotifClassifier(preset="fast").fit(X, y)
    shares = y.groupby([X["a"], X["b"], X["c"]]).transform("mean")
    assert model.model_.info.rows == 1_500
    assert np.abs(model.predict_proba(X)[:, 1] - shares).max() < 0.06
    z = p + rng.normal(size=1_500)
    number = MotifRegressor(preset="fast").fit(X, z)
    assert np.sqrt(np.mean((number.predict(X) - p) ** 2)) < 0.1
    inside = (number.predict_interval(X, 0.8) - z.to_numpy()[:, None]).prod(1) <= 0
    assert 0.77 < inside.mean() < 0.83


@pytest.mark.filterwarnings("ignore:.*alone explains")
def test_several_targets() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(80, 2))
    Y = np.stack([X[:, 0] ** 2, 100 * X[:, 1]], 1)
    model = MotifRegressor(preset="fast").fit(X, Y)
    assert model.predict(X).shape == (80, 2)
    assert model.score(X, Y) > 0.9


def test_groups_do_not_leak() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(30), 6)
    centre = rng.normal(size=(30, 2))
    X = centre[groups] + 0.01 * rng.normal(size=(180, 2))
    y = rng.normal(size=30)[groups]  # known within a group, not across
    honest = MotifRegressor(preset="fast").fit(X, y, groups=groups).ledger_
    naive = MotifRegressor(preset="fast").fit(X, y).ledger_
    assert min(row.error for row in naive) < 0.5
    assert 1 - min(row.error for row in honest) ** 2 <= 0.05


def test_time_does_not_look_ahead() -> None:
    rng = np.random.default_rng(4)
    time = np.arange(240.0)
    y = np.cumsum(rng.choice([-1.0, 1.0], 240))  # interpolation is easy, extrapolation is not
    X = np.stack([time, rng.normal(size=240)], 1)
    forward = MotifRegressor(preset="fast").fit(X, y, time=time).ledger_
    naive = MotifRegressor(preset="fast").fit(X, y).ledger_
    assert min(row.error for row in naive) < 0.35
    assert min(row.error for row in forward) > 0.35


def test_groups_that_span_all_times_are_refused() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(DataError, match="groups and time"):
        MotifRegressor(preset="fast").fit(
            X, X[:, 0], groups=np.arange(60) % 2, time=np.arange(60) // 2
        )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"preset": "slow"}, "balanced"),
        ({"time_limit_s": -1}, "positive"),
        ({"random_state": -3}, "non-negative"),
        ({"random_state": "x"}, "None"),
    ],
)
def test_wrong_settings_say_what_is_right(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        MotifRegressor(**settings).fit(np.eye(5), np.arange(5.0))


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.eye(6), [1, 2, 3, 4, 5, np.nan], "NaN"),
        (np.eye(6), [1, 2, 3, 4, 5, np.inf], "infinity"),
        (np.where(np.eye(6) > 0, np.inf, 1), np.arange(6), "infinity"),
        (np.empty((0, 3)), [], "0 sample"),
        (np.empty((4, 0)), np.arange(4), "0 feature"),
        (np.ones((1, 3)), [1.0], "1 sample"),
        (np.eye(6) * 1j, np.arange(6), "Complex"),
        (np.arange(6), np.arange(6), "2D array"),
        (np.eye(6), np.arange(5), "5"),
        (pd.DataFrame(np.eye(6), columns=list("abcdea")), np.arange(6), "a"),
        (np.eye(6), list("abcdef"), "a"),
    ],
)
def test_bad_input_is_our_error(X: Any, y: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        MotifRegressor(preset="fast").fit(X, y)


@pytest.mark.usefixtures("short_fits")
@pytest.mark.filterwarnings("ignore:.*alone explains")
def test_odd_but_right_input_is_fitted() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(40, 3))
    constant = MotifRegressor(preset="fast").fit(X, np.full(40, 7.5))
    assert np.allclose(constant.predict(X), 7.5)
    X[:, 1] = 4.0
    assert np.isfinite(MotifRegressor(preset="fast").fit(X, X[:, 0]).predict(X)).all()
    huge = MotifRegressor(preset="fast").fit(X * np.array([1e300, 1, 1]), X[:, 0] * 1e300)
    assert np.isfinite(huge.predict(X * np.array([1e300, 1, 1]))).all()
    wide = rng.normal(size=(15, 60))
    assert np.isfinite(MotifRegressor(preset="fast").fit(wide, wide[:, 0]).predict(wide)).all()
    X[:, 2] = np.nan
    with pytest.warns(MotifnetWarning):
        model = MotifRegressor(preset="fast").fit(X, X[:, 0])
    assert np.isfinite(model.predict(X)).all()


def test_mimic_of_a_fitted_estimator() -> None:
    from sklearn.svm import SVR

    rng = np.random.default_rng(8)
    X = rng.normal(size=(80, 3))
    svr = SVR(C=10).fit(X, np.sin(X[:, 0]))
    network = mimic(svr, X)
    assert np.abs(network(X)[:, 0] - svr.predict(X)).max() <= 1e-10
    relu = mimic(svr, X, form="relu", tolerance=0.02)
    assert relu.certificate is not None and relu.certificate.bound is not None
    assert relu.certificate.on_box <= relu.certificate.bound
    with pytest.raises(UsageError, match="Pass X"):
        mimic(svr, form="relu")
    with pytest.raises(UsageError):
        mimic(object())


@pytest.mark.filterwarnings("ignore:.*alone explains")
def test_the_best_preset_has_all_its_teachers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "best", short("best"))
    rng = np.random.default_rng(9)
    X = rng.normal(size=(70, 2))
    model = MotifRegressor(preset="best").fit(X, np.abs(X[:, 0]))
    assert {row.stage for row in model.ledger_} >= {
        "feature layers 3",
        *PRESETS["best"].early,
        "splines",
        "support vectors",
    }
    model.save(tmp_path / "best.motif")
    assert np.array_equal(load(tmp_path / "best.motif").predict(X), model.predict(X))


def test_retraining_on_new_rows_never_hurts_them() -> None:
    from sklearn.kernel_ridge import KernelRidge

    rng = np.random.default_rng(10)
    X = rng.normal(size=(200, 2))
    y = np.sin(2 * X[:, 0])
    network = mimic(KernelRidge(kernel="rbf", alpha=0.1, gamma=0.5).fit(X[:100], y[:100]), X[:100])
    shifted = network.retrain(X[100:], y[100:] + 1, epochs=3)
    assert [row.stage for row in shifted.ledger] == ["as it is", "last layer", "fine-tuning"]
    assert np.abs(shifted(X)[:, 0] - y - 1).mean() < 0.2
    assert (
        network.retrain(X[100:], y[100:] + 1, epochs=0).ledger[1].error
        < network.retrain(X[100:], y[100:] + 1, epochs=0).ledger[0].error
    )
    with pytest.raises(DataError, match="shape"):
        network.retrain(X[:, :1], y)


def test_catboost_as_a_further_teacher(table: pd.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("catboost")
    X = table.drop(columns="price")
    steps = 1.0 * (X["size"] > 95) + (X["rooms"] > 2) + (X["rooms"] > 3)
    model = MotifRegressor(preset="fast", teachers=["catboost", "trees"], size="full").fit(X, steps)
    assert [row.stage for row in model.ledger_][-4:] == ["profile", "catboost", "trees", "stack"]
    assert "catboost" in model.ledger_[-1].note
    assert np.allclose(model.predict(X), model.teacher_(model.encode(X))[:, 0], rtol=1e-10)
    model.save(tmp_path / "with.motif")
    assert np.array_equal(load(tmp_path / "with.motif").predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("teachers", "objective", "words"),
    [
        ("catboost", "squared", "list"),
        (["x"], "squared", "'trees'"),
        (["catboost"], "gamma", "gamma"),
    ],
)
def test_teachers_that_do_not_go(teachers: Any, objective: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        MotifRegressor(teachers=teachers, objective=objective).fit(np.eye(5), np.arange(1, 6))


def test_a_teacher_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motifnet.pipeline._presets.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="not installed"):
        MotifClassifier(teachers=["catboost"]).fit(np.eye(6), [0, 1] * 3)


@pytest.mark.parametrize("estimator", [MotifRegressor, MotifClassifier])
def test_settings_after_the_preset_are_keywords(estimator: Any) -> None:
    assert estimator("fast").preset == "fast"
    with pytest.raises(TypeError, match="positional"):
        estimator("fast", 60.0)
