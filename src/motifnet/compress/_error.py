"""The error of a compressed network on held-out rows, to y or, without y, as it is to be expected.

    values           known y: root mean squared error / sd(y);     else  √(e² + δ²): the full network's honest error e, the difference δ in sd
    probabilities    known y: log loss;                            else  e + KL(p_full ‖ p): what the log loss rises by if p_full is right

Without y and e the error is √δ² or the divergence alone, and that of the full network 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.tables import Matrix

_LEAST = 1e-12


@dataclass(frozen=True)
class Yardstick:
    """`full` and `y` (or None) with shape (k, q) on the held-out rows; `honest`: the full network's own error, 0 where unknown; scale: sd(y)."""

    full: Matrix
    y: Matrix | None
    probabilities: bool
    honest: float
    scale: Matrix

    def __call__(self, values: Matrix) -> float:
        """The error of a network with these values on the held-out rows."""
        if self.probabilities:
            logs = np.log(np.maximum(values, _LEAST))
            if self.y is not None:
                return float(-(self.y * logs).sum(1).mean())
            return self.honest + float((self.full * (np.log(np.maximum(self.full, _LEAST)) - logs)).sum(1).mean())
        if self.y is not None:
            return float(np.sqrt(np.mean(((values - self.y) / self.scale) ** 2)))
        return float(np.sqrt(self.honest**2 + np.mean(((values - self.full) / self.scale) ** 2)))

    def limit(self, tolerance: float) -> float:
        """(1 + tolerance) times the error of the full network; where that is 0, the tolerance itself."""
        least = self(self.full)
        return (1 + tolerance) * least if least > 0 else tolerance
