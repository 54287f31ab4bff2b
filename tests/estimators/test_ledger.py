"""The rows of the ledger: their order, their errors, and what is chosen by them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from motifnet import MotifRegressor
from motifnet.pipeline import History, ScoredCandidate


def test_what_is_cheap_comes_first_and_all_rows_of_the_ledger_are_errors_on_the_same_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Above the exact range of the convex fit, where landmarks had no prediction once."""
    scored: list[ScoredCandidate] = []
    record = History.record

    def listened(
        self: History,
        stage: str,
        start: float,
        found: ScoredCandidate,
        note: str,
        kept: bool | None = None,
    ) -> bool:
        scored.append(found)
        return record(self, stage, start, found, note, kept)

    monkeypatch.setattr(History, "record", listened)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_300, 3))
    model = MotifRegressor(preset="fast", profile=None).fit(
        X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * rng.normal(size=1_300)
    )
    assert [row.stage for row in model.ledger_] == [
        "convex fit",
        "transferred",
        "linear",
        "quick trees",
        "feature layers",
        "extrapolation",
        "stack",
        "compact",
    ]
    there = np.isfinite(scored[0].oof)
    assert 2 / 3 <= there.mean() < 1 and all((np.isfinite(s.oof) == there).all() for s in scored)
    kept = [row.error for row in model.ledger_ if row.kept]
    assert (
        all(after <= before for before, after in pairwise(kept[:-1]))
        and kept[-1] <= 1.005 * kept[-2]
    )


@pytest.mark.parametrize(
    ("worse", "standard_error", "kept"),
    [(1e-9, 1.0, True), (1e-9, 1e-12, False), (0.0, 0.0, True)],
    ids=["near", "far", "equal"],
)
def test_within_one_standard_error_the_average_of_all_stands(
    worse: float, standard_error: float, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "motifnet.pipeline._stages.paired_difference", lambda *_: (worse, standard_error)
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    monkeypatch.setattr(History, "_lower", lambda self, one, other: False)
    model = MotifRegressor(preset="fast", profile=None, size="full").fit(
        X, X[:, 0] + 0.3 * rng.normal(size=120)
    )
    assert model.ledger_[-1].stage == "stack" and model.ledger_[-1].kept is kept
    assert ("within one standard error" in model.ledger_[-1].note) is (kept and worse > 0)
