"""Limits: whole tables under a time limit, against LightGBM with 500 trees, which is fitted in the same call.

Every fit has a process of its own and one thread; seconds are those of the wall clock, since a limit is. So nothing else should run meanwhile. A row
counts where LightGBM itself ends within the limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._limits_report import report
from benchmarks._tables import checked_split
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compare import METHODS, Method, Result, Setting, Split, measure

EXPERIMENT = Experiment(
    "limits",
    ("set", "split", "limit", "preset"),
    ("rows", "error", "fit_seconds", "lightgbm", "lightgbm_seconds", "status", "seconds"),
)
LIMITS = (3, 10, 30)
FULL = Plan(sizes=LIMITS, seeds=range(1), sets=("california", "diamonds", "adult", "bank_marketing"))
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
            yield from ((name, split, limit, preset) for preset in options.presets for limit in options.sizes)


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, limit, preset = key
    data, theirs = _lightgbm(name, number, options.data, options.threads)
    ours = measure(_limited(preset, limit), data, threads=options.threads, seed=number, limit=KILL_AFTER)
    return {
        "rows": ours.rows,
        "error": _error(ours, data),
        "fit_seconds": ours.fit_seconds,
        "lightgbm": _error(theirs, data),
        "lightgbm_seconds": theirs.fit_seconds,
        "status": ours.status,
        "seconds": ours.cpu_seconds,
    }


@cache
def _lightgbm(name: str, number: int, data: Any, threads: int) -> tuple[Split, Result]:
    """A split of the whole table, and LightGBM on it: once a call."""
    split = checked_split(name, number, data)
    return split, measure(METHODS["lightgbm"], split, threads=threads, seed=number, limit=KILL_AFTER)


def _error(result: Result, split: Split) -> float:
    return result.log_loss if split.classes else result.nrmse


def _limited(preset: str, limit: int) -> Method:
    return Method(f"motifnet {preset}, {limit} s", "default", ("motifnet",), "table", partial(_build, preset=preset, limit=limit))


def _build(setting: Setting, *, preset: str, limit: int) -> Any:
    model = MotifClassifier if setting.classes else MotifRegressor
    return model(preset=preset, time_limit_s=limit, n_jobs=setting.threads, random_state=setting.seed)


if __name__ == "__main__":  # the processes of the fits import this file again
    main()
