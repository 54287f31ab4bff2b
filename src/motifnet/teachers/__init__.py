"""Cheap models with one small protocol, fitted before anything deep exists."""

from motifnet.teachers._base import FittedTeacher, Teacher
from motifnet.teachers._kernel_ridge import FittedKernel, KernelRidge, fold_partition

__all__ = ["FittedKernel", "FittedTeacher", "KernelRidge", "Teacher", "fold_partition"]
