"""A fitted model of another library as a network, compared with the model on rows.

An estimator that reads documents becomes a network of the counts of their terms.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np

from motifnet.engine import DataError, Matrix, MotifnetError, MotifnetWarning, UsageError
from motifnet.estimators._black_box import imitate
from motifnet.estimators._network import Network
from motifnet.motifs import Motif
from motifnet.transfer import (
    Certificate,
    certify,
    certify_rows,
    far_away,
    relu_form,
    transfer,
    values_of,
)
from motifnet.transfer.fitted import (
    Columns,
    Documents,
    Uses,
    coded,
    compare,
    measured,
    methods_of,
    network_for,
    own_outputs,
    reads_documents,
    strings_of,
    synthetic_rows,
    with_deviation,
    with_levels,
)

ONE = ("documents",)  # the name of the column of an estimator that takes documents only
Form = Literal["native", "relu"]
Predict = partial[Any]


def mimic(
    fitted: Any,
    X: Any = None,
    *,
    form: Form = "native",
    tolerance: float = 1e-2,
    return_std: bool = False,
    method: str | None = None,
) -> Network:
    """The network that computes what a fitted estimator predicts, by calculation alone.

    Parameters
    ----------
    fitted : fitted estimator or function
        Of scikit-learn, LightGBM, XGBoost or CatBoost, a pipeline of them included; or any function
        of rows. A regressor gives the network of `predict` with shape (n, q), a classifier that of
        `predict_proba` with shape (n, K) or, where it has none, of `decision_function`, a
        transformer that of `transform`. A function is imitated by its values on X and on rows near
        them; the certificate then gives a measured fidelity, and nothing is exact.
    X : array or data frame with shape (n, d), optional
        Rows of the kind that it was fitted on. The network is compared with the estimator on them,
        the certificate is measured on them, and they give the box of the relu form. Without X the
        comparison is on synthetic rows. For an estimator of a data frame, and with a data frame,
        the network takes the columns by name, strings included, in any order, also in ONNX. For a
        vectoriser: a list or series of documents.
    form : {"native", "relu"}
        Native motifs (absolute values, exponentials, steps) are exact to rounding; the relu form
        has rectifiers and affine maps only, and a certified error.
    tolerance : float
        Target error of the relu form, in standard deviations of the predictions on X.
    return_std : bool
        For a GaussianProcessRegressor: mean and standard deviation side by side.
    method : str, optional
        Another method of the estimator in place of the default: `transform` of KMeans and of
        LinearDiscriminantAnalysis, `predict` and `score_samples` of Gaussian mixtures,
        `decision_function` of classifiers with probabilities; also at the end of a pipeline.

    Returns
    -------
    Network

    Raises
    ------
    UsageError
        Where there is no transfer for this type, it is not fitted, or the relu form lacks X.
    DataError
        Where X is not of the kind that the estimator takes.
    MimicryError
        Where the network differs from the estimator by more than 1e-6 standard deviations of an
        output, and its own type's rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVR
    >>> from motifnet import mimic
    >>> X = np.random.default_rng(0).uniform(-1, 1, (100, 3))
    >>> machine = SVR().fit(X, X[:, 0] * X[:, 1])
    >>> network = mimic(machine, X)
    >>> bool(abs(network(X)[:, 0] - machine.predict(X)).max() < 1e-10)
    True
    """
    _check_settings(fitted, form, tolerance, return_std)
    if callable(fitted) and not hasattr(fitted, "predict"):
        return _imitated(fitted, X, form)
    return _transferred(fitted, X, form, tolerance, return_std, method)


def _check_settings(fitted: Any, form: Form, tolerance: float, return_std: bool) -> None:
    if form not in get_args(Form):
        raise UsageError(
            f"form={form!r} is not known; choose one of {', '.join(map(repr, get_args(Form)))}."
        )
    if not isinstance(tolerance, Real) or not tolerance > 0:
        raise UsageError(f"tolerance={tolerance!r} must be a positive number, such as 0.01.")
    if return_std and not hasattr(fitted, "L_"):
        raise UsageError(
            f"return_std=True is for a GaussianProcessRegressor, but got "
            f"{type(fitted).__name__}. Leave it out."
        )


def _imitated(predict: Any, X: Any, form: Form) -> Network:
    """The network of a function, by its values."""
    if form != "native":
        raise UsageError(
            f"form={form!r} is for fitted estimators; a function is imitated by "
            "native motifs. Leave it out."
        )
    if X is None:
        raise UsageError(
            "A function is imitated through its values. Pass X, rows of the kind that it takes."
        )
    return imitate(predict, X)


def _transferred(
    fitted: Any, X: Any, form: Form, tolerance: float, return_std: bool, method: str | None
) -> Network:
    """The network of a fitted estimator, compared with it."""
    network = _network(fitted, X, return_std, method)
    width, names = _width(fitted, network, X), _names(fitted)
    predict = partial(_outputs, fitted, return_std, method)
    if reads_documents(network):
        return _of_text(network, width, names, predict, X, form)
    if X is None:
        if form == "relu":
            raise UsageError(
                "The relu form is certified on the box of the data. Pass X, rows of "
                "the kind that the estimator was fitted on."
            )
        out = Network(network, width, columns=Columns.named(names, network) if names else None)
        _compare_on_synthetic_rows(out, predict, fitted, return_std)
        return out
    table = Columns.named(names, network).of_frame(X) if names else X
    rows = coded(table, Uses.of(network, width).numbers)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise DataError(
            f"X has shape {rows.shape}, but the estimator was fitted on {width} "
            f"columns. Pass rows with shape (n, {width})."
        )
    columns = Columns.of(table, network)
    expected, unit = measured(network, rows, predict, X, fitted, return_std)
    if columns is None and np.isfinite(rows).all() and _takes_any_number(network, predict, rows):
        return Network(*_in_form(network, predict, rows, form, tolerance, unit))
    if form == "relu":
        raise UsageError(
            "The relu form is for estimators of any numbers, without levels and "
            "missing values. Take the native form."
        )
    return Network(network, width, certify_rows(network, expected, rows, unit), columns=columns)


def _network(fitted: Any, X: Any, return_std: bool, method: str | None) -> Motif:
    """The network of the requested method."""
    if method is None:
        return (
            with_deviation(fitted)
            if return_std
            else transfer(fitted if X is None else with_levels(fitted, X))
        )
    if return_std or not hasattr(fitted, method):
        known = ", ".join(map(repr, methods_of(fitted)))
        raise UsageError(
            f"method={method!r} is not there for {type(fitted).__name__}; there is a "
            f"transfer of its {known}. Choose one of these."
        )
    return network_for(fitted, method)


def _of_text(
    network: Motif, d: int, names: tuple[str, ...], predict: Predict, X: Any, form: str
) -> Network:
    """The network of an estimator that reads documents."""
    fitted = predict.args[0]
    if form != "native":
        raise UsageError(
            "The relu form is for estimators of numbers, not of documents. Take the native form."
        )
    predict = predict if names else _with_document_lists(predict)
    out = _of_documents(network, d, names, X)
    if X is not None:
        return _certified(out, predict, fitted, X)
    _compare_on_synthetic_rows(out, predict, fitted)
    return out


def _of_documents(network: Motif, d: int, names: Sequence[str], X: Any) -> Network:
    """The network of d raw columns, followed by the counts of terms."""
    documents = Documents(d)
    module = documents.spread(network, range(d))
    width = d + sum(len(reader.terms) for _, reader in documents.found)
    uses, read = Uses.of(module, width), {column for column, _ in documents.found}
    named = tuple(names) or (ONE if d == 1 else tuple(f"x{j}" for j in range(d)))
    columns = Columns(named, tuple(uses.texts(j) for j in range(d)))
    columns = (Columns.of(columns.of_frame(X), module, width) if names else None) or columns
    is_text = tuple(text or j in read for j, text in enumerate(columns.is_text))
    return Network(module, width, columns=Columns(named, is_text, tuple(documents.found)))


def _with_document_lists(predict: partial[Any]) -> partial[Any]:
    """The estimator, which then receives the documents of a table of one column as a list."""
    return partial(_predict_list, predict.func, *predict.args)


def _predict_list(predict: Any, *arguments: Any) -> Any:
    *settings, rows = arguments
    frame = nw.from_native(rows, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return predict(*settings, frame[:, 0].to_list())
    return predict(*settings, [row if isinstance(row, str | bytes) else row[0] for row in rows])


def _certified(out: Network, predict: partial[Any], fitted: Any, X: Any) -> Network:
    """The network with a certificate measured on rows X."""
    matrix = out.encode(X)
    expected, unit = measured(out.module, matrix, predict, X, fitted)
    return Network(
        out.module, out.d, certify_rows(out.module, expected, matrix, unit), columns=out.columns
    )


def _outputs(fitted: Any, return_std: bool, method: str | None, rows: Any) -> Any:
    return (
        np.column_stack(fitted.predict(rows, return_std=True))
        if return_std
        else own_outputs(fitted, rows, method)
    )


def _compare_on_synthetic_rows(
    out: Network, predict: Predict, fitted: Any, return_std: bool = False
) -> None:
    """Compare with the estimator on the first rows that it takes. Warns where it takes none."""
    with warnings.catch_warnings(action="ignore"):  # rows without the names of columns
        for rows in synthetic_rows(out.module, out.d, out.columns):
            try:
                compare(
                    values_of(out.module, out.encode(rows)),
                    predict,
                    rows,
                    fitted,
                    "synthetic rows",
                    return_std,
                )
            except MotifnetError:
                raise
            except Exception:  # noqa: S112 (each library refuses rows in its own way)
                continue
            return
    text = (
        f"The network was not compared with {type(fitted).__name__}, which took no synthetic rows."
    )
    warnings.warn(
        f"{text} Pass X, rows of the kind that it was fitted on.", MotifnetWarning, stacklevel=4
    )


def _in_form(
    network: Motif, predict: Predict, rows: Matrix, form: str, tolerance: float, unit: Matrix
) -> tuple[Motif, int, Certificate]:
    if form == "native":
        return network, rows.shape[1], certify(network, predict, rows, scale=unit)
    scale = float(unit.max())
    relu = relu_form(network, (rows.min(axis=0), rows.max(axis=0)), tolerance * scale, rows)
    certificate = certify(
        relu.network, predict, rows, scale=scale, bound=relu.bound, form="relu", note=relu.note
    )
    return relu.network, rows.shape[1], certificate


def _takes_any_number(network: Motif, predict: Predict, rows: Matrix) -> bool:
    """False where columns hold strings, or the estimator refuses other rows than those it was
    fitted on, such as negative ones.
    """
    if strings_of(network):
        return False
    try:
        predict(far_away(rows, 2, 0))
    except (TypeError, ValueError):
        return False
    return True


def _names(fitted: Any) -> tuple[str, ...]:
    """Names of the columns of the data frame that it was fitted on; empty for an array."""
    return tuple(str(name) for name in getattr(fitted, "feature_names_in_", ()))


def _width(fitted: Any, network: Motif, X: Any) -> int:
    """Number of columns that it was fitted on, or of X where the estimator does not keep it."""
    # of CatBoost, which has no other count when loaded from a file
    if hasattr(fitted, "feature_names_"):
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
        raise UsageError(
            f"{type(fitted).__name__} does not say how many columns it takes. Pass "
            "X, rows of the kind that it was fitted on."
        )
    return int(np.shape(X)[-1])
