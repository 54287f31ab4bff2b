"""motifnet export: a model in, an ONNX file out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Force, Model, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._text import say


@guarded
def export(
    model: Model,
    out: Annotated[Path, typer.Argument(metavar="ONNX", help="Where the ONNX file goes, such as houses.onnx.", show_default=False)],
    dtype: Annotated[Literal["float64", "float32"], typer.Option(help="Type of numbers in and out.")] = "float64",
    coverage: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Give the ends of an interval too, as lower and upper, for this share of observations.")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a model as ONNX, to run without Python.

    The graph takes the columns of the table by name, texts and gaps included. It is run through onnxruntime and compared with the model
    before the file is put in place; a difference above 1e-10 standard deviations (float32: 3e-4) is an error.

    [bold]motifnet export houses.motif houses.onnx[/bold]
    """
    from motifnet.bundle import load_model, to_onnx

    check_place(out, force=force, option="ONNX")
    parity = to_onnx(load_model(model), out, dtype=dtype, coverage=coverage)
    if not quiet:
        difference = f"at most {parity.max_difference:.1e} standard deviations on {parity.rows:,} rows"
        say(f"{out}: {out.stat().st_size:,} bytes; differs from the model by {difference}")
