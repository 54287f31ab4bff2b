"""Linear extrapolation: nothing changes among the rows of a fit; beyond them lines, where held-out
edges say that there is a trend.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import motifnet
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compare import tree_share
from motifnet.compress import own_rows
from motifnet.motifs import Affine, Chain, Clip, Distance, Motif, Parallel
from motifnet.pipeline import PRESETS
from motifnet.structure import Extrapolation, extrapolation
from motifnet.structure import _extrapolation as module
from motifnet.tables import LIMIT, Sample, make_folds
from motifnet.teachers import KernelRidge, Linear
from motifnet.training import CrossTuned, FeatureSettings, cross_tune, solve_whole, starts_of

N = 420
SETTINGS = FeatureSettings(steps=10, batch=200, profiles=("laplace2", "gaussian"))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "fast", replace(PRESETS["fast"], inner=(SETTINGS,)))


def trend(
    n: int = N, seed: int = 0, start: float = 0.0, end: float = 1.0
) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"t": rng.uniform(start, end, n), "x": rng.uniform(0, 1, n)})
    return X, 10 * X["t"].to_numpy() + np.sin(6 * X["x"].to_numpy()) + 0.3 * rng.normal(size=n)


def sample_of(X: np.ndarray, y: np.ndarray, **more: Any) -> Sample:
    X = (X - X.mean(0)) / X.std(0)
    y = y.reshape(len(X), -1)
    sample = Sample.plain(X, (y - y.mean(0)) / y.std(0), folds=3)
    return replace(sample, **more)


def lines_of(sample: Sample) -> tuple[Extrapolation, list[tuple[int, bool]]]:
    """What a quick training takes: column and side."""
    convex = KernelRidge(grid_rows=200).fit(sample)
    trained = cross_tune(sample, starts_of(convex, SETTINGS.profiles), SETTINGS)
    found, sides = extrapolation(sample, trained, Linear().fit(sample), 0)
    return found, [(side.column, side.upper) for side in sides]


@pytest.fixture(scope="module")
def fitted() -> MotifRegressor:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", replace(PRESETS["fast"], inner=(SETTINGS,)))
        return MotifRegressor(preset="fast").fit(*trend())


def test_the_formula() -> None:
    rng = np.random.default_rng(0)
    f = Chain(
        [Affine(torch.as_tensor(rng.normal(size=(2, 3))), torch.as_tensor(rng.normal(size=2)))]
    )
    low, high = np.array([-1.0, -LIMIT, -LIMIT]), np.array([1.0, LIMIT, 0.5])
    slopes = np.array([[2.0, 0.5], [0.0, 0.0], [-1.0, 0.0]])
    network = Extrapolation(low, high, slopes).around(f)
    X = torch.as_tensor(rng.normal(size=(200, 3)) * 2)
    inside = X.clamp(torch.as_tensor(low), torch.as_tensor(high))
    torch.testing.assert_close(
        network(X), f(inside) + (X - inside) @ torch.as_tensor(slopes), atol=1e-13, rtol=0
    )
    within = (inside == X).all(1)
    assert 20 < within.sum() < 180
    assert torch.equal(network(X[within]), f(X[within]))  # to the last bit
    assert network.outputs(3) == 2


def test_a_network_that_follows_the_lines_already_stays_as_it_is() -> None:
    slopes = np.array([[2.0], [0.0], [-1.0]])
    ends = np.full(3, -1.0), np.full(3, 1.0)
    # another slope where there is no line
    own = Affine(
        torch.as_tensor(slopes.T + np.array([0.0, 7.0, 0.0])), torch.ones(1, dtype=torch.float64)
    )
    assert Extrapolation(*ends, slopes).around(own) is own
    other = Affine(torch.as_tensor(1.01 * slopes.T), torch.ones(1, dtype=torch.float64))
    assert Extrapolation(*ends, slopes).around(other) is not other


def test_a_trend_goes_on_beyond_the_data(fitted: MotifRegressor) -> None:
    (note,) = [row.note for row in fitted.ledger_ if row.stage == "extrapolation"]
    assert "above the largest t" in note and " x " not in note
    new, y = trend(400, 1, 1.0, 1.5)
    with pytest.warns(motifnet.engine.MotifnetWarning, match="outside"):
        predicted = fitted.predict(new)
    # noise .3; a network that levels off is 2.9 away
    assert np.sqrt(np.mean((predicted - y) ** 2)) < 0.55
    far = pd.DataFrame({"t": [1.5, 2.0, 2.5], "x": [0.5] * 3})
    with pytest.warns(motifnet.engine.MotifnetWarning):
        steps = np.diff(fitted.predict(far))
    assert steps[0] == pytest.approx(steps[1], abs=1e-9) and steps[0] == pytest.approx(5, rel=0.1)


def test_the_rows_of_the_fit_see_nothing_of_it(
    fitted: MotifRegressor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RATIO", 0.0)
    X, y = trend()
    without = MotifRegressor(preset="fast").fit(X, y)
    assert "extrapolation" not in [row.stage for row in without.ledger_]
    np.testing.assert_array_equal(fitted.predict(X), without.predict(X))
    np.testing.assert_array_equal(fitted.predict_interval(X), without.predict_interval(X))
    assert [row.error for row in fitted.ledger_ if row.stage != "extrapolation"] == [
        row.error for row in without.ledger_
    ]


def test_exact_in_every_form(fitted: MotifRegressor, tmp_path: Path) -> None:
    new = pd.concat([trend(60, 2)[0], trend(60, 3, -0.5, 1.5)[0]])
    Z = fitted.encode(new)
    with pytest.warns(motifnet.engine.MotifnetWarning):
        predicted = fitted.predict(new)
        fitted.save(tmp_path / "m.motif")
        np.testing.assert_array_equal(motifnet.load(tmp_path / "m.motif").predict(new), predicted)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(new), predicted)
    np.testing.assert_allclose(fitted.teacher_(Z)[:, 0], predicted, atol=1e-10)
    fitted.network_.to_python(tmp_path / "net.py")
    scope: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(), scope)
    np.testing.assert_allclose(np.ravel(scope["predict"](Z)), predicted, atol=1e-9)
    pytest.importorskip("onnxruntime")
    assert fitted.to_onnx(tmp_path / "m.onnx").max_difference < 1e-9
    fitted.report(tmp_path / "r.html")
    assert "extrapolation" in (tmp_path / "r.html").read_text()
    assert fitted.explain().importances is not None
    assert len(fitted.predict_band(trend(5, 4)[0])) == 5


def test_a_network_still_gives_its_rows(fitted: MotifRegressor) -> None:
    rows = own_rows(fitted.model_.network, fitted.model_.d)
    assert rows is not None
    Z = fitted.encode(trend()[0])
    assert max(np.abs(Z - row).max(1).min() for row in rows[:20]) < 1e-5
    centres = torch.tensor([[0.0, 1.0], [3.0, 0.0]], dtype=torch.float64)
    limits = Clip(
        torch.tensor([-1.0, -1.0], dtype=torch.float64),
        torch.tensor([1.0, 1.0], dtype=torch.float64),
    )
    transform = own_rows(Chain([limits, Distance(centres, 2)]), 2)
    assert transform is not None and transform.tolist() == [
        [0.0, 1.0]
    ]  # no row is sent to the other one


def test_small_networks_keep_their_lines() -> None:
    X, y = trend()
    small = MotifRegressor(preset="fast", size="small").fit(X, y)
    new, truth = trend(200, 1, 1.0, 1.4)
    with pytest.warns(motifnet.engine.MotifnetWarning):
        assert np.sqrt(np.mean((small.predict(new) - truth) ** 2)) < 0.7


def test_the_share_of_trees_is_that_of_the_stack() -> None:
    stack: Motif = Parallel(
        torch.tensor([0.5, 0.5]),
        [Affine(torch.eye(2), torch.zeros(2)), Affine(torch.eye(2), torch.zeros(2))],
    )
    around = Extrapolation(np.full(2, -1.0), np.full(2, 1.0), np.zeros((2, 2))).around(stack)
    assert tree_share(around) == tree_share(stack) == 0


LAWS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], set[bool]]] = {
    "line": (lambda t: 10 * t, {False, True}),
    "wave": (lambda t: 3 * np.sin(6 * t), set()),
    "saturation": (lambda t: 3 * np.tanh(8 * t - 4), set()),
    "noise": (lambda t: 0 * t, set()),
    "step": (lambda t: 5.0 * (t > 0.5), set()),
}


@pytest.mark.parametrize("law", LAWS)
def test_only_trends_are_followed(law: str) -> None:
    (X, _), rng = trend(800), np.random.default_rng(1)
    f, expected = LAWS[law]
    y = f(X["t"].to_numpy()) + np.sin(6 * X["x"].to_numpy()) + 0.3 * rng.normal(size=800)
    found, sides = lines_of(sample_of(X.to_numpy(), y))
    assert {upper for column, upper in sides if column == 0} == expected
    assert not [column for column, _ in sides if column == 1]
    assert (found.slopes != 0).any(1).tolist() == [bool(expected), False]


@pytest.mark.parametrize(("n", "scored"), [(96, False), (112, True)])
def test_enough_rows_must_score_a_side(n: int, scored: bool) -> None:
    X, y = trend(n)
    sample = sample_of(X.to_numpy(), y)
    trained = cross_tune(sample, starts_of(KernelRidge().fit(sample), SETTINGS.profiles), SETTINGS)
    assert bool(module.tried(sample, trained, 0, 0)) == scored


def test_a_column_must_be_steep_and_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = trend()
    sample = sample_of(X.to_numpy(), y)
    linear = Linear().fit(sample)
    assert module.steepest(sample, linear) == [0]
    assert module.steepest(replace(sample, numeric=np.array([False, True])), linear) == []
    for slope, expected in (
        (np.abs(linear.coef[0, 0]) - 1e-9, [0]),
        (np.abs(linear.coef[0, 0]) + 1e-9, []),
    ):
        monkeypatch.setattr(module, "MIN_SLOPE", slope)
        assert module.steepest(sample, linear) == expected


def test_several_targets() -> None:
    X, y = trend(800)
    found, sides = lines_of(sample_of(X.to_numpy(), np.column_stack([y, np.cos(9 * X["x"]), -y])))
    assert (0, True) in sides
    assert found.slopes[0, 0] > 0.8 and abs(found.slopes[0, 1]) < 0.1 and found.slopes[0, 2] < -0.8


@pytest.mark.parametrize("kind", ["groups", "time", "groups and time", "views"])
def test_the_trial_is_as_honest_as_the_folds(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n = 1_200
    X, y = trend(n)
    groups = np.arange(n) // 6 if "groups" in kind else None
    time = X["t"].to_numpy() if "time" in kind else None
    folds = make_folds(n, 3, 0, groups=groups, time=time)
    sample = sample_of(X.to_numpy(), y, folds=folds, groups=groups, time=time)
    if kind == "views":
        sample = replace(sample, views=(sample.X,) * 3)
    seen, scored, losses = list[Sample](), list[Sample](), module._losses

    def solved(rows: Sample, *rest: Any) -> Any:
        seen.append(rows)
        return solve_whole(rows, *rest)

    def of_rows(new: Sample, predicted: Any) -> Any:
        scored.append(new)
        return losses(new, predicted)

    monkeypatch.setattr(module, "solve_whole", solved)
    monkeypatch.setattr(module, "_losses", of_rows)
    _, sides = lines_of(sample)
    assert (0, True) in sides
    if "time" in kind:
        assert (0, False) not in sides  # no earlier row says what came before
    last = {tuple(row) for row in sample.X[folds.held_out(2)]}
    allowed = {tuple(row) for row in sample.X[folds.train(2)]}
    assert {tuple(row) for rows in seen for row in rows.X} <= allowed
    assert {tuple(row) for new in scored for row in new.X} <= last
    rows: Any
    new: Any
    for rows, new in zip(seen, scored[-len(seen) :], strict=True):
        assert groups is None or not np.isin(rows.groups, new.groups).any()
        assert time is None or rows.time.max() <= new.time.min()


def test_weights_count() -> None:
    X, y = trend(1_000)
    wrong = np.arange(1_000) % 2 == 0
    y[wrong] = 5 + 6 * np.sin(6 * X["t"][wrong])
    sample = sample_of(X.to_numpy(), y)
    assert not lines_of(sample)[1]
    assert (0, True) in lines_of(replace(sample, weight=np.where(wrong, 1e-6, 1.0)))[1]


@pytest.mark.parametrize("equal", [False, True])
def test_equal_rows(equal: bool) -> None:
    X, _ = trend(900)
    marks = np.column_stack([np.ceil(4 * X["t"]) if equal else X["t"], X["x"]])
    y = 5 * marks[:, 0] + 0.3 * np.random.default_rng(2).normal(size=900)
    sides = lines_of(sample_of(marks, y))[1]
    # where a quarter has the largest value, no fifth lies beyond the others
    assert ((0, True) in sides) != equal


@pytest.mark.usefixtures("short_fits")
def test_fits_without_lines() -> None:
    X, y = trend(300)
    classes = MotifClassifier(preset="fast").fit(X, y > 5)
    median = MotifRegressor(preset="fast", objective="absolute").fit(X, y)
    letters = pd.DataFrame({"a": np.random.default_rng(0).choice(list("abcd"), 300)})
    levels = MotifRegressor(preset="fast").fit(letters, y)
    taught = MotifRegressor(preset="fast", teacher="ridge").fit(X, y)
    for model in (classes, median, levels, taught):
        assert "extrapolation" not in [row.stage for row in model.ledger_]


def test_trained_networks_of_all_folds_serve() -> None:
    X, y = trend(500)
    sample = sample_of(X.to_numpy(), y)
    trained = cross_tune(
        sample, starts_of(KernelRidge().fit(sample), SETTINGS.profiles), SETTINGS, copies=3
    )
    assert isinstance(trained, CrossTuned) and len(trained.models) == 3
    assert (0, True) in [
        (side.column, side.upper)
        for side in extrapolation(sample, trained, Linear().fit(sample), 0)[1]
    ]
