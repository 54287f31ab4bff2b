"""One estimator for each target, class or pair of classes, side by side or in a chain.

Each member of a chain takes the answers of those before it as columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_regressor

from motifnet.engine import UsageError
from motifnet.motifs import Chain, Concat, Identity, Largest, Motif, Normalize, Select
from motifnet.transfer._transfer import affine
from motifnet.transfer.fitted._kernels import votes
from motifnet.transfer.fitted._parts import side_by_side
from motifnet.transfer.fitted._registry import (
    Transfer,
    answer_of,
    confidence_of,
    labels_of,
    method_of,
    network_for,
    network_of,
    scores_of,
)


def _each_value(model: Any) -> list[Motif]:
    return [side_by_side([network_for(part, "predict") for part in model.estimators_])]


def _each_class(model: Any) -> list[Motif]:
    """Probabilities, or indicators of labels, target by target."""
    return [
        side_by_side(
            [
                network_of(part) if method_of(model) == "predict_proba" else labels_of(part)
                for part in model.estimators_
            ]
        )
    ]


def _chained(model: Any) -> list[Motif]:
    """Each member adds two columns to a row: the answer that later members take, and the output of
    the chain.
    """
    d = int(model.n_features_in_)
    shown = getattr(model, "chain_method_", "predict")
    given = method_of(model)
    parts: list[Motif] = []
    for k, part in enumerate(model.estimators_):
        answers = [answer_of(part, shown), answer_of(part, given)]
        parts.append(
            Concat(
                [
                    Identity(),
                    Chain([Select([*range(d), *(d + 2 * i for i in range(k))]), Concat(answers)]),
                ]
            )
        )
    return [*parts, Select([d + 2 * int(k) + 1 for k in np.argsort(model.order_)])]


def _one_against_rest(model: Any) -> list[Motif]:
    method = method_of(model)
    if method == "predict":
        return _rest_labels(model)
    if method == "decision_function":
        return _rest_scores(model)
    each = [network_for(part, method) for part in model.estimators_]
    if len(each) == 1 and not model.multilabel_:
        return each
    second = side_by_side([Chain([network, Select([1])]) for network in each])
    return [second] if model.multilabel_ else [second, Normalize("l1")]


def _rest_labels(model: Any) -> list[Motif]:
    """The class with the largest value, the last one among equals; of two classes the second above
    the threshold of the member.
    """
    if model.multilabel_:
        raise UsageError(
            "There is no transfer for the labels of a OneVsRestClassifier of several "
            "labels a row. Take members with probabilities."
        )
    if len(model.estimators_) == 1:
        network, threshold = confidence_of(model.estimators_[0])
        return [network, affine([[0.0, 1.0]], [0.0, -threshold]), Largest()]
    known = [confidence_of(part)[0] for part in model.estimators_]
    backwards = Select(list(range(len(known)))[::-1])
    return [side_by_side(known), backwards, Largest(), backwards]


def _rest_scores(model: Any) -> list[Motif]:
    return [side_by_side([scores_of(part) for part in model.estimators_])]


def _pairs(model: Any) -> list[Motif]:
    """Votes of the classifiers of pairs, with their confidence as tie-break; for two classes only
    the second value.
    """
    K = len(model.classes_)
    if any(is_regressor(part) for part in model.estimators_):
        raise UsageError(
            "There is no transfer for OneVsOneClassifier of regressors, whose values "
            "are hardly ever votes. Fit it with classifiers."
        )
    networks, thresholds = zip(*map(confidence_of, model.estimators_), strict=True)
    per_class = [side_by_side(networks), affine(-np.eye(len(networks))), *votes(K, thresholds[0])]
    return [*per_class, Select([1])] if K == 2 else per_class


def _pair_labels(model: Any) -> list[Motif]:
    """The class with the largest value; of two classes the second above the threshold of its
    member.
    """
    if len(model.classes_) == 2:
        return [
            *_pairs(model),
            affine([[0.0, 1.0]], [0.0, -confidence_of(model.estimators_[0])[1]]),
            Largest(),
        ]
    return [*_pairs(model), Largest()]


MULTIPLE: dict[str, Transfer] = {
    "ClassifierChain": _chained,
    "MultiOutputClassifier": _each_class,
    "MultiOutputRegressor": _each_value,
    "OneVsOneClassifier": _pairs,
    "OneVsRestClassifier": _one_against_rest,
    "RegressorChain": _chained,
}
FURTHER_MULTIPLE: dict[tuple[str, str], Transfer] = {
    ("OneVsRestClassifier", "decision_function"): _rest_scores
}
MULTIPLE_LABELS: dict[str, Transfer] = {
    "OneVsOneClassifier": _pair_labels,
    "OneVsRestClassifier": _rest_labels,
}
