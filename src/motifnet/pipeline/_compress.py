"""Compression of a bare network or of a fitted model into a small one with ledger and
certificate.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from motifnet.compress import Compressed, Task, compress, own_rows
from motifnet.engine import DataError, LedgerRow, Matrix, MotifnetWarning, UsageError
from motifnet.model import FittedModel, pack
from motifnet.motifs import Motif, count_parameters
from motifnet.tables import as_groups, as_numbers, codes_among
from motifnet.transfer import Certificate, certify, describe_network, values_of
from motifnet.transfer.fitted import strings_of

SMALL_TOLERANCE = 0.02  # share by which the error of a small model may be larger


def compress_network(
    task: Task, max_units: int | None, tolerance: float | None
) -> tuple[Motif, Certificate, tuple[LedgerRow, ...]]:
    """The small network, its certificate against the full one, and a ledger row for each size."""
    small = compress(task, max_units, tolerance)
    full = partial(values_of, task.network)
    scale = full(small.held_out).std(0) if task.scale is None else task.scale
    certificate = certify(
        small.network, full, small.held_out, scale=float(scale.max()) or 1.0, note="distilled"
    )
    return small.network, certificate, _ledger(small)


def compress_model(
    model: FittedModel,
    X: Matrix | None,
    y: Any,
    groups: Any,
    *,
    max_units: int | None,
    tolerance: float | None,
    seed: int,
) -> FittedModel:
    """The model with a small network. X with shape (n, d) is encoded."""
    if model.info.monotone:
        raise UsageError(
            f"The model is monotone in {', '.join(map(repr, model.info.monotone))}, and a "
            "distilled network is not. Keep it as it is, or fit it with preset='fast'."
        )
    network, certificate, rows = compress_network(
        model_task(model, X, y, seed, groups), max_units, tolerance
    )
    card = describe_network(network, inputs=model.d)
    small = without_rows(
        replace(
            model,
            network=network,
            ledger=(*model.ledger, *rows),
            card=card,
            certificate=certificate,
        )
    )
    before, after = (sum(map(len, pack(one))) for one in (model, small))
    if after >= before:
        warnings.warn(
            f"The compressed model takes {after:,} bytes, the full one {before:,}. Keep the full "
            "one, or give a smaller max_units.",
            MotifnetWarning,
            stacklevel=3,
        )
    return small


def without_rows(model: FittedModel) -> FittedModel:
    """A model whose network holds no row, without the other parts that hold rows."""
    reference = None if model.reference is None else model.reference.without_rows()
    return replace(
        model,
        conformal=None,
        bands=None,
        reference=reference,
        info=replace(model.info, compressed=True),
    )


def smaller_model(
    model: FittedModel, X: Matrix, small: bool, max_parameters: int | None, seed: int
) -> FittedModel:
    """The model compressed within `SMALL_TOLERANCE` of its error, and within a budget; the same
    model where it is within both, or where nothing gets smaller.
    """
    if small:
        try:
            # units that miss the tolerance are named in the ledger
            with warnings.catch_warnings(action="ignore", category=MotifnetWarning):
                model = compress_model(
                    model, X, None, None, max_units=None, tolerance=SMALL_TOLERANCE, seed=seed
                )
        except UsageError:  # there is nothing to compress
            return model
    if max_parameters is None or count_parameters(model.network) <= max_parameters:
        return model
    units, width = max_parameters // (2 * model.d + model.width), model.width
    while units > 0:
        found = compress_model(model, X, None, None, max_units=units, tolerance=None, seed=seed)
        if (over := count_parameters(found.network) - max_parameters) <= 0:
            return found
        units -= -(-over // (2 * model.d + width))
    raise UsageError(
        f"max_parameters={max_parameters} is too few for a network of {model.d} "
        f"encoded columns. Give at least {30 * model.d + 100}."
    )


def model_task(model: FittedModel, X: Matrix | None, y: Any, seed: int, groups: Any = None) -> Task:
    """The task of compressing a model."""
    if groups is not None and X is None:
        raise DataError(
            "groups were passed without X. Pass the rows that they belong to, or leave them out."
        )
    if y is not None:
        y = _checked(
            y
            if model.classes is None
            else one_hot(y, model.classes, len(X) if X is not None else len(y)),
            X,
        )
    elif X is None and model.info.compressed:
        raise UsageError(
            "A compressed model carries no rows to distil it on: its centres are "
            "trained points. Pass X, rows like those of the fit."
        )
    elif X is None and own_rows(model.network, model.d) is None:
        # after a layer that has no inverse, or with trees alone
        X = model.kept_rows()
    errors = [row.error for row in model.ledger if row.kept]
    noted = model.info.target_sd if model.classes is None else np.ones(model.width)
    scale = np.asarray(noted, dtype=np.float64) if len(noted) else None
    codes = None if groups is None or X is None else as_groups(groups, len(X))
    error = errors[-1] if errors else 0.0
    return Task(model.network, model.d, X, y, error, scale, seed=seed, groups=codes)


def network_task(network: Motif, d: int, X: Matrix | None, y: Any, seed: int) -> Task:
    """The task of compressing a bare network."""
    if strings := strings_of(network):
        raise UsageError(
            f"The network takes strings as levels ({', '.join(map(repr, strings[:3]))}, ...), "
            "between which kernel units have nothing to learn. "
            "Compress the network of the model without its encoder, on rows that are encoded."
        )
    if X is not None and not np.isfinite(X).all():
        raise DataError(
            "X holds missing or infinite values, between which kernel units have "
            "nothing to learn. Leave out these rows, or fill them."
        )
    return Task(network, d, X, None if y is None else _checked(y, X), seed=seed)


def _ledger(small: Compressed) -> tuple[LedgerRow, ...]:
    full, rows = small.trade_off.full, []
    for point in small.trade_off.points:
        note = (
            f"differs by {point.difference:.2g} sd from all {full.units:,} units; "
            f"{point.microseconds:.0f} µs a row in place of {full.microseconds:.0f}"
        )
        name, kept = f"{point.units} units", point.units == small.point.units
        rows.append(LedgerRow(name, point.seconds, point.error, point.bytes // 8, kept, note))
    return tuple(rows)


def _checked(y: Any, X: Matrix | None) -> Matrix:
    """Targets of X with shape (n, q)."""
    if X is None:
        raise DataError(
            "y was passed without X. Pass the rows that y belongs to, new to the "
            "network, or leave out both."
        )
    return as_numbers(y, len(X))


def one_hot(y: Any, classes: tuple[Any, ...], n: int) -> Matrix:
    """Indicators of the classes with shape (n, K)."""
    codes = codes_among(classes, y, n)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise DataError(
            f"y holds {np.asarray(y, dtype=object).ravel()[row]!r} in row {row} (the first row is "
            "0), which is none of the classes "
            f"{', '.join(map(repr, classes))}. Leave out these rows."
        )
    return np.eye(len(classes))[codes]
