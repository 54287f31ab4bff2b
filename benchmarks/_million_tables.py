"""Tables of any number of rows with a known truth, written to parquet some rows at a time.

smooth        five numbers in waves, a product and a bump, five without influence
kinked        absolute values, a maximum and hinges, one across two columns
categorical   four columns of 5, 12, 30 and 200 levels with effects of their own and slopes of a number, six numbers
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

KINDS = ("smooth", "kinked", "categorical")
NOISE = {"smooth": 0.3, "kinked": 0.3, "categorical": 0.5}
LEVELS = (5, 12, 30, 200)
PART = 100_000


def rows_of(kind: str, n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """n rows with the column "target", and the truth at them."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind == "categorical":
        frame, truth = _categorical(n, rng)
    else:
        X = rng.uniform(-2, 2, (n, 10))
        frame, truth = (
            pd.DataFrame(X, columns=[f"x{j}" for j in range(10)]),
            _smooth(X) if kind == "smooth" else _kinked(X),
        )
    return frame.assign(target=truth + NOISE[kind] * rng.standard_normal(n)), truth


def write_table(path: Path, kind: str, n: int, seed: int) -> None:
    """The table as a parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    writer = None
    for part in range(0, n, PART):
        frame, _ = rows_of(kind, min(PART, n - part), seed * 10_000 + part // PART)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _smooth(X: np.ndarray) -> np.ndarray:
    return (
        np.sin(2 * X[:, 0])
        + 0.7 * X[:, 1] * X[:, 2]
        + 1.5 * np.exp(-(X[:, 3] ** 2))
        + 0.5 * np.cos(X[:, 4] + X[:, 0])
    )


def _kinked(X: np.ndarray) -> np.ndarray:
    return (
        np.abs(X[:, 0] - 0.3)
        + np.maximum(X[:, 1], X[:, 2])
        + np.abs(X[:, 3] + X[:, 4] - 0.5)
        + 2 * np.maximum(X[:, 5], 0)
    )


def _categorical(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    fixed = np.random.default_rng(0)  # the effects of levels are the same in every part
    X, truth = rng.normal(size=(n, 6)), np.zeros(n)
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(6)])
    for j, count in enumerate(LEVELS):
        codes, names = (
            rng.integers(count, size=n),
            np.array([f"level {k}" for k in range(count)], dtype=object),
        )
        effect, slope = fixed.normal(size=count), fixed.normal(size=count)
        truth += 0.7 * effect[codes] + 0.3 * slope[codes] * X[:, j]
        frame[f"c{j}"] = names[codes]
    return frame, truth + np.sin(2 * X[:, 4])
