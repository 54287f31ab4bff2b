"""motifnet check-synthetic: files in, a page and sentences out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from motifnet.cli._app import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["check-synthetic", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic rows are real ones, with codes that look like numbers and row numbers anew."""
    path, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "code": rng.choice(["007", "1a"], 200)})
    frame["id"] = [f"r{i}" for i in range(200)]
    frame.iloc[:100].to_csv(path / "real.csv", index=False)
    frame.iloc[100:].to_csv(path / "holdout.csv", index=False)
    copied = frame.iloc[:100].assign(id=[f"s{i}" for i in range(100)])
    copied[["code", "id", "x"]].to_csv(path / "synthetic.csv", index=False)
    return path


def test_a_page_and_sentences(folder: Path) -> None:
    tables = (folder / "real.csv", folder / "synthetic.csv", "--holdout", folder / "holdout.csv")
    done = run(*tables, "--out", folder / "page.html", "--drop", "id")
    assert done.exit_code == 0, done.stderr
    assert "100.0% are exact copies" in done.stdout and "Pass target=" in done.stdout
    assert "Do not share" in (folder / "page.html").read_text()
    again = run(*tables, "--out", folder / "page.html", "--json")
    assert again.exit_code == 2 and "--force" in again.stderr
    content = json.loads(run(*tables, "--json").stdout)
    assert content["alarms"] == ["privacy"] and content["privacy"]["exact"] == 0


def test_mistakes_end_with_a_line_and_a_code(folder: Path) -> None:
    real, synthetic = folder / "real.csv", folder / "synthetic.csv"
    target = run(real, synthetic, "--target", "xx")
    assert target.exit_code == 2 and "Did you mean 'x'?" in target.stderr
    suffix = run(real, synthetic, "--out", folder / "page.pdf")
    assert suffix.exit_code == 2 and ".html" in suffix.stderr
    pd.read_csv(synthetic).drop(columns="x").to_csv(folder / "less.csv", index=False)
    other = run(real, folder / "less.csv")
    assert other.exit_code == 3 and "no column 'x'" in other.stderr
    assert "Traceback" not in target.stderr + suffix.stderr + other.stderr
