"""Kernel machines: the values of the kernel at the centres, then an affine map.

Kernels are those of `sklearn.metrics.pairwise`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError
from motifnet.kernels import Kernel
from motifnet.motifs import (
    Abs,
    Affine,
    Chain,
    ChiSquare,
    Clip,
    Coupling,
    Exp,
    Identity,
    Largest,
    Motif,
    Normalize,
    Power,
    Sigmoid,
    Step,
    Tanh,
)
from motifnet.transfer._kernel_network import kernel_network, steady
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._parts import times, weighted
from motifnet.transfer.fitted._registry import Transfer

_CLIP = 1e-7  # LIBSVM keeps the probability of a pair this far from 0 and 1


def kernel_features(
    name: Any, centres: Matrix, *, gamma: float | None, coef0: float = 1.0, degree: float = 3
) -> Motif:
    """k(x, c_i) for each centre, with shape (n, m). Without gamma it is 1/d, or 1 for the
    chi-squared kernel.
    """
    rate = 1 / centres.shape[1] if gamma is None else float(gamma)
    if name == "linear":
        return affine(centres.T)
    if name in ("poly", "polynomial"):
        return Chain([affine(rate * centres.T, coef0), Power(tensor(float(degree)))])
    if name == "sigmoid":
        return Chain([affine(rate * centres.T, coef0), Tanh()])
    if name == "cosine":
        norms = np.linalg.norm(centres, axis=1, keepdims=True)
        return Chain([Normalize("l2"), affine((centres / np.where(norms == 0, 1, norms)).T)])
    if name in ("chi2", "additive_chi2"):
        rate = -1.0 if name == "additive_chi2" else -(1.0 if gamma is None else rate)
        difference = Chain([ChiSquare(tensor(centres)), weighted([rate], [Identity()])])
        return difference if name == "additive_chi2" else Chain([difference, Exp()])
    known = {"rbf": ("gaussian", np.sqrt(rate)), "laplacian": ("laplace1", rate)}
    if not isinstance(name, str) or name not in known:
        raise UsageError(
            f"There is no transfer for kernel={name!r}; there is one for linear, poly, rbf, "
            "laplacian, sigmoid, cosine, chi2 and additive_chi2. "
            "A kernel of your own has no formula here. Fit with one of these."
        )
    profile, scale = known[name]
    kernel = Kernel((profile,), np.ones(1), np.array([float(scale)]))
    network = kernel_network(kernel, centres, np.eye(1), np.zeros(1))
    assert isinstance(network, Chain)
    return network.parts[0]


def machine(features: Motif, dual: Matrix, intercept: Any) -> Motif:
    """Σ_i α_i k(x, c_i) + b with dual of shape (m, q). A linear kernel gives one affine map, where
    no values at the centres cancel.
    """
    if isinstance(features, Affine):
        return affine(features.weight.detach().numpy().T @ dual, intercept)
    return steady(Chain([features, affine(dual, intercept)]), dual)


def _of_vectors(model: Any) -> Motif:
    return kernel_features(
        model.kernel,
        dense(model.support_vectors_),
        gamma=model._gamma,
        coef0=model.coef0,
        degree=model.degree,
    )


def dense(values: Any) -> Matrix:
    """A matrix, sparse or dense, as a dense one in float64."""
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float64)


def _support_vectors(model: Any) -> list[Motif]:
    """SVR, NuSVR, OneClassSVM."""
    return [machine(_of_vectors(model), dense(model.dual_coef_).T, model.intercept_)]


def _kernel_ridge(model: Any) -> list[Motif]:
    centres = dense(model.X_fit_)
    dual = model.dual_coef_.reshape(len(centres), -1)
    return [
        machine(
            kernel_features(
                model.kernel, centres, gamma=model.gamma, coef0=model.coef0, degree=model.degree
            ),
            dual,
            np.zeros(dual.shape[1]),
        )
    ]


def _classifier(model: Any) -> list[Motif]:
    """SVC, NuSVC: probabilities where it has them, else decision values in its own shape."""
    if not len(model._probA):
        return _decision(model, model.decision_function_shape)
    K, platt = len(model.classes_), affine(np.diag(-model._probA), -model._probB)
    return [*_decision(model, "ovo"), *_flipped(K), platt, Sigmoid(), *_clipped(K), Coupling(K)]


def _decision(model: Any, shape: str) -> list[Motif]:
    """Decision values of pairs of classes ("ovo"), or of each class from the votes of pairs."""
    K = len(model.classes_)
    pairs = machine(_of_vectors(model), _pair_weights(model), model.intercept_)
    return [pairs] if K == 2 or shape == "ovo" else [pairs, *votes(K)]


def _pair_weights(model: Any) -> Matrix:
    """Dual coefficients of each pair of classes with shape (m, pairs). The rows of `dual_coef_`
    hold those against the other classes in turn.
    """
    K, counts, dual = len(model.classes_), model._n_support, dense(model.dual_coef_)
    if K == 2:
        return dual.T
    starts = np.concatenate([[0], np.cumsum(counts)])
    weights = np.zeros((dual.shape[1], K * (K - 1) // 2))
    for k, (i, j) in enumerate(zip(*np.triu_indices(K, 1), strict=True)):
        mine, theirs = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
        weights[mine, k], weights[theirs, k] = dual[j - 1, mine], dual[i, theirs]
    return weights


def _flipped(K: int) -> list[Motif]:
    """The sign of LIBSVM, which scikit-learn flips for two classes."""
    return [affine([[-1.0]])] if K == 2 else []


def _clipped(K: int) -> list[Motif]:
    pairs = K * (K - 1) // 2
    return [Clip(tensor(np.full(pairs, _CLIP)), tensor(np.full(pairs, 1 - _CLIP)))]


def votes(K: int, threshold: float = 0.0) -> list[Motif]:
    """One value for each class from pairs: its votes plus c / (3 (|c| + 1)) with its confidence c
    as tie-break. f < −threshold is a vote for the second class.
    """
    return [weighted([1.0, 1.0], [_ballot(K, threshold), _tie_break(K)])]


def _signs(K: int) -> Matrix:
    signs = np.zeros((K * (K - 1) // 2, K))
    for k, (i, j) in enumerate(zip(*np.triu_indices(K, 1), strict=True)):
        signs[k, i], signs[k, j] = 1.0, -1.0
    return signs


def _ballot(K: int, threshold: float) -> Motif:
    """The votes for each class; a pair (i, j) votes for i where f ≥ −threshold."""
    signs = _signs(K)
    return Chain(
        [
            affine(-np.eye(len(signs)), -threshold),
            Step(tensor(0.0)),
            affine(-signs, np.maximum(signs, 0).sum(0)),
        ]
    )


def _tie_break(K: int) -> Motif:
    confidence = affine(_signs(K))
    inverse = Chain([confidence, Abs(), affine(3 * np.eye(K), 3.0), Power(tensor(-1.0))])
    return times(confidence, inverse)


def _label(model: Any) -> list[Motif]:
    """LIBSVM's label: the class with the most votes, the first one among equals, or with
    `break_ties` the one with the largest decision value.
    """
    K, scores = len(model.classes_), _decision(model, "ovo")
    if K == 2:
        return [*scores, affine([[0.0, 1.0]]), Largest()]
    return [*scores, *(votes(K) if model.break_ties else [_ballot(K, 0.0)]), Largest()]


KERNELS: dict[str, Transfer] = {
    "KernelRidge": _kernel_ridge,
    "NuSVC": _classifier,
    "NuSVR": _support_vectors,
    "OneClassSVM": _support_vectors,
    "SVC": _classifier,
    "SVR": _support_vectors,
}
FURTHER_KERNELS: dict[tuple[str, str], Transfer] = {
    (kind, "decision_function"): lambda model: _decision(model, model.decision_function_shape)
    for kind in ("NuSVC", "SVC")
}
KERNEL_LABELS: dict[str, Transfer] = dict.fromkeys(("NuSVC", "SVC"), _label)
