"""A loss ℓ(y, η) ≥ 0, convex in the score η, and zero where the prediction is y. The prediction is η, or e^η with `log_link`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class Loss(ABC):
    """Every method works row by row on arrays of one shape, weights w included."""

    name: ClassVar[str]
    log_link: ClassVar[bool] = False

    @abstractmethod
    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        """ℓ(y, η)."""

    @abstractmethod
    def slope(self, y: Matrix, eta: Matrix) -> Matrix:
        """dℓ/dη."""

    @abstractmethod
    def bend(self, y: Matrix, eta: Matrix) -> Matrix:
        """A positive curvature at η: d²ℓ/dη², or that of a parabola that touches ℓ at η and lies above it."""

    @abstractmethod
    def constant(self, y: Matrix, w: Matrix) -> float:
        """The η of least Σ w ℓ that is the same for all rows."""

    def surrogate(self, y: Matrix, w: Matrix) -> Matrix:
        """Values near the score of y, for the stages that work by least squares."""
        return y

    def smooth(self, y: Matrix, eta: Matrix, share: float) -> Loss:
        """This loss with slopes that descent can follow, rounded off within that share of the median absolute residual at η."""
        return self
