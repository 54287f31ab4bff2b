"""Fitted scikit-learn and LightGBM estimators as networks.

A regressor becomes the network of `predict`, with shape (n, q); a classifier that of `predict_proba`, with shape (n, K). Rows are the estimator's own
columns. Estimators are looked up by the name of their class, so that no library is loaded for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier

from motifnet.engine import UsageError
from motifnet.kernels import Kernel
from motifnet.mimicry._base import transfer
from motifnet.mimicry._kernel import kernel_network, steady
from motifnet.mimicry._linear import affine
from motifnet.mimicry._trees import tree_network
from motifnet.motifs import Chain, Concat, Motif, Softmax
from motifnet.tables import Matrix
from motifnet.teachers import Forest, parse_histogram, parse_lightgbm, parse_sklearn_tree


@transfer.register
def _(fitted: BaseEstimator) -> Motif:
    for kind in type(fitted).__mro__:
        if kind.__name__ in _ESTIMATORS and kind.__module__.split(".")[0] in ("sklearn", "lightgbm"):
            from sklearn.utils.validation import check_is_fitted

            check_is_fitted(fitted)
            return Chain(_ESTIMATORS[kind.__name__](fitted), label=type(fitted).__name__)
    raise UsageError(
        f"There is no transfer to a network for {type(fitted).__name__}; there is one for {', '.join(sorted(_ESTIMATORS))}. "
        "Fit one of these, or register a transfer for your type with `@transfer.register`."
    )


def _linear(model: Any) -> list[Motif]:
    coef = np.atleast_2d(model.coef_).T
    return [affine(coef, np.broadcast_to(model.intercept_, coef.shape[1]))]


def _logistic(model: Any) -> list[Motif]:
    if model.coef_.shape[0] > 1 and getattr(model, "solver", "") == "liblinear":
        raise UsageError("LogisticRegression(solver='liblinear') with several classes has no softmax form. Fit it with solver='lbfgs'.")
    return _probabilities(affine(model.coef_.T, model.intercept_), model.coef_.shape[0])


def _probabilities(logits: Motif, outputs: int) -> list[Motif]:
    """Probabilities of K classes from K logits, or of two classes from one."""
    return [logits, affine(np.array([[0.0, 1.0]]), np.zeros(2)), Softmax()] if outputs == 1 else [logits, Softmax()]


def _support_vectors(model: Any) -> list[Motif]:
    centres, dual, intercept = model.support_vectors_, model.dual_coef_.T, model.intercept_
    if model.kernel == "linear":
        return [affine(centres.T @ dual, intercept)]
    return [_machine(model.kernel, model._gamma, centres, dual, intercept)]


def _kernel_ridge(model: Any) -> list[Motif]:
    centres = np.asarray(model.X_fit_, dtype=np.float64)
    dual = model.dual_coef_.reshape(len(centres), -1)
    if model.kernel == "linear":
        return [affine(centres.T @ dual, np.zeros(dual.shape[1]))]
    gamma = 1 / centres.shape[1] if model.gamma is None else model.gamma
    return [_machine(model.kernel, gamma, centres, dual, np.zeros(dual.shape[1]))]


def _machine(name: Any, gamma: float, centres: Matrix, dual: Matrix, intercept: Matrix) -> Motif:
    known = {"rbf": ("gaussian", np.sqrt(gamma)), "laplacian": ("laplace1", gamma)}
    if not isinstance(name, str) or name not in known:
        raise UsageError(f"There is no transfer for kernel={name!r}; there is one for 'linear', 'rbf' and, in KernelRidge, 'laplacian'.")
    profile, rate = known[name]
    kernel = Kernel((profile,), np.ones(1), np.array([float(rate)]))
    return steady(kernel_network(kernel, centres, dual, np.asarray(intercept, dtype=np.float64)), dual)


def _tree(model: Any) -> list[Motif]:
    return [tree_network(_one_tree(model))]


def _forest(model: Any) -> list[Motif]:
    return [tree_network(Forest.sum([_one_tree(tree) for tree in model.estimators_]).scaled(1 / len(model.estimators_)))]


def _one_tree(model: Any) -> Forest:
    """A decision tree, its leaves holding values with shape (q,) or shares of classes with shape (K,)."""
    values = model.tree_.value
    if not is_classifier(model):
        return parse_sklearn_tree(model, values[:, :, 0])
    if values.shape[1] > 1:
        raise UsageError(f"{type(model).__name__} has {values.shape[1]} targets of classes, the transfer takes one. Fit one model for each target.")
    return parse_sklearn_tree(model, values[:, 0] / values[:, 0].sum(1, keepdims=True))


def _gradient_boosting(model: Any) -> list[Motif]:
    columns = list(model.estimators_.T)
    if model.init_ != "zero" and type(model.init_).__name__ not in ("DummyRegressor", "DummyClassifier"):
        raise UsageError(f"{type(model).__name__} starts from init={model.init_!r}, for which there is no transfer. Fit it with init=None or 'zero'.")
    start = np.asarray(model._raw_predict_init(np.zeros((1, model.n_features_in_)))).reshape(-1)
    rate = model.learning_rate
    forests = [
        Forest.sum([Forest.constant(start[c : c + 1]), *(parse_sklearn_tree(t, rate * t.tree_.value[:, :, 0]) for t in trees)])
        for c, trees in enumerate(columns)
    ]
    return _raw(forests, model)


def _histogram(model: Any) -> list[Motif]:
    return _raw(parse_histogram(model), model)


def _lightgbm(model: Any) -> list[Motif]:
    return _raw(parse_lightgbm(model.booster_), model)


_IDENTITY_LOSSES = {"squared_error", "absolute_error", "quantile", "huber", "regression", "regression_l1", "l2", "l1", "mse", "mae", "fair", "mape"}
_LOGIT_LOSSES = {"log_loss", "binary", "multiclass"}


def _raw(forests: list[Forest], model: Any) -> list[Motif]:
    """From raw scores to values or probabilities."""
    loss = getattr(model, "objective_", None) or model.loss
    if loss not in (_LOGIT_LOSSES if is_classifier(model) else _IDENTITY_LOSSES):
        raise UsageError(f"There is no transfer for {type(model).__name__} with loss {loss!r}; there is one for squared error, quantiles, log loss.")
    networks: list[Motif] = [tree_network(forest) for forest in forests]
    raw = networks[0] if len(networks) == 1 else Concat(networks)
    return _probabilities(raw, len(networks)) if is_classifier(model) else [raw]


_ESTIMATORS: dict[str, Callable[[Any], list[Motif]]] = {
    "DecisionTreeClassifier": _tree,
    "DecisionTreeRegressor": _tree,
    "ElasticNet": _linear,
    "ExtraTreesClassifier": _forest,
    "ExtraTreesRegressor": _forest,
    "GradientBoostingClassifier": _gradient_boosting,
    "GradientBoostingRegressor": _gradient_boosting,
    "HistGradientBoostingClassifier": _histogram,
    "HistGradientBoostingRegressor": _histogram,
    "KernelRidge": _kernel_ridge,
    "LGBMClassifier": _lightgbm,
    "LGBMRegressor": _lightgbm,
    "Lasso": _linear,
    "LinearRegression": _linear,
    "LogisticRegression": _logistic,
    "NuSVR": _support_vectors,
    "RandomForestClassifier": _forest,
    "RandomForestRegressor": _forest,
    "Ridge": _linear,
    "SVR": _support_vectors,
}
