"""Transformers that keep columns: scales, warps, missing values, selections, functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._codes import code, is_missing
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import beside, inverse, scaled, shifted, weighted
from motifnet.motifs import (
    Abs,
    Chain,
    Clip,
    Exp,
    Fill,
    Gaps,
    Identity,
    Log,
    Missing,
    Motif,
    Normalize,
    Piecewise,
    Power,
    ReLU,
    Select,
    Sine,
    Square,
    Step,
    Tanh,
)
from motifnet.tables import Matrix


def _standard(model: Any) -> list[Motif]:
    d = model.n_features_in_
    mean = model.mean_ if model.with_mean else np.zeros(d)
    return shifted(inverse(model.scale_) if model.with_std else np.ones(d), -mean)


def _min_max(model: Any) -> list[Motif]:
    parts: list[Motif] = [scaled(model.scale_, model.min_)]
    low, high = (np.full(model.n_features_in_, float(bound)) for bound in model.feature_range)
    return [*parts, Clip(tensor(low), tensor(high))] if model.clip else parts


def _max_abs(model: Any) -> list[Motif]:
    parts: list[Motif] = [scaled(inverse(model.scale_))]
    return [*parts, Clip(tensor(-1.0), tensor(1.0))] if getattr(model, "clip", False) else parts


def _robust(model: Any) -> list[Motif]:
    d = model.n_features_in_
    return shifted(np.ones(d) if model.scale_ is None else inverse(model.scale_), np.zeros(d) if model.center_ is None else -model.center_)


def _normalizer(model: Any) -> list[Motif]:
    return [Normalize(model.norm)]


def _width(model: Any) -> int:
    """Number of columns; transformers without a state are there before they have seen any."""
    if not hasattr(model, "n_features_in_"):
        raise UsageError(f"{type(model).__name__} is not fitted, so that its number of columns is unknown. Call its `fit` first.")
    return int(model.n_features_in_)


def _binarizer(model: Any) -> list[Motif]:
    return [weighted([1.0], [Chain([affine(np.eye(_width(model)), -model.threshold), Step(tensor(0.0))])])]


def _power_transform(model: Any) -> list[Motif]:
    warp = _yeo_johnson if model.method == "yeo-johnson" else _box_cox
    columns = [Chain([Select([j]), warp(float(power))]) for j, power in enumerate(model.lambdas_)]
    return [beside(columns), *(_standard(model._scaler) if model.standardize else [])]


def _box_cox(power: float) -> Motif:
    """(x^λ − 1) / λ, log x for λ = 0."""
    return Log() if power == 0 else Chain([Power(tensor(power)), affine([[1 / power]], -1 / power)])


def _yeo_johnson(power: float) -> Motif:
    """ψ_λ(σ(x)) − ψ_{2−λ}(σ(−x)) with ψ_λ(u) = ((1 + u)^λ − 1) / λ."""
    above = Chain([ReLU(), affine([[1.0]], 1.0), _box_cox(power)])
    below = Chain([affine([[-1.0]]), ReLU(), affine([[1.0]], 1.0), _box_cox(2 - power)])
    return weighted([1.0, -1.0], [above, below])


def _quantiles(model: Any) -> list[Motif]:
    """The mean of the interpolations from the right and from the left, which differ where quantiles are equal."""
    if model.output_distribution != "uniform":
        raise UsageError("There is no transfer for QuantileTransformer(output_distribution='normal'). Fit it with output_distribution='uniform'.")
    columns = [_ramp(q, model.references_) for q in model.quantiles_.T]
    sides = [Piecewise(tensor([c[0] for c in columns]), tensor([c[1] for c in columns]), closed) for closed in ("left", "right")]
    return [weighted([0.5, 0.5], sides)]


def _ramp(x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    """Starts and coefficients, with shape (S, 2, 1), of the interpolation of (x, y): 0 up to the first x, y's end from the last x on."""
    width = np.diff(x)
    slope = np.divide(np.diff(y), width, out=np.zeros(len(width)), where=width > 0)
    behind = np.nextafter(x[0], np.inf)
    starts = np.clip(x, behind, max(behind, np.nextafter(x[-1], -np.inf)))
    level, slope = np.concatenate([[0.0], y[:-1], y[-1:]]), np.concatenate([[0.0], slope, [0.0]])
    return np.concatenate([starts[:1], starts]), np.stack([level, slope], axis=1)[:, :, None]


