"""What intervals, or sets of classes, are made from, once the pipeline has run: the out-of-fold predictions of the model that was kept."""

from __future__ import annotations

from motifnet.bands import ClassSets, Intervals, fit_intervals, fit_sets, narrowing
from motifnet.estimators._goal import Goal, Judged
from motifnet.estimators._pipeline import Run


def conformal_of(goal: Goal, run: Run, judged: Judged) -> Intervals | ClassSets | None:
    """Local scales take a fit of their own, which a run that was stopped has no time for."""
    sample = run.sample
    y, predicted = goal.outcome(judged)
    if sample.labels is not None:
        return fit_sets(sample, predicted)
    shrunk = 1.0 if run.stopped or run.convex is None else narrowing(sample, run.convex, run.seed)
    return fit_intervals(sample, y, predicted, narrowing=shrunk, local=not run.stopped, seed=run.seed, n_jobs=run.n_jobs)
