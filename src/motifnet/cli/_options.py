"""Options as annotated types: those that several commands share, then those of `motifnet fit`.

Options of one other command stand in its own file.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

# None is no default that help should show
option: Any = partial(typer.Option, show_default=False)
argument: Any = partial(typer.Argument, show_default=False)

Model = Annotated[
    Path,
    argument(metavar="MODEL", help="A file that `motifnet fit` wrote."),
]
Table = Annotated[
    Path,
    argument(metavar="TABLE", help="CSV, TSV or parquet with a header; - is standard input."),
]
Targets = Annotated[
    list[str],
    typer.Option(
        "--target",
        "-t",
        metavar="COLUMN",
        help="The column to predict; several for several numbers at once.",
    ),
]
TaskName = Annotated[
    Literal["auto", "regression", "classification"],
    typer.Option(
        help="auto: strings, true/false and up to ten different whole numbers are classes."
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="A column to leave out, such as a row number. May be given more than once.",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", "-f", help="Replace the output file if there is one.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Print the stages of the fit and their errors as well."),
]
Jobs = Annotated[
    int | None,
    option(
        "--jobs", "-j", help="Parallel jobs; the result does not depend on it. Default: one a core."
    ),
]
TimeLimit = Annotated[
    float | None,
    option(metavar="SECONDS", help="After this the best model so far is taken."),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="ENGINE",
        help="Where jobs run: local, ray, or a cluster's address, ray://host:port.",
    ),
]
Checkpoint = Annotated[
    Path | None,
    option(
        metavar="FOLDER",
        help="Finished jobs are kept here; the same command goes on where it was interrupted.",
    ),
]
Decimal = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTER",
        help="Decimal character of the table's numbers: . or ,  Default: that of the fit, or a "
        "point.",
    ),
]
Thousands = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTER",
        help="What separates thousands in the table's numbers: . or , or ' or a space.  Default: "
        "that of the fit, or nothing.",
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="A string that means a missing value, as an empty cell does. May be given more than "
        "once. A model keeps it.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the Python traceback of an error.")]
Out = Annotated[
    Path | None,
    option(
        "--out",
        "-o",
        metavar="MODEL",
        help="Where the model goes. Default: houses.motif in this folder for houses.csv.",
    ),
]
ReportFile = Annotated[
    Path | None,
    option(metavar="FILE", help="A page about the model: .html, .md or .json."),
]
Preset = Annotated[
    Literal["fast", "balanced", "best"],
    typer.Option(help="How much is tried: seconds, tens of seconds, or minutes."),
]
ObjectiveName = Annotated[
    Literal["squared", "supnorm", "absolute", "pinball", "poisson", "gamma"],
    typer.Option(
        help="Of a regression: the mean; the median; quantiles; the mean of counts, or "
        "of positive amounts, by a log link."
    ),
]
Teacher = Annotated[
    str | None,
    option(
        metavar="NAME|FILE",
        help="What to transfer and retrain in place of kernel ridge: svr, gp, ridge, forest and "
        "the like, or a model that skops has written.",
    ),
]
Size = Annotated[
    Literal["compact", "full", "small"],
    typer.Option(help="One network of all rows, averages of those of all folds, or few centres."),
]
MaxParameters = Annotated[int | None, option(metavar="NUMBER", help="A budget for the network.")]
Quantiles = Annotated[
    str, typer.Option(metavar="LEVELS", help="The levels of pinball, with commas between.")
]
Offset = Annotated[
    str | None,
    option(
        metavar="COLUMN",
        help="The log of each row's exposure, for poisson and gamma; not an input.",
    ),
]
Increasing = Annotated[
    list[str] | None,
    option(
        "--increasing",
        metavar="COLUMN",
        help="Predictions never fall where this column of numbers rises, at any input. May be "
        "given more than once.",
    ),
]
Decreasing = Annotated[
    list[str] | None,
    option(
        "--decreasing",
        metavar="COLUMN",
        help="Predictions never rise where this column of numbers rises.",
    ),
]
Groups = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows of a group (a patient, a site) are never split "
        "between fitting and scoring; not an input.",
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Dates or numbers: every score looks forward only; not an input."
    ),
]
Weight = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Weights of the rows, at least 0; not an input."),
]
Stream = Annotated[
    bool | None,
    option(
        "--stream/--no-stream",
        help="Read the file block by block, whatever its size. Default: where it is large.",
    ),
]
Landmarks = Annotated[int, typer.Option(min=1, help="Of a stream: number of kernel units.")]
MemoryLimit = Annotated[
    float | None,
    option(metavar="MB", help="Of a stream: what it may hold. Default: what is free."),
]
Seed = Annotated[
    int, typer.Option(min=0, help="Of folds and batches. The same seed gives the same model.")
]
