"""Inverse transforms of targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._parts import beside, chain, inverse, weighted
from motifnet.mimicry.fitted._scalers import function_network
from motifnet.motifs import Chain, Exp, Motif, Power, ReLU, Select


def inverse_of(model: Any) -> Motif:
    """The network of `inverse_transform`."""
    make = _INVERSES.get(type(model).__name__)
    if make is None:
        raise UsageError(f"There is no transfer for the inverse of {type(model).__name__}; there is one for {', '.join(sorted(_INVERSES))}.")
    return chain(make(model))


def _inverse_standard(model: Any) -> list[Motif]:
    d = model.n_features_in_
    return [affine(np.diag(model.scale_ if model.with_std else np.ones(d)), model.mean_ if model.with_mean else 0.0)]


def _inverse_robust(model: Any) -> list[Motif]:
    scale = np.ones(model.n_features_in_) if model.scale_ is None else model.scale_
    return [affine(np.diag(scale), 0.0 if model.center_ is None else model.center_)]


def _inverse_min_max(model: Any) -> list[Motif]:
    return [affine(np.eye(len(model.scale_)), -model.min_), affine(np.diag(inverse(model.scale_)))]


def _inverse_power(model: Any) -> list[Motif]:
    if model.method != "yeo-johnson":
        raise UsageError("There is no transfer for the inverse of PowerTransformer(method='box-cox'). Fit it with method='yeo-johnson'.")
    front = _inverse_standard(model._scaler) if model.standardize else []
    return [*front, beside([Chain([Select([j]), _inverse_yeo_johnson(float(power))]) for j, power in enumerate(model.lambdas_)])]


def _inverse_yeo_johnson(power: float) -> Motif:
    """φ_λ(σ(y)) − φ_{2−λ}(σ(−y)) with φ_λ(v) = (1 + λ v)^{1/λ} − 1."""
    above = Chain([ReLU(), *_unwarped(power)])
    below = Chain([affine([[-1.0]]), ReLU(), *_unwarped(2 - power)])
    return weighted([1.0, -1.0], [above, below])


def _unwarped(power: float) -> list[Motif]:
    if power == 0:
        return [Exp(), affine([[1.0]], -1.0)]
    return [affine([[power]], 1.0), Power(tensor(1 / power)), affine([[1.0]], -1.0)]


def _inverse_function(model: Any) -> list[Motif]:
    if model.inv_kw_args:
        raise UsageError(f"There is no transfer for FunctionTransformer(inv_kw_args={model.inv_kw_args!r}). Fit it with a function that takes none.")
    return [function_network(model.inverse_func, model.n_features_in_)]


_INVERSES: dict[str, Callable[[Any], list[Motif]]] = {
    "FunctionTransformer": _inverse_function,
    "MinMaxScaler": _inverse_min_max,
    "PowerTransformer": _inverse_power,
    "RobustScaler": _inverse_robust,
    "StandardScaler": _inverse_standard,
}
