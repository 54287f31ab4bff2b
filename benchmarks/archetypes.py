"""Archetypes: tables of the kinds that users bring, of known law, against CatBoost and a linear
model at their defaults.

    error    on 2,000 new rows: root mean square, for classes the log loss; on the last third of a trend
    seconds  of the processor

One row a draw. Moments in time are given to the others as year, month, day, hour and weekday, as
their users do.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._archetype_tables import ARCHETYPES, Archetype, Drawn
from benchmarks._archetypes_report import report
from benchmarks._experiment import Experiment, Options, Plan, options_of
from motifnet import MotifClassifier, MotifRegressor

NEW_ROWS = 2_000
EXPERIMENT = Experiment(
    "archetypes",
    ("kind", "draw", "preset"),
    ("n", "ours", "catboost", "linear", "seconds", "seconds_catboost"),
)
FULL = Plan(seeds=range(5), sets=tuple(ARCHETYPES))
QUICK = Plan(presets=("fast",), seeds=range(1), sets=("30 rows", "xor of bits"))
Key = tuple[str, int, str]


def main(argv: list[str] | None = None) -> None:
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), lambda key: measure(key, options.threads), report)


def _keys(options: Options) -> Iterator[Key]:
    for preset in options.presets:
        for seed in options.seeds:
            yield from ((kind, seed, preset) for kind in options.sets)


def measure(key: Key, threads: int) -> dict[str, Any]:
    """All three methods on one draw."""
    kind, seed, preset = key
    law = ARCHETYPES[kind]
    (X, y), (new, target) = drawn(law, seed)
    row: dict[str, Any] = {"n": len(X)}
    for name, fitted in (
        ("ours", _ours(law, preset, threads, seed)),
        ("catboost", _catboost(law, threads, seed)),
        ("linear", _linear(law)),
    ):
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row[name] = _error(law, y, target, fitted(X, y, new))
        row[f"seconds_{name}" if name != "ours" else "seconds"] = time.process_time() - start
    return row


def drawn(law: Archetype, seed: int) -> tuple[Drawn, Drawn]:
    """Rows of a fit, and new ones of the same law."""
    rng = np.random.default_rng([17, seed])
    if not law.beyond:
        return law.draw(rng, law.n), law.draw(rng, NEW_ROWS)
    X, y = law.draw(rng, law.n * 3 // 2)
    return (X.iloc[: law.n], y[: law.n]), (X.iloc[law.n :], y[law.n :])


def _error(law: Archetype, y: Any, target: Any, predicted: Any) -> float:
    if not law.classes:
        return float(np.sqrt(np.mean((predicted - target) ** 2)))
    chosen = predicted[np.arange(len(target)), np.searchsorted(np.unique(y), target)]
    return float(-np.log(np.maximum(chosen, 1e-15)).mean())


Fitted = Callable[[pd.DataFrame, Any, pd.DataFrame], Any]


def _ours(law: Archetype, preset: str, threads: int, seed: int) -> Fitted:
    def fitted(X: pd.DataFrame, y: Any, new: pd.DataFrame) -> Any:
        model = (MotifClassifier if law.classes else MotifRegressor)(
            preset=preset, n_jobs=threads, random_state=seed
        ).fit(X, y)
        return model.predict_proba(new) if law.classes else model.predict(new)

    return fitted


def _catboost(law: Archetype, threads: int, seed: int) -> Fitted:
    def fitted(X: pd.DataFrame, y: Any, new: pd.DataFrame) -> Any:
        from catboost import CatBoostClassifier, CatBoostRegressor

        X, new = _plain(X), _plain(new)
        model = (CatBoostClassifier if law.classes else CatBoostRegressor)(
            verbose=0,
            thread_count=threads,
            random_seed=seed,
            cat_features=_words(X),
            allow_writing_files=False,
        )
        model.fit(X, y)
        return model.predict_proba(new) if law.classes else model.predict(new)

    return fitted


def _linear(law: Archetype) -> Fitted:
    def fitted(X: pd.DataFrame, y: Any, new: pd.DataFrame) -> Any:
        from sklearn.compose import make_column_transformer
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression, RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        X, new = _plain(X), _plain(new)
        words = _words(X)
        numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
        columns = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", min_frequency=2), words), remainder=numbers
        )
        last = (
            LogisticRegression(max_iter=1_000)
            if law.classes
            else RidgeCV(np.geomspace(1e-3, 1e3, 13))
        )
        model = make_pipeline(columns, last).fit(X, y)
        return model.predict_proba(new) if law.classes else model.predict(new)

    return fitted


def _plain(X: pd.DataFrame) -> pd.DataFrame:
    """Moments as numbers."""
    parts: dict[str, Any] = {}
    for name, column in X.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            parts |= {
                f"{name} {part}": getattr(column.dt, part)
                for part in ("year", "month", "day", "hour", "weekday")
            }
        else:
            parts[str(name)] = column
    return pd.DataFrame(parts)


def _words(X: pd.DataFrame) -> list[str]:
    return [str(name) for name in X if not pd.api.types.is_numeric_dtype(X[name])]


if __name__ == "__main__":
    main()
