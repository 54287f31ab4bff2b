"""The experiments on honest scores, categories, limits, stacks, equal rows and invariance: reports
say what the rows say, and a broken row fails.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks import (
    _categories_report,
    _honesty_report,
    _invariance_report,
    _limits_report,
    _stack_report,
    _twins_report,
    categories,
    honesty,
    invariance,
    limits,
    stack,
    twins,
)
from benchmarks._categories_law import Law
from benchmarks._cell_means import CellMeans
from benchmarks._experiment import Check, Experiment, accepted, options_of
from benchmarks._honesty_cases import MAKERS, draw, noise_rows

Rows = list[dict[str, Any]]

HONEST: Rows = [
    {
        "experiment": name,
        "task": "regression",
        "n": n,
        "preset": "fast",
        "seed": seed,
        "claimed": -0.01,
        "stage": 0.0,
        "evidence": -0.01,
    }
    | {"new": -0.02, "covered": 0.9, "shift": 1.0, "stages": "stack -0.01"}
    for name in ("groups", "time", "noise")
    for n in (400, 1_600)
    for seed in range(2)
]
LAW: Rows = [
    {
        "task": task,
        "draw": 0,
        "n": 200,
        "preset": "fast",
        "columns": 3,
        "cells": 8,
        "ours": 1.01,
        "lightgbm": 1.05,
        "means": 1.0,
    }
    | {"covered": 0.8 if task == "regression" else np.nan, "claimed": 0.7}
    for task in ("regression", "classes")
]
LIMITED: Rows = [
    {
        "set": "adult",
        "split": 0,
        "limit": limit,
        "preset": "fast",
        "rows": 100,
        "error": 0.29,
        "fit_seconds": limit,
        "lightgbm": 0.3,
    }
    | {"lightgbm_seconds": 2.0, "catboost": 0.295, "status": "done"}
    for limit in (1, 3, 10)
]
STACKED: Rows = [
    {
        "set": name,
        "split": 0,
        "preset": "fast",
        "difference": 0.0,
        "standard_error": 0.1,
        "single_oof": 0.3,
        "average_oof": 0.3,
        "kept": 0.3,
    }
    | {"single": 0.31, "stack": 0.3, "least": 0.31, "average": 0.3, "best_part": "trees"}
    for name in ("yacht", "energy")
]
INVARIANT: Rows = [
    {
        "kind": "weak",
        "n": 240,
        "preset": "balanced",
        "seed": 0,
        "found": 1,
        "found_by_folds": 3,
        "folds": 4,
        "kept": 1,
        "plain": 0.6,
    }
    | {"claimed": 0.5, "nested": 0.52, "true_plain": 0.6, "true": 0.5}
]
TWINS: Rows = [
    {
        "label": label,
        "set": name,
        "split": 0,
        "preset": "fast",
        "nudged": 0,
        "repeated": twins,
        "error": error,
        "claimed": error,
    }
    for label, name, twins, error in (
        ("before", "wine_red", 150, 0.8),
        ("before", "yacht", 0, 0.1),
        ("now", "wine_red", 150, 0.76),
        ("now", "yacht", 0, 0.1),
    )
]


def _frame(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame([{"label": "now", **row, "seconds": 1.0, "version": "abc"} for row in rows])


def _of_twins(rows: pd.DataFrame) -> list[Check]:
    return _twins_report.checks(rows, "now")


@pytest.mark.parametrize(
    ("rows", "checks", "report", "column", "broken", "which"),
    [
        (
            HONEST,
            _honesty_report.checks,
            _honesty_report.report,
            "claimed",
            0.86,
            "groups, 400 rows, fast: share explained that is claimed, mean",
        ),
        (
            HONEST,
            _honesty_report.checks,
            _honesty_report.report,
            "evidence",
            0.86,
            "time, 1,600 rows, fast: share explained that is claimed, mean",
        ),
        (
            HONEST,
            _honesty_report.checks,
            _honesty_report.report,
            "covered",
            0.42,
            "groups, 1,600 rows, regression: new rows inside 90 %",
        ),
        (
            HONEST,
            _honesty_report.checks,
            _honesty_report.report,
            "covered",
            1.0,
            "noise, 60 to 6,000 rows, regression: new rows inside 90 %",
        ),
        (
            HONEST,
            _honesty_report.checks,
            _honesty_report.report,
            "shift",
            0.4,
            "groups: error expected by check_shift / measured",
        ),
        (
            LAW,
            _categories_report.checks,
            _categories_report.report,
            "ours",
            1.33,
            "classes, fast, 1 draws: error / the better of the two, mean",
        ),
        (
            LAW,
            _categories_report.checks,
            _categories_report.report,
            "covered",
            1.0,
            "fast: chance of 80 % intervals, mean",
        ),
        (
            LIMITED,
            _limits_report.checks,
            _limits_report.report,
            "error",
            0.4,
            "fast, 2 fits: error / LightGBM, mean",
        ),
        (
            LIMITED,
            _limits_report.checks,
            _limits_report.report,
            "error",
            np.nan,
            "fast, 2 fits: error / LightGBM, mean",
        ),
        (
            LIMITED,
            _limits_report.checks,
            _limits_report.report,
            "error",
            0.296,
            "fast: tables never above the better of both, share",
        ),
        (
            LIMITED,
            _limits_report.checks,
            _limits_report.report,
            "fit_seconds",
            12.0,
            "fast: seconds beyond 1.1 times the limit, most",
        ),
        (
            STACKED,
            _stack_report.checks,
            _stack_report.report,
            "average",
            0.32,
            "fast: average / least, geometric mean of the tables",
        ),
        (
            INVARIANT,
            _invariance_report.checks,
            _invariance_report.report,
            "true",
            0.6,
            "weak, 240 rows, 1 tables: optimism",
        ),
        (
            TWINS,
            _of_twins,
            _twins_report.report,
            "error",
            0.8,
            "wine_red, fast, 1 splits: error / before",
        ),
        (
            TWINS,
            _of_twins,
            _twins_report.report,
            "error",
            0.8,
            "yacht, fast, 1 splits: largest change of the error",
        ),
    ],
)
def test_a_broken_row_fails_its_check(
    rows: Rows,
    checks: Callable[[pd.DataFrame], list[Check]],
    report: Callable[[pd.DataFrame], str],
    column: str,
    broken: float,
    which: str,
) -> None:
    frame = _frame(rows)
    assert all(check.holds for check in checks(frame)), [
        check for check in checks(frame) if not check.holds
    ]
    assert "**fails**" not in report(frame)
    frame.loc[frame.label == "now", column] = broken
    assert not next(check for check in checks(frame) if check.text == which).holds
    assert f"{which} |" in report(frame)
    assert "**fails**" in report(frame)


def test_more_time_that_makes_it_worse_is_said() -> None:
    frame = _frame(LIMITED)
    frame.loc[frame.limit == 3, "error"] = 0.28
    worse = next(check for check in _limits_report.checks(frame) if "shorter limit" in check.text)
    assert worse.value == pytest.approx(0.29 / 0.28) and not worse.holds


def test_no_figure_holds_no_check() -> None:
    assert not Check("nothing", float("nan")).holds


def test_rows_are_kept_by_label_and_not_measured_again(tmp_path: Path) -> None:
    calls: list[tuple[object, ...]] = []

    def measure(key: tuple[object, ...]) -> dict[str, Any]:
        calls.append(key)
        return {"error": 0.123456789, "seconds": 1.0}

    experiment = Experiment("few", ("set", "n"), ("error", "seconds"))
    plan = categories.QUICK
    for arguments in (
        [],
        ["--label", "before"],
        ["--label", "before"],
        ["--report-only", "--label", "other"],
        ["--fresh"],
    ):
        options = options_of("x", ["--out", str(tmp_path), *arguments], plan, plan)
        experiment.run(options, [("a", 1), ("b", 2)], measure, lambda rows: f"{len(rows)} rows\n")
    assert len(calls) == 6  # two labels, and the first once more
    kept = pd.read_csv(tmp_path / "few" / "few.csv")
    assert kept.label.tolist() == ["before", "before", "now", "now"]
    assert kept.error.tolist() == [0.12346] * 4
    assert (tmp_path / "few" / "few.md").read_text() == "4 rows\n"


def test_options_take_the_place_of_the_plan() -> None:
    options = options_of(
        "x", ["--seeds", "3-5", "--sizes", "400", "--presets", "fast"], honesty.FULL, honesty.QUICK
    )
    assert (list(options.seeds), options.sizes, options.presets) == ([3, 4, 5], [400], ["fast"])
    assert accepted(lambda path, groups=None: None, groups="g", time="t") == {"groups": "g"}


@pytest.mark.parametrize("name", MAKERS)
def test_what_a_group_shares_says_nothing_of_new_ones(name: str) -> None:
    n = noise_rows(3) if name == "noise" else 400
    case = draw(name, 3, n)
    assert len(case.X) == len(case.y) == n
    assert list(case.X) == list(case.new_X)
    if name == "time":
        assert case.time is not None
        assert case.new_X["when"].min() > case.time.max()
        return
    assert case.groups is not None
    within = pd.Series(case.y).groupby(case.groups).var().mean()
    assert within < 0.2 < case.y.var()
    if "level" in case.X:
        assert not set(case.X["level"]) & set(case.new_X["level"])


def test_noise_tables_lie_on_both_sides_of_every_threshold() -> None:
    sizes = np.array([noise_rows(seed) for seed in range(40)])
    assert (sizes.min(), sizes.max()) == (60, 6_000)
    assert min((sizes <= 1_200).sum(), (sizes > 1_200).sum(), (sizes > 4_000).sum()) >= 3


@pytest.mark.parametrize("task", categories.TASKS)
def test_the_law_of_categories_is_its_own_best(task: str) -> None:
    law, rng = Law.draw(4), np.random.default_rng(0)
    cells = law.cells(rng, 20_000)
    truth = law.mean(cells) if task == "regression" else law.probability(cells)
    assert law.ratio(cells, truth, task) == pytest.approx(1)
    y = law.target(cells, rng, task)
    constant, means = (
        np.full(len(y), y.mean()),
        CellMeans.fit(cells, y, task == "classes").predict(cells),
    )
    assert law.ratio(cells, means, task) < law.ratio(cells, constant, task)
    if task == "regression":
        ends = np.column_stack([truth - 1.2816, truth + 1.2816])
        assert law.inside(cells, ends) == pytest.approx(0.8, abs=1e-4)
        # in units of the noise
        assert law.ratio(cells, constant, task) == pytest.approx(np.std(y), rel=0.02)


def test_cell_means_are_shrunken_by_leave_one_out() -> None:
    rng = np.random.default_rng(1)
    cells = rng.integers(0, 5, (400, 3))
    noise = rng.normal(size=400)
    spread = [
        CellMeans.fit(cells, y, False).predict(cells).std() / y.std()
        for y in (noise, 5 * cells[:, 0] + noise)
    ]
    assert spread[0] < 0.3
    assert spread[1] > 0.9


def test_the_average_stands_within_a_standard_error() -> None:
    assert stack.average_stands(0.01, 0.02)
    assert not stack.average_stands(0.03, 0.02)


@pytest.mark.parametrize("leaks", [False, True])
def test_an_out_of_fold_vector_that_leaks_is_reported(leaks: bool) -> None:
    case = draw("groups", 0, 400)
    assert case.groups is not None
    sums, counts = (np.bincount(case.groups, weights) for weights in (case.y, np.ones(400)))
    # the mean of the other rows of the group
    own = (sums[case.groups] - case.y) / (counts[case.groups] - 1)
    oof = own if leaks else np.full(400, case.y.mean())
    error = float(np.sqrt(np.mean((case.y - oof) ** 2)) / case.y.std())
    evidence = SimpleNamespace(observed=case.y[:, None], predicted=oof[:, None])
    model = SimpleNamespace(
        ledger_=[SimpleNamespace(stage="stack", error=error, kept=True)], _evidence=evidence
    )
    rows = _frame([{**HONEST[0], **honesty._claims(model, case.y, False)}])
    assert ("**fails**" in _honesty_report.report(rows)) == leaks
    assert abs(rows.evidence[0] - rows.claimed[0]) < 0.01


@pytest.mark.filterwarnings("ignore:.*outside the range")
def test_a_fit_shows_its_claims_and_what_they_are_worth() -> None:
    row = honesty.measure(("groups", "regression", 300, "fast", 0), threads=1)
    assert set(honesty.EXPERIMENT.measured) == set(row)
    assert row["claimed"] <= row["stage"] <= 1
    assert 0.5 < row["covered"] <= 1


def test_both_rules_of_the_stack_on_one_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(150, 2))
    pd.DataFrame(X, columns=["a", "b"]).assign(target=X[:, 0] + 0.1 * rng.normal(size=150)).to_csv(
        tmp_path / "yacht.csv", index=False
    )
    arguments = [
        "--quick",
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
        "--sets",
        "yacht",
        "--seeds",
        "0",
    ]
    stack.main(arguments)
    row = pd.read_csv(tmp_path / "out" / "stack" / "stack.csv").iloc[0]
    assert {row["least"], row["average"]} <= {row["single"], row["stack"]}
    assert row["least"] == (
        row["stack"] if row["average_oof"] < row["single_oof"] else row["single"]
    )


def test_a_layer_found_once_and_by_folds() -> None:
    row = invariance._measure(("exact", 240, "balanced", 0), threads=1)
    assert set(invariance.EXPERIMENT.measured) == set(row)
    assert 0 <= row["found_by_folds"] <= row["folds"]
    assert row["claimed"] <= row["plain"]


def test_plans_name_tables_of_the_benchmarks() -> None:
    from benchmarks._tables import ALL

    assert {*limits.FULL.sets, *stack.FULL.sets, *twins.FULL.sets} <= set(ALL)
