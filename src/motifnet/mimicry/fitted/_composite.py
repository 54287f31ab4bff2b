"""Estimators that are made of others: chains, columns side by side, votes, stacks, transformed targets, calibrated probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.mimicry.fitted._inverses import inverse_of
from motifnet.mimicry.fitted._lookup import Transfer, methods_of, network_for, network_of
from motifnet.mimicry.fitted._members import answer_of, labels_of, scores_of
from motifnet.mimicry.fitted._output import method_of
from motifnet.mimicry.fitted._parts import beside, known_classes, on_columns, weighted
from motifnet.mimicry.fitted._scalers import selected
from motifnet.motifs import Chain, Identity, Largest, Motif


def _is_empty(model: Any) -> bool:
    return model is None or (isinstance(model, str) and model == "passthrough")


def _pipeline(model: Any, last_of: Callable[[Any], Motif] | None = None) -> list[Motif]:
    *first, last = steps = [step for _, step in model.steps if not _is_empty(step)] or [None]
    _check_none(steps)
    last_of = last_of or partial(_asked_for, method=method_of(model if _is_empty(model.steps[-1][1]) else last))
    return [*map(_transform, first), Identity() if last is None else last_of(last)]


def _asked_for(part: Any, method: str) -> Motif:
    return _transform(part) if method == "transform" else network_for(part, method)


def _check_none(steps: Sequence[Any]) -> None:
    """To scikit-learn an imputer of NaN leaves None, which a network takes as the same missing value."""
    fills = [k for k, step in enumerate(steps) if type(step).__name__ == "SimpleImputer" and step.missing_values is not None]
    for step in steps[fills[0] :] if fills else ():
        if any(level is None for levels in getattr(step, "categories_", ()) for level in levels):
            raise UsageError(
                f"{type(step).__name__} has None as a level, as SimpleImputer(missing_values={steps[fills[0]].missing_values}) leaves it; to a "
                "network None and NaN are one missing value. Fit the imputer with missing_values=None, or make None NaN."
            )


def _transform(step: Any) -> Motif:
    """The network of `transform`: some estimators have that beside the method that their own network computes."""
    if hasattr(step, "get_support"):
        return Chain(selected(step), label=type(step).__name__)
    if "transform" not in methods_of(step):
        raise UsageError(
            f"{type(step).__name__} stands before other estimators for its `transform`; there is a transfer of its {method_of(step)!r} alone. "
            "Put a transformer there, such as PCA or SelectKBest."
        )
    return network_for(step, "transform")


def _elimination(model: Any, last_of: Callable[[Any], Motif] = network_of) -> list[Motif]:
    """RFE: its estimator on the columns that it keeps."""
    return [*selected(model), last_of(model.estimator_)]


def _columns(model: Any) -> list[Motif]:
    """Each transformer on its columns, in the order of the output; what is dropped is dropped."""
    names, width, branches = getattr(model, "feature_names_in_", None), model.n_features_in_, []
    for name, part, columns in model.transformers_:
        if name not in model.output_indices_ or (isinstance(part, str) and part == "drop"):
            continue
        chosen = _positions(columns, names, width)
        if chosen:
            network = Identity() if _is_empty(part) else _transform(part)
            branches.append(on_columns(chosen, _weighed(network, name, model.transformer_weights), width))
    if not branches:
        raise UsageError("ColumnTransformer keeps no column, so that nothing is left to compute with. Give it columns, and fit again.")
    return [beside(branches)]


def _weighed(network: Motif, name: str, weights: Mapping[str, float] | None) -> Motif:
    """The network times the weight of its name in `transformer_weights`."""
    return weighted([weights[name]], [network]) if weights and name in weights else network


def _positions(columns: Any, names: Any, width: int) -> list[int]:
    """Numbers of columns that were given by number, name, mask or slice."""
    if isinstance(columns, slice):
        return list(range(width))[columns]
    columns = [columns] if isinstance(columns, str | int) else list(columns)
    if columns and isinstance(columns[0], bool | np.bool_):
        return [j for j, chosen in enumerate(columns) if chosen]
    return [list(names).index(c) if isinstance(c, str) else int(c) % width for c in columns]


def _union(model: Any) -> list[Motif]:
    parts = [(name, part) for name, part in model.transformer_list if not (isinstance(part, str) and part == "drop")]
    networks = [(name, Identity() if _is_empty(part) else _transform(part)) for name, part in parts]
    return [beside([_weighed(network, name, model.transformer_weights) for name, network in networks])]


def _inner(model: Any) -> Any:
    """The estimator that one stands for: a search for the best that it has found, a frozen one for what is frozen."""
    if hasattr(model, "refit") and not (hasattr(model, "best_estimator_") or hasattr(model, "estimator_")):
        raise UsageError(f"{type(model).__name__} was fitted with refit=False and holds no model. Fit it with refit=True.")
    return next(getattr(model, name) for name in ("best_estimator_", "estimator_", "estimator") if hasattr(model, name))


def _stand_in(model: Any, method: str) -> list[Motif]:
    return [_asked_for(_inner(model), method)]


def _vote(model: Any) -> list[Motif]:
    """The weighted mean of the members; of a hard vote the label that most members give, the first one among equals."""
    weights = np.ones(len(model.estimators_)) if model._weights_not_none is None else np.asarray(model._weights_not_none, dtype=np.float64)
    if getattr(model, "voting", "soft") == "hard":
        return [weighted(weights, [Chain([labels_of(part), *_placed(part, model)]) for part in model.estimators_]), Largest()]
    method = "predict_proba" if is_classifier(model) else "predict"
    return [weighted(weights / weights.sum(), [network_for(part, method) for part in model.estimators_])]


def _placed(part: Any, model: Any) -> list[Motif]:
    """Columns of a member that was fitted on the numbers of its owner's classes, in their places among all."""
    return known_classes(part.classes_, np.arange(len(model.classes_)))


