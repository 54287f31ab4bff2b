"""Kernels of trajectories.

Comes in: tracks of points, of any lengths. Goes out: Gram matrices for kernel methods, and networks
of fitted pipelines. Never knows about: tables of rows.
"""

from motifnet.further.trajectories._kernel import FrechetKernel, frechet_kernel
from motifnet.further.trajectories._mimic import mimic_tracks

__all__ = ["FrechetKernel", "frechet_kernel", "mimic_tracks"]
