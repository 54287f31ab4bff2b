"""motifnet lab: the theory's experiments as figures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Force, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._text import note, say
from motifnet.engine import FileError


@guarded
def lab(
    figure: Annotated[str, typer.Argument(metavar="FIGURE", help="fig1 to fig8, or all; docs/lab.md lists them.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the figures, their facts as JSON and lab.html.")] = Path("lab"),
    quick: Annotated[bool, typer.Option("--quick", help="Smaller experiments of the same form.")] = False,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run experiments on what theory says of deep networks, and compare with its closed forms.

    [bold]motifnet lab all --quick --out lab[/bold]
    """
    from motifnet.engine import single_threaded
    from motifnet.lab import figures, write_page

    chosen = figures(figure)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{out} cannot be made: {error.strerror or error}. Give a folder by --out that can be written to.") from None
    check_place(out / "lab.html", force=force)
    facts = []
    for number, (name, run) in enumerate(chosen.items(), start=1):
        start = time.monotonic()
        if not quiet and len(chosen) > 1:
            say(f"{name}: figure {number} of {len(chosen)} …")
        with single_threaded():
            fact = run(quick, out)
        fact.write(out)
        facts.append(fact)
        met = sum(check.passed for check in fact.checks)
        if not quiet:
            say(f"{name}: {met} of {len(fact.checks)} comparisons with theory met, {time.monotonic() - start:.0f} s")
        for check in fact.checks:
            if not check.passed:
                theory = f"; theory says {check.expected:.4g}" if check.expected is not None else ""
                note("warning", f"{name}: {check.what} is {check.measured:.4g}{theory}; allowed are {check.low:.4g} to {check.high:.4g}")
    page = write_page(facts, out)
    if not quiet:
        say(page)
