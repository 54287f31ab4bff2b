"""A fit to a stream from file to finished model: plan, sample, run, score.

The memory plan depends on sizes alone. Its constants are numbers of arrays that are held at the
same time, and the memory of libraries, measured with nearly no rows, as these load parts with the
first training. The allocator keeps the small arrays of batches, so that later stages add to them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import (
    MB,
    Control,
    DataError,
    LedgerRow,
    MemoryPlan,
    UsageError,
    check_count,
    check_positive,
    resident_memory,
)
from motifnet.losses import Objective
from motifnet.model import FitInfo
from motifnet.model import run as run_network
from motifnet.motifs import Motif, count_parameters
from motifnet.pipeline._goal import Goal, RegressionGoal, ScoredCandidate
from motifnet.pipeline._history import History, Listen, print_line
from motifnet.pipeline._prepare import Prepared, prepare, warn_of_rows
from motifnet.pipeline._presets import Preset
from motifnet.pipeline._run import Run
from motifnet.pipeline._stream_rows import (
    Coding,
    FileRows,
    Roles,
    drawn_together,
    with_target,
    with_validation_rows,
)
from motifnet.pipeline._stream_stages import StreamRun, stream_settings
from motifnet.tables import (
    BLOCK_ROWS,
    PLAIN,
    Reading,
    SampleRows,
    Stream,
    Task,
    as_table,
    numbered,
    open_stream,
)
from motifnet.uncertainty import ClassSets, Intervals, fit_intervals, fit_sets

if TYPE_CHECKING:
    from pandas import DataFrame

SAMPLE_ROWS = 20_000
TREE_ROWS, TREE_CELLS = 1_000_000, 1 << 26  # 256 MB in float32
MIN_ROWS = 1_000
MIN_GROUPS = 2  # in each role
FLOAT, SINGLE, BIN = 8, 4, 1  # bytes
# for each row in addition to its columns: target, weight, fold,
# class, and LightGBM's score, gradients and lists of rows
ROW_NUMBERS = 10
LIBRARIES = 250 * MB
MAX_LEVELS, DATE_COLUMNS = 61, 8  # encoded columns of one column


@dataclass(frozen=True)
class StreamRequest:
    """The arguments of `fit_stream`."""

    task: Task
    target: str
    drop: tuple[str, ...]
    landmarks: int
    subsample: bool
    memory_limit_mb: float | None
    verbose: int
    reading: Reading = PLAIN
    groups: str | None = None

    def inputs(self, stream: Stream) -> list[str]:
        """The columns that are neither target nor groups nor dropped. Raises UsageError for a
        column that the file does not have.
        """
        others = [self.target, *self.drop, *self.labels]
        for name in others:
            if name not in stream.names:
                raise UsageError(
                    f"{name!r} is not a column of {stream.path}. The columns are "
                    f"{', '.join(map(repr, stream.names))}."
                )
        return [name for name in stream.names if name not in others]

    @property
    def labels(self) -> list[str]:
        """The columns whose strings are labels."""
        return [
            *([self.groups] if self.groups else []),
            *([self.target] if self.task == "classification" else []),
        ]


@dataclass(frozen=True)
class StreamFit:
    """A finished fit; `ready` has the test rows, which no stage uses."""

    ready: Prepared
    history: History
    scored: ScoredCandidate
    info: FitInfo
    conformal: Intervals | ClassSets | None


def check_stream(estimator: Any, landmarks: Any, drop: Any, memory_limit_mb: Any) -> None:
    """Refuse settings that a stream does not have."""
    plain_settings: dict[str, tuple[Any, ...]] = {
        "time_limit_s": (None,),
        "teachers": (None,),
        "profile": (None, "auto"),
        "objective": ("squared",),
    }
    plain_settings |= {
        "teacher": ("kernel ridge",),
        "size": ("compact",),
        "max_parameters": (None,),
        "monotone": (None,),
    }
    for name, plain in plain_settings.items():
        value = getattr(estimator, name, plain[0])
        if not any(
            value is other or (isinstance(value, str) and value == other) for other in plain
        ):
            raise UsageError(
                f"{name}={value!r} is for `fit`; a stream has none. Leave it out, or "
                "fit a sample of the table."
            )
    check_count("landmarks", landmarks, 1, 2000)
    if isinstance(drop, str) or not isinstance(drop, Sequence):
        raise UsageError(
            f"drop={drop!r} must be a list of names of columns, such as ['row']. "
            "Pass [] to keep all."
        )
    if memory_limit_mb is not None:
        check_positive("memory_limit_mb", memory_limit_mb, "2000")


def fit_stream(
    path: str | Path,
    request: StreamRequest,
    preset: Preset,
    seed: int,
    n_jobs: int,
    control: Control,
    listen: Listen,
) -> StreamFit:
    """Plan the memory, draw the sample, run the stages, score the finished network."""
    stream = open_stream(path, request.reading)
    inputs = request.inputs(stream)
    roles, plan = _planned(stream, request, preset, n_jobs)
    stream = drawn_together(stream, inputs, request.target, request.groups, seed)
    samples = _drawn(stream, request, roles, seed)
    first = samples["sample"]
    groups = first[request.groups] if request.groups else None
    with numbered(first.index):
        ready = prepare(
            first[inputs],
            first[request.target],
            None,
            groups,
            None,
            task=request.task,
            objective=Objective(),
            preset=preset,
            seed=seed,
        )
    ready = replace(ready, schema=replace(ready.schema, reading=request.reading))
    warn_of_rows(ready, seed)
    coding = Coding.of(stream, inputs, request.target, request.groups, ready)
    held = {role: coding.held_out(samples[role], ready, seed) for role in ("validation", "test")}
    del samples, first
    # without the sample where its encoding depends on its targets
    whole = FileRows(coding, roles.test if ready.sample.views is None else roles.sample, seed)
    rows = SampleRows(ready.sample) if request.subsample else whole
    sample = with_validation_rows(ready.sample, held["validation"].sample)
    goal = ready.goal.on(sample)
    history = History(goal, control, listen)
    run = Run(
        sample=sample,
        goal=goal,
        preset=preset,
        seed=seed,
        n_jobs=n_jobs,
        control=control,
        history=history,
        copies=True,
        names=tuple(ready.encoder.names),
    )
    scored = StreamRun(run, rows, roles, request.landmarks).go()
    info = FitInfo(
        stream_rows=stream.n,
        planned_mb=round(plan.peak / MB),
        landmarks=request.landmarks,
        subsample=request.subsample,
    )
    return _scored(held["test"], history, scored, info, seed, n_jobs)


def _planned(
    stream: Stream, request: StreamRequest, preset: Preset, n_jobs: int
) -> tuple[Roles, MemoryPlan]:
    """The roles of the rows, and the memory plan. Raises ResourceError where memory is short."""
    if stream.n < MIN_ROWS:
        raise DataError(
            f"{stream.path} has {stream.n:,} rows, fewer than the {MIN_ROWS:,} that "
            "a stream needs. Fit the table as a whole."
        )
    d = _encoded_width(stream, request.inputs(stream))
    roles = Roles.of(
        stream.n, max(SAMPLE_ROWS, 2 * request.landmarks), min(TREE_ROWS, TREE_CELLS // d)
    )
    plan = plan_memory(
        d,
        stream.n,
        landmarks=request.landmarks,
        sample=round((roles.sample - roles.test) * stream.n),
        held=round(roles.validation * stream.n),
        batch=stream_settings(preset).batch,
        trees=round((roles.trees - roles.test) * stream.n),
        n_jobs=n_jobs,
    )
    print_line(str(plan), request.verbose)
    limit = None if request.memory_limit_mb is None else int(request.memory_limit_mb * MB)
    fewer = max(100, min(2_000, request.landmarks // 4))
    plan.check(
        limit,
        (
            f"request fewer landmarks, such as landmarks={fewer}",
            "fit on a machine with more memory, or a limit that allows it",
        ),
    )
    return roles, plan


def _encoded_width(stream: Stream, inputs: list[str]) -> int:
    """Number of columns of the encoded matrix, by the first block."""
    width = 0
    for column in as_table(stream.frame([next(stream.blocks()).raw])[inputs]).columns:
        levels = len(set(column.values)) if column.kind == "categorical" else 1
        width += DATE_COLUMNS if column.kind == "date" else min(MAX_LEVELS, levels)
    return max(1, width)


def plan_memory(
    d: int, n: int, *, landmarks: int, sample: int, held: int, batch: int, trees: int, n_jobs: int
) -> MemoryPlan:
    """The plan for numbers of rows: of the sample, of each held-out part, of a batch and of the
    trees; d encoded columns.
    """
    import lightgbm  # noqa: F401
    import torch  # noqa: F401

    m = min(landmarks, n)
    blocks = n_jobs * BLOCK_ROWS * (2 * m * SINGLE + 3 * d * FLOAT)
    kept = {
        "libraries": LIBRARIES,
        "batches": 24 * batch**2 * FLOAT,
        "samples": 4 * (sample + 2 * held) * d * FLOAT,
    }
    return MemoryPlan(
        resident_memory(),
        {
            "feature layers": kept,
            "last layer": kept | {"sums": (3 + n_jobs) * m**2 * FLOAT, "blocks": blocks},
            "trees": kept
            | {
                "matrix": trees * d * (SINGLE + BIN),
                "gradients": ROW_NUMBERS * trees * FLOAT,
                "blocks": blocks,
            },
        },
    )


def _drawn(stream: Stream, request: StreamRequest, roles: Roles, seed: int) -> dict[str, DataFrame]:
    """The rows of each role except the trees, in one pass over the file."""
    target = request.target
    frame, draws = stream.sample(lambda u: u < roles.sample, seed, labels=request.labels)
    there = frame[target].notna().to_numpy()
    if not there.any():
        raise DataError(
            f"The target {target!r} is empty in all rows of a sample. Choose another "
            "column, or check the file."
        )
    of_role = np.searchsorted([roles.validation, roles.test], draws, side="right")
    drawn = {
        role: with_target(frame[of_role == k], target)
        for k, role in enumerate(("validation", "test", "sample"))
    }
    if (
        request.groups is not None
        and min(part[request.groups].nunique() for part in drawn.values()) < MIN_GROUPS
    ):
        raise DataError(
            f"{request.groups!r} has too few groups to hold out some for validation and some for "
            "a test: each takes about a tenth of them, and "
            f"{MIN_GROUPS} at least. Fit the table as a whole."
        )
    return drawn


def _scored(
    ready: Prepared,
    history: History,
    scored: ScoredCandidate,
    info: FitInfo,
    seed: int,
    n_jobs: int,
) -> StreamFit:
    """Add the last row of the ledger, the error of the network on the test rows; intervals come
    from them too.
    """
    # the goal of the run includes extrapolation
    ready = replace(ready, goal=history.goal.on(ready.sample))
    start, network = history.start("score"), ready.goal.network(scored)
    final = score(ready.goal, scored, network, len(ready.classes or ()))
    note = f"the finished network on {ready.sample.n:,} held-out rows"
    history.enter(
        LedgerRow(
            "score", time.monotonic() - start, final.error, count_parameters(network), True, note
        )
    )
    y, predicted = ready.goal.outcome(final)
    if ready.sample.labels is not None:
        conformal: Intervals | ClassSets | None = fit_sets(ready.sample, predicted)
    else:
        conformal = fit_intervals(ready.sample, y, predicted, seed=seed, n_jobs=n_jobs)
    return StreamFit(ready, history, final, info, conformal)


def score(goal: Goal, scored: ScoredCandidate, network: Motif, classes: int) -> ScoredCandidate:
    """The finished network's predictions of the test rows, and their error."""
    X = goal.sample.X
    values = run_network(network, X, classes or goal.sample.y.shape[1])
    oof = (values - goal.mean) / goal.sd if isinstance(goal, RegressionGoal) else values
    return replace(scored, oof=oof, error=goal.error(oof, np.ones(len(X), dtype=bool)))
