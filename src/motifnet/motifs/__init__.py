"""Network modules, each one idea with a stated error.

Comes in: tensors and other motifs. Goes out: modules whose constructor arguments are their state. Never knows about: teachers, tables, estimators.
"""

from motifnet.motifs._affine import Affine, ReLU, SparseAffine
from motifnet.motifs._base import MOTIFS, Motif, count_nonzeros, count_parameters
from motifnet.motifs._distance import Distance
from motifnet.motifs._hinge import Hinge
from motifnet.motifs._pointwise import Abs, Clip, Max, Min, Sigmoid, Softmax, Sort
from motifnet.motifs._polynomial import Monomial, Product, Square
from motifnet.motifs._radial import RADIAL_PROFILES, Radial
from motifnet.motifs._region import Box, Gate, Step
from motifnet.motifs._structure import Chain, Concat, GroupAverage, Identity, Parallel, Precise, Residual, Select
from motifnet.motifs._tree import TreeEnsemble

__all__ = [
    "MOTIFS",
    "RADIAL_PROFILES",
    "Abs",
    "Affine",
    "Box",
    "Chain",
    "Clip",
    "Concat",
    "Distance",
    "Gate",
    "GroupAverage",
    "Hinge",
    "Identity",
    "Max",
    "Min",
    "Monomial",
    "Motif",
    "Parallel",
    "Precise",
    "Product",
    "Radial",
    "ReLU",
    "Residual",
    "Select",
    "Sigmoid",
    "Softmax",
    "Sort",
    "SparseAffine",
    "Square",
    "Step",
    "TreeEnsemble",
    "count_nonzeros",
    "count_parameters",
]
