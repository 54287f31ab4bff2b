"""The benchmark of the whole field: rows are kept and not run again, and the report says what the
rows say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks import field
from benchmarks._field_checks import checks
from benchmarks._field_front import cost_and_error, picture_of_front
from benchmarks._field_report import (
    cost_table,
    mean_ranks,
    pair_table,
    ratio_summary,
    ratio_table,
    report,
    tried,
)
from benchmarks._field_rows import error_table, finished
from benchmarks._tables import ALL, HALF_A, HALF_B

from motifnet.compare import Method, Result, Split


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("yacht", "credit_g"):
        frame = pd.DataFrame(
            {
                "a": rng.normal(size=30),
                "target": rng.integers(0, 2, 30) if name == "credit_g" else rng.normal(size=30),
            }
        )
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def _result(split: Split, error: float, status: str = "done") -> Result:
    score = {"log_loss": error, "ece": 0.1} if split.classes else {"nrmse": error}
    score |= {"transferred": 2.0, "retrained": 1.0, "tree_share": 0.5}
    return Result(
        len(split.X),
        len(split.X_test),
        "x 1",
        status,
        fit_seconds=2.0,
        cpu_seconds=2.0,
        predict_seconds=0.1,
        peak_mb=100.0,
        **score,
    )


def test_rows_are_kept_and_fits_not_run_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int, int]] = []

    def measure(method: Method, split: Split, *, threads: int, seed: int, limit: float) -> Result:
        calls.append((method.label, split.classes, seed))
        if method.label == "CatBoost" and not split.classes and limit < 50:
            return _result(split, float("nan"), "timed out: fit takes more than 5 s")
        return _result(split, 0.5)

    monkeypatch.setattr(field, "measure", measure)
    arguments = [
        "--data",
        str(data),
        "--out",
        str(data / "out"),
        "--splits",
        "2",
        "--methods",
        "fast",
        "catboost",
    ]
    field.main([*arguments, "--limit", "5"])
    # all tables once before any twice, and a method that
    # timed out on a table is not tried there again
    assert [(label, classes) for label, classes, seed in calls if seed == 0] == [
        (m, c) for c in (0, 2) for m in ("motifnet fast", "CatBoost")
    ]
    assert [(label, classes) for label, classes, seed in calls if seed == 1] == [
        ("motifnet fast", 0),
        ("motifnet fast", 2),
        ("CatBoost", 2),
    ]
    kept = pd.read_csv(data / "out" / "field.csv")
    assert len(kept) == 8
    assert kept.status.str.startswith("timed out").sum() == 2
    assert json.loads((data / "out" / "machine.json").read_text())["cores"]
    assert "CatBoost: timed out on yacht" in (data / "out" / "field.md").read_text()

    calls.clear()
    field.main([*arguments, "--limit", "5"])
    assert calls == []
    field.main([*arguments, "--limit", "100"])
    assert [label for label, _, _ in calls] == ["CatBoost", "CatBoost"]
    assert "timed out" not in (data / "out" / "field.md").read_text()


def test_a_table_that_is_not_there(data: Path) -> None:
    with pytest.raises(SystemExit, match="no concrete"):
        field.main(
            [
                "--data",
                str(data),
                "--out",
                str(data / "out"),
                "--sets",
                "concrete",
                "--methods",
                "fast",
            ]
        )


ERRORS = {
    "balanced": (0.8, 0.5, 0.3),
    "lightgbm": (1.0, 0.4, 0.6),
    "catboost": (2.0, 0.8, 0.4),
    "stack": (0.4, 0.5, 0.3),
}


def made_up() -> pd.DataFrame:
    """Two tables of regression and one of classification, two splits; the stack did not finish the
    second split of the second.
    """
    lines: list[dict[str, Any]] = []
    for method, errors in ERRORS.items():
        for name, error in zip(("yacht", "saratoga", "adult"), errors, strict=True):
            for split in range(2):
                lost = method == "stack" and name == "saratoga" and split == 1
                score = {
                    "log_loss" if name == "adult" else "nrmse": np.nan
                    if lost
                    else error + 0.1 * (split - 0.5) * (name != "saratoga")
                }
                result = {
                    **vars(
                        Result(
                            800,
                            200,
                            "x 1",
                            "timed out: late" if lost else "done",
                            fit_seconds=2.0,
                            cpu_seconds=2.0,
                        )
                    ),
                    **score,
                }
                if method == "balanced":
                    result |= {
                        "fit_seconds": 4.0,
                        "cpu_seconds": 4.0,
                        "transferred": 2.0,
                        "retrained": 1.0,
                        "tree_share": 0.25,
                    }
                task = "classification" if name == "adult" else "regression"
                key = {
                    "set": name,
                    "split": split,
                    "cap": 1_000,
                    "seed": 0,
                    "threads": 2,
                    "method": method,
                    "task": task,
                    "limit": 9.0,
                }
                lines.append({**key, **result})
    return pd.DataFrame(lines)


def test_figures_of_made_up_rows() -> None:
    rows = made_up()
    tasks = rows.drop_duplicates("set").set_index("set").task
    errors = error_table(rows)
    expected = pd.DataFrame(ERRORS, index=["yacht", "saratoga", "adult"])
    expected.loc["saratoga", "stack"] = np.nan  # one of its splits is not finished
    np.testing.assert_allclose(errors, expected)
    ratios = ratio_table(errors, tasks)
    best = ratios.loc["motifnet balanced / best default peer, regression"]
    assert (best["tables"], best["wins"], best["on"]) == (2, 1, "saratoga")
    assert best["median /"] == pytest.approx((0.8 + 1.25) / 2)
    assert best["geometric mean /"] == pytest.approx(np.sqrt(0.8 * 1.25))
    # 2 is clipped
    assert ratios.loc[
        "motifnet balanced / best strong peer, regression", "geometric mean /"
    ] == pytest.approx(1.3)
    assert mean_ranks(errors, tried(rows), "balanced")["rank"].to_dict() == pytest.approx(
        {"balanced": 4 / 3, "lightgbm": 2, "catboost": 8 / 3}
    )
    costs = cost_table(finished(rows), "balanced")
    assert costs.loc["CatBoost", "ours / method"] == 2
    assert costs["fit s"].tolist() == [24, 12, 12, 8]


def test_a_method_that_did_not_finish_ranks_last_and_one_that_did_not_run_has_no_rank() -> None:
    rows = made_up()
    errors, ran = error_table(rows), tried(rows)
    errors.loc["yacht", "lightgbm"] = np.nan
    assert mean_ranks(errors.loc[["yacht"]], ran, "balanced")["rank"].to_dict() == {
        "balanced": 1,
        "lightgbm": 3,
        "catboost": 2,
    }
    without = rows[(rows.method != "catboost") | (rows.set == "yacht")]
    ranks = mean_ranks(error_table(without), tried(without), "balanced")
    assert ranks["ranked on"].to_dict() == {"balanced": 3, "lightgbm": 3, "catboost": 1}
    here = error_table(rows).loc[["yacht"]]
    assert (
        ranks.loc["catboost", "rank"] == mean_ranks(here, ran, "balanced").loc["catboost", "rank"]
    )
    assert "ranked on" in report(without, {})


def test_interval_of_equal_ratios_is_a_point() -> None:
    assert (
        ratio_summary(pd.Series([0.9, 0.9], index=["a", "b"]))["95 % interval"] == "0.900 to 0.900"
    )


def test_the_report_has_every_part() -> None:
    text = report(made_up(), {"processor": "abacus"})
    for words in (
        "Regression: mean nRMSE",
        "Classification: mean log loss",
        "Retrained / transferred: geometric mean 0.500",
        "| geometric mean, classification, log loss | 0.750 |",
        "| saratoga | 0.625 |",
        "stack of CatBoost, LightGBM, RealMLP: timed out on saratoga",
        "abacus",
    ):
        assert words in text, words
    assert report(made_up().assign(status="failed: x"), {}) == "No method has finished yet.\n"


def test_halves_part_the_tables() -> None:
    assert sorted([*HALF_A, *HALF_B]) == sorted(ALL)
    assert len(HALF_A) == len(HALF_B) == 11


def test_halves_are_reported_apart() -> None:
    # yacht and adult are of half A, energy of half B
    rows = made_up().replace({"set": {"saratoga": "energy"}})
    tasks = rows.drop_duplicates("set").set_index("set").task
    ratios = ratio_table(error_table(rows), tasks)["geometric mean /"]
    assert ratios["motifnet balanced / best default peer, regression, half A"] == pytest.approx(0.8)
    assert ratios["motifnet balanced / best default peer, regression, half B"] == pytest.approx(
        1.25
    )
    assert ratios["motifnet balanced / best default peer, classification, half A"] == pytest.approx(
        0.75
    )
    assert "motifnet balanced / best default peer, classification, half B" not in ratios


def test_ours_beside_each_stronger_peer() -> None:
    rows = made_up()
    line = pair_table(finished(rows), error_table(rows)).loc[
        "motifnet balanced / stack of CatBoost, LightGBM, RealMLP"
    ]
    assert (line["tables"], line["wins"], line["on"]) == (2, 0, "yacht")  # saratoga is not finished
    assert line["error, geometric mean /"] == pytest.approx(np.sqrt(2))
    assert (line["CPU /"], line["largest CPU /"]) == (2, 2)


def test_front_of_error_against_seconds(tmp_path: Path) -> None:
    rows = made_up()
    rows.loc[rows.method == "catboost", "cpu_seconds"] = 8.0
    table = cost_and_error(rows)
    # the stack did not finish every table
    assert table.index.tolist() == ["lightgbm", "balanced", "catboost"]
    assert table.loc["balanced", "error / LightGBM"] == pytest.approx((0.8 * 1.25 * 0.5) ** (1 / 3))
    assert table["CPU s"].tolist() == pytest.approx([2, 4, 8])
    assert table.front.tolist() == ["*", "*", ""]
    picture_of_front(rows, tmp_path / "front.svg")
    assert "LightGBM" in (tmp_path / "front.svg").read_text()
    assert cost_and_error(rows[rows.method != "lightgbm"]).empty


def test_fresh_forgets_what_is_asked_for_and_nothing_else(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def measure(method: Method, split: Split, *, threads: int, seed: int, limit: float) -> Result:
        calls.append(method.label)
        return _result(split, 0.1 + 0.2)

    monkeypatch.setattr(field, "measure", measure)
    arguments = [
        "--data",
        str(data),
        "--out",
        str(data / "out"),
        "--splits",
        "1",
        "--sets",
        "yacht",
        "--name",
        "few",
    ]
    field.main([*arguments, "--methods", "fast", "catboost"])
    field.main([*arguments, "--methods", "fast", "--fresh"])
    assert calls == ["motifnet fast", "CatBoost", "motifnet fast"]
    assert pd.read_csv(data / "out" / "field.csv").method.tolist() == ["catboost", "fast"]
    assert "0.30000000000000004" in (data / "out" / "field.csv").read_text().splitlines()[1]
    assert (data / "out" / "few.md").exists()
    field.main([*arguments, "--report-only"])  # of all methods, whether they are installed or not
    assert "CatBoost" in (data / "out" / "few.md").read_text()


def test_checks_of_the_main_preset() -> None:
    rows = made_up().replace({"method": {"stack": "catboost-tuned"}})
    tasks = rows.drop_duplicates("set").set_index("set").task
    ratios, pairs = (
        ratio_table(error_table(rows), tasks),
        pair_table(finished(rows), error_table(rows)),
    )
    found = {check.text: check for check in checks("motifnet balanced", ratios, pairs)}
    name = "motifnet balanced / best default peer, regression"
    assert not found[f"{name}: largest"].holds  # 1.25
    assert found[f"{name}: share of wins"].value == 0.5
    assert not found["motifnet balanced / CatBoost, tuned: CPU seconds"].holds
    assert checks("motifnet fast", ratios, pairs) == []
    rows.loc[rows.method == "balanced", "nrmse"] /= 2
    rows.loc[rows.method == "balanced", "cpu_seconds"] /= 100
    ratios, pairs = (
        ratio_table(error_table(rows), tasks),
        pair_table(finished(rows), error_table(rows)),
    )
    assert [
        check.text for check in checks("motifnet balanced", ratios, pairs) if not check.holds
    ] == [
        "motifnet balanced / CatBoost, tuned: error"  # 1 on both tables
    ]
