"""Motif Mimicry on one page.

    convex fit → transfer → base models → last layer → feature layers → extrapolation
    → log scale and other trainings → own loss → profile → other base models → stack → compact
    → sup-norm training

Cheap stages come first. Every stage is timed. It is scored together with all earlier parts on
held-out rows, and kept if that error is lower. `Stopped` (time limit, Ctrl-C) ends the run with the
best candidate. The convex fit and its transfer always finish, so that a model always exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from motifnet.engine import Stopped
from motifnet.kernels import EveryFold
from motifnet.pipeline._from_teacher import learn_features, transfer_teacher
from motifnet.pipeline._goal import ScoredCandidate
from motifnet.pipeline._monotone import (
    add_residual_trees,
    add_trees,
    certify_monotone,
    fit_monotone,
)
from motifnet.pipeline._run import Run
from motifnet.pipeline._stages import (
    FIRST_TRAINING,
    add_base_model,
    add_later_model,
    compact,
    fit_convex,
    fit_on_log_scale,
    learn_feature_layers,
    refit_last,
    refit_output,
    stack,
    train_sup_norm,
    training_name,
)
from motifnet.pipeline._structure_stages import build_structure, extrapolate
from motifnet.teachers import EstimatorTeacher, FittedKernel


@dataclass(frozen=True)
class Planned:
    """A stage that is to run, and `like`, an earlier stage of which it takes about `times` the
    seconds.
    """

    name: str
    work: Callable[[], object]
    like: str | None = None
    times: float = 1.0


def run_stages(run: Run) -> ScoredCandidate:
    """Run all stages of the preset, or those that improve the network of a given teacher."""
    teacher = run.teacher
    if run.monotone:
        carry_out(run, _monotone_plan(run))
        certify_monotone(run)
    else:
        plan = _plan(run, *fit_convex(run)) if teacher is None else _teacher_plan(run, teacher)
        carry_out(run, plan)
    assert run.history.best is not None
    return run.history.best


def _monotone_plan(run: Run) -> list[Planned]:
    """The stages whose parts are monotone."""
    first, trees = fit_monotone(run), run.preset.monotone
    add_residuals = partial(add_residual_trees, run, trees[0], first)
    return [
        *(Planned(name, partial(add_trees, run, name)) for name in trees),
        Planned("trees on residuals", add_residuals, trees[0]),
        Planned("stack", partial(stack, run)),
        Planned("compact", partial(compact, run)),
    ]


def _plan(run: Run, convex: FittedKernel, folds: EveryFold | None, seconds: float) -> list[Planned]:
    """The stages after the convex fit, in their order."""
    preset, limited = run.preset, math.isfinite(run.control.seconds_left)
    # under a time limit trees come first: they gain more a second
    early = sorted(preset.early, key=lambda name: limited and "trees" not in name)
    plan = [Planned(name, partial(add_base_model, run, name, None)) for name in early]
    plan.append(Planned("last layer", partial(refit_last, run, convex, folds, seconds)))
    for number, settings in enumerate(preset.trainings(run.sample.folds.count)):
        if number == 1 and run.log is not None:
            plan.append(Planned("log scale", partial(fit_on_log_scale, run, run.log), "convex fit"))
        train = partial(learn_feature_layers, run, settings, number)
        plan.append(Planned(training_name(number), train, FIRST_TRAINING if number else None))
        if number == 0:
            plan.append(Planned("extrapolation", partial(extrapolate, run)))
    plan.append(Planned("own loss", partial(refit_output, run)))
    plan.append(Planned("profile", partial(build_structure, run)))
    trees = next((name for name in preset.early if "trees" in name), None)
    for number, name in enumerate(preset.later(run.sample.labels is not None), 1):
        add = partial(add_later_model, run, name, number)
        plan.append(Planned(name, add, trees if "trees" in name else None))
    for name, times in preset.in_time if limited else ():
        plan.append(Planned(name, partial(add_base_model, run, name, None), trees, times))
    plan.append(Planned("stack", partial(stack, run)))
    plan.append(Planned("compact", partial(compact, run)))
    if preset.sup_norm:
        plan.append(Planned("sup-norm training", partial(train_sup_norm, run)))
    return plan


def _teacher_plan(run: Run, teacher: EstimatorTeacher) -> list[Planned]:
    """Transfer the teacher; the stages after it, in their order."""
    fitted = transfer_teacher(run, teacher)
    requested = run.preset.requested
    return [
        Planned("features", partial(learn_features, run, fitted)),
        Planned("own loss", partial(refit_output, run)),
        *(Planned(name, partial(add_base_model, run, name, None)) for name in requested),
        Planned("stack", partial(stack, run)),
        Planned("compact", partial(compact, run)),
    ]


def carry_out(run: Run, plan: list[Planned]) -> None:
    """Run the stages in their order, except those that would take longer than the time left.

    The ledger names every stage that did not run, and why.
    """
    try:
        # a stage is dropped once it is over: the folds of the
        # convex fit are as large as a Gram matrix of all rows
        while plan:
            stage, left = plan[0], run.control.seconds_left
            took = 0.0 if stage.like is None else run.history.seconds_of(stage.like)
            if stage.times * took > left > 0:
                times = (
                    "" if stage.times == 1 else f", of which it takes some {stage.times:.0f} times"
                )
                why = f"not run: {stage.like} took {took:.1f} s{times}, and {left:.1f} s are left"
                run.history.leave_out(stage.name, why)
            else:
                stage.work()
            del plan[0]
    except Stopped:
        run.stopped = True
        names = ", ".join(stage.name for stage in plan[1:])
        why = f"ended early; not reached: {names}" if names else "ended early"
        run.history.leave_out(plan[0].name, why)
