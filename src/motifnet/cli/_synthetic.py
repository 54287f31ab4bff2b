"""motifnet check-synthetic: fidelity, utility and privacy of a synthetic table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motifnet.cli._console import guarded, say, say_table
from motifnet.cli._input import check_names, check_table, reading_of
from motifnet.cli._options import Debug, Decimal, Drop, Force, Missing, Quiet, TaskName, Thousands
from motifnet.cli._output import check_page

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet.tables import Reading, Schema

Real = Annotated[
    Path,
    typer.Argument(
        metavar="REAL",
        help="The table that the generator was fitted to: CSV, TSV or parquet with a header.",
        show_default=False,
    ),
]
Synthetic = Annotated[
    Path,
    typer.Argument(
        metavar="SYNTHETIC",
        help="The synthetic table, with the same columns in any order.",
        show_default=False,
    ),
]
Holdout = Annotated[
    Path | None,
    typer.Option(
        metavar="TABLE",
        help="Real rows that the generator has not seen. Default: a random third of REAL.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="COLUMN",
        help="The column that models predict. Without it, utility is not measured.",
        show_default=False,
    ),
]
Page = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="HTML page or JSON by the suffix: .html, .json.",
        show_default=False,
    ),
]
MaxRows = Annotated[
    int, typer.Option(min=100, help="Random rows of each table, at most, in the long parts.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of splits, subsamples and permutations.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


@guarded
def check_synthetic(
    real: Real,
    synthetic: Synthetic,
    holdout: Holdout = None,
    target: Target = None,
    task: TaskName = "auto",
    drop: Drop = None,
    out: Page = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    max_rows: MaxRows = 2_000,
    seed: Seed = 0,
    as_json: AsJson = False,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Check a synthetic table: its law, models of it, and copies of real rows.

    Fidelity: which columns differ from the real ones, and do all together. Utility: do models of
    synthetic rows predict held-out real rows. Privacy: are rows copies of real ones, more often
    than chance brings. The exit code is 0 whatever is found; --json has "passed".

    [bold]motifnet check-synthetic real.csv synthetic.csv --target price --out page.html[/bold]
    """
    check_table(real, synthetic, holdout)
    check_page(out, force=force, known=(".html", ".json"))
    first = _read(real, reading_of(decimal, thousands, missing), None, drop)
    check_names(first, [] if target is None else [target], "--target")
    schema = _schema(first)
    second = _read(synthetic, reading_of(decimal, thousands, missing), schema, drop)
    third = (
        None
        if holdout is None
        else _read(holdout, reading_of(decimal, thousands, missing), schema, drop)
    )

    from motifnet.synthetic import check_synthetic as run

    report = run(first, second, third, target, task=task, max_rows=max_rows, random_state=seed)
    if out is not None:
        report.write(out, overwrite=force)
    if as_json:
        say(report.json().rstrip())
    elif not quiet:
        cells = report.fidelity.cells()[:20]
        say_table(("column", "", "real", "synthetic", "distance", "p"), list(cells), right=(4, 5))
        say(report)


def _schema(frame: DataFrame) -> Schema:
    from motifnet.tables import as_table

    return as_table(frame).schema


def _read(path: Path, reading: Reading, schema: Schema | None, drop: list[str] | None) -> DataFrame:
    """The table of a file without dropped columns. Strings of the real table stay strings."""
    from motifnet.tables import read_table

    frame = read_table(path, schema=schema, reading=reading)
    check_names(frame, drop or [], "--drop")
    return frame.drop(columns=drop or [])
