"""Gaussian processes: mean, standard deviation, and probabilities of two classes.

    mean           k(x)ᵀ α
    variance       k(x, x) − ‖L⁻¹ k(x)‖²
    probability    ½ Σ_s c_s (1 + erf(λ_s f / √(1 + 2 λ_s² v)))

These are eqs. 2.25, 2.26 and 3.25 of Rasmussen & Williams (2006). The probability is scikit-learn's
approximation of the logistic integral by five error functions (Williams & Barber 1998, appendix A).
A kernel is two networks: its values between x and the rows of the fit, and k(x, x).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import (
    Chain,
    Concat,
    Distance,
    Erf,
    Exp,
    Identity,
    Motif,
    Normalize,
    Power,
    Precise,
    Product,
    Radial,
    ReLU,
    Sine,
    Square,
    Tanh,
)
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._kernels import kernel_features
from motifnet.transfer.fitted._parts import side_by_side, times, total, two_sided, weighted
from motifnet.transfer.fitted._registry import Transfer

_MATERN = {
    0.5: ("laplace", 1.0),
    1.5: ("matern32", 1.0),
    2.5: ("matern52", 1.0),
    np.inf: ("gaussian", np.sqrt(0.5)),
}


class KernelNetworks(NamedTuple):
    """k(x, x_i) with shape (n, m), and k(x, x) with shape (n, 1)."""

    features: Motif
    own: Motif


def kernel_networks(kernel: Any, centres: Matrix) -> KernelNetworks:
    """Both networks of a kernel of `sklearn.gaussian_process.kernels`, also of sums, products and
    powers of kernels.
    """
    make = _KERNELS.get(type(kernel).__name__)
    if make is None:
        raise UsageError(
            f"There is no transfer for the kernel {type(kernel).__name__}; there is "
            f"one for {', '.join(sorted(_KERNELS))}."
        )
    return make(kernel, centres)


def _constant_networks(d: int, m: int, at_centres: float, at_itself: float) -> KernelNetworks:
    return KernelNetworks(affine(np.zeros((d, m)), at_centres), affine(np.zeros((d, 1)), at_itself))


def _constant(kernel: Any, centres: Matrix) -> KernelNetworks:
    return _constant_networks(
        centres.shape[1], len(centres), kernel.constant_value, kernel.constant_value
    )


def _white(kernel: Any, centres: Matrix) -> KernelNetworks:
    return _constant_networks(centres.shape[1], len(centres), 0.0, kernel.noise_level)


def _stationary(centres: Matrix, length_scale: Any, profile: list[Motif]) -> KernelNetworks:
    """profile(‖(x − x_i) / ℓ‖₂), 1 at distance 0."""
    rate = 1 / np.broadcast_to(np.asarray(length_scale, dtype=np.float64), centres.shape[1])
    features = Chain([affine(np.diag(rate)), Distance(tensor(centres * rate), 2), *profile])
    return KernelNetworks(features, affine(np.zeros((centres.shape[1], 1)), 1.0))


def _radial(name: str, rate: float) -> list[Motif]:
    return [Radial(tensor([1.0]), tensor([rate]), [name])]


def _rbf(kernel: Any, centres: Matrix) -> KernelNetworks:
    return _stationary(centres, kernel.length_scale, _radial("gaussian", np.sqrt(0.5)))


def _matern(kernel: Any, centres: Matrix) -> KernelNetworks:
    if kernel.nu not in _MATERN:
        raise UsageError(
            f"There is no transfer for Matern(nu={kernel.nu}); there is one for nu "
            "of 0.5, 1.5, 2.5 and infinity."
        )
    return _stationary(centres, kernel.length_scale, _radial(*_MATERN[kernel.nu]))


def _rational_quadratic(kernel: Any, centres: Matrix) -> KernelNetworks:
    """(1 + r² / (2 α ℓ²))^−α"""
    profile = [
        Square(),
        affine(np.eye(len(centres)) / (2 * kernel.alpha), 1.0),
        Power(tensor(-kernel.alpha)),
    ]
    return _stationary(centres, kernel.length_scale, profile)


def _periodic(kernel: Any, centres: Matrix) -> KernelNetworks:
    """exp(−2 sin²(π r / p) / ℓ²)"""
    angle = weighted([np.pi / kernel.periodicity], [Identity()])
    depth = weighted([-2 / kernel.length_scale**2], [Identity()])
    return _stationary(centres, 1.0, [angle, Sine(), Square(), depth, Exp()])


def _dot_product(kernel: Any, centres: Matrix) -> KernelNetworks:
    shift = kernel.sigma_0**2
    return KernelNetworks(
        affine(centres.T, shift), Chain([Square(), affine(np.ones((centres.shape[1], 1)), shift)])
    )


def _pairwise(kernel: Any, centres: Matrix) -> KernelNetworks:
    """A kernel of `sklearn.metrics.pairwise`; k(x, x) is a function of ‖x‖², or a constant."""
    name, settings, d = kernel.metric, kernel.pairwise_kernels_kwargs or {}, centres.shape[1]
    features = kernel_features(name, centres, **{"gamma": kernel.gamma, **settings})
    norm = Chain([Square(), total(d)])
    rate = settings.get("gamma", kernel.gamma)
    shift = settings.get("coef0", 1.0)
    if name in ("poly", "polynomial", "sigmoid"):
        last = Tanh() if name == "sigmoid" else Power(tensor(float(settings.get("degree", 3))))
        return KernelNetworks(features, Chain([norm, affine([[rate]], shift), last]))
    if name == "linear":
        return KernelNetworks(features, norm)
    return KernelNetworks(
        features, affine(np.zeros((d, 1)), 0.0 if name == "additive_chi2" else 1.0)
    )


def _sum(kernel: Any, centres: Matrix) -> KernelNetworks:
    one, two = kernel_networks(kernel.k1, centres), kernel_networks(kernel.k2, centres)
    return KernelNetworks(*(weighted([1.0, 1.0], pair) for pair in zip(one, two, strict=True)))


def _product(kernel: Any, centres: Matrix) -> KernelNetworks:
    one, two = kernel_networks(kernel.k1, centres), kernel_networks(kernel.k2, centres)
    return KernelNetworks(*(times(*pair) for pair in zip(one, two, strict=True)))


def _power(kernel: Any, centres: Matrix) -> KernelNetworks:
    return KernelNetworks(
        *(
            Chain([network, Power(tensor(kernel.exponent))])
            for network in kernel_networks(kernel.kernel, centres)
        )
    )


_KERNELS: dict[str, Callable[[Any, Matrix], KernelNetworks]] = {
    "ConstantKernel": _constant,
    "DotProduct": _dot_product,
    "ExpSineSquared": _periodic,
    "Exponentiation": _power,
    "Matern": _matern,
    "PairwiseKernel": _pairwise,
    "Product": _product,
    "RBF": _rbf,
    "RationalQuadratic": _rational_quadratic,
    "Sum": _sum,
    "WhiteKernel": _white,
}
KERNEL_NAMES = tuple(_KERNELS)


def _variance(kernel: Any, centres: Matrix, factor: Matrix, root: Any = 1.0) -> Motif:
    """max(0, k(x, x) − ‖L⁻¹ D k(x)‖²) with the diagonal D = root."""
    networks = kernel_networks(kernel, centres)
    inverse = solve_triangular(factor, np.eye(len(factor)), lower=True) * np.broadcast_to(
        root, len(factor)
    )
    explained = Chain([networks.features, affine(inverse.T), Square(), total(len(factor))])
    return Chain([weighted([1.0, -1.0], [networks.own, explained]), ReLU()])


def _mean(model: Any) -> Motif:
    alpha = np.asarray(model.alpha_, dtype=np.float64).reshape(len(model.X_train_), -1)
    features = kernel_networks(model.kernel_, np.asarray(model.X_train_, dtype=np.float64)).features
    return Chain([features, affine(alpha * model._y_train_std, model._y_train_mean)])


def _regressor(model: Any) -> list[Motif]:
    if not hasattr(model, "X_train_"):
        raise UsageError(
            "GaussianProcessRegressor is not fitted. It predicts its prior, which "
            "has no rows. Call its `fit` first."
        )
    return [Precise(_mean(model))]


def with_deviation(model: Any) -> Motif:
    """Mean and standard deviation of a fitted GaussianProcessRegressor, side by side, with shape
    (n, 2 q).
    """
    variance = _variance(model.kernel_, np.asarray(model.X_train_, dtype=np.float64), model.L_)
    deviation = Chain([variance, Power(tensor(0.5)), affine(np.atleast_2d(model._y_train_std))])
    return Chain([Precise(Concat([_mean(model), deviation]))], label=type(model).__name__)


def _classifier(model: Any) -> list[Motif]:
    inner = model.base_estimator_
    if hasattr(inner, "estimators_"):  # one against the rest
        if model.multi_class != "one_vs_rest":
            raise UsageError(
                "GaussianProcessClassifier(multi_class='one_vs_one') has no "
                "probabilities. Fit it with multi_class='one_vs_rest'."
            )
        return [
            side_by_side([Precise(_probability(one)) for one in inner.estimators_]),
            Normalize("l1"),
        ]
    return two_sided(Precise(_probability(inner)))


def _probability(model: Any) -> Motif:
    """P(second class) of one of scikit-learn's Laplace approximations."""
    from sklearn.gaussian_process._gpc import COEFS, LAMBDAS

    rates = LAMBDAS[:, 0]
    shares = COEFS[:, 0]
    centres = np.asarray(model.X_train_, dtype=np.float64)
    features = kernel_networks(model.kernel_, centres).features
    latent = Chain([features, affine((model.y_train_ - model.pi_)[:, None]), affine(rates[None])])
    spread = Chain(
        [
            _variance(model.kernel_, centres, model.L_, model.W_sr_),
            affine(2 * rates[None] ** 2, 1.0),
            Power(tensor(-0.5)),
        ]
    )
    return Chain(
        [Concat([latent, spread]), Product(), Erf(), affine(shares[:, None] / 2, shares.sum() / 2)]
    )


PROCESSES: dict[str, Transfer] = {
    "GaussianProcessClassifier": _classifier,
    "GaussianProcessRegressor": _regressor,
}
