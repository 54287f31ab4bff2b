"""Columns of a frame, encoded."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.tables import (
    Encoder,
    Folds,
    as_table,
    make_folds,
)


def encode(
    frame: Any,
    y: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    folds: Folds | None = None,
) -> Any:
    """Encoder, matrix and views of a frame in its own order of rows."""
    table = as_table(frame)
    y = np.zeros((table.n, 1)) if y is None else y.reshape(table.n, -1)
    weight = np.ones(table.n) if weight is None else weight
    return Encoder.fit(table, y, weight, folds or make_folds(table.n, 4, 0))
