"""Small networks that the transfers of fitted models are built from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.motifs import (
    Affine,
    Chain,
    Concat,
    Motif,
    Normalize,
    Parallel,
    Product,
    Select,
    Softmax,
)
from motifnet.teachers import Forest
from motifnet.transfer._transfer import affine, diagonal_affine, tensor, tree_network


def scaled(scale: Any, shift: Any = 0.0) -> Motif:
    """x · scale + shift in each column. A product with a diagonal matrix would carry a missing
    value into all columns, as 0 · NaN is NaN.
    """
    weight = np.atleast_1d(np.asarray(scale, dtype=np.float64))
    if len(weight) == 1:
        return affine(weight[:, None], shift)
    return diagonal_affine(weight, np.broadcast_to(shift, len(weight)))


def shifted(scale: Any, shift: Any) -> list[Motif]:
    """(x + shift) · scale in each column. The sum comes first, so that nothing cancels where x is
    far from 0.
    """
    weight = np.atleast_1d(scale)
    return [scaled(np.ones(len(weight)), shift), scaled(weight)]


def inverse(values: Any) -> Matrix:
    """1 / v in float64, also of float32 values."""
    return 1 / np.atleast_1d(np.asarray(values, dtype=np.float64))


def constant(values: Any) -> Motif:
    """The same values at every row, also with missing values: a tree of one leaf."""
    return tree_network(Forest.constant(np.asarray(values, dtype=np.float64)))


def total(width: int) -> Affine:
    """Σ_j x_j."""
    return affine(np.ones((width, 1)))


def chain(parts: Sequence[Motif]) -> Motif:
    """The parts one after the other; a single part as it is."""
    return parts[0] if len(parts) == 1 else Chain(list(parts))


def side_by_side(branches: Sequence[Motif]) -> Motif:
    """The outputs of the branches side by side; a single branch as it is."""
    return branches[0] if len(branches) == 1 else Concat(list(branches))


def weighted(weights: Any, branches: Sequence[Motif]) -> Motif:
    """Σ_b w_b f_b(x)."""
    return Parallel(tensor(weights), list(branches))


def times(left: Motif, right: Motif) -> Motif:
    """f(x) · g(x), element by element."""
    return Chain([Concat([left, right]), Product()])


def on_columns(columns: Sequence[int], body: Motif, width: int) -> Motif:
    """f of some of `width` columns; f itself where these are all in their order."""
    return (
        body
        if list(columns) == list(range(width))
        else Chain([Select([int(c) for c in columns]), body])
    )


def probabilities(logits: Motif, outputs: int) -> list[Motif]:
    """Probabilities of K classes from K logits, or of two classes from one."""
    return (
        [logits, affine(np.array([[0.0, 1.0]])), Softmax()] if outputs == 1 else [logits, Softmax()]
    )


def two_sided(p: Motif) -> list[Motif]:
    """(1 − p, p) of a probability."""
    return [p, affine(np.array([[-1.0, 1.0]]), [1.0, 0.0])]


def shares(K: int) -> list[Motif]:
    """p_k / Σ_l p_l, and 1 / K where all are 0."""
    return [Normalize("l1"), affine(np.eye(K) - 1 / K, 1 / K)]


def class_columns(known: Any, classes: Any) -> list[Motif]:
    """The map from columns of the classes that a member has seen to columns of all classes, with
    zeros for the others. Empty where it has seen all.
    """
    if len(known) == len(classes):
        return []
    weight = np.zeros((len(known), len(classes)))
    weight[np.arange(len(known)), np.searchsorted(classes, known)] = 1
    return [affine(weight)]
