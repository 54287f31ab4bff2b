"""Our fit with its whole course: the error after each stage, at the seconds at which a model of
that error was at hand.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from benchmarks._split import Split
from motifnet.compare import stage_outputs
from motifnet.estimators import MotifRegressor


@dataclass(frozen=True)
class Stage:
    """After a stage: seconds since the start, test error of that stage's network, and of the one
    kept so far, chosen without the test rows.
    """

    name: str
    seconds: float
    error: float
    kept: bool
    best: float


@dataclass(frozen=True)
class Course:
    """The fitted model, its seconds, the test error of `predict`, and its stages."""

    model: Any
    seconds: float
    error: float
    stages: list[Stage]


def fit(data: Split, preset: str, threads: int, seed: int) -> Course:
    """Fit and evaluate; nothing of the evaluation is in the seconds."""
    start = time.monotonic()
    model = MotifRegressor(preset=preset, n_jobs=threads, random_state=seed).fit(
        data.train[data.columns], data.train["target"]
    )
    seconds = time.monotonic() - start
    error = data.nrmse(model.predict(data.test[data.columns]))
    stages: list[Stage] = []
    for stage, kept, prediction in stage_outputs(model, data.test[data.columns]):
        own = data.nrmse(prediction)
        stages.append(
            Stage(
                stage.name, stage.seconds, own, kept, own if kept or not stages else stages[-1].best
            )
        )
    return Course(model, seconds, error, stages)


def warm_up() -> None:
    """Load what is loaded at the first fit, so that no timing has it."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "target"])
    fit(Split(table, table), "balanced", 1, 0)
