"""A fitted model of another library as a network."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np

from motifnet.engine import DataError, MotifnetError, MotifnetWarning, UsageError
from motifnet.estimators._black_box import imitate
from motifnet.estimators._documents import asked_for_documents, certified, of_documents
from motifnet.estimators._network import Network
from motifnet.mimicry import Certificate, certify, certify_rows, far_away, relu_form, transfer, values_of
from motifnet.mimicry.fitted import (
    Columns,
    Uses,
    coded,
    compare,
    measured,
    methods_of,
    network_for,
    own_outputs,
    reads_documents,
    synthetic_rows,
    texts_of,
    with_deviation,
    with_levels,
)
from motifnet.motifs import Motif
from motifnet.tables import Matrix

Form = Literal["native", "relu"]
Ask = partial[Any]


def mimic(
    fitted: Any, X: Any = None, *, form: Form = "native", tolerance: float = 1e-2, return_std: bool = False, method: str | None = None
) -> Network:
    """The network that computes what a fitted estimator predicts, by calculation alone.

    Parameters
    ----------
    fitted : fitted estimator of scikit-learn, LightGBM, XGBoost or CatBoost, a pipeline of them included; or any function of rows
        A regressor gives the network of `predict` with shape (n, q), a classifier that of `predict_proba` with shape (n, K) or, where it has none,
        of `decision_function`, a transformer that of `transform`. A function is imitated through its values on X and on rows near them: the
        certificate then tells the fidelity that was measured, and nothing is exact.
    X : array or data frame with shape (n, d), optional
        Rows of the kind that it was fitted on: the network is compared with the estimator on them, the certificate is measured on them, and the box
        of the relu form is theirs. Without them it is compared on synthetic rows. Of an estimator of a data frame, and with a data frame, the network
        takes the columns by name, strings included, in any order, and in ONNX as well. Of a vectoriser: a list or series of documents.
    form : {"native", "relu"}
        Native motifs (absolute values, exponentials, steps) are exact to rounding; the relu form has rectifiers and affine maps only, and a
        certified error.
    tolerance : float
        Error of the relu form that is aimed at, in units of the standard deviation of the predictions on X.
    return_std : bool
        Of a GaussianProcessRegressor the mean and the standard deviation, side by side.
    method : str, optional
        Another method of the estimator to take the network of, where there is one: `transform` of KMeans and of LinearDiscriminantAnalysis,
        `predict` and `score_samples` of Gaussian mixtures, `decision_function` of classifiers with probabilities, alone or at the end of a pipeline.

    Raises
    ------
    UsageError
        Where there is no transfer for this type, it is not fitted, or the relu form lacks X.
    DataError
        Where X is not of the kind that the estimator takes.
    MimicryError
        Where the network differs from the estimator by more than 1e-6 standard deviations of an output, and its own type's rounding.
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
        if X is None:
            raise UsageError("A function is imitated through its values. Pass X, rows of the kind that it takes.")
        return imitate(fitted, X)
    network = _network(fitted, X, return_std, method)
    width, names = _width(fitted, network, X), _names(fitted)
    ask = partial(_outputs, fitted, return_std, method)
    if reads_documents(network):
        return _reading(network, width, names, ask, X, form)
    if X is None:
        if form == "relu":
            raise UsageError("The relu form is certified on the box of the data. Pass X, rows of the kind that the estimator was fitted on.")
        out = Network(network, width, columns=Columns.named(names, network) if names else None)
        _compare_on_synthetic_rows(out, ask, fitted, return_std)
        return out
    table = Columns.named(names, network).of_frame(X) if names else X
    rows = coded(table, Uses.of(network, width).numbers)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise DataError(f"X has shape {rows.shape}, but the estimator was fitted on {width} columns. Pass rows with shape (n, {width}).")
    columns = Columns.of(table, network)
    expected, unit = measured(network, rows, ask, X, fitted, return_std)
    if columns is None and np.isfinite(rows).all() and _takes_any_number(network, ask, rows):
        return Network(*_in_form(network, ask, rows, form, tolerance, unit))
    if form == "relu":
        raise UsageError("The relu form is for estimators of any numbers, without levels and missing values. Take the native form.")
    return Network(network, width, certify_rows(network, expected, rows, unit), columns=columns)


