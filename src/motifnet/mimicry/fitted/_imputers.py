"""Imputers that fill missing values from the other columns of a row.

In turns, a column at a time: with the values z of a row, filled at first by a constant, and its indicators g of missing values,

    z_j  <-  g_j clip(f(z_others)) + (1 − g_j) z_j
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._lookup import Transfer, network_for
from motifnet.mimicry.fitted._parts import beside, scaled, times, weighted
from motifnet.mimicry.fitted._scalers import imputed_at_first, indicator, sentinels
from motifnet.motifs import Chain, Clip, Gaps, Motif, NeighbourFill, Select


def _in_turns(model: Any) -> list[Motif]:
    if model.sample_posterior:
        raise UsageError("IterativeImputer(sample_posterior=True) fills at random, a network does not. Fit it with sample_posterior=False.")
    kept = list(range(model.n_features_in_)) if model.keep_empty_features else [int(j) for j in np.flatnonzero(~model._is_empty_feature)]
    gaps = Chain([Select(kept), *sentinels(model, len(kept)), Gaps()])
    if model.keep_empty_features and model._is_empty_feature.any():
        gaps = Chain([gaps, affine(np.diag(np.where(model._is_empty_feature, 0.0, 1.0)))])  # these stay as they were filled
    d = len(kept)
    rounds = [_turn(model, turn, d) for turn in model.imputation_sequence_] if model.n_iter_ else []
    filled = Chain([beside([Chain(imputed_at_first(model.initial_imputer_)), gaps]), *rounds, Select(list(range(d)))])
    return [filled] if not model.add_indicator else [beside([filled, Chain(indicator(model.indicator_))])]


def _turn(model: Any, turn: Any, d: int) -> Motif:
    """One column of (z, g) filled, the others as they are."""
    j, others = int(turn.feat_idx), [int(k) for k in turn.neighbor_feat_idx]
    low, high = (tensor(np.atleast_1d(side[j])) for side in (model._min_value, model._max_value))
    told = Chain([Select(others), network_for(turn.estimator, "predict"), Clip(low, high)])
    missing, present = Select([d + j]), Chain([Select([d + j]), affine([[-1.0]], 1.0)])
    new = weighted([1.0, 1.0], [times(told, missing), times(Select([j]), present)])
    before, behind = Select(list(range(j))), Select(list(range(j + 1, 2 * d)))
    return beside([before, new, behind] if j else [new, behind])


def _nearest(model: Any) -> list[Motif]:
    """KNNImputer: columns without any value are left out, or are 0."""
    if callable(model.weights) or model.metric != "nan_euclidean":
        got = f"weights={model.weights!r}" if callable(model.weights) else f"metric={model.metric!r}"
        raise UsageError(f"KNNImputer({got}) has no formula here. Fit it with weights='uniform' or 'distance', and metric='nan_euclidean'.")
    d, valid, gaps = model.n_features_in_, model._valid_mask, model._mask_fit_X
    rows, present = np.where(gaps, 0.0, model._fit_X), np.where(gaps, 0.0, 1.0)
    parts: list[Motif] = [*sentinels(model, d), NeighbourFill(tensor(rows), tensor(present), int(model.n_neighbors), model.weights == "distance")]
    if not valid.all():
        parts.append(scaled(np.where(valid, 1.0, 0.0)) if model.keep_empty_features else Select([int(j) for j in np.flatnonzero(valid)]))
    return parts if not model.add_indicator else [beside([Chain(parts), Chain(indicator(model.indicator_))])]


IMPUTERS: dict[str, Transfer] = {"IterativeImputer": _in_turns, "KNNImputer": _nearest}
