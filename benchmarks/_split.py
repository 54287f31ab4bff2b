"""A table with a column `target`, split into training and test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from motifnet.compare import nrmse


@dataclass(frozen=True)
class Split:
    """Training and test rows of one table."""

    train: pd.DataFrame
    test: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        return [c for c in self.train.columns if c != "target"]

    def nrmse(self, prediction: np.ndarray) -> float:
        """Root mean squared error on the test rows in units of their standard deviation."""
        return nrmse(self.test["target"].to_numpy(dtype=float), prediction)
