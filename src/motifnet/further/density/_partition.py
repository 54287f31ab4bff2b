"""A partition of the rows and columns of a histogram into classes, in the sense of Szemerédi.

H is the histogram as a density relative to the uniform one, with shape (N, N) or (N, N, N). Its
weak regularity (Frieze and Kannan, Combinatorica 19, 1999) says that few classes of rows and of
columns make it constant on blocks, up to a small error in the cut norm. Classes need not be
intervals. Densities without smoothness by such partitions: Imaizumi, Maehara and Yoshida, AISTATS
2018 (PMLR 84). The steps here are a practical form of them, not their pseudo-code:

1. The leading singular vectors of each unfolding of H − 1, scaled by their singular values; a
   tensor is unfolded along each mode.
2. Ward's classes of these rows.
3. Least squares: bins move to the class whose block means are nearest, one axis after the other,
   until none moves. ‖H − block means‖² never rises.

The masses of a block are their mean over its cells, so that the sum is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from motifnet.engine import Matrix
from motifnet.further.density._axes import Codes

MAX_SWEEPS = 30


def spectral_rows(masses: Matrix, rank: int) -> list[Matrix]:
    """Of each axis, its bins as points with shape (bins, at most rank)."""
    excess = masses * masses.size - 1
    found = []
    for axis in range(masses.ndim):
        unfolded = np.moveaxis(excess, axis, 0).reshape(masses.shape[axis], -1)
        # the left singular vectors alone: their Gram matrix is small, also of a tensor
        values, vectors = np.linalg.eigh(unfolded @ unfolded.T)
        scaled = vectors * np.sqrt(np.maximum(values, 0))
        found.append(np.asarray(scaled[:, ::-1][:, :rank]))
    return found


def classes_of(masses: Matrix, points: Sequence[Matrix], blocks: int, rank: int) -> list[Codes]:
    """The class of each bin, one array an axis, numbered by their first bin."""
    labels = [_ward(rows[:, :rank], blocks) for rows in points]
    for _ in range(MAX_SWEEPS):
        moved = False
        for axis in range(masses.ndim):
            new = _nearest(masses, labels, axis)
            moved |= bool((new != labels[axis]).any())
            labels[axis] = new
        if not moved:
            break
    return labels


def block_masses(masses: Matrix, labels: Sequence[Codes]) -> Matrix:
    """Masses that are constant on blocks."""
    return np.asarray(_block_means(masses, labels)[np.ix_(*labels)])


def _block_means(masses: Matrix, labels: Sequence[Codes]) -> Matrix:
    for axis, label in enumerate(labels):
        members = _members(label)
        masses = np.moveaxis(np.tensordot(members, masses, (1, axis)), 0, axis)
    return masses


def _members(label: Codes) -> Matrix:
    """The averages over classes, with shape (classes, bins)."""
    each = np.eye(label.max() + 1)[label]
    return np.asarray((each / each.sum(0)).T)


def _nearest(masses: Matrix, labels: Sequence[Codes], axis: int) -> Codes:
    """The classes of the bins of one axis that fit them best, with the other axes in blocks."""
    others = [np.arange(masses.shape[axis]) if i == axis else x for i, x in enumerate(labels)]
    rows = np.moveaxis(_block_means(masses, others), axis, 0).reshape(masses.shape[axis], -1)
    sizes = np.ones(1)
    for i, label in enumerate(labels):
        if i != axis:
            sizes = np.multiply.outer(sizes, np.bincount(label))
    weighted = rows * np.sqrt(sizes.ravel())
    means = _members(labels[axis]) @ weighted
    distances = ((weighted[:, None] - means[None]) ** 2).sum(-1)
    best = distances.argmin(1)
    # a bin stays where another class is no nearer than rounding
    own = distances[np.arange(len(best)), labels[axis]]
    stays = own <= distances.min(1) * (1 + 1e-12)
    return _numbered(np.where(stays, labels[axis], best))


def _ward(points: Matrix, blocks: int) -> Codes:
    if len(points) <= blocks:
        return np.arange(len(points))
    return _numbered(fcluster(linkage(points, "ward"), blocks, "maxclust"))


def _numbered(labels: Codes) -> Codes:
    """Labels 0, 1, … in the order of their first bins."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)
