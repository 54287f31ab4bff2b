"""Wrong and odd tables, files and places on the command line: a line, an exit code, nothing half-written."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.houses import houses
from tests.shared.command import done, run

pytestmark = pytest.mark.usefixtures("short_fits")

X = "x,z,y\n" + "".join(f"{i},{i % 3},{i * 0.37}\n" for i in range(20))
BAD_FIT = {
    "wrong target": (X, ["-t", "why"], 2, ["'why'", "'y'", "columns are"]),
    "wrong drop": (X, ["-t", "y", "--drop", "q"], 2, ["--drop", "'q'"]),
    "target as weight": (X, ["-t", "y", "--weight", "y"], 2, ["--weight", "twice"]),
    "bad limit": (X, ["-t", "y", "--time-limit", "-1"], 2, ["positive"]),
    "bad preset": (X, ["-t", "y", "--preset", "slow"], 2, ["balanced"]),
    "no header": ("", ["-t", "y"], 3, ["empty"]),
    "no rows": ("x,y\n", ["-t", "y"], 3, ["no rows"]),
    "one row": ("x,y\n1,2.5\n", ["-t", "y"], 3, ["1 sample"]),
    "no inputs": ("y\n1.5\n2\n3\n4\n", ["-t", "y"], 3, ["0 feature"]),
    "infinite target": (X.replace("0.37\n", "inf\n", 1), ["-t", "y"], 3, ["inf", "Row 1"]),
    "empty target": ("x,y\n1,\n2,\n3,\n", ["-t", "y"], 3, ["'y'", "empty in every row"]),
    "text among numbers": (X.replace("0.37\n", "n/k\n", 1), ["-t", "y"], 3, ["row 1", "n/k"]),
    "infinite input": (X.replace("\n3,0", "\ninf,0", 1), ["-t", "y"], 3, ["'x'", "row 3"]),
    "duplicate names": (X.replace("x,z", "x,x", 1), ["-t", "y"], 3, ["'x'", "duplicate"]),
    "ragged line": (X.replace("\n3,0", "\n3,0,9", 1), ["-t", "y"], 3, ["line 5"]),
    "negative weight": (
        X.replace("\n3,0", "\n3,-1", 1),
        ["-t", "y", "--weight", "z"],
        3,
        ["-1", "row 3"],
    ),
    "one group": (
        X.replace(",1,", ",0,").replace(",2,", ",0,"),
        ["-t", "y", "--groups", "z"],
        3,
        ["group"],
    ),
}


@pytest.mark.parametrize("case", BAD_FIT)
def test_bad_fits_end_with_a_line_and_a_code(case: str, tmp_path: Path) -> None:
    text, options, code, words = BAD_FIT[case]
    (tmp_path / "t.csv").write_text(text)
    result = run("fit", tmp_path / "t.csv", "-o", tmp_path / "m", *options)
    assert result.exit_code == code, result.stderr
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.stderr
    assert os.listdir(tmp_path) == ["t.csv"]


GOOD_FIT = {
    "constant target": X.replace("0.37", "0").replace(".", "0"),
    "constant column": X.replace(",1,", ",0,").replace(",2,", ",0,"),
    "empty column": X.replace(",0,", ",,").replace(",1,", ",,").replace(",2,", ",,"),
    "huge values": X.replace("\n3,0", "\n1e300,0", 1),
    "more columns than rows": ",".join([*(f"x{j}" for j in range(30)), "y"])
    + "\n"
    + "".join(",".join(map(str, np.random.default_rng(i).random(31))) + "\n" for i in range(12)),
}


@pytest.mark.parametrize("case", GOOD_FIT)
def test_odd_tables_are_fitted(case: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GOOD_FIT[case])
    done(
        "fit",
        tmp_path / "t.csv",
        "-o",
        tmp_path / "m",
        "-t",
        "y",
        "--task",
        "regression",
        "--preset",
        "fast",
        "-q",
    )
    out = pd.read_csv(io.StringIO(done("predict", tmp_path / "m", tmp_path / "t.csv").stdout))
    assert np.isfinite(out["predicted_y"]).all()


BAD_PREDICT: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], list[str], int, list[str]]] = {
    "missing column": (lambda f: f.drop(columns="area"), [], 3, ["area", "missing"]),
    "text for a number": (
        lambda f: f.assign(area=["large", *f["area"][1:]]),
        [],
        3,
        ["'area'", "row 0", "large"],
    ),
    "infinity": (lambda f: f.assign(area=np.inf), [], 3, ["'area'", "row 0"]),
    "no such id": (lambda f: f, ["--id", "name"], 2, ["--id", "'name'"]),
    "coverage": (lambda f: f, ["--coverage", "90"], 2, ["coverage=90", "0.9"]),
    "unknown format": (lambda f: f, ["-o", "out.xlsx"], 2, ["out.xlsx", ".parquet"]),
}


@pytest.mark.parametrize("case", BAD_PREDICT)
def test_bad_predictions_end_with_a_line_and_a_code(
    case: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, options, code, words = BAD_PREDICT[case]
    monkeypatch.chdir(tmp_path)
    change(houses()).to_csv("t.csv", index=False)
    result = run("predict", folder / "price.motif", "t.csv", *options)
    assert result.exit_code == code, result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert os.listdir(tmp_path) == ["t.csv"]


def test_unseen_levels_and_gaps_are_predicted(folder: Path, tmp_path: Path) -> None:
    houses().assign(town="Genf", area=None, built=None).to_csv(tmp_path / "t.csv", index=False)
    result = done("predict", folder / "price.motif", tmp_path / "t.csv")
    assert np.isfinite(pd.read_csv(io.StringIO(result.stdout))["predicted_price"]).all()
    warning = next(line for line in result.stderr.splitlines() if "fit" in line)
    assert "90 of 90 rows have a missing value where the fit had none" in warning
    assert "90 of 90 rows have a level that the fit has not seen (column 'town': 'Genf')" in warning


@pytest.mark.parametrize(
    "arguments", [["predict", "{bad}", "{table}"], ["show", "{bad}"], ["export", "{bad}", "{out}"]]
)
@pytest.mark.parametrize(("content", "code"), [(b"no model", 3), (None, 2)])
def test_files_that_are_no_models(
    folder: Path, tmp_path: Path, arguments: list[str], content: bytes | None, code: int
) -> None:
    if content is not None:
        (tmp_path / "bad").write_bytes(content)
    result = run(
        *(
            a.format(bad=tmp_path / "bad", table=folder / "houses.csv", out=tmp_path / "o.onnx")
            for a in arguments
        )
    )
    assert result.exit_code == code, result.stderr
    assert "bad" in result.stderr
    assert not (tmp_path / "o.onnx").exists()


def test_output_is_not_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    result = run("predict", folder / "price.motif", folder / "houses.csv", "-o", out)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert out.read_text() == "mine"
    done("predict", folder / "price.motif", folder / "houses.csv", "-o", out, "--force")
    assert out.read_text().startswith("predicted_price")


@pytest.mark.parametrize("out", ["missing/m.motif", ".", "table.csv/m.motif", "/proc/m.motif"])
def test_places_that_cannot_be_written_are_refused_before_the_work(
    tmp_path: Path, out: str
) -> None:
    (tmp_path / "table.csv").write_text(X)
    result = run("fit", tmp_path / "table.csv", "-t", "y", "-o", tmp_path / out)
    assert result.exit_code == 2
    assert out in result.stderr
    assert os.listdir(tmp_path) == ["table.csv"]


def test_odd_file_names(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.csv").symlink_to("a target.csv")
    (tmp_path / "a target.csv").write_text("old")
    done("predict", folder / "price.motif", folder / "houses.csv", "-o", "link.csv", "-f")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "a target.csv").read_text().startswith("predicted_price")
    done("predict", "-o", "-dash name.csv", "--", folder / "price.motif", folder / "houses.csv")
    assert (tmp_path / "-dash name.csv").exists()
