"""Kernel functions and the closed forms that stand on them.

Comes in: matrices of rows. Goes out: Gram matrices, leave-one-out residuals, solutions. Never knows
about: tables, estimators, networks.
"""

from motifnet.kernels._all_rows import AllRows
from motifnet.kernels._capacity import CAPACITY, Capacity, affordable
from motifnet.kernels._convex_loss import (
    CURVATURE,
    Parabola,
    calibrated_log_loss,
    fit_reweighted,
    fit_softmax,
    leave_out_log_loss,
    log_losses,
)
from motifnet.kernels._distances import Layout, by_blocks, distances, flips, two_valued
from motifnet.kernels._grid_search import (
    GridChoice,
    best_ridge,
    grid_search,
    median_distances,
    start_kernel,
)
from motifnet.kernels._held_out import (
    EveryFold,
    Partition,
    Solution,
    enough,
    every_fold,
    fit_with_held_out,
)
from motifnet.kernels._kernel import (
    ALIASES,
    PROFILES,
    SMOOTHNESS,
    Kernel,
    Warp,
    divisors,
    largest_slope,
    polynomial,
    profile_values,
    quantile_knots,
    radial,
    radial_at,
    radial_slope,
    smoothness,
)
from motifnet.kernels._landmarks import (
    landmark_features,
    leverage_landmarks,
    means_between,
    solve_folds,
)
from motifnet.kernels._leave_out import (
    SpectralPath,
    blocks_of,
    factor,
    leave_out_gradient,
    leave_out_residuals,
    projector,
    projector_of,
    solve_factored,
    solve_ridge,
)
from motifnet.kernels._machine import Machine, machine_of
from motifnet.kernels._smoother import ExactSmoother, LandmarkSmoother, Scores, Smoother

__all__ = [
    "ALIASES",
    "CAPACITY",
    "CURVATURE",
    "PROFILES",
    "SMOOTHNESS",
    "AllRows",
    "Capacity",
    "EveryFold",
    "ExactSmoother",
    "GridChoice",
    "Kernel",
    "LandmarkSmoother",
    "Layout",
    "Machine",
    "Parabola",
    "Partition",
    "Scores",
    "Smoother",
    "Solution",
    "SpectralPath",
    "Warp",
    "affordable",
    "best_ridge",
    "blocks_of",
    "by_blocks",
    "calibrated_log_loss",
    "distances",
    "divisors",
    "enough",
    "every_fold",
    "factor",
    "fit_reweighted",
    "fit_softmax",
    "fit_with_held_out",
    "flips",
    "grid_search",
    "landmark_features",
    "largest_slope",
    "leave_out_gradient",
    "leave_out_log_loss",
    "leave_out_residuals",
    "leverage_landmarks",
    "log_losses",
    "machine_of",
    "means_between",
    "median_distances",
    "polynomial",
    "profile_values",
    "projector",
    "projector_of",
    "quantile_knots",
    "radial",
    "radial_at",
    "radial_slope",
    "smoothness",
    "solve_factored",
    "solve_folds",
    "solve_ridge",
    "start_kernel",
    "two_valued",
]
