"""The Gaussian kernel density with reflection at the ends of a box, on a fine grid.

Reflection of each point at all ends makes the kernel that of heat with no flow through the ends.
Its eigenfunctions are cosines: with a bandwidth h in units of the range,

    p = C⁻¹ [ exp(−½ π² k² h²) · (C counts)_k ] / n,    C the cosine transform of the cells

(Botev, Grotowski and Kroese, Annals of Statistics 38, 2010). It integrates to 1 on the box. The
grid has 2^10, 2^8 or 2^6 cells a side in one, two or three dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.fft import dctn, idctn

from motifnet.engine import Matrix

CELLS = {1: 1024, 2: 256, 3: 64}


def smoothed(counts: Matrix, bandwidths: Sequence[float]) -> Matrix:
    """Masses from counts; bandwidths in units of the range, one an axis."""
    spectrum = dctn(counts, norm="ortho")
    for axis, h in enumerate(bandwidths):
        damping = np.exp(-0.5 * (np.pi * h * np.arange(counts.shape[axis])) ** 2)
        shape = [1] * counts.ndim
        shape[axis] = -1
        spectrum = spectrum * damping.reshape(shape)
    # rounding leaves values of −1e-17 far from all points
    masses = np.maximum(idctn(spectrum, norm="ortho"), 0.0)
    return np.asarray(masses / masses.sum())
