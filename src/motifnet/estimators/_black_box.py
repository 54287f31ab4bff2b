"""A network that imitates any predictor, seen through its predictions alone (distillation; Buciluă, Caruana & Niculescu-Mizil 2006).

Rows are generated near those of the table: between a row and one of its nearest, each column by itself, x_j + u (x'_j − x_j), where columns of few
values take one of the two. The predictor's answers at both are what a fit learns; they have no noise, so that more rows help as long as there is
time. Its fidelity, R² against the predictor, is measured on rows of the table that neither saw: it is a measurement, and never "exact".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.estimators._network import Network
from motifnet.estimators._regressor import MotifRegressor
from motifnet.mimicry import Certificate
from motifnet.mimicry.fitted import Columns, encoder_network
from motifnet.motifs import Chain, Softmax
from motifnet.tables import Matrix, as_table

Predictor = Callable[[Any], Any]
_HELD_OUT, _MOST_HELD_OUT = 0.2, 2000
_NEAREST, _SPREAD = 8, (-0.25, 1.25)
_FEW = 12  # distinct values of a column that is taken as levels
_LEAST = 1e-6  # of a probability, before its logarithm is taken


def imitate(predict: Predictor, X: Any, *, rows: int = 30_000, preset: str = "fast", seed: int = 0, n_jobs: int | None = None) -> Network:
    """The network; `rows` is how many the fit sees, generated ones among them."""
    as_table(X)  # refuses what is no table, in our words
    table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    table = table.reset_index(drop=True)
    if len(table) < 50:
        raise DataError(f"X has {len(table)} rows; at least 50 are needed to learn from and to measure the fidelity on. Pass more rows.")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(table))
    fresh = min(_MOST_HELD_OUT, int(_HELD_OUT * len(table)))
    held_out, seen = table.iloc[order[:fresh]], table.iloc[order[fresh:]].reset_index(drop=True)
    learned = pd.concat([seen, _between(seen, max(0, rows - len(seen)), rng)], ignore_index=True).iloc[: max(rows, 1)]
    ask = _asked(predict, isinstance(X, pd.DataFrame))
    values = ask(learned)
    shares = values.shape[1] > 1 and bool((values >= 0).all()) and bool(np.allclose(values.sum(1), 1))
    target = _logits(values) if shares else values if values.shape[1] > 1 else values[:, 0]
    model = MotifRegressor(preset=preset, n_jobs=n_jobs, random_state=seed).fit(_plain(learned), target)
    network = Chain([encoder_network(model.model_.encoder), model.model_.network, *([Softmax()] if shares else [])], label="imitation")
    out = Network(network, table.shape[1], columns=Columns.of(table) if isinstance(X, pd.DataFrame) else None, ledger=model.ledger_)
    out.certificate = _measured(out(_plain(held_out)), ask(held_out))
    return out


def _asked(predict: Predictor, named: bool) -> Callable[[pd.DataFrame], Matrix]:
    """The predictor on data frames, or on arrays where it was given one."""

    def ask(table: pd.DataFrame) -> Matrix:
        try:
            values = np.asarray(predict(table if named else table.to_numpy()), dtype=np.float64)
        except Exception as error:
            raise DataError(
                f"The predictor failed on {len(table)} rows, or gave no numbers: {error!r}. It has to take rows of the kind of X."
            ) from error
        if not values.ndim or len(values) != len(table) or not np.isfinite(values).all():
            raise DataError(f"The predictor gave shape {values.shape} for {len(table)} rows, or values that are not finite; expected a number a row.")
        return values.reshape(len(table), -1)

    return ask


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=str)


def _between(table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows between rows of the table and one of their nearest."""
    first, second = _pairs(table, count, rng)
    columns: dict[Any, Any] = {}
    for name in table.columns:
        a, b = table[name].to_numpy()[first], table[name].to_numpy()[second]
        if pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]) and table[name].nunique() > _FEW:
            a, b = a.astype(np.float64), b.astype(np.float64)
            columns[name] = a + rng.uniform(*_SPREAD, count) * (b - a)
        else:
            columns[name] = np.where(rng.random(count) < 0.5, a, b)
    made = pd.DataFrame(columns, columns=table.columns)
    return made.astype({name: kind for name, kind in table.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)})


def _pairs(table: pd.DataFrame, count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of a row and of one of its nearest, in standardised numeric columns; of any two where there is none."""
    from sklearn.neighbors import NearestNeighbors

    first = rng.integers(0, len(table), count)
    numbers = table.select_dtypes("number").to_numpy(dtype=np.float64)
    if numbers.shape[1] == 0:
        return first, rng.integers(0, len(table), count)
    z = np.nan_to_num((numbers - np.nanmean(numbers, 0)) / np.where(np.nanstd(numbers, 0) > 0, np.nanstd(numbers, 0), 1))
    near = NearestNeighbors(n_neighbors=min(_NEAREST + 1, len(table))).fit(z).kneighbors(return_distance=False)
    return first, near[first, rng.integers(0, near.shape[1], count)]


def _logits(shares: Matrix) -> Matrix:
    logs = np.log(np.maximum(shares, _LEAST))
    return logs - logs.mean(1, keepdims=True)


def _measured(got: Matrix, want: Matrix) -> Certificate:
    """Fidelity on rows that neither the fit nor the choice of rows saw."""
    scale = float(want.std(0).max()) or 1.0
    largest = float(np.abs(got - want).max()) / scale
    fidelity = 1 - ((got - want) ** 2).sum() / max(((want - want.mean(0)) ** 2).sum(), 1e-300)
    note = f"an imitation, not exact: R² {fidelity:.4f} to the predictor on {len(want):,} fresh rows"
    return Certificate("native", None, largest, largest, largest, 0, note)
