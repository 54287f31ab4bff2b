"""The laws as Python source that needs numpy alone, for files that run without this library."""

from __future__ import annotations

import inspect
from typing import Any

from motifnet.uncertainty._law import Law, _moments
from motifnet.uncertainty._quantile_law import _MIN_SLOPE, Bend, QuantileLaw, _rows_of
from motifnet.uncertainty._row_laws import _CELLS, _NODES, Scaled, _levels, row_nodes

_CONSTANTS = f"""_POINTS, _SHARES = np.polynomial.legendre.leggauss(3)
_POINTS, _SHARES = (_POINTS + 1) / 2, _SHARES / 2
_CELLS, _NODES, _MIN_SLOPE = {_CELLS}, {_NODES}, {_MIN_SLOPE}
"""


def source_of_laws() -> str:
    """`Law`, `Scaled`, `Bend` and `QuantileLaw` with what they call. The head of the file imports
    annotations from __future__, numpy as np, dataclass and cached_property.
    """
    parts: tuple[Any, ...] = (
        _moments,
        _levels,
        row_nodes,
        _rows_of,
        Law,
        Scaled,
        Bend,
        QuantileLaw,
    )
    return "\n\n".join([_CONSTANTS, *(inspect.getsource(part) for part in parts)])
