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


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources with all diffs, each of which applies to the sources as they are."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    diffs = [_block(part, "diff") for part in PARTS.values()]
    for options in (["--check"], []):
        for diff in diffs:
            applied = subprocess.run(
                ["git", "apply", *options, "-"],
                input=diff,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert applied.returncode == 0, applied.stderr
    return folder


@pytest.mark.parametrize("name", PARTS)
def test_a_diff_changes_few_files(name: str) -> None:
    diff = _block(PARTS[name], "diff")
    assert 0 < len(re.findall(r"^diff --git", diff, re.MULTILINE)) <= MAX_FILES[name]


def test_the_diffs_apply_and_their_checks_pass(changed: Path) -> None:
    """In one process, each with names of its own."""
    checks = [_block(part, "python") for part in PARTS.values()]
    run = subprocess.run(
        [sys.executable, "-c", f"for check in {checks!r}:\n    exec(check, {{}})"],
        cwd=changed,
        env=os.environ | {"PYTHONPATH": str(changed / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
