"""XGBoost: trees and lines in float32, each step rounded as it has it, with levels, missing values and several outputs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._asked import asked_networks
from motifnet.mimicry.fitted._boosting import EXP, IDENTITY, LOGIT, SOFTMAX, numbered
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import chain, times
from motifnet.motifs import Chain, Concat, Exp, Fill, Identity, Max, Motif, Parallel, Power, Select, Single, SparseAffine
from motifnet.teachers import Questions, parse_xgboost, parse_xgboost_lines, xgboost_learner


def _xgboost(model: Any) -> list[Motif]:
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    if not np.isnan(getattr(model, "missing", np.nan)):
        raise UsageError(f"This XGBoost model takes {model.missing} as missing, for which there is no transfer. Fit it with missing=nan.")
    learner, width = xgboost_learner(booster), booster.num_features()
    numbers = _encoded(learner, width)
    networks = _lines(learner) if learner["gradient_booster"]["name"] == "gblinear" else _trees(learner, width, whole=not numbers)
    outputs = chain(networks).outputs(width)
    return [*numbers, *networks, *_single_link(learner["objective"]["name"], outputs, is_classifier(model))]


def _trees(learner: dict[str, Any], width: int, whole: bool) -> list[Motif]:
    questions = Questions(width)
    return asked_networks(parse_xgboost(learner, questions), questions, single=True, whole=whole)


def _lines(learner: dict[str, Any]) -> list[Motif]:
    """s_j = fl(s_{j−1} + fl(x_j w_j)) in float32, one column after the other, a missing one being 0."""
    weights, start = (values.astype(np.float64) for values in parse_xgboost_lines(learner))
    d, q = weights.shape
    products = SparseAffine(torch.arange(d).repeat_interleave(q)[:, None], tensor(weights.reshape(-1, 1)), tensor(np.zeros(d * q)))
    add = [affine(np.vstack([np.eye(q), np.eye(q)])), Single()]
    front = [Single(), Fill(tensor(np.zeros(d))), Concat([Chain([products, Single()]), affine(np.zeros((d, q)), start)])]
    widths = [q * (d + 1 - j) for j in range(d)]
    steps = [Concat([Select(list(range(q, w - q))), Chain([Select([*range(q), *range(w - q, w)]), *add])]) for w in widths[:-1]]
    return [*front, *steps, *add]


def _single_link(objective: str, outputs: int, classes: bool) -> list[Motif]:
    """From raw scores to values or probabilities, each step rounded to float32 as XGBoost has it."""
    if objective in LOGIT:
        p: list[Motif] = [affine(-np.eye(outputs)), Exp(), Single(), affine(np.eye(outputs), 1.0), Single(), Power(tensor(-1.0)), Single()]
        return [*p, affine([[-1.0, 1.0]], [1.0, 0.0]), Single()] if classes and outputs == 1 else p
    if objective in SOFTMAX:
        shifted = Parallel(tensor([1.0, -1.0]), [Identity(), Chain([Max(), affine(np.ones((1, outputs)))])])
        inverse = Chain([affine(np.ones((outputs, outputs))), Single(), Power(tensor(-1.0))])
        return [shifted, Single(), Exp(), Single(), times(Identity(), inverse), Single()]
    if classes or objective not in IDENTITY | EXP:
        raise UsageError(f"There is no transfer for the objective {objective!r} of XGBoost.")
    return [Exp(), Single()] if objective in EXP else []


def _encoded(learner: dict[str, Any], width: int) -> list[Motif]:
    """The levels of categorical columns of a data frame, which XGBoost keeps with the model."""
    encoders = learner["gradient_booster"].get("model", {}).get("cats", {}).get("enc", [])
    levels = {j: _xgboost_levels(encoder) for j, encoder in enumerate(encoders) if len(encoder["values"])}
    return [numbered(levels, width)] if levels else []


def _xgboost_levels(encoder: dict[str, Any]) -> list[Any]:
    if "offsets" not in encoder:
        return list(encoder["values"])
    text = bytes(v % 256 for v in encoder["values"])
    return [text[start:end].decode() for start, end in pairwise(encoder["offsets"])]


XGBOOST: dict[str, Transfer] = dict.fromkeys(("XGBClassifier", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor"), _xgboost)
