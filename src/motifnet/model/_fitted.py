"""The fitted model: everything that a fit keeps, and the one path on which it predicts.

    table ─► encoder ─► matrix (n, d) ─► network ─► values (n, q) or probabilities (n, K)

It is frozen and does not know how it was fitted. Saving, export, explanation, report and command
line see nothing else. Rows go through the network in blocks of 1,024 in order, each block on one
thread (`run`). So a prediction depends neither on the number of jobs nor on whether the network was
fitted in this process or loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.compress import own_rows
from motifnet.engine import LedgerRow, Matrix, UsageError, parallel_map, single_threaded
from motifnet.motifs import Affine, Motif, evaluate, metric_points
from motifnet.tables import Encoder, Schema, Table
from motifnet.transfer import Card, Certificate
from motifnet.uncertainty import (
    Band,
    Bend,
    ClassSets,
    Intervals,
    PitShift,
    Reference,
    ShiftReport,
    check_pit,
    check_shift,
    normal_nodes,
)

BANDS = ("all rows", "split")
ENCODED_ROWS = 1 << 15  # at a time, which bounds the memory of a prediction
BLOCK_ROWS = 1024  # that go through the network at a time
ROUNDED_ROWS = 256  # by which its rounding is measured


@dataclass(frozen=True)
class FitInfo:
    """What a fit notes of itself. A note that an older file does not hold has its default here.

    `rows` is the number of rows of the fit; a stream has `stream_rows` of which the fit held
    `rows`. `target_sd` has the standard deviation of each target. `quantiles` are the levels of one
    target, one column each. `offset` says whether the fit had exposures. `monotone` has the columns
    along which the prediction rises (1) or falls (−1) at every input. `notes` belong to those who
    build on a model: numbers, strings, lists and arrays, which nothing here reads.
    """

    motifnet: str | None = None
    preset: str | None = None
    seed: int | None = None
    rows: int = 0
    stream_rows: int | None = None
    planned_mb: int | None = None
    landmarks: int | None = None
    subsample: bool = False
    target_sd: tuple[float, ...] = ()
    time_limit_s: float | None = None
    stopped_early: bool = False
    objective: str = "squared"
    quantiles: tuple[float, ...] = ()
    offset: bool = False
    compressed: bool = False
    monotone: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class FittedModel:
    """Encoder and network, with notes of the fit.

    `network` maps encoded rows with shape (n, d) to values in target units with shape (n, q), or to
    probabilities with shape (n, K) of `classes`. `conformal` makes intervals or sets of classes.
    `reference` is compared with new tables. Both are None in files of versions without them;
    `conformal` also where a fit gives none. `bands` holds the requested ones of "all rows" and
    "split", one band a target.
    """

    encoder: Encoder
    schema: Schema
    network: Motif
    task: Literal["regression", "classification"]
    targets: tuple[str, ...]
    classes: tuple[Any, ...] | None
    ledger: tuple[LedgerRow, ...]
    card: Card
    certificate: Certificate
    info: FitInfo = FitInfo()
    conformal: Intervals | ClassSets | None = None
    reference: Reference | None = None
    bands: Mapping[str, tuple[Band, ...]] | None = None

    def __post_init__(self) -> None:
        one_layout(self.network)
        if isinstance(self.conformal, Intervals) and self.conformal.scale is not None:
            one_layout(self.conformal.scale)
        for band in (band for bands in (self.bands or {}).values() for band in bands):
            one_layout(band.units)

    def __repr__(self) -> str:
        return (
            f"FittedModel of {', '.join(self.targets)}: {len(self.schema.names)} columns, "
            f"{self.card.parameters:,} parameters"
        )

    def kept_rows(self) -> Matrix | None:
        """The encoded rows of the fit that the model holds, as centres or in its reference.

        None where it holds none.
        """
        if self.info.compressed:
            return None
        centres = own_rows(self.network, self.d)
        parts = [] if centres is None else [centres]
        parts += (
            [] if self.reference is None or self.reference.rows is None else [self.reference.rows.X]
        )
        return np.unique(np.concatenate(parts), axis=0) if parts else None

    @property
    def d(self) -> int:
        """Number of columns that the network sees."""
        return len(self.encoder.names)

    @property
    def width(self) -> int:
        """Number of columns of a prediction."""
        return (
            len(self.classes)
            if self.classes is not None
            else len(self.targets) * max(1, len(self.info.quantiles))
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """A name for each column of values: the target, and the level where there are several."""
        levels = self.info.quantiles
        return (
            tuple(f"{name}_q{level:g}" for name in self.targets for level in levels)
            if self.has_quantiles
            else self.targets
        )

    @property
    def error_unit(self) -> str:
        """The unit of the errors in the ledger, in words."""
        if self.task == "classification":
            return "log loss"
        objective = self.info.objective
        return (
            "error in standard deviations of the target"
            if objective in ("squared", "supnorm")
            else f"error as share of the {objective} loss not explained, 1 − D²"
        )

    @property
    def log_link(self) -> bool:
        """Whether values are means that an exposure multiplies."""
        return self.info.objective in ("poisson", "gamma")

    @property
    def has_quantiles(self) -> bool:
        """Whether values are several quantiles of one target."""
        return len(self.info.quantiles) > 1

    @property
    def spread(self) -> float:
        """The standard deviation of the first target, 1 where it is unknown."""
        return self.info.target_sd[0] if self.info.target_sd else 1.0

    @property
    def takes_offset(self) -> bool:
        """Whether the fit had exposures."""
        return self.info.offset

    @property
    def intervals(self) -> Intervals:
        """The source of intervals; UsageError where the model gives none."""
        if not isinstance(self.conformal, Intervals):
            raise UsageError(f"This model gives no intervals: {self._why_not()}")
        return self.conformal

    def encode(self, table: Table) -> Matrix:
        """The matrix that the network sees, with shape (n, d)."""
        return self.encoder.transform(table)

    def predict(self, table: Table, n_jobs: int = 1, offset: Matrix | None = None) -> Matrix:
        """Values with shape (n, q), or probabilities with shape (n, K).

        An offset with shape (n,) multiplies values by e^offset.
        """
        values = [
            run(self.network, self.encode(rows), self.width, n_jobs)
            for rows in table.blocks(ENCODED_ROWS)
        ]
        joined = np.concatenate(values) if values else np.empty((0, self.width))
        return joined if offset is None else joined * np.exp(offset)[:, None]

    def predict_interval(
        self, table: Table, levels: Matrix, side: str = "both", n_jobs: int = 1
    ) -> Matrix:
        """Lower and upper ends with shape (n, q, L, 2) for coverages with shape (L,)."""
        return self.bounds(*self.centre_and_log_scale(table, n_jobs), levels, side)

    def bounds(
        self, values: Matrix, log_scale: Matrix | None, levels: Matrix, side: str = "both"
    ) -> Matrix:
        """The same around values of the network, within the range of the target."""
        if self.has_quantiles:
            ends = self.intervals.quantiles(levels, side).reshape(1, -1)
            bend = Bend(normal_nodes(self.info.quantiles), values)
            return bend.at(ends).reshape(len(values), 1, len(levels), 2)
        found = self.intervals.bounds(values, log_scale, levels, side)
        return np.maximum(found, 0.0) if self.log_link else found

    def centre_and_log_scale(self, table: Table, n_jobs: int = 1) -> tuple[Matrix, Matrix | None]:
        """f and log σ with shape (n, q) at the rows of a table; None where σ = 1."""
        self.intervals  # noqa: B018 (raises before the work)
        parts = [
            self.encoded_centre_and_log_scale(self.encode(rows), n_jobs)
            for rows in table.blocks(ENCODED_ROWS)
        ]
        if not parts:
            return np.empty((0, self.width)), None
        scales = [scale for _, scale in parts if scale is not None]
        return np.concatenate([f for f, _ in parts]), np.concatenate(scales) if scales else None

    def encoded_centre_and_log_scale(
        self, X: Matrix, n_jobs: int = 1
    ) -> tuple[Matrix, Matrix | None]:
        """The same at encoded rows."""
        values, scale = run(self.network, X, self.width, n_jobs), self.intervals.scale
        if scale is None:
            return values, None
        return values, run(scale, np.hstack([X, values]), self.width, n_jobs)

    def scores(self, table: Table, observed: Matrix, n_jobs: int = 1) -> Matrix:
        """Conformal scores with shape (n, q) of observations with shape (n, q)."""
        values, log_scale = self.centre_and_log_scale(table, n_jobs)
        if self.has_quantiles:
            return Bend.of(normal_nodes(self.info.quantiles), values, self.spread).inverse(observed)
        return (observed - values) / (1.0 if log_scale is None else np.exp(log_scale))

    def predict_band(
        self, table: Table, which: str, level: float, kind: str, n_jobs: int = 1
    ) -> Matrix:
        """Lower and upper ends with shape (n, q, 2) of one of `bands`, for one coverage."""
        X = self.encode(table)
        return np.stack(
            [
                band.bounds(run(band.units, X, band.width, n_jobs), level, kind)
                for band in (self.bands or {})[which]
            ],
            axis=1,
        )

    def predict_set(
        self, table: Table, levels: Matrix, method: str = "lac", n_jobs: int = 1
    ) -> NDArray[np.bool_]:
        """Whether a class is possible, with shape (n, L, K), for coverages with shape (L,)."""
        if not isinstance(self.conformal, ClassSets):
            raise UsageError(f"This model gives no sets of classes: {self._why_not()}")
        return self.conformal.members(self.predict(table, n_jobs), levels, method)

    def check_shift(
        self, table: Table, seed: int = 0, observed: Matrix | None = None
    ) -> ShiftReport:
        """Compare the rows of a table with those of the fit, and observations with shape (n, q),
        NaN where they are unknown, with their distributions.
        """
        if self.reference is None:
            raise UsageError(
                "This model holds no reference for new rows: its version of motifnet did not keep "
                "one. Fit it again."
            )
        root = self.task == "regression" and self.info.objective == "squared"

        def metric(X: Matrix) -> Matrix:
            return metric_points(self.network, torch.tensor(X)).numpy()

        with single_threaded():
            pit = () if observed is None else self._check_pit(table, observed)
            return check_shift(
                self.reference,
                table,
                self.encoder,
                metric,
                root=root,
                error_unit=self.error_unit,
                seed=seed,
                pit=pit,
            )

    def _check_pit(self, table: Table, observed: Matrix) -> tuple[PitShift, ...]:
        intervals, known = self.intervals, np.isfinite(observed).all(1)
        if not known.any():
            return ()
        rows = np.flatnonzero(known)
        scores = self.scores(table.take(rows), observed[rows])
        return check_pit(intervals, scores, self.targets, questions=3)

    def _why_not(self) -> str:
        if self.conformal is not None:
            return (
                "it predicts classes; ask for predict_set."
                if self.classes is not None
                else "it predicts numbers; ask for predict_interval."
            )
        if self.info.compressed:
            return (
                "it was compressed, and its known errors belong to the full network. "
                "Ask the full model."
            )
        if self.takes_offset:
            return (
                "it was fitted with exposures, and the spread of an observation depends on them. "
                "Fit without offset."
            )
        return (
            "its version of motifnet did not keep the scores for them, or its times left no "
            "earlier row for scores. Fit it again."
        )


def run(network: Motif, X: Matrix, width: int, n_jobs: int = 1) -> Matrix:
    """Output of a network, with shape (n, width), at encoded rows X with shape (n, d)."""

    def block(start: int) -> Matrix:
        # the copy has the same alignment in every process
        rows = torch.tensor(X[start : start + BLOCK_ROWS], dtype=torch.float64)
        return evaluate(network, rows).numpy()

    blocks = parallel_map(block, range(0, len(X), BLOCK_ROWS), n_jobs)
    return np.concatenate(blocks) if blocks else np.empty((0, width))


@torch.inference_mode()
def own_rounding(network: Motif, X: Matrix) -> float:
    """The largest difference between three orders of the network's sums, at some encoded rows.

    These are layer by layer, as `evaluate` takes them, and from the last term to the first.
    """
    rows = torch.tensor(X[:ROUNDED_ROWS], dtype=torch.float64)
    values = network(rows)
    hooks = [
        part.register_forward_hook(_backwards)
        for part in network.modules()
        if isinstance(part, Affine)
    ]
    backwards = network(rows)
    for hook in hooks:
        hook.remove()
    difference = torch.stack(
        [(other - values).abs() for other in (backwards, evaluate(network, rows))]
    )
    return (
        float(difference[torch.isfinite(difference)].max())
        if bool(torch.isfinite(difference).any())
        else 0.0
    )


def _backwards(layer: Affine, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    return torch.nn.functional.linear(inputs[0].flip(1), layer.weight.flip(1), layer.bias)


def one_layout(network: Motif) -> None:
    """Store every tensor row by row in its own memory, with the same alignment in every process.

    Otherwise products differ in their last bits.
    """
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.data = tensor.data.clone(memory_format=torch.contiguous_format)
