"""Small networks that the transfers of fitted models are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry._trees import tree_network
from motifnet.motifs import Affine, Chain, Concat, Motif, Normalize, Parallel, Product, Select, Softmax, SparseAffine
from motifnet.tables import Matrix
from motifnet.teachers import Forest


def scaled(scale: Any, shift: Any = 0.0) -> Motif:
    """x · scale + shift in each column by itself: a product with a diagonal matrix carries a missing value into all columns, as 0 · NaN is NaN."""
    weight = np.atleast_1d(np.asarray(scale, dtype=np.float64))
    if len(weight) == 1:
        return affine(weight[:, None], shift)
    return SparseAffine(torch.arange(len(weight))[:, None], tensor(weight[:, None]), tensor(np.broadcast_to(shift, len(weight))))


def shifted(scale: Any, shift: Any) -> list[Motif]:
    """(x + shift) · scale in each column, the sum first: where x is far from 0 nothing cancels."""
    weight = np.atleast_1d(scale)
    return [scaled(np.ones(len(weight)), shift), scaled(weight)]


def inverse(values: Any) -> Matrix:
    """1 / v in float64, also of what a fit on float32 rows keeps in float32."""
    return 1 / np.atleast_1d(np.asarray(values, dtype=np.float64))


def constant(values: Any) -> Motif:
    """The same values at every row, whatever is missing in it: a tree of one leaf."""
    return tree_network(Forest.constant(np.asarray(values, dtype=np.float64)))


def total(width: int) -> Affine:
    """Σ_j x_j."""
    return affine(np.ones((width, 1)))


def chain(parts: Sequence[Motif]) -> Motif:
    """One after the other; a single one stays as it is."""
    return parts[0] if len(parts) == 1 else Chain(list(parts))


def beside(branches: Sequence[Motif]) -> Motif:
    """Outputs side by side; a single one stays as it is."""
    return branches[0] if len(branches) == 1 else Concat(list(branches))


def weighted(weights: Any, branches: Sequence[Motif]) -> Motif:
    """Σ_b w_b f_b(x)."""
    return Parallel(tensor(weights), list(branches))


def times(left: Motif, right: Motif) -> Motif:
    """f(x) · g(x), each value by itself."""
    return Chain([Concat([left, right]), Product()])


def on_columns(columns: Sequence[int], body: Motif, width: int) -> Motif:
    """f of some columns of `width`; of all in their order, f itself."""
    return body if list(columns) == list(range(width)) else Chain([Select([int(c) for c in columns]), body])


def probabilities(logits: Motif, outputs: int) -> list[Motif]:
    """Probabilities of K classes from K logits, or of two classes from one."""
    return [logits, affine(np.array([[0.0, 1.0]])), Softmax()] if outputs == 1 else [logits, Softmax()]


def two_sided(p: Motif) -> list[Motif]:
    """(1 − p, p) of a probability."""
    return [p, affine(np.array([[-1.0, 1.0]]), [1.0, 0.0])]


def shares(K: int) -> list[Motif]:
    """p_k / Σ_l p_l, and 1 / K where all are 0."""
    return [Normalize("l1"), affine(np.eye(K) - 1 / K, 1 / K)]


def known_classes(known: Any, classes: Any) -> list[Motif]:
    """Columns of the classes that a member has seen in their places among all classes, zeros for the others; nothing where it has seen all."""
    if len(known) == len(classes):
        return []
    places = np.zeros((len(known), len(classes)))
    places[np.arange(len(known)), np.searchsorted(classes, known)] = 1
    return [affine(places)]
