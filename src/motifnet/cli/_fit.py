"""motifnet fit: a table in, a model file out.

A large file, and any file with --stream, is read block by block and not held as a whole.
"""

from __future__ import annotations

import sys
import time as clock
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from motifnet.cli._console import guarded, note, say, say_ledger
from motifnet.cli._input import (
    check_names,
    check_table,
    note_identifiers,
    read_by,
    reading_of,
    said_task,
    with_target,
)
from motifnet.cli._options import (
    Checkpoint,
    Debug,
    Decimal,
    Decreasing,
    Drop,
    Engine,
    Force,
    Groups,
    Increasing,
    Jobs,
    Landmarks,
    MaxParameters,
    MemoryLimit,
    Missing,
    ObjectiveName,
    Offset,
    Out,
    Preset,
    Quantiles,
    Quiet,
    ReportFile,
    Seed,
    Size,
    Stream,
    Table,
    Targets,
    TaskName,
    Teacher,
    Thousands,
    Time,
    TimeLimit,
    Verbose,
    Weight,
)
from motifnet.cli._output import beside, check_page, check_place
from motifnet.engine import Control, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.tables import Reading

LARGE = 100 << 20  # bytes of a file that is streamed by default
STORED = {".parquet": 4, ".pq": 4, ".gz": 4}  # size as text over size as a file, about


@dataclass(frozen=True)
class Columns:
    """The columns that the options name; those with a role are no inputs."""

    targets: list[str]
    dropped: list[str]
    groups: str | None
    time: str | None
    weight: str | None
    offset: str | None
    increasing: list[str]
    decreasing: list[str]

    @property
    def roles(self) -> dict[str, str]:
        """Arguments of `fit` and their columns."""
        named = {
            "groups": self.groups,
            "time": self.time,
            "sample_weight": self.weight,
            "offset": self.offset,
        }
        return {key: name for key, name in named.items() if name}

    @property
    def signs(self) -> dict[str, int] | None:
        """The setting `monotone`, which names a column once."""
        both = sorted({*self.increasing} & {*self.decreasing})
        if both:
            raise UsageError(
                f"{both[0]!r} is named by --increasing and --decreasing. Leave out one of them, or "
                "the column by --drop if it must have no effect."
            )
        return {**dict.fromkeys(self.increasing, 1), **dict.fromkeys(self.decreasing, -1)} or None


HELP = """Fit a model to the table and save it.

Numbers, true/false, strings, dates and empty cells need no preparation. Ctrl-C ends the fit
and saves the best model so far; a second one stops at once.

[bold]motifnet fit houses.csv --target price --out houses.motif[/bold]

[bold]motifnet fit visits.csv -t outcome -o visits.motif --groups patient --drop visit_id[/bold]

[bold]motifnet fit claims.csv -t n -o claims.motif --objective poisson --offset log_years[/bold]

[bold]motifnet fit preise.csv -t preis --decimal , --thousands . --missing k.A.[/bold]

[bold]motifnet fit houses.csv -t price -o houses.motif --teacher svr[/bold]   (or a .skops file)

[bold]motifnet fit rides.parquet -t fare -o rides.motif --stream --memory-limit 2000[/bold]

[bold]zcat sales.csv.gz | motifnet fit - -t sold -o sales.motif --time day --preset fast[/bold]
"""


