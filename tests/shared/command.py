"""`motifnet` inside this process, and as a program."""

from __future__ import annotations

import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from motifnet.cli._app import app

MOTIFNET = str(Path(sys.executable).with_name("motifnet"))


def run(*arguments: object, stdin: str | None = None) -> Result:
    """A command with its exit code, output and errors."""
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def done(*arguments: object, stdin: str | None = None) -> Result:
    """A command that has to end well."""
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result
