"""The stages of a fit in their order: what does not run is named in the ledger, and why."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import Control, LedgerRow, MotifnetWarning, Stopped
from motifnet.pipeline import PRESETS, History, Planned, Run, ScoredCandidate, carry_out


def run_of(limit: float | None, took: float) -> Any:
    """A run that has had a stage "first", at a clock that stands still."""
    control = Control(limit, clock=lambda: 0.0)
    history = History(cast(Any, None), control, lambda stage, row: None)
    history.best = ScoredCandidate((), np.zeros((1, 1)), 0.5, np.ones((1, 1)), np.zeros(1))
    history.ledger.append(LedgerRow("first", took, 0.5, 1, True))
    return SimpleNamespace(history=history, control=control, stopped=False)


@pytest.mark.parametrize(("limit", "runs"), [(None, True), (4.0, True), (2.9, False)])
def test_a_stage_that_would_take_longer_than_there_is_time_is_left_out(
    limit: float | None, runs: bool
) -> None:
    done: list[str] = []
    run = run_of(limit, took=3.0)
    plan = [
        Planned("second", lambda: done.append("second"), "first"),
        Planned("third", lambda: done.append("third")),
    ]
    carry_out(cast(Run, run), plan)
    assert done == (["second", "third"] if runs else ["third"])
    notes = [row.note for row in run.history.ledger[1:]]
    assert notes == ([] if runs else ["not run: first took 3.0 s, and 2.9 s are left"])
    assert not run.stopped


def test_what_an_early_end_leaves_is_named() -> None:
    def ended() -> None:
        raise Stopped

    run, names = run_of(None, 1.0), ("second", "third", "fourth")
    carry_out(cast(Run, run), [Planned(name, ended) for name in names])
    assert run.stopped
    assert (run.history.ledger[-1].stage, run.history.ledger[-1].note) == (
        "second",
        "ended early; not reached: third, fourth",
    )
    assert run.history.ledger[-1].error == 0.5 and not run.history.ledger[-1].kept


def test_a_fit_without_time_says_what_it_has_not_tried() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, 2))
    with pytest.warns(MotifnetWarning, match="ended by its limit"):
        model = MotifRegressor(preset="balanced", time_limit_s=1e-6).fit(
            X, X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=300)
        )
    assert "not reached" in model.ledger_[-1].note and "compact" in model.ledger_[-1].note
    assert np.isfinite(model.predict(X)).all()


def _wave(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, np.sin(2 * X[:, 0]) + X[:, 1]


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize(("limit", "first"), [(None, "linear"), (600.0, "quick trees")])
def test_trees_come_first_where_seconds_count(limit: float | None, first: str) -> None:
    stages = [
        row.stage for row in MotifRegressor(preset="fast", time_limit_s=limit).fit(*_wave()).ledger_
    ]
    assert min(("linear", "quick trees"), key=stages.index) == first


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize(("seconds", "looked"), [(0.0, True), (1e9, False)])
def test_detectors_wait_for_time_that_there_is(
    monkeypatch: pytest.MonkeyPatch, seconds: float, looked: bool
) -> None:
    monkeypatch.setattr("motifnet.pipeline._structure_stages.PROFILE_SECONDS", seconds)
    model = MotifRegressor(preset="fast", time_limit_s=600.0).fit(*_wave())
    note = next(row.note for row in model.ledger_ if row.stage == "profile")
    assert note.startswith("not run: it takes up to") != looked
    assert (model.profile_ is not None) == looked


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize(("far", "refitted"), [(0.0, False), (np.inf, True)])
def test_a_kernel_far_from_all_parts_has_no_output_layer_of_its_own(
    monkeypatch: pytest.MonkeyPatch, far: float, refitted: bool
) -> None:
    monkeypatch.setattr("motifnet.pipeline._stages.OUTPUT_RATIO", far)
    X, y = _wave()
    note = next(
        row.note
        for row in MotifClassifier(preset="fast").fit(X, y > 0).ledger_
        if row.stage == "own loss"
    )
    assert note.startswith("not run: the trained kernel alone has") != refitted


@pytest.mark.parametrize(("limit", "more"), [(None, False), (600.0, True)])
def test_what_a_limit_leaves_goes_to_more_trees(limit: float | None, more: bool) -> None:
    X, _ = _wave()
    y = 2.0 * (X[:, 0] > 0) + (X[:, 1] > 0.3) * (X[:, 2] > 0) + 0.3 * X[::-1, 0]
    ledger = MotifRegressor(preset="balanced", time_limit_s=limit).fit(X, y).ledger_
    extras = [name for name, _ in PRESETS["balanced"].in_time if name != "catboost"]
    assert all((name in [row.stage for row in ledger]) == more for name in extras)


def test_a_stage_waits_for_a_multiple_of_the_time_of_another() -> None:
    done: list[float] = []
    run = run_of(8.0, took=3.0)
    plan = [Planned(f"{t}", partial(done.append, t), "first", t) for t in (2.0, 3.0)]
    carry_out(cast(Run, run), plan)
    assert done == [2.0]
    said = "not run: first took 3.0 s, of which it takes some 3 times, and 8.0 s are left"
    assert run.history.ledger[-1].note == said
