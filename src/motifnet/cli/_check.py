"""motifnet check: is a new table like the one of the fit?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Decimal, Missing, Model
from motifnet.cli._reading import read_by, reading_of
from motifnet.cli._text import say, say_table


@guarded
def check(
    model: Model,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, TSV or parquet with the columns of the fit, in any order; - is standard input.")
    ],
    decimal: Decimal = None,
    missing: Missing = None,
    seed: Annotated[int, typer.Option(min=0, help="Of subsamples and permutations.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Say whether new rows are like those of the fit, and what error to expect on them.

    Each column is tested by itself, values and gaps, and all together; p-values are corrected for the number of tests.
    The exit code is 0 whether they differ or not; --json has "shifted".

    [bold]motifnet check houses.motif new.csv[/bold]

    [bold]motifnet check houses.motif new.csv --json[/bold]
    """
    from motifnet.bundle import load_model
    from motifnet.tables import as_table, read_table

    fitted = load_model(model)
    fitted = read_by(fitted, reading_of(decimal, missing, fitted.schema.reading))
    frame = read_table(table, schema=fitted.schema)
    inputs = frame[[name for name in frame.columns if name in fitted.schema.names or name not in fitted.targets]]
    report = fitted.check_shift(as_table(inputs, schema=fitted.schema, reorder=True), seed)
    if as_json:
        say(json.dumps(report.to_dict(), indent=2, allow_nan=False))
        return
    say_table(("column", "", "before", "after", "distance", "p"), list(report.cells()), right=(4, 5))
    if report.overall is not None:
        say(f"all columns together: p = {report.overall:.2g}")
    say(report.verdict)
