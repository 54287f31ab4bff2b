"""A network that imitates any predictor by its predictions alone (distillation; Buciluă, Caruana &
Niculescu-Mizil 2006).

The network is fitted to the predictor's answers on rows of the table and on generated ones
(`pipeline.generate_rows`). Answers have no noise, so that more rows help as long as there is time,
and the residuals of the fit are fitted again.

Fidelity, R² against the predictor, is measured on held-out rows of the table. It is a measurement,
and never "exact". A predictor that was fitted on these rows, and remembers them as a forest does,
is harder to imitate there than at new rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from motifnet.compress import Answers, with_residuals_fitted
from motifnet.engine import DataError, Matrix
from motifnet.estimators._network import Network
from motifnet.estimators._regressor import MotifRegressor
from motifnet.motifs import Chain, Softmax
from motifnet.pipeline import (
    Prepared,
    are_probabilities,
    centred_logits,
    fidelity_of,
    generate_rows,
)
from motifnet.tables import as_table
from motifnet.transfer.fitted import Columns, encoder_network

Predictor = Callable[[Any], Any]
MIN_ROWS = 50
HELD_OUT, MAX_HELD_OUT = 0.2, 2000  # share and number of rows that measure the fidelity
VALIDATION = 0.1  # share of the other rows that decides what is added to the fit


class _Imitator(MotifRegressor):
    """A regressor of generated rows. Their copies, and columns that explain the answers alone, are
    no mistake of the user.
    """

    def _warn_of_rows(self, ready: Prepared, seed: int) -> None:
        pass


def imitate(
    predict: Predictor,
    X: Any,
    *,
    rows: int = 60_000,
    preset: str = "fast",
    seed: int = 0,
    n_jobs: int | None = None,
) -> Network:
    """The network, fitted to a number of `rows`, generated ones included."""
    as_table(X)  # refuses what is no table, in our words
    table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    table = table.reset_index(drop=True)
    if len(table) < MIN_ROWS:
        raise DataError(
            f"X has {len(table)} rows; at least {MIN_ROWS} are needed to learn from and to "
            "measure the fidelity on. Pass more rows."
        )
    rng, named = np.random.default_rng(seed), isinstance(X, pd.DataFrame)
    order = rng.permutation(len(table))
    fresh = min(MAX_HELD_OUT, int(HELD_OUT * len(table)))
    held_out, others = table.iloc[order[:fresh]], table.iloc[order[fresh:]].reset_index(drop=True)
    learned, answer = generate_rows(others, rows, rng), _checked(predict, named)
    values = answer(learned)
    classes = are_probabilities(values)
    target = centred_logits(values) if classes else values
    validation = rng.random(len(learned)) < VALIDATION
    model = _Imitator(preset=preset, n_jobs=n_jobs, random_state=seed).fit(
        _with_string_names(learned[~validation]), target[~validation].squeeze()
    )
    answers = Answers(model.encode(_with_string_names(learned)), target, validation)
    network = with_residuals_fitted(model.model_.network, answers, seed)
    network = Chain(
        [encoder_network(model.model_.encoder), network, *([Softmax()] if classes else [])],
        label="imitation",
    )
    columns = Columns.of(table) if named else None
    out = Network(network, table.shape[1], columns=columns, ledger=model.ledger_)
    out.certificate = fidelity_of(out(_with_string_names(held_out)), answer(held_out))
    return out


def _checked(predict: Predictor, named: bool) -> Callable[[pd.DataFrame], Matrix]:
    """The predictor on data frames, which it receives as arrays where X was one."""

    def answer(table: pd.DataFrame) -> Matrix:
        try:
            values = np.asarray(predict(table if named else table.to_numpy()), dtype=np.float64)
        except Exception as error:
            raise DataError(
                f"The predictor failed on {len(table)} rows, or gave no numbers: {error!r}. It "
                "has to take rows of the kind of X."
            ) from error
        if not values.ndim or len(values) != len(table) or not np.isfinite(values).all():
            raise DataError(
                f"The predictor gave shape {values.shape} for {len(table)} rows, or "
                "values that are not finite; expected a number a row."
            )
        return values.reshape(len(table), -1)

    return answer


def _with_string_names(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=str)
