"""The validation of a loaded model: it predicts synthetic rows before anyone trusts it.

Wrong shapes and values show here, and not at the user's first prediction. The notes of the fit are
checked too: the strings and numbers that are shown, and the objective, which decides what
predictions are. Notes of later versions are left out.

The cost of a row is limited, since a few bytes can describe a network of endless width or work. A
chain of 60 layers x ↦ (x, x) has 2⁶⁰ columns, and nested group averages multiply their work. The
limit grows with the size of the tensors and has a minimum for small networks. Shapes give most of
the cost before anything runs (`_cost.py`). Iterations until convergence are counted as they run
(`Bounded`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.overrides import TorchFunctionMode

from motifnet.engine import UsageError
from motifnet.losses import Objective
from motifnet.model._archive import BundleError
from motifnet.model._cost import Cost, Meter
from motifnet.model._fitted import BANDS, FitInfo, FittedModel
from motifnet.model._synthetic import synthetic
from motifnet.motifs import Motif, count_parameters
from motifnet.tables import Table
from motifnet.uncertainty import Intervals

_TRIED_ROWS = 32
_MAX_COUNT = 10**15
MAX_OPERATIONS = 100_000
# of values held at once and of computed values: minimum, and multiple of the stored values
MIN_ALIVE, MIN_WORK = 1 << 24, 1 << 26
ALIVE_SHARE, WORK_SHARE = 8, 100


def try_out(model: FittedModel) -> None:
    """Raise BundleError where the model does not compute."""
    schema = model.schema
    parts = (model.encoder.features, schema.names, schema.kinds, schema.level_types)
    if len({len(part) for part in parts}) != 1:
        raise BundleError("its encoder and its schema have different numbers of columns.")
    if [feature.name for feature in model.encoder.features] != list(schema.names):
        raise BundleError("its encoder and its schema have different columns.")
    check_info(
        model.info, len(model.targets), None if model.classes is None else len(model.classes)
    )
    if (model.task == "classification") != (model.classes is not None) or not model.width:
        raise BundleError("its task does not fit its targets and classes.")
    if model.reference is not None and (flaw := model.reference.flaw(model.encoder)) is not None:
        raise BundleError(f"its reference for shifts has {flaw}.")
    if not all(0 <= row.seconds < np.inf for row in model.ledger):
        raise BundleError("its ledger has a stage without a finite time.")
    if not np.isfinite([model.certificate.on_data, model.certificate.on_box]).all():
        raise BundleError("its certificate has a difference that is not finite.")
    try:
        with np.errstate(all="ignore"):
            limits = Limits(_networks(model))
            with Bounded(limits.work):
                _compute(model, 1)
            if (rows := limits.rows(_TRIED_ROWS)) > 1:
                with Bounded(limits.work):
                    _compute(model, rows)
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(
            f"its network does not compute ({type(error).__name__}: {error})."
        ) from error


def _networks(model: FittedModel) -> list[tuple[Motif, int]]:
    """Each network of the model, with the number of its columns."""
    scale = model.conformal.scale if isinstance(model.conformal, Intervals) else None
    bands = [(band.units, model.d) for bands in (model.bands or {}).values() for band in bands]
    return [
        (model.network, model.d),
        *([] if scale is None else [(scale, model.d + model.width)]),
        *bands,
    ]


def _compute(model: FittedModel, n: int) -> None:
    table = synthetic(model.encoder, model.schema, n)
    values = model.predict(table)
    if (
        values.shape != (n, model.width)
        or values.dtype != np.float64
        or not np.isfinite(values).all()
    ):
        raise BundleError(
            f"its network gives {values.dtype} of shape {values.shape}, expected "
            f"finite float64 of shape {(n, model.width)}."
        )
    if model.conformal is not None:
        _try_out_conformal(model, table)
    _try_out_bands(model, table)


def _try_out_conformal(model: FittedModel, table: Table) -> None:
    """Raise BundleError where intervals or sets do not fit the network. They may be infinite."""
    conformal, half = model.conformal, np.array([0.5])
    assert conformal is not None
    if (
        (conformal.weight <= 0).any()
        or not conformal.unit > 0
        or conformal.weight.shape != conformal.scores.shape[:1]
    ):
        raise BundleError("its conformal scores and weights do not fit.")
    if isinstance(conformal, Intervals) and not 0 < conformal.narrowing <= 1:
        raise BundleError(f"its intervals are narrowed by {conformal.narrowing:g}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape = (model.predict_set if model.task == "classification" else model.predict_interval)(
            table, half
        ).shape
    expected = (
        (table.n, 1, model.width)
        if model.task == "classification"
        else (table.n, len(model.targets), 1, 2)
    )
    if shape != expected:
        raise BundleError(f"its conformal bounds have shape {shape}, expected {expected}.")


def _try_out_bands(model: FittedModel, table: Table) -> None:
    """Raise BundleError where a band does not fit the network."""
    for which, bands in (model.bands or {}).items():
        shapes = {part.shape for band in bands for part in (band.origin, band.slope, band.variance)}
        whole = all(len(shape) == 1 for shape in shapes) and all(
            0 <= band.shared <= 1 for band in bands
        )
        if (
            which not in BANDS
            or len(bands) != model.width
            or model.task != "regression"
            or not whole
        ):
            raise BundleError("its bands do not fit its targets.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ends = model.predict_band(table, which, 0.5, "pointwise")
        if ends.shape != (table.n, model.width, 2) or not np.isfinite(ends).all():
            raise BundleError(
                f"its bands have ends of shape {ends.shape}, expected finite ones "
                f"of shape {(table.n, model.width, 2)}."
            )


def check_info(info: FitInfo, targets: int, classes: int | None) -> None:
    """Raise BundleError where notes are out of range, or contradict each other."""
    for name, note in vars(info).items():
        if isinstance(note, int) and not 0 <= note < _MAX_COUNT:
            raise BundleError(f"info.{name} is {str(note)[:40]}, which no fit writes.")
    levels, objective = info.quantiles, Objective(info.objective, info.quantiles)
    try:
        known = Objective.of(objective.name, levels) == objective
    except UsageError:
        known = False
    if not known or (len(levels) > 1 and targets != 1):
        raise BundleError(
            f"its objective {objective.name[:40]!r} with {len(levels)} quantiles of "
            f"{targets} targets is unknown to motifnet."
        )
    sds = info.target_sd
    outputs = targets * max(1, len(levels)) if classes is None else classes
    if not all(0 < sd < float("inf") for sd in sds) or len(sds) not in (0, 1, outputs):
        raise BundleError(
            "its standard deviations of targets are not one positive number for each output."
        )


class Bounded(TorchFunctionMode):
    """Counts the operations of its body and the values that they compute.

    Raises BundleError above the limits.
    """

    def __init__(self, work: int) -> None:
        super().__init__()
        self.work, self.operations, self.done = work, 0, 0

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for part in result if isinstance(result, tuple | list) else (result,):
            if isinstance(part, Tensor):
                self.operations += 1
                self.done += part.numel()
        if self.operations > MAX_OPERATIONS or self.done > self.work:
            raise BundleError(
                f"its network needs more than {MAX_OPERATIONS:,} operations or "
                f"{self.work:,} values for one row."
            )
        return result


class Limits:
    """Limits of the networks of one model together, by the size of their tensors."""

    def __init__(self, networks: Sequence[tuple[Motif, int]]) -> None:
        stored = sum(count_parameters(network) for network, _ in networks)
        self.alive = max(MIN_ALIVE, ALIVE_SHARE * stored)
        self.work = max(MIN_WORK, WORK_SHARE * stored)
        meter = Meter(self.alive, self.work, MAX_OPERATIONS)
        costs = [meter(network, inputs) for network, inputs in networks]
        self.cost = Cost(
            0,
            max(c.alive for c in costs),
            sum(c.work for c in costs),
            sum(c.operations for c in costs),
        )
        if self.cost.work > self.work or self.cost.operations > MAX_OPERATIONS:
            raise BundleError(
                f"its networks need more than {MAX_OPERATIONS:,} operations or "
                f"{self.work:,} values for one row."
            )

    def rows(self, count: int) -> int:
        """The number of rows, up to `count`, that stay within the limits."""
        if 2 * self.cost.operations > MAX_OPERATIONS:
            return 1
        return max(
            1,
            min(count, self.alive // max(1, self.cost.alive), self.work // max(1, self.cost.work)),
        )
