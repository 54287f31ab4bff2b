"""Classifiers and mixtures by densities: naive Bayes, quadratic discriminants, Gaussian mixtures.

    p(k | x) = softmax_k (log π_k + log p_k(x))
    log p_k(x) = c_k − ½ ‖(x − μ_k) A_k‖²    for a normal density with covariance (A_k A_kᵀ)⁻¹

Naive Bayes of counts has log p_k linear in x. The score of a mixture is log Σ_k π_k p_k(x).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.motifs import (
    ArgMax,
    Chain,
    Exp,
    Identity,
    Log,
    Max,
    Motif,
    Select,
    Softmax,
    Square,
    Step,
)
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._encoders import lookup
from motifnet.transfer.fitted._parts import inverse, shifted, side_by_side, total, weighted
from motifnet.transfer.fitted._registry import Transfer


def _normal(layers: Sequence[Motif], width: int, constant: float) -> Motif:
    """c − ½ ‖z‖² for outputs z of the layers with `width` columns."""
    return Chain([*layers, Square(), total(width), affine([[-0.5]], constant)])


def _gaussian_bayes(model: Any) -> list[Motif]:
    """Logits log π_k − ½ Σ_j log 2πσ²_kj − ½ Σ_j ((x_j − θ_kj) / σ_kj)²."""
    branches: list[Motif] = []
    for mean, variance, prior in zip(model.theta_, model.var_, model.class_prior_, strict=True):
        # logarithms in the type of the fit, as it has them
        constant = float(np.log(prior)) - 0.5 * float(np.log(2 * np.pi * variance).sum())
        branches.append(_normal(shifted(inverse(variance) ** 0.5, -mean), len(mean), constant))
    return [side_by_side(branches), Softmax()]


def _counts(model: Any) -> list[Motif]:
    """MultinomialNB, and ComplementNB, which has a prior only where there is one class."""
    priors = (
        model.class_log_prior_
        if type(model).__name__ != "ComplementNB" or len(model.classes_) == 1
        else np.zeros(len(model.classes_))
    )
    return [affine(np.asarray(model.feature_log_prob_).T, priors), Softmax()]


def _bernoulli(model: Any) -> list[Motif]:
    """Σ_j [x_j log p_kj + (1 − x_j) log(1 − p_kj)] for x_j in {0, 1}, after thresholding at
    `binarize`.
    """
    absent = np.log(1 - np.exp(model.feature_log_prob_))
    logits = affine(
        (model.feature_log_prob_ - absent).T, model.class_log_prior_ + absent.sum(axis=1)
    )
    if model.binarize is None:
        return [logits, Softmax()]
    width = len(absent.T)
    return [affine(np.eye(width), -model.binarize), Step(tensor(0.0)), logits, Softmax()]


def _categorical(model: Any) -> list[Motif]:
    """A table of log probabilities for each column of whole numbers; unseen numbers give NaN, as
    scikit-learn refuses them.
    """
    none = np.full(len(model.classes_), np.nan)
    columns = [
        Chain([Select([j]), lookup(range(table.shape[1]), table.T, none, none)])
        for j, table in enumerate(model.feature_log_prob_)
    ]
    K = len(model.classes_)
    return [
        side_by_side(columns),
        affine(np.tile(np.eye(K), (len(columns), 1)), model.class_log_prior_),
        Softmax(),
    ]


def _quadratic_logits(model: Any) -> Motif:
    """log π_k − ½ Σ log s_k − ½ ‖(x − μ_k) R_k s_k^{−½}‖²."""
    branches: list[Motif] = []
    for mean, rotation, scale, prior in zip(
        model.means_, model.rotations_, model.scalings_, model.priors_, strict=True
    ):
        layers = [*shifted(np.ones(len(mean)), -mean), affine(rotation * scale**-0.5)]
        branches.append(
            _normal(layers, len(scale), float(np.log(prior) - 0.5 * np.log(scale).sum()))
        )
    return side_by_side(branches)


def _quadratic(model: Any) -> list[Motif]:
    return [_quadratic_logits(model), Softmax()]


def _quadratic_scores(model: Any) -> list[Motif]:
    """The logits, or their difference for two classes."""
    return [
        _quadratic_logits(model),
        *([affine([[-1.0], [1.0]])] if len(model.classes_) == 2 else []),
    ]


def _mixture_logits(model: Any) -> Motif:
    """log π_k + log p_k(x). The model gives the constants at μ_k, where the quadratic form is 0."""
    factors = [_factor(model, k) for k in range(len(model.means_))]
    constants = np.diag(model._estimate_weighted_log_prob(model.means_))
    parts = zip(model.means_, factors, constants, strict=True)
    return side_by_side(
        [
            _normal(
                [*shifted(np.ones(len(mean)), -mean), affine(factor)], factor.shape[1], float(c)
            )
            for mean, factor, c in parts
        ]
    )


def _factor(model: Any, k: int) -> Matrix:
    """A_k with A_k A_kᵀ the precision of component k."""
    factors, d = np.asarray(model.precisions_cholesky_), model.means_.shape[1]
    if model.covariance_type == "tied":
        return factors
    return (
        factors[k] if model.covariance_type == "full" else np.diag(np.broadcast_to(factors[k], d))
    )


def _mixture(model: Any) -> list[Motif]:
    return [_mixture_logits(model), Softmax()]


def _component(model: Any) -> list[Motif]:
    return [_mixture_logits(model), ArgMax()]


def _log_density(model: Any) -> list[Motif]:
    """m + log Σ_k e^{l_k − m} with m the maximum of the logits l."""
    rest = Chain(
        [weighted([1.0, -1.0], [Identity(), Max()]), Exp(), total(len(model.means_)), Log()]
    )
    return [_mixture_logits(model), weighted([1.0, 1.0], [Max(), rest])]


_MIXTURES = ("BayesianGaussianMixture", "GaussianMixture")
DENSITIES: dict[str, Transfer] = {
    **dict.fromkeys(_MIXTURES, _mixture),
    "BernoulliNB": _bernoulli,
    "CategoricalNB": _categorical,
    "ComplementNB": _counts,
    "GaussianNB": _gaussian_bayes,
    "MultinomialNB": _counts,
    "QuadraticDiscriminantAnalysis": _quadratic,
}
FURTHER_DENSITIES: dict[tuple[str, str], Transfer] = {
    **{(kind, "predict"): _component for kind in _MIXTURES},
    **{(kind, "score_samples"): _log_density for kind in _MIXTURES},
    ("QuadraticDiscriminantAnalysis", "decision_function"): _quadratic_scores,
}
