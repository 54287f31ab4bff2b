"""motifnet compare: motifnet and the other installed methods on the same rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motifnet.cli._console import guarded, note, say, say_table
from motifnet.cli._input import check_names, check_table, reading_of, said_task, with_target
from motifnet.cli._options import (
    Debug,
    Decimal,
    Drop,
    Force,
    Jobs,
    Missing,
    Quiet,
    Table,
    TaskName,
    Thousands,
    option,
)
from motifnet.cli._output import check_place
from motifnet.engine import FileError, UsageError, printable

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet.compare import Listen, Result

NAMES = (
    "fast, balanced, best, lightgbm, catboost, xgboost, forest, svm, mlp, realmlp, tabm, xrfm, "
    "catboost-bagged, realmlp-bagged, stack, "
    "lightgbm-tuned, catboost-tuned, autogluon-medium, autogluon-best-60, autogluon-best"
)
FILES = ("comparison.csv", "comparison.md", "comparison.svg")
Target = Annotated[
    str, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.")
]
Methods = Annotated[
    str | None,
    option(
        "--methods",
        "-m",
        metavar="NAMES",
        help=f"Of {NAMES}. Default: balanced and the installed ones of lightgbm to xrfm.",
    ),
]
Splits = Annotated[
    int, typer.Option(min=1, help="Random splits; a fifth of the rows is for the test.")
]
Cap = Annotated[int, typer.Option(min=10, metavar="ROWS", help="Largest number of training rows.")]
Folder = Annotated[
    Path | None,
    option(
        "--out",
        "-o",
        metavar="DIR",
        help=f"Folder for {', '.join(FILES)}; created where it is missing.",
    ),
]
FitLimit = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="For one fit; a method that needs more is ended."),
]
Seed = Annotated[int, typer.Option(min=0, help="Of splits and methods.")]


@guarded
def compare(
    table: Table,
    target: Target,
    methods: Methods = None,
    splits: Splits = 3,
    cap: Cap = 10_000,
    out: Folder = None,
    task: TaskName = "auto",
    time_limit: FitLimit = 600.0,
    drop: Drop = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    seed: Seed = 0,
    jobs: Jobs = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare motifnet with other methods on a table.

    Every method is fitted to the same random splits at its usual settings, in a process of its own
    with the same number of threads (--jobs), and scored on the test rows. Ctrl-C ends the
    comparison and reports the finished fits.

    [bold]motifnet compare houses.csv --target price[/bold]

    [bold]motifnet compare houses.csv -t price -m balanced,lightgbm --splits 5 -o comparison[/bold]
    """
    check_table(table)

    from motifnet.compare import compare as run
    from motifnet.compare import default_methods, find_methods, not_installed
    from motifnet.engine import resolve_jobs
    from motifnet.tables import read_table

    names = default_methods() if methods is None else [name.strip() for name in methods.split(",")]
    find_methods(names)
    if out:
        _check_folder(out, force)
    labels = [target] if task == "classification" else []
    raw = read_table(table, reading=reading_of(decimal, thousands, missing), labels=labels)
    frame = _checked(raw, target, drop or [])
    kind = said_task(frame[target], quiet) if task == "auto" else task
    for line in not_installed() if methods is None and not quiet else ():
        note("note", f"not installed, so left out: {line}")
    with _progress(len(names) * splits, quiet) as listen:
        rows = run(
            frame,
            target,
            task=kind,
            methods=names,
            splits=splits,
            cap=cap,
            threads=resolve_jobs(jobs),
            seed=seed,
            limit=time_limit,
            listen=listen,
        )
    _print_summary(rows, quiet)
    if out:
        _write(rows, out, printable(f"{target} of {table.name}").replace("\n", " "), quiet)


def _check_folder(out: Path, force: bool) -> None:
    """Refuse a folder whose files cannot, or must not, be written."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file. Give a folder for {', '.join(FILES)}.")
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{out} cannot be made: {error.strerror or error}. Give a folder by --out "
            "whose parent exists and is writable."
        ) from None
    for name in FILES:
        check_place(out / name, force=force)


def _checked(frame: DataFrame, target: str, drop: list[str]) -> DataFrame:
    """The rows with a target, without the dropped columns; refuse names that are not columns."""
    check_names(frame, [target], "--target")
    check_names(frame, drop, "--drop")
    return with_target(frame, [target]).drop(columns=[name for name in drop if name != target])


@contextmanager
def _progress(fits: int, quiet: bool) -> Iterator[Listen]:
    """One line for each fit on the terminal."""
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
                status.update(
                    f"{label}, split {split + 1}; {done} of {fits} fits are done "
                    "(Ctrl-C reports these)"
                )
                return
            done += 1
            error = result.nrmse if result.log_loss != result.log_loss else result.log_loss
            text = (
                f"error {error:.4f}   {result.fit_seconds:8.2f} s"
                if result.finished
                else result.status
            )
            console.print(
                f"split {split + 1}   {label:<20} {text}",
                markup=False,
                no_wrap=True,
                overflow="ellipsis",
            )

        yield listen


def _print_summary(rows: DataFrame, quiet: bool) -> None:
    from motifnet.compare import cells, summary, unfinished

    if not quiet:
        # the columns that fit into 80 characters
        head, *body = cells(summary(rows).drop(columns=["predict s", "peak MB"]))
        say_table(tuple(head), [tuple(line) for line in body], right=tuple(range(1, len(head))))
    for line in unfinished(rows):
        note("warning", line)


def _write(rows: DataFrame, out: Path, title: str, quiet: bool) -> None:
    from motifnet.compare import picture, report
    from motifnet.engine import atomic_file

    table, text, image = (out / name for name in FILES)
    with atomic_file(table) as temporary:
        rows.to_csv(temporary, index=False)
    with atomic_file(text) as temporary:
        temporary.write_text(
            f"{report(rows, title)}\n![errors of each method]({image.name})\n", encoding="utf-8"
        )
    with atomic_file(image) as temporary:
        picture(rows, temporary, title)
    if not quiet:
        say(f"{out}: {', '.join(FILES)}")
