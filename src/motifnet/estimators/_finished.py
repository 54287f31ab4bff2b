"""What an estimator does with its fitted model: pictures, the network, exports, compression, files,
comparison with new rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted as check

from motifnet.engine import DataError, Matrix, UsageError, seed_of
from motifnet.estimators._network import Network
from motifnet.model import FittedModel, Ledger, model_to_python, save_model, to_onnx
from motifnet.model.explain import (
    Evidence,
    effects_of,
    named_columns,
    outputs_of,
    show_effects,
)
from motifnet.model.report import fitted_html, show_calibration
from motifnet.pipeline import compress_model
from motifnet.plots import Axes
from motifnet.stacking import Score
from motifnet.structure import Profile
from motifnet.tables import Table, as_table, as_target
from motifnet.transfer import Card, Certificate
from motifnet.uncertainty import ShiftReport, warn_of_strangers


class UnfittedError(UsageError, NotFittedError):
    """A method that needs a fitted model was called before `fit`."""


def check_is_fitted(estimator: Any) -> None:
    """Raise UnfittedError, an error of scikit-learn's class and of ours, before the fit."""
    try:
        check(estimator, "model_")
    except NotFittedError as error:
        raise UnfittedError(str(error)) from None


class Shown:
    """The part of an estimator that draws it, and shows it in a notebook."""

    model_: FittedModel

    if TYPE_CHECKING:

        def _rows_for(self, X: Any, y: Any) -> Evidence: ...
        @property
        def scores_(self) -> dict[str, tuple[Score, ...]]: ...
        @property
        def _profile(self) -> Profile | None: ...

    def plot_effects(
        self, columns: str | Sequence[str] | None = None, X: Any = None, ax: Any = None
    ) -> Axes | NDArray[Any]:
        """Draw the effects of columns on the prediction, in its units, with their 95 % bands.

        Accumulated local effects of numbers and dates (Apley and Zhu 2020), which stay where rows
        are even if columns depend on each other; partial dependence of levels (Friedman 2001). Each
        is the difference from the mean over rows.

        Parameters
        ----------
        columns : name or sequence of names, optional
            By default the six columns with the largest effects.
        X : table with the columns of the fit, optional
            Rows to average over, by default those of the fit, as in `explain`.
        ax : matplotlib Axes, or a sequence of one for each column, optional
            Where to draw; by default a new figure with one scale for all.

        Returns
        -------
        matplotlib Axes
            For one name; for several an array of Axes, with shape (columns,). Of two classes the
            second is drawn, of more outputs the first six.

        Raises
        ------
        UsageError
            For an unknown column, one that does not vary, and axes that are too few or no Axes.
        """
        rows, names = self._rows_for(X, None), named_columns(columns)
        known = names is not None and set(names) <= set(self.model_.schema.names)
        effects = effects_of(self.model_, rows, names if known else None)
        classes = self.model_.classes is not None
        return show_effects(effects, outputs_of(self.model_), classes, columns, ax)

    def plot_calibration(self, X: Any = None, y: Any = None, ax: Any = None) -> Axes:
        """Draw how right probabilities, or quantiles and intervals, are on held-out rows.

        Parameters
        ----------
        X : table with the columns of the fit, optional
            New rows; by default those of the fit, each predicted by the fits that leave it out.
        y : column with shape (n,), optional
            Targets of X.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes
            For classes the reliability curve: observed shares against predicted probabilities, of
            the second of two classes, or of the most probable of more. For numbers the share of
            observations in intervals and below quantiles, against the requested one. Bars are 95 %
            intervals; what is calibrated lies on the diagonal.

        Raises
        ------
        UsageError
            Where fewer than 20 rows have a target and were not in the fit, as after `load` without
            X and y, and for a model without intervals.
        """
        check_is_fitted(self)
        if X is not None and y is None:
            raise UsageError("X was passed without y. Pass the targets of its rows too.")
        return show_calibration(self.model_, self._rows_for(X, y), y, ax)

    def plot_learning(self, ax: Any = None) -> Axes:
        """Draw the error on held-out rows against the seconds of the fit, stage by stage.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes
            As ``ledger_.plot()``.

        Raises
        ------
        UsageError
            Before the fit, and if `ax` is no Axes.
        """
        check_is_fitted(self)
        return Ledger(self.model_.ledger, self.model_.error_unit).plot(ax)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """scikit-learn's diagram, and what is known of a fitted model."""
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] += self._fitted_html()
        return bundle

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        return super()._repr_html_() + self._fitted_html()  # type: ignore[misc]

    def _fitted_html(self) -> str:
        if not hasattr(self, "model_"):
            return ""
        return fitted_html(self.model_, self.scores_, self._profile)


