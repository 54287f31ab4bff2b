"""The transfer of fitted models: one function, dispatched on the type of the fitted model, one file for each family.

    transfer(fitted) -> Motif,   transfer(fitted)(X) = fitted.predict(X)   up to rounding

A family registers itself with `@transfer.register` in its own file; nothing else knows which families exist.
"""

from __future__ import annotations

from functools import singledispatch

from motifnet.engine import UsageError
from motifnet.motifs import Motif


@singledispatch
def transfer(fitted: object) -> Motif:
    """The network that computes what a fitted model predicts, from encoded rows with shape (n, d) to values with shape (n, q)."""
    known = sorted(kind.__name__ for kind in transfer.registry if kind is not object)
    raise UsageError(
        f"There is no transfer to a network for {type(fitted).__name__}; there is one for {', '.join(known) or 'nothing yet'}. "
        "Fit one of these, or register a transfer for your type with `@transfer.register`."
    )
