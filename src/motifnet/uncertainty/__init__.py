"""The uncertainty of predictions, on rows like those of the fit and on other rows.

Conformal intervals and whole distributions of observations, prediction sets of classes, confidence
bands for the function, and tests for distribution shift: of each column, of all together, and of
the error.

Comes in: out-of-fold predictions and features, or the reference of a model and a new table. Goes
out: bounds, a `ShiftReport`. Never knows about: the origin of predictions, files, estimators.
"""

from motifnet.uncertainty._band import Band, in_units, last_layer_band
from motifnet.uncertainty._column_tests import ColumnShift
from motifnet.uncertainty._conformal import ClassSets, Intervals, as_levels, fit_intervals, fit_sets
from motifnet.uncertainty._density_ratio import ErrorShift
from motifnet.uncertainty._distribution import PredictiveDistribution
from motifnet.uncertainty._law import Law
from motifnet.uncertainty._law_fit import fit_law, out_of_fold_scores
from motifnet.uncertainty._multiplier_bootstrap import Bootstrap, linear_band, multiplier_bootstrap
from motifnet.uncertainty._reference import (
    LevelSketch,
    NumberSketch,
    Reference,
    RowSample,
    draw_rows,
    sketch_column,
    warn_of_strangers,
)
from motifnet.uncertainty._residuals import narrowing
from motifnet.uncertainty._row_laws import Counts, GammaLaw, RowLaw, Scaled
from motifnet.uncertainty._shift_report import ShiftReport, check_shift

__all__ = [
    "Band",
    "Bootstrap",
    "ClassSets",
    "ColumnShift",
    "Counts",
    "ErrorShift",
    "GammaLaw",
    "Intervals",
    "Law",
    "LevelSketch",
    "NumberSketch",
    "PredictiveDistribution",
    "Reference",
    "RowLaw",
    "RowSample",
    "Scaled",
    "ShiftReport",
    "as_levels",
    "check_shift",
    "draw_rows",
    "fit_intervals",
    "fit_law",
    "fit_sets",
    "in_units",
    "last_layer_band",
    "linear_band",
    "multiplier_bootstrap",
    "narrowing",
    "out_of_fold_scores",
    "sketch_column",
    "warn_of_strangers",
]
