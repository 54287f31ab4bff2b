"""A signal inside a network in relu form: its range on the box, and its largest difference from the
native form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import Matrix
from motifnet.motifs import Affine

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Signal:
    """Native values lie in [low, high]; those of the relu form differ by at most `error`.

    `rows` holds native values with shape (n, d) at given rows.
    """

    low: Matrix
    high: Matrix
    error: Matrix
    rows: Matrix | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.low)

    @property
    def size(self) -> Matrix:
        """The largest absolute value of each column in either form."""
        return np.asarray(np.maximum(np.abs(self.low), np.abs(self.high)) + self.error)

    def widened(self) -> Signal:
        """The range of the values of the relu form, with rounding."""
        reach = self.error + 4 * EPS * self.size
        return Signal(self.low - reach, self.high + reach, self.error)

    def take(self, columns: NDArray[np.int64]) -> Signal:
        """Some columns."""
        return Signal(
            self.low[columns],
            self.high[columns],
            self.error[columns],
            None if self.rows is None else self.rows[:, columns],
        )

    @staticmethod
    def join(signals: list[Signal]) -> Signal:
        """Signals side by side."""
        return Signal(
            *(
                np.concatenate([getattr(s, name) for s in signals])
                for name in ("low", "high", "error")
            )
        )


def through_affine(affine: Affine, signal: Signal) -> Signal:
    """Interval arithmetic, and the rounding of two dot products."""
    W, b = array(affine.weight), array(affine.bias)
    middle, radius = (signal.low + signal.high) / 2, (signal.high - signal.low) / 2
    centre, reach = W @ middle + b, np.abs(W) @ radius
    rounding = 2 * (signal.width + 2) * EPS * (np.abs(W) @ signal.size + np.abs(b))
    return Signal(centre - reach, centre + reach, np.abs(W) @ signal.error + rounding)


def array(tensor: Tensor) -> Matrix:
    """A tensor's values in numpy, float64."""
    return tensor.detach().double().cpu().numpy()
