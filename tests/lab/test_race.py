"""The race: clocks, choices without the test rows, times not reached, and comparisons that go
either way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks import race
from benchmarks._race_report import picture, report, sentences

from motifnet.compare import Split
from motifnet.lab.race import (
    OURS,
    RACERS,
    History,
    Learner,
    Mean,
    Point,
    Task,
    Trial,
    at_seconds,
    curve_table,
    enter,
    finals,
    firsts,
    installed,
    median_time,
    search,
    share_reached,
    survival,
    times,
    versus,
)
from motifnet.lab.race import _search as mlp

ONE, OTHER = "ours, fast", "RealMLP"


def points_of(
    curves: dict[str, list[tuple[float, float]]],
    tables: int = 4,
    splits: int = 2,
    limited: tuple[str, ...] = (),
) -> pd.DataFrame:
    """The same curves on many tables, a little different from case to case."""
    rng = np.random.default_rng(0)
    return pd.concat(
        [
            curve_table(
                f"t{table}",
                split,
                method,
                [Point(s, e * (1 + 1e-3 * rng.normal())) for s, e in curve],
                method in limited,
            )
            for table in range(tables)
            for split in range(splits)
            for method, curve in curves.items()
        ],
        ignore_index=True,
    )


BETTER = {ONE: [(1.0, 0.3), (2.0, 0.2)], OTHER: [(4.0, 0.3), (20.0, 0.25)]}
SAME = {ONE: [(2.0, 0.2)], OTHER: [(2.1, 0.2)]}


def test_swapped_names_turn_the_verdict_round_and_equal_curves_give_none() -> None:
    right, wrong = versus(points_of(BETTER), ONE, OTHER), versus(points_of(BETTER), OTHER, ONE)
    assert (right.error.sign, right.sooner.sign, right.wins, right.losses) == (1, 1, 8, 0)
    assert (wrong.error.sign, wrong.sooner.sign, wrong.wins, wrong.losses) == (-1, -1, 0, 8)
    assert (
        "ends at a lower error (ratio 0.800" in right.sentence
        and "sooner in 8 of 8" in right.sentence
    )
    assert "on one table only" in versus(points_of(BETTER, 1), ONE, OTHER).sentence
    same = versus(points_of(SAME), ONE, OTHER)
    assert (same.error.sign, same.sooner.sign) == (
        0,
        0,
    ) and "no difference of the time" in same.sentence


def test_the_target_is_that_of_final_errors_and_who_loses_it_has_not_arrived() -> None:
    points = points_of({ONE: [(1.0, 0.15), (2.0, 0.2)], OTHER: [(5.0, 0.201), (9.0, 0.3)]}, 1, 1)
    arrived, touched = (times(points, touch=touch).set_index("method") for touch in (False, True))
    assert arrived.seconds.to_dict() == {ONE: 1.0, OTHER: float("inf")} and firsts(
        times(points)
    ).tolist() == [ONE]
    assert touched.seconds.to_dict() == {ONE: 1.0, OTHER: 5.0}
    assert finals(points).set_index("method").ratio[OTHER] == pytest.approx(1.5, rel=0.01)
    again = points_of({ONE: [(1.0, 0.2), (2.0, 0.3), (3.0, 0.2)], OTHER: [(5.0, 0.4)]}, 1, 1)
    assert times(again).seconds[0] == 3.0


def test_what_ended_by_itself_never_arrives_and_what_the_limit_ended_is_censored() -> None:
    never, censored = (
        times(points_of(BETTER, limited=limited)).query("method == @OTHER")
        for limited in ((), (OTHER,))
    )
    assert (
        np.isinf(never.seconds).all()
        and (censored.seconds == 20).all()
        and not (never.reached | censored.reached).any()
    )
    mixed = pd.DataFrame(
        {"seconds": [1.0, 2.0, np.inf, 3.0], "reached": [True, True, False, False]}
    )
    assert share_reached(mixed) == pytest.approx(0.5) and median_time(mixed) == 2
    assert share_reached(mixed.assign(seconds=[1.0, 2.0, 1.5, 1.6])) == pytest.approx(1 - 0.75 * 0)
    np.testing.assert_allclose(survival(mixed)[1], [0.75, 0.5])


def test_means_are_over_tables() -> None:
    mean = Mean.of(pd.Series([1.0, 2.0, 3.0]))
    assert (mean.value, mean.sign) == (2.0, 0) and mean.standard_error == pytest.approx(1 / 3**0.5)
    assert Mean.of(pd.Series([1.0])).sign == 0


def test_errors_at_moments_are_those_of_the_model_at_hand() -> None:
    errors = at_seconds(
        points_of(BETTER, 1, 1).query("method == @ONE"), np.array([0.5, 1.0, 1.9, 2.0, 50.0])
    )
    np.testing.assert_allclose(errors, [[np.nan, 0.3, 0.3, 0.2, 0.2]], rtol=1e-2)


def task(limit: float = 0.5) -> Task:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(160, 2)), columns=["a", "b"]).assign(
        c=np.tile(["x", "y"], 80)
    )
    y = np.sin(X.a.to_numpy()) + X.b.to_numpy()
    return Task(Split(X[:120], y[:120], X[120:].reset_index(drop=True), y[120:], 0), 0, limit)


def test_the_history_keeps_the_best_by_score_and_its_clock_stands_still_for_the_test_rows() -> None:
    history = History(task(float("inf")))
    history.offer(1.0, lambda: np.zeros(40))
    history.offer(2.0, lambda: pytest.fail("a worse candidate is not predicted with"))
    with history.paused():
        history.supersede(lambda: np.ones(40), 3.0, "later")
    history.end()
    assert [point.seconds for point in history.points][1:] == [3.0, 3.0] and history.points[
        -1
    ].stage == "later"
    assert history.aside > 0 and not history.over()
    fitted, held = history.task.rows
    assert sorted([*fitted, *held]) == list(range(120))


def test_the_matrix_is_learned_from_training_rows() -> None:
    data = task().matrix
    assert data.X.shape == (120, 4) and data.X_test.shape == (40, 4)
    np.testing.assert_allclose(
        [data.X.mean(0), data.X.std(0)], [np.zeros(4), np.ones(4)], atol=1e-8
    )
    np.testing.assert_allclose(data.original(data.y), task().split.y)


def test_a_search_fits_the_best_setting_anew() -> None:
    """The third setting is the best by score, and is fitted to all rows for its best length."""
    fits: list[tuple[Any, int | None]] = []

    def train(history: History, settings: dict[str, Any], length: int | None) -> Trial:
        fits.append((settings["k"], length))
        return Trial(abs(settings["k"] - 2.0), 10 * settings["k"], settings, lambda: np.zeros(40))

    draws = iter([1, 2, 3])
    history = History(task(float("inf")))
    chosen = search(Learner({"k": 0}, lambda rng: {"k": next(draws)}, train, max_trials=4), history)
    assert (
        fits == [(0, None), (1, None), (2, None), (3, None), (2, 20)] and "k 2; length 20" in chosen
    )
    assert len(history.points) == 4  # three better ones, and the fit to all rows


@pytest.mark.parametrize(
    "method", [name for name in RACERS if name not in (*OURS, "RealMLP", "TabM")]
)
def test_every_racer_learns_and_ends(method: str) -> None:
    if not installed(method):
        pytest.skip("not installed")
    # the first AdamW loads for two seconds
    history, setting = enter(method, task(4.0 if method == "MLP, tuned" else 0.5))
    assert setting and np.diff([point.seconds for point in history.points]).min() >= 0
    assert history.points[-1].error < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("method", [*OURS, "RealMLP", "TabM"])
def test_slow_racers_learn(method: str) -> None:
    if not installed(method):
        pytest.skip("not installed")
    history, _ = enter(method, task(30.0 if method == "RealMLP" else 3.0))
    assert history.points[-1].error < (1.2 if method == "TabM" else 0.5)
    if method == "RealMLP":
        assert [point.stage for point in history.points] == [
            "64 epochs",
            "256 epochs",
            "all rows",
            "all rows",
        ]
        assert history.points[1].seconds < history.points[2].seconds


def test_the_perceptron_repeats_itself() -> None:
    errors = [
        mlp.MLP.train(
            History(task(float("inf"))), mlp.DEFAULT | {"width": 8, "epochs": 3}, 2
        ).predict()
        for _ in range(2)
    ]
    np.testing.assert_array_equal(errors[0], errors[1])


def test_rows_are_kept_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def entered(method: str, given: Task) -> tuple[History, str]:
        called.append(method)
        history = History(given)
        history.points = [Point(1.0, 0.5), Point(2.0 + len(called), 0.4, "end")]
        return history, "nothing"

    monkeypatch.setattr(race, "enter", entered)
    monkeypatch.setattr(race, "warm_up", lambda method: None)
    arguments = [
        "--out",
        str(tmp_path),
        "--sets",
        "concrete",
        "--cap",
        "50",
        "--methods",
        *OURS,
        "--splits",
    ]
    race.main([*arguments, "1"])
    race.main([*arguments, "2"])
    assert called == [*OURS, *OURS]
    rows = pd.read_csv(tmp_path / "race" / "race.csv")
    assert race.points_of(rows).error.tolist() == [0.5, 0.4] * 4 and not rows.limited.any()
    assert (tmp_path / "race" / "race.svg").read_text().startswith("<?xml")


def test_the_report_says_who_is_first_and_what_never_arrives(tmp_path: Path) -> None:
    points = points_of(BETTER)
    fits = points.groupby(["set", "split", "method"], as_index=False).last()
    rows = fits.assign(label="now", cap=100, rows=90, limit=300.0, setting="", version="abc")
    text = report(rows, points)
    assert (
        f"on 4 of 4 tables. First in the 8 cases: {ONE} in 8." in text
        and sentences(points)[1] in text
    )
    assert f"| {OTHER} | 8 | 0 | 0 | never by half | 0% |" in text
    picture(points, tmp_path / "race.svg")
    other = {ONE: BETTER[OTHER], OTHER: BETTER[ONE]}
    assert "on 0 of 4 tables" in report(rows, points_of(other))
