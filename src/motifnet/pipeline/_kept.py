"""What a model keeps of its fit.

1. Intervals or sets of classes, from out-of-fold predictions; a sample of rows to compare new
   tables with.
2. Rows and the trained kernel, from which a band is computed when it is requested:

       all rows   the trained feature layers, which depend on the y from which the band is then
                  computed, so that it covers less than it says
       split      feature layers trained again on one half of the rows, the band from the other

3. Evidence for explanations and reports: at most `KEPT_ROWS` rows of the fit with their out-of-fold
   predictions, in memory only; or rows that a user passes. Rows that the network carries as centres
   are rows of the fit. They are not scored, as their predictions would be too good.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.compress import among
from motifnet.engine import DataError, Matrix, MotifnetWarning, single_threaded
from motifnet.model import FittedModel, distribution_of
from motifnet.model.explain import Evidence, ScoredRows
from motifnet.motifs import Chain, Motif
from motifnet.pipeline._compress import one_hot
from motifnet.pipeline._goal import Goal, ScoredCandidate
from motifnet.pipeline._prepare import Prepared
from motifnet.pipeline._presets import Preset
from motifnet.pipeline._run import Run
from motifnet.structure import InputLayer, numpy_of, screen
from motifnet.tables import Folds, Sample, Table, as_target, make_folds
from motifnet.teachers import FittedKernel
from motifnet.training import CrossTuned, cross_tune, fold_model, starts_of
from motifnet.transfer import transfer, values_of
from motifnet.uncertainty import (
    Band,
    ClassSets,
    Intervals,
    LawScores,
    Reference,
    RowSample,
    draw_rows,
    fit_intervals,
    fit_quantile_intervals,
    fit_sets,
    in_units,
    last_layer_band,
    narrowing,
    out_of_fold_laws,
    sketch_column,
)

MAX_ROWS, MIN_ROWS = 20_000, 20  # of a band
KEPT_ROWS = 2_000  # of the evidence
SCORED_ROWS = 1_000  # by which the columns' importances are measured
LEVELS = (0.9, 0.5, 0.6, 0.7, 0.8, 0.95)  # the first is that of the tables
LOCAL_SECONDS = 1.0  # of the time limit; with less left intervals have one width
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class BandRows:
    """The input of a band: rows without groups or time, their target standardised by `mean` and
    `sd` with shape (q,), and how the feature layers were trained.
    """

    sample: Sample
    mean: Matrix
    sd: Matrix
    trained: CrossTuned | FittedKernel
    input_layer: InputLayer | None
    preset: Preset
    seed: int

    @classmethod
    def of(cls, ready: Prepared, run: Run, mean: Matrix, sd: Matrix) -> BandRows | None:
        """At most `MAX_ROWS` random rows of a finished run; None where it trained no kernel on the
        encoded rows.
        """
        trained = run.trained or run.convex
        if trained is None:
            return None
        chosen = np.zeros(run.sample.n, dtype=bool)
        chosen[np.random.default_rng([run.seed, 4]).permutation(run.sample.n)[:MAX_ROWS]] = True
        return cls(
            sample=_plain(ready.sample, chosen, run.preset, run.seed),
            mean=mean,
            sd=sd,
            trained=trained,
            input_layer=run.screen,
            preset=run.preset,
            seed=run.seed,
        )

    def bands(self, split: bool, n_jobs: int) -> tuple[Band, ...]:
        """One band for each target. Raises DataError for too few rows."""
        min_rows = MIN_ROWS * (2 if split else 1)
        if self.sample.n < min_rows:
            raise DataError(
                f"A band needs at least {min_rows} rows{' for split=True' if split else ''}, the "
                f"fit has {self.sample.n}. Add rows."
            )
        with single_threaded():
            trained, rows, input_layer = (
                self._on_halves(n_jobs) if split else (self.trained, self.sample, self.input_layer)
            )
            X = rows.X if input_layer is None else numpy_of(input_layer.motif, rows.X)
            bands = [
                in_units(
                    last_layer_band(trained, X, y, rows.weight, self.seed), float(mean), float(sd)
                )
                for y, mean, sd in zip(rows.y.T, self.mean, self.sd, strict=True)
            ]
            return tuple(
                band if input_layer is None else replace(band, units=input_layer.around(band.units))
                for band in bands
            )

    def _on_halves(
        self, n_jobs: int
    ) -> tuple[CrossTuned | FittedKernel, Sample, InputLayer | None]:
        """Feature layers from one half of the rows, the other half, and the screen of a wide table
        from the first half.
        """
        n = self.sample.n
        first = np.zeros(n, dtype=bool)
        first[np.random.default_rng([self.seed, 5]).permutation(n)[: n // 2]] = True
        half, other = (
            _plain(self.sample, rows, self.preset, self.seed) for rows in (first, ~first)
        )
        input_layer = screen(half, self.seed, n_jobs)
        half = half if input_layer is None else input_layer.transform(half)
        convex = self.preset.convex.fit(half, seed=self.seed, n_jobs=n_jobs)
        if not self.preset.inner:
            return convex, other, input_layer
        settings = self.preset.inner[0]
        return (
            cross_tune(
                half,
                starts_of(convex, settings.profiles),
                settings,
                seed=self.seed,
                number=1,
                n_jobs=n_jobs,
            ),
            other,
            input_layer,
        )


def _plain(sample: Sample, chosen: np.ndarray, preset: Preset, seed: int) -> Sample:
    """Some rows, with folds of their own."""
    rows = replace(sample, views=None).rows(chosen)
    return replace(rows, folds=make_folds(rows.n, preset.n_folds(rows.n), seed))


def evidence_of_fit(
    model: FittedModel, ready: Prepared, run: Run, scored: ScoredCandidate
) -> Evidence:
    """The rows of a fit with their out-of-fold predictions."""
    sample, rng = run.sample, np.random.default_rng([run.seed, 15])
    chosen = np.sort(_scored_first(sample, rng)[:KEPT_ROWS])
    table = ready.table.take(chosen)
    X = ready.encoder.transform(table)
    if model.has_quantiles or model.takes_offset:
        return Evidence(X, "out of fold", folds=sample.folds.of[chosen], table=table)
    y, predicted = run.goal.outcome(scored)
    # of intervals that are infinite, as there are too few rows
    with warnings.catch_warnings(action="ignore", category=MotifnetWarning):
        covered = _covered(model, y, predicted, sample.folds)
    predictors = (
        None
        if run.trained is None
        else partial(_fold_predictors, _parts(sample, rng), run.trained, run.screen)
    )
    return Evidence(
        X,
        "out of fold",
        y[chosen],
        predicted[chosen],
        covered=None if covered is None else covered[chosen],
        levels=LEVELS,
        folds=sample.folds.of[chosen],
        held_out=predictors,
        law_scores=_law_scores_of_fit(model, y, predicted, sample.folds, chosen),
        table=table,
    )


def evidence_of_table(model: FittedModel, table: Table, y: Any = None) -> Evidence:
    """Rows that a user passes. Rows that are known to be of the fit are not scored."""
    X = model.encode(table)
    known = _of_fit(model, X)
    observed = None if y is None else _observed(model, y, table.n)
    if observed is None or known.all():
        return Evidence(X, "rows of the fit" if known.all() else "new rows", table=table)
    if model.has_quantiles or model.takes_offset:
        return Evidence(X, "new rows", table=table)
    predicted = np.where(known[:, None], np.nan, model.predict(table))
    covered = None if model.conformal is None else _inside(model, table, observed)
    predictor = ScoredRows(X[~known], observed[~known], partial(values_of, model.network))
    return Evidence(
        X,
        "new rows",
        observed,
        predicted,
        covered=covered,
        levels=LEVELS,
        held_out=partial(list, (predictor,)),
        law_scores=partial(_law_scores_of_table, model, table, observed)
        if isinstance(model.conformal, Intervals)
        else None,
        table=table,
    )


def _scored_first(sample: Sample, rng: np.random.Generator) -> NDArray[np.int64]:
    """All rows in random order, scored ones first."""
    order = rng.permutation(sample.n)
    return order[np.argsort(~sample.folds.scored[order], kind="stable")]


def _parts(sample: Sample, rng: np.random.Generator) -> tuple[Sample, ...]:
    """The rows that score the columns, for each fold in its encoding."""
    chosen = np.zeros(sample.n, dtype=bool)
    chosen[_scored_first(sample, rng)[:SCORED_ROWS]] = True
    if sample.views is None:
        return (sample.rows(chosen),) * sample.folds.count
    return tuple(sample.rows(chosen, k) for k in range(sample.folds.count))


def _fold_predictors(
    parts: tuple[Sample, ...], first: CrossTuned, input_layer: InputLayer | None
) -> list[ScoredRows]:
    """For each fold its rows and a network that was trained without them."""
    predictors = []
    for k, part in enumerate(parts):
        out = part.folds.held_out(k)
        if k < part.folds.count and out.any() and part.folds.train(k).sum() > 1:
            network = _fold_network(part, first, k, input_layer)
            predictors.append(ScoredRows(part.X[out], part.y[out], partial(values_of, network)))
    return predictors


def _fold_network(part: Sample, first: CrossTuned, k: int, input_layer: InputLayer | None) -> Motif:
    if input_layer is None:
        return transfer(fold_model(part, first, k))
    transform = replace(
        part, X=numpy_of(input_layer.by_fold[k], part.X), numeric=input_layer.numeric
    )
    return Chain([input_layer.by_fold[k], transfer(fold_model(transform, first, k))])


def _conformal_rows(model: FittedModel, predicted: Matrix, folds: Folds) -> Mask | None:
    """The rows with shape (n,) that the conformal scores are of; None where that is unknown."""
    if model.conformal is None:
        return None
    rows: Mask = np.asarray(np.isfinite(predicted).all(1))
    scores = model.conformal.scores
    if rows.sum() > len(scores):  # scores that look forward in time have no first block
        rows &= folds.for_stack.of > 0
    return rows if rows.sum() == len(scores) else None


def _law_scores_of_fit(
    model: FittedModel, y: Matrix, predicted: Matrix, folds: Folds, chosen: NDArray[np.int64]
) -> Callable[[], LawScores] | None:
    rows = _conformal_rows(model, predicted, folds)
    if rows is None or not isinstance(model.conformal, Intervals):
        return None
    place = np.flatnonzero(rows)
    known = y[place, 0], predicted[place, 0], folds.for_stack.of[place]
    return partial(
        _law_scores, model.conformal, model.info.objective, place, known, len(rows), chosen
    )


def _law_scores(
    intervals: Intervals,
    objective: str,
    place: NDArray[np.int64],
    known: tuple[Matrix, Matrix, NDArray[np.int64]],
    n: int,
    chosen: NDArray[np.int64],
) -> LawScores:
    """Scores of the chosen rows among n, each by the law of the other folds."""
    observed, centre, of = known
    laws = out_of_fold_laws(intervals, centre, observed - centre, of, objective)
    parts = ((place[own], LawScores.of(law, observed[own])) for own, law in laws)
    return LawScores.joined(n, parts).take(chosen)


def _law_scores_of_table(model: FittedModel, table: Table, observed: Matrix) -> LawScores:
    return LawScores.of(distribution_of(model, table).laws[0], observed[:, 0])


def _covered(model: FittedModel, y: Matrix, predicted: Matrix, folds: Folds) -> Matrix | None:
    """Whether each row is in its interval or set, for each level, by quantiles of the other folds;
    NaN for rows without a score.
    """
    conformal, rows = model.conformal, _conformal_rows(model, predicted, folds)
    if conformal is None or rows is None:
        return None
    folds = folds.for_stack
    inside, of = np.full((len(y), len(LEVELS)), np.nan), folds.of[rows]
    for k in np.unique(of) if len(np.unique(of)) > 1 else []:
        others = replace(
            conformal, scores=conformal.scores[of != k], weight=conformal.weight[of != k]
        )
        here = np.flatnonzero(rows)[of == k]
        if isinstance(others, Intervals):
            ends = others.bounds(np.zeros((1, y.shape[1])), None, np.array(LEVELS))[0]
            own = conformal.scores[of == k][:, :, None]
            inside[here] = ((ends[..., 0] <= own) & (own <= ends[..., 1])).all(1)
        else:
            inside[here] = (
                others.members(predicted[here], np.array(LEVELS)) & (y[here] > 0)[:, None]
            ).any(2)
    return inside


def _inside(model: FittedModel, table: Table, observed: Matrix) -> Matrix:
    levels = np.array(LEVELS)
    with warnings.catch_warnings(action="ignore", category=MotifnetWarning):
        if model.classes is not None:
            return np.asarray(
                (model.predict_set(table, levels) & (observed > 0)[:, None]).any(2),
                dtype=np.float64,
            )
        ends = model.predict_interval(table, levels)
    y = observed[:, :, None]
    return np.asarray(((ends[..., 0] <= y) & (y <= ends[..., 1])).all(1), dtype=np.float64)


def _of_fit(model: FittedModel, X: Matrix) -> Mask:
    """Which rows are of the fit: those that are centres; all where more than half must be."""
    rows = model.kept_rows()
    if rows is None:
        return np.zeros(len(X), dtype=bool)
    found = among(X, rows)
    share = found.mean() * max(1.0, model.info.rows / len(rows))
    return np.ones(len(X), dtype=bool) if share > 0.5 else found


def _observed(model: FittedModel, y: Any, n: int) -> Matrix:
    observed = (
        as_target(y, n, "regression").values
        if model.classes is None
        else one_hot(y, model.classes, n)
    )
    columns = len(model.classes or model.targets)
    if observed.shape != (n, columns):
        raise DataError(
            f"y has shape {observed.shape}, expected one target for each of the {n} "
            f"rows and {columns} columns. Pass y for these rows."
        )
    return observed


def conformal_of(
    goal: Goal, run: Run, scored: ScoredCandidate, quantiles: tuple[float, ...] = ()
) -> Intervals | ClassSets | None:
    """Intervals or sets of classes. Local scales need another fit, which is skipped where the run
    was stopped or has next to no time left.
    """
    sample, late = run.sample, run.stopped or run.control.seconds_left < LOCAL_SECONDS
    y, predicted = goal.outcome(scored)
    if sample.labels is not None:
        return fit_sets(sample, predicted)
    if len(quantiles) > 1:
        return fit_quantile_intervals(sample, y[:, 0], predicted, quantiles)
    shrunk = (
        1.0 if late or run.convex is None else narrowing(run.transformed(), run.convex, run.seed)
    )
    return fit_intervals(
        sample, y, predicted, narrowing=shrunk, local=not late, seed=run.seed, n_jobs=run.n_jobs
    )


def reference_of(ready: Prepared, scored: ScoredCandidate, seed: int) -> Reference:
    """A sketch of each column, and rows in the encoding of new rows with their out-of-fold losses
    and groups.
    """
    weight, losses = ready.sample.weight, ready.goal.losses(scored)
    pairs = zip(ready.table.columns, ready.encoder.features, strict=True)
    chosen = draw_rows(losses, weight, ready.sample.X.shape[1], seed)
    columns = tuple(sketch_column(column, feature, weight) for column, feature in pairs)
    if not len(chosen):
        return Reference(columns, None)
    groups = (
        None
        if ready.sample.groups is None
        else np.unique(ready.sample.groups[chosen], return_inverse=True)[1].astype(np.int64)
    )
    return Reference(
        columns,
        RowSample(ready.encoder.transform(ready.table.take(chosen)), losses[chosen], groups),
    )
