"""A table of rides, in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motifnet.kernels import Kernel

KERNEL = Kernel(("laplace1", "gaussian"), np.array([0.5, 0.5]), np.array([0.3, 0.5]))


def taxis(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    km, hour, zone = (
        rng.gamma(2, 3, n),
        rng.integers(0, 24, n),
        rng.choice(["north", "south", "harbour"], n),
    )
    fare = 3 + 2 * km + 4 * (zone == "harbour") + np.abs(hour - 12) / 3 + rng.normal(0, 0.5, n)
    frame = pd.DataFrame(
        {
            "km": km,
            "hour": hour,
            "zone": zone,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(hour, unit="D"),
            "fare": fare,
        }
    )
    return frame.assign(paid=np.where(fare > np.median(fare), "card", "cash"))
