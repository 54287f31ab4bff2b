"""A loaded model predicts made-up rows before anyone trusts it: shapes and values that do not fit show here, and not at the user's first prediction.

What a row takes is known from shapes before one is run (see `_bounded`), so that no file makes a network of endless width or work.
"""

from __future__ import annotations

import warnings

import numpy as np

from motifnet.bands import Intervals
from motifnet.bundle._bounded import Bounded, Limits
from motifnet.bundle._errors import BundleError
from motifnet.bundle._info import check_info
from motifnet.bundle._model import BANDS, FittedModel
from motifnet.bundle._rows import made_up
from motifnet.motifs import Motif
from motifnet.tables import Table

_TRIED = 32


def try_out(model: FittedModel) -> None:
    """Raise BundleError where the model does not compute."""
    if len({len(model.encoder.features), len(model.schema.names), len(model.schema.kinds), len(model.schema.level_types)}) != 1:
        raise BundleError("its encoder and its schema have different numbers of columns.")
    if [feature.name for feature in model.encoder.features] != list(model.schema.names):
        raise BundleError("its encoder and its schema have different columns.")
    check_info(model.info, len(model.targets), None if model.classes is None else len(model.classes))
    if (model.task == "classification") != (model.classes is not None) or not model.width:
        raise BundleError("its task does not go with its targets and classes.")
    if model.reference is not None and (flaw := model.reference.flaw(model.encoder)) is not None:
        raise BundleError(f"its reference for shifts has {flaw}.")
    if not all(0 <= row.seconds < np.inf for row in model.ledger):
        raise BundleError("its ledger has a stage of no finite time.")
    if not np.isfinite([model.certificate.on_data, model.certificate.on_box]).all():
        raise BundleError("its certificate has a difference that is no number.")
    try:
        with np.errstate(all="ignore"):
            limits = Limits(_networks(model))
            with Bounded(limits.work):
                _compute(model, 1)
            if (rows := limits.rows(_TRIED)) > 1:
                with Bounded(limits.work):
                    _compute(model, rows)
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"its network does not compute ({type(error).__name__}: {error}).") from error


def _networks(model: FittedModel) -> list[tuple[Motif, int]]:
    """Each network of the model, with the number of its columns."""
    scale = model.conformal.scale if isinstance(model.conformal, Intervals) else None
    bands = [(band.units, model.d) for bands in (model.bands or {}).values() for band in bands]
    return [(model.network, model.d), *([] if scale is None else [(scale, model.d + model.width)]), *bands]


def _compute(model: FittedModel, n: int) -> None:
    table = made_up(model.encoder, model.schema, n)
    values = model.predict(table)
    if values.shape != (n, model.width) or values.dtype != np.float64 or not np.isfinite(values).all():
        raise BundleError(f"its network gives {values.dtype} of shape {values.shape}, expected finite float64 of shape {(n, model.width)}.")
    if model.conformal is not None:
        _try_out_conformal(model, table)
    _try_out_bands(model, table)


def _try_out_conformal(model: FittedModel, table: Table) -> None:
    """Raises where interval or sets do not go with the network; an infinite interval is one."""
    conformal, half = model.conformal, np.array([0.5])
    assert conformal is not None
    if (conformal.weight <= 0).any() or not conformal.unit > 0 or conformal.weight.shape != conformal.scores.shape[:1]:
        raise BundleError("its conformal scores and weights do not go together.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape = (model.predict_set if model.task == "classification" else model.predict_interval)(table, half).shape
    expected = (table.n, 1, model.width) if model.task == "classification" else (table.n, model.width, 1, 2)
    if shape != expected:
        raise BundleError(f"its conformal bounds have shape {shape}, expected {expected}.")


def _try_out_bands(model: FittedModel, table: Table) -> None:
    """Raises where a band does not go with the network."""
    for which, bands in (model.bands or {}).items():
        shapes = {part.shape for band in bands for part in (band.origin, band.slope, band.variance)}
        whole = all(len(shape) == 1 for shape in shapes) and all(0 <= band.shared <= 1 for band in bands)
        if which not in BANDS or len(bands) != model.width or model.task != "regression" or not whole:
            raise BundleError("its bands do not go with its targets.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ends = model.predict_band(table, which, 0.5, "pointwise")
        if ends.shape != (table.n, model.width, 2) or not np.isfinite(ends).all():
            raise BundleError(f"its bands have ends of shape {ends.shape}, expected finite ones of shape {(table.n, model.width, 2)}.")
