"""The command line: what goes in comes out by name, errors are one line and an exit code, nothing
is half-written.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifRegressor, __version__, load
from motifnet.cli._output import escaped
from motifnet.engine import printable
from tests.cli.houses import houses, read
from tests.shared.command import done, run

pytestmark = pytest.mark.usefixtures("short_fits")


def test_predictions_are_those_of_python(folder: Path) -> None:
    done(
        "predict",
        folder / "price.motif",
        folder / "houses.csv",
        "--out",
        folder / "out.csv",
        "--id",
        "house",
        "--force",
    )
    out, model = read(folder / "out.csv"), load(folder / "price.motif")
    assert list(out.columns) == ["house", "predicted_price"]
    assert list(out["house"]) == list(houses()["house"])  # leading zeros stay
    np.testing.assert_allclose(
        out["predicted_price"],
        model.predict(houses()[["area", "town", "garden", "built"]]),
        rtol=1e-14,
    )


def test_columns_are_found_by_name_and_others_named(folder: Path) -> None:
    shuffled = houses()[["sold", "built", "garden", "house", "town", "area"]]
    shuffled.to_csv(folder / "shuffled.csv", index=False)
    result = done("predict", folder / "price.motif", folder / "shuffled.csv")
    assert "'house'" in result.stderr
    assert "'sold'" in result.stderr
    straight = done("predict", folder / "price.motif", folder / "houses.csv")
    assert result.stdout == straight.stdout


def test_classes_come_with_probabilities(folder: Path) -> None:
    out = read(io.StringIO(done("predict", folder / "sold.motif", folder / "houses.csv").stdout))  # type: ignore[arg-type]
    assert list(out.columns) == ["predicted_sold", "probability_late", "probability_soon"]
    np.testing.assert_allclose(out["probability_late"] + out["probability_soon"], 1, atol=1e-12)
    assert ((out["probability_late"] > 0.5) == (out["predicted_sold"] == "late")).all()
    assert (out["predicted_sold"] == houses()["sold"]).mean() > 0.8


def test_coverage_adds_intervals_and_possible_classes(folder: Path) -> None:
    out = read(
        io.StringIO(  # type: ignore[arg-type]
            done(
                "predict", folder / "price.motif", folder / "houses.csv", "--coverage", "0.8"
            ).stdout
        )
    )
    assert list(out.columns) == ["predicted_price", "lower_price", "upper_price"]
    model = load(folder / "price.motif")
    assert isinstance(model, MotifRegressor)
    ends = model.predict_interval(houses()[list(model.model_.schema.names)], 0.8)
    np.testing.assert_allclose(out[["lower_price", "upper_price"]], ends, rtol=1e-14)
    out = read(
        io.StringIO(  # type: ignore[arg-type]
            done(
                "predict", folder / "sold.motif", folder / "houses.csv", "--coverage", "0.8"
            ).stdout
        )
    )
    assert list(out.columns)[3:] == ["possible_late", "possible_soon"]
    assert out[["possible_late", "possible_soon"]].any(axis=1).all()


def test_check_says_which_columns_moved(folder: Path) -> None:
    alike, moved = houses(300).sample(60, random_state=0), houses()
    moved["area"], moved["town"] = moved["area"] + 150, "Genf"
    alike.to_csv(folder / "alike.csv", index=False)
    moved[["town", "area", "built", "garden", "price"]].to_csv(folder / "moved.csv", index=False)
    result = done("check", folder / "price.motif", folder / "moved.csv")
    assert (
        "differ from those of the fit in 2 columns" in result.stdout
        and "unseen (Genf)" in result.stdout
        and not result.stderr
    )
    model = load(folder / "price.motif")
    found = json.loads(done("check", folder / "price.motif", folder / "moved.csv", "--json").stdout)
    assert found == model.check_shift(moved[list(model.model_.schema.names)]).to_dict()
    assert (
        found["shifted"]
        and set(found["moved"]) == {"area", "town"}
        and found["error"]["reliable"] is False
    )
    again = json.loads(
        done(
            "check",
            folder / "sold.motif",
            "-",
            "--json",
            "--seed",
            "3",
            stdin=(folder / "alike.csv").read_text(),
        ).stdout
    )
    assert again["moved"] == [] and again["error_unit"] == "log loss"


def test_check_of_a_file_of_before(folder: Path) -> None:
    golden = Path(__file__).parents[1] / "golden"
    result = run("check", golden / "protocol_1_regression.motif", golden / "protocol_1.csv")
    assert (
        result.exit_code == 2
        and "no reference" in result.stderr
        and "Fit it again" in result.stderr
    )


@pytest.mark.parametrize("name", ["out.tsv", "out.csv.gz", "out.parquet"])
def test_formats_of_output_agree(folder: Path, tmp_path: Path, name: str) -> None:
    done("predict", folder / "price.motif", folder / "houses.csv", "-o", tmp_path / name)
    out = (
        pd.read_parquet(tmp_path / name)
        if name.endswith("parquet")
        else pd.read_csv(tmp_path / name, sep="\t" if ".tsv" in name else ",")
    )
    np.testing.assert_allclose(
        out["predicted_price"],
        load(folder / "price.motif").predict(houses()[["area", "town", "garden", "built"]]),
        rtol=1e-12,
    )


def test_parquet_and_standard_input_are_read(folder: Path, tmp_path: Path) -> None:
    houses().to_parquet(tmp_path / "houses.parquet")
    text = (folder / "houses.csv").read_text()
    assert (
        done("predict", folder / "price.motif", tmp_path / "houses.parquet").stdout
        == done("predict", folder / "price.motif", "-", stdin=text).stdout
    )


def test_a_fit_ends_with_its_scores_and_two_next_steps(folder: Path, tmp_path: Path) -> None:
    fit = ("fit", folder / "houses.csv", "-t", "price", "--preset", "fast", "--force")
    short = done(*fit, "-o", tmp_path / "m.motif").stdout
    assert "on held-out rows: R² " in short and "in the unit of price" in short
    assert "next: motifnet report" in short and "motifnet predict" in short
    assert "convex fit" not in short
    assert "convex fit" in done(*fit, "-o", tmp_path / "m.motif", "--verbose").stdout


def test_show_says_what_the_file_holds(folder: Path) -> None:
    shown = done("show", folder / "price.motif").stdout
    for words in (
        "regression of price",
        "convex fit",
        "depth",
        "area",
        "town=Bern",
        "give the file only to those who may see the table",
    ):
        assert words in shown, words
    assert "classes late, soon" in done("show", folder / "sold.motif").stdout


def test_export_is_verified(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    out = done("export", folder / "price.motif", tmp_path / "price.onnx").stdout
    assert "differs from the model by at most" in out
    assert (tmp_path / "price.onnx").stat().st_size > 1_000
    done("export", folder / "price.motif", tmp_path / "law.onnx", "--distribution")
    assert b"laws" in (tmp_path / "law.onnx").read_bytes()


@pytest.mark.parametrize(
    ("option", "column"), [("--groups", "town"), ("--time", "built"), ("--weight", "w")]
)
def test_beside_columns_are_no_inputs(tmp_path: Path, option: str, column: str) -> None:
    houses().assign(w=1.0).to_csv(tmp_path / "t.csv", index=False)
    done(
        "fit",
        tmp_path / "t.csv",
        "-t",
        "price",
        "-o",
        tmp_path / "m",
        "--preset",
        "fast",
        option,
        column,
        "--drop",
        "house",
        "-q",
    )
    assert set(load(tmp_path / "m").model_.schema.names) == {
        "area",
        "town",
        "garden",
        "built",
        "sold",
        "w",
    } - {column}


def test_several_targets(folder: Path, tmp_path: Path) -> None:
    done(
        "fit",
        folder / "houses.csv",
        "-t",
        "price",
        "-t",
        "area",
        "-o",
        tmp_path / "m",
        "--preset",
        "fast",
        "--drop",
        "house",
        "-q",
    )
    out = pd.read_csv(io.StringIO(done("predict", tmp_path / "m", folder / "houses.csv").stdout))
    assert list(out.columns) == ["predicted_price", "predicted_area"]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([1, 2, 3], "classification"),
        ([1.5, 2.5], "regression"),
        (range(30), "regression"),
    ],
)
def test_what_is_assumed_of_a_target_is_said(
    values: list[object], task: str, tmp_path: Path
) -> None:
    column = (list(values) * 60)[:60]
    pd.DataFrame({"x": np.arange(60.0), "y": column}).to_csv(tmp_path / "t.csv", index=False)
    result = done("fit", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", "--preset", "fast")
    assert f"so this is {task}" in result.stderr
    assert load(tmp_path / "m").model_.task == task


def test_rows_without_a_target_are_left_out_with_a_warning(tmp_path: Path) -> None:
    frame = houses(60).drop(columns="sold")
    frame.loc[:4, "price"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert (
        "5 of 60 rows have no target"
        in done(
            "fit", tmp_path / "t.csv", "-t", "price", "-o", tmp_path / "m", "--preset", "fast", "-q"
        ).stderr
    )


def test_texts_that_would_run_in_a_spreadsheet() -> None:
    frame = pd.DataFrame({"=a": ["=1+1", "plain", "@x"], "n": [-1.0, 2.0, 3.0]})
    assert escaped(frame).to_csv(index=False) == "'=a,n\n'=1+1,-1.0\nplain,2.0\n'@x,3.0\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_every_start_of_a_formula_is_escaped(start: str) -> None:
    frame = escaped(pd.DataFrame({f"{start}a": [f"{start}1", f"1{start}", None]}))
    assert list(frame.columns) == [f"'{start}a"] and frame.iloc[:, 0].tolist()[:2] == [
        f"'{start}1",
        f"1{start}",
    ]


def test_formulas_are_escaped_by_option(folder: Path) -> None:
    arguments = ["predict", folder / "price.motif", folder / "houses.csv", "--id", "town"]
    assert "\n=SUM(A1)," in done(*arguments).stdout
    assert "\n=SUM(A1)," not in done(*arguments, "--escape-formulas").stdout


def test_names_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\u202e") == "a\\x1b[2Jb\\u202e"


def test_help_and_version() -> None:
    assert done("--version").stdout == f"motifnet {__version__}\n"
    for command in ("fit", "predict", "show", "export", "compress", "compare"):
        assert f"motifnet {command} houses" in done(command, "--help").stdout
    assert run("fly").exit_code == 2


def test_the_module_is_the_command_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "motifnet", "--version"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 and __version__ in result.stdout
