"""Two methods that figures compare on the same trials: kernel ridge regression, which is linear in y, and our network."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from motifnet.estimators import MotifRegressor
from motifnet.lab._draw import MEASURED, TRAINED
from motifnet.lab._oracle import Trial
from motifnet.lab._seeds import Values
from motifnet.tables import Matrix

KERNEL, NETWORK = "kernel ridge", "network"
STYLES = {KERNEL: ("o-", MEASURED), NETWORK: ("D-", TRAINED)}
Predict = Callable[[Trial], Matrix]
Errors = dict[str, Values]  # of a method, with shape (seeds, trials of a seed)


def network(preset: str) -> Predict:
    """Our network as it comes."""
    return lambda trial: np.asarray(MotifRegressor(preset=preset, n_jobs=1, profile=None).fit(trial.X, trial.y).predict(trial.X_test))


def errors_of(predict: Predict, trials: Iterable[Iterable[Trial]]) -> Values:
    """With shape (seeds, trials of a seed)."""
    return np.array([[trial.error(predict(trial)) for trial in each] for each in trials])
