"""What is refused before torch is loaded: files, names of columns and options that cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from motifnet.cli._app import app
codes = []
for command in sys.stdin.read().splitlines():
    try:
        app(command.split())
    except SystemExit as end:
        codes.append(end.code)
print(*codes)
print(*sorted({"torch", "sklearn", "onnx", "matplotlib"} & set(sys.modules)))
"""
FILES = [
    ("predict none.motif t.csv", "'none.motif' cannot be read: No such file"),
    ("predict m.motif none.csv", "none.csv cannot be read: No such file"),
    ("predict m.motif . --out p.csv", ". cannot be read: Is a directory"),
    ("predict m.motif t.csv --out p.txt", "p.txt has a suffix that is not known"),
    ("check m.motif none.csv", "none.csv cannot be read"),
    ("show none.motif", "'none.motif' cannot be read"),
    ("report none.motif", "'none.motif' cannot be read"),
    ("report m.motif --data none.csv", "none.csv cannot be read"),
    ("report m.motif --out r.pdf", "Use one of .html, .md, .json"),
    ("export none.motif", "'none.motif' cannot be read"),
    ("export m.motif m.py --coverage 0.9", "--dtype and --coverage are for ONNX"),
    ("compress none.motif --out s.motif", "'none.motif' cannot be read"),
    ("mimic none.skops --data t.csv --out m.onnx", "none.skops is not there"),
    ("mimic m.motif --data none.csv --out m.onnx", "none.csv cannot be read"),
    ("compare none.csv --target b", "none.csv cannot be read"),
    ("check-synthetic t.csv none.csv", "none.csv cannot be read"),
    ("check-synthetic t.csv t.csv --out page.md", "Use one of .html, .json"),
]
TABLES = [
    ("fit none.csv --target b", "none.csv cannot be read"),
    ("fit t.csv --target c", "--target 'c' is not a column"),
    ("fit t.csv --target b --drop c", "--drop 'c' is not a column"),
    ("fit t.csv --target b --increasing c", "--increasing 'c' is not a column"),
    ("fit t.csv --target b --report r.pdf", "Use one of .html, .md, .json"),
    ("fit t.csv --target b --decimal ;", "no decimal character"),
    ("fit t.csv --target b --teacher none.skops", "none.skops cannot be read"),
    ("fit t.csv --target b --objective pinball --quantiles half", "--quantiles 'half'"),
    ("profile none.csv --target b", "none.csv cannot be read"),
    ("profile t.csv --target c", "--target 'c' is not a column"),
    ("check-synthetic t.csv t.csv --target c", "--target 'c' is not a column"),
]


@pytest.mark.parametrize("cases", [FILES, TABLES], ids=["files", "tables"])
def test_what_cannot_be_is_refused_before_torch_is_loaded(
    cases: list[tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{i / 7}\n" for i in range(30)))
    (tmp_path / "m.motif").write_text("no model")
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input="\n".join(command for command, _ in cases),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == len(cases), ended.stderr
    for (command, message), line in zip(cases, lines, strict=True):
        assert message in line, command
    codes, loaded = ended.stdout.splitlines()
    assert set(codes.split()) <= {"2", "3"}
    assert loaded == ""
