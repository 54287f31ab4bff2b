"""Motif Mimicry on one page: convex fit → transfer → first teacher → last layer → inner layers → extrapolation → log scale and further inner layers →
own loss → structure that the profile found → other teachers → stack → compact → sup-norm training.

What is cheap comes first. Every stage is timed and judged together with all parts so far, on rows that none of them has seen; it is kept if that
error is lower. `Stopped` (time limit, Ctrl-C) ends the run with the best so far; the convex fit and its transfer always finish, so there always is a
model.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from motifnet.engine import LedgerRow, Stopped
from motifnet.estimators._compact import Compactor
from motifnet.estimators._extrapolate import extrapolate
from motifnet.estimators._from_teacher import learn_features
from motifnet.estimators._further_stages import add_base_model, add_further_model, train_sup_norm
from motifnet.estimators._goal import Judged
from motifnet.estimators._kernel_stages import (
    FIRST_TRAINING,
    fit_convex,
    fit_on_log_scale,
    refit_last,
    refit_output,
    train_inner_layers,
    training_name,
)
from motifnet.estimators._run import Run
from motifnet.estimators._structure_stage import look_for_structure
from motifnet.kernels import EveryFold
from motifnet.motifs import count_parameters
from motifnet.stacking import paired_difference
from motifnet.structure import part_of
from motifnet.teachers import EstimatorTeacher, FittedKernel


@dataclass(frozen=True)
class Planned:
    """A stage that is to run, and the stage before that took about as long."""

    name: str
    work: Callable[[], object]
    like: str | None = None


def run_stages(run: Run) -> Judged:
    """Run all stages that the preset asks for; where a teacher was given, those that make it a better network."""
    if run.teacher is not None:
        return _from_teacher(run, run.teacher)
    carry_out(run, _plan(run, *fit_convex(run)))
    assert run.course.best is not None
    return run.course.best


def _plan(run: Run, convex: FittedKernel, folds: EveryFold | None, seconds: float) -> list[Planned]:
    """The stages after the convex fit, in their order."""
    preset, limited = run.preset, math.isfinite(run.control.seconds_left)
    early = sorted(preset.early, key=lambda name: limited and "trees" not in name)  # where seconds count, trees are worth more of them
    plan = [Planned(name, partial(add_base_model, run, name, None)) for name in early]
    plan.append(Planned("last layer", partial(refit_last, run, convex, folds, seconds)))
    for number, settings in enumerate(preset.trainings(run.sample.folds.count)):
        if number == 1 and run.log is not None:
            plan.append(Planned("log scale", partial(fit_on_log_scale, run, run.log), "convex fit"))
        like = FIRST_TRAINING if number else None
        plan.append(Planned(training_name(number), partial(train_inner_layers, run, settings, number), like))
        if number == 0:
            plan.append(Planned("extrapolation", partial(extrapolate, run)))
    plan += [Planned("own loss", partial(refit_output, run)), Planned("profile", partial(look_for_structure, run))]
    trees = next((name for name in preset.early if "trees" in name), None)
    for number, name in enumerate(preset.later(run.sample.labels is not None), 1):
        plan.append(Planned(name, partial(add_further_model, run, name, number), trees if "trees" in name else None))
    plan += [Planned("stack", partial(stack, run)), Planned("compact", partial(_compact, run))]
    if preset.sup_norm:
        plan.append(Planned("sup-norm training", partial(train_sup_norm, run)))
    return plan


def carry_out(run: Run, plan: list[Planned]) -> None:
    """The stages in their order, but those that would take longer than there is time; the ledger has what did not run, and why."""
    try:
        while plan:  # a stage is forgotten once it is over: the folds of the convex fit are as large as a Gram matrix of all rows
            stage, left = plan[0], run.control.seconds_left
            if stage.like is not None and (took := run.course.seconds_of(stage.like)) > left > 0:
                run.course.leave_out(stage.name, f"not run: {stage.like} took {took:.1f} s, and {left:.1f} s are left")
            else:
                stage.work()
            del plan[0]
    except Stopped:
        run.stopped = True
        others = f"; not reached: {', '.join(stage.name for stage in plan[1:])}" if len(plan) > 1 else ""
        run.course.leave_out(plan[0].name, f"ended early{others}")


def _from_teacher(run: Run, teacher: EstimatorTeacher) -> Judged:
    """Teacher → transfer → feature learning → stack. Where its network has no kernel of distances, a kernel branch of weight 0 is beside it."""
    start = run.course.start("teacher")
    fitted = teacher.fit(run.sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    seconds, part = time.monotonic() - start, part_of("teacher", fitted)
    start = run.course.start("transferred")
    judged, run.others = run.goal.judge([part]), [part]
    size = count_parameters(part.network)
    run.course.enter(LedgerRow("teacher", seconds, judged.error, size, True, f"{type(teacher.estimator).__name__}, fitted for every fold"))
    run.course.settle("transferred", start, judged, "network by calculation")
    plan = [Planned("features", partial(learn_features, run, fitted)), Planned("own loss", partial(refit_output, run))]
    plan += [Planned(name, partial(add_base_model, run, name, None)) for name in run.preset.asked]
    carry_out(run, [*plan, Planned("stack", partial(stack, run)), Planned("compact", partial(_compact, run))])
    assert run.course.best is not None
    return run.course.best


def stack(run: Run) -> None:
    """All parts together. A least difference does not decide: within one standard error of the best so far the average of all stands."""
    start = run.course.start("stack")
    run.control.check()
    best, judged = run.course.best, run.goal.judge(run.parts)
    assert best is not None
    losses, of_best = run.goal.losses(judged), run.goal.losses(best)
    worse, standard_error = paired_difference(losses, of_best, run.sample.weight, run.sample.groups)
    weights = " + ".join(f"{weight:.2f} {name}" for name, weight in judged.used if weight > 0)
    note = f"{weights}; within one standard error of the best" if 0 < worse <= standard_error else weights
    run.course.settle("stack", start, judged, note, kept=True if 0 <= worse <= standard_error else None)


def _compact(run: Run) -> None:
    """Fewer parts and fewer centres, as far as the out-of-fold error allows; see `Compactor`."""
    if run.copies or run.course.best is None:
        return
    start = run.course.start("compact")
    compactor = Compactor(run.goal, run.course.best, run.trainings, run.small, run.budget, run.seed, run.n_jobs, run.control)
    judged, note = compactor.smaller()
    if note:
        run.course.settle("compact", start, judged, note, kept=True)
    run.row_free = run.small and compactor.is_small(judged)
