"""motifnet compress: a model in, a small model out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motifnet.cli._columns import check_names
from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Decimal, Force, Missing, Model, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._reading import read_by, reading_of
from motifnet.cli._text import say, say_ledger


@guarded
def compress(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MODEL", help="Where the small model goes, such as small.motif.")],
    table: Annotated[
        Path | None,
        typer.Argument(metavar="[TABLE]", help="Rows to distil on, with the columns of the fit. Default: those in the model.", show_default=False),
    ] = None,
    max_units: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="At most so many kernel units. Default: the knee.", show_default=False)
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="The fewest units whose error is at most this share above the full one's: 0.02.", show_default=False),
    ] = None,
    decimal: Decimal = None,
    missing: Missing = None,
    seed: Annotated[int, typer.Option(min=0, help="Of splits and batches. The same seed gives the same model.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Replace the network of a model by a small, fast one that holds no row of the table.

    The full network is distilled into a few kernel units whose centres are trained points. A fit keeps its rows as centres, so no table is
    needed; one that is given takes their place.

    [bold]motifnet compress houses.motif --max-units 256 --out small.motif[/bold]

    [bold]motifnet compress houses.motif houses.csv --tolerance 0.02 --out small.motif[/bold]
    """
    from motifnet import load
    from motifnet.tables import read_table

    check_place(out, force=force)
    full = load(model)
    full.model_ = read_by(full.model_, reading_of(decimal, missing, full.model_.schema.reading))
    rows, names = None, list(full.model_.schema.names)
    if table is not None:
        frame = read_table(table, schema=full.model_.schema)
        check_names(frame, names, "The fitted column")
        rows = frame[names]
    small = full.compress(rows, max_units=max_units, tolerance=tolerance, random_state=seed)
    small.save(out)
    if not quiet:
        say_ledger(small.ledger_[len(full.ledger_) :])
        say(f"{out}: {out.stat().st_size:,} bytes in place of {model.stat().st_size:,}")
