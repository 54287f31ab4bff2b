"""Rows to distil on: those that a network carries, and mixtures of them.

A kernel network holds the rows of its fit as centres, after layers that have an inverse: monotone
warps, affine maps of full rank such as scalers, limits, and small residual blocks. The inverse of a
residual block is the fixed point of z = z' − f(z).

At its own rows the network follows the noise of the targets. From pairs of rows the student learns
the function between them. Two rows x, x' drawn at random give x + t (x' − x), or some columns of x
and the others of x'; these fill the box. Two neighbours give points between them, where rows are
dense.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import nn

from motifnet.engine import Matrix
from motifnet.motifs import (
    Affine,
    Chain,
    Clip,
    Concat,
    Distance,
    Hinge,
    Identity,
    Motif,
    Parallel,
    Precise,
    Residual,
    Select,
    SparseAffine,
    parts_of,
)

MAX_SHARE = 0.5  # of the way from the first row of a pair to the second
SWAPPED = 0.3  # share of columns that come from the second row
ANY_TWO = 0.4  # share of the mixtures that are of rows drawn at random
NEIGHBOURS = 10
SAME = 1e-6  # distance below which two rows are equal
MAX_ITERATIONS = 200  # of the fixed point
_AFFINE = (Affine, Identity, Select, SparseAffine)


def own_rows(network: Motif, d: int) -> Matrix | None:
    """The distinct rows with shape (n, d) that the network carries as centres, or None."""
    found = list(_carried(network, d, ()))
    if not found:
        return None
    rows = found[0]
    for more in found[1:]:
        rows = np.concatenate([rows, more[~among(more, rows)]])
    return rows


def _carried(motif: nn.Module, d: int, layers: tuple[Motif, ...]) -> Iterator[Matrix]:
    """Centres of distances, as rows of the input; `layers` stand between the input and `motif`."""
    if isinstance(motif, Distance):
        rows = _undone(layers, motif.centres.detach().double().numpy(), d)
        if rows is not None and rows.shape[1] == d and len(rows):
            yield rows
        return
    if not isinstance(motif, Chain | Precise):
        for part in motif.children():
            yield from _carried(part, d, layers)
        return
    for part in parts_of(motif):
        if not isinstance(part, Clip | Hinge | Residual) and not _is_affine(part):
            yield from _carried(part, d, layers)
            return
        layers = (*layers, part)


def _is_affine(part: nn.Module) -> bool:
    """Whether it consists of affine maps only."""
    inner = list(part.children())
    return (
        all(map(_is_affine, inner))
        if isinstance(part, Chain | Concat | Parallel) and inner
        else isinstance(part, _AFFINE)
    )


def _undone(layers: tuple[Motif, ...], Z: Matrix, d: int) -> Matrix | None:
    """The rows with d columns that the layers map to Z; None where a layer has no inverse. Rows
    that are not found are left out.
    """
    widths = [d]
    for part in layers:
        widths.append(part.outputs(widths[-1]))
    if Z.shape[1] != widths[-1]:
        return None
    for part, width in zip(reversed(layers), reversed(widths[:-1]), strict=True):
        rows = _before(part, Z, width)
        if rows is None:
            return None
        Z = rows
    return Z


def _before(part: Motif, Z: Matrix, width: int) -> Matrix | None:
    """The rows that one layer maps to Z."""
    if isinstance(part, Hinge):
        return unwarped(part, Z)
    if isinstance(part, Clip):
        return Z[(part(torch.as_tensor(Z)).numpy() == Z).all(1)]
    return before_residual(part, Z) if isinstance(part, Residual) else before_affine(part, Z, width)


@torch.no_grad()
def before_affine(part: Motif, Z: Matrix, width: int) -> Matrix | None:
    """The rows x with `width` columns and W xᵀ + b = Z, by least squares; None where W does not
    have full rank.
    """
    b = part(torch.zeros(1, width, dtype=torch.float64)).numpy()
    W = part(torch.eye(width, dtype=torch.float64)).numpy() - b  # row j: what column j adds
    # the rank must not depend on the units of the columns
    scale = np.abs(W).max(1, keepdims=True)
    if not scale.all() or np.linalg.matrix_rank(W / scale) < width:
        return None
    return np.asarray(np.linalg.lstsq((W / scale).T, (Z - b).T, rcond=None)[0].T / scale.T)


@torch.no_grad()
def before_residual(block: Residual, Z: Matrix) -> Matrix:
    """The rows z with z + f(z) = Z, by fixed-point iteration, which converges where f changes less
    than z does. Rows that are not found are left out.
    """
    goal = torch.as_tensor(Z)
    z = goal
    for _ in range(MAX_ITERATIONS):
        z = goal - block.body(z)
    found = (z + block.body(z) - goal).abs().amax(1) <= SAME**2 * (1 + goal.abs().amax(1))
    return np.asarray(z[found].numpy())


def unwarped(hinge: Hinge, Z: Matrix) -> Matrix:
    """The rows x with hinge(x) = Z; slopes are positive."""
    knots, slopes = hinge.knots.double().numpy(), hinge.slopes.detach().double().numpy()
    ends = np.concatenate(
        [np.zeros((len(knots), 1)), np.cumsum(slopes * np.diff(knots, axis=1), axis=1)], axis=1
    )
    columns = []
    for z, t, w, s in zip(Z.T, knots, ends, slopes, strict=True):
        inside = np.interp(z, w, t)
        columns.append(inside + np.minimum(z - w[0], 0) / s[0] + np.maximum(z - w[-1], 0) / s[-1])
    return np.stack(columns, axis=1)


def mixed_rows(X: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """`count` mixtures of pairs of rows of X with shape (n, d): of neighbours first, then of any
    two rows.
    """
    apart = round(ANY_TWO * count)
    return np.concatenate([_of_neighbours(X, count - apart, rng), _of_any_two(X, apart, rng)])


def _of_any_two(X: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """One half lies between two rows; the other half takes each column from either row."""
    first, second = X[rng.integers(len(X), size=count)], X[rng.integers(len(X), size=count)]
    two_valued = is_two_valued(X)
    share = np.where(two_valued, 0.0, rng.uniform(0, MAX_SHARE, size=(count, 1)))
    swapped = rng.random(first.shape) < SWAPPED
    # indicators of one category stay together
    swapped[:, two_valued] = rng.random((count, 1)) < SWAPPED
    share[count // 2 :] = swapped[count // 2 :]
    return np.asarray(first + share * (second - first))


def _of_neighbours(X: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """Points between a row and one of its neighbours; indicators come from either."""
    near = KDTree(X).query(X, min(NEIGHBOURS + 1, len(X)))[1][:, 1:]
    chosen = rng.integers(len(X), size=count)
    first, second = X[chosen], X[near[chosen, rng.integers(near.shape[1], size=count)]]
    share = np.where(is_two_valued(X), rng.random((count, 1)) < 0.5, rng.random((count, 1)))
    return np.asarray(first + share * (second - first))


def is_two_valued(X: Matrix) -> NDArray[np.bool_]:
    """True, with shape (d,), for columns with at most two values."""
    return np.array([len(np.unique(column)) <= 2 for column in X.T])


def among(rows: Matrix, others: Matrix) -> NDArray[np.bool_]:
    """True, with shape (n,), where a row is one of the others, up to the rounding of an inverse
    warp.
    """
    return np.asarray(KDTree(others).query(rows)[0] < SAME)
