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
from motifnet.structure._gaussian_process import Prior, Smooth, choose_prior
from motifnet.structure._group import (
    PRESETS,
    Group,
    act,
    compose,
    cyclic,
    flips,
    non_invariant,
    permutations,
)
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
from motifnet.structure._intrinsic_dimension import (
    box_counting,
    levina_bickel,
    merged,
    neighbour_distances,
    scale_sweep,
    two_nn,
)
from motifnet.structure._invariance import invariance
from motifnet.structure._log_scale import LogScale, part_of
from motifnet.structure._noise import gamma_test, pure_error
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
from motifnet.structure._screen import MAX_COLUMNS, correlations, explained_variance, screen
from motifnet.structure._singularity import boundary, variogram
from motifnet.structure._surface import Surface
from motifnet.structure._symmetric_functions import first_and_others, quotient_layer
from motifnet.structure._symmetry import Reading, Symmetry, assess_invariance
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
    "Prior",
    "Profile",
    "Reading",
    "Request",
    "Rows",
    "Side",
    "Smooth",
    "Surface",
    "Symmetry",
    "act",
    "as_rows",
    "assess_invariance",
    "boundary",
    "box_counting",
    "check_profile",
    "choose_prior",
    "compose",
    "correlations",
    "cyclic",
    "equivariant",
    "explained_variance",
    "extrapolation",
    "first_and_others",
    "flips",
    "gamma_test",
    "invariance",
    "kernel_width",
    "levina_bickel",
    "merged",
    "neighbour_distances",
    "non_invariant",
    "numpy_of",
    "own_units",
    "part_of",
    "permutations",
    "phase",
    "profile",
    "projection",
    "pure_error",
    "quotient_layer",
    "rows_to_halve",
    "run_detector",
    "scale_sweep",
    "screen",
    "singularity_exponents",
    "smooth_exponent",
    "step",
    "structural_findings",
    "symmetry",
    "two_nn",
    "units_of",
    "variogram",
]
