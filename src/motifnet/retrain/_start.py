"""Where feature learning starts: the kernel of a transferred network, and a λ that goes with it.

Amplitude and noise of a Gaussian process are in λ, which is chosen again by leave-out error.

Further profiles may stand beside those of the kernel, at its length scale s = mean_c a_c · median distance in the norm of c: a teacher has one
profile by custom, and not since the function is that smooth.
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


def beside(kernel: Kernel, profiles: tuple[str, ...], medians: dict[int, float]) -> Kernel:
    """A kernel with weights of sum 1, and as much weight as its own on those of the profiles that it lacks."""
    further = [name for name in profiles if name not in kernel.profiles]
    if not further:
        return kernel
    scale = np.mean([rate * medians[Kernel.norm(name)] for name, rate in zip(kernel.profiles, kernel.rates, strict=True)])
    weights = np.concatenate([kernel.weights / 2, np.full(len(further), 0.5 / len(further))])
    rates = np.concatenate([kernel.rates, [scale / medians[Kernel.norm(name)] for name in further]])
    return Kernel((*kernel.profiles, *further), weights, rates)


def starts_of(convex: FittedKernel, profiles: tuple[str, ...]) -> list[Start]:
    """The start of each fold from the choices of a kernel ridge regression, with a mixture of the profiles at its length scale."""
    return [Start(start_kernel(profiles, convex.medians, choice.scale), choice.ridge) for choice in convex.choices]
