"""Made-up rows for a bare network: where no encoder says what its columns hold, the network does.

Centres, thresholds, knots and limits of motifs that see all d columns lie where the data lie. Each column is drawn from its own such values, half of
them moved a little, so that both sides of thresholds and all pieces occur; a column without any is standard normal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from motifnet.motifs import Clip, Distance, Hinge, Motif, TreeEnsemble

Matrix = NDArray[np.float64]


def rows_for(network: Motif, d: int, n: int = 1000) -> Matrix:
    """Rows with shape (n, d), the same for the same network."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d)) * rng.choice([0.3, 1.0, 1.0, 3.0], (n, 1))
    for j, values in enumerate(_values(network, d)):
        if len(values):
            drawn, spread = rng.choice(values, n), values.std() or abs(float(values[0])) or 1.0
            X[:, j] = np.where(rng.random(n) < 0.5, drawn, drawn + 0.1 * spread * X[:, j])
    return X


def _values(network: Motif, d: int) -> list[Matrix]:
    """Values of each of the d columns that the network knows of."""
    found: list[list[Matrix]] = [[] for _ in range(d)]
    for motif in network.modules():
        for j, values in _known(motif, d):
            found[j].append(values[np.isfinite(values)])
    return [np.concatenate(parts) if parts else np.empty(0) for parts in found]


def _known(motif: object, d: int) -> Iterator[tuple[int, Matrix]]:
    if isinstance(motif, Distance) and motif.centres.shape[1] == d:
        yield from enumerate(motif.centres.detach().double().numpy().T)
    elif isinstance(motif, Hinge) and len(motif.knots) == d:
        yield from enumerate(motif.knots.detach().double().numpy())
    elif isinstance(motif, Clip) and motif.low.shape == motif.high.shape == (d,):
        yield from enumerate(np.stack([motif.low.double().numpy(), motif.high.double().numpy()], 1))
    elif isinstance(motif, TreeEnsemble):
        inner, feature = motif.left.numpy() != np.arange(len(motif.left)), motif.feature.numpy()
        threshold = motif.threshold.double().numpy()
        yield from ((j, threshold[inner & (feature == j)]) for j in range(d))
