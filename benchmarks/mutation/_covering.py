"""Which tests run which lines, and how long they take: from one run of the tests with coverage.py's
contexts and pytest's XML report.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from benchmarks.mutation._mutants import Mutant

Lines = dict[str, dict[int, set[str]]]


def measure(root: Path, folder: Path, tests: list[str]) -> None:
    """Run tests under coverage; what they cover is added to what is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.xml")))
    (folder / "coverage.ini").write_text(
        f"[run]\nsource = motifnet\ndata_file = {folder / f'data.{number}'}\n"
    )
    options = [
        "--cov=motifnet",
        "--cov-context=test",
        "--cov-report=",
        f"--cov-config={folder / 'coverage.ini'}",
    ]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow",
        f"--junitxml={folder / f'{number}.xml'}",
        *options,
        *tests,
    ]
    subprocess.run(command, cwd=root, check=False)


def lines_of(folder: Path) -> Lines:
    """Tests by file and line; where a line runs before a test, in what several tests may share, the
    file of the test.
    """
    from coverage import CoverageData

    lines: Lines = defaultdict(lambda: defaultdict(set))
    for file in sorted(folder.glob("data.*")):
        data = CoverageData(str(file))
        data.read()
        for path in data.measured_files():
            for line, contexts in data.contexts_by_lineno(path).items():
                lines[f"src/{path.rpartition('/src/')[2]}"][line] |= {
                    _reach(c) for c in contexts if c
                }
    return lines


def _reach(context: str) -> str:
    test, _, phase = context.rpartition("|")
    return test if phase == "run" else _file_of(test)


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def covering(lines: Lines, mutant: Mutant, tests: Iterable[str]) -> set[str]:
    """Those of `tests` that run the line of a mutant; for lines that the import runs, all of the
    files with one that runs any line of the module.
    """
    of_file = lines[mutant.path]
    if mutant.later:
        found = next((found for line in mutant.lines if (found := of_file[line])), set[str]())
    else:
        found = {_file_of(test) for test in set[str]().union(*of_file.values())}
    return {test for test in tests if test in found or _file_of(test) in found}


def seconds_of(folder: Path) -> dict[str, float]:
    """Seconds of each test, of the last run that had it; those that failed without any mutant are
    left out.
    """
    seconds: dict[str, float] = {}
    for file in sorted(folder.glob("*.xml"), key=lambda path: path.stat().st_mtime):
        for case in ET.parse(file).getroot().iter("testcase"):
            name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
            seconds.pop(name, None)
            if all(child.tag not in ("failure", "error", "skipped") for child in case):
                seconds[name] = float(case.get("time", 0))
    return seconds


def within(tests: Iterable[str], seconds: dict[str, float], budget: float) -> list[str]:
    """The quickest tests that together take no longer than the budget, at least one."""
    chosen, total = [], 0.0
    for test in sorted((t for t in tests if t in seconds), key=lambda t: (seconds[t], t)):
        total += seconds[test]
        if chosen and total > budget:
            break
        chosen.append(test)
    return chosen
