"""Symmetric matrices by the values of their pairs of rows i < j, in the order of `torch.pdist`: half of the work of a square."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=8)
def _places(n: int) -> tuple[Tensor, Tensor]:
    """Where the pairs stand in the upper and in the lower triangle of n rows, as numbers of elements."""
    i, j = torch.triu_indices(n, n, 1)
    return i * n + j, j * n + i


def square(pairs: Tensor, n: int, diagonal: float) -> Tensor:
    """The symmetric matrix with shape (n, n) of values of pairs with shape (n (n − 1) / 2,)."""
    A = torch.full((n, n), diagonal, dtype=pairs.dtype)
    for places in _places(n):
        A.view(-1).scatter_(0, places, pairs)
    return A


def both_sides(A: Tensor) -> Tensor:
    """A_ij + A_ji of every pair: the gradient through a symmetric matrix, for its pairs."""
    upper, lower = (A.reshape(-1).index_select(0, places) for places in _places(len(A)))
    return upper.add_(lower)


def one_side(A: Tensor) -> Tensor:
    """A_ij of every pair."""
    return A.reshape(-1).index_select(0, _places(len(A))[0])
