"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that `motifnet fit` wrote.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace the output file if there is one.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", help="Jobs side by side; the result does not depend on it. Default: one a core.", show_default=False)
]
TimeLimit = Annotated[float | None, typer.Option(metavar="SECONDS", help="After this the best model so far is taken.", show_default=False)]
Engine = Annotated[str, typer.Option(metavar="ENGINE", help="Where jobs run: local, ray, or a cluster's address, ray://host:port.")]
Checkpoint = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Finished jobs are kept here; the same command goes on where it was interrupted.", show_default=False),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Decimal character of the table's numbers: . or ,  Default: that of the fit, or a point.")
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="A text that stands for a missing value, beside an empty cell. May be given more than once. A model keeps it."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the Python traceback of an error.")]
