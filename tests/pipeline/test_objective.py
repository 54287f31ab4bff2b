"""`objective=` from table to file: identities of offset and weight, quantiles in order, saved and
exported alike, honest scores, bad input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import d2_absolute_error_score, d2_pinball_score, d2_tweedie_score

from motifnet import MotifRegressor, load
from motifnet.engine import DataError, UsageError
from motifnet.losses import Gamma, Pinball, Poisson
from motifnet.stacking import fit_loss_stack, mean_loss
from motifnet.tables import Response, make_folds
from tests.shared.command import done, run

N = 120


def data(seed: int = 0) -> tuple[pd.DataFrame, dict[str, np.ndarray], np.ndarray]:
    """Rows, a target for each objective, and log exposures."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"a": rng.normal(size=N), "b": rng.normal(size=N), "c": rng.choice(["x", "y"], N)}
    )
    log_mean = 0.8 * X["a"].to_numpy() + 0.5 * (X["c"] == "x").to_numpy() + 1
    offset = rng.normal(0, 0.7, N)
    noisy = log_mean + np.exp(0.5 * X["b"].to_numpy()) * rng.normal(size=N)
    y = {
        "poisson": rng.poisson(np.exp(log_mean + offset)).astype(float),
        "gamma": np.exp(log_mean + offset) * rng.gamma(5, 0.2, N),
    }
    return X, {**y, "absolute": noisy, "pinball": noisy}, offset


def fit(objective: str, **more: Any) -> MotifRegressor:
    X, y, offset = data()
    if objective in ("poisson", "gamma"):
        more.setdefault("offset", offset)
    quantiles = more.pop("quantiles", (0.1, 0.5, 0.9))
    return MotifRegressor(preset="fast", objective=objective, quantiles=quantiles).fit(
        X, y[objective], **more
    )


@pytest.fixture(scope="module")
def models() -> dict[str, MotifRegressor]:
    return {objective: fit(objective) for objective in ("absolute", "pinball", "poisson", "gamma")}


@pytest.mark.filterwarnings("ignore:.*outside the range")
def test_quantiles_never_cross(models: dict[str, MotifRegressor]) -> None:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "a": rng.normal(0, 3, 10_000),
            "b": rng.normal(0, 3, 10_000),
            "c": rng.choice(["x", "y", "z"], 10_000),
        }
    )
    values = models["pinball"].predict(X)
    assert values.shape == (10_000, 3)
    assert (np.diff(values, axis=1) >= 0).all()


@pytest.mark.parametrize("objective", ["poisson", "gamma"])
def test_offset_multiplies_by_the_exposure(
    models: dict[str, MotifRegressor], objective: str
) -> None:
    X, _, offset = data()
    model = models[objective]
    assert np.array_equal(model.predict(X, offset=offset), model.predict(X) * np.exp(offset))
    assert (model.predict(X) > 0).all()


@pytest.mark.parametrize("objective", ["poisson", "gamma"])
def test_units_of_exposure_do_not_matter(models: dict[str, MotifRegressor], objective: str) -> None:
    X, _, offset = data()
    in_days = fit(objective, offset=offset + np.log(365.0))
    assert np.allclose(
        in_days.predict(X, offset=offset + np.log(365.0)),
        models[objective].predict(X, offset=offset),
        rtol=1e-4,
    )


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("objective", ["absolute", "pinball", "poisson", "gamma"])
def test_the_order_of_weighted_rows_does_not_matter_and_the_same_seed_gives_the_same_bits(
    objective: str,
) -> None:
    X, y, offset = data()
    w = np.where(np.arange(N) % 3 == 0, 2, 1)
    rows = np.random.default_rng(0).permutation(N)
    exposed = objective in ("poisson", "gamma")
    model = MotifRegressor(preset="fast", objective=objective)
    weighted = model.fit(
        X, y[objective], sample_weight=w, **({"offset": offset} if exposed else {})
    ).predict(X)
    again = model.fit(
        X.iloc[rows],
        y[objective][rows],
        sample_weight=w[rows],
        **({"offset": offset[rows]} if exposed else {}),
    ).predict(X)
    assert (
        np.array_equal(weighted, again) if not exposed else np.allclose(weighted, again, rtol=1e-6)
    )


