"""Boosted trees of LightGBM, with levels, missing values and several classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._asked import asked_networks
from motifnet.mimicry.fitted._codes import lookup
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import beside, probabilities, times
from motifnet.motifs import Abs, Chain, Clip, Concat, Exp, Fill, Identity, Motif, Product, Select, Sigmoid, Softmax
from motifnet.teachers import Forest, Nodes, Questions, parse_lightgbm, parse_lightgbm_lines

_SQUARED = ("regression", "regression_l2", "l2", "mse", "rmse", "reg:squarederror", "RMSE", "MultiRMSE")
_MEDIAN = ("regression_l1", "l1", "mae", "huber", "fair", "mape", "reg:absoluteerror", "reg:pseudohubererror", "MAE", "MAPE", "Huber")
_QUANTILE = ("quantile", "reg:quantileerror", "Quantile", "LogLinQuantile", "Expectile", "Lq")
_RANK = ("lambdarank", "rank_xendcg", "rank:pairwise", "rank:ndcg", "rank:map")
_RANK_CATBOOST = ("YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE", "QuerySoftMax", "StochasticRank", "LambdaMart")
IDENTITY = frozenset(_SQUARED + _MEDIAN + _QUANTILE + _RANK + _RANK_CATBOOST)
EXP = frozenset(("poisson", "gamma", "tweedie", "count:poisson", "reg:gamma", "reg:tweedie", "Poisson", "Tweedie"))
LOGIT = frozenset(("binary", "binary:logistic", "reg:logistic", "Logloss", "CrossEntropy", "cross_entropy"))
SOFTMAX = frozenset(("multiclass", "softmax", "multi:softprob", "multi:softmax", "MultiClass"))
EACH = frozenset(("multiclassova", "MultiClassOneVsAll"))


def linked(raw: Motif, objective: str, outputs: int, classes: bool, library: str) -> list[Motif]:
    """From raw scores to values or probabilities; one class against the rest, and several labels a row, are not made to add up to 1."""
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
    return linked(Chain(networks), objective, booster.num_model_per_iteration(), classes, "LightGBM")


def _lightgbm_scores(model: Any) -> list[Motif]:
    booster = getattr(model, "booster_", model)
    if not hasattr(booster, "model_to_string"):
        raise UsageError("There is no transfer for XGBoost's own Booster. Load it into an XGBRegressor or XGBClassifier with `load_model`.")
    if getattr(model, "pred_early_stop", False):
        raise UsageError("There is no transfer for LightGBM with pred_early_stop=True, which leaves out trees row by row. Set it to False.")
    questions = Questions(booster.num_feature())
    numbers = _category_numbers(booster)
    lines = parse_lightgbm_lines(booster, questions)
    if lines is not None:
        return [*numbers, *_with_lines(*lines, questions, whole=not numbers)]
    return [*numbers, *asked_networks(parse_lightgbm(booster, questions=questions), questions, whole=not numbers)]


def _with_lines(forests: list[Forest], columns: Nodes, questions: Questions, whole: bool) -> list[Motif]:
    """c(x) + Σ_j w_j(x) x_j: the trees give the coefficients; a missing x_j has none, and an infinite one may have 0."""
    K, u, most = len(forests), len(columns), np.finfo(np.float64).max
    coefficients = Chain(asked_networks(forests, questions, whole=whole))
    x = Chain([Select(columns.tolist() * K), Fill(tensor(np.zeros(K * u))), Clip(tensor(-most), tensor(most))])
    constants = Select([c * (1 + u) for c in range(K)])
    slopes = Select([c * (1 + u) + 1 + j for c in range(K) for j in range(u)] + list(range(K * (1 + u), K * (1 + 2 * u))))
    return [
        Concat([coefficients, x]),
        Concat([constants, Chain([slopes, Product()])]),
        affine(np.vstack([np.eye(K), np.repeat(np.eye(K), u, axis=0)])),
    ]


def _written_objective(booster: Any) -> str:
    """The objective with its settings, under its first name whatever alias it was asked for by; a function of one's own has none."""
    text = booster.model_to_string(num_iteration=1)
    return next((line.partition("=")[2] for line in text.splitlines() if line.startswith("objective=")), "none")


def _category_numbers(booster: Any) -> list[Motif]:
    """LightGBM numbers the levels of pandas' categorical columns in their order; a level that it has not seen is missing."""
    levels = booster.pandas_categorical or []
    if not levels:
        return []
    text = booster.model_to_string(num_iteration=1)
    ranges = next(line.partition("=")[2] for line in text.splitlines() if line.startswith("feature_infos=")).split(" ")
    columns = [j for j, values in enumerate(ranges) if not values.startswith("[") and values != "none"]
    if len(columns) != len(levels):
        raise UsageError("This LightGBM model does not tell which columns are categorical, as one of them never varies. Fit it without that one.")
    return [numbered(dict(zip(columns, levels, strict=True)), booster.num_feature())]


def numbered(levels: Mapping[int, Sequence[Any]], width: int) -> Motif:
    """Places 0, 1, … of the levels of some columns, missing where a level is none of them; the other columns as they are."""
    gap = np.array([np.nan])
    return beside(
        [
            Chain([Select([j]), lookup(levels[j], np.arange(len(levels[j]), dtype=np.float64)[:, None], gap, gap)]) if j in levels else Select([j])
            for j in range(width)
        ]
    )


BOOSTING: dict[str, Transfer] = {
    **dict.fromkeys(("Booster", "LGBMClassifier", "LGBMRanker", "LGBMRegressor"), _lightgbm),
}
FURTHER_BOOSTING: dict[tuple[str, str], Transfer] = {("LGBMClassifier", "decision_function"): _lightgbm_scores}
