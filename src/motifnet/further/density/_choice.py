"""The choice between a partition, a histogram and a kernel density by a held-out score.

All settings are scored on the same folds by the least-squares score of `_cells`; the method and the
settings with the least mean are fitted to all rows. A partition needs two columns or more, and a
kernel density columns of numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from motifnet.engine import Matrix
from motifnet.further.density._axes import Axis, Codes, Values
from motifnet.further.density._cells import CellDensity, Grid, held_out_score, with_floor
from motifnet.further.density._partition import block_masses, classes_of, spectral_rows
from motifnet.further.density._smooth import CELLS, smoothed

FOLDS = 5
BINS = {
    1: (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256),
    2: (4, 8, 12, 16, 24, 32, 48, 64),
    3: (3, 4, 6, 8, 12, 16, 24),
}
BLOCKS = (2, 3, 4, 8)
RANK, RANKS = 2, (1, 4)  # the first that is tried, and those tried with the best blocks
# bandwidths in units of sd · n^(−1/(d + 4)), where Scott's rule has 1
WIDTHS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.3)
Method = Literal["partition", "histogram", "kde"]
NAMES = {"partition": "partition", "histogram": "histogram", "kde": "kernel density"}
Auto = Literal["cv"]  # left to the held-out score
CV: Auto = "cv"


@dataclass(frozen=True)
class Requested:
    """Settings of the user."""

    bins: int | Auto = CV
    blocks: int | Auto = CV
    rank: int | Auto = CV
    method: Method | Auto = CV


@dataclass(frozen=True)
class Candidate:
    """A method with settings: cells of each number column, and blocks and rank of a partition or
    the bandwidth factor of a kernel density. score: mean over folds.
    """

    method: Method
    bins: int
    blocks: int = 0
    rank: int = 0
    width: float = 0.0
    score: float = np.nan

    @property
    def settings(self) -> str:
        """In words."""
        if self.method == "kde":
            return f"bandwidth {self.width:g} times that of Scott's rule"
        blocks = f", {self.blocks} classes an axis, rank {self.rank}"
        return f"{self.bins} bins" + (blocks if self.method == "partition" else "")


@dataclass(frozen=True)
class Chosen:
    """The density of the best candidate. labels: classes of the bins, one array an axis; scores:
    the least of each method.
    """

    density: CellDensity
    labels: tuple[Codes, ...]
    candidate: Candidate
    scores: dict[str, float]


def choose(
    axes: tuple[Axis, ...], columns: Sequence[Values], requested: Requested, seed: int
) -> Chosen:
    """Score all candidates and fit the best to all rows."""
    scorer = _Scorer(axes, columns, seed)
    found = [
        candidate
        for method in _methods(axes, requested)
        for candidate in _searched(method, scorer, requested)
    ]
    best = min(found, key=lambda candidate: candidate.score)
    scores: dict[str, float] = {}
    for candidate in found:
        scores[candidate.method] = min(candidate.score, scores.get(candidate.method, np.inf))
    grid = Grid.of(axes, best.bins)
    masses, labels = _fitted(best, grid.counts(grid.codes(columns)), scorer.deviations)
    return Chosen(
        CellDensity(grid, with_floor(masses, len(columns[0]))), tuple(labels), best, scores
    )


class _Scorer:
    """Scores candidates on the same folds of the rows."""

    def __init__(self, axes: tuple[Axis, ...], columns: Sequence[Values], seed: int) -> None:
        n = len(columns[0])
        self.axes, self.columns = axes, columns
        self.folds = np.random.default_rng(seed).permutation(n) % min(FOLDS, n)
        # standard deviations in units of the range
        self.deviations = np.array(
            [
                values.std() / (axis.high - axis.low) if axis.levels is None else 0.0
                for axis, values in zip(axes, columns, strict=True)
            ]
        )
        self.splits: dict[Grid, list[tuple[Matrix, Matrix]]] = {}

    def __call__(self, candidate: Candidate) -> Candidate:
        """The candidate with its score."""
        grid = Grid.of(self.axes, candidate.bins)
        scores = []
        for counts, held_out in self._counts(grid):
            masses, _ = _fitted(candidate, counts, self.deviations)
            floored = with_floor(masses, int(counts.sum()))
            scores.append(held_out_score(floored, grid.measure, held_out))
        return replace(candidate, score=float(np.mean(scores)))

    def _counts(self, grid: Grid) -> list[tuple[Matrix, Matrix]]:
        """Of each fold: counts of the rows of the fit, and of those held out."""
        if grid not in self.splits:
            codes = grid.codes(self.columns)
            held_out = [
                grid.counts(codes[self.folds == fold]) for fold in range(self.folds.max() + 1)
            ]
            whole = np.sum(held_out, axis=0)
            self.splits[grid] = [(whole - part, part) for part in held_out]
        return self.splits[grid]


def _methods(axes: tuple[Axis, ...], requested: Requested) -> list[Method]:
    if requested.method != "cv":
        return [requested.method]
    found: list[Method] = ["histogram"]
    if all(axis.levels is None for axis in axes):
        found.append("kde")
    if len(axes) > 1:
        found.append("partition")
    return found


def _searched(method: Method, scorer: _Scorer, requested: Requested) -> list[Candidate]:
    """The candidates of a method with their scores."""
    d = len(scorer.axes)
    if method == "kde":
        return [scorer(Candidate(method, CELLS[d], width=width)) for width in WIDTHS]
    # levels alone have one grid
    sizes = BINS[d] if requested.bins == CV else (int(requested.bins),)
    grids = {Grid.of(scorer.axes, bins): bins for bins in sizes}
    if method == "histogram":
        return [scorer(Candidate(method, bins)) for bins in grids.values()]
    found = [
        scorer(Candidate(method, bins, k, RANK if requested.rank == CV else int(requested.rank)))
        for grid, bins in grids.items()
        for k in (BLOCKS if requested.blocks == CV else (int(requested.blocks),))
        # with a class for every bin a partition is the histogram
        if k < max(grid.bins) or requested.blocks != CV
    ]
    if requested.rank == CV and found:
        best = min(found, key=lambda candidate: candidate.score)
        found += [scorer(replace(best, rank=rank)) for rank in RANKS]
    return found


def _fitted(candidate: Candidate, counts: Matrix, deviations: Matrix) -> tuple[Matrix, list[Codes]]:
    """Masses, and the classes of the bins of each axis."""
    n, each = counts.sum(), [np.arange(size) for size in counts.shape]
    if candidate.method == "kde":
        scott = deviations * n ** (-1 / (counts.ndim + 4))
        return smoothed(counts, candidate.width * scott), each
    masses = counts / n
    if candidate.method == "histogram" or counts.ndim == 1:
        return masses, each
    points = spectral_rows(masses, candidate.rank)
    labels = classes_of(masses, points, candidate.blocks, candidate.rank)
    return block_masses(masses, labels), labels