def _stack(model: Any, last_of: Callable[[Any], Motif] = network_of) -> list[Motif]:
    """Outputs of the parts side by side, of two classes' probabilities the second alone; then the final estimator."""
    branches = [answer_of(part, method) for part, method in zip(_fitted_parts(model), model.stack_method_, strict=True)]
    return [beside([*branches, Identity()] if model.passthrough else branches), last_of(model.final_estimator_)]


def _fitted_parts(model: Any) -> list[Any]:
    return [part for part in model.estimators_ if not (isinstance(part, str) and part == "drop")]


def _bagging(model: Any) -> list[Motif]:
    """The mean of the members; of those without probabilities the share of their votes."""
    return [_mean([_known_classes(part, model) for part in model.estimators_], model)]


def _mean(networks: Sequence[Motif], model: Any) -> Motif:
    parts = [on_columns(columns, net, model.n_features_in_) for net, columns in zip(networks, model.estimators_features_, strict=True)]
    return weighted(np.full(len(parts), 1 / len(parts)), parts)


def _known_classes(part: Any, model: Any) -> Motif:
    """The network of a member; of a classifier that saw some of the classes, with zeros for the others."""
    if not is_classifier(model):
        return network_for(part, "predict")
    return Chain([network_of(part) if method_of(part) == "predict_proba" else labels_of(part), *_placed(part, model)])


def _bagged_scores(model: Any) -> list[Motif]:
    return [_mean([scores_of(part) for part in model.estimators_], model)]


def _transformed_target(model: Any) -> list[Motif]:
    return [network_for(model.regressor_, "predict"), inverse_of(model.transformer_)]


def _threshold_labels(model: Any) -> list[Motif]:
    raise UsageError(f"The labels of {type(model).__name__} go by a threshold of its own, for which there is no transfer here. Take its estimator_.")


_STANDS_FOR = ("FrozenEstimator", "GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "RandomizedSearchCV")
_ELIMINATIONS = ("RFE", "RFECV")
_FURTHER = ("decision_function", "predict", "score_samples", "transform")
_THRESHOLDS = ("FixedThresholdClassifier", "TunedThresholdClassifierCV")
COMPOSITES: dict[str, Transfer] = {
    **dict.fromkeys(_STANDS_FOR, lambda model: [network_of(_inner(model))]),
    **dict.fromkeys(_THRESHOLDS, lambda model: [network_of(_inner(model))]),
    **dict.fromkeys(_ELIMINATIONS, _elimination),
    "BaggingClassifier": _bagging,
    "BaggingRegressor": _bagging,
    "ColumnTransformer": _columns,
    "FeatureUnion": _union,
    "Pipeline": _pipeline,
    "StackingClassifier": _stack,
    "StackingRegressor": _stack,
    "TransformedTargetRegressor": _transformed_target,
    "VotingClassifier": _vote,
    "VotingRegressor": _vote,
}
FURTHER_COMPOSITES: dict[tuple[str, str], Transfer] = {
    **{(kind, method): partial(_stand_in, method=method) for kind in _STANDS_FOR for method in _FURTHER},
    **{(kind, "decision_function"): partial(_stand_in, method="decision_function") for kind in _THRESHOLDS},
    **{(kind, "decision_function"): lambda model: _elimination(model, scores_of) for kind in _ELIMINATIONS},
    **{("Pipeline", method): partial(_pipeline, last_of=partial(_asked_for, method=method)) for method in _FURTHER},
    ("BaggingClassifier", "decision_function"): _bagged_scores,
    ("StackingClassifier", "decision_function"): lambda model: _stack(model, scores_of),
}
COMPOSITE_LABELS: dict[str, Transfer] = {
    **dict.fromkeys(_STANDS_FOR, lambda model: [labels_of(_inner(model))]),
    **dict.fromkeys(_THRESHOLDS, _threshold_labels),
    **dict.fromkeys(_ELIMINATIONS, lambda model: _elimination(model, labels_of)),
    "Pipeline": lambda model: _pipeline(model, labels_of),
    "StackingClassifier": lambda model: _stack(model, labels_of),
}
