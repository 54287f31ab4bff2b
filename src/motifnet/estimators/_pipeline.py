"""Motif Mimicry on one page: convex fit → transfer → first teacher → last layer → inner layers → log scale and further inner layers → own loss →
structure that the profile found → other teachers → stack → compact → fine-tuning → sup-norm training.

What is cheap comes first. Every stage is timed and judged together with all parts so far, on rows that none of them has seen; it is kept if that
error is lower. `Stopped` (time limit, Ctrl-C) ends the run with the best so far; the convex fit and its transfer always finish, so there always is a
model.
"""

from __future__ import annotations

import time

from motifnet.engine import LedgerRow, Stopped
from motifnet.estimators._compact import Compactor
from motifnet.estimators._from_teacher import learn_features
from motifnet.estimators._further_stages import add_base_model, fine_tune, train_sup_norm
from motifnet.estimators._goal import Judged
from motifnet.estimators._kernel_stages import fit_convex, fit_on_log_scale, refit_last, refit_output, train_inner_layers
from motifnet.estimators._run import Run
from motifnet.estimators._structure_stage import look_for_structure
from motifnet.motifs import count_parameters
from motifnet.stacking import paired_difference
from motifnet.structure import LogScale, part_of
from motifnet.teachers import EstimatorTeacher, FittedKernel


def run_stages(run: Run) -> Judged:
    """Run all stages that the preset asks for; where a teacher was given, those that make it a better network."""
    if run.teacher is not None:
        return _from_teacher(run, run.teacher)
    convex, folds, convex_seconds = fit_convex(run)
    try:
        for name in run.preset.early:
            add_base_model(run, name, None)
        refit_last(run, convex, folds, convex_seconds)
        del folds  # as large as a Gram matrix of all rows
        scales: list[tuple[LogScale | None, FittedKernel]] = [(None, convex)]
        for number, settings in enumerate(run.preset.inner):
            if number == 1 and run.log is not None and (on_log := fit_on_log_scale(run, run.log)) is not None:
                scales.append((run.log, on_log))
            train_inner_layers(run, *scales[number % len(scales)], settings, number)
        refit_output(run)
        look_for_structure(run)
        for number, name in enumerate(run.preset.later(run.sample.labels is not None), 1):
            add_base_model(run, name, scales[number % len(scales)][0])
        _stack(run)
        _compact(run)
        if run.preset.fine_tune_epochs:
            fine_tune(run)
        if run.preset.sup_norm:
            train_sup_norm(run)
    except Stopped:
        run.stopped = True
    assert run.course.best is not None
    return run.course.best


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
    try:
        learn_features(run, fitted)
        refit_output(run)
        for name in run.preset.asked:
            add_base_model(run, name, None)
        _stack(run)
        _compact(run)
    except Stopped:
        run.stopped = True
    assert run.course.best is not None
    return run.course.best


def _stack(run: Run) -> None:
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
