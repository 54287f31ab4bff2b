"""What the network of a fitted estimator computes: one of its own methods, with shape (n, q)."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_outlier_detector

from motifnet.tables import Matrix


def method_of(fitted: Any) -> str:
    """Name of the method: probabilities of a classifier or else its scores, values of a regressor, columns of a transformer."""
    if hasattr(fitted, "predict_proba"):
        return "predict_proba"
    if hasattr(fitted, "decision_function") and (is_classifier(fitted) or is_outlier_detector(fitted)):
        return "decision_function"
    return "predict" if hasattr(fitted, "predict") else "transform"


def outputs_of(fitted: Any, X: Any) -> Matrix:
    """Its values at rows X, with shape (n, q)."""
    values = getattr(fitted, method_of(fitted))(X)
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    return dense.astype(np.float64).reshape(len(dense), -1)
