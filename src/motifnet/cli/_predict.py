"""motifnet predict and motifnet check: a model on the rows of a new table.

`predict` writes the predictions; `check` tests whether the rows are like those of the fit.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from motifnet.cli._console import guarded, note, say, say_table
from motifnet.cli._input import check_model, check_names, check_table, read_by, reading_of
from motifnet.cli._options import Debug, Decimal, Force, Jobs, Missing, Model, Quiet, Thousands
from motifnet.cli._output import check_format, check_place, write_table
from motifnet.engine import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from motifnet.model import FittedModel
    from motifnet.tables import Table

Rows = Annotated[
    Path,
    typer.Argument(
        metavar="TABLE",
        help="CSV, TSV or parquet with the columns of the fit, in any order; - is standard input.",
    ),
]
OutFile = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="CSV, TSV or parquet by the suffix; - is standard output.",
    ),
]
CopiedColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="A column to copy to the output. May be given more than once.",
    ),
]
Offset = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="The log of each row's exposure; without it, predictions are for an exposure of 1.",
    ),
]
Coverage = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Add an interval that holds this share of observations, such as 0.9; for classes, "
        "which are possible.",
    ),
]
WithDistribution = Annotated[
    bool,
    typer.Option(
        "--distribution",
        help="Add the mean, the standard deviation and nine quantiles of the predictive "
        "distribution.",
    ),
]
Cdf = Annotated[
    list[float] | None,
    typer.Option(
        metavar="VALUE",
        help="Add the probability that the observation is at most VALUE. May be given more than "
        "once.",
    ),
]
EscapeFormulas = Annotated[
    bool,
    typer.Option(
        "--escape-formulas",
        help="Put ' before strings that a spreadsheet would run as a formula (those that start "
        "with = + - @).",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Of subsamples and permutations.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


@guarded
def predict(
    model: Model,
    table: Rows,
    out: OutFile = Path("-"),
    id: CopiedColumns = None,
    offset: Offset = None,
    coverage: Coverage = None,
    distribution: WithDistribution = False,
    cdf: Cdf = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    escape_formulas: EscapeFormulas = False,
    jobs: Jobs = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Predict every row of a table.

    Columns are found by name; others are ignored with a warning. The output has one line a row, in
    the order of the table: predicted_NAME, one for each quantile, and for classes the probability
    of each. With --coverage also lower_NAME and upper_NAME, or possible_CLASS, true or false, for
    each class. With --distribution also mean_NAME, sd_NAME and q0.01_NAME to q0.99_NAME, with
    --cdf 30 also cdf_30_NAME, the probability of 30 or less.

    [bold]motifnet predict houses.motif new.csv --out prices.csv --id house[/bold]

    [bold]motifnet predict houses.motif new.parquet --coverage 0.9 | head[/bold]
    """
    check_model(model)
    check_table(table)
    if str(out) != "-":
        check_format(out)
        check_place(out, force=force)

    from motifnet.engine import resolve_jobs
    from motifnet.model import load_model
    from motifnet.tables import as_table, read_table
    from motifnet.uncertainty import warn_of_strangers

    ids = id or []
    fitted = load_model(model)
    fitted = read_by(fitted, reading_of(decimal, thousands, missing, fitted.schema.reading))
    frame = read_table(table, schema=fitted.schema, as_strings=ids)  # an id of 007 stays 007
    check_names(frame, ids, "--id")
    exposed = _offset(fitted, frame, offset)
    known = (*ids, *fitted.targets, offset)
    inputs = _inputs(fitted, frame, known)
    rows = as_table(inputs, schema=fitted.schema, reorder=True)
    warn_of_strangers(fitted.reference, fitted.encoder, rows)
    bounds = {} if coverage is None else _bounds(fitted, rows, coverage, resolve_jobs(jobs))
    if distribution or cdf:
        bounds |= _laws(fitted, rows, distribution, cdf or [], resolve_jobs(jobs))
    values = fitted.predict(rows, resolve_jobs(jobs), exposed)
    write_table(_columns(fitted, frame, ids, values, bounds), out, escape_formulas=escape_formulas)
    if str(out) != "-" and not quiet:
        note("note", f"{out}: {len(frame):,} predictions")


def _inputs(model: FittedModel, frame: DataFrame, known: Collection[str | None]) -> DataFrame:
    """The columns of the fit, and those that are unknown."""
    names = model.schema.names
    return frame[[name for name in frame.columns if name in names or name not in known]]


def _offset(model: FittedModel, frame: DataFrame, name: str | None) -> NDArray[np.float64] | None:
    """The offsets in the column of that name; warn where the fit had offsets and there are none."""
    from motifnet.tables import as_offset

    if name is None:
        if model.takes_offset:
            note(
                "warning",
                "the model was fitted with exposures; without --offset, predictions "
                "are for an exposure of 1.",
            )
        return None
    if not model.log_link:
        raise UsageError("--offset is for a model of objective poisson or gamma. Leave it out.")
    check_names(frame, [name], "--offset")
    return as_offset(frame[name], len(frame))


