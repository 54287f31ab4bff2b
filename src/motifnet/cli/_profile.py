"""motifnet profile: what theory says of a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from motifnet.cli._columns import check_names, said_task, with_target
from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Decimal, Missing, Quiet
from motifnet.cli._reading import reading_of
from motifnet.cli._text import say, say_table


@guarded
def profile(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, TSV or parquet with a header; - is standard input.", show_default=False)],
    target: Annotated[
        list[str], typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict; several for several numbers at once.")
    ],
    task: Annotated[
        Literal["auto", "regression", "classification"],
        typer.Option(help="auto: texts, true/false and up to ten different whole numbers are classes."),
    ] = "auto",
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column to leave out, such as a row number. May be given more than once.")
    ] = None,
    decimal: Decimal = None,
    missing: Missing = None,
    seed: Annotated[int, typer.Option(min=0, help="Of subsamples and simulations.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what theory finds in a table, and which settings of a fit it would change.

    Noise, smoothness, jumps, intrinsic dimension, symmetry, and the width of a network, each with an interval and a sentence.

    [bold]motifnet profile houses.csv --target price[/bold]

    [bold]motifnet profile houses.csv --target price --json[/bold]
    """
    from motifnet.profiling import profile as run
    from motifnet.tables import read_table

    labels = target if task == "classification" else []
    frame = read_table(table, reading=reading_of(decimal, missing), labels=labels)
    check_names(frame, target, "--target")
    check_names(frame, drop or [], "--drop")
    frame = with_target(frame, target)
    kind = task if task != "auto" else "regression" if len(target) > 1 else said_task(frame[target[0]], quiet)
    inputs = frame.drop(columns=[*target, *(name for name in drop or [] if name not in target)])
    found = run(inputs, frame[target[0]] if len(target) == 1 else frame[target], task=kind, random_state=seed)
    if as_json:
        say(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    say(f"{table.name}: {found.rows:,} rows that differ, {found.rows_used:,} looked at, {found.columns} encoded columns")
    say_table(("detector", "value", "95 % interval", "verdict"), list(found.cells()))
    for finding in found.findings:
        say(f"{finding.detector}: {finding.sentence}")
