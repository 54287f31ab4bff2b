"""The kernel of many pairs of tracks, in groups of equal lengths and chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.further.trajectories._alignments import drawn_alignments
from motifnet.further.trajectories._soft_minimum import exact_mean, sampled_mean
from motifnet.further.trajectories._tracks import Tracks

Index = NDArray[np.int64]
MAX_NUMBERS = 4_000_000  # in the largest array of a chunk
NODES = 64  # of the quadrature of an exact value, roughly
MAX_POINTS = 1_000  # that the median is taken from


@dataclass(frozen=True)
class PairKernel:
    """The kernel of two tracks; n_alignments: None for the exact value."""

    gamma: float
    beta: float
    n_alignments: int | None
    seed: int

    def gram(self, tracks: Tracks) -> Matrix:
        """Of all pairs, symmetric with shape (n, n)."""
        i, j = np.triu_indices(len(tracks))
        found = np.empty((len(tracks), len(tracks)))
        found[i, j] = found[j, i] = self.pairs(tracks, tracks, i, j)
        return found

    def cross(self, first: Tracks, second: Tracks) -> Matrix:
        """Of all pairs, with shape (n1, n2)."""
        i, j = np.indices((len(first), len(second))).reshape(2, -1)
        return self.pairs(first, second, i, j).reshape(len(first), len(second))

    def of_itself(self, tracks: Tracks) -> Matrix:
        """Of each track and itself."""
        each = np.arange(len(tracks))
        return self.pairs(tracks, tracks, each, each)

    def pairs(self, first: Tracks, second: Tracks, i: Index, j: Index) -> Matrix:
        """Of the pairs (first[i], second[j])."""
        found = np.empty(len(i))
        for (n, m), chunk in self._chunks(first, second, i, j):
            x = np.stack([first[k] for k in i[chunk]])
            y = np.stack([second[k] for k in j[chunk]])
            similar = np.exp(-_squared_distances(x, y) / self.gamma)
            if self.n_alignments is None:
                found[chunk] = exact_mean(similar, self.beta)
            else:
                paths = drawn_alignments(n, m, self.n_alignments, self.seed)
                found[chunk] = sampled_mean(similar, paths, self.beta)
        return found

    def _chunks(
        self, first: Tracks, second: Tracks, i: Index, j: Index
    ) -> Iterator[tuple[tuple[int, int], Index]]:
        lengths = np.array([len(track) for track in first])[i]
        others = np.array([len(track) for track in second])[j]
        order = np.lexsort((others, lengths))
        changes = (np.diff(lengths[order]) != 0) | (np.diff(others[order]) != 0)
        for group in np.split(order, np.flatnonzero(changes) + 1):
            n, m = int(lengths[group[0]]), int(others[group[0]])
            if self.n_alignments is None:
                each = n * m * NODES
            else:
                each = max(n * m, self.n_alignments * (n + m if np.isinf(self.beta) else 2))
            size = max(1, MAX_NUMBERS // each)
            for start in range(0, len(group), size):
                yield (n, m), group[start : start + size]


def median_gamma(tracks: Tracks, rng: np.random.Generator) -> float:
    """The median of the squared distances of points of different tracks, from a random part of
    them. Of one track: of its own points.
    """
    points = np.concatenate(tracks)
    owner = np.repeat(np.arange(len(tracks)), [len(track) for track in tracks])
    part = rng.permutation(len(points))[:MAX_POINTS]
    distances = _squared_distances(points[None, part], points[None, part])[0]
    pairs = (
        owner[part][:, None] != owner[part] if len(tracks) > 1 else ~np.eye(len(part), dtype=bool)
    )
    return float(np.median(distances[pairs])) if pairs.any() else 0.0


def _squared_distances(x: Matrix, y: Matrix) -> Matrix:
    """With shape (pairs, n, m), of x (pairs, n, d) and y (pairs, m, d)."""
    found = np.zeros((len(x), x.shape[1], y.shape[1]))
    for k in range(x.shape[2]):
        found += (x[:, :, None, k] - y[:, None, :, k]) ** 2
    return found
