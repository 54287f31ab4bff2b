"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from motifnet import __version__
from motifnet.cli._check import check
from motifnet.cli._compare import compare
from motifnet.cli._compress import compress
from motifnet.cli._export import export
from motifnet.cli._fit import fit
from motifnet.cli._lab import lab
from motifnet.cli._mimic import mimic
from motifnet.cli._predict import predict
from motifnet.cli._profile import profile
from motifnet.cli._report import report
from motifnet.cli._show import show
from motifnet.cli._text import say

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (fit, predict, check, report, profile, show, export, compress, compare, mimic, lab):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"motifnet {__version__}")
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 done, 2 wrong use, 3 wrong data, 4 not enough memory or disk, 130 stopped by Ctrl-C, 1 an error of motifnet itself."
)
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")] = False) -> None:
    """Predict a column of a table by a deep network that is computed, not searched for.

    [bold]motifnet fit houses.csv --target price --out houses.motif[/bold]

    [bold]motifnet predict houses.motif new.csv --out prices.csv[/bold]
    """
