"""Distances between two samples, whether they come from one law, and an interval for how far apart the laws are.

Comes in: two matrices. Goes out: distances, p-values, intervals. Never knows about: tables, networks, models.
"""

from motifnet.transport._distance import wasserstein_distance
from motifnet.transport._interval import WassersteinInterval, wasserstein_interval
from motifnet.transport._test import WassersteinTestResult, wasserstein_test

__all__ = ["WassersteinInterval", "WassersteinTestResult", "wasserstein_distance", "wasserstein_interval", "wasserstein_test"]