def _bounds(model: FittedModel, rows: Table, coverage: float, jobs: int) -> dict[str, NDArray[Any]]:
    """Columns with the ends of intervals, or with the possible classes."""
    from motifnet.uncertainty import as_levels

    levels = as_levels(coverage)[0]
    if model.classes is not None:
        possible = model.predict_set(rows, levels, n_jobs=jobs)[:, 0]
        return {f"possible_{name}": possible[:, j] for j, name in enumerate(model.classes)}
    ends = model.predict_interval(rows, levels, n_jobs=jobs)[:, :, 0]
    return {
        f"{side}_{name}": ends[:, j, i]
        for j, name in enumerate(model.targets)
        for i, side in enumerate(("lower", "upper"))
    }


def _laws(
    model: FittedModel, rows: Table, described: bool, points: list[float], jobs: int
) -> dict[str, NDArray[Any]]:
    """Columns that describe the predictive distribution, and its probabilities."""
    from motifnet.model import distribution_of

    if model.classes is not None:
        raise UsageError(
            "--distribution and --cdf are for numbers. The probability of each class is in the "
            "output anyway: leave them out."
        )
    found = distribution_of(model, rows, jobs)
    columns: dict[str, Any] = {}
    for name in model.targets:
        one = found[name]
        if described:
            frame = one.to_frame()
            columns |= {f"{column}_{name}": frame[column].to_numpy() for column in frame}
        columns |= {f"cdf_{point:g}_{name}": one.cdf(point) for point in points}
    return columns


def _columns(
    model: FittedModel,
    frame: DataFrame,
    ids: list[str],
    values: NDArray[np.float64],
    bounds: dict[str, NDArray[Any]],
) -> DataFrame:
    """The output: copied columns, predictions, probabilities, bounds."""
    import pandas as pd

    if model.classes is None:
        found = {f"predicted_{name}": values[:, j] for j, name in enumerate(model.columns)}
    else:
        classes = np.array(model.classes, dtype=object)
        found = {
            f"predicted_{model.targets[0]}": pd.Series(classes[values.argmax(1)]).infer_objects()
        }
        found |= {f"probability_{name}": values[:, j] for j, name in enumerate(model.classes)}
    found |= bounds
    twice = [name for name in ids if name in found]
    if twice:
        raise UsageError(
            f"--id {twice[0]!r} is also the name of a predicted column. Rename the "
            "column in the table."
        )
    return pd.DataFrame({**{name: frame[name] for name in ids}, **found})


@guarded
def check(
    model: Model,
    table: Rows,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    seed: Seed = 0,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say whether new rows are like those of the fit, and what error to expect on them.

    Each column is tested by itself, values and missing values, and all columns together. Where the
    table has the target of a regression, its values are compared with their predictive
    distributions. p-values are corrected for the number of tests. The exit code is 0 whether they
    differ or not; --json has "shifted".

    [bold]motifnet check houses.motif new.csv[/bold]

    [bold]motifnet check houses.motif new.csv --json[/bold]
    """
    check_model(model)
    check_table(table)

    from motifnet.model import load_model
    from motifnet.tables import as_table, read_table

    fitted = load_model(model)
    fitted = read_by(fitted, reading_of(decimal, thousands, missing, fitted.schema.reading))
    frame = read_table(table, schema=fitted.schema)
    inputs = _inputs(fitted, frame, fitted.targets)
    rows = as_table(inputs, schema=fitted.schema, reorder=True)
    report = fitted.check_shift(rows, seed, _observed(fitted, frame))
    if as_json:
        say(json.dumps(report.to_dict(), indent=2, allow_nan=False))
        return
    say_table(
        ("column", "", "before", "after", "distance", "p"), list(report.cells()), right=(4, 5)
    )
    if report.overall is not None:
        say(f"all columns together: p = {report.overall:.2g}")
    say(report.verdict)


def _observed(model: FittedModel, frame: DataFrame) -> NDArray[np.float64] | None:
    """The targets in a table, NaN where they are missing; None where there are none to compare."""
    from motifnet.tables import as_target
    from motifnet.uncertainty import Intervals

    names = list(model.targets)
    if not isinstance(model.conformal, Intervals) or not set(names) <= set(frame.columns):
        return None
    there = frame[names].notna().all(axis=1).to_numpy()
    found = np.full((len(frame), len(names)), np.nan)
    if there.any():
        found[there] = as_target(frame.loc[there, names], int(there.sum()), "regression").values
    return found
