"""What estimators that are made of others ask of their members: decision values and labels, whichever method their own network computes.

    scores_of     decision_function, also of classifiers whose own network is of probabilities
    labels_of     `predict` of a classifier: 1 in the column of its label, 0 in the others
    answer_of     any of the methods, as a member of a stack or a chain gives it

A label is the largest value of the own network, the first one among equals, or the sign of a single value. Estimators that decide by
another rule have a line in `LABELS`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine
from motifnet.mimicry.fitted._lookup import Transfer, found, network_for, network_of
from motifnet.mimicry.fitted._output import method_of
from motifnet.motifs import Chain, Largest, Log, Motif, Select

LABELS: dict[str, Transfer] = {}


def scores_of(fitted: Any) -> Motif:
    """The network of `decision_function`."""
    return network_for(fitted, "decision_function")


def labels_of(fitted: Any) -> Motif:
    """Indicators of the label, with a column for each of `classes_`."""
    make = found(LABELS, fitted)
    if make is not None:
        return Chain(make(fitted))
    _check_one_target(fitted)
    network = network_of(fitted)
    if method_of(fitted) == "predict":
        return network
    single = method_of(fitted) == "decision_function" and len(fitted.classes_) == 2
    return Chain([network, *([affine([[0.0, 1.0]])] if single else []), Largest()])


def answer_of(part: Any, method: str) -> Motif:
    """What a member gives its owner: of two classes' probabilities the second alone, and labels as the numbers of the classes."""
    if method == "decision_function":
        return scores_of(part)
    if method == "predict" and is_classifier(part):
        return Chain([labels_of(part), affine(np.asarray(part.classes_, dtype=np.float64)[:, None])])
    if method == "predict_log_proba":
        return Chain([answer_of(part, "predict_proba"), Log()])
    _check_one_target(part)
    network = network_for(part, method)
    return Chain([network, Select([1])]) if method == "predict_proba" and len(part.classes_) == 2 else network


def confidence_of(part: Any) -> tuple[Motif, float]:
    """One value of a classifier of two classes, or of a regressor of their numbers, and the threshold above which it is for the second."""
    if is_regressor(part):
        return network_for(part, "predict"), 0.5
    if hasattr(part, "decision_function"):
        return scores_of(part), 0.0
    return answer_of(part, "predict_proba"), 0.5


def _check_one_target(fitted: Any) -> None:
    if isinstance(getattr(fitted, "classes_", None), list):
        raise UsageError(
            f"{type(fitted).__name__} of {len(fitted.classes_)} targets is a member of another estimator here, for which there is no transfer. Fit "
            "one of these for each target, as MultiOutputClassifier does."
        )
