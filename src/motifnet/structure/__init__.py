"""The structure of a table, as findings of detectors, and the layers to which findings lead.

Detectors test for noise, smoothness, jumps, intrinsic dimension, symmetry and width. Layers stand
before a kernel (symmetric functions, a projection, a step, a screen of columns) or after it (the
logarithmic scale, linear extrapolation).

Comes in: a table and its target, or a sample. Goes out: a `Profile` of findings; transformed
samples, and fitted models with their layers as parts. Never knows about: scores of parts and their
combination. Detectors know no layers and no fitted models.
"""

from motifnet.structure._detector import LEVEL, Finding, Rows, as_rows, units_of
from motifnet.structure._extrapolation import Extrapolation, Side, extrapolation
from motifnet.structure._group import PRESETS, Group, cyclic, flips, permutations
from motifnet.structure._input_layer import (
    InputLayer,
    Orbit,
    Part,
    equivariant,
    numpy_of,
    own_units,
    projection,
    step,
    symmetry,
)
from motifnet.structure._log_scale import LogScale, part_of
from motifnet.structure._prescription import Candidate, Prescriber, Request, check_profile
from motifnet.structure._profile import (
    BOUNDARY_ROWS,
    DETECTORS,
    MAX_JUMP_COLUMNS,
    STRUCTURE,
    Profile,
    profile,
    run_detector,
    structural_findings,
)
from motifnet.structure._rates import phase, rows_to_halve, singularity_exponents, smooth_exponent
from motifnet.structure._screen import MAX_COLUMNS, screen
from motifnet.structure._singularity import boundary
from motifnet.structure._surface import Surface
from motifnet.structure._width import KernelWidth, kernel_width

__all__ = [
    "BOUNDARY_ROWS",
    "DETECTORS",
    "LEVEL",
    "MAX_COLUMNS",
    "MAX_JUMP_COLUMNS",
    "PRESETS",
    "STRUCTURE",
    "Candidate",
    "Extrapolation",
    "Finding",
    "Group",
    "InputLayer",
    "KernelWidth",
    "LogScale",
    "Orbit",
    "Part",
    "Prescriber",
    "Profile",
    "Request",
    "Rows",
    "Side",
    "Surface",
    "as_rows",
    "boundary",
    "check_profile",
    "cyclic",
    "equivariant",
    "extrapolation",
    "flips",
    "kernel_width",
    "numpy_of",
    "own_units",
    "part_of",
    "permutations",
    "phase",
    "profile",
    "projection",
    "rows_to_halve",
    "run_detector",
    "screen",
    "singularity_exponents",
    "smooth_exponent",
    "step",
    "structural_findings",
    "symmetry",
    "units_of",
]
