"""Limits of time and interrupts keep the best so far."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motifnet import MotifRegressor
from motifnet.engine import Control, MotifnetWarning
from motifnet.pipeline import History


@pytest.mark.filterwarnings("ignore:.*alone explains")
def test_time_limit_keeps_the_best_so_far() -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 4))
    with pytest.warns(MotifnetWarning, match="ended by its limit"):
        model = MotifRegressor(time_limit_s=0.01).fit(X, X[:, 0])
    assert [row.stage for row in model.ledger_][:2] == ["convex fit", "transferred"]
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.filterwarnings("ignore:.*alone explains")
@pytest.mark.parametrize(
    "stage", ["convex fit", "transferred", "last layer", "feature layers", "quick trees", "stack"]
)
def test_ctrl_c_in_each_stage_keeps_the_best_so_far(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(60, 2))
    start = History.start

    def interrupting(self: History, name: str) -> float:
        if name == stage:
            self.control.interrupted.set()  # what the first Ctrl-C does
        return start(self, name)

    monkeypatch.setattr(History, "start", interrupting)
    with pytest.warns(MotifnetWarning, match="Ctrl-C"):
        model = MotifRegressor().fit(X, X[:, 0])
    assert np.isfinite(model.predict(X)).all()


def test_trees_that_are_rejected_in_their_trial_end_there() -> None:
    X = np.random.default_rng(7).normal(size=(660, 3))
    model = MotifRegressor(preset="fast").fit(X, X.sum(1))
    rows = {row.stage: row for row in model.ledger_}
    assert (
        "rejected early, after a trial on 220 rows" in rows["quick trees"].note
        and not rows["quick trees"].kept
    )
    alone, _, without = map(float, re.findall(r"\d\.\S+", rows["quick trees"].note))
    assert alone > 1.4 * without
    # as all rows of the ledger, of the model so far
    assert rows["quick trees"].error == pytest.approx(rows["linear"].error, rel=0.05)
    assert "trees" not in rows["stack"].note


def test_second_ctrl_c_stops_at_once() -> None:
    import signal

    control = Control()
    with pytest.raises(KeyboardInterrupt), control.listening():
        signal.raise_signal(signal.SIGINT)
        assert control.stopped
        signal.raise_signal(signal.SIGINT)
