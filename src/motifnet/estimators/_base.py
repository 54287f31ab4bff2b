"""The base of the two estimators: they validate, run the pipeline, store a frozen model, explain
it and report it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
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
from motifnet.estimators._finished import Finished, check_is_fitted
from motifnet.losses import Objective
from motifnet.model import FitInfo, FittedModel
from motifnet.model.explain import (
    Evidence,
    Explanation,
    RowExplanation,
    centres_of,
    explain,
    explain_row,
    sensitivities,
)
from motifnet.model.report import Report, check_target, held_out_scores, make_report
from motifnet.pipeline import (
    BandRows,
    Goal,
    History,
    Prepared,
    Run,
    ScoredCandidate,
    check_monotone,
    check_resumable,
    check_size,
    conformal_of,
    evidence_of_fit,
    evidence_of_table,
    get_preset,
    open_checkpoint,
    prepare,
    progress,
    reference_of,
    rows_of,
    run_stages,
    settings_of,
    signs_of,
    smaller_model,
    teacher_of,
    warn_of_rows,
    without_rows,
)
from motifnet.stacking import Score
from motifnet.structure import Prescriber, Profile, Request, check_profile
from motifnet.tables import Task, as_offset, as_table
from motifnet.transfer import certify, describe_network
from motifnet.uncertainty import ClassSets, Intervals

CERTIFIED_ROWS = 128
_SMALLER = "Fit fewer rows, or with preset='fast' or n_jobs=1."


class Explained:
    """The part of an estimator that explains it. `_evidence`: rows that the fit keeps in memory,
    None after loading.
    """

    model_: FittedModel
    _evidence: Evidence | None = None
    _is_scored = True  # the predictions of `_evidence` are those of the model as it is

    def explain(self, X: Any = None, y: Any = None) -> Explanation:
        """Explain how the network uses its columns, and where it errs.

        Parameters
        ----------
        X : table with the columns of the fit, optional
            Rows to explain the model by. By default those of the fit, with their out-of-fold
            predictions. A loaded model has no targets, and takes the rows that the network carries
            as centres.
        y : column with shape (n,), optional
            Targets of X. Rows of the fit are recognised and not scored, as their errors would be
            too small.

        Returns
        -------
        Explanation
            Effects, importances, interactions, novelty of rows, errors of groups, leakage.

        Raises
        ------
        UsageError
            Where X is not given and the model carries no rows, or y is given without X.
        """
        rows = self._rows_for(X, y)
        return explain(self.model_, rows)

    def explain_row(self, X: Any, others: Any = None) -> RowExplanation:
        """Explain one prediction: what each column contributes to it (Shapley values).

        Parameters
        ----------
        X : table with one row and the columns of the fit
            The row, such as ``table.iloc[[0]]``.
        others : table with the columns of the fit, optional
            Rows to compare it with, of which at most 100 are drawn. By default those of the fit, or
            of a loaded model those that its network carries as centres.

        Returns
        -------
        RowExplanation
            Contributions that add up from the mean prediction of the others to that of the row;
            `plot()` draws them.

        Raises
        ------
        UsageError
            For more rows than one, and where others are not given and the model carries no rows.
        """
        check_is_fitted(self)
        row = as_table(X, schema=self.model_.schema)
        return explain_row(self.model_, row, self._rows_for(others, None))

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Total Sobol indices of the columns as shares that sum to 1, with shape (p,), in the order
        of the table. `explain` has more, with intervals.
        """
        check_is_fitted(self)
        of_column = sensitivities(self.model_, self._rows_for(None, None))
        shares = np.array([max(of_column.get(name, 0.0), 0.0) for name in self.model_.schema.names])
        return shares / max(float(shares.sum()), 1e-300)

    def report(
        self,
        path: str | Path | None = None,
        X: Any = None,
        y: Any = None,
        *,
        overwrite: bool = False,
    ) -> Report:
        """The report of the model: verdict, network, errors, effects, calibration, findings,
        certificate and how to repeat it.

        `print` shows it as text, a notebook as HTML.

        Parameters
        ----------
        path : str or Path, optional
            File to write, by its suffix as HTML, Markdown or JSON (.html, .md, .json).
        X, y
            As in `explain`.
        overwrite : bool, default False
            Whether an existing file is replaced.

        Returns
        -------
        Report

        Raises
        ------
        UsageError
            Before the work, for another suffix, and for an existing file without `overwrite`.
        """
        check_is_fitted(self)
        if path is not None:
            check_target(path, overwrite=overwrite)
        try:
            evidence = self._rows_for(X, y)
        except UsageError:
            if X is not None or y is not None:
                raise
            evidence = None
        report = make_report(self.model_, evidence, profile=self._profile)
        if path is not None:
            report.write(path, overwrite=overwrite)
        return report

    def _rows_for(self, X: Any, y: Any) -> Evidence:
        check_is_fitted(self)
        if X is not None:
            return evidence_of_table(self.model_, as_table(X, schema=self.model_.schema), y)
        if y is not None:
            raise UsageError(
                "y was passed without X. Pass the rows that y belongs to, or leave out both."
            )
        return self._evidence if self._evidence is not None else centres_of(self.model_)

    @property
    def scores_(self) -> dict[str, tuple[Score, ...]]:
        """Scores of the fit on its held-out rows, by target: R² and RMSE in the target's unit with
        standard errors; accuracy, log loss and, of two classes, AUC.

        Standard errors take rows as independent. A loaded model, a stream, a model made smaller
        after its fit, several quantiles and fits with exposures know the error of the ledger only.
        """
        check_is_fitted(self)
        return held_out_scores(self.model_, self._evidence if self._is_scored else None)

    @property
    def _profile(self) -> Profile | None:
        return getattr(self, "profile_", None)


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
        monotone: Mapping[str, int] | None = None,
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
        self.monotone = monotone

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
        monotone = check_monotone(self)
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
            run.monotone, run.signs = monotone, signs_of(monotone, ready, objective)
            self._set_up(run, ready, objective, request)
            with working(engine, self._checkpoint_of(ready, run, objective, request)):
                scored = run_stages(run)
            self._keep(ready, run, scored, objective, offset)
        if run.stopped:
            _warn_of_end("Ctrl-C" if control.interrupted.is_set() else f"its limit of {limit:g} s")
        return self

    def _set_up(self, run: Run, ready: Prepared, objective: Objective, request: Request) -> None:
        """Give the run what the parameters request."""
        run.teacher = teacher_of(self.teacher, ready, objective)
        run.copies, run.small = self.size == "full", self.size == "small"
        run.budget = self.max_parameters
        run.names = tuple(ready.encoder.names)
        if request is not None and not run.monotone:
            run.prescriber = Prescriber(request, ready.profile_rows(run.seed))

    def _checkpoint_of(
        self, ready: Prepared, run: Run, objective: Objective, request: Request
    ) -> Checkpoint | None:
        if not self.checkpoint:
            return None
        settings = settings_of(run.preset, objective, run.seed, request)
        settings |= {"teacher": repr(self.teacher), "size": self.size, "monotone": run.monotone}
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
            monotone=run.monotone,
        )
        # with exposures residuals depend on these
        conformal = (
            conformal_of(ready.goal, run, scored, objective.quantiles) if offset is None else None
        )
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
        f"The fit was ended by {reason}; the best model so far is kept. Its ledger says which "
        "stages ran (ledger_, or motifnet show).",
        MotifnetWarning,
        stacklevel=3,
    )
