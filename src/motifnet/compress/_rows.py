"""Rows to distil on: those that a network carries itself, and mixed ones.

A kernel network holds the rows of its fit as centres, behind layers that can be undone: monotone warps, affine maps of full rank such as scalers, and
small residual blocks, by the fixed point of z = z' − f(z); limits leave them as they are. At these rows its values follow the noise of the targets;
from pairs of rows the student learns the function between them.
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

from motifnet.motifs import Affine, Chain, Clip, Concat, Distance, Hinge, Identity, Motif, Parallel, Precise, Residual, Select, SparseAffine, parts_of
from motifnet.tables import Matrix

NEARER, SWAPPED, SAME, ROUNDS = 0.5, 0.3, 1e-6, 200
ANY_TWO, NEIGHBOURS = 0.4, 10
_AFFINE = (Affine, Identity, Select, SparseAffine)


def own_rows(network: Motif, d: int) -> Matrix | None:
    """Different rows with shape (n, d) that the network carries as centres; None where it carries none."""
    found = list(_carried(network, d, ()))
    if not found:
        return None
    rows = found[0]
    for more in found[1:]:
        rows = np.concatenate([rows, more[~among(more, rows)]])
    return rows


def _carried(motif: nn.Module, d: int, front: tuple[Motif, ...]) -> Iterator[Matrix]:
    """Centres of distances that see the columns themselves, or what the layers in front make of them."""
    if isinstance(motif, Distance):
        rows = _undone(front, motif.centres.detach().double().numpy(), d)
        if rows is not None and rows.shape[1] == d and len(rows):
            yield rows
        return
    if not isinstance(motif, Chain | Precise):
        for part in motif.children():
            yield from _carried(part, d, front)
        return
    for part in parts_of(motif):
        if not isinstance(part, Clip | Hinge | Residual) and not _is_affine(part):
            yield from _carried(part, d, front)
            return
        front = (*front, part)


def _is_affine(part: nn.Module) -> bool:
    """Whether it is put together from affine maps alone."""
    inner = list(part.children())
    return all(map(_is_affine, inner)) if isinstance(part, Chain | Concat | Parallel) and inner else isinstance(part, _AFFINE)


def _undone(front: tuple[Motif, ...], Z: Matrix, d: int) -> Matrix | None:
    """The rows with d columns that these layers send to Z, as far as they are found; None where a layer cannot be undone."""
    widths = [d]
    for part in front:
        widths.append(part.outputs(widths[-1]))
    if Z.shape[1] != widths[-1]:
        return None
    for part, width in zip(reversed(front), reversed(widths[:-1]), strict=True):
        rows = _before(part, Z, width)
        if rows is None:
            return None
        Z = rows
    return Z


def _before(part: Motif, Z: Matrix, width: int) -> Matrix | None:
    """What one layer sends to Z."""
    if isinstance(part, Hinge):
        return unwarped(part, Z)
    if isinstance(part, Clip):
        return Z[(part(torch.as_tensor(Z)).numpy() == Z).all(1)]
    return before_residual(part, Z) if isinstance(part, Residual) else before_affine(part, Z, width)


@torch.no_grad()
def before_affine(part: Motif, Z: Matrix, width: int) -> Matrix | None:
    """The rows x with `width` columns and W xᵀ + b = Z, by least squares; None where W lacks full rank."""
    b = part(torch.zeros(1, width, dtype=torch.float64)).numpy()
    W = part(torch.eye(width, dtype=torch.float64)).numpy() - b  # row j: what column j adds
    scale = np.abs(W).max(1, keepdims=True)  # columns in units of their own: a rank that does not depend on them
    if not scale.all() or np.linalg.matrix_rank(W / scale) < width:
        return None
    return np.asarray(np.linalg.lstsq((W / scale).T, (Z - b).T, rcond=None)[0].T / scale.T)


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
