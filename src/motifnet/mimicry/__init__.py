"""From fitted models to networks by calculation, and what is known about the difference.

Comes in: fitted models. Goes out: networks of motifs, certificates, cards. Never knows about: how a network is retrained or saved.
"""

from motifnet.mimicry._base import transfer
from motifnet.mimicry._kernel import kernel_network

__all__ = ["kernel_network", "transfer"]
