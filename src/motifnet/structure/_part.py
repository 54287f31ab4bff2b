"""A model as a part of the whole: what every kind of fit hands on, on whatever scale and behind whatever layer it was fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from motifnet.motifs import Motif
from motifnet.tables import Matrix


@dataclass(frozen=True, eq=False)
class Part:
    """A model as a network: its name, out-of-fold scores with shape (n, q), the network, and the same function in numpy; equal to itself alone."""

    name: str
    oof: Matrix
    network: Motif
    predict: Callable[[Matrix], Matrix]


def numpy_of(network: Motif, X: Matrix) -> Matrix:
    """The network at rows X with shape (n, d), in float64."""
    with torch.no_grad():
        return network(torch.as_tensor(X)).numpy()
