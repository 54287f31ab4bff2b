"""Which transfer serves which fitted estimator and method.

Transfers are found by class names, so that no library is loaded. The network of an estimator
computes one of its methods, the one of `method_of`, with shape (n, q). A list of outputs stands
side by side. A classifier with labels only has 1 in the column of the label, and 0 in the others.
`INSTEAD` names an alternative to some estimators without a transfer.

Composite estimators request a method of their members, whichever method the network of a member
computes:

    network_for   any method that has a transfer
    scores_of     decision_function, also of classifiers whose network gives probabilities
    labels_of     `predict` of a classifier: 1 in the column of its label, 0 in the others
    answer_of     any of the methods, as a member of a stack or a chain gives it

A label is the position of the largest value of the network, the first one among equals, or the sign
of a single value. Estimators with another rule have a line in `LABELS`.

The network of an estimator that is a teacher ends with the coding of the target (`coded_network`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_outlier_detector, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Chain, Clip, Largest, Log, Motif, Select
from motifnet.teachers import SMALLEST, Coding, FittedEstimator
from motifnet.transfer._transfer import affine, transfer

Transfer = Callable[[Any], list[Motif]]
TRANSFERS: dict[str, Transfer] = {}
# by class and method: methods other than the one of `method_of`
FURTHER: dict[tuple[str, str], Transfer] = {}
LABELS: dict[str, Transfer] = {}
INSTEAD = {
    "RadiusNeighborsClassifier": "nearest is KNeighborsClassifier",
    "RadiusNeighborsRegressor": "nearest is KNeighborsRegressor",
    **dict.fromkeys(("NMF", "SparsePCA"), "nearest is PCA, FastICA or KernelPCA"),
    **dict.fromkeys(("AffinityPropagation", "BisectingKMeans", "MeanShift"), "nearest is KMeans"),
    "AdditiveChi2Sampler": "nearest is Nystroem(kernel='chi2')",
    "CCA": "nearest is PLSRegression",
    "OutputCodeClassifier": "nearest is OneVsRestClassifier",
    "PolynomialCountSketch": "nearest is PolynomialFeatures, or Nystroem(kernel='poly')",
    "SkewedChi2Sampler": "nearest is Nystroem(kernel='chi2')",
    **dict.fromkeys(
        ("FeatureHasher", "HashingVectorizer"),
        "hashes are not taken. Nearest is CountVectorizer or TfidfVectorizer",
    ),
}
_LIBRARIES = ("sklearn", "lightgbm", "xgboost", "catboost")


def method_of(fitted: Any) -> str:
    """Name of the method that a network computes: probabilities of a classifier or else its scores,
    values of a regressor, columns of a transformer.
    """
    if hasattr(fitted, "predict_proba"):
        return "predict_proba"
    if hasattr(fitted, "decision_function") and (
        is_classifier(fitted) or is_outlier_detector(fitted)
    ):
        return "decision_function"
    return "predict" if hasattr(fitted, "predict") else "transform"


def outputs_of(fitted: Any, X: Any, method: str | None = None) -> Matrix:
    """Values of an estimator at rows X in float64, with shape (n, q)."""
    return own_outputs(fitted, X, method).astype(np.float64)


def own_outputs(fitted: Any, X: Any, method: str | None = None) -> NDArray[np.floating[Any]]:
    """Values of an estimator in its own floating type, which sets their number of digits."""
    method = method or method_of(fitted)
    values = getattr(fitted, method)(X)
    if isinstance(values, list):
        return np.hstack(values)
    if hasattr(fitted, "classes_") and method == "predict" and is_classifier(fitted):
        return _indicators(np.asarray(values), fitted.classes_)
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if dense.dtype.kind not in "f":
        try:
            dense = dense.astype(np.float64)
        except (TypeError, ValueError):
            raise UsageError(
                f"{type(fitted).__name__} gives {dense.reshape(-1)[0]!r}, a network gives "
                "numbers. Put an encoder after it, such as OneHotEncoder."
            ) from None
    return dense.reshape(len(dense), -1)


def _indicators(labels: NDArray[Any], classes: Any) -> Matrix:
    """1 where a label is the class of a column. With several outputs, whose classes are a list,
    these stand side by side.
    """
    several = classes if isinstance(classes, list) else [classes]
    columns = labels.reshape(len(labels), -1).T
    return np.hstack(
        [
            column[:, None] == np.asarray(known)
            for column, known in zip(columns, several, strict=True)
        ]
    ).astype(np.float64)


def advice(name: str) -> str:
    """A sentence that names the nearest alternative to a class; empty where there is none."""
    return f" Of {name}: {INSTEAD[name]}." if name in INSTEAD else ""


def network_of(fitted: Any) -> Motif:
    """The network of a fitted estimator; it computes the method of `method_of`."""
    make = _transfer_of(fitted)
    _check_fitted(fitted)
    return Chain(make(fitted), label=type(fitted).__name__)


def network_for(part: Any, method: str) -> Motif:
    """The network of one method of an estimator, which an estimator around it may request."""
    if method_of(part) == method:
        return network_of(part)
    make = next((FURTHER[name, method] for name in _names(part) if (name, method) in FURTHER), None)
    if make is None:
        known = " or ".join(map(repr, methods_of(part)))
        raise UsageError(
            f"{method!r} of {type(part).__name__} is needed here, but there is a transfer of its "
            f"{known} only. "
            "Put an estimator there that has this method only, such as a regressor for "
            "'predict' or a transformer for 'transform'."
        )
    _check_fitted(part)
    return Chain(make(part), label=type(part).__name__)


def methods_of(fitted: Any) -> list[str]:
    """The methods that have a network, that of `network_of` first; UsageError where none has."""
    _transfer_of(fitted)
    further = [
        method
        for kind in _names(fitted)
        for name, method in FURTHER
        if name == kind and hasattr(fitted, method)
    ]
    return list(dict.fromkeys([method_of(fitted), *further]))


def _transfer_of(fitted: Any) -> Transfer:
    make = found(TRANSFERS, fitted)
    if make is None:
        name = type(fitted).__name__
        known = ", ".join(sorted(kind for kind in TRANSFERS if not kind.startswith("_")))
        raise UsageError(
            f"There is no transfer to a network for {name}; there is one for "
            f"{known}.{advice(name)} "
            "Fit one of these, register a transfer for your type with `@transfer.register`, or "
            "imitate its values, which is not exact: `mimic(fitted.predict, X)`."
        )
    return make


def found(table: Mapping[str, Transfer], fitted: Any) -> Transfer | None:
    """The entry of the class of an estimator, or of its nearest base that has one."""
    return next((table[name] for name in _names(fitted) if name in table), None)


def _check_fitted(fitted: Any) -> None:
    if hasattr(fitted, "fit"):  # LightGBM's Booster has no `fit`: it is always fitted
        try:
            check_is_fitted(fitted)
        except NotFittedError as error:
            raise UsageError(
                f"{type(fitted).__name__} is not fitted and predicts nothing. Call its `fit` first."
            ) from error


def _names(fitted: Any) -> Iterator[str]:
    """Names of the class and bases of an estimator that come from a known library."""
    return (
        kind.__name__
        for kind in type(fitted).__mro__
        if kind.__module__.split(".")[0] in _LIBRARIES
    )


def scores_of(fitted: Any) -> Motif:
    """The network of `decision_function`."""
    return network_for(fitted, "decision_function")


def labels_of(fitted: Any) -> Motif:
    """The network of indicators of the label, with a column for each of `classes_`."""
    make = found(LABELS, fitted)
    if make is not None:
        return Chain(make(fitted))
    _check_one_target(fitted)
    network = network_of(fitted)
    if method_of(fitted) == "predict":
        return network
    single = method_of(fitted) == "decision_function" and len(fitted.classes_) == 2
    return Chain([network, *([affine([[0.0, 1.0]])] if single else []), Largest()])


def answer_of(part: Any, method: str) -> Motif:
    """The network of a member's method as a stack or chain reads it: the second probability of two
    classes, and labels as numbers.
    """
    if method == "decision_function":
        return scores_of(part)
    if method == "predict" and is_classifier(part):
        return Chain(
            [labels_of(part), affine(np.asarray(part.classes_, dtype=np.float64)[:, None])]
        )
    if method == "predict_log_proba":
        return Chain([answer_of(part, "predict_proba"), Log()])
    _check_one_target(part)
    network = network_for(part, method)
    return (
        Chain([network, Select([1])])
        if method == "predict_proba" and len(part.classes_) == 2
        else network
    )


def confidence_of(part: Any) -> tuple[Motif, float]:
    """One value of a classifier of two classes, or of a regressor of their numbers. The second is
    its threshold, above which it votes for the second class.
    """
    if is_regressor(part):
        return network_for(part, "predict"), 0.5
    if hasattr(part, "decision_function"):
        return scores_of(part), 0.0
    return answer_of(part, "predict_proba"), 0.5


def _check_one_target(fitted: Any) -> None:
    if isinstance(getattr(fitted, "classes_", None), list):
        raise UsageError(
            f"{type(fitted).__name__} of {len(fitted.classes_)} targets is a member of another "
            "estimator here, for which there is no transfer. "
            "Fit one of these for each target, as MultiOutputClassifier does."
        )


@transfer.register
def _(fitted: FittedEstimator) -> Motif:
    return coded_network(fitted.estimator, fitted.coding)


def coded_network(estimator: object, coding: Coding) -> Motif:
    """The network of a fitted estimator with outputs in the coding of the target, with shape (n,
    q).
    """
    network = transfer(estimator)
    if not coding.classes:
        return Chain([network, affine(np.diag(1 / coding.sd), -coding.mean / coding.sd)])
    K, method = coding.classes, method_of(estimator)
    if method == "decision_function":
        return network
    difference = [affine(np.array([[-1.0], [1.0]]))] if K == 2 else []
    if method == "predict":
        return Chain([network, *difference])
    low, high = (torch.full((K,), bound, dtype=torch.float64) for bound in (SMALLEST, torch.inf))
    return Chain([network, Clip(low, high), Log(), *difference])
