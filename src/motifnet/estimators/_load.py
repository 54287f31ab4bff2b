"""Reading a saved model back as an estimator."""

from __future__ import annotations

from pathlib import Path

from motifnet.estimators._classifier import MotifClassifier
from motifnet.estimators._regressor import MotifRegressor
from motifnet.model import load_model


def load(path: str | Path) -> MotifRegressor | MotifClassifier:
    """The estimator that `save` wrote to `path`; its predictions are bit-equal.

    Raises BundleError or FileError for any other file.
    """
    model = load_model(path)
    return MotifRegressor._of(model) if model.task == "regression" else MotifClassifier._of(model)
