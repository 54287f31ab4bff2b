"""motifnet report: a model, and perhaps a table, in; one page about it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motifnet.cli._columns import check_names
from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Decimal, Force, Missing, Model, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._reading import class_strings, read_by, reading_of
from motifnet.cli._text import note, say

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.report import Report


@guarded
def report(
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="HTML, Markdown or JSON by the suffix: .html, .md, .json. Default: text on the terminal."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="TABLE", help="Rows that the fit has not seen, with the target if it is known. Default: what the model itself carries."),
    ] = None,
    decimal: Decimal = None,
    missing: Missing = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what a model is worth, what its network is, what its columns do, and where it errs.

    A saved model keeps no targets: errors by group, calibration and coverage need --data with the target, in rows that the fit has not seen.

    [bold]motifnet report houses.motif --data new.csv --out report.html[/bold]

    [bold]motifnet report houses.motif[/bold]
    """
    from motifnet import load
    from motifnet.report import suffix_of

    if out is not None:
        suffix_of(out)
        check_place(out, force=force)
    fitted = load(model)
    fitted.model_ = read_by(fitted.model_, reading_of(decimal, missing, fitted.model_.schema.reading))
    found = fitted.report() if data is None else _with_data(fitted, data, quiet)
    if out is None:
        say(found)
        return
    found.write(out, overwrite=force)
    if not quiet:
        say(f"{out}: {out.stat().st_size:,} bytes")


def _with_data(fitted: MotifRegressor | MotifClassifier, path: Path, quiet: bool) -> Report:
    from motifnet.tables import read_table

    model = fitted.model_
    frame = read_table(path, schema=model.schema, texts=class_strings(model))
    names, targets = list(model.schema.names), list(model.targets)
    check_names(frame, names, "The fitted column")
    missing = [name for name in targets if name not in frame.columns]
    if missing:
        if not quiet:
            note("note", f"{path} has no column {missing[0]!r}, the target: errors, calibration and coverage are left out.")
        return fitted.report(X=frame[names])
    there: DataFrame = frame[frame[targets].notna().all(axis=1)]
    return fitted.report(X=there[names], y=there[targets[0]] if len(targets) == 1 else there[targets])
