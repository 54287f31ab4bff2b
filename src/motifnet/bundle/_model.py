"""The fitted model: all that is left when a fit is over, and the one path on which it predicts.

    table ─► encoder ─► matrix (n, d) ─► network ─► values (n, q) or probabilities (n, K)

It is frozen, knows nothing of how it was fitted, and is all that bundle, export, report and command line see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.bands import Band, ClassSets, Intervals
from motifnet.bundle._run import one_layout, run
from motifnet.compress import own_rows
from motifnet.engine import LedgerRow, UsageError, single_threaded
from motifnet.mimicry import Card, Certificate
from motifnet.motifs import Motif, metric_points
from motifnet.shift import Reference, ShiftReport, check
from motifnet.tables import Encoder, Schema, Table

Matrix = NDArray[np.float64]
BANDS = ("all rows", "split")
ENCODED_ROWS = 1 << 15  # rows that are encoded at a time: memory for a prediction does not grow with the rows


@dataclass(frozen=True)
class FittedModel:
    """Encoder, network and what is known about them.

    `network` maps encoded rows with shape (n, d) to values in target units with shape (n, q), or to probabilities with shape (n, K) of `classes`.
    `info` notes the objective; "quantiles", the levels of one target, one column each; and "offset", whether the fit was given exposures.
    `conformal`: what intervals, or sets of classes, are made from; None in files of versions that had none, and where the fit gives none.
    `reference`: what new tables are compared with; None in files of versions that had none.
    `bands`: by "all rows" and "split", one a target; only those that were asked for.
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
    info: dict[str, Any] = field(default_factory=dict)
    conformal: Intervals | ClassSets | None = None
    reference: Reference | None = None
    bands: Mapping[str, tuple[Band, ...]] | None = None

    def __post_init__(self) -> None:
        one_layout(self.network)
        if isinstance(self.conformal, Intervals) and self.conformal.scale is not None:
            one_layout(self.conformal.scale)
        for band in (band for bands in (self.bands or {}).values() for band in bands):
            one_layout(band.units)

    def kept_rows(self) -> Matrix | None:
        """Encoded rows of the fit that the model holds, as centres or to compare tables with; None where it holds none."""
        if self.info.get("compressed"):
            return None
        centres = own_rows(self.network, self.d)
        parts = [] if centres is None else [centres]
        parts += [] if self.reference is None or self.reference.rows is None else [self.reference.rows.X]
        return np.unique(np.concatenate(parts), axis=0) if parts else None

    @property
    def d(self) -> int:
        """Number of columns that the network sees."""
        return len(self.encoder.names)

    @property
    def width(self) -> int:
        """Number of columns of a prediction."""
        return len(self.classes) if self.classes is not None else len(self.targets) * max(1, len(self.info.get("quantiles") or ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """A name for each column of values: the target, with several quantiles of it the target and the level."""
        levels = self.info.get("quantiles") or ()
        return tuple(f"{name}_q{level:g}" for name in self.targets for level in levels) if len(levels) > 1 else self.targets

    @property
    def error_unit(self) -> str:
        """What the errors in the ledger are, in words."""
        if self.task == "classification":
            return "error as log loss"
        objective = self.info.get("objective", "squared")
        return (
            "error in standard deviations of the target"
            if objective in ("squared", "supnorm")
            else f"error as share of the {objective} loss not explained, 1 − D²"
        )

    @property
    def log_link(self) -> bool:
        """Whether values are means that an exposure multiplies."""
        return self.info.get("objective") in ("poisson", "gamma")

    @property
    def takes_offset(self) -> bool:
        """Whether the fit was given exposures."""
        return self.info.get("offset") is True

    @property
    def intervals(self) -> Intervals:
        """What intervals are made from; UsageError where the model gives none."""
        if not isinstance(self.conformal, Intervals):
            raise UsageError(f"This model gives no intervals: {self._why_not()}")
        return self.conformal

    def encode(self, table: Table) -> Matrix:
        """The matrix that the network sees, with shape (n, d)."""
        return self.encoder.transform(table)

    def predict(self, table: Table, n_jobs: int = 1, offset: Matrix | None = None) -> Matrix:
        """Values with shape (n, q), or probabilities with shape (n, K); means times e^offset, with shape (n,), where one is given."""
        values = [run(self.network, self.encode(rows), self.width, n_jobs) for rows in table.blocks(ENCODED_ROWS)]
        joined = np.concatenate(values) if values else np.empty((0, self.width))
        return joined if offset is None else joined * np.exp(offset)[:, None]

    def predict_interval(self, table: Table, levels: Matrix, side: str = "both", n_jobs: int = 1) -> Matrix:
        """Lower and upper ends with shape (n, q, L, 2) for coverages with shape (L,)."""
        ends = np.concatenate([self._interval(rows, levels, side, n_jobs) for rows in table.blocks(ENCODED_ROWS)])
        return np.maximum(ends, 0.0) if self.log_link else ends

    def _interval(self, table: Table, levels: Matrix, side: str, n_jobs: int) -> Matrix:
        X, scale = self.encode(table), self.intervals.scale
        values = run(self.network, X, self.width, n_jobs)
        log_scale = None if scale is None else run(scale, np.hstack([X, values]), self.width, n_jobs)
        return self.intervals.bounds(values, log_scale, levels, side)

    def predict_band(self, table: Table, which: str, level: float, kind: str, n_jobs: int = 1) -> Matrix:
        """Lower and upper ends with shape (n, q, 2) of one of `bands`, for one coverage."""
        X = self.encode(table)
        return np.stack([band.bounds(run(band.units, X, band.width, n_jobs), level, kind) for band in (self.bands or {})[which]], axis=1)

    def predict_set(self, table: Table, levels: Matrix, method: str = "lac", n_jobs: int = 1) -> NDArray[np.bool_]:
        """Whether a class is possible, with shape (n, L, K), for coverages with shape (L,)."""
        if not isinstance(self.conformal, ClassSets):
            raise UsageError(f"This model gives no sets of classes: {self._why_not()}")
        return self.conformal.members(self.predict(table, n_jobs), levels, method)

    def check_shift(self, table: Table, seed: int = 0) -> ShiftReport:
        """Whether the rows of a table are like those of the fit."""
        if self.reference is None:
            raise UsageError(
                "This model holds no reference to compare new rows with: it is of a version of motifnet that did not keep one. Fit it again."
            )
        root = self.task == "regression" and self.info.get("objective", "squared") == "squared"

        def metric(X: Matrix) -> Matrix:
            return metric_points(self.network, torch.tensor(X)).numpy()

        with single_threaded():
            return check(self.reference, table, self.encoder, metric, root=root, error_unit=self.error_unit, seed=seed)

    def _why_not(self) -> str:
        if self.conformal is not None:
            return "it predicts classes; ask for predict_set." if self.classes is not None else "it predicts numbers; ask for predict_interval."
        if self.info.get("compressed"):
            return "it was compressed, and what is known of its errors belongs to the full network. Ask the full model."
        if len(self.info.get("quantiles") or ()) > 1:
            return "it predicts quantiles. Fit with objective='squared' or 'absolute'."
        if self.takes_offset:
            return "it was fitted with exposures, on which the spread of an observation depends. Fit without offset."
        return "it is of a version of motifnet that did not keep what they take, or time left no earlier row to score by. Fit it again."
