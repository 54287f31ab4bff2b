"""Limits: whole tables under a time limit, against LightGBM with 500 trees and CatBoost that is
stopped at the same time, fitted in the same call.

Every fit has a process of its own and one thread; seconds are those of the wall clock, since a
limit is. So nothing else should run meanwhile. LightGBM counts where it ends within the limit;
CatBoost ends with the tree that is over it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Self

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._limits_report import report
from benchmarks._tables import checked_split
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compare import METHODS, Method, Result, Setting, Split, measure

EXPERIMENT = Experiment(
    "limits",
    ("set", "split", "limit", "preset"),
    (
        "rows",
        "error",
        "fit_seconds",
        "lightgbm",
        "lightgbm_seconds",
        "catboost",
        "catboost_seconds",
        "status",
        "seconds",
    ),
)
LIMITS = (2, 5, 10, 30, 60)
FULL = Plan(
    sizes=LIMITS, seeds=range(1), sets=("california", "diamonds", "adult", "bank_marketing")
)
QUICK = Plan(sizes=LIMITS[:1], presets=("fast",), seeds=range(1), sets=("california", "adult"))
KILL_AFTER = 600.0
Key = tuple[str, int, int, str]


def main(argv: list[str] | None = None) -> None:
    """`--sizes` are the limits in seconds, `--seeds` the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[Key]:
    for split in options.seeds:
        for name in options.sets:
            yield from (
                (name, split, limit, preset)
                for preset in options.presets
                for limit in options.sizes
            )


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, limit, preset = key
    data, theirs = _lightgbm(name, number, options.data, options.threads)
    ours = measure(
        _limited(preset, limit), data, threads=options.threads, seed=number, limit=KILL_AFTER
    )
    stopped = _catboost(name, number, options.data, options.threads, limit)
    return {
        "rows": ours.rows,
        "error": _error(ours, data),
        "fit_seconds": ours.fit_seconds,
        "lightgbm": _error(theirs, data),
        "lightgbm_seconds": theirs.fit_seconds,
        "catboost": _error(stopped, data),
        "catboost_seconds": stopped.fit_seconds,
        "status": ours.status,
        "seconds": ours.cpu_seconds,
    }


@cache
def _lightgbm(name: str, number: int, data: Any, threads: int) -> tuple[Split, Result]:
    """A split of the whole table, and LightGBM on it: once a call."""
    split = checked_split(name, number, data)
    return split, measure(
        METHODS["lightgbm"], split, threads=threads, seed=number, limit=KILL_AFTER
    )


@cache
def _catboost(name: str, number: int, data: Any, threads: int, limit: int) -> Result:
    """CatBoost stopped at the limit: once a call."""
    method = Method(
        f"CatBoost, {limit} s",
        "default",
        ("catboost",),
        "categories",
        partial(StoppedCatBoost, limit=limit),
    )
    return measure(
        method,
        _lightgbm(name, number, data, threads)[0],
        threads=threads,
        seed=number,
        limit=KILL_AFTER,
    )


class StoppedCatBoost:
    """CatBoost at its defaults, which ends with the first tree that is over the limit."""

    def __init__(self, setting: Setting, limit: int) -> None:
        self.model, self.limit = METHODS["catboost"].build(setting), limit

    def fit(self, X: Any, y: Any) -> Self:
        self.end = time.monotonic() + self.limit
        self.model.fit(X, y, callbacks=[self])
        return self

    def after_iteration(self, info: Any) -> bool:
        """Whether CatBoost grows another tree."""
        return time.monotonic() < self.end

    def predict(self, X: Any) -> Any:
        return self.model.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(X)


def _error(result: Result, split: Split) -> float:
    return result.log_loss if split.classes else result.nrmse


def _limited(preset: str, limit: int) -> Method:
    return Method(
        f"motifnet {preset}, {limit} s",
        "default",
        ("motifnet",),
        "table",
        partial(_build, preset=preset, limit=limit),
    )


def _build(setting: Setting, *, preset: str, limit: int) -> Any:
    model = MotifClassifier if setting.classes else MotifRegressor
    return model(
        preset=preset, time_limit_s=limit, n_jobs=setting.threads, random_state=setting.seed
    )


if __name__ == "__main__":  # the processes of the fits import this file again
    main()
