"""The transfer of fitted models: one function, dispatched on the type of the fitted model.

    transfer(fitted) -> Motif,   transfer(fitted)(X) = fitted.predict(X)   up to rounding

A family registers itself with `@transfer.register` in its own file; nothing else knows which
families exist. This file also has what all families share: float64 tensors of numpy weights, affine
maps in the layout of the libraries, and the error of a conversion that breaks its promise.

Linear models, additive splines, monotone ramps and boosted trees are teachers of this library.
Their transfers are here, and all are exact. A linear model is one affine layer. Boosted trees are
one tree ensemble for each output. Additive splines are a layer of piecewise-linear functions of
single columns, then their sum:

    f(x) = b + Σ_j [ β_j x_j + Σ_k δ_jk σ(x_j − t_jk) ]  =  b + Σ_j β_j t_j0 + Σ_j w_j(x_j)

with w_j(t_j0) = 0, derivative β_j before the first knot and δ_jk more after each (see
`motifs.Hinge`).
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Matrix, MotifnetError, UsageError
from motifnet.motifs import (
    Affine,
    Chain,
    Concat,
    Hinge,
    Motif,
    Parallel,
    Select,
    SparseAffine,
    TreeEnsemble,
)
from motifnet.teachers import (
    Additive,
    FittedLinear,
    FittedRamps,
    FittedSplines,
    FittedSum,
    FittedTrees,
    Forest,
)


@singledispatch
def transfer(fitted: object) -> Motif:
    """The network that computes what a fitted model predicts, from encoded rows with shape (n, d)
    to values with shape (n, q).
    """
    known = sorted(kind.__name__ for kind in transfer.registry if kind is not object)
    raise UsageError(
        f"There is no transfer to a network for {type(fitted).__name__}; there is one for "
        f"{', '.join(known) or 'nothing yet'}. "
        "Fit one of these, or register a transfer for your type with `@transfer.register`."
    )


def tensor(values: Any) -> Tensor:
    """A copy of the values in float64, since a broadcast view has strides of 0."""
    return torch.tensor(np.array(values, dtype=np.float64, order="C"))


def affine(weight: Any, bias: Any = 0.0) -> Affine:
    """x W + b with W of shape (in, out), and b of shape (out,) or a number."""
    W = np.atleast_2d(np.asarray(weight, dtype=np.float64))
    return Affine(
        tensor(W.T),
        tensor(np.broadcast_to(np.asarray(bias, dtype=np.float64).reshape(-1), W.shape[1])),
    )


def diagonal_affine(scale: Matrix, shift: Matrix) -> SparseAffine:
    """x · scale + shift in each column, both with shape (d,)."""
    return SparseAffine(torch.arange(len(scale))[:, None], tensor(scale[:, None]), tensor(shift))


class MimicryError(MotifnetError, ArithmeticError):
    """The network does not give the values of the estimator, and is not returned."""


@transfer.register
def _linear(fitted: FittedLinear) -> Motif:
    return Chain([affine(fitted.coef, fitted.intercept)], label="linear")


@transfer.register
def _splines(fitted: FittedSplines) -> Motif:
    outputs = [_spline_output(fitted.function, c) for c in range(len(fitted.function.intercept))]
    return outputs[0] if len(outputs) == 1 else Concat(outputs)


def _spline_output(function: Additive, c: int) -> Motif:
    """The network of output c."""
    knots, slopes = _segments(function, c)
    start = function.intercept[c] + knots[:, 0] @ function.linear[:, c]
    hinge = Hinge(torch.from_numpy(knots), torch.from_numpy(slopes))
    return Chain([hinge, affine(np.ones((len(knots), 1)), np.array([start]))], label="splines")


def _segments(function: Additive, c: int) -> tuple[Matrix, Matrix]:
    """Knots with shape (d, K + 1) and slopes with shape (d, K). Shorter columns repeat their last
    knot; a column without knots has one at 0.
    """
    d = len(function.linear)
    counts = np.bincount(function.columns, minlength=d)
    K = int(counts.max(initial=0)) + 1
    knots, slopes = np.zeros((d, K + 1)), np.repeat(function.linear[:, c : c + 1], K, axis=1)
    for j in np.flatnonzero(counts):
        mine = function.columns == j
        t = function.knots[mine]
        # a segment of no width before the first knot carries the slope β_j
        knots[j] = np.concatenate([t[:1], t, np.repeat(t[-1:], K - len(t))])
        steps = np.cumsum(function.changes[mine, c])
        slopes[j, 1:] += np.concatenate([steps, np.repeat(steps[-1:], K - 1 - len(t))])
    return knots, slopes


def tree_network(forest: Forest, single: bool = False) -> TreeEnsemble:
    """The network of a forest, with the same arrays; `single` rounds its sums to float32."""
    names = ("feature", "threshold", "left", "right", "roots", "values")
    return TreeEnsemble(
        depth=forest.depth,
        single=single,
        **{name: torch.as_tensor(getattr(forest, name)) for name in names},
    )


@transfer.register
def _trees(fitted: FittedTrees) -> Motif:
    networks: list[Motif] = [tree_network(forest) for forest in fitted.forests]
    return Chain(networks if len(networks) == 1 else [Concat(networks)], label="trees")


@transfer.register
def _ramps(fitted: FittedRamps) -> Motif:
    outputs: list[Motif] = []
    for c, start in enumerate(fitted.intercept):
        hinge = Hinge(tensor(fitted.knots), tensor(fitted.slopes[:, :, c]))
        last = affine(np.ones((len(fitted.knots), 1)), np.array([start]))
        outputs.append(Chain([hinge, last], label="monotone ramps"))
    return outputs[0] if len(outputs) == 1 else Concat(outputs)


@transfer.register
def _sum(fitted: FittedSum) -> Motif:
    branches: list[Motif] = [
        Chain([Select(columns.tolist()), transfer(part)])
        for part, columns in zip(fitted.parts, fitted.inputs, strict=True)
    ]
    return Parallel(tensor(np.ones(len(branches))), branches)
