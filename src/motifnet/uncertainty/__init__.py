"""The uncertainty of predictions, on rows like those of the fit and on other rows.

Conformal intervals and whole distributions of observations, prediction sets of classes, confidence
bands for the function, and tests for distribution shift: of each column, of all together, and of
the error.

Comes in: out-of-fold predictions and features, or the reference of a model and a new table. Goes
out: bounds, a `ShiftReport`. Never knows about: the origin of predictions, files, estimators.
"""

from motifnet.uncertainty._band import Band, in_units, last_layer_band
from motifnet.uncertainty._column_tests import ColumnShift, column_cells, compare_column, holm
from motifnet.uncertainty._conformal import (
    SCORES,
    ClassSets,
    Intervals,
    as_levels,
    fit_intervals,
    fit_sets,
    lower_quantile,
    misses,
    unit_of,
    upper_quantile,
)
from motifnet.uncertainty._density_ratio import DensityRatio, ErrorShift, density_ratio, error_shift
from motifnet.uncertainty._distribution import PredictiveDistribution
from motifnet.uncertainty._law import Law
from motifnet.uncertainty._law_fit import fit_law
from motifnet.uncertainty._law_scores import FAN, LawScores, out_of_fold_laws
from motifnet.uncertainty._law_source import source_of_laws
from motifnet.uncertainty._multiplier_bootstrap import Bootstrap, linear_band, multiplier_bootstrap
from motifnet.uncertainty._pit_shift import PitShift, check_pit
from motifnet.uncertainty._quantile_law import (
    Bend,
    QuantileLaw,
    fit_quantile_intervals,
    normal_nodes,
)
from motifnet.uncertainty._reference import (
    LevelSketch,
    NumberSketch,
    Reference,
    RowSample,
    draw_rows,
    sketch_column,
    warn_of_strangers,
)
from motifnet.uncertainty._residuals import fit_scale, narrowing
from motifnet.uncertainty._ridge import Ridge, neighbours_of, noise_level
from motifnet.uncertainty._row_laws import Counts, GammaLaw, RowLaw, Scaled, law_of_means
from motifnet.uncertainty._shift_report import ShiftReport, check_shift

__all__ = [
    "FAN",
    "SCORES",
    "Band",
    "Bend",
    "Bootstrap",
    "ClassSets",
    "ColumnShift",
    "Counts",
    "DensityRatio",
    "ErrorShift",
    "GammaLaw",
    "Intervals",
    "Law",
    "LawScores",
    "LevelSketch",
    "NumberSketch",
    "PitShift",
    "PredictiveDistribution",
    "QuantileLaw",
    "Reference",
    "Ridge",
    "RowLaw",
    "RowSample",
    "Scaled",
    "ShiftReport",
    "as_levels",
    "check_pit",
    "check_shift",
    "column_cells",
    "compare_column",
    "density_ratio",
    "draw_rows",
    "error_shift",
    "fit_intervals",
    "fit_law",
    "fit_quantile_intervals",
    "fit_scale",
    "fit_sets",
    "holm",
    "in_units",
    "last_layer_band",
    "law_of_means",
    "linear_band",
    "lower_quantile",
    "misses",
    "multiplier_bootstrap",
    "narrowing",
    "neighbours_of",
    "noise_level",
    "normal_nodes",
    "out_of_fold_laws",
    "sketch_column",
    "source_of_laws",
    "unit_of",
    "upper_quantile",
    "warn_of_strangers",
]
