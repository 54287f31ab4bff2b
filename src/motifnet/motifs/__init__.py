"""Network modules, each one idea with a stated error.

Comes in: tensors and other motifs. Goes out: modules whose constructor arguments are their state. Never knows about: teachers, tables, estimators.
"""

from motifnet.motifs._affine import Affine, ReLU, SparseAffine
from motifnet.motifs._base import MOTIFS, Motif, count_nonzeros, count_parameters
from motifnet.motifs._chi_square import ChiSquare
from motifnet.motifs._coupling import ROUNDS, STOP, Coupling
from motifnet.motifs._distance import Distance
from motifnet.motifs._evaluate import evaluate
from motifnet.motifs._gaps import Fill, Gaps, Missing
from motifnet.motifs._heap import kept_by_heap, visiting_order
from motifnet.motifs._hinge import Hinge
from motifnet.motifs._levels import Lookup
from motifnet.motifs._median import WeightedMedian
from motifnet.motifs._neighbour_fill import NeighbourFill
from motifnet.motifs._neighbours import Neighbours
from motifnet.motifs._outlier_factor import OutlierFactor
from motifnet.motifs._piecewise import Piecewise
from motifnet.motifs._pointwise import (
    Abs,
    ArgMax,
    Clip,
    Erf,
    Exp,
    Largest,
    Log,
    Max,
    Min,
    Normalize,
    Power,
    Sigmoid,
    Sine,
    Single,
    Softmax,
    Sort,
    Tanh,
)
from motifnet.motifs._polynomial import Monomial, Product, Square
from motifnet.motifs._radial import RADIAL_PROFILES, Radial
from motifnet.motifs._region import Box, Gate, Step
from motifnet.motifs._relu_curve import Curve, chord_error, curvature_knots, exponential_knots, relu_exponential, segments_for, total_curvature
from motifnet.motifs._relu_exact import (
    fuse,
    relu_abs,
    relu_box,
    relu_clip,
    relu_gate,
    relu_hinge,
    relu_identity,
    relu_max,
    relu_min,
    relu_piecewise,
    relu_sort,
    relu_step,
)
from motifnet.motifs._relu_square import depth_for, relu_monomial, relu_product, relu_square, relu_squared_norm, square_error
from motifnet.motifs._seen import metric_points
from motifnet.motifs._structure import Chain, Concat, GroupAverage, Identity, Images, Parallel, Precise, Residual, Select, parts_of
from motifnet.motifs._tree import TreeEnsemble

__all__ = [
    "MOTIFS",
    "RADIAL_PROFILES",
    "ROUNDS",
    "STOP",
    "Abs",
    "Affine",
    "ArgMax",
    "Box",
    "Chain",
    "ChiSquare",
    "Clip",
    "Concat",
    "Coupling",
    "Curve",
    "Distance",
    "Erf",
    "Exp",
    "Fill",
    "Gaps",
    "Gate",
    "GroupAverage",
    "Hinge",
    "Identity",
    "Images",
    "Largest",
    "Log",
    "Lookup",
    "Max",
    "Min",
    "Missing",
    "Monomial",
    "Motif",
    "NeighbourFill",
    "Neighbours",
    "Normalize",
    "OutlierFactor",
    "Parallel",
    "Piecewise",
    "Power",
    "Precise",
    "Product",
    "Radial",
    "ReLU",
    "Residual",
    "Select",
    "Sigmoid",
    "Sine",
    "Single",
    "Softmax",
    "Sort",
    "SparseAffine",
    "Square",
    "Step",
    "Tanh",
    "TreeEnsemble",
    "WeightedMedian",
    "chord_error",
    "count_nonzeros",
    "count_parameters",
    "curvature_knots",
    "depth_for",
    "evaluate",
    "exponential_knots",
    "fuse",
    "kept_by_heap",
    "metric_points",
    "parts_of",
    "relu_abs",
    "relu_box",
    "relu_clip",
    "relu_exponential",
    "relu_gate",
    "relu_hinge",
    "relu_identity",
    "relu_max",
    "relu_min",
    "relu_monomial",
    "relu_piecewise",
    "relu_product",
    "relu_sort",
    "relu_square",
    "relu_squared_norm",
    "relu_step",
    "segments_for",
    "square_error",
    "total_curvature",
    "visiting_order",
]
