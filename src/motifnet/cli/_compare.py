"""motifnet compare: the same rows to motifnet and to what else is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from motifnet.cli._columns import check_names, said_task, with_target
from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Decimal, Force, Jobs, Missing, Quiet
from motifnet.cli._places import check_place
from motifnet.cli._reading import reading_of
from motifnet.cli._text import note, say, say_table
from motifnet.engine import FileError, UsageError, printable

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet.compare import Listen, Result

NAMES = (
    "fast, balanced, best, lightgbm, catboost, xgboost, forest, svm, mlp, realmlp, tabm, xrfm, catboost-bagged, realmlp-bagged, stack, "
    "lightgbm-tuned, catboost-tuned, autogluon-medium, autogluon-best-60, autogluon-best"
)
FILES = ("comparison.csv", "comparison.md", "comparison.svg")


@guarded
def compare(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, TSV or parquet with a header; - is standard input.", show_default=False)],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.")],
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            "-m",
            metavar="NAMES",
            help=f"Of {NAMES}. Default: balanced and what is installed of lightgbm to xrfm.",
            show_default=False,
        ),
    ] = None,
    splits: Annotated[int, typer.Option(min=1, help="Random splits; a fifth of the rows is for the test.")] = 3,
    cap: Annotated[int, typer.Option(min=10, metavar="ROWS", help="Most training rows.")] = 10_000,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help=f"Folder for {', '.join(FILES)}; made if need be.", show_default=False)
    ] = None,
    task: Annotated[
        Literal["auto", "regression", "classification"],
        typer.Option(help="auto: texts, true/false and up to ten different whole numbers are classes."),
    ] = "auto",
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", help="For one fit; a method that needs more is ended.")] = 600.0,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column to leave out, such as a row number. May be given more than once.")
    ] = None,
    decimal: Decimal = None,
    missing: Missing = None,
    seed: Annotated[int, typer.Option(min=0, help="Of splits and methods.")] = 0,
    jobs: Jobs = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare motifnet with other methods on a table.

    Every method is fitted to the same random splits at its usual settings, in a process of its own with the same number of threads (--jobs), and
    judged on the test rows. Ctrl-C ends the comparison and reports what is done.

    [bold]motifnet compare houses.csv --target price[/bold]

    [bold]motifnet compare houses.csv -t price -m fast,balanced,lightgbm,catboost --splits 5 --out comparison[/bold]
    """
    from motifnet.compare import compare as run
    from motifnet.compare import default_methods, find_methods, not_installed
    from motifnet.engine import resolve_jobs
    from motifnet.tables import read_table

    names = default_methods() if methods is None else [name.strip() for name in methods.split(",")]
    find_methods(names)
    if out:
        _check_folder(out, force)
    labels = [target] if task == "classification" else []
    frame = _checked(read_table(table, reading=reading_of(decimal, missing), labels=labels), target, drop or [])
    if task == "auto":
        task = said_task(frame[target], quiet)
    if methods is None and not quiet:
        for line in not_installed():
            note("note", f"not installed, so left out: {line}")
    threads = resolve_jobs(jobs)
    with _progress(len(names) * splits, quiet) as listen:
        rows = run(frame, target, task=task, methods=names, splits=splits, cap=cap, threads=threads, seed=seed, limit=time_limit, listen=listen)
    _tell(rows, quiet)
    if out:
        _write(rows, out, printable(f"{target} of {table.name}").replace("\n", " "), quiet)


def _check_folder(out: Path, force: bool) -> None:
    """Refuse a folder whose files could not, or should not, be written."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file. Give a folder for {', '.join(FILES)}.")
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"{out} cannot be made: {error.strerror or error}. Give a folder by --out whose parent exists and is writable.") from None
    for name in FILES:
        check_place(out / name, force=force)


def _checked(frame: DataFrame, target: str, drop: list[str]) -> DataFrame:
    check_names(frame, [target], "--target")
    check_names(frame, drop, "--drop")
    return with_target(frame, [target]).drop(columns=[name for name in drop if name != target])


@contextmanager
def _progress(fits: int, quiet: bool) -> Iterator[Listen]:
    """A line a fit on the terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda method, split, result: None
        return
    from rich.console import Console

    from motifnet.compare import METHODS

    console, done = Console(stderr=True, highlight=False), 0
    with console.status("reading the table") as status:

        def listen(method: str, split: int, result: Result | None) -> None:
            nonlocal done
            label = METHODS[method].label
            if result is None:
                status.update(f"{label}, split {split + 1}; {done} of {fits} fits are done (Ctrl-C reports these)")
                return
            done += 1
            error = result.nrmse if result.log_loss != result.log_loss else result.log_loss
            text = f"error {error:.4f}   {result.fit_seconds:8.2f} s" if result.finished else result.status
            console.print(f"split {split + 1}   {label:<20} {text}", markup=False, no_wrap=True, overflow="ellipsis")

        yield listen


def _tell(rows: DataFrame, quiet: bool) -> None:
    from motifnet.compare import cells, summary, unfinished

    if not quiet:
        head, *body = cells(summary(rows).drop(columns=["predict s", "peak MB"]))  # what 80 characters hold
        say_table(tuple(head), [tuple(line) for line in body], right=tuple(range(1, len(head))))
    for line in unfinished(rows):
        note("warning", line)


def _write(rows: DataFrame, out: Path, title: str, quiet: bool) -> None:
    from motifnet.bundle import atomic_file
    from motifnet.compare import picture, report

    table, text, image = (out / name for name in FILES)
    with atomic_file(table) as temporary:
        rows.to_csv(temporary, index=False)
    with atomic_file(text) as temporary:
        temporary.write_text(f"{report(rows, title)}\n![errors of each method]({image.name})\n", encoding="utf-8")
    with atomic_file(image) as temporary:
        picture(rows, temporary, title)
    if not quiet:
        say(f"{out}: {', '.join(FILES)}")
