"""Kernels of trajectories.

Comes in: tracks of points, of any lengths. Goes out: Gram matrices for kernel methods. Never knows
about: labels, networks.
"""

from motifnet.further.trajectories._kernel import FrechetKernel, frechet_kernel

__all__ = ["FrechetKernel", "frechet_kernel"]
