"""A network that imitates any predictor, seen through its predictions alone (distillation; Buciluă, Caruana & Niculescu-Mizil 2006).

Half of the rows that are generated lie near those of the table: between a row and one of its nearest, each column by itself, x_j + u (x'_j − x_j),
where columns of few values take one of the two. The others are rows some of whose columns are those of any other row: the whole range of the table,
not only where it is dense. The predictor's answers are what a fit learns; they have no noise, so that more rows help as long as there is time, and
what the fit leaves is worth a fit of its own.

Fidelity, R² against the predictor, is measured on rows of the table that nothing saw: it is a measurement, and never "exact". Where the predictor was
fitted on these rows itself, and remembers them as a forest does, its values there are harder to imitate than at new rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compress import Answers, with_residuals_fitted
from motifnet.engine import DataError
from motifnet.estimators._network import Network
from motifnet.estimators._prepare import Prepared
from motifnet.estimators._regressor import MotifRegressor
from motifnet.mimicry import Certificate
from motifnet.mimicry.fitted import Columns, encoder_network
from motifnet.motifs import Chain, Softmax
from motifnet.tables import Matrix, as_table

Predictor = Callable[[Any], Any]
_HELD_OUT, _MOST_HELD_OUT = 0.2, 2000
_NEAREST, _SPREAD = 8, (-0.25, 1.25)
_APART, _SWAPPED = 0.5, 0.3  # share of generated rows that come from any two, and of their columns that are the other's
_JUDGES = 0.1  # of what is learned: these rows decide what is added to the fit
_FEW = 12  # distinct values of a column that is taken as levels
_LEAST = 1e-6  # of a probability, before its logarithm is taken


class _Imitator(MotifRegressor):
    """A fit to generated rows: copies among them, and columns that explain the answers alone, are no mistake of anyone."""

    def _look_at(self, ready: Prepared, seed: int) -> None:
        pass


def imitate(predict: Predictor, X: Any, *, rows: int = 60_000, preset: str = "fast", seed: int = 0, n_jobs: int | None = None) -> Network:
    """The network; `rows` is how many the fit sees, generated ones among them."""
    as_table(X)  # refuses what is no table, in our words
    table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    table = table.reset_index(drop=True)
    if len(table) < 50:
        raise DataError(f"X has {len(table)} rows; at least 50 are needed to learn from and to measure the fidelity on. Pass more rows.")
    rng, named = np.random.default_rng(seed), isinstance(X, pd.DataFrame)
    order = rng.permutation(len(table))
    fresh = min(_MOST_HELD_OUT, int(_HELD_OUT * len(table)))
    held_out, seen = table.iloc[order[:fresh]], table.iloc[order[fresh:]].reset_index(drop=True)
    learned, ask = _grown(seen, rows, rng), _asked(predict, named)
    values = ask(learned)
    shares = values.shape[1] > 1 and bool((values >= 0).all()) and bool(np.allclose(values.sum(1), 1))
    target, judges = _logits(values) if shares else values, rng.random(len(learned)) < _JUDGES
    model = _Imitator(preset=preset, n_jobs=n_jobs, random_state=seed).fit(_plain(learned[~judges]), target[~judges].squeeze())
    network = with_residuals_fitted(model.model_.network, Answers(model.encode(_plain(learned)), target, judges), seed)
    network = Chain([encoder_network(model.model_.encoder), network, *([Softmax()] if shares else [])], label="imitation")
    out = Network(network, table.shape[1], columns=Columns.of(table) if named else None, ledger=model.ledger_)
    out.certificate = _measured(out(_plain(held_out)), ask(held_out))
    return out


def _grown(table: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """The table and generated rows, `rows` together."""
    made = max(0, rows - len(table))
    apart = int(_APART * made)
    return pd.concat([table, _between(table, made - apart, rng), _swapped(table, apart, rng)], ignore_index=True).iloc[: max(rows, 1)]


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


def _swapped(table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows some of whose columns are those of another row."""
    first, second = rng.integers(0, len(table), count), rng.integers(0, len(table), count)
    columns = {name: column.to_numpy()[np.where(rng.random(count) < _SWAPPED, second, first)] for name, column in table.items()}
    return pd.DataFrame(columns, columns=table.columns).astype(table.dtypes.to_dict())


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
