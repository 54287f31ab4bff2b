"""Where feature learning starts: the kernel of a transferred network, and a λ that goes with it.

Amplitude and noise of a Gaussian process are in λ, which is chosen again by leave-out error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from motifnet.kernels import Kernel, best_ridge, start_kernel
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel, left_out_together

MOST_ROWS = 500  # by which λ is chosen


@dataclass(frozen=True)
class Start:
    """A kernel with weights of sum 1, and λ in units of it."""

    kernel: Kernel
    ridge: float

    @classmethod
    def of(cls, kernel: Kernel, sample: Sample, seed: int) -> Start:
        """The kernel with the λ of least leave-out error on some of the rows."""
        rows, blocks = left_out_together(sample, np.sort(np.random.default_rng([seed, 2]).permutation(sample.n)[:MOST_ROWS]))
        X, y, w = (torch.as_tensor(part[rows]) for part in (sample.X, sample.y, sample.weight))
        return cls(kernel, best_ridge(kernel.gram(X, X), y, w, blocks)[0])


def starts_of(convex: FittedKernel, profiles: tuple[str, ...]) -> list[Start]:
    """The start of each fold from the choices of a kernel ridge regression, with a mixture of the profiles at its length scale."""
    return [Start(start_kernel(profiles, convex.medians, choice.scale), choice.ridge) for choice in convex.choices]
