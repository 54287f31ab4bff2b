"""motifnet mimic: a fitted estimator from a file, its network as a file."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from skops import io

from tests.shared.command import done, run
from tests.shared.fitted_cases import CASES, fitted, onnx_values, python_values, raw_feeds
from tests.shared.fitted_documents import TEXTS
from tests.shared.fitted_rows import FRAME, X

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline on columns by name, a machine on a matrix, and tables for them."""
    folder = tmp_path_factory.mktemp("mimic")
    io.dump(fitted("ColumnTransformer"), folder / "pipeline.skops")
    io.dump(fitted("SVR, rbf"), folder / "svr.skops")
    joblib.dump(fitted("SVR, rbf"), folder / "svr.joblib")
    FRAME.assign(other=1).to_csv(folder / "frame.csv", index=False)
    FRAME[list("abcd")].to_csv(folder / "matrix.csv", index=False)
    return folder


def test_pipeline_to_onnx(folder: Path, tmp_path: Path) -> None:
    result = done(
        "mimic",
        folder / "pipeline.skops",
        "--data",
        folder / "frame.csv",
        "--out",
        tmp_path / "net.onnx",
    )
    assert "on data" in result.output
    np.testing.assert_allclose(
        onnx_values(tmp_path / "net.onnx", raw_feeds(FRAME))[:, 0],
        fitted("ColumnTransformer").predict(FRAME),
        atol=1e-10,
    )


def test_documents_to_onnx(tmp_path: Path) -> None:
    import onnxruntime

    notes = [text or "nothing" for text in (text.strip() for text in TEXTS)]
    io.dump(fitted("Pipeline, documents"), tmp_path / "words.skops")
    pd.DataFrame({"note": notes}).to_csv(tmp_path / "notes.csv", index=False)
    done(
        "mimic",
        tmp_path / "words.skops",
        "--data",
        tmp_path / "notes.csv",
        "--out",
        tmp_path / "net.onnx",
    )
    session = onnxruntime.InferenceSession(
        str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"]
    )
    got = session.run(None, {"documents": np.array(notes, dtype=object)[:, None]})[0]
    np.testing.assert_allclose(got, fitted("Pipeline, documents").predict_proba(notes), atol=1e-12)


def test_machine_to_python(folder: Path, tmp_path: Path) -> None:
    done(
        "mimic",
        folder / "svr.skops",
        "-d",
        folder / "matrix.csv",
        "-o",
        tmp_path / "net.py",
        "--quiet",
    )
    np.testing.assert_allclose(
        python_values(tmp_path / "net.py", X)[:, 0], fitted("SVR, rbf").predict(X), atol=1e-10
    )


def test_rows_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Decimal commas and a text for what is missing, as the imputer of the estimator takes it."""
    rows = X[:40].copy()
    rows[::7, 1] = np.nan
    model = make_pipeline(SimpleImputer(), Ridge()).fit(rows, X[:40, 0])
    io.dump(model, tmp_path / "m.skops")
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False, sep=";", decimal=",", na_rep="k.A.")
    command = ["mimic", tmp_path / "m.skops", "-d", tmp_path / "t.csv", "-o", tmp_path / "net.py"]
    assert run(*command).exit_code != 0
    done(*command, "--decimal", ",", "--missing", "k.A.")
    np.testing.assert_allclose(
        python_values(tmp_path / "net.py", rows)[:, 0], model.predict(rows), atol=1e-10
    )


def test_pickle_only_when_it_is_typed(folder: Path, tmp_path: Path) -> None:
    arguments = [
        "mimic",
        folder / "svr.joblib",
        "-d",
        folder / "matrix.csv",
        "-o",
        tmp_path / "net.onnx",
    ]
    refused = run(*arguments)
    assert refused.exit_code == 2 and "--allow-pickle" in refused.stderr
    assert not (tmp_path / "net.onnx").exists()
    done(*arguments, "--allow-pickle")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.skops", "-d", "matrix.csv", "-o", "net.onnx"], 2, "is not there"),
        (["matrix.csv", "-d", "matrix.csv", "-o", "net.onnx"], 2, "no .skops file"),
        (["broken.skops", "-d", "matrix.csv", "-o", "net.onnx"], 2, "skops.io.dump"),
        (["svr.skops", "-d", "matrix.csv", "-o", "net.txt"], 2, ".onnx or as .py"),
        (["svr.skops", "-d", "frame.csv", "-o", "net.onnx"], 3, "4 columns"),
        (["pipeline.skops", "-d", "matrix.csv", "-o", "net.onnx"], 2, "'colour' is not a column"),
    ],
)
def test_errors_are_one_line(
    folder: Path, arguments: list[str], code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    Path("broken.skops").write_bytes(b"no archive")
    result = run("mimic", *arguments)
    assert result.exit_code == code and words in result.stderr, result.stderr
    assert not Path(arguments[-1]).exists()


def test_types_of_unknown_libraries_are_not_built(folder: Path, tmp_path: Path) -> None:
    model = CASES["Ridge"].make().fit(X, X[:, 0])
    model.extra_ = run  # a function of this test
    io.dump(model, tmp_path / "strange.skops")
    result = run(
        "mimic",
        tmp_path / "strange.skops",
        "-d",
        folder / "matrix.csv",
        "-o",
        tmp_path / "net.onnx",
    )
    assert result.exit_code == 2 and "tests.shared.command.run" in result.stderr, result.stderr
