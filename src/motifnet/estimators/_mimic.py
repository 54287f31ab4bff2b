"""A fitted model of another library as a network."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from motifnet.engine import DataError, UsageError
from motifnet.estimators._network import Network
from motifnet.mimicry import Certificate, certify, relu_form, transfer
from motifnet.motifs import Motif
from motifnet.tables import Matrix


def mimic(fitted: Any, X: Any = None, *, form: Literal["native", "relu"] = "native", tolerance: float = 1e-2) -> Network:
    """The network that computes what a fitted estimator predicts, by calculation alone.

    Parameters
    ----------
    fitted : fitted estimator of scikit-learn or LightGBM
        A regressor gives the network of `predict` with shape (n, q), a classifier that of `predict_proba` with shape (n, K).
    X : array with shape (n, d), optional
        Rows of the kind that it was fitted on: the certificate is measured on them, and the box of the relu form is theirs.
    form : {"native", "relu"}
        Native motifs (absolute values, exponentials, steps) are exact to rounding; the relu form has rectifiers and affine maps only, and a
        certified error.
    tolerance : float
        Error of the relu form that is aimed at, in units of the standard deviation of the predictions on X.

    Raises
    ------
    UsageError
        Where there is no transfer for this type, or the relu form lacks X.
    """
    network = transfer(fitted)
    if X is None:
        if form == "relu":
            raise UsageError("The relu form is certified on the box of the data. Pass X, rows of the kind that the estimator was fitted on.")
        return Network(network, _width(fitted))
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != _width(fitted):
        raise DataError(
            f"X has shape {rows.shape}, but the estimator was fitted on {_width(fitted)} columns. Pass rows with shape (n, {_width(fitted)})."
        )

    def predict(rows: Matrix) -> Matrix:
        values = fitted.predict_proba(rows) if hasattr(fitted, "classes_") and hasattr(fitted, "predict_proba") else fitted.predict(rows)
        return np.asarray(values, dtype=np.float64).reshape(len(rows), -1)

    scale = float(predict(rows).std(axis=0).max()) or 1.0
    return Network(*_in_form(network, predict, rows, form, tolerance, scale))


def _in_form(network: Motif, predict: Any, rows: Matrix, form: str, tolerance: float, scale: float) -> tuple[Motif, int, Certificate]:
    if form == "native":
        return network, rows.shape[1], certify(network, predict, rows, scale=scale)
    if form != "relu":
        raise UsageError(f"form={form!r} is not known; choose 'native' or 'relu'.")
    relu = relu_form(network, (rows.min(axis=0), rows.max(axis=0)), tolerance * scale, rows)
    certificate = certify(relu.network, predict, rows, scale=scale, bound=relu.bound, form="relu", note=relu.note)
    return relu.network, rows.shape[1], certificate


def _width(fitted: Any) -> int:
    return int(fitted.n_features_in_)
