"""Structure: kernel parts behind the layers that the profile of the table leads to."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from motifnet.engine import LedgerRow
from motifnet.estimators._run import Run
from motifnet.motifs import count_parameters
from motifnet.retrain import starts_of
from motifnet.structure import Front, Orbit, Rejected
from motifnet.teachers import KernelRidge

# behind a layer that leaves few directions and no jump the function is smooth: no Laplace kernel of ‖·‖₁, and steps enough to find its scale
SMOOTHEST, SMOOTH, SMOOTH_STEPS = ("gaussian",), ("laplace2", "matern52", "gaussian"), 60


def look_for_structure(run: Run) -> None:
    """Look at the table, and try a kernel part behind each front that the findings lead to."""
    if run.prescriber is None:
        return
    start = run.course.start("profile")
    run.control.check()
    run.profile = run.prescriber.profile(run.control)
    fronts = run.prescriber.fronts(run.profile, run.sample, _smoothest(run), run.control)
    assert run.course.best is not None
    found = "; ".join(f"{f.detector}: {f.verdict}" for f in run.profile.findings if f.found) or "nothing that changes the structure"
    size = count_parameters(run.goal.network(run.course.best))
    run.course.enter(LedgerRow("profile", time.monotonic() - start, run.course.best.error, size, True, found))
    start = time.monotonic()
    for number, front in enumerate(fronts):
        if isinstance(front, Rejected):
            run.course.enter(LedgerRow(front.name, time.monotonic() - start, run.course.best.error, size, False, front.note))
        else:
            _behind(run, front, number, start)
        start = time.monotonic()


def _behind(run: Run, front: Front | Orbit, number: int, start: float) -> None:
    """The convex fit and the first training on the rows behind a front: alone or beside the others, where that is better, else forgotten."""
    run.course.start(front.name)
    sample, first = front.behind(run.sample), run.preset.inner[0]
    settings = replace(first, profiles=SMOOTH, steps=max(first.steps, SMOOTH_STEPS))
    convex = _smoothest(run).fit(sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    trained = run.train(sample, starts_of(convex, settings.profiles), settings, 100 + number)
    parts = [front.part("kernel ridge", convex), run.keep(sample, trained, partial(front.part, "trained kernel"))]
    kernels = {"": [*run.kernels, *parts], ", and no others": parts}
    judged = {alone: run.goal.judge([*some, *run.others]) for alone, some in kernels.items()}
    alone = min(judged, key=lambda alone: judged[alone].error)
    if run.course.settle(front.name, start, judged[alone], f"smooth kernels behind this layer{alone}"):
        run.kernels = kernels[alone]


def _smoothest(run: Run) -> KernelRidge:
    return replace(run.preset.convex, profiles=SMOOTHEST)
