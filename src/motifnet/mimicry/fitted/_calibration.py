"""Calibrated probabilities: behind the scores of each fold's classifier a sigmoid (Platt 1999), a monotone interpolation (Zadrozny & Elkan 2002),
or softmax at one temperature (Guo et al. 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._members import answer_of
from motifnet.mimicry.fitted._parts import beside, known_classes, shares, two_sided, weighted
from motifnet.motifs import Chain, Clip, Log, Motif, Piecewise, Select, Sigmoid, Softmax

_LEAST_SHARE = 1e-12  # scikit-learn adds it to probabilities before their logarithm


def _calibrated(model: Any) -> list[Motif]:
    """The mean over the folds of calibrated probabilities, each calibrator on its own class's score, then shares of their sum."""
    parts = [_one_calibrated(part) for part in model.calibrated_classifiers_]
    return [weighted(np.full(len(parts), 1 / len(parts)), parts)]


def _one_calibrated(part: Any) -> Motif:
    inner, K = part.estimator, len(part.classes)
    by_score = hasattr(inner, "decision_function")
    score = answer_of(inner, "decision_function" if by_score else "predict_proba")
    if part.method == "temperature":
        return Chain([score, *_logits(by_score, K), affine(part.calibrators[0].beta_ * np.eye(K)), Softmax()])
    if part.method not in ("sigmoid", "isotonic"):
        raise UsageError(
            f"There is no transfer for CalibratedClassifierCV(method={part.method!r}); there is one for 'sigmoid', 'isotonic' and 'temperature'."
        )
    if K == 2:
        return Chain([score, *two_sided(_calibrator(part.calibrators[0]))])
    each = beside([Chain([Select([k]), _calibrator(c)]) for k, c in enumerate(part.calibrators)])
    return Chain([score, each, *known_classes(inner.classes_, part.classes), *shares(K)])


def _logits(by_score: bool, K: int) -> list[Motif]:
    """(−f, f) of two classes, the scores of several; of probabilities log(p + 1e-12)."""
    if by_score:
        return [affine([[-1.0, 1.0]])] if K == 2 else []
    return [*([affine([[-1.0, 1.0]], [1.0, 0.0])] if K == 2 else []), affine(np.eye(K), _LEAST_SHARE), Log()]


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
