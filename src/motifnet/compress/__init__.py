"""Small networks: a network of any kind distilled into few kernel units that carry no row.

Comes in: networks and rows. Goes out: small networks, and what size costs.
Never knows about: how the network was fitted, tables, files.
"""

from motifnet.compress._compress import SIZES, Compressed, Scaled, compress, trade_off
from motifnet.compress._distillation import Point, Task, TradeOff, units_of
from motifnet.compress._residuals import Answers, has_trees, with_residuals_fitted, with_trees
from motifnet.compress._rows import among, before_residual, mixed_rows, own_rows, unwarped
from motifnet.compress._student import output_layer, split_loss

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
    "has_trees",
    "mixed_rows",
    "output_layer",
    "own_rows",
    "split_loss",
    "trade_off",
    "units_of",
    "unwarped",
    "with_residuals_fitted",
    "with_trees",
]
