"""Boosted trees of LightGBM and XGBoost, with levels, missing values and several outputs.

Trees and linear boosters of XGBoost round each step to float32, as XGBoost does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.motifs import (
    Abs,
    Chain,
    Clip,
    Concat,
    Exp,
    Fill,
    Identity,
    Max,
    Motif,
    Parallel,
    Power,
    Product,
    Select,
    Sigmoid,
    Single,
    Softmax,
    SparseAffine,
)
from motifnet.teachers import (
    Forest,
    Nodes,
    SplitPredicates,
    parse_lightgbm,
    parse_lightgbm_lines,
    parse_xgboost,
    parse_xgboost_lines,
    xgboost_learner,
)
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._encoders import lookup
from motifnet.transfer.fitted._parts import chain, probabilities, side_by_side, times
from motifnet.transfer.fitted._registry import Transfer
from motifnet.transfer.fitted._trees import requested_networks

_SQUARED = (
    "regression",
    "regression_l2",
    "l2",
    "mse",
    "rmse",
    "reg:squarederror",
    "RMSE",
    "MultiRMSE",
)
_MEDIAN = (
    "regression_l1",
    "l1",
    "mae",
    "huber",
    "fair",
    "mape",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "MAE",
    "MAPE",
    "Huber",
)
_QUANTILE = ("quantile", "reg:quantileerror", "Quantile", "LogLinQuantile", "Expectile", "Lq")
_RANK = ("lambdarank", "rank_xendcg", "rank:pairwise", "rank:ndcg", "rank:map")
_RANK_CATBOOST = (
    "YetiRank",
    "YetiRankPairwise",
    "PairLogit",
    "PairLogitPairwise",
    "QueryRMSE",
    "QuerySoftMax",
    "StochasticRank",
    "LambdaMart",
)
IDENTITY = frozenset(_SQUARED + _MEDIAN + _QUANTILE + _RANK + _RANK_CATBOOST)
EXP = frozenset(
    (
        "poisson",
        "gamma",
        "tweedie",
        "count:poisson",
        "reg:gamma",
        "reg:tweedie",
        "Poisson",
        "Tweedie",
    )
)
LOGIT = frozenset(
    ("binary", "binary:logistic", "reg:logistic", "Logloss", "CrossEntropy", "cross_entropy")
)
SOFTMAX = frozenset(("multiclass", "softmax", "multi:softprob", "multi:softmax", "MultiClass"))
EACH = frozenset(("multiclassova", "MultiClassOneVsAll"))


def linked(raw: Motif, objective: str, outputs: int, classes: bool, library: str) -> list[Motif]:
    """From raw scores to values or probabilities. Those of one class against the rest, and of
    several labels a row, do not add up to 1.
    """
    if objective in LOGIT:
        return probabilities(raw, 1) if classes and outputs == 1 else [raw, Sigmoid()]
    if objective in SOFTMAX:
        return [raw, Softmax()]
    if objective in EACH:
        return [raw, Sigmoid()]
    if classes or objective not in IDENTITY | EXP:
        raise UsageError(f"There is no transfer for the objective {objective!r} of {library}.")
    return [raw, Exp()] if objective in EXP else [raw]


def _lightgbm(model: Any) -> list[Motif]:
    networks, booster = _lightgbm_scores(model), getattr(model, "booster_", model)
    objective, *settings = _written_objective(booster).split()
    slope = next((float(s.partition(":")[2]) for s in settings if s.startswith("sigmoid:")), 1.0)
    if slope != 1.0:
        networks.append(affine(slope * np.eye(booster.num_model_per_iteration())))
    if "sqrt" in settings:  # it was fitted to sign(y) √|y|
        networks.append(times(Identity(), Abs()))
    classes = is_classifier(model) if hasattr(model, "booster_") else False
    return linked(
        Chain(networks), objective, booster.num_model_per_iteration(), classes, "LightGBM"
    )


def _lightgbm_scores(model: Any) -> list[Motif]:
    booster = getattr(model, "booster_", model)
    if not hasattr(booster, "model_to_string"):
        raise UsageError(
            "There is no transfer for XGBoost's own Booster. Load it into an "
            "XGBRegressor or XGBClassifier with `load_model`."
        )
    if getattr(model, "pred_early_stop", False):
        raise UsageError(
            "There is no transfer for LightGBM with pred_early_stop=True, which "
            "leaves out trees row by row. Set it to False."
        )
    predicates = SplitPredicates(booster.num_feature())
    numbers = _category_numbers(booster)
    lines = parse_lightgbm_lines(booster, predicates)
    if lines is not None:
        return [*numbers, *_with_lines(*lines, predicates, whole=not numbers)]
    return [
        *numbers,
        *requested_networks(
            parse_lightgbm(booster, predicates=predicates), predicates, whole=not numbers
        ),
    ]


def _with_lines(
    forests: list[Forest], columns: Nodes, predicates: SplitPredicates, whole: bool
) -> list[Motif]:
    """c(x) + Σ_j w_j(x) x_j with coefficients from the trees. A missing x_j counts as 0, and an
    infinite one is clipped, since its coefficient may be 0.
    """
    K, u, largest = len(forests), len(columns), np.finfo(np.float64).max
    coefficients = Chain(requested_networks(forests, predicates, whole=whole))
    x = Chain(
        [
            Select(columns.tolist() * K),
            Fill(tensor(np.zeros(K * u))),
            Clip(tensor(-largest), tensor(largest)),
        ]
    )
    constants = Select([c * (1 + u) for c in range(K)])
    slopes = Select(
        [c * (1 + u) + 1 + j for c in range(K) for j in range(u)]
        + list(range(K * (1 + u), K * (1 + 2 * u)))
    )
    return [
        Concat([coefficients, x]),
        Concat([constants, Chain([slopes, Product()])]),
        affine(np.vstack([np.eye(K), np.repeat(np.eye(K), u, axis=0)])),
    ]


def _written_objective(booster: Any) -> str:
    """The objective with its settings, by its main name whatever alias the user gave; "none" for a
    function of the user.
    """
    dump = booster.model_to_string(num_iteration=1)
    return next(
        (line.partition("=")[2] for line in dump.splitlines() if line.startswith("objective=")),
        "none",
    )


def _category_numbers(booster: Any) -> list[Motif]:
    """The numbers that LightGBM gives to levels of categorical columns of pandas, in their order;
    an unseen level is missing.
    """
    levels = booster.pandas_categorical or []
    if not levels:
        return []
    dump = booster.model_to_string(num_iteration=1)
    ranges = next(
        line.partition("=")[2] for line in dump.splitlines() if line.startswith("feature_infos=")
    ).split(" ")
    columns = [
        j for j, values in enumerate(ranges) if not values.startswith("[") and values != "none"
    ]
    if len(columns) != len(levels):
        raise UsageError(
            "This LightGBM model does not say which columns are categorical, as one "
            "of them never varies. Fit it without that column."
        )
    return [numbered(dict(zip(columns, levels, strict=True)), booster.num_feature())]


def numbered(levels: Mapping[int, Sequence[Any]], width: int) -> Motif:
    """Numbers 0, 1, … of the levels of some columns, missing for other levels; the other columns as
    they are.
    """
    missing = np.array([np.nan])
    return side_by_side(
        [
            Chain(
                [
                    Select([j]),
                    lookup(
                        levels[j],
                        np.arange(len(levels[j]), dtype=np.float64)[:, None],
                        missing,
                        missing,
                    ),
                ]
            )
            if j in levels
            else Select([j])
            for j in range(width)
        ]
    )


def _xgboost(model: Any) -> list[Motif]:
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    if not np.isnan(getattr(model, "missing", np.nan)):
        raise UsageError(
            f"This XGBoost model takes {model.missing} as missing, for which there "
            "is no transfer. Fit it with missing=nan."
        )
    learner, width = xgboost_learner(booster), booster.num_features()
    numbers = _xgboost_categories(learner, width)
    networks = (
        _xgboost_lines(learner)
        if learner["gradient_booster"]["name"] == "gblinear"
        else _xgboost_trees(learner, width, whole=not numbers)
    )
    outputs = chain(networks).outputs(width)
    return [
        *numbers,
        *networks,
        *_single_link(learner["objective"]["name"], outputs, is_classifier(model)),
    ]


def _xgboost_trees(learner: dict[str, Any], width: int, whole: bool) -> list[Motif]:
    predicates = SplitPredicates(width)
    return requested_networks(
        parse_xgboost(learner, predicates), predicates, single=True, whole=whole
    )


def _xgboost_lines(learner: dict[str, Any]) -> list[Motif]:
    """s_j = fl(s_{j−1} + fl(x_j w_j)) in float32, one column after the other; a missing value is
    0.
    """
    weights, start = (values.astype(np.float64) for values in parse_xgboost_lines(learner))
    d, q = weights.shape
    products = SparseAffine(
        torch.arange(d).repeat_interleave(q)[:, None],
        tensor(weights.reshape(-1, 1)),
        tensor(np.zeros(d * q)),
    )
    add = [affine(np.vstack([np.eye(q), np.eye(q)])), Single()]
    start_and_products = [
        Single(),
        Fill(tensor(np.zeros(d))),
        Concat([Chain([products, Single()]), affine(np.zeros((d, q)), start)]),
    ]
    widths = [q * (d + 1 - j) for j in range(d)]
    steps = [
        Concat(
            [Select(list(range(q, w - q))), Chain([Select([*range(q), *range(w - q, w)]), *add])]
        )
        for w in widths[:-1]
    ]
    return [*start_and_products, *steps, *add]


def _single_link(objective: str, outputs: int, classes: bool) -> list[Motif]:
    """From raw scores to values or probabilities, with each step rounded to float32."""
    if objective in LOGIT:
        p: list[Motif] = [
            affine(-np.eye(outputs)),
            Exp(),
            Single(),
            affine(np.eye(outputs), 1.0),
            Single(),
            Power(tensor(-1.0)),
            Single(),
        ]
        return [*p, affine([[-1.0, 1.0]], [1.0, 0.0]), Single()] if classes and outputs == 1 else p
    if objective in SOFTMAX:
        shifted = Parallel(
            tensor([1.0, -1.0]), [Identity(), Chain([Max(), affine(np.ones((1, outputs)))])]
        )
        inverse = Chain([affine(np.ones((outputs, outputs))), Single(), Power(tensor(-1.0))])
        return [shifted, Single(), Exp(), Single(), times(Identity(), inverse), Single()]
    if classes or objective not in IDENTITY | EXP:
        raise UsageError(f"There is no transfer for the objective {objective!r} of XGBoost.")
    return [Exp(), Single()] if objective in EXP else []


def _xgboost_categories(learner: dict[str, Any], width: int) -> list[Motif]:
    """The numbers of levels of categorical columns, which XGBoost keeps with the model."""
    encoders = learner["gradient_booster"].get("model", {}).get("cats", {}).get("enc", [])
    levels = {
        j: _xgboost_levels(encoder) for j, encoder in enumerate(encoders) if len(encoder["values"])
    }
    return [numbered(levels, width)] if levels else []


def _xgboost_levels(encoder: dict[str, Any]) -> list[Any]:
    if "offsets" not in encoder:
        return list(encoder["values"])
    dump = bytes(v % 256 for v in encoder["values"])
    return [dump[start:end].decode() for start, end in pairwise(encoder["offsets"])]


BOOSTING: dict[str, Transfer] = {
    **dict.fromkeys(("Booster", "LGBMClassifier", "LGBMRanker", "LGBMRegressor"), _lightgbm),
}
FURTHER_BOOSTING: dict[tuple[str, str], Transfer] = {
    ("LGBMClassifier", "decision_function"): _lightgbm_scores
}
XGBOOST: dict[str, Transfer] = dict.fromkeys(
    ("XGBClassifier", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor"), _xgboost
)
