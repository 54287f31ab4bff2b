"""Compression: a network of any kind replaced by one kernel network of few untied centres.

With `max_units` the student has that number of centres. With `tolerance` it has the fewest of 32,
64, …, 512 centres whose error is at most (1 + tolerance) times that of the full network. Sizes that
must miss this limit, at the rate at which the error falls, are skipped. With neither, sizes grow up
to the knee of the trade-off curve, where the student is close to the full network. The size of a
student does not depend on the number of rows that the network carries.

`Scaled` is a task whose columns have one scale. The distillation takes neighbours, means and
kernels of z, not of x in its own units.

    z = (x − μ) / σ
    network(x) = g(z),  g(z) = network(μ + σ z)
    student(x) = h((x − μ) / σ)   where h is distilled from g

Columns of two values, which are mostly indicators, stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real

import numpy as np

from motifnet.compress._distillation import Distillation, Point, Task, TradeOff
from motifnet.compress._rows import is_two_valued, own_rows
from motifnet.engine import Matrix, MotifnetWarning, UsageError
from motifnet.motifs import Chain, Motif, Precise, count_parameters, parts_of
from motifnet.transfer import diagonal_affine

SIZES = (32, 64, 128, 256, 512)  # numbers of units that are tried
FALL = 1.5  # exponent at which the excess of the squared error falls with the number of units


@dataclass(frozen=True)
class Scaled:
    """A task in z, and μ and σ with shape (d,)."""

    task: Task
    mean: Matrix
    sd: Matrix

    @classmethod
    def of(cls, task: Task) -> Scaled:
        """Scaled by the rows of the task, or by those that its network carries."""
        rows = own_rows(task.network, task.d) if task.X is None else task.X
        if rows is None or not len(rows):
            return cls(task, np.zeros(task.d), np.ones(task.d))
        sd = rows.std(0)
        stays = is_two_valued(rows) | (sd <= 1e-12 * np.abs(rows).max(0))
        mean, sd = np.where(stays, 0.0, rows.mean(0)), np.where(stays, 1.0, sd)
        network = Chain([diagonal_affine(sd, mean), task.network])
        return cls(
            replace(task, network=network, X=None if task.X is None else (task.X - mean) / sd),
            mean,
            sd,
        )

    def back(self, student: Motif) -> Motif:
        """The network on x of a network on z."""
        scaler = diagonal_affine(1 / self.sd, -self.mean / self.sd)
        return Precise(Chain([scaler, *parts_of(student)], label="distilled kernel"))


@dataclass(frozen=True)
class Compressed:
    """The small network, its point, the sizes that were tried, and the held-out rows."""

    network: Motif
    point: Point
    trade_off: TradeOff
    held_out: Matrix


def compress(
    task: Task, max_units: int | None = None, tolerance: float | None = None
) -> Compressed:
    """The network of at most `max_units` centres, of the fewest that `tolerance` allows, or of the
    knee of the curve.
    """
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
            f"{point.units} units have error {point.error:.4g}, the full network "
            f"{work.full.error:.4g}: more than tolerance={tolerance} allows. "
            "The network with these units is returned; raise the tolerance, or pass max_units.",
            MotifnetWarning,
            stacklevel=4,
        )
    return Compressed(
        network, point, TradeOff(work.full, tuple(point for _, point in found)), work.held_out
    )


def _at_knee(work: Distillation) -> Compressed:
    """The knee of the curve of sizes up to the first that is close to the full network."""
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
        raise UsageError(
            f"sizes={sizes!r} must be a list of numbers of units, such as {list(SIZES)}."
        )
    for units in sizes:
        _check(units, None)
    work = Distillation.of(task)
    return TradeOff(work.full, tuple(point for _, point in _students(work, sorted(sizes))))


def _students(
    work: Distillation, sizes: Sequence[int], limit: float = float("inf")
) -> Iterator[tuple[Motif, Point]]:
    """Students of growing size, at least one. The first with as many parameters as the network
    ends them, or raises UsageError where it is the only one.
    """
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
                    f"There is nothing to compress: the network has {size:,} parameters, one of "
                    f"{point.units} units {point.bytes // 8:,}. "
                    "Keep it as it is, or give a smaller max_units."
                )
            return
        yield network, point
        if point.units < units:  # the rows allow no more units
            return


def _falls_short(point: Point, units: int, full: Point, limit: float) -> bool:
    """Whether this number of units must miss the limit: squared errors in excess of the full
    network's fall by the power `FALL` of the number of units.
    """
    return (point.error**2 - full.error**2) * (
        point.units / units
    ) ** FALL > limit**2 - full.error**2


def _check(max_units: int | None, tolerance: float | None) -> None:
    if max_units is not None and tolerance is not None:
        raise UsageError(
            f"compress takes max_units or tolerance, not both; got "
            f"max_units={max_units!r} and tolerance={tolerance!r}."
        )
    if max_units is not None and (
        isinstance(max_units, bool) or not isinstance(max_units, Integral) or max_units < 1
    ):
        raise UsageError(f"max_units={max_units!r} must be a whole number, at least 1. Try 256.")
    if tolerance is not None and not (
        isinstance(tolerance, Real) and 0 <= tolerance < float("inf")
    ):
        raise UsageError(
            f"tolerance={tolerance!r} must be a number, at least 0: 0.02 allows an "
            "error 2 % above that of the full network."
        )
