"""Storms at their first 12 fixes, and whether they become a hurricane later.

Left out are storms of at most 12 fixes, and those that are a hurricane by then. Positions are in
units of 10 degrees, wind in 10 knots.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.engine import Matrix

FIXES, SHARE, UNIT = 12, 0.7, 10.0
INPUTS = {"position": ["lat", "long"], "position and wind": ["lat", "long", "wind"]}
Rows = NDArray[np.int64]


@cache
def storms(data: Path, inputs: str) -> tuple[Matrix, NDArray[Any]]:
    """Tracks with shape (n, 12, d), and labels 0 and 1."""
    fixes = pd.read_csv(data / "trajectories" / "storms.csv.gz")
    fixes["time"] = pd.to_datetime(fixes[["year", "month", "day", "hour"]])
    fixes = fixes.drop_duplicates(["name", "year", "time"]).sort_values("time", kind="stable")
    tracks, labels = [], []
    for _, storm in fixes.groupby(["name", "year"]):
        hurricane = (storm.status == "hurricane").to_numpy()
        if len(storm) > FIXES and not hurricane[:FIXES].any():
            tracks.append(storm[INPUTS[inputs]].to_numpy(float)[:FIXES] / UNIT)
            labels.append(int(hurricane[FIXES:].any()))
    return np.array(tracks), np.array(labels)


def parts(n: int, split: int) -> tuple[Rows, Rows]:
    """Training and test rows of a random split."""
    train, test = np.split(np.random.default_rng(split).permutation(n), [int(SHARE * n)])
    return train, test
