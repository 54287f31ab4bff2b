"""The lowest versions that `pyproject.toml` allows, as constraints for pip.

    python tools/oldest.py      prints a line a requirement, extras included: numpy==1.26, …

A requirement without a lowest version is an error: it would promise versions that nobody tried.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")


def constraints(project: dict[str, Any]) -> Iterator[str]:
    """One line a requirement, sorted by name; extras of the project's own are its other lines."""
    extras = project["optional-dependencies"].values()
    requirements = {line for group in (project["dependencies"], *extras) for line in group}
    for line in sorted(requirements, key=str.lower):
        if line.startswith(f"{project['name']}["):
            continue
        found = REQUIREMENT.fullmatch(line)
        if found is None:
            raise SystemExit(f"{line!r} has no lowest version: write it as name>=version.")
        yield "{}=={}".format(*found.groups())


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PYPROJECT
    print(*constraints(tomllib.loads(path.read_text(encoding="utf-8"))["project"]), sep="\n")
