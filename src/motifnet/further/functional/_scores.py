"""The table that stands between the front layer and the network: scores, then scalar covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import DataError, Matrix

if TYPE_CHECKING:
    import pandas as pd

SCORE = "score_"
CURVES = "curves"  # the input of an exported graph


def score_frame(scores: Matrix, covariates: pd.DataFrame | None) -> pd.DataFrame:
    """A column for each score, `score_1`, `score_2`, …, then the covariates."""
    import pandas as pd

    names = [f"{SCORE}{j + 1}" for j in range(scores.shape[1])]
    frame = pd.DataFrame(scores, columns=names)
    return frame if covariates is None else pd.concat([frame, covariates], axis=1)


def covariate_frame(covariates: Any, n: int) -> pd.DataFrame | None:
    """Covariates of n curves as a data frame; columns of an array are `covariate_1`, …"""
    import narwhals as nw
    import pandas as pd

    if covariates is None:
        return None
    if nw.dependencies.is_into_dataframe(covariates):
        frame = nw.from_native(covariates, eager_only=True).to_pandas()
        frame = frame.reset_index(drop=True).rename(columns=str)
    else:
        values = np.asarray(covariates)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2:
            raise DataError(
                f"covariates have shape {values.shape}, expected (n, p) or (n,). Pass one row for "
                "each curve."
            )
        names = [f"covariate_{j + 1}" for j in range(values.shape[1])]
        frame = pd.DataFrame(values, columns=names)
    if len(frame) != n:
        raise DataError(
            f"covariates have {len(frame)} rows for {n} curves. Pass one row for each curve."
        )
    taken = [name for name in frame.columns if name == CURVES or name.startswith(SCORE)]
    if taken:
        raise DataError(
            f"The covariate {taken[0]!r} has a name that stands for the curves or a score of "
            "theirs. Rename it."
        )
    return frame
