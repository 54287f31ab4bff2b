"""What a fit says of its rows before the work: a column that gives the target away, objects that were entered twice."""

from __future__ import annotations

from motifnet.estimators._prepare import Prepared
from motifnet.explain import Evidence, raw_columns, warn_of_leaks, warn_of_twins


def warn_of_rows(ready: Prepared, seed: int) -> None:
    """One MotifnetWarning for each that is found."""
    sample = ready.sample
    rows = Evidence(sample.X, "rows of the fit", sample.y, folds=sample.folds.of, table=ready.table)
    warn_of_leaks(raw_columns(ready.encoder, ready.schema), rows, sample.labels is not None, seed)
    warn_of_twins(ready.table, sample.groups)
