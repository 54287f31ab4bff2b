"""Are new rows like those of the fit? Which columns moved, whether the whole did, and what it does to the error.

Comes in: what a model keeps of the table of its fit, and a new table. Goes out: a `ShiftReport`. Never knows about: networks, files, estimators.
"""

from motifnet.shift._check import check
from motifnet.shift._columns import ColumnShift
from motifnet.shift._error import ErrorShift
from motifnet.shift._reference import Reference, RowSample, draw_rows
from motifnet.shift._report import ShiftReport
from motifnet.shift._sketch import LevelSketch, NumberSketch, sketch
from motifnet.shift._strangers import warn_of_strangers

__all__ = [
    "ColumnShift",
    "ErrorShift",
    "LevelSketch",
    "NumberSketch",
    "Reference",
    "RowSample",
    "ShiftReport",
    "check",
    "draw_rows",
    "sketch",
    "warn_of_strangers",
]
