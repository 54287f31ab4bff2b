"""Composite estimators: pipelines, column transformers, votes, stacks, calibration.

`_registry` gives the networks of members. Calibration maps the scores of the classifier of each
fold by a sigmoid (Platt 1999), by monotone interpolation (Zadrozny & Elkan 2002), or by softmax at
one temperature (Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.motifs import (
    Chain,
    Clip,
    Identity,
    Largest,
    Log,
    Motif,
    Piecewise,
    Select,
    Sigmoid,
    Softmax,
)
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._parts import (
    class_columns,
    on_columns,
    shares,
    side_by_side,
    two_sided,
    weighted,
)
from motifnet.transfer.fitted._preprocessing import inverse_of, selected
from motifnet.transfer.fitted._registry import (
    Transfer,
    answer_of,
    labels_of,
    method_of,
    methods_of,
    network_for,
    network_of,
    scores_of,
)

_MIN_SHARE = 1e-12  # scikit-learn adds it to probabilities before their logarithm


def _is_empty(model: Any) -> bool:
    return model is None or (isinstance(model, str) and model == "passthrough")


def _pipeline(model: Any, last_of: Callable[[Any], Motif] | None = None) -> list[Motif]:
    *first, last = steps = [step for _, step in model.steps if not _is_empty(step)] or [None]
    _check_none(steps)
    last_of = last_of or partial(
        _requested, method=method_of(model if _is_empty(model.steps[-1][1]) else last)
    )
    return [*map(_transform, first), Identity() if last is None else last_of(last)]


def _requested(part: Any, method: str) -> Motif:
    return _transform(part) if method == "transform" else network_for(part, method)


def _check_none(steps: Sequence[Any]) -> None:
    """Raise UsageError where None is a level after an imputer of NaN: scikit-learn keeps None
    apart, a network takes both as one missing value.
    """
    fills = [
        k
        for k, step in enumerate(steps)
        if type(step).__name__ == "SimpleImputer" and step.missing_values is not None
    ]
    for step in steps[fills[0] :] if fills else ():
        if any(level is None for levels in getattr(step, "categories_", ()) for level in levels):
            raise UsageError(
                f"{type(step).__name__} has None as a level, as "
                f"SimpleImputer(missing_values={steps[fills[0]].missing_values}) leaves it; to a "
                "network None and NaN are one missing value. Fit the imputer with "
                "missing_values=None, or make None NaN."
            )


def _transform(step: Any) -> Motif:
    """The network of `transform`, which is not always the method of the estimator's own network."""
    if hasattr(step, "get_support"):
        return Chain(selected(step), label=type(step).__name__)
    if "transform" not in methods_of(step):
        raise UsageError(
            f"{type(step).__name__} stands before other estimators for its `transform`; there is "
            f"a transfer of its {method_of(step)!r} only. "
            "Put a transformer there, such as PCA or SelectKBest."
        )
    return network_for(step, "transform")


def _elimination(model: Any, last_of: Callable[[Any], Motif] = network_of) -> list[Motif]:
    """RFE: the estimator on the kept columns."""
    return [*selected(model), last_of(model.estimator_)]


def _columns(model: Any) -> list[Motif]:
    """Each transformer on its columns in the order of the output, without dropped ones."""
    names, width, branches = getattr(model, "feature_names_in_", None), model.n_features_in_, []
    for name, part, columns in model.transformers_:
        if name not in model.output_indices_ or (isinstance(part, str) and part == "drop"):
            continue
        chosen = _positions(columns, names, width)
        if chosen:
            network = Identity() if _is_empty(part) else _transform(part)
            branches.append(
                on_columns(chosen, _weighed(network, name, model.transformer_weights), width)
            )
    if not branches:
        raise UsageError(
            "ColumnTransformer keeps no column, so that there is nothing to compute "
            "with. Give it columns, and fit again."
        )
    return [side_by_side(branches)]


def _weighed(network: Motif, name: str, weights: Mapping[str, float] | None) -> Motif:
    """The network times the weight of its name in `transformer_weights`."""
    return weighted([weights[name]], [network]) if weights and name in weights else network


