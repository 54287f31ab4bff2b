"""The trade-off between size and error: one point a number of units, all judged on rows that no distillation has seen."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from motifnet.engine import single_threaded
from motifnet.mimicry import values_of
from motifnet.motifs import Distance, Motif
from motifnet.tables import Matrix

KNEE, CLOSE, TIMED = 1.02, 0.05, 1_000


@dataclass(frozen=True)
class Point:
    """A network: kernel units, difference from the full one (root mean square of the scores, in units of their sd), error, speed and size.

    error: to y where y is known, else expected from the full network's honest error; microseconds: of one row among a thousand, which are the
    seconds of a million rows; bytes: of the parameters; seconds: of the distillation.
    """

    units: int
    difference: float
    error: float
    microseconds: float
    bytes: int
    seconds: float

    @property
    def is_close(self) -> bool:
        """Whether it differs by so little that more units buy nothing: R² of .9975 to the full network."""
        return self.difference <= CLOSE


@dataclass(frozen=True)
class TradeOff:
    """The full network and the compressed ones, fewest units first."""

    full: Point
    points: tuple[Point, ...]

    @property
    def knee(self) -> Point:
        """The fewest units that are close to the full network or within 2 % of the least error: further ones buy little."""
        least = min(point.error for point in self.points)
        return next(point for point in self.points if point.is_close or point.error <= KNEE * least)

    def __str__(self) -> str:
        def row(name: str, p: Point, mark: str = "") -> str:
            line = f"{name:>6}  {p.difference:>10.4f}  {p.error:>8.4f}  {p.microseconds:>16.1f}  {p.bytes:>12,}  {p.seconds:>7.1f}"
            return f"{line}  {mark}".rstrip()

        head = f"{'units':>6}  {'difference':>10}  {'error':>8}  {'s a million rows':>16}  {'bytes':>12}  {'seconds':>7}"
        marked = [row(str(point.units), point, "knee" if point is self.knee else "") for point in self.points]
        return "\n".join([head, row("full", self.full), *marked])


def units_of(network: Motif) -> int:
    """Kernel units: a centre that two norms measure from is one."""
    centres = [(part.p, len(part.centres)) for part in network.modules() if isinstance(part, Distance)]
    return max(sum(count for norm, count in centres if norm == p) for p in (1, 2))


def microseconds_of(network: Motif, rows: Matrix) -> float:
    """Wall-clock time of one row among a thousand, the best of three."""
    some, seconds = np.resize(rows, (TIMED, rows.shape[1])), []
    with single_threaded():
        for _ in range(3):
            start = time.perf_counter()
            values_of(network, some)
            seconds.append(time.perf_counter() - start)
    return min(seconds) * 1e6 / TIMED
