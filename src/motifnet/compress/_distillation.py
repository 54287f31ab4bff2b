"""Distillation: the rows and values that teach a student, and the held-out rows that score it.

The student learns the network, not its targets. All rows that the network carries are training
rows; fresh mixtures of them are held out. Of rows that the caller gives, a fifth is held out. The
student learns the scores before a final softmax or sigmoid. With known targets its last layer is
solved again on them, and kept if cross-validation gains. Trees for the residuals are kept if the
held-out rows gain. No row is kept: centres are trained points.

The error on the held-out rows is the one to y. Without y it is the expected one:

    values           known y: root mean squared error / sd(y)
                     else √(e² + δ²): e the full network's out-of-fold error, δ the difference in sd
    probabilities    known y: log loss
                     else e + KL(p_full ‖ p): what the log loss rises by if p_full is right

Without y and e the error is δ or the divergence, and that of the full network is 0.

The trade-off between size and error has one point for each number of units. All are scored on the
same held-out rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.compress._residuals import has_trees, with_trees
from motifnet.compress._rows import among, mixed_rows, own_rows
from motifnet.compress._student import DistilSettings, distil, start_layers
from motifnet.engine import DataError, Matrix, UsageError, single_threaded
from motifnet.motifs import (
    Chain,
    Distance,
    Motif,
    Precise,
    Sigmoid,
    Softmax,
    count_parameters,
    parts_of,
)
from motifnet.tables import Sample, make_folds
from motifnet.training import FeatureLayers, coefficients, refit_last_layer, with_output
from motifnet.transfer import values_of

_MIN_PROBABILITY = 1e-12
KNEE = 1.02  # largest ratio to the smallest error at the knee
CLOSE = 0.05  # largest difference, in sd, of a network that is close to the full one
TIMED_ROWS = 1_000
MIN_ROWS, MAX_ROWS = 20, 4_000
MIXED_A_ROW, MIN_MIXED_ROWS = 5, 4_000
MAX_UNITS_A_ROW = 2
FOLDS = 4
MIN_VALIDATION_ROWS = 1_000
PROFILES = (("laplace2",), ("laplace1", "laplace2", "gaussian"))  # the first costs less than half
PROBE = 64  # units that choose between the profiles
MIN_GAIN = 0.005  # share of the error that dearer profiles, or trees, must save


@dataclass(frozen=True)
class Yardstick:
    """Values of the full network and targets on the held-out rows, and what errors are scaled by.

    full and y (or None) have shape (k, q). out_of_fold_error is that of the full network, 0 where
    unknown. scale is sd(y), with shape (q,).
    """

    full: Matrix
    y: Matrix | None
    probabilities: bool
    out_of_fold_error: float
    scale: Matrix

    def __call__(self, values: Matrix) -> float:
        """The error of a network with these values on the held-out rows."""
        if self.probabilities:
            logs = np.log(np.maximum(values, _MIN_PROBABILITY))
            if self.y is not None:
                return float(-(self.y * logs).sum(1).mean())
            return self.out_of_fold_error + float(
                (self.full * (np.log(np.maximum(self.full, _MIN_PROBABILITY)) - logs)).sum(1).mean()
            )
        if self.y is not None:
            return float(np.sqrt(np.mean(((values - self.y) / self.scale) ** 2)))
        return float(
            np.sqrt(self.out_of_fold_error**2 + np.mean(((values - self.full) / self.scale) ** 2))
        )

    def limit(self, tolerance: float) -> float:
        """(1 + tolerance) times the error of the full network, or the tolerance where that is 0."""
        error = self(self.full)
        return (1 + tolerance) * error if error > 0 else tolerance


@dataclass(frozen=True)
class Point:
    """The size, error and speed of a network.

    Attributes
    ----------
    units : int
        Kernel units.
    difference : float
        From the full network: root mean square over the scores, in units of their sd.
    error : float
        To y where y is known, else the one expected from the full network's out-of-fold error.
    microseconds : float
        For one row among a thousand: also the seconds for a million rows.
    bytes : int
        Of the parameters.
    seconds : float
        Of the distillation.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> point = model.network_.trade_off(sizes=[8]).points[0]
    >>> point.units
    8
    """

    units: int
    difference: float
    error: float
    microseconds: float
    bytes: int
    seconds: float

    @property
    def is_close(self) -> bool:
        """Whether more units gain nothing: R² to the full network is .9975 or more."""
        return self.difference <= CLOSE


@dataclass(frozen=True)
class TradeOff:
    """The full network and the compressed ones, as `Network.trade_off` returns them.

    Attributes
    ----------
    full : Point
        The full network.
    points : tuple of Point
        The compressed ones, fewest units first.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> curve = model.network_.trade_off(sizes=[8, 16])
    >>> [point.units for point in curve.points]
    [8, 16]
    """

    full: Point
    points: tuple[Point, ...]

    @property
    def knee(self) -> Point:
        """The fewest units that are close to the full network or within 2 % of the smallest
        error.
        """
        smallest = min(point.error for point in self.points)
        return next(p for p in self.points if p.is_close or p.error <= KNEE * smallest)

    def __str__(self) -> str:
        def row(name: str, p: Point, mark: str = "") -> str:
            line = (
                f"{name:>6}  {p.difference:>10.4f}  {p.error:>8.4f}  {p.microseconds:>16.1f}"
                f"  {p.bytes:>12,}  {p.seconds:>7.1f}"
            )
            return f"{line}  {mark}".rstrip()

        head = (
            f"{'units':>6}  {'difference':>10}  {'error':>8}  {'s a million rows':>16}"
            f"  {'bytes':>12}  {'seconds':>7}"
        )
        marked = [
            row(str(point.units), point, "knee" if point is self.knee else "")
            for point in self.points
        ]
        return "\n".join([head, row("full", self.full), *marked])


def units_of(network: Motif) -> int:
    """Number of kernel units; a centre with distances of two norms counts once."""
    centres = [
        (part.p, len(part.centres)) for part in network.modules() if isinstance(part, Distance)
    ]
    return max(sum(count for norm, count in centres if norm == p) for p in (1, 2))


def microseconds_of(network: Motif, rows: Matrix) -> float:
    """Wall-clock time for one row among a thousand, the best of three runs."""
    some, seconds = np.resize(rows, (TIMED_ROWS, rows.shape[1])), []
    with single_threaded():
        for _ in range(3):
            start = time.perf_counter()
            values_of(network, some)
            seconds.append(time.perf_counter() - start)
    return min(seconds) * 1e6 / TIMED_ROWS


@dataclass(frozen=True)
class Task:
    """What to compress, as the caller knows it.

    X with shape (n, d): rows; None for those that the network carries. y with shape (n, q): targets
    of X, which the network has not seen. out_of_fold_error: that of the network, 0 where unknown.
    scale with shape (q,): sd(y), None where unknown. groups with shape (n,): codes of rows of X
    that are held out together, None where each row is its own group.
    """

    network: Motif
    d: int
    X: Matrix | None = None
    y: Matrix | None = None
    out_of_fold_error: float = 0.0
    scale: Matrix | None = None
    seed: int = 0
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Distillation:
    """The rows that teach, and those that score.

    rows with shape (n, d): the first `kept` are rows of the caller or of the network, the others
    mixtures of these. known: targets of the first rows; known_groups: their groups. held_out has
    shape (k, d).
    """

    task: Task
    rows: Matrix
    kept: int
    known: Matrix | None
    held_out: Matrix
    yardstick: Yardstick
    known_groups: NDArray[np.int64] | None = None
    settings: DistilSettings = field(default_factory=DistilSettings)

    @classmethod
    def of(cls, task: Task) -> Distillation:
        """The distillation of a task, with its rows split and mixed."""
        carried, rng = own_rows(task.network, task.d), np.random.default_rng(task.seed)
        rows = _rows(task, carried)
        order = rng.permutation(len(rows))[:MAX_ROWS]
        validation = _validation_rows(order, task.groups, rng)
        out, rest = order[validation], order[~validation] if task.X is not None else order
        held_out, kept = rows[out], rows[rest]
        if task.X is not None and carried is not None:
            kept = np.concatenate([kept, carried[~among(carried, rows)][:MAX_ROWS]])
        # at rows of its fit the network follows the noise of the targets
        if carried is not None and among(held_out, carried).any():
            held_out = mixed_rows(
                held_out if task.X is not None else kept,
                max(len(held_out), MIN_VALIDATION_ROWS),
                rng,
            )
        full, y = values_of(task.network, held_out), None if task.y is None else task.y[out]
        if y is not None and y.shape[1] != full.shape[1]:
            raise DataError(
                f"The network has {full.shape[1]} outputs, y has {y.shape[1]} "
                "columns. Pass one column for each output, and classes as indicators."
            )
        scale = task.scale if task.scale is not None else (full if y is None else y).std(0)
        finish = _finish(task.network)
        yardstick = Yardstick(
            full,
            y,
            bool(finish) and isinstance(finish[0], Softmax),
            task.out_of_fold_error,
            np.where(scale > 0, scale, 1.0),
        )
        mixed = mixed_rows(kept, max(MIXED_A_ROW * len(kept), MIN_MIXED_ROWS), rng)
        known = None if task.y is None else task.y[rest]
        known_groups = None if task.y is None or task.groups is None else task.groups[rest]
        return cls(
            task, np.concatenate([kept, mixed]), len(kept), known, held_out, yardstick, known_groups
        )

    @cached_property
    def _scores(self) -> Matrix:
        return values_of(scores_of(self.task.network), self.rows)

    @cached_property
    def mean(self) -> Matrix:
        """Mean score, with shape (q,)."""
        return np.asarray(self._scores[: self.kept].mean(0))

    @cached_property
    def scale(self) -> Matrix:
        """Standard deviation of the scores, with shape (q,), 1 where they are constant."""
        sd = self._scores[: self.kept].std(0)
        return np.where(sd > 1e-12 * np.abs(self.mean), sd, 1.0)

    @cached_property
    def values(self) -> Matrix:
        """Scores of the network at the rows, in units of mean 0 and sd 1."""
        return (self._scores - self.mean) / self.scale

    @cached_property
    def _start(self) -> tuple[DistilSettings, FeatureLayers]:
        """Settings and feature layers of the profiles that `PROBE` units choose."""
        choices = [
            replace(self.settings, inner=replace(self.settings.inner, profiles=profiles))
            for profiles in PROFILES
        ]
        starts = [
            (s, start_layers(self.rows[: self.kept], self.values[: self.kept], s, self.task.seed))
            for s in choices
        ]
        cheap, rich = (self._error(self._kernel(self._at_most(PROBE), *start)) for start in starts)
        return starts[rich < (1 - MIN_GAIN) * cheap]

    @cached_property
    def full(self) -> Point:
        """The point of the full network."""
        return self._point(self.task.network, units_of(self.task.network), 0.0)

    def student(self, units: int) -> tuple[Motif, Point]:
        """The network of at most `units` units, and its point."""
        start, units = time.monotonic(), self._at_most(units)
        with single_threaded():
            network = self._kernel(units, *self._start)
            if has_trees(self.task.network):
                residuals = self._scores - values_of(network, self.rows)
                richer = with_trees(network, self.rows, residuals, self.task.seed)
                smaller = count_parameters(richer) < count_parameters(self.task.network)
                network = (
                    richer
                    if smaller and self._error(richer) < (1 - MIN_GAIN) * self._error(network)
                    else network
                )
        network = self._finished(network)
        return network, self._point(network, units, time.monotonic() - start)

    def _at_most(self, units: int) -> int:
        return min(units, MAX_UNITS_A_ROW * self.kept)

    def _kernel(self, units: int, settings: DistilSettings, inner: FeatureLayers) -> Motif:
        """The kernel units of the scores."""
        scores = distil(self.rows, self.values, self.kept, inner, units, settings, self.task.seed)
        return self._refitted(_in_units(scores, self.mean, self.scale))

    def _finished(self, scores: Motif) -> Motif:
        return Precise(
            Chain([*parts_of(scores), *_finish(self.task.network)], label="distilled kernel")
        )

    def _error(self, scores: Motif) -> float:
        return self.yardstick(values_of(self._finished(scores), self.held_out))

    def _refitted(self, network: Motif) -> Motif:
        """The network with its last layer solved on known targets, if held-out rows gain."""
        if self.known is None or len(self.known) < FOLDS or _finish(self.task.network):
            return network
        sample = Sample.plain(
            self.rows[: len(self.known)], self.known, folds=FOLDS, seed=self.task.seed
        )
        if self.known_groups is not None:
            groups = np.unique(self.known_groups, return_inverse=True)[1].astype(np.int64)
            sample = replace(
                sample,
                folds=make_folds(sample.n, FOLDS, self.task.seed, groups=groups),
                groups=groups,
            )
        if sample.folds.count < 2:
            return network
        last = refit_last_layer(network, sample)
        return last.network if last.error_after < last.error_before else network

    def _point(self, network: Motif, units: int, seconds: float) -> Point:
        scores, full = (
            values_of(scores_of(which), self.held_out) for which in (network, self.task.network)
        )
        difference = float(np.sqrt(np.mean(((scores - full) / self.scale) ** 2)))
        error = self.yardstick(values_of(network, self.held_out))
        return Point(
            units,
            difference,
            error,
            microseconds_of(network, self.rows),
            8 * count_parameters(network),
            seconds,
        )


def _validation_rows(
    order: NDArray[np.int64], groups: NDArray[np.int64] | None, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """True for rows that are held out: the first fifth of `order`, or a fifth of the groups."""
    if groups is None:
        return np.arange(len(order)) < len(order) // 5
    found = rng.permutation(np.unique(groups[order]))
    return np.isin(groups[order], found[: max(1, len(found) // 5)])


def _rows(task: Task, carried: Matrix | None) -> Matrix:
    """The rows to split, checked."""
    rows = carried if task.X is None else task.X
    if rows is None:
        raise UsageError(
            "The network carries no rows to distil it on. Pass X, rows of the kind "
            f"that it was fitted on, with shape (n, {task.d})."
        )
    if len(rows) < MIN_ROWS:
        raise DataError(
            f"A network is compressed on at least {MIN_ROWS} different rows; got "
            f"{len(rows)}. Pass X with more rows."
        )
    if task.y is not None and carried is not None and (seen := among(rows, carried)).any():
        raise DataError(
            f"{int(seen.sum()):,} of {len(rows):,} rows are rows that the network was fitted on, "
            "whose errors say nothing. "
            "Pass y with rows that are new to it, or leave y out."
        )
    return rows


def scores_of(network: Motif) -> Motif:
    """The network without a final softmax or sigmoid."""
    parts = parts_of(network)
    return Chain(parts[: len(parts) - len(_finish(network))])


def _finish(network: Motif) -> list[Motif]:
    return [part for part in parts_of(network)[-1:] if isinstance(part, Softmax | Sigmoid)]


def _in_units(network: Motif, mean: Matrix, scale: Matrix) -> Motif:
    """The network times `scale`, plus `mean`, both folded into its last layer."""
    beta, b = coefficients(network)
    return with_output(
        network, beta * torch.as_tensor(scale), b * torch.as_tensor(scale) + torch.as_tensor(mean)
    )
