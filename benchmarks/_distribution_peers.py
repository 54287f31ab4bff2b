"""Six ways to the law of a prediction, as a competent user runs them.

Columns and target are standardised, and levels become indicators (CatBoost has its own way).
Methods that stop early do so on a random fifth of the training rows; the boosted ones are then
fitted anew to all rows. A `Fit` gets a split, a seed and threads, and returns how the test rows are
predicted, so that both can be timed.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from benchmarks import _deep_ensemble
from benchmarks._peer_laws import Matrix, NormalMixture, PeerLaw, Quantiles
from benchmarks._quantiles import CALIBRATION
from benchmarks._split import Split

Fit = Callable[[Split, int, int], Callable[[], PeerLaw]]
LEVELS = np.array([0.025, *(k / 20 for k in range(1, 20)), 0.975])
HELD_OUT = 0.2
MAX_TREES, RATE, PATIENCE = 500, 0.05, 30  # of NGBoost and CatBoost
BOOSTER: dict[str, Any] = {
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_child_samples": 20,
    "max_bin": 63,
    "force_col_wise": True,
    "verbose": -1,
}
MAX_LEVEL_TREES, CONFORMAL_TREES = 300, 150
MAX_TUNED, MAX_STEPS = 500, 40  # rows and steps of L-BFGS for the length scales of a process


@dataclass(frozen=True)
class Peer:
    """A method and the module that it needs."""

    fit: Fit
    module: str

    @property
    def missing(self) -> bool:
        return find_spec(self.module) is None


@dataclass(frozen=True)
class _Numbers:
    """Standardised columns and target, and the mean and the standard deviation of the target."""

    X: Matrix
    y: Matrix
    X_test: Matrix
    mean: float
    sd: float

    @classmethod
    def of(cls, data: Split) -> _Numbers:
        both = pd.get_dummies(pd.concat([data.train, data.test])[data.columns], dtype=float)
        rows, y = len(data.train), data.train["target"].to_numpy(dtype=float)
        X = both.to_numpy(dtype=float)
        spread = X[:rows].std(0)
        X = (X - X[:rows].mean(0)) / np.where(spread > 0, spread, 1)
        return cls(X[:rows], (y - y.mean()) / y.std(), X[rows:], float(y.mean()), float(y.std()))

    def normal(self, means: Matrix, sds: Matrix) -> NormalMixture:
        """In units of the target, for arrays with shape (n,) or (n, M)."""
        rows = len(self.X_test)
        means, sds = means.reshape(rows, -1), sds.reshape(rows, -1)
        return NormalMixture(self.mean + self.sd * means, self.sd * sds)

    def quantiles(self, found: Matrix) -> Quantiles:
        """In units of the target, at `LEVELS` with shape (n, L)."""
        return Quantiles.of(LEVELS, self.mean + self.sd * found, self.sd)


def _parts(rows: int, share: float, seed: int) -> tuple[Any, Any]:
    """Random rows to fit, and a share that is held out."""
    used, held = np.split(
        np.random.default_rng(seed).permutation(rows), [round((1 - share) * rows)]
    )
    return used, held


def _ngboost(data: Split, seed: int, threads: int) -> Callable[[], PeerLaw]:
    from ngboost import NGBRegressor

    numbers = _Numbers.of(data)
    X, y = numbers.X, numbers.y
    used, held = _parts(len(y), HELD_OUT, seed)
    make = partial(NGBRegressor, learning_rate=RATE, verbose=False, random_state=seed)
    first = make(n_estimators=MAX_TREES, early_stopping_rounds=PATIENCE)
    with redirect_stdout(io.StringIO()):  # it says so in any case
        first.fit(X[used], y[used], X_val=X[held], Y_val=y[held])
    model = make(n_estimators=int(first.best_val_loss_itr) + 1).fit(X, y)

    def predict() -> PeerLaw:
        found = model.pred_dist(numbers.X_test)
        return numbers.normal(found.loc, found.scale)

    return predict


def _catboost(data: Split, seed: int, threads: int) -> Callable[[], PeerLaw]:
    from catboost import CatBoostRegressor

    numbers = _Numbers.of(data)
    y = numbers.y
    levels = [c for c in data.columns if not pd.api.types.is_numeric_dtype(data.train[c])]
    X, X_test = (
        rows[data.columns].astype(dict.fromkeys(levels, str)) for rows in (data.train, data.test)
    )
    used, held = _parts(len(y), HELD_OUT, seed)
    make = partial(
        CatBoostRegressor,
        loss_function="RMSEWithUncertainty",
        learning_rate=RATE,
        cat_features=levels,
        thread_count=threads,
        random_seed=seed,
        allow_writing_files=False,
        verbose=0,
    )
    first = make(iterations=MAX_TREES, early_stopping_rounds=PATIENCE)
    first.fit(X.iloc[used], y[used], eval_set=(X.iloc[held], y[held]))
    model = make(iterations=first.get_best_iteration() + 1).fit(X, y)

    def predict() -> PeerLaw:
        mean, variance = model.predict(X_test).T
        return numbers.normal(mean, np.sqrt(variance))

    return predict


def _booster(level: float, trees: int, seed: int, threads: int) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(
        objective="quantile",
        alpha=level,
        n_estimators=trees,
        n_jobs=threads,
        random_state=seed,
        **BOOSTER,
    )


def _lightgbm(data: Split, seed: int, threads: int) -> Callable[[], PeerLaw]:
    from lightgbm import early_stopping

    numbers = _Numbers.of(data)
    X, y = numbers.X, numbers.y
    used, held = _parts(len(y), HELD_OUT, seed)
    stop, models = [early_stopping(PATIENCE, verbose=False)], []
    for level in LEVELS:
        first = _booster(level, MAX_LEVEL_TREES, seed, threads)
        first.fit(X[used], y[used], eval_X=X[held], eval_y=y[held], callbacks=stop)
        trees = max(int(first.best_iteration_), 1)
        models.append(_booster(level, trees, seed, threads).fit(X, y))
    return lambda: numbers.quantiles(
        np.column_stack([model.predict(numbers.X_test) for model in models])
    )


def _conformal(data: Split, seed: int, threads: int) -> Callable[[], PeerLaw]:
    """Conformalised quantile regression by MAPIE: ten intervals around one median, whose ends are
    the quantiles of the law.
    """
    from mapie.regression import ConformalizedQuantileRegressor

    logging.disable(logging.INFO)  # MAPIE tells of every pair of quantiles that cross
    numbers = _Numbers.of(data)
    used, held = _parts(len(numbers.y), CALIBRATION, seed)
    boosters = [
        _booster(level, CONFORMAL_TREES, seed, threads).fit(numbers.X[used], numbers.y[used])
        for level in LEVELS
    ]
    middle = len(LEVELS) // 2
    models = []
    for k in range(middle):
        model = ConformalizedQuantileRegressor(
            [boosters[k], boosters[-1 - k], boosters[middle]],
            confidence_level=float(1 - 2 * LEVELS[k]),
            prefit=True,
        )
        models.append(model.conformalize(numbers.X[held], numbers.y[held]))

    def predict() -> PeerLaw:
        ends = [model.predict_interval(numbers.X_test)[1][:, :, 0] for model in models]
        lower, upper = np.moveaxis(np.stack(ends, 1), 2, 0)
        median = boosters[middle].predict(numbers.X_test)
        return numbers.quantiles(np.column_stack([lower, median, upper[:, ::-1]]))

    return predict


def _gaussian_process(data: Split, seed: int, threads: int) -> Callable[[], PeerLaw]:
    """Matérn kernel (ν = 5/2) with a length scale a column, and noise. At most `MAX_TUNED` rows
    give the parameters of greatest marginal likelihood; all rows are conditioned on.
    """
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    numbers = _Numbers.of(data)
    X, y = numbers.X, numbers.y
    tuned = np.random.default_rng(seed).permutation(len(y))[:MAX_TUNED]
    columns = X.shape[1]
    scales = Matern(np.full(columns, columns**0.5), (1e-2, 1e4), nu=2.5)
    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * scales + WhiteKernel(0.1, (1e-6, 1e1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # length scales at their bound: columns without effect
        first = GaussianProcessRegressor(kernel, optimizer=_descent).fit(X[tuned], y[tuned])
        model = GaussianProcessRegressor(first.kernel_, optimizer=None).fit(X, y)
    return lambda: numbers.normal(*model.predict(numbers.X_test, return_std=True))


def _descent(objective: Callable[[Matrix], Any], start: Matrix, bounds: Matrix) -> Any:
    """scikit-learn's own optimiser, with an end."""
    found = minimize(objective, start, jac=True, bounds=bounds, options={"maxiter": MAX_STEPS})
    return found.x, found.fun


def _ensemble(data: Split, seed: int, threads: int) -> Callable[[], PeerLaw]:
    numbers = _Numbers.of(data)
    weights = _deep_ensemble.train(numbers.X, numbers.y, seed)
    return lambda: numbers.normal(*_deep_ensemble.predict(weights, numbers.X_test))


PEERS = {
    "ngboost": Peer(_ngboost, "ngboost"),
    "catboost": Peer(_catboost, "catboost"),
    "quantiles": Peer(_lightgbm, "lightgbm"),
    "cqr": Peer(_conformal, "mapie"),
    "gp": Peer(_gaussian_process, "sklearn"),
    "ensemble": Peer(_ensemble, "torch"),
}