def _positions(columns: Any, names: Any, width: int) -> list[int]:
    """Numbers of columns given by number, name, mask or slice."""
    if isinstance(columns, slice):
        return list(range(width))[columns]
    columns = [columns] if isinstance(columns, str | int) else list(columns)
    if columns and isinstance(columns[0], bool | np.bool_):
        return [j for j, chosen in enumerate(columns) if chosen]
    return [list(names).index(c) if isinstance(c, str) else int(c) % width for c in columns]


def _union(model: Any) -> list[Motif]:
    parts = [
        (name, part)
        for name, part in model.transformer_list
        if not (isinstance(part, str) and part == "drop")
    ]
    networks = [(name, Identity() if _is_empty(part) else _transform(part)) for name, part in parts]
    return [
        side_by_side(
            [_weighed(network, name, model.transformer_weights) for name, network in networks]
        )
    ]


def _inner(model: Any) -> Any:
    """The estimator that another stands for: the best one of a search, or a frozen one."""
    if hasattr(model, "refit") and not (
        hasattr(model, "best_estimator_") or hasattr(model, "estimator_")
    ):
        raise UsageError(
            f"{type(model).__name__} was fitted with refit=False and holds no model. "
            "Fit it with refit=True."
        )
    return next(
        getattr(model, name)
        for name in ("best_estimator_", "estimator_", "estimator")
        if hasattr(model, name)
    )


def _stand_in(model: Any, method: str) -> list[Motif]:
    return [_requested(_inner(model), method)]


def _vote(model: Any) -> list[Motif]:
    """The weighted mean of the members; for a hard vote the label with the most votes, the first
    one among equals.
    """
    weights = (
        np.ones(len(model.estimators_))
        if model._weights_not_none is None
        else np.asarray(model._weights_not_none, dtype=np.float64)
    )
    if getattr(model, "voting", "soft") == "hard":
        return [
            weighted(
                weights,
                [Chain([labels_of(part), *_placed(part, model)]) for part in model.estimators_],
            ),
            Largest(),
        ]
    method = "predict_proba" if is_classifier(model) else "predict"
    return [
        weighted(weights / weights.sum(), [network_for(part, method) for part in model.estimators_])
    ]


def _placed(part: Any, model: Any) -> list[Motif]:
    """Columns of all classes from those of a member, which was fitted on numbers of classes."""
    return class_columns(part.classes_, np.arange(len(model.classes_)))


def _stack(model: Any, last_of: Callable[[Any], Motif] = network_of) -> list[Motif]:
    """Outputs of the members side by side, for two classes the second probability only, then the
    final estimator.
    """
    branches = [
        answer_of(part, method)
        for part, method in zip(_fitted_parts(model), model.stack_method_, strict=True)
    ]
    return [
        side_by_side([*branches, Identity()] if model.passthrough else branches),
        last_of(model.final_estimator_),
    ]


def _fitted_parts(model: Any) -> list[Any]:
    return [part for part in model.estimators_ if not (isinstance(part, str) and part == "drop")]


def _bagging(model: Any) -> list[Motif]:
    """The mean of the members, or the share of their votes where these have no probabilities."""
    return [_mean([_member_network(part, model) for part in model.estimators_], model)]


def _mean(networks: Sequence[Motif], model: Any) -> Motif:
    parts = [
        on_columns(columns, net, model.n_features_in_)
        for net, columns in zip(networks, model.estimators_features_, strict=True)
    ]
    return weighted(np.full(len(parts), 1 / len(parts)), parts)


def _member_network(part: Any, model: Any) -> Motif:
    """The network of a member, with zeros for classes that it has not seen."""
    if not is_classifier(model):
        return network_for(part, "predict")
    return Chain(
        [
            network_of(part) if method_of(part) == "predict_proba" else labels_of(part),
            *_placed(part, model),
        ]
    )


def _bagged_scores(model: Any) -> list[Motif]:
    return [_mean([scores_of(part) for part in model.estimators_], model)]


