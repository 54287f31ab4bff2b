"""Linear models: one affine map, then the inverse of the link."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._kernels import dense
from motifnet.mimicry.fitted._lookup import Transfer, network_for
from motifnet.mimicry.fitted._parts import probabilities, shares, shifted, two_sided
from motifnet.motifs import Chain, Clip, Exp, Motif, Sigmoid


def _map(model: Any) -> Motif:
    coef = np.atleast_2d(dense(model.coef_)).T
    return affine(coef, np.broadcast_to(model.intercept_, coef.shape[1]))


def _linear(model: Any) -> list[Motif]:
    return [_map(model)]


def _log_link(model: Any) -> list[Motif]:
    link = model._base_loss.link if hasattr(model, "_base_loss") else None
    return [_map(model)] if type(link).__name__ == "IdentityLink" else [_map(model), Exp()]


def _inner(model: Any) -> list[Motif]:
    return [network_for(model.estimator_, "predict")]


def _logistic(model: Any) -> list[Motif]:
    """softmax; one class against the rest, or softmax of (−f, f), where versions of scikit-learn that have `multi_class` were told so."""
    K, scheme = len(model.coef_), getattr(model, "multi_class", "auto")
    if K > 1 and (scheme == "ovr" or model.solver == "liblinear"):
        return [_map(model), Sigmoid(), *shares(K)]
    logits = Chain([_map(model), affine([[2.0]])]) if K == 1 and scheme == "multinomial" else _map(model)
    return probabilities(logits, K)


def _descent_classifier(model: Any) -> list[Motif]:
    """SGDClassifier: one-against-rest probabilities with the log loss, (clip f + 1) / 2 with the modified Huber loss, scores with the others."""
    if model.loss not in ("log_loss", "modified_huber"):
        return [_map(model)]
    K = len(model.coef_)
    link: list[Motif] = [Sigmoid()] if model.loss == "log_loss" else [Clip(tensor(-1.0), tensor(1.0)), affine(np.eye(K) / 2, 0.5)]
    return two_sided(Chain([_map(model), *link])) if K == 1 else [_map(model), *link, *shares(K)]


def _one_class(model: Any) -> list[Motif]:
    return [affine(model.coef_.reshape(-1, 1), -model.offset_)]


def _discriminant(model: Any) -> list[Motif]:
    return probabilities(_map(model), model.coef_.shape[0])


def _canonical_variables(model: Any) -> list[Motif]:
    """(x − x̄) S, or x S where the covariances were solved for, in the columns that `n_components` keeps."""
    if model.solver == "lsqr":
        raise UsageError("LinearDiscriminantAnalysis(solver='lsqr') has no `transform`. Fit it with solver='svd' or 'eigen'.")
    kept = model.scalings_[:, : model._max_components]
    front = shifted(np.ones(len(model.xbar_)), -model.xbar_) if model.solver == "svd" else []
    return [*front, affine(kept)]


def _partial_least_squares(model: Any) -> list[Motif]:
    """(x − x̄) B + ȳ, B already in the units of x."""
    return [*shifted(np.ones(len(model._x_mean)), -model._x_mean), affine(model.coef_.T, model.intercept_)]


LINEAR: dict[str, Transfer] = {
    **dict.fromkeys(
        ("ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV", "Lasso", "LassoCV", "LassoLars"), _linear
    ),
    **dict.fromkeys(("LassoLarsIC", "LinearRegression", "LinearSVC", "LinearSVR", "MultiTaskElasticNet", "MultiTaskElasticNetCV"), _linear),
    **dict.fromkeys(
        ("MultiTaskLasso", "MultiTaskLassoCV", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "PassiveAggressiveClassifier"), _linear
    ),
    **dict.fromkeys(("PassiveAggressiveRegressor", "Perceptron", "QuantileRegressor", "Ridge", "RidgeCV"), _linear),
    **dict.fromkeys(("RidgeClassifier", "RidgeClassifierCV", "SGDRegressor", "TheilSenRegressor"), _linear),
    **dict.fromkeys(("GammaRegressor", "PoissonRegressor", "TweedieRegressor"), _log_link),
    "LinearDiscriminantAnalysis": _discriminant,
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
    "PLSCanonical": _partial_least_squares,
    "PLSRegression": _partial_least_squares,
    "RANSACRegressor": _inner,
    "SGDOneClassSVM": _one_class,
    "SGDClassifier": _descent_classifier,
}
_WITH_SCORES = ("LinearDiscriminantAnalysis", "LogisticRegression", "LogisticRegressionCV", "SGDClassifier")
FURTHER_LINEAR: dict[tuple[str, str], Transfer] = {
    **{(kind, "decision_function"): _linear for kind in _WITH_SCORES},
    ("LinearDiscriminantAnalysis", "transform"): _canonical_variables,
}
