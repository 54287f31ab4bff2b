"""What figures compare on the same trials: our estimator as it comes, and the network that is its core, without the other parts of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from motifnet.estimators import MotifRegressor
from motifnet.lab._draw import MEASURED, TRAINED
from motifnet.lab._oracle import Trial
from motifnet.lab._seeds import Values
from motifnet.retrain import InnerSettings, cross_tune, starts_of
from motifnet.stacking import fit_nnls_stack
from motifnet.tables import Matrix, Sample
from motifnet.teachers import KernelRidge

KERNEL, NETWORK = "kernel ridge", "network"
STYLES = {KERNEL: ("o-", MEASURED), NETWORK: ("D-", TRAINED)}
FOLDS = 4
Predict = Callable[[Trial], Matrix]
Errors = dict[str, Values]  # of a method, with shape (seeds, trials of a seed)


@dataclass(frozen=True)
class Retrained:
    """Predictions at the test rows: of the convex fit, of the networks that it was retrained into, and of those weighed by out-of-fold scores."""

    convex: Matrix
    networks: tuple[Matrix, ...]
    weighted: Matrix


def network(preset: str) -> Predict:
    """Our estimator as it comes."""
    return lambda trial: np.asarray(MotifRegressor(preset=preset, n_jobs=1, profile=None).fit(trial.X, trial.y).predict(trial.X_test))


def retrained(trial: Trial, settings: Sequence[InnerSettings]) -> Retrained:
    """Kernel ridge regression, transferred and retrained for each of the settings, which share their profiles: the folds' networks in parallel."""
    mean, sd = trial.y.mean(), trial.y.std()
    sample = Sample.plain(trial.X, (trial.y - mean) / sd, folds=FOLDS)
    convex = KernelRidge().fit(sample, seed=0)
    starts = starts_of(convex, settings[0].profiles)
    tuned = [cross_tune(sample, starts, each, copies=FOLDS) for each in settings]
    weights = fit_nnls_stack([fitted.oof for fitted in tuned], sample.y, sample.weight, sample.folds).weights

    def back(values: Matrix) -> Matrix:
        return np.asarray(values[:, 0] * sd + mean)

    outputs = [fitted.predict(trial.X_test) for fitted in tuned]
    weighted = np.asarray(sum(w * output for w, output in zip(weights, outputs, strict=True)))
    return Retrained(back(convex.predict(trial.X_test)), tuple(map(back, outputs)), back(weighted))


def errors_of(predict: Predict, trials: Iterable[Iterable[Trial]]) -> Values:
    """With shape (seeds, trials of a seed)."""
    return np.array([[trial.error(predict(trial)) for trial in each] for each in trials])
