"""The pinball loss, whose least mean is at the quantile of level τ; twice that of τ = 1/2 is the absolute error.

    ρ_τ(r) = (τ − 1/2) r + |r| / 2,   r = y − η

Descent sees |r| rounded off to r²/(2δ) + δ/2 within |r| ≤ δ. A parabola of curvature 1 / max(|r|, δ) touches that and lies above it (Hunter and Lange
2000), so that each step of reweighted least squares lowers the loss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from motifnet.losses._base import Loss, Matrix

_LEAST = 1e-12


@dataclass(frozen=True)
class Pinball(Loss):
    """Level τ in (0, 1), and δ ≥ 0 in units of y."""

    name: ClassVar[str] = "pinball"
    level: float
    width: float = 0.0

    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        r = y - eta
        size = np.abs(r)
        if self.width > 0:
            size = np.where(size < self.width, r * r / (2 * self.width) + self.width / 2, size)
        return np.asarray((self.level - 0.5) * r + size / 2)

    def slope(self, y: Matrix, eta: Matrix) -> Matrix:
        r = y - eta
        side = np.clip(r / self.width, -1, 1) if self.width > 0 else np.sign(r)
        return np.asarray(0.5 - self.level - side / 2)

    def bend(self, y: Matrix, eta: Matrix) -> Matrix:
        return np.asarray(0.5 / np.maximum(np.abs(y - eta), max(self.width, _LEAST)))

    def constant(self, y: Matrix, w: Matrix) -> float:
        order = np.argsort(y, kind="stable")
        share = np.cumsum(w[order])
        return float(y[order][np.searchsorted(share, self.level * share[-1])])

    def smooth(self, y: Matrix, eta: Matrix, share: float) -> Pinball:
        return replace(self, width=max(share * float(np.median(np.abs(y - eta))), _LEAST))
