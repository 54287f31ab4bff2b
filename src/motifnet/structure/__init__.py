"""Layers that what is known of a table leads to: before a kernel (symmetric functions, a projection, a step, a screen of columns) and behind it (the
logarithmic scale).

Comes in: a sample, a profile. Goes out: samples as they are seen behind a layer, and fitted models with their layer as parts. Never knows about: how
parts are judged and combined.
"""

from motifnet.structure._extrapolation import Extrapolation, Side, extrapolation
from motifnet.structure._front import Front, own_units, projection, step, symmetry
from motifnet.structure._log_scale import LogScale, part_of
from motifnet.structure._orbit import Orbit, equivariant
from motifnet.structure._part import Part, numpy_of
from motifnet.structure._prescribe import Candidate, Prescriber, Request, check_profile
from motifnet.structure._screen import MAX_COLUMNS, screen

__all__ = [
    "MAX_COLUMNS",
    "Candidate",
    "Extrapolation",
    "Front",
    "LogScale",
    "Orbit",
    "Part",
    "Prescriber",
    "Request",
    "Side",
    "check_profile",
    "equivariant",
    "extrapolation",
    "numpy_of",
    "own_units",
    "part_of",
    "projection",
    "screen",
    "step",
    "symmetry",
]
