"""The fitted model: all that is left when a fit is over, and the one path on which it predicts.

    table ─► encoder ─► matrix (n, d) ─► network ─► values (n, q) or probabilities (n, K)

It is frozen, knows nothing of how it was fitted, and is all that bundle, export, report and command line see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.bundle._run import one_layout, run
from motifnet.engine import LedgerRow
from motifnet.mimicry import Card, Certificate
from motifnet.motifs import Motif
from motifnet.tables import Encoder, Schema, Table

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class FittedModel:
    """Encoder, network and what is known about them.

    `network` maps encoded rows with shape (n, d) to values in target units with shape (n, q), or to probabilities with shape (n, K) of `classes`.
    `info` notes the objective; "quantiles", the levels of one target, one column each; and "offset", whether the fit was given exposures.
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

    def __post_init__(self) -> None:
        one_layout(self.network)

    @property
    def d(self) -> int:
        """Number of columns that the network sees."""
        return len(self.encoder.names)

    @property
    def width(self) -> int:
        """Number of columns of a prediction."""
        return len(self.classes) if self.classes is not None else len(self.columns)

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
            if objective == "squared"
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

    def encode(self, table: Table) -> Matrix:
        """The matrix that the network sees, with shape (n, d)."""
        return self.encoder.transform(table)

    def predict(self, table: Table, n_jobs: int = 1, offset: Matrix | None = None) -> Matrix:
        """Values with shape (n, q), or probabilities with shape (n, K); means times e^offset, with shape (n,), where one is given."""
        values = run(self.network, self.encode(table), self.width, n_jobs)
        return values if offset is None else values * np.exp(offset)[:, None]
