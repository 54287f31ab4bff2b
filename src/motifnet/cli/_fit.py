"""motifnet fit: a table in, a model file out."""

from __future__ import annotations

import sys
import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motifnet.cli._columns import check_names, said_task, with_target
from motifnet.cli._fit_options import (
    Drop,
    Groups,
    Landmarks,
    MaxParameters,
    MemoryLimit,
    ObjectiveName,
    Offset,
    Out,
    Preset,
    Quantiles,
    ReportFile,
    Seed,
    Size,
    Stream,
    Table,
    Targets,
    TaskName,
    Teacher,
    Time,
    Weight,
)
from motifnet.cli._fit_stream import fit_file, is_streamed
from motifnet.cli._guard import guarded
from motifnet.cli._options import Checkpoint, Debug, Decimal, Engine, Force, Jobs, Missing, Quiet, TimeLimit
from motifnet.cli._places import check_place
from motifnet.cli._reading import read_by, reading_of
from motifnet.cli._text import say, say_ledger
from motifnet.engine import Control, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet import MotifClassifier, MotifRegressor


@guarded
def fit(
    table: Table,
    target: Targets,
    out: Out,
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
    groups: Groups = None,
    time: Time = None,
    weight: Weight = None,
    drop: Drop = None,
    decimal: Decimal = None,
    missing: Missing = None,
    stream: Stream = None,
    landmarks: Landmarks = 500,
    memory_limit: MemoryLimit = None,
    seed: Seed = 0,
    engine: Engine = "local",
    checkpoint: Checkpoint = None,
    jobs: Jobs = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fit a model to the table and save it.

    Numbers, true/false, texts, ISO dates and empty cells are taken as they come. Ctrl-C ends the fit and saves the best
    model so far; a second one stops at once.

    [bold]motifnet fit houses.csv --target price --out houses.motif[/bold]

    [bold]motifnet fit visits.csv -t outcome -o visits.motif --groups patient --drop visit_id[/bold]

    [bold]motifnet fit claims.csv -t claims -o claims.motif --objective poisson --offset log_years[/bold]

    [bold]motifnet fit preise.csv -t preis -o preise.motif --decimal , --missing k.A.[/bold]

    [bold]motifnet fit houses.csv -t price -o houses.motif --teacher svr[/bold]   (or a file: my_model.skops)

    [bold]motifnet fit rides.parquet -t fare -o rides.motif --stream --memory-limit 2000[/bold]

    [bold]zcat sales.csv.gz | motifnet fit - -t sold -o sales.motif --time day --preset fast[/bold]
    """
    from motifnet.bundle import save_model
    from motifnet.tables import read_table

    start, reading = clock.monotonic(), reading_of(decimal, missing)
    _check_places(out, report, force)
    beside = {"groups": groups, "time": time, "sample_weight": weight, "offset": offset}
    unlike = {"time": time, "weight": weight, "offset": offset, "time-limit": time_limit, "teacher": teacher, "max-parameters": max_parameters}
    unlike |= {"size": size != "compact", "objective": objective != "squared", "target (twice)": len(target) > 1}
    settings = {"preset": preset, "n_jobs": jobs, "random_state": seed, "engine": engine, "checkpoint": checkpoint}
    if is_streamed(table, stream, unlike, quiet):
        model = fit_file(table, target[0], task, drop or [], landmarks, memory_limit, reading, groups, settings, quiet)
        save_model(model.model_, out)
        _tell(model, out, report, force, quiet, start)
        return
    labels = [*([groups] if groups else []), *(target if task == "classification" else [])]
    frame = _checked(read_table(table, reading=reading, labels=labels), target, beside, drop or [])
    if task == "auto":
        task = "regression" if len(target) > 1 or objective != "squared" else said_task(frame[target[0]], quiet)
    model = _estimator(task, objective, quantiles, offset).set_params(**settings, **_teacher(teacher), size=size, max_parameters=max_parameters)
    model.set_params(time_limit_s=time_limit, verbose=int(not quiet and sys.stderr.isatty()))
    no_input = {*target, *(drop or []), *(name for name in beside.values() if name)}
    inputs = frame[[name for name in frame.columns if name not in no_input]]
    saving = Control()
    with saving.listening():  # so that a first Ctrl-C between fit and file does not lose the model
        model.fit(inputs, _target(frame, target), **{key: frame[name] for key, name in beside.items() if name})
        model.model_ = read_by(model.model_, reading)
        if model.model_.info["stopped_early"]:
            saving.interrupted.set()  # the next Ctrl-C is the second one
        save_model(model.model_, out)
    _tell(model, out, report, force, quiet, start)


def _tell(model: MotifRegressor | MotifClassifier, out: Path, report: Path | None, force: bool, quiet: bool, start: float) -> None:
    """The page that was asked for, and the ledger."""
    if report is not None:
        model.report(report, overwrite=force)
    if not quiet:
        _report(model, out, clock.monotonic() - start)


def _check_places(out: Path, report: Path | None, force: bool) -> None:
    """Both files can be written."""
    from motifnet.report import suffix_of

    check_place(out, force=force)
    if report is not None:
        suffix_of(report)
        check_place(report, force=force, option="--report")


def _teacher(asked: str | None) -> dict[str, Any]:
    """The name of a teacher, or the estimator of a file, as a setting."""
    from motifnet.cli._estimator_file import read_estimator

    if asked is None:
        return {}
    path = Path(asked)
    return {"teacher": read_estimator(path, allow_pickle=False) if path.suffix or path.exists() else asked}


def _checked(frame: DataFrame, targets: list[str], beside: dict[str, str | None], drop: list[str]) -> DataFrame:
    """The rows to fit; every column that an option names is there, and none has two parts."""
    check_names(frame, targets, "--target")
    check_names(frame, drop, "--drop")
    used = [*targets]
    for key, name in beside.items():
        option = f"--{key.removeprefix('sample_')}"
        if name:
            check_names(frame, [name], option)
            if name in used:
                raise UsageError(
                    f"{option} {name!r} is named twice among --target, --groups, --time, --weight and --offset. Give each its own column."
                )
            used.append(name)
    if len(set(targets)) < len(targets):
        raise UsageError(f"--target names a column twice: {', '.join(map(repr, targets))}. Name each once.")
    return with_target(frame, targets)


def _estimator(task: str, objective: str, quantiles: str, offset: str | None) -> MotifRegressor | MotifClassifier:
    from motifnet import MotifClassifier, MotifRegressor

    if task == "regression":
        return MotifRegressor(objective=objective, quantiles=_levels(quantiles))
    if objective != "squared" or offset:
        raise UsageError("--objective and --offset are for a regression. Leave them out, or pass --task regression.")
    return MotifClassifier()


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(level) for level in text.split(","))
    except ValueError:
        raise UsageError(f"--quantiles {text!r} is not a list of numbers with commas between, such as .1,.5,.9.") from None


def _target(frame: DataFrame, targets: list[str]) -> Any:
    return frame[targets[0]] if len(targets) == 1 else frame[targets]


def _report(model: MotifRegressor | MotifClassifier, out: Path, seconds: float) -> None:
    fitted = model.model_
    if not model.verbose:
        say_ledger(fitted.ledger)
    rows = f"{fitted.info['stream_rows']:,} rows" if "stream_rows" in fitted.info else f"{fitted.info['rows']:,} rows"
    size = f"{len(fitted.schema.names)} columns, {rows}"
    say(f"{fitted.task} of {', '.join(fitted.targets)} on {size}; {fitted.error_unit}, on rows not seen")
    say(f"{out}: {out.stat().st_size:,} bytes, {seconds:.1f} s in all")
