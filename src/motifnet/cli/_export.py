"""motifnet export, compress and mimic: a model in, its network in another form out.

`export` writes the same function as ONNX or Python. `compress` distils it into a small model.
`mimic` takes a fitted estimator of another library and writes its network as ONNX or Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from motifnet.cli._console import guarded, say, say_ledger
from motifnet.cli._estimator_file import read_estimator
from motifnet.cli._input import check_model, check_names, check_table, read_by, reading_of
from motifnet.cli._options import (
    Debug,
    Decimal,
    Force,
    Missing,
    Model,
    Quiet,
    Thousands,
    argument,
    option,
)
from motifnet.cli._output import beside, check_place
from motifnet.engine import UsageError

if TYPE_CHECKING:
    from motifnet.tables import Reading

OnnxFile = Annotated[
    Path | None,
    argument(
        metavar="[FILE]",
        help="Where the file goes: an ONNX file, or a .py file. Default: houses.onnx in this "
        "folder for houses.motif.",
    ),
]
Dtype = Annotated[Literal["float64", "float32"], typer.Option(help="Type of numbers in and out.")]
Coverage = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Give the ends of an interval too, as lower and upper, for this share of "
        "observations.",
    ),
]
SmallModel = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="MODEL", help="Where the small model goes, such as small.motif."
    ),
]
Rows = Annotated[
    Path | None,
    argument(
        metavar="[TABLE]",
        help="Rows to distil on, with the columns of the fit. Default: those in the model.",
    ),
]
MaxUnits = Annotated[
    int | None,
    option(metavar="NUMBER", help="Largest number of kernel units. Default: the knee."),
]
Tolerance = Annotated[
    float | None,
    option(
        metavar="SHARE",
        help="The fewest units whose error is at most this share above the full one's: 0.02.",
    ),
]
Seed = Annotated[
    int, typer.Option(min=0, help="Of splits and batches. The same seed gives the same model.")
]
EstimatorFile = Annotated[
    Path,
    argument(metavar="ESTIMATOR", help="A fitted estimator, written by skops."),
]
Sample = Annotated[
    Path,
    option("--data", "-d", metavar="TABLE", help="Rows of the kind that it was fitted on."),
]
NetworkFile = Annotated[
    Path,
    option("--out", "-o", metavar="FILE", help="Where the network goes: an .onnx or a .py file."),
]
AllowPickle = Annotated[
    bool,
    typer.Option(
        "--allow-pickle",
        help="Read a pickle or joblib file, which can run any code: for files of your own only.",
    ),
]

ScaleAndLaws = Annotated[
    bool,
    typer.Option(
        "--distribution",
        help="ONNX: give the scale of each row too; the metadata have the law around it. Python: "
        "a function distribution() that gives the law.",
    ),
]


@guarded
def export(
    model: Model,
    out: OnnxFile = None,
    dtype: Dtype = "float64",
    coverage: Coverage = None,
    distribution: ScaleAndLaws = False,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a model as ONNX, to run without Python, or as a Python file that needs only numpy.

    The graph takes the columns of the table by name, strings and missing values included. Before
    the file is written, onnxruntime runs the graph and its output is compared with the model. A
    difference above 1e-10 standard deviations (float32: 3e-4) is an error.

    [bold]motifnet export houses.motif houses.onnx[/bold]
    """
    check_model(model)
    out = out or beside(model, ".onnx", "FILE")
    check_place(out, force=force, option="FILE")
    if out.suffix == ".py" and (dtype != "float64" or coverage is not None):
        raise UsageError("--dtype and --coverage are for ONNX. Leave them out for a .py file.")

    from motifnet.model import load_model, model_to_python, to_onnx

    if out.suffix == ".py":
        model_to_python(load_model(model), out, distribution)
        if not quiet:
            say(f"{out}: {out.stat().st_size:,} bytes")
        return
    fitted = load_model(model)
    parity = to_onnx(fitted, out, dtype=dtype, coverage=coverage, distribution=distribution)
    if not quiet:
        unit = "standard deviations" if fitted.classes is None else "in a probability"
        difference = f"at most {parity.max_difference:.1e} {unit} on {parity.rows:,} rows"
        say(f"{out}: {out.stat().st_size:,} bytes; differs from the model by {difference}")


@guarded
def compress(
    model: Model,
    out: SmallModel,
    table: Rows = None,
    max_units: MaxUnits = None,
    tolerance: Tolerance = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    seed: Seed = 0,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Replace the network of a model by a small, fast one that holds no row of the table.

    The full network is distilled into a few kernel units whose centres are trained points. A fit
    keeps its rows as centres, so no table is needed; a given table replaces them.

    [bold]motifnet compress houses.motif --max-units 256 --out small.motif[/bold]

    [bold]motifnet compress houses.motif houses.csv --tolerance 0.02 --out small.motif[/bold]
    """
    check_model(model)
    check_table(table)
    check_place(out, force=force)

    from motifnet import load
    from motifnet.tables import read_table

    full = load(model)
    full.model_ = read_by(
        full.model_, reading_of(decimal, thousands, missing, full.model_.schema.reading)
    )
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


@guarded
def mimic(
    estimator: EstimatorFile,
    data: Sample,
    out: NetworkFile,
    allow_pickle: AllowPickle = False,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a fitted estimator of scikit-learn, LightGBM, XGBoost or CatBoost as a network, by
    calculation alone.

    The network gives the estimator's own predictions to rounding; the certificate says what was
    measured on the rows of the table. ONNX takes the columns by name, strings included; a .py file
    needs only numpy.

    [bold]motifnet mimic model.skops --data sample.csv --out model.onnx[/bold]
    """
    if out.suffix not in (".onnx", ".py"):
        raise UsageError(
            f"--out {out} ends in {out.suffix!r}; a network is written as .onnx or as .py. "
            "Choose one of them."
        )
    check_table(data)
    check_place(out, force=force)
    fitted = read_estimator(estimator, allow_pickle=allow_pickle)
    rows = _rows(data, fitted, reading_of(decimal, thousands, missing))

    import motifnet

    network = motifnet.mimic(fitted, rows)
    if out.suffix == ".py":
        network.to_python(out)
    else:
        network.to_onnx(out, X=rows)
    if not quiet:
        say(f"{out}: {out.stat().st_size:,} bytes; {network.certificate}")


def _rows(path: Path, fitted: Any, reading: Reading) -> Any:
    """The columns of the table that the estimator was fitted on: by name where it has names, else
    all of them as a matrix.
    """
    from motifnet.tables import read_table

    frame = read_table(path, reading=reading)
    if hasattr(fitted, "feature_names_in_"):
        names = [str(name) for name in fitted.feature_names_in_]
        check_names(frame, names, "The fitted column")
        return frame[names]
    return frame.to_numpy()
