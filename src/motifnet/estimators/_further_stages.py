"""Parts that are no kernels: other base models, and the training of a whole network for its largest error."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from motifnet.estimators._run import Run
from motifnet.motifs import Motif
from motifnet.retrain import largest_local_error, sup_norm_stage
from motifnet.structure import LogScale, Part, numpy_of, part_of
from motifnet.teachers import TEACHERS, BoostedTrees, FittedLinear, RejectedEarly

REJECTED = 1.4  # errors in units of the best: the stack gives such a teacher next to nothing; it ends with its trial, and has no variants


def add_further_model(run: Run, name: str, number: int) -> None:
    """Another base model, on the scale whose turn it is."""
    add_base_model(run, name, run.scale_of(number)[0])


def add_base_model(run: Run, name: str, log: LogScale | None) -> None:
    """Another base model beside all parts so far; not where one of its kind was rejected early."""
    teacher = TEACHERS[name]()
    if isinstance(teacher, BoostedTrees):
        teacher = replace(teacher, bagged=run.copies)
    kind = (type(teacher), log is None)
    if kind in run.rejected and name not in run.preset.asked:
        return
    start = run.course.start(name)
    run.control.check()
    sample = run.sample if log is None else log.sample
    fit = partial(teacher.fit, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    if isinstance(teacher, BoostedTrees) and name not in run.preset.asked:
        fit = partial(fit, worth=run.near(log, REJECTED))
    try:
        fitted = fit(sample)
    except RejectedEarly as early:
        run.rejected.add(kind)
        run.reject(name, start, early, log)
        return
    if isinstance(fitted, FittedLinear):
        run.linear = fitted
    part = part_of(name, fitted, log)
    run.others.append(part)
    before, alone = run.course.best, run.goal.judge([part])
    run.settle(name, start, "a further teacher" + (", on log y" if log else ""), alone)
    if before is not None and alone.error > REJECTED * before.error:
        run.rejected.add(kind)


def train_sup_norm(run: Run) -> None:
    """A ReLU network for the largest error, in place of all others where its largest local error is the least."""
    start = run.course.start("sup-norm training")
    assert run.first is not None and run.course.best is not None
    trained = sup_norm_stage(run.behind_front(), run.first, run.preset.convex, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    network = _behind(run, trained.network)
    judged = run.goal.judge([Part("sup-norm network", trained.oof, network, partial(numpy_of, network))])
    before, after = (largest_local_error(run.sample, oof) for oof in (run.course.best.oof, trained.oof))
    note = f"radius {trained.radius:.2g}; largest local error {before:.3f} → {after:.3f} sd"
    run.course.settle("sup-norm training", start, judged, note, kept=after < before)


def _behind(run: Run, network: Motif) -> Motif:
    """A network of what the kernels see as one of all columns."""
    return network if run.front is None else run.front.around(network)
