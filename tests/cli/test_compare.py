"""motifnet compare: other methods on the same rows."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from motifnet.compare import METHODS
from tests.cli.houses import houses
from tests.shared.command import done, run

COMPARE = ["-m", "svm,forest", "--splits", "1", "-j", "1", "--drop", "house"]


@pytest.mark.parametrize(
    ("target", "drop", "score"), [("price", "sold", "nRMSE"), ("sold", "price", "log loss")]
)
def test_methods_are_compared(
    folder: Path, tmp_path: Path, target: str, drop: str, score: str
) -> None:
    result = done(
        "compare",
        folder / "houses.csv",
        "-t",
        target,
        "-o",
        tmp_path / "out",
        "--drop",
        drop,
        *COMPARE,
    )
    assert score in result.stdout
    assert "support vectors" in result.stdout
    assert sorted(os.listdir(tmp_path / "out")) == [
        "comparison.csv",
        "comparison.md",
        "comparison.svg",
    ]
    rows = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert rows.method.tolist() == ["svm", "forest"] and rows.status.tolist() == ["done", "done"]
    assert f"{target} of houses.csv" in (tmp_path / "out" / "comparison.md").read_text()


def test_methods_that_do_not_finish_are_named(folder: Path) -> None:
    result = done("compare", folder / "houses.csv", "-t", "price", "--time-limit", "1e-6", *COMPARE)
    assert "support vectors: timed out" in result.stderr


BAD_COMPARISONS = {
    "wrong target": (["-t", "prize"], 2, ["'prize'", "'price'"]),
    "wrong drop": (["-t", "price", "--drop", "gardens"], 2, ["--drop", "'garden'"]),
    "wrong method": (["-t", "price", "-m", "svm,forrest"], 2, ["'forrest'", "'forest'"]),
    "bad limit": (["-t", "price", "--time-limit", "0"], 2, ["limit", "positive"]),
    "folder is a file": (["-t", "price", "-o", "t.csv"], 2, ["--out t.csv is a file"]),
    "no parent": (["-t", "price", "-o", "a/b"], 2, ["a/b", "parent"]),
    "texts for numbers": (
        ["-t", "town", "--task", "regression"],
        3,
        ["row 0", "regression needs numbers"],
    ),
}


@pytest.mark.parametrize("case", BAD_COMPARISONS)
def test_bad_comparisons_end_with_a_line_and_a_code(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, code, words = BAD_COMPARISONS[case]
    monkeypatch.chdir(tmp_path)
    houses().to_csv("t.csv", index=False)
    result = run("compare", "t.csv", *COMPARE, *options)
    assert result.exit_code == code, result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert os.listdir(tmp_path) == ["t.csv"]


def test_help_names_all_methods() -> None:
    shown = "".join(done("compare", "--help").stdout.replace("│", "").split())
    assert all(name in shown for name in METHODS)
