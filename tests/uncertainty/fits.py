"""Rows with noise that grows, which intervals and bands are fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motifnet.engine import Matrix

GOLDEN = Path(__file__).parents[1] / "golden"


def rows(n: int, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Noise that grows with the second column."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, np.sin(2 * X[:, 0]) + (0.1 + 0.4 * np.abs(X[:, 1])) * rng.standard_normal(n)
