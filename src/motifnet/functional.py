"""Curves as inputs: `from motifnet.functional import ...`."""

from motifnet.further.functional import *  # noqa: F403
from motifnet.further.functional import __all__ as __all__
