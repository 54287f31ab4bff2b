"""Cheap models with one small protocol, fitted before anything deep exists.

Comes in: a sample. Goes out: a fitted model with out-of-fold predictions. Never knows about:
networks, names of columns.
"""

from motifnet.teachers._base import (
    TRIAL_ROWS,
    FittedTeacher,
    RejectedEarly,
    Teacher,
    Worth,
    fit_folds,
    inner_folds,
    inner_split,
    trial_folds,
)
from motifnet.teachers._boosted_trees import ONCE_ROWS, BoostedTrees, FittedTrees
from motifnet.teachers._boosting import MIN_TREES, Growth, Problem, find_engine, grow_best
from motifnet.teachers._catboost import (
    catboost_forests,
    catboost_json,
    catboost_trees,
    parse_catboost,
)
from motifnet.teachers._catboost_levels import (
    Level,
    LevelSplits,
    Statistic,
    hashes_of,
    level_splits,
    sizes_of,
)
from motifnet.teachers._estimator import (
    SMALLEST,
    Coding,
    EstimatorTeacher,
    FittedEstimator,
    seeded_clone,
    weights_of,
)
from motifnet.teachers._forest import KINDS, Forest, Member, Nodes, SplitPredicates
from motifnet.teachers._kernel_ridge import (
    FittedKernel,
    KernelRidge,
    fold_partition,
    left_out_together,
)
from motifnet.teachers._lightgbm import parse_lightgbm, parse_lightgbm_lines
from motifnet.teachers._linear import (
    Additive,
    FittedLinear,
    FittedSplines,
    Linear,
    RidgePath,
    Splines,
    best_index,
    path_errors,
)
from motifnet.teachers._monotone import (
    FittedRamps,
    FittedSum,
    PartlyMonotone,
    ResidualTrees,
)
from motifnet.teachers._monotone_check import is_monotone
from motifnet.teachers._registry import CLASSIFIERS, OWN, REGRESSORS, TEACHERS, named_estimator
from motifnet.teachers._sklearn_trees import (
    parse_histogram,
    parse_sklearn_tree,
    rounded_threshold,
)
from motifnet.teachers._support_vectors import FittedSupportVectors, SupportVectors
from motifnet.teachers._xgboost import parse_xgboost, parse_xgboost_lines, xgboost_learner

__all__ = [
    "CLASSIFIERS",
    "KINDS",
    "MIN_TREES",
    "ONCE_ROWS",
    "OWN",
    "REGRESSORS",
    "SMALLEST",
    "TEACHERS",
    "TRIAL_ROWS",
    "Additive",
    "BoostedTrees",
    "Coding",
    "EstimatorTeacher",
    "FittedEstimator",
    "FittedKernel",
    "FittedLinear",
    "FittedRamps",
    "FittedSplines",
    "FittedSum",
    "FittedSupportVectors",
    "FittedTeacher",
    "FittedTrees",
    "Forest",
    "Growth",
    "KernelRidge",
    "Level",
    "LevelSplits",
    "Linear",
    "Member",
    "Nodes",
    "PartlyMonotone",
    "Problem",
    "RejectedEarly",
    "ResidualTrees",
    "RidgePath",
    "Splines",
    "SplitPredicates",
    "Statistic",
    "SupportVectors",
    "Teacher",
    "Worth",
    "best_index",
    "catboost_forests",
    "catboost_json",
    "catboost_trees",
    "find_engine",
    "fit_folds",
    "fold_partition",
    "grow_best",
    "hashes_of",
    "inner_folds",
    "inner_split",
    "is_monotone",
    "left_out_together",
    "level_splits",
    "named_estimator",
    "parse_catboost",
    "parse_histogram",
    "parse_lightgbm",
    "parse_lightgbm_lines",
    "parse_sklearn_tree",
    "parse_xgboost",
    "parse_xgboost_lines",
    "path_errors",
    "rounded_threshold",
    "seeded_clone",
    "sizes_of",
    "trial_folds",
    "weights_of",
    "xgboost_learner",
]
