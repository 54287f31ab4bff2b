"""Rows that a fitted estimator of the cases has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.shared.fitted_cases import CASES


def unseen_rows(name: str) -> Any:
    """Rows that the fit has not seen: far from its own as well, where it takes any number; of
    levels its own in a new order.
    """
    rows, rng = CASES[name].rows(), np.random.default_rng(1)
    if isinstance(rows, pd.DataFrame):
        mixed = pd.DataFrame(
            {
                c: rows[c].sample(len(rows), replace=True, random_state=j).to_numpy()
                for j, c in enumerate(rows)
            }
        )
        return mixed.astype(rows.dtypes.to_dict())
    moved = rows[rng.integers(0, len(rows), 120)] * rng.uniform(0.5, 1.5, (120, rows.shape[1]))
    return moved if np.nanmin(rows) > 0 else np.vstack([moved, 10 * moved])
