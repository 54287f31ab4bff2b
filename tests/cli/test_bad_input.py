"""Wrong use of every command ends with one line that says what was got and what to do, a documented
exit code, and no file.

Those of fit, predict and compare on wrong tables are in test_cli.py, those of mimic in
test_mimic.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motifnet.model import save_model
from tests.shared.command import run
from tests.shared.hand_made import frame, make_model

pytestmark = pytest.mark.usefixtures("short_fits")


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, tables that go with it and tables that do not, folders in place of files."""
    folder = tmp_path_factory.mktemp("bad")
    save_model(make_model(m=6, q=1), folder / "m.motif")
    save_model(make_model(m=6, classes=("a", "b")), folder / "classes.motif")
    rows = frame(60).assign(y0=np.arange(60.0))
    rows.to_csv(folder / "rows.csv", index=False)
    rows.drop(columns="x").to_csv(folder / "without.csv", index=False)
    rows.assign(x="large").to_csv(folder / "texts.csv", index=False)
    rows.assign(x=np.inf).to_csv(folder / "infinite.csv", index=False)
    rows[:0].to_csv(folder / "header.csv", index=False)
    pd.DataFrame({"x": np.arange(1_200.0), "y": np.arange(1_200.0) % 7}).to_csv(
        folder / "long.csv", index=False
    )
    (folder / "nothing.csv").write_bytes(b"")
    (folder / "latin.csv").write_bytes("x\nä\n".encode("latin-1"))
    (folder / "no.parquet").write_text("x,y\n1,2\n")
    (folder / "no.motif").write_text("no model")
    (folder / "cut.motif").write_bytes((folder / "m.motif").read_bytes()[:-100])
    for name in ("dir", "dir.html", "dir.onnx", "dir.py", "dir.motif"):
        (folder / name).mkdir()
    return folder


