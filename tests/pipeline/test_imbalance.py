"""One row in a hundred is of the second class: probabilities stay right, and nothing is learned
from noise.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from scipy.stats import chi2
from sklearn.metrics import log_loss, roc_auc_score

from motifnet import MotifClassifier
from motifnet.engine import Matrix
from motifnet.stacking import calibration

SHARE = 0.01


def rows(n: int, seed: int) -> tuple[Matrix, np.ndarray, Matrix]:
    """Columns, labels of which about one per cent are 1, and their true probabilities."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    p = 1 / (1 + np.exp(6.1 - 1.2 * X[:, 0] - 0.8 * np.abs(X[:, 1])))
    return X, (rng.random(n) < p).astype(int), p


@cache
def fitted(n: int = 2_000) -> tuple[MotifClassifier, Matrix, np.ndarray]:
    """Of as many rows as a model keeps the predictions of."""
    X, y, _ = rows(n, 0)
    return MotifClassifier(preset="fast").fit(X, y), X, y


def test_rare_class_is_found_and_probabilities_are_right() -> None:
    model, X, y = fitted()
    X_test, y_test, truth = rows(10_000, 1)
    p = model.predict_proba(X_test)[:, 1]
    theirs = LGBMClassifier(
        n_estimators=500, learning_rate=0.05, min_child_samples=5, verbose=-1, n_jobs=1
    ).fit(X, y)
    assert 0.5 * SHARE < truth.mean() < 2 * SHARE
    assert log_loss(y_test, p) < log_loss(y_test, np.full(len(p), y.mean()))
    # the share in the training rows is known to one standard deviation only
    assert p.mean() == pytest.approx(truth.mean(), abs=3 * np.sqrt(truth.mean() / len(y)))
    assert roc_auc_score(y_test, p) > roc_auc_score(
        y_test, np.asarray(theirs.booster_.predict(X_test))
    )


@pytest.mark.slow
def test_the_calibration_of_a_rare_class_over_three_draws() -> None:
    # of single draws the error varies from .002 to .008
    draws = [
        (fitted(3_000)[0], rows(10_000, 1)[:2]),
        *(
            (
                MotifClassifier(preset="fast").fit(*rows(3_000, seed)[:2]),
                rows(10_000, seed + 1)[:2],
            )
            for seed in (10, 20)
        ),
    ]
    assert np.mean([one.reliability(*new).ece for one, new in draws]) < 0.005


def chi_square(p: Matrix, y: Matrix, groups: int = 8) -> float:
    """Hosmer and Lemeshow's statistic, over rows sorted by p in groups with about the same number
    of events.
    """
    order = np.argsort(p, kind="stable")
    cuts = np.searchsorted(np.cumsum(p[order]) / p.sum(), np.arange(1, groups) / groups)
    parts = [
        (p[rows].sum(), y[rows].sum(), (p[rows] * (1 - p[rows])).sum())
        for rows in np.split(order, cuts)
    ]
    return float(sum((expected - found) ** 2 / variance for expected, found, variance in parts))


def test_ledger_says_how_well_calibrated() -> None:
    """The figure is that of the out-of-fold probabilities of the kept model, which are calibrated
    as far as chance lets one tell.
    """
    model, _, _ = fitted()
    assert model._evidence is not None
    observed, p = model._evidence.observed, model._evidence.predicted
    assert observed is not None and p is not None and len(p) == 2_000
    scored = np.isfinite(p[:, 0])
    observed, p = observed[scored], p[scored]
    *_, note = [row.note for row in model.ledger_ if row.kept and "calibration error" in row.note]
    said = calibration(observed.argmax(1), p, np.ones(len(p))).ece
    assert f"calibration error {said:.3f}" in note
    assert chi_square(p[:, 1], observed[:, 1]) < chi2.isf(0.001, 8)
    for wrong in (4 * p[:, 1], p[:, 1] / 4):  # what the test is able to tell
        assert chi_square(np.minimum(wrong, 0.99), observed[:, 1]) > chi2.isf(0.001, 8)


def test_rare_class_that_nothing_explains_keeps_its_share() -> None:
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(1_500, 4)), (rng.random(1_500) < SHARE).astype(int)
    X_test, y_test = rng.normal(size=(10_000, 4)), rng.random(10_000) < SHARE
    p = MotifClassifier(preset="fast").fit(X, y).predict_proba(X_test)[:, 1]
    assert log_loss(y_test, p) < 1.02 * log_loss(y_test, np.full(len(p), y.mean()))