def _network(fitted: Any, X: Any, return_std: bool, method: str | None) -> Motif:
    """The network of what is requested."""
    if method is None:
        return with_deviation(fitted) if return_std else transfer(fitted if X is None else with_levels(fitted, X))
    if return_std or not hasattr(fitted, method):
        known = ", ".join(map(repr, methods_of(fitted)))
        raise UsageError(f"method={method!r} is not there for {type(fitted).__name__}; there is a transfer of its {known}. Choose one of these.")
    return network_for(fitted, method)


def _reading(network: Motif, d: int, names: tuple[str, ...], ask: Ask, X: Any, form: str) -> Network:
    """The network of an estimator that reads documents."""
    fitted = ask.args[0]
    if form != "native":
        raise UsageError("The relu form is for estimators of numbers, not of documents. Take the native form.")
    ask = ask if names else asked_for_documents(ask)
    out = of_documents(network, d, names, X)
    if X is not None:
        return certified(out, ask, fitted, X)
    _compare_on_synthetic_rows(out, ask, fitted)
    return out


def _outputs(fitted: Any, return_std: bool, method: str | None, rows: Any) -> Any:
    return np.column_stack(fitted.predict(rows, return_std=True)) if return_std else own_outputs(fitted, rows, method)


def _compare_on_synthetic_rows(out: Network, ask: Ask, fitted: Any, return_std: bool = False) -> None:
    """Compare with the estimator on the first rows that it takes; say so where it takes none."""
    with warnings.catch_warnings(action="ignore"):  # what libraries say of rows without their names
        for rows in synthetic_rows(out.module, out.d, out.columns):
            try:
                compare(values_of(out.module, out.encode(rows)), ask, rows, fitted, "synthetic rows", return_std)
            except MotifnetError:
                raise
            except Exception:  # noqa: S112 (it refuses rows of this kind, each library in its own way)
                continue
            return
    text = f"The network was not compared with {type(fitted).__name__}, which took no synthetic rows."
    warnings.warn(f"{text} Pass X, rows of the kind that it was fitted on.", MotifnetWarning, stacklevel=3)


def _in_form(network: Motif, ask: Ask, rows: Matrix, form: str, tolerance: float, unit: Matrix) -> tuple[Motif, int, Certificate]:
    if form == "native":
        return network, rows.shape[1], certify(network, ask, rows, scale=unit)
    scale = float(unit.max())
    relu = relu_form(network, (rows.min(axis=0), rows.max(axis=0)), tolerance * scale, rows)
    certificate = certify(relu.network, ask, rows, scale=scale, bound=relu.bound, form="relu", note=relu.note)
    return relu.network, rows.shape[1], certificate


def _takes_any_number(network: Motif, ask: Ask, rows: Matrix) -> bool:
    """False where columns hold strings, or the estimator refuses rows that are no rows of its kind, such as negative ones."""
    if texts_of(network):
        return False
    try:
        ask(far_away(rows, 2, 0))
    except (TypeError, ValueError):
        return False
    return True


def _names(fitted: Any) -> tuple[str, ...]:
    """Names of the columns of the data frame that it was fitted on; none of an array."""
    return tuple(str(name) for name in getattr(fitted, "feature_names_in_", ()))


def _width(fitted: Any, network: Motif, X: Any) -> int:
    """Number of columns that it was fitted on; of what keeps none, such as steps that do nothing, that of X."""
    if hasattr(fitted, "feature_names_"):  # of CatBoost, which counts no features where it was loaded from a file
        return len(fitted.feature_names_)
    if hasattr(fitted, "n_features_in_"):
        return int(fitted.n_features_in_)
    if hasattr(fitted, "num_feature"):
        return int(fitted.num_feature())
    if hasattr(fitted, "X_thresholds_"):  # IsotonicRegression
        return 1
    if reads_documents(network):
        return 1
    if X is None:
        raise UsageError(f"{type(fitted).__name__} does not say how many columns it takes. Pass X, rows of the kind that it was fitted on.")
    return int(np.shape(X)[-1])