def _transformed_target(model: Any) -> list[Motif]:
    return [network_for(model.regressor_, "predict"), inverse_of(model.transformer_)]


def _threshold_labels(model: Any) -> list[Motif]:
    raise UsageError(
        f"The labels of {type(model).__name__} follow its own threshold, for "
        "which there is no transfer here. Take its estimator_."
    )


def _calibrated(model: Any) -> list[Motif]:
    """The mean over the folds of calibrated probabilities. Each calibrator maps the score of one
    class; the results are divided by their sum.
    """
    parts = [_one_calibrated(part) for part in model.calibrated_classifiers_]
    return [weighted(np.full(len(parts), 1 / len(parts)), parts)]


def _one_calibrated(part: Any) -> Motif:
    inner, K = part.estimator, len(part.classes)
    by_score = hasattr(inner, "decision_function")
    score = answer_of(inner, "decision_function" if by_score else "predict_proba")
    if part.method == "temperature":
        return Chain(
            [score, *_logits(by_score, K), affine(part.calibrators[0].beta_ * np.eye(K)), Softmax()]
        )
    if part.method not in ("sigmoid", "isotonic"):
        raise UsageError(
            f"There is no transfer for CalibratedClassifierCV(method={part.method!r}); there is "
            "one for 'sigmoid', 'isotonic' and 'temperature'."
        )
    if K == 2:
        return Chain([score, *two_sided(_calibrator(part.calibrators[0]))])
    each = side_by_side(
        [Chain([Select([k]), _calibrator(c)]) for k, c in enumerate(part.calibrators)]
    )
    return Chain([score, each, *class_columns(inner.classes_, part.classes), *shares(K)])


def _logits(by_score: bool, K: int) -> list[Motif]:
    """(−f, f) for two classes, the scores for several; for probabilities log(p + 1e-12)."""
    if by_score:
        return [affine([[-1.0, 1.0]])] if K == 2 else []
    return [
        *([affine([[-1.0, 1.0]], [1.0, 0.0])] if K == 2 else []),
        affine(np.eye(K), _MIN_SHARE),
        Log(),
    ]


def _calibrator(model: Any) -> Motif:
    if hasattr(model, "a_"):
        return Chain([affine([[-model.a_]], -model.b_), Sigmoid()])
    return isotonic(model)


def isotonic(model: Any) -> Motif:
    """Interpolation between the thresholds of an IsotonicRegression, constant beyond the ends
    (out_of_bounds='clip').
    """
    if model.out_of_bounds != "clip":
        raise UsageError(
            "IsotonicRegression has no value beyond its ends. Fit it with out_of_bounds='clip'."
        )
    x = np.asarray(model.X_thresholds_, dtype=np.float64)
    y = np.asarray(model.y_thresholds_, dtype=np.float64)
    slopes = np.diff(y) / np.diff(x) if len(x) > 1 else np.empty(0)
    coefficients = np.stack([y, np.append(slopes, 0.0)], axis=1)[None, :, :, None]
    return Chain(
        [Clip(tensor([x[0]]), tensor([x[-1]])), Piecewise(tensor(x[None]), tensor(coefficients))]
    )


def _isotonic(model: Any) -> list[Motif]:
    return [isotonic(model)]


_STANDS_FOR = (
    "FrozenEstimator",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
)
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
    **{
        (kind, method): partial(_stand_in, method=method)
        for kind in _STANDS_FOR
        for method in _FURTHER
    },
    **{
        (kind, "decision_function"): partial(_stand_in, method="decision_function")
        for kind in _THRESHOLDS
    },
    **{
        (kind, "decision_function"): lambda model: _elimination(model, scores_of)
        for kind in _ELIMINATIONS
    },
    **{
        ("Pipeline", method): partial(_pipeline, last_of=partial(_requested, method=method))
        for method in _FURTHER
    },
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
CALIBRATION: dict[str, Transfer] = {
    "CalibratedClassifierCV": _calibrated,
    "IsotonicRegression": _isotonic,
}