@pytest.mark.parametrize("objective", ["absolute", "pinball", "poisson", "gamma"])
def test_saved_exported_and_transferred_alike(
    models: dict[str, MotifRegressor], objective: str, tmp_path: Path
) -> None:
    X, y, offset = data()
    model = models[objective]
    model.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    assert isinstance(again, MotifRegressor)
    assert np.array_equal(again.predict(X), model.predict(X))
    exposed = {"offset": offset} if objective in ("poisson", "gamma") else {}
    assert again.score(X, y[objective], **exposed) == model.score(X, y[objective], **exposed)
    assert model.to_onnx(tmp_path / "m.onnx").max_difference <= 1e-10
    assert max(model.certificate_.on_data, model.certificate_.on_box) <= 1e-10


@pytest.mark.usefixtures("short_fits")
def test_onnx_takes_the_offset_only_where_the_fit_had_one(
    models: dict[str, MotifRegressor], tmp_path: Path
) -> None:
    import onnx

    for name, model, expected in (
        ("with", models["poisson"], True),
        ("without", fit("poisson", offset=None), False),
    ):
        model.to_onnx(tmp_path / f"{name}.onnx")
        inputs = [value.name for value in onnx.load(tmp_path / f"{name}.onnx").graph.input]
        assert ("offset" in inputs) == expected


@pytest.mark.usefixtures("short_fits")
def test_scores_are_those_of_scikit_learn(models: dict[str, MotifRegressor]) -> None:
    X, y, _ = data()
    plain = fit("poisson", offset=None)
    assert plain.score(X, y["poisson"]) == pytest.approx(
        d2_tweedie_score(y["poisson"], plain.predict(X), power=1)
    )
    assert models["absolute"].score(X, y["absolute"]) == pytest.approx(
        d2_absolute_error_score(y["absolute"], models["absolute"].predict(X)), abs=0.01
    )
    levels = [
        d2_pinball_score(y["pinball"], q, alpha=a)
        for q, a in zip(models["pinball"].predict(X).T, (0.1, 0.5, 0.9), strict=True)
    ]
    assert models["pinball"].score(X, y["pinball"]) == pytest.approx(np.mean(levels), abs=0.01)


def test_stack_optimum_has_zero_gradient_and_recovers_the_score() -> None:
    rng = np.random.default_rng(0)
    f = rng.normal(size=(4000, 1))
    losses = {
        Poisson(): rng.poisson(np.exp(0.5 + f)),
        Gamma(): np.exp(0.5 + f) * rng.gamma(5, 0.2, (4000, 1)),
    }
    for loss, target in losses.items():
        y = np.asarray(target, dtype=np.float64)
        response = Response((loss,), y, np.zeros(1), np.ones(1))
        stack = fit_loss_stack([f], response, np.ones(4000), make_folds(4000, 4, 0))
        assert stack.weights[0, 0] == pytest.approx(1, abs=0.05) and stack.offsets[
            0
        ] == pytest.approx(0.5, abs=0.05)
        g = loss.gradient(y[:, 0], stack.weights[0] * f[:, 0] + stack.offsets)
        assert abs(g.mean()) < 1e-5 and abs(f[:, 0] @ g) / 4000 < 1e-5


def test_stack_finds_quantiles_of_noise() -> None:
    y = np.random.default_rng(0).normal(size=(4000, 1))
    losses = (Pinball(0.1), Pinball(0.9))
    response = Response(losses, np.repeat(y, 2, 1), np.zeros(2), np.ones(2))
    stack = fit_loss_stack([np.zeros((4000, 1))], response, np.ones(4000), make_folds(4000, 4, 0))
    assert np.allclose((y < stack.offsets).mean(0), (0.1, 0.9), atol=0.01)
    assert (mean_loss(response, stack.oof, np.ones(4000)) > 0).all()


