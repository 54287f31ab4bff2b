"""motifnet report and motifnet show: the description of a model.

`report` writes one page about a model, and perhaps a table; `show` prints the content of its file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motifnet.cli._console import guarded, note, say, say_ledger, say_table
from motifnet.cli._input import (
    check_model,
    check_names,
    check_table,
    class_strings,
    read_by,
    reading_of,
)
from motifnet.cli._options import Debug, Decimal, Force, Missing, Model, Quiet, Thousands
from motifnet.cli._output import check_page

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.model.report import Report


@guarded
def report(
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="HTML, Markdown or JSON by the suffix: .html, .md, .json. Default: text on the "
            "terminal.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Held-out rows, with the target if it is known. Default: what the model itself "
            "carries.",
        ),
    ] = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Report the error of a model, its network, the effect of its columns, and where it errs.

    A saved model keeps no targets: errors by group, calibration and coverage need --data with the
    target, in held-out rows.

    [bold]motifnet report houses.motif --data new.csv --out report.html[/bold]

    [bold]motifnet report houses.motif[/bold]
    """
    check_model(model)
    check_table(data)
    check_page(out, force=force)

    from motifnet import load

    fitted = load(model)
    fitted.model_ = read_by(
        fitted.model_, reading_of(decimal, thousands, missing, fitted.model_.schema.reading)
    )
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
    frame = read_table(path, schema=model.schema, as_strings=class_strings(model))
    names, targets = list(model.schema.names), list(model.targets)
    check_names(frame, names, "The fitted column")
    missing = [name for name in targets if name not in frame.columns]
    if missing:
        if not quiet:
            note(
                "note",
                f"{path} has no column {missing[0]!r}, the target: errors, calibration "
                "and coverage are left out.",
            )
        return fitted.report(X=frame[names])
    there: DataFrame = frame[frame[targets].notna().all(axis=1)]
    return fitted.report(
        X=there[names], y=there[targets[0]] if len(targets) == 1 else there[targets]
    )


@guarded
def show(model: Model, debug: Debug = False) -> None:
    """Describe a model: columns, stages of the fit, architecture, exactness, privacy.

    [bold]motifnet show houses.motif[/bold]
    """
    check_model(model)

    from motifnet.model import load_model
    from motifnet.model.report import inputs, privacy, summary

    fitted = load_model(model)
    say(model.name, style="bold")
    say(summary(fitted))
    _title(f"Stages of the fit ({fitted.error_unit})")
    say_ledger(fitted.ledger)
    _title("Network")
    say(fitted.card)
    _title("Network against the model that it was computed from")
    say(fitted.certificate)
    _title("Columns")
    say_table(("name", "kind", "encoded as"), list(inputs(fitted)))
    _title("Privacy")
    say(privacy(fitted))


def _title(text: str) -> None:
    say()
    say(text, style="bold")
