"""Small networks: a network of any kind distilled into few kernel units that carry no row.

Comes in: networks and rows. Goes out: small networks, and what size costs.
Never knows about: how the network was fitted, tables, files.
"""

from motifnet.compress._compress import SIZES, Compressed, Scaled, compress, trade_off
from motifnet.compress._distillation import Point, Task, TradeOff, units_of
from motifnet.compress._residuals import Answers, with_residuals_fitted
from motifnet.compress._rows import among, before_residual, mixed_rows, own_rows, unwarped

__all__ = [
    "SIZES",
    "Answers",
    "Compressed",
    "Point",
    "Scaled",
    "Task",
    "TradeOff",
    "among",
    "before_residual",
    "compress",
    "mixed_rows",
    "own_rows",
    "trade_off",
    "units_of",
    "unwarped",
    "with_residuals_fitted",
]
