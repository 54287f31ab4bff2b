"""motifnet mimic: a fitted estimator of another library in, its network as ONNX or Python out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motifnet.cli._columns import check_names
from motifnet.cli._estimator_file import read_estimator
from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Decimal, Force, Missing, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._reading import reading_of
from motifnet.cli._text import say
from motifnet.engine import UsageError

if TYPE_CHECKING:
    from motifnet.tables import Reading


@guarded
def mimic(
    estimator: Annotated[Path, typer.Argument(metavar="ESTIMATOR", help="A fitted estimator, written by skops.", show_default=False)],
    data: Annotated[Path, typer.Option("--data", "-d", metavar="TABLE", help="Rows of the kind that it was fitted on.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the network goes: an .onnx or a .py file.", show_default=False)],
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Read a pickle or joblib file, which can run any code: for files of your own only.")
    ] = False,
    decimal: Decimal = None,
    missing: Missing = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a fitted estimator of scikit-learn, LightGBM, XGBoost or CatBoost as a network, by calculation alone.

    The network gives the estimator's own predictions to rounding; the certificate says what was measured on the rows of the table. ONNX takes
    the columns by name, texts included; a .py file needs numpy alone.

    [bold]motifnet mimic model.skops --data sample.csv --out model.onnx[/bold]
    """
    import motifnet

    if out.suffix not in (".onnx", ".py"):
        raise UsageError(f"--out {out} ends in {out.suffix!r}; a network is written as .onnx or as .py. Choose one of them.")
    check_place(out, force=force)
    fitted = read_estimator(estimator, allow_pickle=allow_pickle)
    rows = _rows(data, fitted, reading_of(decimal, missing))
    network = motifnet.mimic(fitted, rows)
    if out.suffix == ".py":
        network.to_python(out)
    else:
        network.to_onnx(out, X=rows)
    if not quiet:
        say(f"{out}: {out.stat().st_size:,} bytes; {network.certificate}")


def _rows(path: Path, fitted: Any, reading: Reading) -> Any:
    """The columns of the table that the estimator was fitted on: by name where it has names, else all, as a matrix."""
    from motifnet.tables import read_table

    frame = read_table(path, reading=reading)
    if hasattr(fitted, "feature_names_in_"):
        names = [str(name) for name in fitted.feature_names_in_]
        check_names(frame, names, "The fitted column")
        return frame[names]
    return frame.to_numpy()
