"""TabArena's protocol: folds cover every row once, rows are kept, and the report sets ours beside
what is published.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks import tabarena
from benchmarks._tabarena_report import beside, checks, place, report

from motifnet.compare import Method, Result, Split

PUBLISHED = pd.DataFrame(
    {
        "table": ["airfoil"] * 3 + ["california (target: log)"],
        "method": ["GBM (default)", "nobody knows", "CAT (tuned)", "CAT (tuned)"],
        "metric_error": [1.5, 1.1, 1.2, 0.21],
        "time_train_s": [10.0, 20.0, 30.0, 40.0],
        "folds": ["fold 0 only", "mean of 30", "mean of 30", "mean of 9"],
    }
)


def table(n: int = 31) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": np.arange(n, dtype=float), "target": rng.uniform(1, 2, n)})


@pytest.mark.parametrize("name", ["airfoil", "california", "credit_g"])
def test_folds_hold_every_row_once_and_repeats_differ(name: str) -> None:
    whole = table().assign(target=np.arange(31) % 2) if name == "credit_g" else table()
    folds = [tabarena.fold_of(name, whole, 0, fold) for fold in range(3)]
    assert sorted(np.concatenate([fold.X_test["a"] for fold in folds])) == whole["a"].tolist()
    for fold in folds:
        assert sorted([*fold.X["a"], *fold.X_test["a"]]) == whole["a"].tolist()
    assert folds[0].X_test["a"].tolist() != tabarena.fold_of(name, whole, 1, 0).X_test["a"].tolist()
    y = whole.target.to_numpy()[folds[0].X_test["a"].to_numpy(dtype=int)]
    np.testing.assert_allclose(folds[0].y_test, np.log(y) if name == "california" else y)


def test_rows_are_kept_and_errors_are_in_units_of_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table().to_csv(tmp_path / "airfoil.csv", index=False)
    table().assign(target=np.arange(31) % 2).to_csv(tmp_path / "credit_g.csv", index=False)
    splits: list[Split] = []

    def measure(method: Method, split: Split, *, threads: int, seed: int, limit: float) -> Result:
        splits.append(split)
        score: dict[str, Any] = {"auc": 0.8} if split.classes else {"nrmse": 0.5}
        return Result(len(split.X), len(split.X_test), "x 1", cpu_seconds=2.0, **score)

    monkeypatch.setattr(tabarena, "measure", measure)
    arguments = [
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path),
        "--sets",
        "airfoil",
        "credit_g",
        "--methods",
        "fast",
        "--repeats",
        "2",
    ]
    tabarena.main(arguments)
    tabarena.main(arguments)
    assert len(splits) == 12
    rows = pd.read_csv(tmp_path / "tabarena" / "tabarena.csv")
    # every table once before any twice
    assert rows.set.tolist()[:6] == ["airfoil"] * 3 + ["credit_g"] * 3
    assert rows.error[0] == pytest.approx(0.5 * np.std(splits[0].y_test), abs=1e-5)
    assert rows.error[3] == pytest.approx(0.2)


def rows_of(error: float, status: str = "done") -> pd.DataFrame:
    fixed = {
        "label": "now",
        "set": "airfoil",
        "method": "balanced",
        "repeat": 0,
        "rows": 1002,
        "seconds": 9.0,
        "status": status,
        "version": "abc",
    }
    return pd.DataFrame(
        [{**fixed, "fold": fold, "error": error + 0.1 * (fold - 1)} for fold in range(3)]
    )


def test_ours_stands_at_its_place_among_the_published() -> None:
    lines = beside(rows_of(1.15), PUBLISHED[:3])
    assert lines.index.tolist() == [
        "nobody knows",
        "**motifnet balanced** (now)",
        "CAT (tuned)",
        "GBM (default)",
    ]
    ours = lines.loc["**motifnet balanced** (now)"]
    assert (ours["place of 4, all"], ours["place of 3, means"], ours["splits"]) == (
        "2",
        "2",
        "mean of 3",
    )
    assert ours["± sd"] == pytest.approx(0.1)
    assert place(1.0, PUBLISHED[:3]) == "1"


def test_a_broken_row_fails_its_check() -> None:
    good, bad = rows_of(1.0), rows_of(1.1)
    assert [check.holds for check in checks(good)] == [True]
    assert [check.holds for check in checks(bad)] == [False]
    assert "**fails**" in report(bad, PUBLISHED)
    assert "CAT (tuned)" in report(good, PUBLISHED)
    assert "are not there" in report(good, None)
