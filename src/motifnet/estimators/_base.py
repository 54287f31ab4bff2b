"""The base of the two estimators: they validate, run the pipeline and store a frozen model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

import motifnet
from motifnet.engine import (
    Checkpoint,
    Control,
    Matrix,
    MotifnetWarning,
    UsageError,
    open_engine,
    resolve_jobs,
    seed_of,
    single_threaded,
    translate_memory_errors,
    working,
)
from motifnet.estimators._finished import Explained, Finished, check_is_fitted
from motifnet.losses import Objective
from motifnet.model import FitInfo, FittedModel
from motifnet.pipeline import (
    BandRows,
    Goal,
    History,
    Prepared,
    Run,
    ScoredCandidate,
    check_resumable,
    check_size,
    conformal_of,
    evidence_of_fit,
    get_preset,
    open_checkpoint,
    prepare,
    progress,
    reference_of,
    rows_of,
    run_stages,
    settings_of,
    smaller_model,
    teacher_of,
    warn_of_rows,
    without_rows,
)
from motifnet.structure import Prescriber, Profile, Request, check_profile
from motifnet.tables import Task, as_offset
from motifnet.transfer import certify, describe_network
from motifnet.uncertainty import ClassSets, Intervals

CERTIFIED_ROWS = 128
_SMALLER = "Fit fewer rows, or with preset='fast' or n_jobs=1."


class MotifEstimator(Finished, Explained, BaseEstimator):
    """Base of `MotifRegressor` and `MotifClassifier`."""

    _task: Task
    _band_rows: BandRows | None

    def __init__(
        self,
        preset: str = "balanced",
        *,
        time_limit_s: float | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        teachers: Sequence[str] | None = None,
        profile: str | Profile | None = "auto",
        engine: str = "local",
        checkpoint: str | Path | None = None,
        teacher: Any = "kernel ridge",
        size: str = "compact",
        max_parameters: int | None = None,
    ) -> None:
        self.preset = preset
        self.time_limit_s = time_limit_s
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.teachers = teachers
        self.profile = profile
        self.engine = engine
        self.checkpoint = checkpoint
        self.teacher = teacher
        self.size = size
        self.max_parameters = max_parameters

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, time: Any = None
    ) -> Self:
        """Fit a network to a table.

        Parameters
        ----------
        X : data frame (pandas, polars, pyarrow) or array with shape (n, p)
            Numbers, booleans, categories, dates; missing values are allowed.
        y : array or column with shape (n,), or (n, q) for several regression targets
        sample_weight : array with shape (n,), optional
            A row of weight 2 counts twice in every solve, and once in folds, trees and intervals.
            Rows of weight 0 are dropped.
        groups : array with shape (n,), optional
            Rows of one group are never split between fitting and scoring. Without groups every row
            is an observation of its own, even if it equals another.
        time : array with shape (n,), optional
            Numbers or dates. Every score predicts later rows from earlier ones.

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            With the column or row concerned and the next step.
        """
        return self._fit(X, y, sample_weight, groups, time, Objective())

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        groups: Any,
        time: Any,
        objective: Objective,
        offset: Any = None,
    ) -> Self:
        preset = get_preset(self.preset).with_teachers(self.teachers, objective)
        check_size(self.size, self.max_parameters)
        seed, request = seed_of(self.random_state), check_profile(self.profile)
        _check_limit(limit := self.time_limit_s)
        check_resumable(self.checkpoint, limit)
        control, n_jobs = Control(limit), resolve_jobs(self.n_jobs)
        with (
            translate_memory_errors("the fit", _SMALLER),
            control.listening(),
            single_threaded(),
            progress(self.verbose) as listen,
            open_engine(self.engine, n_jobs) as engine,
        ):
            ready = prepare(
                X,
                y,
                sample_weight,
                groups,
                time,
                offset,
                task=self._task,
                objective=objective,
                preset=preset,
                seed=seed,
            )
            self._warn_of_rows(ready, seed)
            history = History(ready.goal, control, listen)
            run = Run(
                sample=ready.sample,
                goal=ready.goal,
                preset=preset,
                seed=seed,
                n_jobs=n_jobs,
                control=control,
                history=history,
                log=ready.log,
            )
            self._set_up(run, ready, objective, request)
            with working(engine, self._checkpoint_of(ready, run, objective, request)):
                scored = run_stages(run)
            self._keep(ready, run, scored, objective, offset)
        if run.stopped:
            _warn_of_end("Ctrl-C" if control.interrupted.is_set() else f"time_limit_s={limit}")
        return self

    def _set_up(self, run: Run, ready: Prepared, objective: Objective, request: Request) -> None:
        """Give the run what the parameters request."""
        run.teacher = teacher_of(self.teacher, ready, objective)
        run.copies, run.small = self.size == "full", self.size == "small"
        run.budget = self.max_parameters
        run.names = tuple(ready.encoder.names)
        if request is not None:
            run.prescriber = Prescriber(request, ready.profile_rows(run.seed))

    def _checkpoint_of(
        self, ready: Prepared, run: Run, objective: Objective, request: Request
    ) -> Checkpoint | None:
        if not self.checkpoint:
            return None
        settings = settings_of(run.preset, objective, run.seed, request)
        settings |= {"teacher": repr(self.teacher), "size": self.size}
        return open_checkpoint(self.checkpoint, rows_of(ready), settings, run.control)

    def _keep(
        self, ready: Prepared, run: Run, scored: ScoredCandidate, objective: Objective, offset: Any
    ) -> None:
        """Store the model, made smaller where that was requested, and what its methods need."""
        info = FitInfo(
            time_limit_s=self.time_limit_s,
            stopped_early=run.stopped,
            objective=objective.name,
            quantiles=objective.quantiles,
            offset=offset is not None,
        )
        # several quantiles have no residuals around one
        # prediction, and with exposures residuals depend on these
        plain = len(objective.quantiles) <= 1 and offset is None
        conformal = conformal_of(ready.goal, run, scored) if plain else None
        self._store(ready, run.goal, run.history, scored, run.seed, info, conformal)
        if run.row_free:
            self.model_ = without_rows(self.model_)
        elif run.small or run.budget is not None:
            X = ready.sample.X
            self.model_ = smaller_model(self.model_, X, run.small, run.budget, run.seed)
        self._is_scored = not (run.row_free or run.small or run.budget is not None)
        self._evidence = evidence_of_fit(self.model_, ready, run, scored)
        self._band_rows = self._keep_for_bands(ready, run)
        self.profile_ = run.profile

    def _store(
        self,
        ready: Prepared,
        goal: Goal,
        history: History,
        scored: ScoredCandidate,
        seed: int,
        requested: FitInfo,
        conformal: Intervals | ClassSets | None,
    ) -> None:
        network, teacher = goal.network(scored), goal.teacher(scored)
        scale = float(np.max(ready.goal.scale))
        certificate = certify(
            network, teacher, ready.sample.X[:CERTIFIED_ROWS], scale=scale, points=CERTIFIED_ROWS
        )
        info = replace(
            requested,
            motifnet=motifnet.__version__,
            preset=self.preset,
            seed=seed,
            rows=ready.sample.n,
            target_sd=tuple(float(s) for s in ready.goal.scale),
        )
        card = describe_network(network, inputs=ready.sample.X.shape[1])
        self.model_ = FittedModel(
            encoder=ready.encoder,
            schema=ready.schema,
            network=network,
            task=self._task,
            targets=ready.targets,
            classes=ready.classes,
            ledger=tuple(history.ledger),
            card=card,
            certificate=certificate,
            info=info,
            conformal=conformal,
            reference=reference_of(ready, scored, seed),
        )
        self.teacher_ = teacher
        self.stages_ = history.stages
        self._flat = ready.flat
        self.n_features_in_ = len(ready.schema.names)
        if ready.schema.named:
            self.feature_names_in_ = np.asarray(ready.schema.names, dtype=object)

    def _warn_of_rows(self, ready: Prepared, seed: int) -> None:
        """Warn of rows and columns that make errors too small."""
        warn_of_rows(ready, seed)

    def _keep_for_bands(self, ready: Prepared, run: Run) -> BandRows | None:
        """Rows for bands; None where the estimator gives none."""
        return None

    def _outputs(self, X: Any, offset: Any = None) -> Matrix:
        check_is_fitted(self)
        table = self._new_rows(X)
        with translate_memory_errors(
            f"predictions of {table.n:,} rows", "Predict some thousand rows at a time."
        ):
            return self.model_.predict(
                table,
                resolve_jobs(self.n_jobs),
                None if offset is None else as_offset(offset, table.n),
            )

    def __sklearn_tags__(self) -> Tags:
        # `categorical` and `string` stay off though both are allowed:
        # scikit-learn's checks would round X and skip strings
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _check_limit(limit: float | None) -> None:
    if limit is not None and not (isinstance(limit, Real) and limit > 0):
        raise UsageError(
            f"time_limit_s={limit!r} must be a positive number of seconds, or None for no limit."
        )


def _warn_of_end(reason: str) -> None:
    warnings.warn(
        f"The fit was ended by {reason}; the best model so far is kept. See ledger_ for the stages "
        "that ran.",
        MotifnetWarning,
        stacklevel=3,
    )