CASES = {
    # check
    "check m.motif": (2, "TABLE"),
    "check no.motif rows.csv": (3, "not a usable motifnet bundle"),
    "check none.motif rows.csv": (2, "No such file.*path of a saved model"),
    "check dir rows.csv": (2, "Is a directory"),
    "check m.motif none.csv": (2, "none.csv cannot be read: No such file.*Check"),
    "check m.motif dir": (2, "Is a directory"),
    "check m.motif without.csv": (3, "now missing.*x"),
    "check m.motif texts.csv": (3, "'x', row 0.*takes numbers"),
    "check m.motif infinite.csv": (3, "infinity.*'x', row 0"),
    "check m.motif header.csv": (3, "no rows"),
    "check m.motif nothing.csv": (3, "is empty"),
    "check m.motif latin.csv": (3, "line 2.*not UTF-8"),
    "check m.motif no.parquet": (2, "cannot be read as parquet"),
    "check m.motif rows.csv": (2, "no reference"),
    "check m.motif rows.csv --seed -1": (2, "Invalid value"),
    "check m.motif rows.csv --seed many": (2, "Invalid value"),
    # report
    "report cut.motif": (3, "not a usable motifnet bundle"),
    "report m.motif -o r.pdf": (2, "'.pdf'.*Use one of .html"),
    "report m.motif -o dir.html": (2, "is a folder"),
    "report m.motif -o none/r.html": (2, "none does not exist. Create it"),
    "report m.motif -o m.motif": (2, "no format of a report"),
    "report m.motif --data none.csv": (2, "No such file"),
    "report m.motif --data without.csv": (2, "'x' is not a column"),
    "report m.motif --data infinite.csv -o r.html": (3, "infinity"),
    # show
    "show no.motif": (3, "not a usable motifnet bundle"),
    "show dir": (2, "Is a directory"),
    "show m.motif rows.csv": (2, "rows.csv"),
    # export
    "export m.motif dir.onnx": (2, "is a folder"),
    "export m.motif none/m.onnx": (2, "does not exist"),
    "export m.motif rows.csv": (2, "exists already. Use --force"),
    "export m.motif -": (2, "standard output.*binary"),
    "export m.motif m.onnx --dtype int8": (2, "int8"),
    "export m.motif m.onnx --coverage 90": (2, "coverage=90.*between 0 and 1|no intervals"),
    "export classes.motif m.onnx --coverage 0.9": (2, "no intervals"),
    # compress
    "compress m.motif --out small.motif": (3, "20 different rows; got 6"),
    "compress m.motif --out small.motif --max-units 0": (2, "0"),
    "compress m.motif --out small.motif --max-units 4 --tolerance 0.1": (
        2,
        "max_units|--max-units",
    ),
    "compress m.motif --out dir.motif --max-units 4": (2, "is a folder"),
    "compress no.motif --out small.motif --max-units 4": (3, "not a usable motifnet bundle"),
    "compress m.motif --out small.motif --max-units 4": (3, "20 different rows; got 6"),
    "compress m.motif without.csv --out small.motif --max-units 4": (2, "'x' is not a column"),
    # mimic
    "mimic none.skops --data rows.csv --out n.onnx": (2, "is not there"),
    "mimic rows.csv --data rows.csv --out n.onnx": (2, "no .skops file"),
    "mimic rows.csv --allow-pickle --data rows.csv --out n.onnx": (
        2,
        "cannot be read.*Is it a pickle",
    ),
    "mimic dir --data rows.csv --out n.onnx": (2, "is not there"),
    "mimic none.skops --data rows.csv --out n.txt": (2, ".onnx or as .py"),
    "mimic none.skops --data rows.csv --out dir.py": (2, "is a folder"),
    # profile
    "profile rows.csv": (2, "--target"),
    "profile rows.csv -t z": (2, "'z' is not a column"),
    "profile rows.csv -t x --drop z": (2, "--drop 'z'"),
    "profile rows.csv -t x --task ranking": (2, "ranking"),
    "profile header.csv -t x": (3, "no rows"),
    "profile dir -t x": (2, "Is a directory"),
    # fit by stream
    "fit none.csv -t y -o new.motif --stream": (2, "No such file"),
    "fit dir -t y -o new.motif --stream": (2, "Is a directory"),
    "fit - -t y -o new.motif --stream": (2, "Standard input can be read once"),
    "fit no.parquet -t y -o new.motif --stream": (2, "cannot be read as parquet"),
    "fit nothing.csv -t y -o new.motif --stream": (3, "is empty"),
    "fit header.csv -t x -o new.motif --stream": (3, "no rows|0 rows"),
    "fit latin.csv -t x -o new.motif --stream": (3, "UTF-8"),
    "fit rows.csv -t y0 -o new.motif --stream": (3, "60 rows, fewer than the 1,000"),
    "fit long.csv -t z -o new.motif --stream": (2, "'z' is not a column"),
    "fit long.csv -t y -o new.motif --stream --drop z": (2, "--drop 'z'"),
    "fit long.csv -t y -o new.motif --stream --landmarks 0": (2, "Invalid value"),
    "fit long.csv -t y -o new.motif --stream --landmarks 20 --memory-limit -1": (
        2,
        "memory_limit_mb=-1.0.*positive",
    ),
    "fit long.csv -t y -o new.motif --stream --landmarks 20 --memory-limit 1": (
        4,
        "1 MB is the limit",
    ),
    "fit long.csv -t y -o new.motif --stream --time x": (2, "--stream does not go with --time"),
    "fit long.csv -t y -o new.motif --stream --checkpoint rows.csv": (
        2,
        "rows.csv.*cannot be used",
    ),
    # fit
    "fit rows.csv -t y0 -o new.motif --objective cubed": (2, "cubed"),
    "fit rows.csv -t y0 -o new.motif --objective pinball --quantiles .1,x": (
        2,
        "'.1,x' is not a list of numbers",
    ),
    "fit rows.csv -t y0 -o new.motif --objective pinball --quantiles 2": (2, "between 0 and 1"),
    "fit rows.csv -t y0 -o new.motif --report r.pdf": (2, "'.pdf'"),
    "fit rows.csv -t y0 -o new.motif --report dir.html": (2, "--report dir.html is a folder"),
    "fit rows.csv -t y0 -o new.motif --engine spark": (2, "'spark'"),
    "fit rows.csv -t y0 -o new.motif --offset x": (2, "offset"),
    # predict
    "predict m.motif rows.csv --offset x": (2, "poisson or gamma"),
    "predict m.motif rows.csv --coverage 0.9": (2, "no intervals"),
    "predict m.motif rows.csv -o none/p.csv": (2, "does not exist"),
    # lab
    "lab fig99 --out figures": (2, "'fig99'.*fig1"),
    "lab fig1 --out rows.csv": (2, "rows.csv cannot be made"),
}


@pytest.mark.parametrize("line", CASES)
def test_wrong_use_ends_with_a_line_and_a_code(
    line: str, laid_out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, words = CASES[line]
    monkeypatch.chdir(laid_out)
    before = sorted(os.listdir())
    result = run(*line.split())
    said = " ".join(result.stderr.replace("│", " ").split())
    assert result.exit_code == code, said
    assert pd.Series([said]).str.contains(words, regex=True).all(), said
    assert "Traceback" not in said and "inside motifnet" not in said
    assert sorted(os.listdir()) == before
