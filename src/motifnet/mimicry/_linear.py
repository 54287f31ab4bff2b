"""Linear teachers as networks: one affine layer."""

from __future__ import annotations

from motifnet.mimicry._affine import affine
from motifnet.mimicry._base import transfer
from motifnet.motifs import Chain, Motif
from motifnet.teachers import FittedLinear


@transfer.register
def _(fitted: FittedLinear) -> Motif:
    return Chain([affine(fitted.coef, fitted.intercept)], label="linear")
