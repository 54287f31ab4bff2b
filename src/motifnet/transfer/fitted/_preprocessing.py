"""Transformers that keep columns: scales, warps, missing values, selections, functions.

Some imputers fill missing values from the other columns of a row. `IterativeImputer` fills one
column at a time. With the values z of a row, first filled by a constant, and indicators g of
missing values,

    z_j  <-  g_j clip(f(z_others)) + (1 − g_j) z_j

`inverse_of` gives the inverse transforms for targets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError
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
    NeighbourFill,
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
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._encoders import code, is_missing
from motifnet.transfer.fitted._parts import (
    chain,
    inverse,
    scaled,
    shifted,
    side_by_side,
    times,
    weighted,
)
from motifnet.transfer.fitted._registry import Transfer, network_for

_FUNCTIONS: dict[str, Callable[[], Motif]] = {
    "absolute": Abs,
    "exp": Exp,
    "log": Log,
    "sin": Sine,
    "sqrt": lambda: Power(tensor(0.5)),
    "square": Square,
    "tanh": Tanh,
}


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
    return shifted(
        np.ones(d) if model.scale_ is None else inverse(model.scale_),
        np.zeros(d) if model.center_ is None else -model.center_,
    )


def _normalizer(model: Any) -> list[Motif]:
    return [Normalize(model.norm)]


def _width(model: Any) -> int:
    """Number of columns; UsageError where the transformer has not been fitted."""
    if not hasattr(model, "n_features_in_"):
        raise UsageError(
            f"{type(model).__name__} is not fitted, so that its number of columns is "
            "unknown. Call its `fit` first."
        )
    return int(model.n_features_in_)


def _binarizer(model: Any) -> list[Motif]:
    return [
        weighted(
            [1.0], [Chain([affine(np.eye(_width(model)), -model.threshold), Step(tensor(0.0))])]
        )
    ]


def _power_transform(model: Any) -> list[Motif]:
    warp = _yeo_johnson if model.method == "yeo-johnson" else _box_cox
    columns = [Chain([Select([j]), warp(float(power))]) for j, power in enumerate(model.lambdas_)]
    return [side_by_side(columns), *(_standard(model._scaler) if model.standardize else [])]


def _box_cox(power: float) -> Motif:
    """(x^λ − 1) / λ, or log x for λ = 0."""
    return Log() if power == 0 else Chain([Power(tensor(power)), affine([[1 / power]], -1 / power)])


def _yeo_johnson(power: float) -> Motif:
    """ψ_λ(σ(x)) − ψ_{2−λ}(σ(−x)) with ψ_λ(u) = ((1 + u)^λ − 1) / λ."""
    above = Chain([ReLU(), affine([[1.0]], 1.0), _box_cox(power)])
    below = Chain([affine([[-1.0]]), ReLU(), affine([[1.0]], 1.0), _box_cox(2 - power)])
    return weighted([1.0, -1.0], [above, below])


def _quantiles(model: Any) -> list[Motif]:
    """The mean of the interpolations from the right and from the left, which differ at equal
    quantiles.
    """
    if model.output_distribution != "uniform":
        raise UsageError(
            "There is no transfer for "
            "QuantileTransformer(output_distribution='normal'). Fit it with "
            "output_distribution='uniform'."
        )
    columns = [_ramp(q, model.references_) for q in model.quantiles_.T]
    sides = [
        Piecewise(tensor([c[0] for c in columns]), tensor([c[1] for c in columns]), closed)
        for closed in ("left", "right")
    ]
    return [weighted([0.5, 0.5], sides)]


def _ramp(x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    """Starts and coefficients with shape (S, 2, 1) of the interpolation of (x, y): 0 up to the
    first x, the last y from the last x on.
    """
    width = np.diff(x)
    slope = np.divide(np.diff(y), width, out=np.zeros(len(width)), where=width > 0)
    after = np.nextafter(x[0], np.inf)
    starts = np.clip(x, after, max(after, np.nextafter(x[-1], -np.inf)))
    level, slope = np.concatenate([[0.0], y[:-1], y[-1:]]), np.concatenate([[0.0], slope, [0.0]])
    return np.concatenate([starts[:1], starts]), np.stack([level, slope], axis=1)[:, :, None]


def selected(model: Any) -> list[Motif]:
    """The columns that a selector keeps."""
    kept = [int(j) for j in model.get_support(indices=True)]
    if not kept:
        raise UsageError(
            f"{type(model).__name__} keeps no column, so that there is nothing to "
            "compute with. Lower its threshold, and fit again."
        )
    return [Select(kept)]


def imputed_at_first(model: Any) -> list[Motif]:
    """SimpleImputer: filled values without empty columns, and the requested indicators of missing
    values.
    """
    kind = getattr(model, "_fill_dtype", model.statistics_.dtype)
    kept = [
        j
        for j, value in enumerate(model.statistics_)
        if not is_missing(value) or model.keep_empty_features
    ]
    if not kept:
        raise UsageError(
            "SimpleImputer keeps no column, as none has a value. Fit it with "
            "keep_empty_features=True."
        )
    # an imputer of whole numbers fills with whole numbers
    values = np.asarray(model.statistics_)[kept].astype(kind)
    filled = Chain(
        [
            Select(kept),
            *sentinels(model, len(kept)),
            Fill(tensor([code(value) for value in values])),
        ]
    )
    if not model.add_indicator:
        return [filled]
    return [side_by_side([filled, Chain(indicator(model.indicator_))])]


def sentinels(model: Any, width: int) -> list[Motif]:
    """The map of the value that stands for missing ones to NaN, where it is not NaN itself."""
    return (
        []
        if is_missing(model.missing_values)
        else [Missing(tensor(np.full(width, code(model.missing_values))))]
    )


def indicator(model: Any) -> list[Motif]:
    """Indicators of missing values of the columns that a MissingIndicator keeps."""
    columns = [int(j) for j in model.features_]
    if not columns:
        raise UsageError(
            "MissingIndicator gives no column, as nothing was missing at its fit. "
            "Fit it with features='all', or drop it."
        )
    return [Select(columns), *sentinels(model, len(columns)), Gaps()]


def function_network(function: Any, width: int) -> Motif:
    """The network of an elementwise function of numpy on `width` columns; None is the identity."""
    if function is None:
        return Identity()
    name, one = getattr(function, "__name__", repr(function)), np.ones(width)
    chains = {
        "cos": [scaled(one, np.pi / 2), Sine()],
        "expm1": [Exp(), scaled(one, -1.0)],
        "log1p": [scaled(one, 1.0), Log()],
    }
    if isinstance(function, np.ufunc) and name in chains:
        return Chain(chains[name])
    if isinstance(function, np.ufunc) and name in _FUNCTIONS:
        return _FUNCTIONS[name]()
    known = ", ".join(sorted([*chains, *_FUNCTIONS]))
    raise UsageError(
        f"There is no transfer for the function {name}; there is one for numpy's "
        f"{known}. Use one of these."
    )


def _function(model: Any) -> list[Motif]:
    # the first step of histogram boosting
    if (
        isinstance(model.func, partial)
        and getattr(model.func.func, "__name__", "") == "check_array"
    ):
        return [Identity()]
    if model.kw_args:
        raise UsageError(
            f"There is no transfer for FunctionTransformer(kw_args={model.kw_args!r}). "
            "Fit it with a function "
            "of numpy that takes none."
        )
    return [function_network(model.func, _width(model))]


def _iterative_imputer(model: Any) -> list[Motif]:
    if model.sample_posterior:
        raise UsageError(
            "IterativeImputer(sample_posterior=True) fills at random, a network does "
            "not. Fit it with sample_posterior=False."
        )
    kept = (
        list(range(model.n_features_in_))
        if model.keep_empty_features
        else [int(j) for j in np.flatnonzero(~model._is_empty_feature)]
    )
    indicators = Chain([Select(kept), *sentinels(model, len(kept)), Gaps()])
    if model.keep_empty_features and model._is_empty_feature.any():
        # empty columns keep their first fill
        indicators = Chain(
            [indicators, affine(np.diag(np.where(model._is_empty_feature, 0.0, 1.0)))]
        )
    d = len(kept)
    rounds = [_turn(model, turn, d) for turn in model.imputation_sequence_] if model.n_iter_ else []
    filled = Chain(
        [
            side_by_side([Chain(imputed_at_first(model.initial_imputer_)), indicators]),
            *rounds,
            Select(list(range(d))),
        ]
    )
    return (
        [filled]
        if not model.add_indicator
        else [side_by_side([filled, Chain(indicator(model.indicator_))])]
    )


def _turn(model: Any, turn: Any, d: int) -> Motif:
    """One column of (z, g) filled; the others as they are."""
    j, others = int(turn.feat_idx), [int(k) for k in turn.neighbor_feat_idx]
    low, high = (tensor(np.atleast_1d(side[j])) for side in (model._min_value, model._max_value))
    filled = Chain([Select(others), network_for(turn.estimator, "predict"), Clip(low, high)])
    missing, present = Select([d + j]), Chain([Select([d + j]), affine([[-1.0]], 1.0)])
    new = weighted([1.0, 1.0], [times(filled, missing), times(Select([j]), present)])
    before, after = Select(list(range(j))), Select(list(range(j + 1, 2 * d)))
    return side_by_side([before, new, after] if j else [new, after])


def _knn_imputer(model: Any) -> list[Motif]:
    """KNNImputer; columns without any value are left out, or 0."""
    if callable(model.weights) or model.metric != "nan_euclidean":
        got = (
            f"weights={model.weights!r}" if callable(model.weights) else f"metric={model.metric!r}"
        )
        raise UsageError(
            f"KNNImputer({got}) has no formula here. Fit it with weights='uniform' "
            "or 'distance', and metric='nan_euclidean'."
        )
    d, valid, is_absent = model.n_features_in_, model._valid_mask, model._mask_fit_X
    rows, present = np.where(is_absent, 0.0, model._fit_X), np.where(is_absent, 0.0, 1.0)
    parts: list[Motif] = [
        *sentinels(model, d),
        NeighbourFill(
            tensor(rows), tensor(present), int(model.n_neighbors), model.weights == "distance"
        ),
    ]
    if not valid.all():
        parts.append(
            scaled(np.where(valid, 1.0, 0.0))
            if model.keep_empty_features
            else Select([int(j) for j in np.flatnonzero(valid)])
        )
    return (
        parts
        if not model.add_indicator
        else [side_by_side([Chain(parts), Chain(indicator(model.indicator_))])]
    )


def inverse_of(model: Any) -> Motif:
    """The network of `inverse_transform`."""
    make = _INVERSES.get(type(model).__name__)
    if make is None:
        raise UsageError(
            f"There is no transfer for the inverse of {type(model).__name__}; there "
            f"is one for {', '.join(sorted(_INVERSES))}."
        )
    return chain(make(model))


def _inverse_standard(model: Any) -> list[Motif]:
    d = model.n_features_in_
    return [
        affine(
            np.diag(model.scale_ if model.with_std else np.ones(d)),
            model.mean_ if model.with_mean else 0.0,
        )
    ]


def _inverse_robust(model: Any) -> list[Motif]:
    scale = np.ones(model.n_features_in_) if model.scale_ is None else model.scale_
    return [affine(np.diag(scale), 0.0 if model.center_ is None else model.center_)]


def _inverse_min_max(model: Any) -> list[Motif]:
    return [affine(np.eye(len(model.scale_)), -model.min_), affine(np.diag(inverse(model.scale_)))]


def _inverse_power(model: Any) -> list[Motif]:
    if model.method != "yeo-johnson":
        raise UsageError(
            "There is no transfer for the inverse of "
            "PowerTransformer(method='box-cox'). Fit it with method='yeo-johnson'."
        )
    unscaled = _inverse_standard(model._scaler) if model.standardize else []
    return [
        *unscaled,
        side_by_side(
            [
                Chain([Select([j]), _inverse_yeo_johnson(float(power))])
                for j, power in enumerate(model.lambdas_)
            ]
        ),
    ]


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
        raise UsageError(
            f"There is no transfer for FunctionTransformer(inv_kw_args={model.inv_kw_args!r}). "
            "Fit it with a function that takes none."
        )
    return [function_network(model.inverse_func, model.n_features_in_)]


_INVERSES: dict[str, Callable[[Any], list[Motif]]] = {
    "FunctionTransformer": _inverse_function,
    "MinMaxScaler": _inverse_min_max,
    "PowerTransformer": _inverse_power,
    "RobustScaler": _inverse_robust,
    "StandardScaler": _inverse_standard,
}
_SELECTORS = (
    "GenericUnivariateSelect",
    "SelectFdr",
    "SelectFpr",
    "SelectFromModel",
    "SelectFwe",
    "SelectKBest",
    "SelectPercentile",
    "SequentialFeatureSelector",
    "VarianceThreshold",
)
SCALERS: dict[str, Transfer] = {
    **dict.fromkeys(_SELECTORS, selected),
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
IMPUTERS: dict[str, Transfer] = {"IterativeImputer": _iterative_imputer, "KNNImputer": _knn_imputer}
