"""Linear models and perceptrons: affine maps, then the inverse of the link.

A multi-layer perceptron of scikit-learn keeps its layers. Estimators that are constant over rows,
such as the dummies, are an intercept only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Chain, Clip, Exp, Motif, ReLU, Sigmoid, Softmax, Tanh
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._kernels import dense
from motifnet.transfer.fitted._parts import constant, probabilities, shares, shifted, two_sided
from motifnet.transfer.fitted._registry import Transfer, network_for

_ACTIVATIONS: dict[str, type[Motif] | None] = {
    "identity": None,
    "logistic": Sigmoid,
    "relu": ReLU,
    "softmax": Softmax,
    "tanh": Tanh,
}


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
    """softmax. With liblinear, or the `multi_class` of older scikit-learn, one class against the
    rest or softmax of (−f, f).
    """
    K, scheme = len(model.coef_), getattr(model, "multi_class", "auto")
    if K > 1 and (scheme == "ovr" or model.solver == "liblinear"):
        return [_map(model), Sigmoid(), *shares(K)]
    logits = (
        Chain([_map(model), affine([[2.0]])]) if K == 1 and scheme == "multinomial" else _map(model)
    )
    return probabilities(logits, K)


def _descent_classifier(model: Any) -> list[Motif]:
    """SGDClassifier: one-against-rest probabilities with the log loss, (clip f + 1) / 2 with the
    modified Huber loss, scores with the others.
    """
    if model.loss not in ("log_loss", "modified_huber"):
        return [_map(model)]
    K = len(model.coef_)
    link: list[Motif] = (
        [Sigmoid()]
        if model.loss == "log_loss"
        else [Clip(tensor(-1.0), tensor(1.0)), affine(np.eye(K) / 2, 0.5)]
    )
    return two_sided(Chain([_map(model), *link])) if K == 1 else [_map(model), *link, *shares(K)]


def _one_class(model: Any) -> list[Motif]:
    return [affine(model.coef_.reshape(-1, 1), -model.offset_)]


def _discriminant(model: Any) -> list[Motif]:
    return probabilities(_map(model), model.coef_.shape[0])


def _canonical_variables(model: Any) -> list[Motif]:
    """(x − x̄) S, or x S for the eigenvalue solver, in the first `n_components` columns."""
    if model.solver == "lsqr":
        raise UsageError(
            "LinearDiscriminantAnalysis(solver='lsqr') has no `transform`. Fit it "
            "with solver='svd' or 'eigen'."
        )
    kept = model.scalings_[:, : model._max_components]
    centred = shifted(np.ones(len(model.xbar_)), -model.xbar_) if model.solver == "svd" else []
    return [*centred, affine(kept)]


def _partial_least_squares(model: Any) -> list[Motif]:
    """(x − x̄) B + ȳ, with B in the units of x."""
    return [
        *shifted(np.ones(len(model._x_mean)), -model._x_mean),
        affine(model.coef_.T, model.intercept_),
    ]


def _layers(model: Any) -> list[Motif]:
    parts: list[Motif] = []
    for k, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        parts.append(affine(weight, bias))
        kind = _ACTIVATIONS[model.activation] if k < len(model.coefs_) - 1 else None
        parts += [kind()] if kind else []
    return parts


def _perceptron_regressor(model: Any) -> list[Motif]:
    return [*_layers(model), Exp()] if getattr(model, "loss", "") == "poisson" else _layers(model)


def _perceptron_classifier(model: Any) -> list[Motif]:
    if model.out_activation_ == "softmax":
        return [*_layers(model), Softmax()]
    p = Chain([*_layers(model), Sigmoid()])
    return two_sided(p) if model.n_outputs_ == 1 else [p]


def _dummy_values(model: Any) -> list[Motif]:
    return [constant(np.ravel(model.constant_))]


def _dummy_probabilities(model: Any) -> list[Motif]:
    """Probabilities of the outputs side by side; UsageError for random draws."""
    if model._strategy == "stratified":
        raise UsageError(
            "DummyClassifier(strategy='stratified') draws at random. Fit it with "
            "strategy='prior', which gives the mean of its draws."
        )
    several = model.n_outputs_ > 1
    priors, classes = (kept if several else [kept] for kept in (model.class_prior_, model.classes_))
    given = np.ravel(model.constant) if model._strategy == "constant" else [None] * len(classes)
    return [
        constant(
            np.concatenate(
                [
                    _dummy_shares(model._strategy, *each)
                    for each in zip(priors, classes, given, strict=True)
                ]
            )
        )
    ]


def _dummy_shares(strategy: str, prior: Matrix, classes: Any, given: Any) -> Matrix:
    if strategy == "uniform":
        return np.full(len(prior), 1 / len(prior))
    if strategy == "prior":
        return np.asarray(prior)
    return np.asarray(
        np.arange(len(prior)) == np.argmax(prior)
        if strategy == "most_frequent"
        else classes == given,
        dtype=np.float64,
    )


def _constant_share(model: Any) -> float:
    """The share of a class that no row, or every row, of OneVsRestClassifier has."""
    return float(np.ravel(model.y_)[0])


_AFFINE = (
    "ARDRegression",
    "BayesianRidge",
    "ElasticNet",
    "ElasticNetCV",
    "HuberRegressor",
    "Lars",
    "LarsCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsIC",
    "LinearRegression",
    "LinearSVC",
    "LinearSVR",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
    "PassiveAggressiveClassifier",
    "PassiveAggressiveRegressor",
    "Perceptron",
    "QuantileRegressor",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDRegressor",
    "TheilSenRegressor",
)
LINEAR: dict[str, Transfer] = {
    **dict.fromkeys(_AFFINE, _linear),
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
_WITH_SCORES = (
    "LinearDiscriminantAnalysis",
    "LogisticRegression",
    "LogisticRegressionCV",
    "SGDClassifier",
)
FURTHER_LINEAR: dict[tuple[str, str], Transfer] = {
    **{(kind, "decision_function"): _linear for kind in _WITH_SCORES},
    ("LinearDiscriminantAnalysis", "transform"): _canonical_variables,
}
PERCEPTRONS: dict[str, Transfer] = {
    "MLPClassifier": _perceptron_classifier,
    "MLPRegressor": _perceptron_regressor,
}
CONSTANTS: dict[str, Transfer] = {
    "DummyClassifier": _dummy_probabilities,
    "DummyRegressor": _dummy_values,
    "_ConstantPredictor": lambda model: [
        constant([1 - _constant_share(model), _constant_share(model)])
    ],
}
FURTHER_CONSTANTS: dict[tuple[str, str], Transfer] = {
    ("_ConstantPredictor", "decision_function"): lambda model: [constant([_constant_share(model)])]
}
