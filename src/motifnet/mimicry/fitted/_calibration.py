"""Calibrated probabilities: a sigmoid or a monotone interpolation behind the scores of each fold's classifier (Platt 1999; Zadrozny & Elkan 2002)."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._lookup import Transfer, network_of
from motifnet.mimicry.fitted._output import method_of
from motifnet.mimicry.fitted._parts import beside, known_classes, shares, two_sided, weighted
from motifnet.motifs import Chain, Clip, Motif, Piecewise, Select, Sigmoid


def _calibrated(model: Any) -> list[Motif]:
    """The mean over the folds of calibrated probabilities, each calibrator on its own class's score, then shares of their sum."""
    parts = [_one_calibrated(part) for part in model.calibrated_classifiers_]
    return [weighted(np.full(len(parts), 1 / len(parts)), parts)]


def _one_calibrated(part: Any) -> Motif:
    inner, K = part.estimator, len(part.classes)
    if part.method not in ("sigmoid", "isotonic"):
        raise UsageError(f"There is no transfer for CalibratedClassifierCV(method={part.method!r}); there is one for 'sigmoid' and 'isotonic'.")
    score = network_of(inner)
    if method_of(inner) == "predict_proba" and hasattr(inner, "decision_function"):
        raise UsageError(
            f"CalibratedClassifierCV takes the decision values of {type(inner).__name__}, for which there is no transfer beside its probabilities."
        )
    if method_of(inner) == "predict_proba" and K == 2:
        score = Chain([score, Select([1])])
    if K == 2:
        return Chain([score, *two_sided(_calibrator(part.calibrators[0]))])
    each = beside([Chain([Select([k]), _calibrator(c)]) for k, c in enumerate(part.calibrators)])
    return Chain([score, each, *known_classes(inner.classes_, part.classes), *shares(K)])


def _calibrator(model: Any) -> Motif:
    if hasattr(model, "a_"):
        return Chain([affine([[-model.a_]], -model.b_), Sigmoid()])
    return isotonic(model)


def isotonic(model: Any) -> Motif:
    """Interpolation between the thresholds of an IsotonicRegression, constant beyond its ends (out_of_bounds='clip')."""
    if model.out_of_bounds != "clip":
        raise UsageError("IsotonicRegression has no value beyond its ends. Fit it with out_of_bounds='clip'.")
    x, y = np.asarray(model.X_thresholds_, dtype=np.float64), np.asarray(model.y_thresholds_, dtype=np.float64)
    slopes = np.diff(y) / np.diff(x) if len(x) > 1 else np.empty(0)
    coefficients = np.stack([y, np.append(slopes, 0.0)], axis=1)[None, :, :, None]
    return Chain([Clip(tensor([x[0]]), tensor([x[-1]])), Piecewise(tensor(x[None]), tensor(coefficients))])


def _isotonic(model: Any) -> list[Motif]:
    return [isotonic(model)]


CALIBRATION: dict[str, Transfer] = {"CalibratedClassifierCV": _calibrated, "IsotonicRegression": _isotonic}
