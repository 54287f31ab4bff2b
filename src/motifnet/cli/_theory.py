"""motifnet profile: the findings of theory on a table.

motifnet lab: the experiments of the theory as figures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motifnet.cli._console import guarded, note, say, say_table
from motifnet.cli._input import check_names, check_table, reading_of, said_task, with_target
from motifnet.cli._options import (
    Debug,
    Decimal,
    Drop,
    Force,
    Missing,
    Quiet,
    Table,
    Targets,
    TaskName,
    Thousands,
)
from motifnet.cli._output import check_place
from motifnet.engine import FileError

if TYPE_CHECKING:
    from motifnet.lab import Facts


@guarded
def lab(
    figure: Annotated[
        str, typer.Argument(metavar="FIGURE", help="A figure of docs/lab.md, such as fig1, or all.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for the figures, their facts as JSON and lab.html.",
        ),
    ] = Path("lab"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Smaller experiments of the same form.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run experiments on the theory of deep networks, and compare with its closed forms.

    The page is written after each figure: Ctrl-C leaves a page of the finished figures.

    [bold]motifnet lab all --quick --out lab[/bold]
    """
    from motifnet.lab import FIGURES, figures, write_page

    chosen = figures(figure)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{out} cannot be made: {error.strerror or error}. Give a folder by --out "
            "that can be written to."
        ) from None
    check_place(out / "lab.html", force=force)
    page = write_page(out, FIGURES)
    facts: list[Facts] = []
    try:
        for number, (name, run) in enumerate(chosen.items(), start=1):
            if not quiet and len(chosen) > 1:
                say(f"{name}: figure {number} of {len(chosen)} …")
            facts.append(_figure(name, run, quick, out, quiet))
            page = write_page(out, FIGURES)
    except KeyboardInterrupt:
        note("note", f"{page} holds the {len(facts)} of {len(chosen)} figures that are done")
        raise
    if not quiet:
        say(page)


def _figure(
    name: str, run: Callable[[bool, Path], Facts], quick: bool, out: Path, quiet: bool
) -> Facts:
    """One figure, its facts as a file, and the result of its comparisons on the terminal."""
    from motifnet.engine import single_threaded

    start = time.monotonic()
    with single_threaded():
        facts = run(quick, out)
    facts.write(out)
    met = sum(check.passed for check in facts.checks)
    if not quiet:
        say(
            f"{name}: {met} of {len(facts.checks)} comparisons with theory met, "
            f"{time.monotonic() - start:.0f} s"
        )
    for check in facts.checks:
        if not check.passed:
            note("warning", f"{name}: {check.sentence}")
    return facts


Seed = Annotated[int, typer.Option(min=0, help="Of subsamples and simulations.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")]


@guarded
def profile(
    table: Table,
    target: Targets,
    task: TaskName = "auto",
    drop: Drop = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what theory finds in a table, and which settings of a fit it would change.

    Noise, smoothness, jumps, intrinsic dimension, symmetry, and the width of a network, each with
    an interval and a sentence.

    [bold]motifnet profile houses.csv --target price[/bold]

    [bold]motifnet profile houses.csv --target price --json[/bold]
    """
    check_table(table)

    from motifnet.tables import read_table

    labels = target if task == "classification" else []
    frame = read_table(table, reading=reading_of(decimal, thousands, missing), labels=labels)
    check_names(frame, target, "--target")
    check_names(frame, drop or [], "--drop")
    frame = with_target(frame, target)
    kind = (
        task
        if task != "auto"
        else "regression"
        if len(target) > 1
        else said_task(frame[target[0]], quiet)
    )
    inputs = frame.drop(columns=[*target, *(name for name in drop or [] if name not in target)])

    from motifnet.structure import profile as run

    found = run(
        inputs,
        frame[target[0]] if len(target) == 1 else frame[target],
        task=kind,
        random_state=seed,
    )
    if as_json:
        say(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    say(
        f"{table.name}: {found.rows:,} different rows, {found.rows_used:,} used, "
        f"{found.columns} encoded columns"
    )
    say_table(("detector", "value", "95 % interval", "verdict"), list(found.cells()))
    for finding in found.measured:
        say(f"{finding.detector}: {finding.sentence}")
    if found.omitted:
        say(f"{found.omitted[0].upper()}{found.omitted[1:]}.")
