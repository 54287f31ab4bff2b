"""How far to trust a prediction: conformal intervals for observations, sets of classes, bands for the function.

Comes in: out-of-fold predictions, features. Goes out: bounds. Never knows about: how predictions were made, files, estimators.
"""

from motifnet.bands._band import Band
from motifnet.bands._intervals import Intervals, fit_intervals
from motifnet.bands._last_layer import in_units, last_layer_band
from motifnet.bands._levels import as_levels
from motifnet.bands._linear_band import linear_band
from motifnet.bands._multiplier import Bootstrap, multiplier_bootstrap
from motifnet.bands._narrowing import narrowing
from motifnet.bands._sets import ClassSets, fit_sets

__all__ = [
    "Band",
    "Bootstrap",
    "ClassSets",
    "Intervals",
    "as_levels",
    "fit_intervals",
    "fit_sets",
    "in_units",
    "last_layer_band",
    "linear_band",
    "multiplier_bootstrap",
    "narrowing",
]
