"""Feature learning of classes by least squares and under the log loss: every form of table, the
same bits whatever the jobs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motifnet.tables import Sample, make_folds
from motifnet.teachers import KernelRidge
from motifnet.training import CrossTuned, FeatureSettings, cross_tune, starts_of

SETTINGS = FeatureSettings(profiles=("laplace1", "laplace2"), steps=4, rounds=2, batch=80)


def sample_of(n: int, classes: int, form: str = "plain") -> Sample:
    rng = np.random.default_rng(5)
    X = rng.uniform(-1, 1, size=(n, 3))
    if form == "equal rows":
        X = X[rng.integers(0, n // 4, n)]
    if form == "categories only":
        X = (X > 0).astype(float)
    labels = np.digitize(
        X[:, 0] + X[:, 1] + 0.3 * rng.normal(size=n), [0.0, 0.6][: classes - 1]
    ).astype(np.int64)
    y = np.asarray(
        2 * labels[:, None] - 1 if classes == 2 else np.eye(classes)[labels], dtype=np.float64
    )
    groups = rng.integers(0, n // 8, n) if form == "groups" else None
    time = np.arange(float(n)) if form == "time" else None
    weight = rng.integers(1, 4, n).astype(float) if form == "weights" else np.ones(n)
    folds = make_folds(n, 4, 0, groups=groups, time=time, labels=labels)
    return Sample(X, y, weight, folds, groups, time, labels, np.full(3, form != "categories only"))


def tune(sample: Sample, settings: FeatureSettings, n_jobs: int = 1) -> CrossTuned:
    return cross_tune(
        sample, starts_of(KernelRidge().fit(sample), settings.profiles), settings, n_jobs=n_jobs
    )


@pytest.mark.parametrize(
    "form", ["plain", "groups", "time", "weights", "equal rows", "categories only"]
)
@pytest.mark.parametrize(("n", "classes"), [(120, 2), (360, 3)])
def test_layers_of_every_form_of_table(n: int, classes: int, form: str) -> None:
    sample = sample_of(n, classes, form)
    found, forced = tune(sample, SETTINGS), tune(sample, replace(SETTINGS, log_loss=True))
    assert forced.log_loss
    for fitted in (found, forced):
        assert (
            np.isfinite(fitted.oof[sample.folds.scored]).all()
            and np.isfinite(fitted.predict(sample.X)).all()
        )


@pytest.mark.parametrize("log_loss", [False, True])
def test_the_same_bits_whatever_the_jobs(log_loss: bool) -> None:
    sample, settings = sample_of(360, 2), replace(SETTINGS, log_loss=log_loss)
    one, two = tune(sample, settings), tune(sample, settings, n_jobs=2)
    assert one.log_loss == two.log_loss == log_loss
    assert np.array_equal(one.oof, two.oof)


def test_numbers_have_no_log_loss() -> None:
    numbers = replace(sample_of(120, 2), labels=None)
    asked, plain = tune(numbers, replace(SETTINGS, log_loss=True)), tune(numbers, SETTINGS)
    assert not asked.log_loss
    assert np.array_equal(asked.oof, plain.oof)
