"""Rows on which a network learns to imitate a predictor, and the fidelity that it reaches.

Half of the generated rows lie near those of the table, between a row and one of its nearest:
x_j + u (x'_j − x_j) for each column by itself, where columns of few values take one of the two. The
other half are rows of the table with some columns of any other row, so that they cover its whole
range, not only where it is dense.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.transfer import Certificate

NEAREST, SPREAD = 8, (-0.25, 1.25)  # neighbours; range of u
SWAPPED_ROWS, SWAPPED_COLUMNS = 0.5, 0.3  # share of generated rows, and of their columns
MAX_LEVELS = 12  # distinct values of a column whose values are not mixed
MIN_PROBABILITY = 1e-6  # before its logarithm


def generate_rows(table: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """The table and generated rows, together a number of `rows`."""
    made = max(0, rows - len(table))
    swapped = int(SWAPPED_ROWS * made)
    return pd.concat(
        [table, _between(table, made - swapped, rng), _swapped(table, swapped, rng)],
        ignore_index=True,
    ).iloc[: max(rows, 1)]


def _between(table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows between rows of the table and one of their nearest."""
    first, second = _neighbours(table, count, rng)
    columns: dict[Any, Any] = {}
    for name in table.columns:
        a, b = table[name].to_numpy()[first], table[name].to_numpy()[second]
        if (
            pd.api.types.is_numeric_dtype(table[name])
            and not pd.api.types.is_bool_dtype(table[name])
            and table[name].nunique() > MAX_LEVELS
        ):
            a, b = a.astype(np.float64), b.astype(np.float64)
            columns[name] = a + rng.uniform(*SPREAD, count) * (b - a)
        else:
            columns[name] = np.where(rng.random(count) < 0.5, a, b)
    made = pd.DataFrame(columns, columns=table.columns)
    return made.astype(
        {
            name: kind
            for name, kind in table.dtypes.items()
            if not pd.api.types.is_numeric_dtype(kind)
        }
    )


def _swapped(table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows with some columns of another row."""
    first, second = rng.integers(0, len(table), count), rng.integers(0, len(table), count)
    columns = {
        name: column.to_numpy()[np.where(rng.random(count) < SWAPPED_COLUMNS, second, first)]
        for name, column in table.items()
    }
    return pd.DataFrame(columns, columns=table.columns).astype(table.dtypes.to_dict())


def _neighbours(
    table: pd.DataFrame, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of rows and of one of their nearest in standardised numeric columns; of any two rows
    where no column is numeric.
    """
    from sklearn.neighbors import NearestNeighbors

    first = rng.integers(0, len(table), count)
    numbers = table.select_dtypes("number").to_numpy(dtype=np.float64)
    if numbers.shape[1] == 0:
        return first, rng.integers(0, len(table), count)
    z = np.nan_to_num(
        (numbers - np.nanmean(numbers, 0))
        / np.where(np.nanstd(numbers, 0) > 0, np.nanstd(numbers, 0), 1)
    )
    near = (
        NearestNeighbors(n_neighbors=min(NEAREST + 1, len(table)))
        .fit(z)
        .kneighbors(return_distance=False)
    )
    return first, near[first, rng.integers(0, near.shape[1], count)]


def are_probabilities(values: Matrix) -> bool:
    """Whether the rows of predictions with shape (n, q) are probabilities of q > 1 classes."""
    nonnegative = values.shape[1] > 1 and bool((values >= 0).all())
    return nonnegative and bool(np.allclose(values.sum(1), 1))


def centred_logits(probabilities: Matrix) -> Matrix:
    """Logarithms with mean zero in each row; their softmax gives the probabilities again."""
    logs = np.log(np.maximum(probabilities, MIN_PROBABILITY))
    return logs - logs.mean(1, keepdims=True)


def fidelity_of(imitated: Matrix, predicted: Matrix) -> Certificate:
    """A certificate with R² and the largest difference on held-out rows."""
    scale = float(predicted.std(0).max()) or 1.0
    largest = float(np.abs(imitated - predicted).max()) / scale
    variation = max(((predicted - predicted.mean(0)) ** 2).sum(), 1e-300)
    fidelity = 1 - ((imitated - predicted) ** 2).sum() / variation
    note = (
        f"an imitation, not exact: R² {fidelity:.4f} to the predictor on {len(predicted):,} "
        "fresh rows"
    )
    return Certificate("native", None, largest, largest, largest, 0, note)
