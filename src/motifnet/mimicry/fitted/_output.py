"""What the network of a fitted estimator computes: one of its own methods, with shape (n, q).

A list of outputs stands side by side. Of a classifier that has labels alone: 1 in the column of the label, 0 in those of the other classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_outlier_detector

from motifnet.engine import UsageError
from motifnet.tables import Matrix


def method_of(fitted: Any) -> str:
    """Name of the method: probabilities of a classifier or else its scores, values of a regressor, columns of a transformer."""
    if hasattr(fitted, "predict_proba"):
        return "predict_proba"
    if hasattr(fitted, "decision_function") and (is_classifier(fitted) or is_outlier_detector(fitted)):
        return "decision_function"
    return "predict" if hasattr(fitted, "predict") else "transform"


def outputs_of(fitted: Any, X: Any, method: str | None = None) -> Matrix:
    """Its values at rows X, with shape (n, q)."""
    return own_outputs(fitted, X, method).astype(np.float64)


def own_outputs(fitted: Any, X: Any, method: str | None = None) -> NDArray[np.floating[Any]]:
    """Its values in the floating type that it gives them in: their digits are those of that type."""
    method = method or method_of(fitted)
    values = getattr(fitted, method)(X)
    if isinstance(values, list):
        return np.hstack(values)
    if hasattr(fitted, "classes_") and method == "predict" and is_classifier(fitted):
        return _indicators(np.asarray(values), fitted.classes_)
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if dense.dtype.kind not in "f":
        try:
            dense = dense.astype(np.float64)
        except (TypeError, ValueError):
            raise UsageError(
                f"{type(fitted).__name__} gives {dense.reshape(-1)[0]!r}, a network gives numbers. Put an encoder behind it, such as OneHotEncoder."
            ) from None
    return dense.reshape(len(dense), -1)


def _indicators(labels: NDArray[Any], classes: Any) -> Matrix:
    """1 where a label is the class of a column; with several outputs, whose classes are a list, side by side."""
    several = classes if isinstance(classes, list) else [classes]
    columns = labels.reshape(len(labels), -1).T
    return np.hstack([column[:, None] == np.asarray(known) for column, known in zip(columns, several, strict=True)]).astype(np.float64)
