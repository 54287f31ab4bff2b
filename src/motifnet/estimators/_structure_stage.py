"""Structure: kernel parts behind the layers that the profile of the table leads to."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from motifnet.engine import LedgerRow
from motifnet.estimators._compact import WORTH
from motifnet.estimators._run import Run
from motifnet.estimators._trial import Trial
from motifnet.motifs import count_parameters
from motifnet.retrain import CrossTuned, starts_of
from motifnet.structure import MAX_COLUMNS, Candidate, Front, Orbit
from motifnet.tables import Sample
from motifnet.teachers import TRIAL_ROWS, FittedKernel, KernelRidge, RejectedEarly, Worth, trial_folds

# behind a layer that leaves few directions and no jump the function is smooth: no Laplace kernel of ‖·‖₁, and steps enough to find its scale
SMOOTHEST, SMOOTH, SMOOTH_STEPS = ("gaussian",), ("laplace2", "matern52", "gaussian"), 60
LOOKING = 2.0  # seconds of the detectors, which cannot be interrupted


def look_for_structure(run: Run) -> None:
    """Look at the table, and try a kernel part behind each front that the findings lead to."""
    if run.prescriber is None:
        return
    if run.screen is not None and run.prescriber.request == "auto":
        run.course.leave_out("profile", f"not run: of more than {MAX_COLUMNS} columns")
        return
    if (left := run.control.seconds_left) < LOOKING:
        run.course.leave_out("profile", f"not run: it takes up to {LOOKING:.0f} s, and {max(left, 0.0):.1f} s are left")
        return
    start = run.course.start("profile")
    run.control.check()
    run.profile = run.prescriber.profile(run.control)
    assert run.course.best is not None
    found = "; ".join(f"{f.detector}: {f.verdict}" for f in run.profile.findings if f.found) or "nothing that changes the structure"
    size = count_parameters(run.goal.network(run.course.best))
    run.course.enter(LedgerRow("profile", time.monotonic() - start, run.course.best.error, size, True, found))
    start, fold = time.monotonic(), trial_folds(run.sample.folds)[-1]
    for number, candidate in enumerate(run.prescriber.fronts(run.profile, run.sample, fold, run.control)):
        try:
            _behind(run, candidate, fold, number, start)
        except RejectedEarly as early:
            run.reject(candidate.front.name, start, early, None)
        start = time.monotonic()


def _behind(run: Run, candidate: Candidate, fold: int, number: int, start: float) -> None:
    """The convex fit and the first training on the rows behind a front: alone or beside the others, where that is better, else forgotten. One fold
    is tried first where it has enough rows; raises `RejectedEarly` where it gains too little.
    """
    run.course.start(candidate.front.name)
    several = run.sample.folds.count > 1 and run.sample.folds.held_out(fold).sum() >= TRIAL_ROWS
    if several and isinstance(candidate.front, Front):  # an orbit has other rows
        _, tried = _fitted(run, candidate.front, run.sample.only(fold), number)
        if (worth := run.gains(None, WORTH)) and not worth(tried.oof):
            raise RejectedEarly(tried.oof)
    front = candidate.whole()
    if front is None:
        return
    worth = run.gains(None, WORTH) if run.sample.folds.count == 1 and isinstance(front, Front) else None
    convex, trained = _fitted(run, front, run.sample, number, worth)
    parts = [front.part("kernel ridge", convex), run.keep(front.behind(run.sample), trained, partial(front.part, "trained kernel"))]
    kernels = {"": [*run.kernels, *parts], ", and no others": parts}
    judged = {alone: run.goal.judge([*some, *run.others]) for alone, some in kernels.items()}
    alone = min(judged, key=lambda alone: judged[alone].error)
    if run.course.settle(front.name, start, judged[alone], f"smooth kernels behind this layer{alone}"):
        run.kernels = kernels[alone]


def _fitted(run: Run, front: Front | Orbit, sample: Sample, number: int, worth: Worth | None = None) -> tuple[FittedKernel, CrossTuned]:
    """The convex fit and the training of a sample behind a front; raises `RejectedEarly` where its convex fit is not better than that without."""
    sample, first = front.behind(sample), run.preset.inner[0]
    settings = replace(first, profiles=SMOOTH, steps=max(first.steps, SMOOTH_STEPS))
    convex = _smoothest(run).fit(sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    if isinstance(front, Front) and run.convex is not None:
        trial, plain = Trial.of(run.goal, convex.oof, None, run.seed), run.part("kernel ridge", run.convex)
        if trial.error([], plain) > trial.error([plain]):
            raise RejectedEarly(convex.oof)
    return convex, run.train(sample, starts_of(convex, settings.profiles), settings, 100 + number, worth)


def _smoothest(run: Run) -> KernelRidge:
    return replace(run.preset.convex, profiles=SMOOTHEST)
