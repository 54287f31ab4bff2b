"""What explanations and reports stand on: rows of a fit with their out-of-fold predictions, or rows that a user passes.

Of a fit at most `KEPT` rows are kept, in memory only. Rows that the network carries as centres are rows of the fit: predictions of these would be too
good, so they are not scored.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bands import Intervals
from motifnet.bundle import FittedModel
from motifnet.compress import among
from motifnet.engine import DataError, MotifnetWarning
from motifnet.estimators._compress import one_hot
from motifnet.estimators._goal import Judged
from motifnet.estimators._prepare import Prepared
from motifnet.estimators._run import Run
from motifnet.explain import Evidence, Judge
from motifnet.mimicry import transfer, values_of
from motifnet.motifs import Chain, Motif
from motifnet.retrain import CrossTuned, fold_model
from motifnet.structure import Front, numpy_of
from motifnet.tables import Folds, Matrix, Sample, Table, as_target

KEPT, JUDGED = 2_000, 1_000
LEVELS = (0.9, 0.5, 0.6, 0.7, 0.8, 0.95)  # the first is that of the tables
Mask = NDArray[np.bool_]


def evidence_of_fit(model: FittedModel, ready: Prepared, run: Run, judged: Judged) -> Evidence:
    """The rows of a fit, each scored by what has not seen its fold."""
    sample, rng = run.sample, np.random.default_rng([run.seed, 15])
    chosen = np.sort(_scored_first(sample, rng)[:KEPT])
    table = ready.table.take(chosen)
    X = ready.encoder.transform(table)
    if len(model.info["quantiles"]) > 1 or model.info["offset"]:
        return Evidence(X, "out of fold", folds=sample.folds.of[chosen], table=table)
    y, predicted = run.goal.outcome(judged)
    with warnings.catch_warnings(action="ignore", category=MotifnetWarning):  # of intervals that are infinite for want of rows
        covered = _covered(model, y, predicted, sample.folds)
    judges = None if run.trained is None else partial(_fold_judges, _parts(sample, rng), run.trained, run.screen)
    return Evidence(
        X,
        "out of fold",
        y[chosen],
        predicted[chosen],
        covered=None if covered is None else covered[chosen],
        levels=LEVELS,
        folds=sample.folds.of[chosen],
        judges=judges,
        table=table,
    )


def evidence_of_table(model: FittedModel, table: Table, y: Any = None) -> Evidence:
    """Rows that were passed; with a target those that the fit has not seen are scored, as far as the network knows which these are."""
    X = model.encode(table)
    seen = _seen(model, X)
    observed = None if y is None else _observed(model, y, table.n)
    if observed is None or seen.all():
        return Evidence(X, "rows of the fit" if seen.all() else "new rows", table=table)
    if len(model.columns) > len(model.targets) or model.takes_offset:
        return Evidence(X, "new rows", table=table)
    predicted = np.where(seen[:, None], np.nan, model.predict(table))
    covered = None if model.conformal is None else _inside(model, table, observed)
    judge = Judge(X[~seen], observed[~seen], partial(values_of, model.network))
    return Evidence(X, "new rows", observed, predicted, covered=covered, levels=LEVELS, judges=partial(list, (judge,)), table=table)


def _scored_first(sample: Sample, rng: np.random.Generator) -> NDArray[np.int64]:
    """All rows in random order, those that some fold scores first."""
    order = rng.permutation(sample.n)
    return order[np.argsort(~sample.folds.scored[order], kind="stable")]


def _parts(sample: Sample, rng: np.random.Generator) -> tuple[Sample, ...]:
    """The rows that judge the columns, for each fold in its encoding."""
    some = np.zeros(sample.n, dtype=bool)
    some[_scored_first(sample, rng)[:JUDGED]] = True
    if sample.views is None:
        return (sample.rows(some),) * sample.folds.count
    return tuple(sample.rows(some, k) for k in range(sample.folds.count))


def _fold_judges(parts: tuple[Sample, ...], first: CrossTuned, front: Front | None) -> list[Judge]:
    """The network of each fold, whose inner layers and output layer have not seen its rows."""
    judges = []
    for k, part in enumerate(parts):
        out = part.folds.held_out(k)
        if k < part.folds.count and out.any() and part.folds.train(k).sum() > 1:
            network = _fold_network(part, first, k, front)
            judges.append(Judge(part.X[out], part.y[out], partial(values_of, network)))
    return judges


def _fold_network(part: Sample, first: CrossTuned, k: int, front: Front | None) -> Motif:
    if front is None:
        return transfer(fold_model(part, first, k))
    behind = replace(part, X=numpy_of(front.by_fold[k], part.X), numeric=front.numeric)
    return Chain([front.by_fold[k], transfer(fold_model(behind, first, k))])


def _covered(model: FittedModel, y: Matrix, predicted: Matrix, folds: Folds) -> Matrix | None:
    """Whether each row is inside its interval, or set, of each level, by quantiles of the other folds; NaN for rows without a score."""
    conformal, rows, folds = model.conformal, np.isfinite(predicted).all(1), folds.for_stack
    if conformal is None:
        return None
    if rows.sum() > len(conformal.scores):  # scores that look forward in time have no first block
        rows &= folds.of > 0
    if rows.sum() != len(conformal.scores):
        return None
    inside, of = np.full((len(y), len(LEVELS)), np.nan), folds.of[rows]
    for k in np.unique(of) if len(np.unique(of)) > 1 else []:
        others = replace(conformal, scores=conformal.scores[of != k], weight=conformal.weight[of != k])
        here = np.flatnonzero(rows)[of == k]
        if isinstance(others, Intervals):
            ends = others.bounds(np.zeros((1, y.shape[1])), None, np.array(LEVELS))[0]
            own = conformal.scores[of == k][:, :, None]
            inside[here] = ((ends[..., 0] <= own) & (own <= ends[..., 1])).all(1)
        else:
            inside[here] = (others.members(predicted[here], np.array(LEVELS)) & (y[here] > 0)[:, None]).any(2)
    return inside


def _inside(model: FittedModel, table: Table, observed: Matrix) -> Matrix:
    levels = np.array(LEVELS)
    with warnings.catch_warnings(action="ignore", category=MotifnetWarning):
        if model.classes is not None:
            return np.asarray((model.predict_set(table, levels) & (observed > 0)[:, None]).any(2), dtype=np.float64)
        ends = model.predict_interval(table, levels)
    y = observed[:, :, None]
    return np.asarray(((ends[..., 0] <= y) & (y <= ends[..., 1])).all(1), dtype=np.float64)


def _seen(model: FittedModel, X: Matrix) -> Mask:
    """Rows of the fit; all of them where so many are centres that the others must be too."""
    rows = model.kept_rows()
    if rows is None:
        return np.zeros(len(X), dtype=bool)
    found = among(X, rows)
    share = found.mean() * max(1.0, model.info.get("rows", 0) / len(rows))
    return np.ones(len(X), dtype=bool) if share > 0.5 else found


def _observed(model: FittedModel, y: Any, n: int) -> Matrix:
    observed = as_target(y, n, "regression").values if model.classes is None else one_hot(y, model.classes, n)
    columns = len(model.classes or model.targets)
    if observed.shape != (n, columns):
        raise DataError(f"y has shape {observed.shape}, expected one target for each of the {n} rows and {columns} columns. Pass y for these rows.")
    return observed
