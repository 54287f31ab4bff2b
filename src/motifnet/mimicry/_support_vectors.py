"""Support vector machines as networks: a kernel network on the support vectors."""

from __future__ import annotations

from motifnet.mimicry._base import transfer
from motifnet.mimicry._kernel import kernel_network, steady
from motifnet.motifs import Motif
from motifnet.teachers import FittedSupportVectors


@transfer.register
def _(fitted: FittedSupportVectors) -> Motif:
    m = fitted.machine
    return steady(kernel_network(m.kernel, m.centres, m.dual, m.intercept, label="support vectors"), m.dual)
