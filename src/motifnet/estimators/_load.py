"""Reading a saved model back as an estimator."""

from __future__ import annotations

from pathlib import Path

from motifnet.estimators._classifier import MotifClassifier
from motifnet.estimators._regressor import MotifRegressor
from motifnet.model import load_model


def load(path: str | Path) -> MotifRegressor | MotifClassifier:
    """Read the estimator that `save` wrote; its predictions are equal to the last bit.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    MotifRegressor or MotifClassifier

    Raises
    ------
    BundleError, FileError
        For any other file. A file cannot run code when it is loaded.

    Examples
    --------
    Here `model` is a `MotifRegressor` that was fitted to X and y.

    >>> from motifnet import load
    >>> model.save("table.motif")
    >>> loaded = load("table.motif")
    >>> bool((loaded.predict(X) == model.predict(X)).all())
    True
    """
    model = load_model(path)
    return MotifRegressor._of(model) if model.task == "regression" else MotifClassifier._of(model)
