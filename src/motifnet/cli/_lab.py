"""motifnet lab: the theory's experiments as figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Force, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._text import note, say
from motifnet.engine import FileError

if TYPE_CHECKING:
    from motifnet.lab import Facts


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

    The page is written after each figure: Ctrl-C leaves one of those that are done.

    [bold]motifnet lab all --quick --out lab[/bold]
    """
    from motifnet.lab import FIGURES, figures, write_page

    chosen = figures(figure)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{out} cannot be made: {error.strerror or error}. Give a folder by --out that can be written to.") from None
    check_place(out / "lab.html", force=force)
    facts: list[Facts] = []
    try:
        for number, (name, run) in enumerate(chosen.items(), start=1):
            if not quiet and len(chosen) > 1:
                say(f"{name}: figure {number} of {len(chosen)} …")
            facts.append(_figure(name, run, quick, out, quiet))
            page = write_page(out, FIGURES)
    except KeyboardInterrupt:
        if facts:
            note("note", f"{out / 'lab.html'} holds the {len(facts)} of {len(chosen)} figures that are done")
        raise
    if not quiet:
        say(page)


def _figure(name: str, run: Callable[[bool, Path], Facts], quick: bool, out: Path, quiet: bool) -> Facts:
    """One figure, its facts as a file, and what is to be said of its comparisons."""
    from motifnet.engine import single_threaded

    start = time.monotonic()
    with single_threaded():
        facts = run(quick, out)
    facts.write(out)
    met = sum(check.passed for check in facts.checks)
    if not quiet:
        say(f"{name}: {met} of {len(facts.checks)} comparisons with theory met, {time.monotonic() - start:.0f} s")
    for check in facts.checks:
        if not check.passed:
            note("warning", f"{name}: {check.sentence}")
    return facts
