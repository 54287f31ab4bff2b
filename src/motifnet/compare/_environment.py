"""A Python of its own, for packages whose pins do not go with ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec


@dataclass(frozen=True)
class Environment:
    """The Python that an environment variable names, or this one; `package` is what pip installs there, `extras` beside it."""

    variable: str
    package: str
    extras: str = ""

    @property
    def python(self) -> str:
        """The program to start."""
        return os.environ.get(self.variable) or sys.executable

    @property
    def missing(self) -> list[str]:
        """What pip would have to install. A Python that the variable names is trusted to have it."""
        there = shutil.which(self.python) if os.environ.get(self.variable) else find_spec(self.package.partition(".")[0])
        return [] if there else [f"{self.package}{self.extras}"]

    @property
    def version(self) -> str:
        """Name and version of the package there."""
        return _version(self.python, self.package)


@cache
def _version(python: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - the Python that the user names
    return f"{package} {answer.stdout.strip() or 'that is not there'}"
