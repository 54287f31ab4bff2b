"""Cheap models with one small protocol, fitted before anything deep exists."""

from motifnet.teachers._base import FittedTeacher, Teacher

__all__ = ["FittedTeacher", "Teacher"]
