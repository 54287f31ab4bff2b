"""The number of centres of a fit: what is worth its cost, and what a time limit allows.

With n rows, m landmarks and F fits from the same sums a solution takes, in seconds, about

    landmarks   a n m + b (2 n m² + F m³ / 3)
    exact       a n² + b F n³ / 3                 (m = n)

a: one value of the kernel; b: one multiplication and addition in a product of matrices. Both are
measured on a few rows before the work starts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from motifnet.engine import Control

_PROBE_ROWS = 512
_MIN_CENTRES = 64


@dataclass(frozen=True)
class Capacity:
    """All rows are centres up to `exact_rows`; beyond, `landmarks` of them are."""

    exact_rows: int
    landmarks: int

    def centres(self, n: int) -> int:
        """The number of centres of a fit to n rows."""
        return n if n <= self.exact_rows else min(n, self.landmarks)

    def of_distinct(self, n: int, distinct: int) -> Capacity:
        """The capacity for n rows of which `distinct` differ. Where most rows are copies, landmarks
        at all distinct rows give the exact fit at a lower cost.
        """
        return Capacity(0, distinct) if 2 * distinct <= n and distinct <= self.landmarks else self

    def seconds(self, pace: Pace, n: int, fits: int) -> float:
        """The estimate above."""
        m = self.centres(n)
        return pace.value * n * m + pace.product * (
            fits * m**3 / 3 + (0 if n <= self.exact_rows else 2 * n * m**2)
        )


CAPACITY = Capacity(exact_rows=4_000, landmarks=2_000)


@dataclass(frozen=True)
class Pace:
    """Seconds of one value of a kernel, and of one multiplication and addition in a product of
    matrices.
    """

    value: float
    product: float

    @classmethod
    def of(cls, gram: Callable[[Tensor, Tensor], Tensor], Z: Tensor) -> Pace:
        """Measured on this machine, with its other work at this time."""
        rows = Z[:_PROBE_ROWS]
        start = time.perf_counter()
        K = gram(rows, rows)
        middle = time.perf_counter()
        K @ K
        return cls((middle - start) / len(K) ** 2, (time.perf_counter() - middle) / len(K) ** 3)


def affordable(
    capacity: Capacity,
    gram: Callable[[Tensor, Tensor], Tensor],
    Z: Tensor,
    control: Control,
    *,
    fits: int,
    share: float,
) -> Capacity:
    """The capacity for `fits` fits to rows Z with shape (n, d). It has fewer centres where these
    would take more than a share of the time that is left.
    """
    n = len(Z)
    if math.isinf(control.seconds_left):
        return capacity
    pace = Pace.of(gram, Z)
    while (
        capacity.seconds(pace, n, fits) > share * control.seconds_left
        and capacity.centres(n) > _MIN_CENTRES
    ):
        capacity = Capacity(0, max(_MIN_CENTRES, min(capacity.landmarks, n) // 2))
    return capacity
