"""Kernel functions and the closed forms that stand on them.

Comes in: matrices of rows. Goes out: Gram matrices, leave-one-out residuals, solutions. Never knows about: tables, estimators, networks.
"""

from motifnet.kernels._all_rows import AllRows
from motifnet.kernels._calibrated import calibrated_log_loss
from motifnet.kernels._distances import by_blocks, distances
from motifnet.kernels._every_fold import EveryFold, every_fold
from motifnet.kernels._fit import Partition, Solution, enough, fit_with_held_out
from motifnet.kernels._kernel import PROFILES, Kernel, radial, radial_at, radial_slope
from motifnet.kernels._landmarks import choose_landmarks, landmark_features, solve_folds
from motifnet.kernels._leave_out import (
    blocks_of,
    factor,
    leave_out_gradient,
    leave_out_residuals,
    projector,
    projector_of,
    solve_factored,
    solve_ridge,
)
from motifnet.kernels._leave_out_softmax import leave_out_log_loss
from motifnet.kernels._leverage import leverage_landmarks, ridge_leverages
from motifnet.kernels._machine import Machine, machine_of
from motifnet.kernels._means import means_between
from motifnet.kernels._plan import CAPACITY, Capacity, affordable
from motifnet.kernels._profiles import ALIASES, SMOOTHNESS, polynomial, profile_values, smoothness
from motifnet.kernels._reweighted import Parabola, fit_reweighted
from motifnet.kernels._scales import GridChoice, best_ridge, grid_search, median_distances, start_kernel
from motifnet.kernels._smoother import ExactSmoother, LandmarkSmoother, Scores, Smoother
from motifnet.kernels._softmax import CURVATURE, fit_softmax, log_losses
from motifnet.kernels._spectral import SpectralPath
from motifnet.kernels._two_values import Layout, flips, two_valued
from motifnet.kernels._warp import Warp, quantile_knots

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
    "choose_landmarks",
    "distances",
    "enough",
    "every_fold",
    "factor",
    "fit_reweighted",
    "fit_softmax",
    "fit_with_held_out",
    "flips",
    "grid_search",
    "landmark_features",
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
    "ridge_leverages",
    "smoothness",
    "solve_factored",
    "solve_folds",
    "solve_ridge",
    "start_kernel",
    "two_valued",
]
