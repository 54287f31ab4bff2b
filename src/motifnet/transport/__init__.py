"""Distances between two samples, a test of equal laws, and an interval for the distance of the
laws.

Comes in: two matrices. Goes out: distances, p-values, intervals. Never knows about: tables,
networks, models.
"""

from motifnet.transport._critics import MAX_NUMBER, Critic, Lines, supremum, transport_cost
from motifnet.transport._wasserstein import (
    WassersteinInterval,
    WassersteinTestResult,
    critical_value,
    wasserstein_distance,
    wasserstein_interval,
    wasserstein_test,
)

__all__ = [
    "MAX_NUMBER",
    "Critic",
    "Lines",
    "WassersteinInterval",
    "WassersteinTestResult",
    "critical_value",
    "supremum",
    "transport_cost",
    "wasserstein_distance",
    "wasserstein_interval",
    "wasserstein_test",
]
