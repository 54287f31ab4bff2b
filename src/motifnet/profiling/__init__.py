"""What theory says of a table, as findings that change settings: noise, smoothness, jumps, dimension, symmetry, width.

Comes in: a table and its target. Goes out: a `Profile` of findings. Never knows about: teachers, networks, how a setting is carried out.
"""

from motifnet.profiling._exponents import network_size, phase, rows_to_halve, singularity_exponents, smooth_exponent
from motifnet.profiling._finding import LEVEL, Finding
from motifnet.profiling._group import Group, cyclic, flips, permutations
from motifnet.profiling._profile import DETECTORS, Profile, profile
from motifnet.profiling._rows import Rows, as_rows

__all__ = [
    "DETECTORS",
    "LEVEL",
    "Finding",
    "Group",
    "Profile",
    "Rows",
    "as_rows",
    "cyclic",
    "flips",
    "network_size",
    "permutations",
    "phase",
    "profile",
    "rows_to_halve",
    "singularity_exponents",
    "smooth_exponent",
]
