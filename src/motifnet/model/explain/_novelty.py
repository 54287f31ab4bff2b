"""The position of a row by the trained kernel of the network: among the rows of the fit, on one of
them, or outside.

    ν(x) = 1 − max_i k(x, x_i) / k(x, x)
    k: features of a kernel part, warps, trunk and linear map included; x_i: its centres

The distance in the feature space is √(2ν), so that columns count as much as in the network. The
reference is ν of the centres to their nearest other centre. A row is outside if its ν is above that
of 99 % of them; of rows like those of the fit, one in a hundred is. A row is a near copy if its ν
is at most a hundredth of the median.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from motifnet.compress import own_rows
from motifnet.engine import Matrix
from motifnet.motifs import Affine, Chain, Distance, Hinge, Motif, Radial

USUAL, COPY, COMPARED, BLOCK, SAME = 0.99, 0.01, 1_000, 256, 1e-9


@dataclass(frozen=True)
class Novelty:
    """The distance of each row from those of the fit, by the trained kernel.

    Attributes
    ----------
    value : array with shape (n,)
        The distance ν.
    outside : float
        Rows above it extrapolate.
    copy : float
        Rows up to it are near-duplicates of a row of the fit.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> rows = model.explain(X[:20]).rows
    >>> rows.value.shape
    (20,)
    """

    value: Matrix
    outside: float
    copy: float

    @property
    def extrapolates(self) -> NDArray[np.bool_]:
        """Rows outside the data in the trained metric, with shape (n,)."""
        return np.asarray(self.value > self.outside)

    @property
    def duplicates(self) -> NDArray[np.bool_]:
        """Rows that nearly equal a row of the fit, with shape (n,)."""
        return np.asarray(self.value <= self.copy)


def novelty(network: Motif, X: Matrix, *, own: bool, seed: int) -> Novelty | None:
    """ν of rows X with shape (n, d); None for a network without a kernel part.

    With `own` the rows are of the fit, and each is compared with the others.
    """
    rows, features = own_rows(network, X.shape[1]), next(_features(network, X.shape[1]), None)
    if rows is None or features is None or len(rows) < 3:
        return None
    some = rows[np.random.default_rng([seed, 13]).permutation(len(rows))[:COMPARED]]
    usual = _nearest(features, some, own=True)
    return Novelty(
        _nearest(features, X, own=own),
        float(np.quantile(usual, USUAL)),
        COPY * float(np.median(usual)),
    )


def _features(motif: nn.Module, d: int) -> Iterator[Motif]:
    """The feature maps of the kernel parts that see all d columns, the trained ones first."""
    chains = [part for part in motif.modules() if isinstance(part, Chain) and _is_kernel(part, d)]
    for chain in sorted(chains, key=lambda chain: not isinstance(chain.parts[0], Hinge)):
        yield Chain(list(chain.parts)[:-1])


def _is_kernel(chain: Chain, d: int) -> bool:
    """Whether the last layer weighs kernel values, one a centre, of distances in the layer before.

    The distances include those of an input layer.
    """
    if len(chain.parts) < 2 or any(
        isinstance(p, Distance) for part in chain.parts[:-2] for p in part.modules()
    ):
        return False
    units, last = chain.parts[-2:]
    values = last.weight.shape[1] if isinstance(last, Affine) else 0
    return any(
        isinstance(part, Distance) and part.centres.shape == (values, d) for part in units.modules()
    )


def _nearest(features: Motif, X: Matrix, *, own: bool) -> Matrix:
    """ν with shape (n,). With `own`, a row that is a centre is compared with the other centres."""
    top = float(
        sum(part.weights.detach().sum() for part in features.modules() if isinstance(part, Radial))
    )
    found = []
    with torch.inference_mode():
        for start in range(0, len(X), BLOCK):
            K = features(torch.tensor(X[start : start + BLOCK], dtype=torch.float64))
            found.append(1 - K.topk(2, dim=1).values.numpy() / top)
    first, second = np.clip(np.concatenate(found), 0, 1).T
    return np.where(own & (first < SAME), second, first)
