"""The diffs of docs/extending.md apply to the sources, and what they add works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()
PARTS = {part.split(":")[0]: part for part in PAGE.split("\n## ")[1:]}
MAX_FILES = {"A kernel": 2, "A teacher": 3, "A converter": 2, "A command": 2}


def _block(part: str, kind: str) -> str:
    return re.search(rf"```{kind}\n(.*?)```", part, re.DOTALL)[1]  # type: ignore[index]


@pytest.mark.parametrize("name", PARTS)
def test_a_diff_applies_and_its_check_passes(name: str, tmp_path: Path) -> None:
    diff, check = (_block(PARTS[name], kind) for kind in ("diff", "python"))
    assert len(re.findall(r"^diff --git", diff, re.MULTILINE)) <= MAX_FILES[name]
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    applied = subprocess.run(
        ["git", "apply", "-"], input=diff, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, applied.stderr
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    run = subprocess.run(
        [sys.executable, "-c", check],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
