"""What the two estimators share: validate, run the pipeline, store a frozen model, hand on. No mathematics here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

import motifnet
from motifnet.bundle import FittedModel, save_model, to_onnx
from motifnet.engine import Control, LedgerRow, MotifnetWarning, UsageError, memory_told, resolve_jobs, single_threaded
from motifnet.estimators._compress import compress_model
from motifnet.estimators._conformal import conformal_of
from motifnet.estimators._course import Course
from motifnet.estimators._fitted import check_is_fitted
from motifnet.estimators._goal import Judged
from motifnet.estimators._network import Network
from motifnet.estimators._pipeline import Run
from motifnet.estimators._prepare import Prepared, prepare
from motifnet.estimators._prescribe import Prescriber, check_wish
from motifnet.estimators._presets import get_preset
from motifnet.estimators._progress import progress
from motifnet.estimators._reference import reference_of
from motifnet.losses import Objective
from motifnet.mimicry import Card, Certificate, certify, describe_network
from motifnet.profiling import Profile
from motifnet.shift import ShiftReport
from motifnet.tables import Matrix, Table, Task, as_offset, as_table

CERTIFIED_ROWS = 128
_SMALLER = "Fit fewer rows, or with preset='fast' or n_jobs=1."


class MotifEstimator(BaseEstimator):
    """Base of `MotifRegressor` and `MotifClassifier`."""

    _task: Task

    def __init__(
        self,
        preset: str = "balanced",
        time_limit_s: float | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        teachers: Sequence[str] | None = None,
        profile: str | Profile | None = None,
    ) -> None:
        self.preset = preset
        self.time_limit_s = time_limit_s
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.teachers = teachers
        self.profile = profile

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, time: Any = None) -> Self:
        """Fit a network to a table.

        Parameters
        ----------
        X : data frame (pandas, polars, pyarrow) or array with shape (n, p)
            Numbers, booleans, categories, dates; gaps as they come.
        y : array or column with shape (n,), or (n, q) for several regression targets
        sample_weight : array with shape (n,), optional
            Weight 2 is the same as the row twice; rows of weight 0 are dropped.
        groups : array with shape (n,), optional
            Rows of one group are never split between fitting and scoring.
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
        seed, wish = _seed(self.random_state), check_wish(self.profile)
        limit = self.time_limit_s
        if limit is not None and not (isinstance(limit, Real) and limit > 0):
            raise UsageError(f"time_limit_s={limit!r} must be a positive number of seconds, or None for no limit.")
        control = Control(limit)
        with memory_told("the fit", _SMALLER), control.listening(), single_threaded(), progress(self.verbose) as listen:
            ready = prepare(X, y, sample_weight, groups, time, offset, task=self._task, objective=objective, preset=preset, seed=seed)
            course = Course(ready.goal, control, listen)
            run = Run(ready.sample, ready.goal, preset, seed, resolve_jobs(self.n_jobs), control, course, ready.log)
            run.prescriber = None if wish is None else Prescriber(wish, ready.looked_at(seed))
            judged = run.go()
            self._store(ready, run, judged, seed, {"objective": objective.name, "quantiles": list(objective.quantiles), "offset": offset is not None})
        if run.stopped:
            why = "Ctrl-C" if control.interrupted.is_set() else f"time_limit_s={limit}"
            warnings.warn(
                f"The fit was ended by {why}; the best model so far is kept. See ledger_ for the stages that ran.", MotifnetWarning, stacklevel=2
            )
        return self

    def _store(self, ready: Prepared, run: Run, judged: Judged, seed: int, asked: dict[str, Any]) -> None:
        network, teacher = ready.goal.network(judged), ready.goal.teacher(judged)
        scale = float(np.max(ready.goal.scale))
        certificate = certify(network, teacher, ready.sample.X[:CERTIFIED_ROWS], scale=scale, points=CERTIFIED_ROWS)
        info = {
            "motifnet": motifnet.__version__,
            "preset": self.preset,
            "seed": seed,
            "rows": ready.sample.n,
            "time_limit_s": self.time_limit_s,
            "stopped_early": run.stopped,
            "target_sd": [float(s) for s in ready.goal.scale],
            **asked,
        }
        card = describe_network(network, inputs=ready.sample.X.shape[1])
        # several quantiles are no prediction that residuals could go around, and with exposures residuals depend on those
        conformal = None if len(asked["quantiles"]) > 1 or asked["offset"] else conformal_of(ready.goal, run, judged)
        self.model_ = FittedModel(
            ready.encoder,
            ready.schema,
            network,
            self._task,
            ready.targets,
            ready.classes,
            tuple(run.course.ledger),
            card,
            certificate,
            info,
            conformal,
            reference_of(ready, judged, seed),
        )
        self.teacher_ = teacher
        self.stages_ = run.course.stages
        self.profile_ = run.profile
        self._flat = ready.flat
        self.n_features_in_ = len(ready.schema.names)
        if ready.schema.named:
            self.feature_names_in_ = np.asarray(ready.schema.names, dtype=object)

    def _outputs(self, X: Any, offset: Any = None) -> Matrix:
        check_is_fitted(self, "model_")
        table = self._table(X)
        with memory_told(f"predictions of {table.n:,} rows", "Predict some thousand rows at a time."):
            return self.model_.predict(table, resolve_jobs(self.n_jobs), None if offset is None else as_offset(offset, table.n))

    def _table(self, X: Any) -> Table:
        return as_table(X, schema=self.model_.schema)

    @property
    def network_(self) -> Network:
        """The fitted network on the encoded matrix: call it on arrays or tensors, export it, look at its card."""
        check_is_fitted(self, "model_")
        return Network(self.model_.network, self.model_.d, self.model_.certificate)

    @property
    def ledger_(self) -> tuple[LedgerRow, ...]:
        """The stages of the fit with seconds, honest error and number of parameters."""
        check_is_fitted(self, "model_")
        return self.model_.ledger

    @property
    def card_(self) -> Card:
        """The description of the finished architecture."""
        check_is_fitted(self, "model_")
        return self.model_.card

    @property
    def certificate_(self) -> Certificate:
        """What is known of the difference between the network and the model that it was computed from."""
        check_is_fitted(self, "model_")
        return self.model_.certificate

    def encode(self, X: Any) -> Matrix:
        """The matrix that the network sees, with shape (n, d)."""
        check_is_fitted(self, "model_")
        return self.model_.encode(self._table(X))

    def to_torch(self) -> torch.nn.Module:
        """The network as a module on the encoded matrix, a copy to use in any torch code."""
        return self.network_.to_torch()

    def to_onnx(self, path: str | Path, *, dtype: str = "float64") -> Any:
        """Write the whole model, raw columns by name, as ONNX; onnxruntime runs it against the network before the file is put in place."""
        check_is_fitted(self, "model_")
        return to_onnx(self.model_, path, dtype=dtype)

    def compress(self, X: Any = None, y: Any = None, *, max_units: int | None = None, tolerance: float | None = None, random_state: int = 0) -> Self:
        """A fitted model of the same class with a small network, which holds no row of the table.

        Parameters
        ----------
        X : table with the columns of the fit, optional
            Rows to distil the network on; the network carries those of its fit.
        y : column with shape (n,), optional
            Targets of X, for rows that were not in the fit: they judge, and the last layer is solved again on them if that helps.
        max_units : int
            At most so many kernel units.
        tolerance : float
            In place of `max_units`: the fewest of 32, 64, ..., 512 units whose error on held-out rows is at most (1 + tolerance) times that of the
            full network. Without y it is the error to be expected from the ledger's and the difference between the networks.

        Raises
        ------
        UsageError
            Where neither or both are given, or nothing gets smaller.
        """
        check_is_fitted(self, "model_")
        rows = None if X is None else self.encode(X)
        model = compress_model(self.model_, rows, y, max_units=max_units, tolerance=tolerance, seed=_seed(random_state))
        small = type(self)._of(model).set_params(**self.get_params())
        small._flat = self._flat
        return small

    def check_shift(self, X: Any, random_state: int = 0) -> ShiftReport:
        """Whether new rows are like those of the fit: which columns moved, and what error is to be expected on them.

        Parameters
        ----------
        X : table with the columns of the fit
        random_state : seed of subsamples and permutations

        Returns
        -------
        ShiftReport
            Prints as a table and a verdict; `.shifted`, `.moved`, `.error`, `.verdict`, `.to_dict()`. With no shift at all, the chance that anything
            is reported is at most 5 %, whatever the number of columns. The expected error (importance-weighted) supposes that the target depends on
            the columns as before.

        Raises
        ------
        UsageError
            Where the model is of a version that kept no reference.
        """
        check_is_fitted(self, "model_")
        return self.model_.check_shift(self._table(X), _seed(random_state))

    def save(self, path: str | Path) -> None:
        """Write the model as one file that `motifnet.load` reads."""
        check_is_fitted(self, "model_")
        save_model(self.model_, path)

    @classmethod
    def _of(cls, model: FittedModel) -> Self:
        """An estimator around a loaded model."""
        self = cls(preset=model.info.get("preset", "balanced"))
        self.model_ = model
        self._flat = model.width == 1
        self.n_features_in_ = len(model.schema.names)
        if model.schema.named:
            self.feature_names_in_ = np.asarray(model.schema.names, dtype=object)
        return self

    def __sklearn_tags__(self) -> Tags:
        # the tags `categorical` and `string` stay off though both are welcome: they make scikit-learn's checks round X and skip texts
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _seed(random_state: int | np.random.RandomState | None) -> int:
    """None is 0: without a wish, the result is the same every time."""
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    raise UsageError(f"random_state={random_state!r} must be None, a non-negative integer or a numpy RandomState.")
