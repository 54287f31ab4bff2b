"""Files of networks on curves: the library's own file of the network on the scores, in whose notes
the front layer stands. `motifnet.load` reads it as a model on scores.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import motifnet
from motifnet.engine import Matrix
from motifnet.further.functional._components import FrontLayer
from motifnet.further.functional._motif import FunctionalMotif
from motifnet.further.functional._motif_classifier import FunctionalMotifClassifier
from motifnet.further.functional._motif_regressor import FunctionalMotifRegressor

NOTE = "front layer"


def save(estimator: FunctionalMotif, path: str | Path) -> None:
    """Write a fitted estimator."""
    from motifnet.model import save_model

    model = estimator.model_.model_
    note = {
        "front": dict(vars(estimator.front_)),
        "grid": estimator.grid_,
        "covariates": list(estimator.covariates_in_),
    }
    notes = {**model.info.notes, NOTE: note}
    save_model(replace(model, info=replace(model.info, notes=notes)), path)


def load(path: str | Path) -> FunctionalMotifRegressor | FunctionalMotifClassifier:
    """Read the estimator that `save` wrote; its predictions are equal to the last bit.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    FunctionalMotifRegressor or FunctionalMotifClassifier

    Raises
    ------
    BundleError, FileError
        For any other file.

    Examples
    --------
    >>> from motifnet.functional import FunctionalMotifRegressor, load, make_curve_regression
    >>> curves, target, grid, coef = make_curve_regression(40, random_state=0)
    >>> network = FunctionalMotifRegressor(grid=grid).fit(curves, target)
    >>> network.save("curves.motif")
    >>> bool((load("curves.motif").predict(curves) == network.predict(curves)).all())
    True
    """
    from motifnet.model import BundleError

    model = motifnet.load(path)
    try:
        front, grid, covariates = _read(model.model_.info.notes[NOTE])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BundleError(
            f"{str(path)!r} holds no network on curves, or a damaged one. Read other models with "
            "motifnet.load."
        ) from None
    kind = FunctionalMotifRegressor if model.model_.classes is None else FunctionalMotifClassifier
    found = kind(preset=model.preset)
    found.grid_, found.n_features_in_ = grid, len(grid)
    found.take(front, model, covariates)
    return found


def _read(note: Any) -> tuple[FrontLayer, Matrix, list[str]]:
    """The parts of a note, with shapes and types that agree. Errors of Python for what does not."""
    parts = note["front"]
    if set(parts) != {field.name for field in fields(FrontLayer)}:
        raise KeyError
    weight, offset, grid = (
        _numbers(part) for part in (parts["weight"], parts["offset"], note["grid"])
    )
    if weight.shape != (*grid.shape, *offset.shape) or (np.diff(grid) <= 0).any():
        raise ValueError
    numbers = {name: float(parts[name]) for name in ("whitening", "smoothing", "explained")}
    front = FrontLayer(weight=weight, offset=offset, derivative=int(parts["derivative"]), **numbers)
    return front, grid, [str(name) for name in note["covariates"]]


def _numbers(values: Any) -> Matrix:
    if not isinstance(values, np.ndarray) or values.dtype != np.float64:
        raise TypeError
    if not np.isfinite(values).all():
        raise ValueError
    return values
