"""Stages that the structure of a table leads to: kernels after the input layers that its profile
finds, and linear extrapolation beyond the rows of the fit (`structure.Extrapolation`).
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from motifnet.engine import LedgerRow
from motifnet.motifs import count_parameters
from motifnet.pipeline._compact import WORTH
from motifnet.pipeline._goal import RegressionGoal, Trial
from motifnet.pipeline._run import Run
from motifnet.structure import MAX_COLUMNS, Candidate, InputLayer, Orbit, Side, extrapolation
from motifnet.tables import Sample
from motifnet.teachers import (
    TRIAL_ROWS,
    FittedKernel,
    RejectedEarly,
    Worth,
    trial_folds,
)
from motifnet.training import CrossTuned, starts_of

# of kernels after a layer that leaves few directions and no jump: the
# function is smooth there, so no Laplace kernel of ‖·‖₁
SMOOTHEST, SMOOTH = ("gaussian",), ("laplace2", "matern52", "gaussian")
SMOOTH_STEPS = 60  # minimum, to find the scale of the kernel
# share of the error that an input layer takes off the convex fit, before a training is worth it
LAYER_WORTH = 0.02
PROFILE_SECONDS = 2.0  # of the detectors, which cannot be interrupted


def extrapolate(run: Run) -> None:
    """Extrapolate linearly where trials find a trend; only for squared error. The error in the
    ledger is that among the rows, which does not change.
    """
    goal, best, trained, linear = run.goal, run.history.best, run.trained, run.linear
    if not isinstance(goal, RegressionGoal) or best is None or trained is None or linear is None:
        return
    start = run.history.start("extrapolation")
    run.control.check()
    found, sides = extrapolation(
        run.sample, trained, linear, run.seed, () if run.screen is None else run.screen.by_fold
    )
    if not sides:
        return
    run.goal = run.history.goal = replace(goal, beyond=found)
    size = count_parameters(run.goal.network(best))
    where = " and ".join(_described(run, side) for side in sides)
    note = f"follows the slopes of a linear regression {where}"
    run.history.enter(
        LedgerRow("extrapolation", time.monotonic() - start, best.error, size, True, note)
    )


def _described(run: Run, side: Side) -> str:
    name = run.names[side.column] if run.names else f"column {side.column}"
    end = "above the largest" if side.upper else "below the smallest"
    return (
        f"{end} {name} (on held-out rows there {side.share:.2f} of the squared error levelled off)"
    )


def build_structure(run: Run) -> None:
    """Profile the table, and try a kernel after each input layer that the findings lead to."""
    if run.prescriber is None:
        return
    if run.screen is not None and run.prescriber.request == "auto":
        run.history.leave_out("profile", f"not run: of more than {MAX_COLUMNS} columns")
        return
    if (left := run.control.seconds_left) < PROFILE_SECONDS:
        run.history.leave_out(
            "profile",
            f"not run: it takes up to {PROFILE_SECONDS:.0f} s, and {max(left, 0.0):.1f} s are left",
        )
        return
    start = run.history.start("profile")
    run.control.check()
    run.profile = run.prescriber.profile(run.control)
    assert run.history.best is not None
    found = (
        "; ".join(f"{f.detector}: {f.verdict}" for f in run.profile.findings if f.found)
        or "finds nothing to build into the network"
    )
    size = count_parameters(run.goal.network(run.history.best))
    run.history.enter(
        LedgerRow("profile", time.monotonic() - start, run.history.best.error, size, True, found)
    )
    start, fold = time.monotonic(), trial_folds(run.sample.folds)[-1]
    for number, candidate in enumerate(
        run.prescriber.input_layers(run.profile, run.sample, fold, run.control)
    ):
        try:
            _try_input_layer(run, candidate, fold, number, start)
        except RejectedEarly as early:
            run.reject(candidate.input_layer.name, start, early, None)
        start = time.monotonic()


def _try_input_layer(run: Run, candidate: Candidate, fold: int, number: int, start: float) -> None:
    """Repeat the convex fit and the first training after an input layer.

    Their parts replace all kernels, or join them, or are dropped, whichever has the lowest error.
    One fold is tried first where it has enough rows; raises `RejectedEarly` where it gains too
    little.
    """
    run.history.start(candidate.input_layer.name)
    several = run.sample.folds.count > 1 and run.sample.folds.held_out(fold).sum() >= TRIAL_ROWS
    if several and isinstance(candidate.input_layer, InputLayer):  # a group average has other rows
        _, tried = _fitted(run, candidate.input_layer, run.sample.only(fold), number)
        if (worth := run.gains(None, WORTH)) and not worth(tried.oof):
            raise RejectedEarly(tried.oof)
    input_layer = candidate.whole()
    if input_layer is None:
        return
    worth = (
        run.gains(None, WORTH)
        if run.sample.folds.count == 1 and isinstance(input_layer, InputLayer)
        else None
    )
    convex, trained = _fitted(run, input_layer, run.sample, number, worth)
    parts = [
        input_layer.part("kernel ridge", convex),
        run.keep(
            input_layer.transform(run.sample), trained, partial(input_layer.part, "trained kernel")
        ),
    ]
    kernels = {"": [*run.kernels, *parts], ", and no others": parts}
    scored = {alone: run.goal.score([*some, *run.others]) for alone, some in kernels.items()}
    alone = min(scored, key=lambda alone: scored[alone].error)
    if run.history.record(
        input_layer.name, start, scored[alone], f"smooth kernels after this layer{alone}"
    ):
        run.kernels = kernels[alone]


def _fitted(
    run: Run,
    input_layer: InputLayer | Orbit,
    sample: Sample,
    number: int,
    worth: Worth | None = None,
) -> tuple[FittedKernel, CrossTuned]:
    """The convex fit and the training of a sample after an input layer. Raises `RejectedEarly`
    where the convex fit gains too little by the layer.
    """
    sample, first = input_layer.transform(sample), run.preset.inner[0]
    settings = replace(first, profiles=SMOOTH, steps=max(first.steps, SMOOTH_STEPS))
    smooth = replace(run.preset.convex, profiles=SMOOTHEST)
    convex = smooth.fit(sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    if isinstance(input_layer, InputLayer) and run.convex is not None:
        trial = Trial.of(run.goal, convex.oof, None, run.seed)
        plain = run.part("kernel ridge", run.convex)
        if trial.error([], plain) > (1 - LAYER_WORTH) * trial.error([plain]):
            raise RejectedEarly(convex.oof)
    return convex, run.train(
        sample, starts_of(convex, settings.profiles), settings, 100 + number, worth
    )
