"""The command line: what goes in comes out by name, errors are one line and an exit code, nothing
is half-written.
"""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifRegressor, __version__, load
from motifnet.cli._output import escaped
from motifnet.engine import LedgerRow, printable
from tests.shared.command import MOTIFNET, done, run


def houses(n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    area, town = rng.uniform(40, 200, n).round(1), rng.choice(["Bern", "Chur", "=SUM(A1)"], n)
    built = pd.to_datetime("2000-01-01") + pd.to_timedelta(rng.integers(0, 8_000, n), unit="D")
    price = 3 * area + 50 * (town == "Bern") + rng.normal(0, 5, n)
    frame = pd.DataFrame(
        {
            "house": [f"{i:04d}" for i in range(n)],
            "area": area,
            "town": town,
            "garden": rng.random(n) < 0.5,
            "built": built,
            "price": price,
        }
    )
    frame.loc[3, "area"] = None
    frame["sold"] = np.where(price > np.median(price), "late", "soon")
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, a regression and a classification model of it."""
    folder = tmp_path_factory.mktemp("cli")
    houses().to_csv(folder / "houses.csv", index=False)
    fast = ["--preset", "fast", "--drop", "house", "--quiet", "--size", "full"]
    done(
        "fit",
        folder / "houses.csv",
        "--target",
        "price",
        "--out",
        folder / "price.motif",
        "--drop",
        "sold",
        *fast,
    )
    done(
        "fit",
        folder / "houses.csv",
        "--target",
        "sold",
        "--out",
        folder / "sold.motif",
        "--drop",
        "price",
        *fast,
    )
    return folder


def read(path: Path | str) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"house": str})


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
    assert again["moved"] == [] and again["error_unit"] == "error as log loss"


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
    from motifnet.cli._compare import NAMES
    from motifnet.compare import METHODS

    assert NAMES.split(", ") == list(METHODS)


def test_errors_of_our_own_are_a_line_unless_debugged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nought")

    monkeypatch.setattr("motifnet.model.load_model", broken)
    result = run("show", folder / "price.motif")
    assert result.exit_code == 1
    assert "ZeroDivisionError: nought" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("show", folder / "price.motif", "--debug").stderr
    monkeypatch.setattr("motifnet.model.load_model", lambda _: (_ for _ in ()).throw(MemoryError))
    assert run("show", folder / "price.motif").exit_code == 4


def interrupt_at(monkeypatch: pytest.MonkeyPatch, stage: str, times: int) -> None:
    """Press Ctrl-C when the stage begins."""

    @contextmanager
    def progress(verbose: int) -> Iterator[Callable[[str, LedgerRow | None], None]]:
        def listen(name: str, row: LedgerRow | None) -> None:
            if name == stage and row is None:
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)

        yield listen

    monkeypatch.setattr("motifnet.estimators._base.progress", progress)


STAGES = ["convex fit", "transferred", "feature layers", "quick trees", "stack"]


@pytest.mark.parametrize("stage", STAGES)
def test_first_interrupt_saves_the_best_so_far(
    stage: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, stage, 1)
    result = done(
        "fit", folder / "houses.csv", "-t", "price", "-o", tmp_path / "m", "--preset", "fast", "-q"
    )
    model = load(tmp_path / "m")
    assert np.isfinite(model.predict(houses()[list(model.model_.schema.names)])).all()
    if stage != STAGES[-1]:  # at the last one there is nothing left to stop
        assert "Ctrl-C" in result.stderr
        assert model.model_.info["stopped_early"]


@pytest.mark.parametrize("stage", STAGES)
def test_second_interrupt_stops_at_once(
    stage: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, stage, 2)
    result = run(
        "fit", folder / "houses.csv", "-t", "price", "-o", tmp_path / "m", "--preset", "fast", "-q"
    )
    assert result.exit_code == 130
    assert "stopped" in result.stderr
    assert os.listdir(tmp_path) == []


FULL = "standard output cannot be written: No space left on device"
STREAMS = [
    ("--help | true", 141, ""),
    ("show price.motif | true", 141, ""),
    ("--help > /dev/full", 4, FULL),
    ("predict price.motif houses.csv > /dev/full", 4, FULL),
    ("--version >&-", 2, "standard output cannot be written: it is closed"),
    ("predict price.motif houses.csv -o out.csv -f -q >&-", 0, ""),
    ("predict price.motif - <&-", 2, "standard input cannot be read: it is closed"),
    ("show none.motif 2> /dev/full", 2, ""),
]


@pytest.mark.parametrize(("command", "code", "line"), STREAMS)
def test_streams_that_fail_end_with_a_line_that_names_them(
    command: str, code: int, line: str, folder: Path
) -> None:
    arguments, *pipe = command.split(" | ")
    script = " | ".join([f"trap '' PIPE; {{ {MOTIFNET} {arguments}; echo $? > code; }}", *pipe])
    result = subprocess.run(
        ["sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (folder / "code").read_text() == f"{code}\n", result.stderr
    said = [text for text in result.stderr.splitlines() if not text.startswith("warning: ")]
    assert len(said) == bool(line) and all(text.startswith(f"error: {line}") for text in said)


def test_screens_fall_back_to_ascii_and_tables_stay_utf_8(folder: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(
        [MOTIFNET, "report", str(folder / "price.motif")],
        env=ascii_only,
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 0 and shown.stdout.isascii() and b" +- " in shown.stdout, (
        shown.stderr
    )
    houses().assign(town="Zürich – Höngg").to_csv(folder / "zurich.csv", index=False)
    command = [
        MOTIFNET,
        "predict",
        str(folder / "price.motif"),
        str(folder / "zurich.csv"),
        "--id",
        "town",
    ]
    table = subprocess.run(command, env=ascii_only, capture_output=True, check=False)
    assert table.returncode == 0 and "Zürich – Höngg,".encode() in table.stdout, table.stderr


@pytest.mark.parametrize(
    ("presses", "code", "files"), [(1, 0, ["m", "t.csv"]), (2, 130, ["t.csv"])]
)
def test_interrupts_of_a_process_at_a_terminal(
    presses: int, code: int, files: list[str], tmp_path: Path
) -> None:
    houses(2_000).to_csv(tmp_path / "t.csv", index=False)
    screen, terminal = pty.openpty()
    command = [
        MOTIFNET,
        "fit",
        str(tmp_path / "t.csv"),
        "-t",
        "area",
        "-o",
        str(tmp_path / "m"),
        "--preset",
        "fast",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    seen = b""
    while b"convex fit" not in seen:
        seen += os.read(screen, 4_096)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    start = time.monotonic()
    assert process.wait(60) == code
    assert time.monotonic() - start < 30
    os.close(screen)
    assert sorted(os.listdir(tmp_path)) == files


def test_the_module_is_the_command_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "motifnet", "--version"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 and __version__ in result.stdout
