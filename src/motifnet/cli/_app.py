"""The commands, put together."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from motifnet import __version__
from motifnet.cli._compare import compare
from motifnet.cli._console import say
from motifnet.cli._export import compress, export, mimic
from motifnet.cli._fit import HELP, fit
from motifnet.cli._predict import check, predict
from motifnet.cli._report import report, show
from motifnet.cli._synthetic import check_synthetic
from motifnet.cli._theory import lab, profile

# names that other libraries have for what ours do
SYNONYMS = {
    "train": "fit",
    "explain": "report",
    "evaluate": "report",
    "score": "report",
    "summary": "show",
    "info": "show",
    "convert": "mimic",
    "benchmark": "compare",
}


class _Commands(TyperGroup):
    """The commands; an unknown one that has another name here is refused with that name."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in SYNONYMS:
            ctx.fail(f"There is no command {args[0]!r}: use motifnet {SYNONYMS[args[0]]}.")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (fit, predict, check, report, profile, show, export, compress, compare, mimic, lab)
for command in (*COMMANDS, check_synthetic):
    app.command(help=HELP if command is fit else None)(command)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"motifnet {__version__}")
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 done, 2 wrong use, 3 wrong data, 4 not enough memory or disk, 130 "
    "stopped by Ctrl-C, 1 an error of motifnet itself."
)
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Predict a column of a table by a deep network that is computed, not searched for.

    [bold]motifnet fit houses.csv --target price --out houses.motif[/bold]

    [bold]motifnet predict houses.motif new.csv --out prices.csv[/bold]
    """