class Finished(Shown, BaseEstimator):
    """The part of an estimator that serves its fitted model, `model_`."""

    model_: FittedModel
    _flat: bool
    _band_rows: Any

    @classmethod
    def _of(cls, model: FittedModel) -> Self:
        """An estimator around a loaded model."""
        self = cls(preset=model.info.preset or "balanced")
        self.model_, self._band_rows = model, None
        self._flat = model.width == 1
        self.n_features_in_ = len(model.schema.names)
        if model.schema.named:
            self.feature_names_in_ = np.asarray(model.schema.names, dtype=object)
        return self

    def _table(self, X: Any) -> Table:
        return as_table(X, schema=self.model_.schema)

    def _new_rows(self, X: Any) -> Table:
        """The table of rows to predict. Warns where they are unlike those of the fit."""
        table = self._table(X)
        warn_of_strangers(self.model_.reference, self.model_.encoder, table)
        return table

    @property
    def network_(self) -> Network:
        """The fitted network on the encoded matrix: call it on arrays or tensors, export it, read
        its card.
        """
        check_is_fitted(self)
        return Network(self.model_.network, self.model_.d, self.model_.certificate)

    @property
    def ledger_(self) -> Ledger:
        """The stages of the fit with seconds, out-of-fold error and number of parameters."""
        check_is_fitted(self)
        return Ledger(self.model_.ledger, self.model_.error_unit)

    @property
    def card_(self) -> Card:
        """The description of the finished architecture."""
        check_is_fitted(self)
        return self.model_.card

    @property
    def certificate_(self) -> Certificate:
        """Bounds and measurements of the difference between the network and the model that it was
        computed from.
        """
        check_is_fitted(self)
        return self.model_.certificate

    def encode(self, X: Any) -> Matrix:
        """Encode a table as the input of the network.

        Parameters
        ----------
        X : table with the columns of the fit

        Returns
        -------
        array with shape (n, d)
        """
        check_is_fitted(self)
        return self.model_.encode(self._table(X))

    def to_torch(self) -> torch.nn.Module:
        """The network as a module on the encoded matrix, a copy to use in any torch code."""
        return self.network_.to_torch()

    def to_onnx(
        self,
        path: str | Path,
        *,
        dtype: str = "float64",
        coverage: float | None = None,
        distribution: bool = False,
    ) -> Any:
        """Write the whole model, with raw columns by name, as ONNX. onnxruntime compares it with
        the network before the file is written.

        Parameters
        ----------
        path : str or Path
        dtype : {"float64", "float32"}, default "float64"
            Type of the graph's numbers.
        coverage : float, optional
            Adds the ends of `predict_interval`, as the outputs "lower" and "upper".
        distribution : bool, default False
            Adds the output "scale", and to the metadata "laws" the law of
            (y - prediction) / scale for each target.

        Returns
        -------
        onnx.ModelProto
            What was written.

        Raises
        ------
        UsageError, ParityError
            Where onnx is not installed or the model has no such graph, and where onnxruntime gives
            other values than the network.
        """
        check_is_fitted(self)
        return to_onnx(self.model_, path, dtype=dtype, coverage=coverage, distribution=distribution)

    def to_python(self, path: str | Path, *, distribution: bool = False) -> None:
        """Write the whole model, with raw columns by name, as one Python file that needs numpy
        only. It suits small networks, as the file holds all numbers as text.

        The file has a function `predict(table)`, and with `distribution` also
        `distribution(table)`, which returns for each target the laws of `predict_distribution`:
        mean, variance, quantiles, cdf, density and CRPS.

        Parameters
        ----------
        path : str or Path
        distribution : bool, default False

        Raises
        ------
        UsageError
            For a distribution of counts, amounts, and models without intervals.
        """
        check_is_fitted(self)
        model_to_python(self.model_, path, distribution)

    def compress(
        self,
        X: Any = None,
        y: Any = None,
        *,
        max_units: int | None = None,
        tolerance: float | None = None,
        random_state: int = 0,
        groups: Any = None,
    ) -> Self:
        """A fitted model of the same class with a small network, which holds no row of the table.

        Parameters
        ----------
        X : table with the columns of the fit, optional
            Rows to distil the network on; the network carries those of its fit.
        y : column with shape (n,), optional
            Targets of X, for rows that were not in the fit. They score the network, and the last
            layer is solved again on them if that helps.
        max_units : int, optional
            Maximum number of kernel units. Default: the knee of the trade-off curve.
        tolerance : float, optional
            In place of `max_units`: the fewest of 32, 64, ..., 512 units whose error on held-out
            rows is at most (1 + tolerance) times that of the full network. Without y the error is
            estimated from the ledger and the difference between the networks.
        random_state : int, default 0
            Seed of the distillation.
        groups : array with shape (n,), optional
            Groups of the rows of X. A group is a whole: it is held out, or it is learned from.

        Returns
        -------
        MotifRegressor or MotifClassifier

        Raises
        ------
        UsageError
            If both are given, or if there is nothing to compress.
        """
        check_is_fitted(self)
        rows = None if X is None else self.encode(X)
        model = compress_model(
            self.model_,
            rows,
            y,
            groups,
            max_units=max_units,
            tolerance=tolerance,
            seed=seed_of(random_state),
        )
        small = type(self)._of(model).set_params(**self.get_params())
        small._flat = self._flat
        return small

    def check_shift(self, X: Any, random_state: int = 0, *, y: Any = None) -> ShiftReport:
        """Whether new rows are like those of the fit: the columns that moved, the error to be
        expected, and with known targets whether these lie where `predict_distribution` says.

        Parameters
        ----------
        X : table with the columns of the fit
        random_state : int, default 0
            Seed of subsamples and permutations.
        y : column with shape (n,), or (n, q), optional
            Targets of X, of a regression. Their PIT values are compared with those of the
            out-of-fold predictions of the fit: by location (higher or lower than predicted) and
            spread (larger or smaller errors).

        Returns
        -------
        ShiftReport
            Prints as a table and a verdict; `.shifted`, `.moved`, `.error`, `.pit`, `.verdict`,
            `.to_dict()`. Without a shift, anything is reported with a probability of at most 5 %,
            whatever the number of columns. The expected error (importance-weighted) assumes that
            the target depends on the columns as before.

        Raises
        ------
        UsageError
            If the model is of a version that kept no reference; with y also for a model without
            intervals.
        """
        check_is_fitted(self)
        table = self._table(X)
        observed = None if y is None else self._observed(y, table.n)
        return self.model_.check_shift(table, seed_of(random_state), observed)

    def _observed(self, y: Any, n: int) -> Matrix:
        """Targets with shape (n, q)."""
        if self.model_.classes is not None:
            raise UsageError(
                "y is for regressions: classes have no PIT values. Leave it out, and measure the "
                "error with `score`."
            )
        found, q = as_target(y, n, "regression").values, len(self.model_.targets)
        if found.shape[1] != q:
            raise DataError(
                f"y has {found.shape[1]} columns, expected {q}: one for each target. Pass these."
            )
        return found

    def save(self, path: str | Path) -> None:
        """Write the model as one file that `motifnet.load` reads.

        Parameters
        ----------
        path : str or Path
            The suffix .motif is usual.
        """
        check_is_fitted(self)
        save_model(self.model_, path)
