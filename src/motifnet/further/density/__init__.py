"""Densities that need not be smooth.

Comes in: a table of numbers and categories. Goes out: a density that can be evaluated, drawn from
and looked at. Never knows about: targets, networks.
"""

from motifnet.further.density._density import PartitionDensity

__all__ = ["PartitionDensity"]
