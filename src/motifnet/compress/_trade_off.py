"""The trade-off between size and error: one point a number of units, all judged on rows that no distillation has seen."""

from __future__ import annotations

from dataclasses import dataclass

KNEE = 1.02


@dataclass(frozen=True)
class Point:
    """A network: kernel units, difference from the full one (root mean square of the scores, in units of their sd), error, speed and size.

    error: to y where y is known, else expected from the full network's honest error; microseconds: of one row among a thousand; bytes: of the
    parameters; seconds: of the distillation.
    """

    units: int
    difference: float
    error: float
    microseconds: float
    bytes: int
    seconds: float


@dataclass(frozen=True)
class TradeOff:
    """The full network and the compressed ones, fewest units first."""

    full: Point
    points: tuple[Point, ...]

    @property
    def knee(self) -> Point:
        """The fewest units within 2 % of the least error: further ones buy little."""
        least = min(point.error for point in self.points)
        return next(point for point in self.points if point.error <= KNEE * least)

    def __str__(self) -> str:
        def row(name: str, p: Point) -> str:
            return f"{name:>6}  {p.difference:>10.4f}  {p.error:>8.4f}  {p.microseconds:>10.1f}  {p.bytes:>12,}  {p.seconds:>7.1f}"

        head = f"{'units':>6}  {'difference':>10}  {'error':>8}  {'µs a row':>10}  {'bytes':>12}  {'seconds':>7}"
        return "\n".join([head, row("full", self.full), *(row(str(point.units), point) for point in self.points)])
