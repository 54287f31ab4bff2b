"""What theory says of a table, as findings that change settings: noise, smoothness, jumps, dimension, symmetry, width.

Comes in: a table and its target. Goes out: a `Profile` of findings. Never knows about: teachers, networks, how a setting is carried out.
"""

from motifnet.profiling._exponents import network_size, phase, rows_to_halve, singularity_exponents, smooth_exponent
from motifnet.profiling._finding import LEVEL, Finding
from motifnet.profiling._group import Group, cyclic, flips, permutations
from motifnet.profiling._profile import DETECTORS, Profile, profile
from motifnet.profiling._ridge_theory import Risk, isotropic_risk, predicted_risk
from motifnet.profiling._rows import Rows, as_rows

__all__ = [
    "DETECTORS",
    "LEVEL",
    "Finding",
    "Group",
    "Profile",
    "Risk",
    "Rows",
    "as_rows",
    "cyclic",
    "flips",
    "isotropic_risk",
    "network_size",
    "permutations",
    "phase",
    "predicted_risk",
    "profile",
    "rows_to_halve",
    "singularity_exponents",
    "smooth_exponent",
]
