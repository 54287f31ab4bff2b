"""Kernels of trajectories: see `frechet_kernel` and `FrechetKernel`."""

from motifnet.further.trajectories import FrechetKernel, frechet_kernel, mimic_tracks

__all__ = ["FrechetKernel", "frechet_kernel", "mimic_tracks"]
