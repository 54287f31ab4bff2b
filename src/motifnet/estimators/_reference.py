"""What a model keeps of the table of its fit, to compare new tables with."""

from __future__ import annotations

import numpy as np

from motifnet.estimators._goal import Judged
from motifnet.estimators._prepare import Prepared
from motifnet.shift import Reference, RowSample, draw_rows, sketch


def reference_of(ready: Prepared, judged: Judged, seed: int) -> Reference:
    """A sketch of each column; rows encoded as new ones will be, with the losses of their out-of-fold predictions and their groups."""
    weight, losses = ready.sample.weight, ready.goal.losses(judged)
    pairs = zip(ready.table.columns, ready.encoder.features, strict=True)
    chosen = draw_rows(losses, weight, ready.sample.X.shape[1], seed)
    columns = tuple(sketch(column, feature, weight) for column, feature in pairs)
    if not len(chosen):
        return Reference(columns, None)
    groups = None if ready.sample.groups is None else np.unique(ready.sample.groups[chosen], return_inverse=True)[1].astype(np.int64)
    return Reference(columns, RowSample(ready.encoder.transform(ready.table.take(chosen)), losses[chosen], groups))
