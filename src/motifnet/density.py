"""Densities that need not be smooth: see `PartitionDensity`."""

from motifnet.further.density import PartitionDensity

__all__ = ["PartitionDensity"]
