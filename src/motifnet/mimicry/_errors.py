"""The error of a conversion that is not what it promises."""

from __future__ import annotations

from motifnet.engine import MotifnetError


class MimicryError(MotifnetError, ArithmeticError):
    """The network does not give what the estimator gives; there is no network."""
