"""A fitted model of another library as a network."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal, get_args

import numpy as np

from motifnet.engine import DataError, UsageError
from motifnet.estimators._black_box import imitate
from motifnet.estimators._network import Network
from motifnet.mimicry import Certificate, certify, certify_rows, far_away, relu_form, transfer
from motifnet.mimicry.fitted import Columns, coded, outputs_of, with_deviation
from motifnet.motifs import Motif
from motifnet.tables import Matrix

Form = Literal["native", "relu"]


def mimic(fitted: Any, X: Any = None, *, form: Form = "native", tolerance: float = 1e-2, return_std: bool = False) -> Network:
    """The network that computes what a fitted estimator predicts, by calculation alone.

    Parameters
    ----------
    fitted : fitted estimator of scikit-learn, LightGBM, XGBoost or CatBoost, a pipeline of them included; or any function of rows
        A regressor gives the network of `predict` with shape (n, q), a classifier that of `predict_proba` with shape (n, K) or, where it has none,
        of `decision_function`, a transformer that of `transform`. A function is imitated through its values on X and on rows near them: the
        certificate then tells the fidelity that was measured, and nothing is exact.
    X : array or data frame with shape (n, d), optional
        Rows of the kind that it was fitted on: the certificate is measured on them, and the box of the relu form is theirs. With a data frame the
        network takes its columns by name in ONNX, texts included.
    form : {"native", "relu"}
        Native motifs (absolute values, exponentials, steps) are exact to rounding; the relu form has rectifiers and affine maps only, and a
        certified error.
    tolerance : float
        Error of the relu form that is aimed at, in units of the standard deviation of the predictions on X.
    return_std : bool
        Of a GaussianProcessRegressor the mean and the standard deviation, side by side.

    Raises
    ------
    UsageError
        Where there is no transfer for this type, it is not fitted, or the relu form lacks X.
    DataError
        Where X is not of the kind that the estimator takes.
    """
    if form not in get_args(Form):
        raise UsageError(f"form={form!r} is not known; choose one of {', '.join(map(repr, get_args(Form)))}.")
    if not isinstance(tolerance, Real) or not tolerance > 0:
        raise UsageError(f"tolerance={tolerance!r} must be a positive number, such as 0.01.")
    if return_std and not hasattr(fitted, "L_"):
        raise UsageError(f"return_std=True is for a GaussianProcessRegressor, but got {type(fitted).__name__}. Leave it out.")
    if callable(fitted) and not hasattr(fitted, "predict"):
        if form != "native":
            raise UsageError(f"form={form!r} is for fitted estimators; a function is imitated by native motifs. Leave it out.")
        return _imitated(fitted, X)
    network = with_deviation(fitted) if return_std else transfer(fitted)
    if X is None:
        if form == "relu":
            raise UsageError("The relu form is certified on the box of the data. Pass X, rows of the kind that the estimator was fitted on.")
        return Network(network, _width(fitted))
    rows, columns = coded(X), Columns.of(X)
    if rows.ndim != 2 or rows.shape[1] != _width(fitted):
        raise DataError(
            f"X has shape {rows.shape}, but the estimator was fitted on {_width(fitted)} columns. Pass rows with shape (n, {_width(fitted)})."
        )

    def predict(rows: Any) -> Matrix:
        return np.column_stack(fitted.predict(rows, return_std=True)) if return_std else outputs_of(fitted, rows)

    try:
        expected = predict(X)
    except (TypeError, ValueError) as error:
        raise DataError(f"The estimator does not take X: {error} Pass rows of the kind that it was fitted on.") from error
    scale = float(np.nanstd(expected, axis=0).max()) or 1.0
    if columns is None and np.isfinite(rows).all() and _takes_any_number(predict, rows):
        return Network(*_in_form(network, predict, rows, form, tolerance, scale))
    if form == "relu":
        raise UsageError("The relu form is for estimators of any numbers, without levels and missing values. Take the native form.")
    return Network(network, rows.shape[1], certify_rows(network, expected, rows, scale), columns=columns)


def _imitated(predict: Any, X: Any) -> Network:
    if X is None:
        raise UsageError("A function is imitated through its values. Pass X, rows of the kind that it takes.")
    return imitate(predict, X)


def _in_form(network: Motif, predict: Any, rows: Matrix, form: str, tolerance: float, scale: float) -> tuple[Motif, int, Certificate]:
    if form == "native":
        return network, rows.shape[1], certify(network, predict, rows, scale=scale)
    relu = relu_form(network, (rows.min(axis=0), rows.max(axis=0)), tolerance * scale, rows)
    certificate = certify(relu.network, predict, rows, scale=scale, bound=relu.bound, form="relu", note=relu.note)
    return relu.network, rows.shape[1], certificate


def _takes_any_number(predict: Any, rows: Matrix) -> bool:
    """False where the estimator refuses rows that are no rows of its kind, such as negative ones."""
    try:
        predict(far_away(rows, 2, 0))
    except ValueError:
        return False
    return True


def _width(fitted: Any) -> int:
    """Number of columns that it was fitted on."""
    if hasattr(fitted, "n_features_in_"):
        return int(fitted.n_features_in_)
    if hasattr(fitted, "feature_names_"):  # CatBoost
        return len(fitted.feature_names_)
    return int(fitted.num_feature()) if hasattr(fitted, "num_feature") else 1