def selected(model: Any) -> list[Motif]:
    """The columns that a selector keeps."""
    kept = [int(j) for j in model.get_support(indices=True)]
    if not kept:
        raise UsageError(f"{type(model).__name__} keeps no column, so that nothing is left to compute with. Lower its threshold, and fit again.")
    return [Select(kept)]


def imputed_at_first(model: Any) -> list[Motif]:
    """Missing values filled, columns without any value left out, and the indicators of missing values where they were requested."""
    kind = getattr(model, "_fill_dtype", model.statistics_.dtype)
    kept = [j for j, value in enumerate(model.statistics_) if not is_missing(value) or model.keep_empty_features]
    if not kept:
        raise UsageError("SimpleImputer keeps no column, as none has a value. Fit it with keep_empty_features=True.")
    values = np.asarray(model.statistics_)[kept].astype(kind)  # an imputer of whole numbers fills with whole numbers
    filled = Chain([Select(kept), *sentinels(model, len(kept)), Fill(tensor([code(value) for value in values]))])
    if not model.add_indicator:
        return [filled]
    return [beside([filled, Chain(indicator(model.indicator_))])]


def sentinels(model: Any, width: int) -> list[Motif]:
    """The value that stands for missing ones, where it is not missing itself."""
    return [] if is_missing(model.missing_values) else [Missing(tensor(np.full(width, code(model.missing_values))))]


def indicator(model: Any) -> list[Motif]:
    """Which values are missing, of the columns that a MissingIndicator keeps."""
    columns = [int(j) for j in model.features_]
    if not columns:
        raise UsageError("MissingIndicator gives no column, as nothing was missing at its fit. Fit it with features='all', or leave it out.")
    return [Select(columns), *sentinels(model, len(columns)), Gaps()]


_FUNCTIONS: dict[str, Callable[[], Motif]] = {
    "absolute": Abs,
    "exp": Exp,
    "log": Log,
    "sin": Sine,
    "sqrt": lambda: Power(tensor(0.5)),
    "square": Square,
    "tanh": Tanh,
}


def function_network(function: Any, width: int) -> Motif:
    """The network of a function of numpy on `width` columns, each value by itself; None is the identity."""
    if function is None:
        return Identity()
    name, one = getattr(function, "__name__", repr(function)), np.ones(width)
    chains = {"cos": [scaled(one, np.pi / 2), Sine()], "expm1": [Exp(), scaled(one, -1.0)], "log1p": [scaled(one, 1.0), Log()]}
    if isinstance(function, np.ufunc) and name in chains:
        return Chain(chains[name])
    if isinstance(function, np.ufunc) and name in _FUNCTIONS:
        return _FUNCTIONS[name]()
    known = ", ".join(sorted([*chains, *_FUNCTIONS]))
    raise UsageError(f"There is no transfer for the function {name}; there is one for numpy's {known}. Use one of these.")


def _function(model: Any) -> list[Motif]:
    if isinstance(model.func, partial) and getattr(model.func.func, "__name__", "") == "check_array":  # histogram boosting puts it before its trees
        return [Identity()]
    if model.kw_args:
        raise UsageError(f"There is no transfer for FunctionTransformer(kw_args={model.kw_args!r}). Fit it with a function of numpy that takes none.")
    return [function_network(model.func, _width(model))]


SCALERS: dict[str, Transfer] = {
    **dict.fromkeys(("GenericUnivariateSelect", "SelectFdr", "SelectFpr", "SelectFromModel"), selected),
    **dict.fromkeys(("SelectFwe", "SelectKBest", "SelectPercentile", "SequentialFeatureSelector", "VarianceThreshold"), selected),
    "Binarizer": _binarizer,
    "FunctionTransformer": _function,
    "MaxAbsScaler": _max_abs,
    "MinMaxScaler": _min_max,
    "MissingIndicator": indicator,
    "Normalizer": _normalizer,
    "PowerTransformer": _power_transform,
    "QuantileTransformer": _quantiles,
    "RobustScaler": _robust,
    "SimpleImputer": imputed_at_first,
    "StandardScaler": _standard,
}
