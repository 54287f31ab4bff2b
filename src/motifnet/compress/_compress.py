"""Compression: a network of any kind, however many rows it carries, replaced by one kernel network of few untied centres.

With `max_units` that many centres are used; with `tolerance` the fewest of 32, 64, …, 512 whose error is at most (1 + tolerance) times that of the
full network; sizes that must fall short as the error has fallen so far are left out. With neither, the knee of the trade-off curve: sizes grow until
the small network is as good as the full one for all that matters.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from motifnet.compress._distillation import Distillation, Task
from motifnet.compress._trade_off import Point, TradeOff
from motifnet.engine import MotifnetWarning, UsageError
from motifnet.motifs import Motif, count_parameters
from motifnet.tables import Matrix

SIZES = (32, 64, 128, 256, 512)
FALL = 1.5


@dataclass(frozen=True)
class Compressed:
    """The small network, how it does, all sizes that were tried for it, and the rows that judged."""

    network: Motif
    point: Point
    trade_off: TradeOff
    held_out: Matrix


def compress(task: Task, max_units: int | None = None, tolerance: float | None = None) -> Compressed:
    """The network with at most `max_units` centres, with the fewest that `tolerance` allows, or at the knee of the curve."""
    _check(max_units, tolerance)
    work = Distillation.of(task)
    if max_units is None and tolerance is None:
        return _at_knee(work)
    limit = float("inf") if tolerance is None else work.yardstick.limit(tolerance)
    found: list[tuple[Motif, Point]] = []
    for network, point in _students(work, SIZES if max_units is None else (max_units,), limit):
        found.append((network, point))
        if point.error <= limit:
            break
    network, point = found[-1]
    if point.error > limit:
        warnings.warn(
            f"{point.units} units have error {point.error:.4g}, the full network {work.full.error:.4g}: more than tolerance={tolerance} allows. "
            "The network with these units is returned; raise the tolerance, or pass max_units.",
            MotifnetWarning,
            stacklevel=4,
        )
    return Compressed(network, point, TradeOff(work.full, tuple(point for _, point in found)), work.held_out)


def _at_knee(work: Distillation) -> Compressed:
    """Sizes grow until one is close to the full network."""
    found: list[tuple[Motif, Point]] = []
    for network, point in _students(work, SIZES):
        found.append((network, point))
        if point.is_close:
            break
    curve = TradeOff(work.full, tuple(point for _, point in found))
    network = next(network for network, point in found if point is curve.knee)
    return Compressed(network, curve.knee, curve, work.held_out)


def trade_off(task: Task, sizes: Sequence[int] = SIZES) -> TradeOff:
    """Error, speed and size for each number of units."""
    if isinstance(sizes, str) or not isinstance(sizes, Sequence) or not sizes:
        raise UsageError(f"sizes={sizes!r} must be a list of numbers of units, such as {list(SIZES)}.")
    for units in sizes:
        _check(units, None)
    work = Distillation.of(task)
    return TradeOff(work.full, tuple(point for _, point in _students(work, sorted(sizes))))


def _students(work: Distillation, sizes: Sequence[int], limit: float = float("inf")) -> Iterator[tuple[Motif, Point]]:
    """Students of growing size; at least one, and none with as many parameters as the network has."""
    size = count_parameters(work.task.network)
    point: Point | None = None
    for units in sizes:
        if point is not None and units < sizes[-1] and _falls_short(point, units, work.full, limit):
            continue
        first = point is None
        network, point = work.student(units)
        if 8 * size <= point.bytes:
            if first:
                raise UsageError(
                    f"There is nothing to compress: the network has {size:,} parameters, one of {point.units} units {point.bytes // 8:,}. "
                    "Keep it as it is, or give a smaller max_units."
                )
            return
        yield network, point
        if point.units < units:  # there are too few rows for more
            return


def _falls_short(point: Point, units: int, full: Point, limit: float) -> bool:
    """Whether so many units must miss the limit, as squares of the error above the full network's fall with the number of units."""
    return (point.error**2 - full.error**2) * (point.units / units) ** FALL > limit**2 - full.error**2


def _check(max_units: int | None, tolerance: float | None) -> None:
    if max_units is not None and tolerance is not None:
        raise UsageError(f"compress takes max_units or tolerance, not both; got max_units={max_units!r} and tolerance={tolerance!r}.")
    if max_units is not None and (isinstance(max_units, bool) or not isinstance(max_units, Integral) or max_units < 1):
        raise UsageError(f"max_units={max_units!r} must be a whole number, at least 1. Try 256.")
    if tolerance is not None and not (isinstance(tolerance, Real) and 0 <= tolerance < float("inf")):
        raise UsageError(f"tolerance={tolerance!r} must be a number, at least 0: 0.02 allows an error 2 % above that of the full network.")
