"""The front page and the user guide: their code runs and prints what they say, in a folder that
holds the examples only; their links lead somewhere; their tables are those of the kept results.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks._field_front import cost_and_error
from benchmarks._field_rows import error_table

from motifnet.compare import METHODS
from motifnet.engine import MotifnetWarning
from tests.shared.command import done

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/guide.md")}
README = PAGES["README.md"]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], flags=re.MULTILINE | re.DOTALL)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.?\d*", text)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_shell(folder: Path) -> None:
    """As commands of this process: that the program starts is seen elsewhere."""
    commands = "".join(blocks("docs/guide.md", "bash")).splitlines()
    assert set("".join(blocks("README.md", "bash")).splitlines()) <= set(commands)
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "motifnet"
        done(*arguments)
    assert (folder / "predicted.csv").read_text().startswith("age,predicted_strength\n")
    assert (folder / "concrete.onnx").exists()


@pytest.mark.parametrize("page", PAGES)
def test_python(page: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {}
    # mixtures that the table holds twice
    with pytest.warns(MotifnetWarning, match="rows have a twin"):
        for block in blocks(page, "python"):
            exec(compile(block, page, "exec"), namespace)
    assert namespace["model"].score(namespace["table"][824:], namespace["strength"][824:]) > 0.85
    printed = capsys.readouterr().out
    for shown in blocks(page, "text"):
        # other builds of BLAS may change the last digits
        np.testing.assert_allclose(numbers(printed), numbers(shown), rtol=0.05, atol=0.02)


@pytest.mark.parametrize(
    ("page", "target"),
    [
        (page, target)
        for page, text in PAGES.items()
        for target in sorted(set(re.findall(r"\]\(([^)#:]+)[)#]", text)))
    ],
)
def test_links_lead_somewhere(page: str, target: str) -> None:
    assert ((ROOT / page).parent / target).exists()


def test_the_front_page_is_short() -> None:
    assert len(README.splitlines()) <= 90
    assert len(README.split("## Further")[0].split()) <= 700


def test_the_table_of_the_front_page_is_that_of_the_kept_results() -> None:
    rows = pd.read_csv(ROOT / "benchmarks" / "results" / "field" / "field.csv")
    rows = rows[(rows.cap == 3000) & (rows.split == 0) & (rows.seed == 0) & (rows.threads == 1)]
    rows = rows.drop_duplicates(["set", "method"], keep="last")
    found = cost_and_error(rows)
    errors = error_table(rows)[list(found.index)]
    least = errors.eq(errors.min(axis=1), axis=0).sum()
    names = {f"motifnet, `{name}`": name for name in ("balanced", "fast")}
    names |= {METHODS[name].label: name for name in found.index if name not in names.values()}
    table = README.split("<!-- field-table -->")[1].split("<!-- end of field-table -->")[0]
    shown = [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]
    assert len(shown) == 6
    for name, error, seconds, best in shown:
        method = names[name]
        assert float(error) == pytest.approx(found.loc[method, "error / LightGBM"], abs=0.005)
        assert float(seconds) == pytest.approx(found.loc[method, "CPU s"], rel=0.05, abs=0.06)
        assert int(best.split()[0]) == least[method]
    assert f"of {len(errors)}" in table


def test_the_picture_is_that_of_the_kept_results() -> None:
    picture = "benchmarks/results/field/field_3000_front.svg"
    assert f"]({picture})" in README and (ROOT / picture).exists()
    assert json.loads((ROOT / "benchmarks/results/field/machine.json").read_text())


def test_the_table_of_the_guide_is_filled_in() -> None:
    guide = PAGES["docs/guide.md"]
    table = guide.split("<!-- demo-table -->")[1].split("<!-- end of demo-table -->")[0]
    assert table.count("\n|") >= 6
