"""Cheap models with one small protocol, fitted before anything deep exists.

Comes in: a sample. Goes out: a fitted model with honest out-of-fold predictions. Never knows about: networks, names of columns.
"""

from motifnet.teachers._base import FittedTeacher, Teacher
from motifnet.teachers._boosting import Growth, Problem, find_engine
from motifnet.teachers._catboost_levels import Level, LevelSplits, Statistic, hashes_of, level_splits, sizes_of
from motifnet.teachers._estimator import SMALLEST, Coding, EstimatorTeacher, FittedEstimator, seeded_clone, weights_of
from motifnet.teachers._forest import Forest, Nodes
from motifnet.teachers._honest import TRIAL_ROWS, RejectedEarly, Worth, fit_folds, inner_folds, trial_folds
from motifnet.teachers._kernel_ridge import FittedKernel, KernelRidge, fold_partition, left_out_together
from motifnet.teachers._linear import FittedLinear, Linear
from motifnet.teachers._named import CLASSIFIERS, OWN, REGRESSORS, named_estimator
from motifnet.teachers._parse_catboost import catboost_forests, catboost_json, catboost_trees, parse_catboost
from motifnet.teachers._parse_lightgbm import parse_lightgbm
from motifnet.teachers._parse_linear_trees import parse_lightgbm_lines
from motifnet.teachers._parse_sklearn import parse_histogram, parse_sklearn_tree, rounded_threshold
from motifnet.teachers._parse_xgboost import parse_xgboost, parse_xgboost_lines, xgboost_learner
from motifnet.teachers._questions import KINDS, Member, Questions
from motifnet.teachers._registry import TEACHERS
from motifnet.teachers._splines import Additive, FittedSplines, Splines
from motifnet.teachers._support_vectors import FittedSupportVectors, SupportVectors
from motifnet.teachers._trees import BoostedTrees, FittedTrees

__all__ = [
    "CLASSIFIERS",
    "KINDS",
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
    "FittedSplines",
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
    "Problem",
    "Questions",
    "RejectedEarly",
    "Splines",
    "Statistic",
    "SupportVectors",
    "Teacher",
    "Worth",
    "catboost_forests",
    "catboost_json",
    "catboost_trees",
    "find_engine",
    "fit_folds",
    "fold_partition",
    "hashes_of",
    "inner_folds",
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
    "rounded_threshold",
    "seeded_clone",
    "sizes_of",
    "trial_folds",
    "weights_of",
    "xgboost_learner",
]