@guarded
def fit(
    table: Table,
    target: Targets,
    out: Out = None,
    report: ReportFile = None,
    preset: Preset = "balanced",
    task: TaskName = "auto",
    teacher: Teacher = None,
    size: Size = "compact",
    max_parameters: MaxParameters = None,
    objective: ObjectiveName = "squared",
    quantiles: Quantiles = ".1,.5,.9",
    offset: Offset = None,
    time_limit: TimeLimit = None,
    increasing: Increasing = None,
    decreasing: Decreasing = None,
    groups: Groups = None,
    time: Time = None,
    weight: Weight = None,
    drop: Drop = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    missing: Missing = None,
    stream: Stream = None,
    landmarks: Landmarks = 500,
    memory_limit: MemoryLimit = None,
    seed: Seed = 0,
    engine: Engine = "local",
    checkpoint: Checkpoint = None,
    jobs: Jobs = None,
    force: Force = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fit a model to the table and save it."""
    start = clock.monotonic()
    out = _checked_paths(table, teacher, out, report, force)
    reading = reading_of(decimal, thousands, missing)
    signed = (increasing or [], decreasing or [])
    columns = Columns(target, drop or [], groups, time, weight, offset, *signed)
    levels = _levels(quantiles)
    settings: dict[str, Any] = {"preset": preset, "n_jobs": jobs, "random_state": seed}
    settings |= {"engine": engine, "checkpoint": checkpoint}
    whole: dict[str, Any] = {"size": size, "max_parameters": max_parameters}
    whole |= {"monotone": columns.signs, "time_limit_s": time_limit}
    model: MotifRegressor | MotifClassifier
    if is_streamed(table, stream, _without_stream(whole, teacher, objective, columns), quiet):
        settings |= {"verbose": int(not quiet)}
        limits = {"landmarks": landmarks, "memory_limit_mb": memory_limit}
        model = _fit_stream(table, columns, reading, task, settings, limits, quiet, out)
    else:
        frame, kind = _read(table, columns, reading, task, objective, quiet)
        model = _estimator(kind, objective, levels, offset)
        shown = int(not quiet and sys.stderr.isatty())
        model.set_params(**settings, **whole, **_teacher(teacher), verbose=shown)
        _fit_table(model, frame, columns, reading, out)
    if report is not None:
        model.report(report, overwrite=force)
    if not quiet:
        _print_summary(model, out, clock.monotonic() - start, verbose)


def _without_stream(
    whole: Mapping[str, Any], teacher: str | None, objective: str, columns: Columns
) -> dict[str, object]:
    """Options that a stream lacks, by name; those that are set are true."""
    return {
        "time": columns.time,
        "weight": columns.weight,
        "offset": columns.offset,
        "time-limit": whole["time_limit_s"],
        "teacher": teacher,
        "max-parameters": whole["max_parameters"],
        "size": whole["size"] != "compact",
        "objective": objective != "squared",
        "target (twice)": len(columns.targets) > 1,
        "increasing": columns.increasing,
        "decreasing": columns.decreasing,
    }


def _read(
    table: Path, columns: Columns, reading: Reading, task: str, objective: str, quiet: bool
) -> tuple[DataFrame, str]:
    """The rows to fit, and the task."""
    from motifnet.tables import read_table

    targets = columns.targets
    labels = [
        *([columns.groups] if columns.groups else []),
        *(targets if task == "classification" else []),
    ]
    frame = _checked(read_table(table, reading=reading, labels=labels), columns)
    if not quiet:
        no_input = {*targets, *columns.dropped, *columns.roles.values()}
        note_identifiers(frame.drop(columns=list(no_input)))
    if task != "auto":
        return frame, task
    if len(targets) > 1 or objective != "squared":
        return frame, "regression"
    return frame, said_task(frame[targets[0]], quiet)


def _fit_table(
    model: MotifRegressor | MotifClassifier,
    frame: DataFrame,
    columns: Columns,
    reading: Reading,
    out: Path,
) -> None:
    """Fit and save, so that a first Ctrl-C between the two does not lose the model."""
    from motifnet.model import save_model

    roles, targets = columns.roles, columns.targets
    no_input = {*targets, *columns.dropped, *roles.values()}
    inputs = frame[[name for name in frame.columns if name not in no_input]]
    saving = Control()
    with saving.listening():
        model.fit(
            inputs,
            frame[targets[0]] if len(targets) == 1 else frame[targets],
            **{key: frame[name] for key, name in roles.items()},
        )
        model.model_ = read_by(model.model_, reading)
        if model.model_.info.stopped_early:
            saving.interrupted.set()  # the next Ctrl-C is the second one
        save_model(model.model_, out)


def _checked_paths(
    table: Path, teacher: str | None, out: Path | None, report: Path | None, force: bool
) -> Path:
    """The path of the model; all files can be read, or written."""
    check_table(table, _file_of(teacher))
    out = out or beside(table, ".motif", "--out")
    check_place(out, force=force)
    check_page(report, force=force, option="--report")
    return out


def _file_of(teacher: str | None) -> Path | None:
    """The file of a teacher that is no name."""
    path = Path(teacher or "")
    return path if teacher and (path.suffix or path.exists()) else None


def _teacher(requested: str | None) -> dict[str, Any]:
    """The name of a teacher, or the estimator of a file, as a setting."""
    from motifnet.cli._estimator_file import read_estimator

    if requested is None:
        return {}
    path = _file_of(requested)
    return {"teacher": requested if path is None else read_estimator(path, allow_pickle=False)}


def _checked(frame: DataFrame, columns: Columns) -> DataFrame:
    """The rows with a target; refuse a column that is missing or has two roles."""
    targets = columns.targets
    check_names(frame, targets, "--target")
    check_names(frame, columns.dropped, "--drop")
    check_names(frame, columns.increasing, "--increasing")
    check_names(frame, columns.decreasing, "--decreasing")
    used = [*targets]
    for key, name in columns.roles.items():
        option = f"--{key.removeprefix('sample_')}"
        check_names(frame, [name], option)
        if name in used:
            raise UsageError(
                f"{option} {name!r} is named twice among --target, --groups, --time, --weight "
                "and --offset. Give each its own column."
            )
        used.append(name)
    if len(set(targets)) < len(targets):
        raise UsageError(
            f"--target names a column twice: {', '.join(map(repr, targets))}. Name each once."
        )
    return with_target(frame, targets)


def _estimator(
    task: str, objective: str, quantiles: tuple[float, ...], offset: str | None
) -> MotifRegressor | MotifClassifier:
    from motifnet import MotifClassifier, MotifRegressor

    if task == "regression":
        return MotifRegressor(objective=objective, quantiles=quantiles)
    if objective != "squared" or offset:
        raise UsageError(
            "--objective and --offset are for a regression. Leave them out, or pass "
            "--task regression."
        )
    return MotifClassifier()


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(level) for level in text.split(","))
    except ValueError:
        raise UsageError(
            f"--quantiles {text!r} is not a list of numbers with commas between, such as .1,.5,.9."
        ) from None


def _print_summary(
    model: MotifRegressor | MotifClassifier, out: Path, seconds: float, verbose: bool
) -> None:
    """Print what the model is worth on held-out rows, its file, and two next steps."""
    fitted = model.model_
    if verbose and not model.verbose:
        say_ledger(fitted.ledger)
        say(f"Errors of the stages: {fitted.error_unit}, on held-out rows.")
        say(f"Network against the model that it was computed from: {fitted.certificate}")
    rows = fitted.info.stream_rows or fitted.info.rows
    say(
        f"{fitted.task} of {', '.join(fitted.targets)} on {len(fitted.schema.names)} columns, "
        f"{rows:,} rows, in {seconds:.1f} s"
    )
    for name, scores in model.scores_.items():
        unit = f", in the unit of {name}" if any(score.name == "RMSE" for score in scores) else ""
        say(f"on held-out rows: {', '.join(map(str, scores))}{unit}")
    size = f"{fitted.card.parameters:,} parameters, {out.stat().st_size:,} bytes"
    say(f"{out}: {size}")
    say(f"next: motifnet report {quote(str(out))} --out report.html")
    say(f"      motifnet predict {quote(str(out))} NEW.csv --out predicted.csv")


def is_streamed(
    table: Path, requested: bool | None, without_stream: Mapping[str, object], quiet: bool
) -> bool:
    """Whether to stream: as requested, else if the file is large and no option that a stream lacks
    is given.
    """
    given = [f"--{name}" for name, value in without_stream.items() if value]
    if requested and given:
        raise UsageError(
            f"--stream does not go with {', '.join(given)}. Leave them out, or fit "
            "without --stream."
        )
    if (
        requested is not None
        or given
        or not table.is_file()
        or table.stat().st_size * STORED.get(table.suffix, 1) < LARGE
    ):
        return bool(requested)
    if not quiet:
        note(
            "note",
            f"{table} is large, so it is read block by block; if it is to be read as a "
            "whole, pass --no-stream.",
        )
    return True


def _fit_stream(
    table: Path,
    columns: Columns,
    reading: Reading,
    task: str,
    settings: Mapping[str, object],
    limits: Mapping[str, Any],
    quiet: bool,
    out: Path,
) -> MotifRegressor | MotifClassifier:
    """Fit and save; the first block of the file decides the task."""
    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.model import save_model
    from motifnet.tables import open_stream

    target, groups = columns.targets[0], columns.groups
    stream = open_stream(table, reading)
    first = stream.frame([next(stream.blocks()).raw])
    check_names(first, [target], "--target")
    check_names(first, columns.dropped, "--drop")
    check_names(first, [groups] if groups else [], "--groups")
    if task == "auto":
        task = said_task(first[target], quiet)
    model = MotifRegressor() if task == "regression" else MotifClassifier()
    model.set_params(**settings)
    model.fit_stream(
        table,
        target,
        drop=columns.dropped,
        **limits,
        decimal=reading.decimal,
        missing=reading.missing,
        thousands=reading.thousands,
        groups=groups,
    )
    save_model(model.model_, out)
    return model
