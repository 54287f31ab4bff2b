"""Storms at their first 12 fixes, and whether they become a hurricane later.

Left out are storms of at most 12 fixes, and those that are a hurricane by then. Coordinates have
the units of the table; `standardised` takes their means and deviations from the training rows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.engine import Matrix

FIXES, SHARE = 12, 0.7
INPUTS = {"position": ["lat", "long"], "position and wind": ["lat", "long", "wind"]}


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
            tracks.append(storm[INPUTS[inputs]].to_numpy(float)[:FIXES])
            labels.append(int(hurricane[FIXES:].any()))
    return np.array(tracks), np.array(labels)


def standardised(
    tracks: Matrix, labels: NDArray[Any], split: int
) -> tuple[Matrix, NDArray[Any], Matrix, NDArray[Any]]:
    """Training and test part of a random split."""
    order = np.random.default_rng(split).permutation(len(tracks))
    train, test = np.split(order, [int(SHARE * len(tracks))])
    mean, deviation = tracks[train].mean((0, 1)), tracks[train].std((0, 1))
    scaled = (tracks - mean) / deviation
    return scaled[train], labels[train], scaled[test], labels[test]
