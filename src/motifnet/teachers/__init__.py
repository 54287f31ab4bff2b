"""Cheap models with one small protocol, fitted before anything deep exists.

Comes in: a sample. Goes out: a fitted model with honest out-of-fold predictions. Never knows about: networks, names of columns.
"""

from motifnet.teachers._base import FittedTeacher, Teacher
from motifnet.teachers._forest import Forest
from motifnet.teachers._kernel_ridge import FittedKernel, KernelRidge, fold_partition
from motifnet.teachers._linear import FittedLinear, Linear
from motifnet.teachers._registry import TEACHERS
from motifnet.teachers._trees import BoostedTrees, FittedTrees

__all__ = [
    "TEACHERS",
    "BoostedTrees",
    "FittedKernel",
    "FittedLinear",
    "FittedTeacher",
    "FittedTrees",
    "Forest",
    "KernelRidge",
    "Linear",
    "Teacher",
    "fold_partition",
]
