"""The one table of radial profiles, by their smoothness p: Matérn's with ν = p + ½, and the Gaussian, which is their limit.

    φ_p(t) = π_p(s) e^{-s},   s = √(2p + 1) t,   π_0 = 1,   π_1 = 1 + s,   π_2 = 1 + s + s²/3;       gaussian e^{-t²}

Whoever computes a profile, in numpy, torch, ONNX or as a relu network, asks this table what a name means; an unknown name is an error everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError

Matrix = NDArray[np.float64]
SMOOTHNESS: dict[str, int | None] = {"laplace": 0, "gaussian": None, "matern32": 1, "matern52": 2}
ALIASES = {"laplace1": "laplace", "laplace2": "laplace"}  # by the norm of their distances


def smoothness(name: str) -> int | None:
    """The p of a profile, None for the Gaussian."""
    known = ALIASES.get(name, name)
    if known not in SMOOTHNESS:
        raise UsageError(f"There is no radial profile {name!r}. Take one of {', '.join((*SMOOTHNESS, *ALIASES))}.")
    return SMOOTHNESS[known]


def polynomial(p: int, s: Any) -> Any:
    """π_p(s) of arrays or tensors."""
    if p == 0:
        return 1
    return 1 + s if p == 1 else 1 + s + s * s / 3


def profile_values(name: str, t: Matrix) -> Matrix:
    """φ(t) in numpy."""
    p = smoothness(name)
    if p is None:
        return np.exp(-t * t)
    s = np.sqrt(2 * p + 1) * t
    return np.asarray(polynomial(p, s) * np.exp(-s))
