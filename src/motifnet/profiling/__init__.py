"""What theory says of a table, as findings that change settings: noise, smoothness, jumps, dimension, symmetry, width.

Comes in: a table and its target. Goes out: a `Profile` of findings. Never knows about: teachers, networks, how a setting is carried out.
"""

from motifnet.profiling._exponents import phase, rows_to_halve, singularity_exponents, smooth_exponent
from motifnet.profiling._finding import LEVEL, Finding
from motifnet.profiling._group import PRESETS, Group, cyclic, flips, permutations
from motifnet.profiling._kernel_width import KernelWidth, kernel_width
from motifnet.profiling._profile import BOUNDARY_ROWS, DETECTORS, MAX_JUMP_COLUMNS, STRUCTURE, Profile, look, profile, structure
from motifnet.profiling._rows import Rows, as_rows, units_of
from motifnet.profiling._singularity import boundary
from motifnet.profiling._surface import Surface

__all__ = [
    "BOUNDARY_ROWS",
    "DETECTORS",
    "LEVEL",
    "MAX_JUMP_COLUMNS",
    "PRESETS",
    "STRUCTURE",
    "Finding",
    "Group",
    "KernelWidth",
    "Profile",
    "Rows",
    "Surface",
    "as_rows",
    "boundary",
    "cyclic",
    "flips",
    "kernel_width",
    "look",
    "permutations",
    "phase",
    "profile",
    "rows_to_halve",
    "singularity_exponents",
    "smooth_exponent",
    "structure",
    "units_of",
]
