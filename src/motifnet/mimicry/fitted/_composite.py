"""Estimators that are made of others: chains, columns side by side, votes, stacks, transformed targets, calibrated probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.mimicry.fitted._inverses import inverse_of
from motifnet.mimicry.fitted._lookup import Transfer, methods_of, network_for, network_of
from motifnet.mimicry.fitted._output import method_of
from motifnet.mimicry.fitted._parts import beside, constant, known_classes, on_columns, weighted
from motifnet.mimicry.fitted._scalers import selected
from motifnet.motifs import Chain, Identity, Motif, Normalize, Select


def _is_empty(model: Any) -> bool:
    return model is None or (isinstance(model, str) and model == "passthrough")


def _pipeline(model: Any, method: str = "") -> list[Motif]:
    *first, last = steps = [step for _, step in model.steps if not _is_empty(step)] or [None]
    _check_none(steps)
    method = method or method_of(model if _is_empty(model.steps[-1][1]) else last)
    end = Identity() if last is None else _transform(last) if method == "transform" else network_for(last, method)
    return [*map(_transform, first), end]


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


def _elimination(model: Any) -> list[Motif]:
    """RFE: its estimator on the columns that it keeps."""
    return [*selected(model), network_of(model.estimator_)]


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


def _search(model: Any, method: str = "") -> list[Motif]:
    if not hasattr(model, "best_estimator_"):
        raise UsageError(f"{type(model).__name__} was fitted with refit=False and holds no model. Fit it with refit=True.")
    return [network_for(model.best_estimator_, method or method_of(model.best_estimator_))]


def _vote(model: Any) -> list[Motif]:
    if getattr(model, "voting", "soft") == "hard":
        raise UsageError("VotingClassifier(voting='hard') has no probabilities. Fit it with voting='soft'.")
    weights = np.ones(len(model.estimators_)) if model._weights_not_none is None else np.asarray(model._weights_not_none, dtype=np.float64)
    method = "predict_proba" if is_classifier(model) else "predict"
    return [weighted(weights / weights.sum(), [network_for(part, method) for part in model.estimators_])]


def _stack(model: Any) -> list[Motif]:
    """Outputs of the parts side by side, of two classes' probabilities the second alone; then the final estimator."""
    branches = [_stacked(part, method) for part, method in zip(_fitted_parts(model), model.stack_method_, strict=True)]
    return [beside([*branches, Identity()] if model.passthrough else branches), network_of(model.final_estimator_)]


def _fitted_parts(model: Any) -> list[Any]:
    return [part for part in model.estimators_ if not (isinstance(part, str) and part == "drop")]


def _stacked(part: Any, method: str) -> Motif:
    if method != method_of(part):
        raise UsageError(f"The stack takes {method} of {type(part).__name__}, for which there is no transfer. Fit it with stack_method='auto'.")
    network = network_of(part)
    return Chain([network, Select([1])]) if method == "predict_proba" and len(part.classes_) == 2 else network


def _bagging(model: Any) -> list[Motif]:
    parts = [
        on_columns(columns, _known_classes(part, model), model.n_features_in_)
        for part, columns in zip(model.estimators_, model.estimators_features_, strict=True)
    ]
    return [weighted(np.full(len(parts), 1 / len(parts)), parts)]


def _known_classes(part: Any, model: Any) -> Motif:
    """The network of a member; of a classifier that saw some of the classes, with zeros for the others."""
    if not is_classifier(model):
        return network_for(part, "predict")
    if method_of(part) != "predict_proba":
        raise UsageError(f"{type(model).__name__} of {type(part).__name__} votes, as that has no probabilities; there is no transfer for votes.")
    return Chain([network_of(part), *known_classes(part.classes_, np.arange(len(model.classes_)))])


def _transformed_target(model: Any) -> list[Motif]:
    return [network_for(model.regressor_, "predict"), inverse_of(model.transformer_)]


def _each_output(model: Any) -> list[Motif]:
    return [beside([network_for(part, "predict") for part in model.estimators_])]


def _one_against_rest(model: Any) -> list[Motif]:
    method = method_of(model)
    each = [_against_rest(part, method) for part in model.estimators_]
    if method == "decision_function" or (len(each) == 1 and not model.multilabel_):
        return [beside(each)]
    second = beside([Chain([network, Select([1])]) for network in each])
    return [second] if model.multilabel_ else [second, Normalize("l1")]


def _against_rest(part: Any, method: str) -> Motif:
    """A member; of a class that no row or every row has, the constant that scikit-learn puts there."""
    if type(part).__name__ != "_ConstantPredictor":
        return network_for(part, method) if method != "predict" else network_of(part)
    share = float(np.ravel(part.y_)[0])
    return constant([1 - share, share] if method == "predict_proba" else [share])


COMPOSITES: dict[str, Transfer] = {
    **dict.fromkeys(("GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "RandomizedSearchCV"), _search),
    "BaggingClassifier": _bagging,
    "BaggingRegressor": _bagging,
    "ColumnTransformer": _columns,
    "FeatureUnion": _union,
    "FrozenEstimator": lambda model: [network_of(model.estimator)],
    "MultiOutputRegressor": _each_output,
    "OneVsRestClassifier": _one_against_rest,
    "Pipeline": _pipeline,
    "RFE": _elimination,
    "RFECV": _elimination,
    "StackingClassifier": _stack,
    "StackingRegressor": _stack,
    "TransformedTargetRegressor": _transformed_target,
    "VotingClassifier": _vote,
    "VotingRegressor": _vote,
}
FURTHER_COMPOSITES: dict[tuple[str, str], Transfer] = {
    (kind, method): partial(make, method=method)
    for kind, make in (("Pipeline", _pipeline), ("GridSearchCV", _search), ("RandomizedSearchCV", _search))
    for method in ("predict", "score_samples", "transform")
}
