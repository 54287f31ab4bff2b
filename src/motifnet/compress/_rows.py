"""Rows to distil on: those that a network carries itself, and mixed ones.

A kernel network holds the rows of its fit as centres, behind monotone warps and small residual blocks that can be undone, the latter by the fixed
point of z = z' − f(z). At these rows its values follow the noise of the targets; from pairs of rows the student learns the function between them.
Of any two rows x, x' come x + t (x' − x), or some columns of x and the others of x': the whole box. Of neighbours come points between them: where
rows are dense.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import nn

from motifnet.motifs import Chain, Distance, Hinge, Motif, Residual
from motifnet.tables import Matrix

NEARER, SWAPPED, SAME, ROUNDS = 0.5, 0.3, 1e-6, 200
ANY_TWO, NEIGHBOURS = 0.4, 10


def own_rows(network: Motif, d: int) -> Matrix | None:
    """Different rows with shape (n, d) that the network carries as centres; None where it carries none."""
    found = list(_carried(network, d, ()))
    if not found:
        return None
    rows = found[0]
    for more in found[1:]:
        rows = np.concatenate([rows, more[~among(more, rows)]])
    return rows


def _carried(motif: nn.Module, d: int, front: tuple[Hinge | Residual, ...]) -> Iterator[Matrix]:
    """Centres of distances that see the columns themselves, or what the layers in front make of them."""
    if isinstance(motif, Distance):
        centres = motif.centres.detach().double().numpy()
        if centres.shape[1] == d and len(rows := _undone(front, centres)):
            yield rows
        return
    if not isinstance(motif, Chain):
        for part in motif.children():
            yield from _carried(part, d, front)
        return
    for part in motif.parts:
        if not isinstance(part, Hinge | Residual):
            yield from _carried(part, d, front)
            return
        front = (*front, part)


def _undone(front: tuple[Hinge | Residual, ...], Z: Matrix) -> Matrix:
    """The rows that these layers send to Z, as far as they are found."""
    for part in reversed(front):
        Z = unwarped(part, Z) if isinstance(part, Hinge) else before_residual(part, Z)
    return Z


@torch.no_grad()
def before_residual(block: Residual, Z: Matrix) -> Matrix:
    """The rows z with z + f(z) = Z by fixed-point iteration, which finds them where f changes less than z does; rows not found are left out."""
    goal = torch.as_tensor(Z)
    z = goal
    for _ in range(ROUNDS):
        z = goal - block.body(z)
    found = (z + block.body(z) - goal).abs().amax(1) <= SAME**2 * (1 + goal.abs().amax(1))
    return np.asarray(z[found].numpy())


def unwarped(hinge: Hinge, Z: Matrix) -> Matrix:
    """The rows x with hinge(x) = Z; slopes are positive."""
    knots, slopes = hinge.knots.double().numpy(), hinge.slopes.detach().double().numpy()
    ends = np.concatenate([np.zeros((len(knots), 1)), np.cumsum(slopes * np.diff(knots, axis=1), axis=1)], axis=1)
    columns = []
    for z, t, w, s in zip(Z.T, knots, ends, slopes, strict=True):
        inside = np.interp(z, w, t)
        columns.append(inside + np.minimum(z - w[0], 0) / s[0] + np.maximum(z - w[-1], 0) / s[-1])
    return np.stack(columns, axis=1)


def mixed_rows(X: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """`count` rows from pairs of rows of X with shape (n, d): from neighbours first, then from any two."""
    apart = round(ANY_TWO * count)
    return np.concatenate([_of_neighbours(X, count - apart, rng), _of_any_two(X, apart, rng)])


def _of_any_two(X: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """Half of them between the two, half with columns of either."""
    first, second = X[rng.integers(len(X), size=count)], X[rng.integers(len(X), size=count)]
    two_valued = is_two_valued(X)
    share = np.where(two_valued, 0.0, rng.uniform(0, NEARER, size=(count, 1)))
    swapped = rng.random(first.shape) < SWAPPED
    swapped[:, two_valued] = rng.random((count, 1)) < SWAPPED  # indicators of one category stay together
    share[count // 2 :] = swapped[count // 2 :]
    return np.asarray(first + share * (second - first))


def _of_neighbours(X: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """Between a row and one of its neighbours, indicators of either."""
    near = KDTree(X).query(X, min(NEIGHBOURS + 1, len(X)))[1][:, 1:]
    chosen = rng.integers(len(X), size=count)
    first, second = X[chosen], X[near[chosen, rng.integers(near.shape[1], size=count)]]
    share = np.where(is_two_valued(X), rng.random((count, 1)) < 0.5, rng.random((count, 1)))
    return np.asarray(first + share * (second - first))


def is_two_valued(X: Matrix) -> NDArray[np.bool_]:
    """True, with shape (d,), for columns with at most two values."""
    return np.array([len(np.unique(column)) <= 2 for column in X.T])


def among(rows: Matrix, others: Matrix) -> NDArray[np.bool_]:
    """True, with shape (n,), where a row is one of the others, up to the rounding of a warp that is undone."""
    return np.asarray(KDTree(others).query(rows)[0] < SAME)
