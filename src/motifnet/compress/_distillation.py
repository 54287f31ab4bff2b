"""A network, the rows and values to distil it on, and the rows that judge.

All rows that the network carries itself teach, and fresh mixtures of them judge: what is learned is the network, not its targets. Of rows that the
caller gives a fifth takes no part and judges. What is distilled are the scores in front of a final softmax or sigmoid. With known targets the last
layer is solved again on them, and stays so if cross-validation says it should. Trees for the residuals stay if the judges gain. No row is kept:
centres are trained points.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.compress._distil import DistilSettings, distil, start_layers
from motifnet.compress._error import Yardstick
from motifnet.compress._residual_trees import has_trees, with_trees
from motifnet.compress._rows import among, mixed_rows, own_rows
from motifnet.compress._trade_off import Point, microseconds_of, units_of
from motifnet.engine import DataError, UsageError, single_threaded
from motifnet.mimicry import values_of
from motifnet.motifs import Chain, Motif, Precise, Sigmoid, Softmax, count_parameters, parts_of
from motifnet.retrain import InnerLayers, coefficients, refit_last_layer, with_output
from motifnet.tables import Matrix, Sample, make_folds

LEAST_ROWS, MOST_ROWS = 20, 4_000
MIXED, LEAST_MIXED = 5, 4_000  # mixed rows a row, and at least
UNITS_A_ROW = 2
FOLDS, JUDGES = 4, 1_000
PROFILES = (("laplace2",), ("laplace1", "laplace2", "gaussian"))  # the first costs less than half of the second
PROBE = 64  # units that choose between them
WORTH = 0.005  # so much of the error has to be saved by what costs more: the second profiles, trees


@dataclass(frozen=True)
class Task:
    """What to compress, as the caller knows it.

    X with shape (n, d): rows, those that the network carries when None; y with shape (n, q): targets of X, which the network has not seen;
    honest: the network's own error on rows not seen, 0 where unknown; scale with shape (q,): sd(y), None where unknown; groups with shape (n,): codes
    of the rows of X that judge together, None where each stands alone.
    """

    network: Motif
    d: int
    X: Matrix | None = None
    y: Matrix | None = None
    honest: float = 0.0
    scale: Matrix | None = None
    seed: int = 0
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Distillation:
    """Rows with shape (n, d), of which the first `kept` are not mixed; known: targets of the first of these, known_groups: their groups; held_out
    with shape (k, d) judge."""

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
        """Split the rows and mix them."""
        carried, rng = own_rows(task.network, task.d), np.random.default_rng(task.seed)
        rows = _rows(task, carried)
        order = rng.permutation(len(rows))[:MOST_ROWS]
        judges = _judges(order, task.groups, rng)
        out, rest = order[judges], order[~judges] if task.X is not None else order
        held_out, kept = rows[out], rows[rest]
        if task.X is not None and carried is not None:
            kept = np.concatenate([kept, carried[~among(carried, rows)][:MOST_ROWS]])
        if carried is not None and among(held_out, carried).any():  # at its own rows the network follows the noise of the targets
            held_out = mixed_rows(held_out if task.X is not None else kept, max(len(held_out), JUDGES), rng)
        full, y = values_of(task.network, held_out), None if task.y is None else task.y[out]
        if y is not None and y.shape[1] != full.shape[1]:
            raise DataError(f"The network has {full.shape[1]} outputs, y has {y.shape[1]} columns. Pass one for each, classes as indicators.")
        scale = task.scale if task.scale is not None else (full if y is None else y).std(0)
        finish = _finish(task.network)
        yardstick = Yardstick(full, y, bool(finish) and isinstance(finish[0], Softmax), task.honest, np.where(scale > 0, scale, 1.0))
        mixed = mixed_rows(kept, max(MIXED * len(kept), LEAST_MIXED), rng)
        known = None if task.y is None else task.y[rest]
        known_groups = None if task.y is None or task.groups is None else task.groups[rest]
        return cls(task, np.concatenate([kept, mixed]), len(kept), known, held_out, yardstick, known_groups)

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
        """Scores of the network at the rows, with mean 0 and sd 1."""
        return (self._scores - self.mean) / self.scale

    @cached_property
    def _start(self) -> tuple[DistilSettings, InnerLayers]:
        """Settings and inner layers of the profiles that few units choose."""
        choices = [replace(self.settings, inner=replace(self.settings.inner, profiles=profiles)) for profiles in PROFILES]
        starts = [(s, start_layers(self.rows[: self.kept], self.values[: self.kept], s, self.task.seed)) for s in choices]
        cheap, rich = (self._error(self._kernel(self._most(PROBE), *start)) for start in starts)
        return starts[rich < (1 - WORTH) * cheap]

    @cached_property
    def full(self) -> Point:
        """The network as it is."""
        return self._point(self.task.network, units_of(self.task.network), 0.0)

    def student(self, units: int) -> tuple[Motif, Point]:
        """The network of at most so many units, and how it does."""
        start, units = time.monotonic(), self._most(units)
        with single_threaded():
            network = self._kernel(units, *self._start)
            if has_trees(self.task.network):
                residuals = self._scores - values_of(network, self.rows)
                richer = with_trees(network, self.rows, residuals, self.task.seed)
                smaller = count_parameters(richer) < count_parameters(self.task.network)
                network = richer if smaller and self._error(richer) < (1 - WORTH) * self._error(network) else network
        network = self._finished(network)
        return network, self._point(network, units, time.monotonic() - start)

    def _most(self, units: int) -> int:
        return min(units, UNITS_A_ROW * self.kept)

    def _kernel(self, units: int, settings: DistilSettings, inner: InnerLayers) -> Motif:
        """Kernel units for the scores."""
        scores = distil(self.rows, self.values, self.kept, inner, units, settings, self.task.seed)
        return self._refitted(_in_units(scores, self.mean, self.scale))

    def _finished(self, scores: Motif) -> Motif:
        return Precise(Chain([*parts_of(scores), *_finish(self.task.network)], label="distilled kernel"))

    def _error(self, scores: Motif) -> float:
        return self.yardstick(values_of(self._finished(scores), self.held_out))

    def _refitted(self, network: Motif) -> Motif:
        """The last layer solved again on known targets, if held-out rows gain."""
        if self.known is None or len(self.known) < FOLDS or _finish(self.task.network):
            return network
        sample = Sample.plain(self.rows[: len(self.known)], self.known, folds=FOLDS, seed=self.task.seed)
        if self.known_groups is not None:
            groups = np.unique(self.known_groups, return_inverse=True)[1].astype(np.int64)
            sample = replace(sample, folds=make_folds(sample.n, FOLDS, self.task.seed, groups=groups), groups=groups)
        if sample.folds.count < 2:
            return network
        last = refit_last_layer(network, sample)
        return last.network if last.error_after < last.error_before else network

    def _point(self, network: Motif, units: int, seconds: float) -> Point:
        scores, full = (values_of(scores_of(which), self.held_out) for which in (network, self.task.network))
        difference = float(np.sqrt(np.mean(((scores - full) / self.scale) ** 2)))
        error = self.yardstick(values_of(network, self.held_out))
        return Point(units, difference, error, microseconds_of(network, self.rows), 8 * count_parameters(network), seconds)


def _judges(order: NDArray[np.int64], groups: NDArray[np.int64] | None, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which of the rows in this order are held out: the first fifth, or a fifth of the groups."""
    if groups is None:
        return np.arange(len(order)) < len(order) // 5
    found = rng.permutation(np.unique(groups[order]))
    return np.isin(groups[order], found[: max(1, len(found) // 5)])


def _rows(task: Task, carried: Matrix | None) -> Matrix:
    """The rows to split, checked."""
    rows = carried if task.X is None else task.X
    if rows is None:
        raise UsageError(f"The network carries no rows to distil it on. Pass X, rows of the kind that it was fitted on, with shape (n, {task.d}).")
    if len(rows) < LEAST_ROWS:
        raise DataError(f"A network is compressed on at least {LEAST_ROWS} different rows; got {len(rows)}. Pass X with more rows.")
    if task.y is not None and carried is not None and (seen := among(rows, carried)).any():
        raise DataError(
            f"{int(seen.sum()):,} of {len(rows):,} rows are rows that the network was fitted on, whose errors say nothing. "
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
    """The network times `scale`, plus `mean`, in its last layer."""
    beta, b = coefficients(network)
    return with_output(network, beta * torch.as_tensor(scale), b * torch.as_tensor(scale) + torch.as_tensor(mean))
