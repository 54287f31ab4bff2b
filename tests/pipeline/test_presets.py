"""What presets take beside their own teachers: those that are installed, those for classes, and the
caller's.
"""

from __future__ import annotations

import pytest

from motifnet.losses import Objective
from motifnet.pipeline import PRESETS
from motifnet.teachers import TEACHERS


@pytest.mark.parametrize("name", PRESETS)
def test_teachers_of_a_preset_are_known_and_taken_once(name: str) -> None:
    for classes in (False, True):
        later = (
            PRESETS[name]
            .with_teachers(["catboost", "splines", "shallow trees"], Objective())
            .later(classes)
        )
        assert set(later) <= set(TEACHERS) and len(set(later)) == len(later)


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("objective", "can"),
    [("squared", True), ("poisson", True), ("gamma", False), ("supnorm", True)],
)
@pytest.mark.parametrize("names", [None, ["splines"]])
def test_best_takes_catboost_where_it_is_installed_and_can_learn(
    names: list[str] | None, objective: str, can: bool, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "motifnet.pipeline._presets.find_spec", lambda name: object() if there else None
    )
    preset = PRESETS["best"].with_teachers(names, Objective(objective))
    assert ("catboost" in preset.teachers) == (can and there)
    assert "catboost" not in preset.requested  # so that a trial may reject it
    assert "catboost" not in PRESETS["balanced"].with_teachers(names, Objective(objective)).teachers


def test_classes_have_trees_of_their_own() -> None:
    assert "shallow trees" in PRESETS["balanced"].later(True) and "shallow trees" not in PRESETS[
        "balanced"
    ].later(False)
    assert not PRESETS["fast"].later(True)
