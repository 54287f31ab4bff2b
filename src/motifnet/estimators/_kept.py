"""What a model keeps of its fit: intervals or sets of classes by out-of-fold predictions, and rows to compare new tables with."""

from __future__ import annotations

import numpy as np

from motifnet.bands import ClassSets, Intervals, fit_intervals, fit_sets, narrowing
from motifnet.estimators._goal import Goal, Judged
from motifnet.estimators._prepare import Prepared
from motifnet.estimators._run import Run
from motifnet.shift import Reference, RowSample, draw_rows, sketch

LOCAL_SECONDS = 1.0  # of the time limit: with less of it left intervals have one width


def conformal_of(goal: Goal, run: Run, judged: Judged) -> Intervals | ClassSets | None:
    """Local scales take a fit of their own, which a run that was stopped, or has next to no time left, has no time for."""
    sample, late = run.sample, run.stopped or run.control.seconds_left < LOCAL_SECONDS
    y, predicted = goal.outcome(judged)
    if sample.labels is not None:
        return fit_sets(sample, predicted)
    shrunk = 1.0 if late or run.convex is None else narrowing(run.behind_front(), run.convex, run.seed)
    return fit_intervals(sample, y, predicted, narrowing=shrunk, local=not late, seed=run.seed, n_jobs=run.n_jobs)


def reference_of(ready: Prepared, judged: Judged, seed: int) -> Reference:
    """A sketch of each column; rows encoded as new ones will be, with the losses of their out-of-fold predictions and their groups."""
    weight, losses = ready.sample.weight, ready.goal.losses(judged)
    pairs = zip(ready.table.columns, ready.encoder.features, strict=True)
    chosen = draw_rows(losses, weight, ready.sample.X.shape[1], seed)
    columns = tuple(sketch(column, feature, weight) for column, feature in pairs)
    if not len(chosen):
        return Reference(columns, None)
    groups = None if ready.sample.groups is None else np.unique(ready.sample.groups[chosen], return_inverse=True)[1].astype(np.int64)
    return Reference(columns, RowSample(ready.encoder.transform(ready.table.take(chosen)), losses[chosen], groups))
