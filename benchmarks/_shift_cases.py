"""Rows for a fit, new rows, and for tilted cases further new rows without a shift."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._tables import table_of

REAL = {
    "california south, north": ("california", "latitude", 35.8, ("latitude", "longitude")),
    "seoul_bike winter, summer": (
        "seoul_bike",
        "Seasons",
        ("Winter", "Summer"),
        ("Temperature", "Dew_point_temperature", "Seasons"),
    ),
}
TILTED = {
    "california": "medianIncome",
    "abalone": "length",
    "kin8nm": "theta3",
    "cpu_act": "runqsz",
    "power": "AT",
    "diamonds": "carat",
}
STRENGTH = 1.0


@dataclass(frozen=True)
class Drawn:
    """Tables with a column `target`."""

    old: pd.DataFrame
    new: pd.DataFrame
    alike: pd.DataFrame | None = None


def none_of_table(name: str, data: Path, number: int, rows: int, new: int) -> Drawn:
    """Two disjoint random parts of a table."""
    table = _shuffled(table_of(name, data), number)
    cut = min(rows, 2 * len(table) // 3)
    return Drawn(table[:cut], table[cut : cut + new])


def synthetic(number: int, rows: int, new: int) -> Drawn:
    """Numbers that depend on each other, heavy tails, whole numbers, levels, many levels, gaps."""
    rng = np.random.default_rng([5, number])
    n = rows + new
    Z = rng.standard_normal((n, 6)) @ rng.standard_normal((6, 6))
    table = pd.DataFrame(Z, columns=[f"x{j}" for j in range(6)])
    table["heavy"] = rng.standard_t(1.5, n)
    table["count"] = rng.poisson(1.0, n)
    table["town"] = rng.choice(["Bern", "Chur", "Genf", "Zug"], n, p=[0.5, 0.3, 0.15, 0.05])
    table["street"] = rng.zipf(1.5, n).clip(max=400).astype(str)
    table.loc[rng.random(n) < 0.1, ["x0", "town"]] = None
    table["target"] = np.sin(Z[:, 0]) + (table["town"] == "Bern") + 0.3 * rng.standard_normal(n)
    return Drawn(table[:rows], table[rows:])


def real(name: str, data: Path, number: int, rows: int, new: int) -> Drawn:
    """Rows of the one part for the fit, of the other as new ones."""
    source, column, by, _ = REAL[name]
    table = _shuffled(table_of(source, data), number)
    old, other = (
        (table[column] < by, table[column] >= by)
        if isinstance(by, float)
        else (table[column] == side for side in by)
    )
    return Drawn(table[old][:rows], table[other][:new])


def tilted(name: str, data: Path, number: int, rows: int, new: int) -> Drawn:
    """New rows drawn with probability ∝ exp(z) of those that the fit has not seen."""
    table = _shuffled(table_of(name, data), number)
    old, rest = table[:rows], table[rows:]
    values = rest[TILTED[name]].to_numpy(dtype=float)
    z = np.clip((values - values.mean()) / values.std(), -3, 3)
    p = np.exp(STRENGTH * z)
    chosen = np.random.default_rng([6, number]).choice(len(rest), new, replace=False, p=p / p.sum())
    return Drawn(old, rest.iloc[chosen], rest[:2000])


def _shuffled(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    return table.iloc[np.random.default_rng(seed).permutation(len(table))].reset_index(drop=True)
