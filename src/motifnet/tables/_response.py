"""A target that is not judged by squared error: its own units, its losses, and how the coding of the teachers relates to both.

η = mean + sd f          f: a score in the coding of `Sample.y`, which is the standardised surrogate of the target
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, UsageError
from motifnet.losses import Loss, Objective
from motifnet.tables._errors import row_name

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Response:
    """Losses, one for each of q columns; y with shape (n, q) in its own units (rates, where there is an exposure); mean and sd with shape (q,)."""

    losses: tuple[Loss, ...]
    y: Matrix
    mean: Matrix
    sd: Matrix

    @property
    def q(self) -> int:
        return len(self.losses)

    def rows(self, chosen: NDArray[np.bool_]) -> Response:
        """The response of some rows (a mask)."""
        return replace(self, y=self.y[chosen])


def code_response(y: Matrix, w: Matrix, losses: tuple[Loss, ...]) -> tuple[Matrix, Response]:
    """The coded surrogate with shape (n, columns of y) that teachers see, and the response."""
    surrogate = np.column_stack([loss.surrogate(column, w) for loss, column in zip(losses, y.T, strict=False)])
    coded, mean, sd = standardised(surrogate, w)
    q = len(losses)
    return coded, Response(losses, np.repeat(y, q // y.shape[1], 1), np.broadcast_to(mean, q), np.broadcast_to(sd, q))


def standardised(y: Matrix, w: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """(y − mean) / sd, mean and sd; an sd of 1 where y is constant."""
    scale = np.maximum(np.abs(y).max(0), 1e-300)  # sums of squares of large values must not overflow
    mean = scale * (w @ (y / scale) / w.sum())
    sd = scale * np.sqrt(w @ ((y - mean) / scale) ** 2 / w.sum())
    sd = np.where(sd > 1e-12 * scale, sd, 1.0)
    return (y - mean) / sd, mean, sd


def check_domain(y: Matrix, names: tuple[str, ...], objective: Objective) -> None:
    """Refuse targets that the objective cannot have, with row and value."""
    if objective.name == "pinball" and len(names) > 1:
        raise UsageError(f"objective='pinball' takes one target, got the columns {', '.join(map(repr, names))}. Fit one model for each.")
    if not objective.takes_offset:
        return
    wrong = y < 0 if objective.name == "poisson" else y <= 0
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        wanted = "at least 0" if objective.name == "poisson" else "above 0"
        raise DataError(
            f"objective={objective.name!r} needs targets {wanted}, but {row_name(row)} of {names[column]!r} holds {y[row, column]:g}. "
            "Mend the row, leave it out, or choose another objective."
        )
