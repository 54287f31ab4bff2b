"""A check of a synthetic table against the real one: fidelity, utility, copies of real rows.

Comes in: data frames or arrays with the same columns. Goes out: a `SyntheticReport`, as sentences,
JSON and one HTML page. Never knows about: the generator of the synthetic rows.
"""

from motifnet.further.synthetic._check import check_synthetic
from motifnet.further.synthetic._fidelity import Fidelity
from motifnet.further.synthetic._privacy import Privacy
from motifnet.further.synthetic._report import SyntheticReport
from motifnet.further.synthetic._utility import Utility

__all__ = ["Fidelity", "Privacy", "SyntheticReport", "Utility", "check_synthetic"]
