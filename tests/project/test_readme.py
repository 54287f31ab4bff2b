"""The code of the README runs: shell blocks by bash, Python blocks one after another in one
namespace, in a folder that holds the examples only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from motifnet.engine import MotifnetWarning

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_shell(folder: Path) -> None:
    assert blocks("bash")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euc", "".join(blocks("bash"))],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (folder / "predicted.csv").read_text().startswith("age,predicted_strength\n")
    assert (folder / "concrete.onnx").exists()


def test_python(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {}
    # mixtures that the table holds twice
    with pytest.warns(MotifnetWarning, match="rows have a twin"):
        for block in blocks("python"):
            exec(compile(block, "README.md", "exec"), namespace)
    assert namespace["model"].score(namespace["table"][824:], namespace["strength"][824:]) > 0.85
    assert "convex fit" in capsys.readouterr().out


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_table_of_results_is_filled_in() -> None:
    table = README.split("<!-- demo-table -->")[1].split("<!-- end of demo-table -->")[0]
    assert table.count("\n|") >= 6