@pytest.mark.parametrize("objective", ["absolute", "pinball", "poisson", "gamma"])
def test_pure_noise_scores_no_better_than_the_constant(objective: str) -> None:
    X, y, _ = data()
    shuffled = np.random.default_rng(3).permutation(y[objective])
    model = MotifRegressor(preset="fast", objective=objective).fit(X, shuffled)
    assert min(row.error for row in model.ledger_) > 0.93


@pytest.mark.usefixtures("short_fits")
def test_several_targets_and_one_level() -> None:
    X, y, _ = data()
    both = np.column_stack([y["poisson"], y["poisson"][::-1]])
    assert MotifRegressor(preset="fast", objective="poisson").fit(X, both).predict(X).shape == (
        N,
        2,
    )
    assert fit("pinball", quantiles=0.8).predict(X).shape == (N,)
    with pytest.raises(UsageError, match="one target"):
        MotifRegressor(objective="pinball").fit(X, both)


def test_bad_input(models: dict[str, MotifRegressor]) -> None:
    X, y, offset = data()
    negative = y["poisson"].copy()
    negative[7] = -2
    with pytest.raises(DataError, match=r"row 7 .*-2"):
        MotifRegressor(objective="poisson").fit(X, negative)
    negative[7] = 0
    with pytest.raises(DataError, match="above 0"):
        MotifRegressor(objective="gamma").fit(X, negative)
    with pytest.raises(UsageError, match="offset"):
        MotifRegressor(objective="absolute").fit(X, y["absolute"], offset=offset)
    with pytest.raises(UsageError, match="offset"):
        models["absolute"].predict(X, offset=offset)
    with pytest.raises(DataError, match="row 3"):
        MotifRegressor(objective="poisson").fit(
            X, y["poisson"], offset=np.where(np.arange(N) == 3, 1e4, 0.0)
        )


@pytest.mark.usefixtures("short_fits")
def test_counts_that_are_all_zero() -> None:
    X, _, _ = data()
    values = MotifRegressor(preset="fast", objective="poisson").fit(X, np.zeros(N)).predict(X)
    assert np.isfinite(values).all() and (values > 0).all() and values.max() < 0.1


@pytest.mark.usefixtures("short_fits")
def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, offset = data()
    X.assign(n=y["poisson"], size=y["pinball"], log_years=offset).to_csv(
        tmp_path / "t.csv", index=False
    )
    monkeypatch.chdir(tmp_path)
    runs = [
        [
            "fit",
            "t.csv",
            "-t",
            "n",
            "-o",
            "n.motif",
            "--objective",
            "poisson",
            "--offset",
            "log_years",
            "--drop",
            "size",
            "--preset",
            "fast",
        ],
        [
            "fit",
            "t.csv",
            "-t",
            "size",
            "-o",
            "q.motif",
            "--objective",
            "pinball",
            "--quantiles",
            ".1,.9",
            "--drop",
            "n",
            "--drop",
            "log_years",
        ],
        ["predict", "n.motif", "t.csv", "-o", "n.csv", "--offset", "log_years"],
        ["predict", "q.motif", "t.csv", "-o", "q.csv"],
    ]
    runs[1] += ["--preset", "fast"]
    for arguments in runs:
        done(*arguments)
    assert list(pd.read_csv("q.csv").columns) == ["predicted_size_q0.1", "predicted_size_q0.9"]
    fitted = load("n.motif")
    assert np.allclose(pd.read_csv("n.csv")["predicted_n"], fitted.predict(X, offset=offset))  # type: ignore[call-arg]
    bad = run(
        *("fit", "t.csv", "-t", "n", "-o", "x.motif"),
        *("--objective", "pinball", "--quantiles", "half"),
    )
    assert bad.exit_code == 2
