"""What the two estimators share: validate, run the pipeline, store a frozen model, hand on. No mathematics here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

import motifnet
from motifnet.bands import ClassSets, Intervals
from motifnet.bundle import FittedModel
from motifnet.engine import Control, MotifnetWarning, UsageError, memory_told, open_engine, resolve_jobs, seed_of, single_threaded, working
from motifnet.estimators._bands import BandRows
from motifnet.estimators._compress import smaller_model, without_rows
from motifnet.estimators._course import Course
from motifnet.estimators._evidence import evidence_of_fit
from motifnet.estimators._explained import Explained
from motifnet.estimators._finished import Finished, check_is_fitted
from motifnet.estimators._from_teacher import teacher_of
from motifnet.estimators._goal import Goal, Judged
from motifnet.estimators._kept import conformal_of, reference_of
from motifnet.estimators._pipeline import run_stages
from motifnet.estimators._prepare import Prepared, prepare, warn_of_rows
from motifnet.estimators._presets import check_size, get_preset
from motifnet.estimators._progress import progress
from motifnet.estimators._resume import check_resumable, open_checkpoint, rows_of, settings_of
from motifnet.estimators._run import Run
from motifnet.losses import Objective
from motifnet.mimicry import certify, describe_network
from motifnet.profiling import Profile
from motifnet.structure import Prescriber, check_profile
from motifnet.tables import Matrix, Task, as_offset

CERTIFIED_ROWS = 128
_SMALLER = "Fit fewer rows, or with preset='fast' or n_jobs=1."


class MotifEstimator(Finished, Explained, BaseEstimator):
    """Base of `MotifRegressor` and `MotifClassifier`."""

    _task: Task
    _band_rows: BandRows | None

    def __init__(
        self,
        preset: str = "balanced",
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, time: Any = None) -> Self:
        """Fit a network to a table.

        Parameters
        ----------
        X : data frame (pandas, polars, pyarrow) or array with shape (n, p)
            Numbers, booleans, categories, dates; missing values as they come.
        y : array or column with shape (n,), or (n, q) for several regression targets
        sample_weight : array with shape (n,), optional
            Weight 2 is the row twice in every solve; folds, trees and intervals count rows as they come. Rows of weight 0 are dropped.
        groups : array with shape (n,), optional
            Rows of one group are never split between fitting and scoring. Without groups every row is an observation of its own, equal rows too.
        time : array with shape (n,), optional
            Numbers or dates. Every score looks forward only: later rows are predicted from earlier ones.

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            With the column or row concerned and the next step.
        """
        return self._fit(X, y, sample_weight, groups, time, Objective())

    def _fit(self, X: Any, y: Any, sample_weight: Any, groups: Any, time: Any, objective: Objective, offset: Any = None) -> Self:
        preset = get_preset(self.preset).beside(self.teachers, objective)
        check_size(self.size, self.max_parameters)
        seed, request = seed_of(self.random_state), check_profile(self.profile)
        limit = self.time_limit_s
        if limit is not None and not (isinstance(limit, Real) and limit > 0):
            raise UsageError(f"time_limit_s={limit!r} must be a positive number of seconds, or None for no limit.")
        check_resumable(self.checkpoint, limit)
        control, n_jobs = Control(limit), resolve_jobs(self.n_jobs)
        with (
            memory_told("the fit", _SMALLER),
            control.listening(),
            single_threaded(),
            progress(self.verbose) as listen,
            open_engine(self.engine, n_jobs) as engine,
        ):
            ready = prepare(X, y, sample_weight, groups, time, offset, task=self._task, objective=objective, preset=preset, seed=seed)
            self._look_at(ready, seed)
            course = Course(ready.goal, control, listen)
            run = Run(ready.sample, ready.goal, preset, seed, n_jobs, control, course, ready.log)
            run.teacher, run.copies = teacher_of(self.teacher, ready, objective), self.size == "full"
            run.names = tuple(ready.encoder.names)
            run.small, run.budget = self.size == "small", self.max_parameters
            run.prescriber = None if request is None else Prescriber(request, ready.looked_at(seed))
            settings = settings_of(preset, objective, seed, request) | {"teacher": repr(self.teacher), "size": self.size}
            with working(engine, open_checkpoint(self.checkpoint, rows_of(ready), settings, control) if self.checkpoint else None):
                judged = run_stages(run)
            asked = {
                "time_limit_s": limit,
                "stopped_early": run.stopped,
                "objective": objective.name,
                "quantiles": list(objective.quantiles),
                "offset": offset is not None,
            }
            # several quantiles are no prediction that residuals could go around, and with exposures residuals depend on those
            conformal = None if len(objective.quantiles) > 1 or offset is not None else conformal_of(ready.goal, run, judged)
            self._store(ready, run.goal, course, judged, seed, asked, conformal)
            if run.row_free:
                self.model_ = without_rows(self.model_)
            elif run.small or run.budget is not None:
                self.model_ = smaller_model(self.model_, ready.sample.X, run.small, run.budget, seed)
            self._evidence = evidence_of_fit(self.model_, ready, run, judged)
            self._band_rows = self._keep_for_bands(ready, run)
            self.profile_ = run.profile
        if run.stopped:
            why = "Ctrl-C" if control.interrupted.is_set() else f"time_limit_s={limit}"
            warnings.warn(
                f"The fit was ended by {why}; the best model so far is kept. See ledger_ for the stages that ran.", MotifnetWarning, stacklevel=2
            )
        return self

    def _store(
        self, ready: Prepared, goal: Goal, course: Course, judged: Judged, seed: int, asked: dict[str, Any], conformal: Intervals | ClassSets | None
    ) -> None:
        network, teacher = goal.network(judged), goal.teacher(judged)
        scale = float(np.max(ready.goal.scale))
        certificate = certify(network, teacher, ready.sample.X[:CERTIFIED_ROWS], scale=scale, points=CERTIFIED_ROWS)
        info = {
            "motifnet": motifnet.__version__,
            "preset": self.preset,
            "seed": seed,
            "rows": ready.sample.n,
            "target_sd": [float(s) for s in ready.goal.scale],
            **asked,
        }
        card = describe_network(network, inputs=ready.sample.X.shape[1])
        self.model_ = FittedModel(
            ready.encoder,
            ready.schema,
            network,
            self._task,
            ready.targets,
            ready.classes,
            tuple(course.ledger),
            card,
            certificate,
            info,
            conformal,
            reference_of(ready, judged, seed),
        )
        self.teacher_ = teacher
        self.stages_ = course.stages
        self._flat = ready.flat
        self.n_features_in_ = len(ready.schema.names)
        if ready.schema.named:
            self.feature_names_in_ = np.asarray(ready.schema.names, dtype=object)

    def _look_at(self, ready: Prepared, seed: int) -> None:
        """Warn of what makes errors too good."""
        warn_of_rows(ready, seed)

    def _keep_for_bands(self, ready: Prepared, run: Run) -> BandRows | None:
        """None where the estimator gives no bands."""
        return None

    def _outputs(self, X: Any, offset: Any = None) -> Matrix:
        check_is_fitted(self)
        table = self._new_rows(X)
        with memory_told(f"predictions of {table.n:,} rows", "Predict some thousand rows at a time."):
            return self.model_.predict(table, resolve_jobs(self.n_jobs), None if offset is None else as_offset(offset, table.n))

    def __sklearn_tags__(self) -> Tags:
        # the tags `categorical` and `string` stay off though both are welcome: they make scikit-learn's checks round X and skip strings
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
