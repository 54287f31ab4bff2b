"""Additive splines as networks: a layer of piecewise-linear functions of single columns, then their sum.

    f(x) = b + Σ_j [ β_j x_j + Σ_k δ_jk σ(x_j − t_jk) ]  =  b + Σ_j β_j t_j0 + Σ_j w_j(x_j)

with w_j(t_j0) = 0, slope β_j before the first knot and δ_jk more after each (see motifs.Hinge). Exact.
"""

from __future__ import annotations

import numpy as np
import torch

from motifnet.mimicry._affine import affine
from motifnet.mimicry._base import transfer
from motifnet.motifs import Chain, Concat, Hinge, Motif
from motifnet.tables import Matrix
from motifnet.teachers import Additive, FittedSplines


@transfer.register
def _(fitted: FittedSplines) -> Motif:
    outputs = [_output(fitted.function, c) for c in range(len(fitted.function.intercept))]
    return outputs[0] if len(outputs) == 1 else Concat(outputs)


def _output(function: Additive, c: int) -> Motif:
    """The network of output c."""
    knots, slopes = _segments(function, c)
    start = function.intercept[c] + knots[:, 0] @ function.linear[:, c]
    hinge = Hinge(torch.from_numpy(knots), torch.from_numpy(slopes))
    return Chain([hinge, affine(np.ones((len(knots), 1)), np.array([start]))], label="splines")


def _segments(function: Additive, c: int) -> tuple[Matrix, Matrix]:
    """Knots with shape (d, K + 1) and slopes with shape (d, K): shorter columns repeat their last knot, a column without knots has one at 0."""
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
