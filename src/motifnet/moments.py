"""Functions from conditional moment restrictions: non-parametric instruments, quantiles with
instruments, and moments of the user's own.
"""

from motifnet.further.moments import (
    ConditionalMomentRegressor,
    DensityRatio,
    Identification,
    KernelIV,
    OverIdentification,
    SieveTSLS,
)

__all__ = [
    "ConditionalMomentRegressor",
    "DensityRatio",
    "Identification",
    "KernelIV",
    "OverIdentification",
    "SieveTSLS",
]
