"""One row in a hundred is of the second class: probabilities stay right, and nothing is learned from noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.metrics import log_loss, roc_auc_score

from motifnet import MotifClassifier
from motifnet.tables import Matrix

SHARE = 0.01


def rows(n: int, seed: int) -> tuple[Matrix, np.ndarray, Matrix]:
    """Columns, labels of which about one per cent are 1, and their true probabilities."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    p = 1 / (1 + np.exp(6.1 - 1.2 * X[:, 0] - 0.8 * np.abs(X[:, 1])))
    return X, (rng.random(n) < p).astype(int), p


@cache
def fitted() -> tuple[MotifClassifier, Matrix, np.ndarray]:
    X, y, _ = rows(3_000, 0)
    return MotifClassifier(preset="fast").fit(X, y), X, y


def test_rare_class_is_found_and_probabilities_are_right() -> None:
    model, X, y = fitted()
    X_test, y_test, truth = rows(10_000, 1)
    p = model.predict_proba(X_test)[:, 1]
    theirs = LGBMClassifier(n_estimators=500, learning_rate=0.05, min_child_samples=5, verbose=-1, n_jobs=1).fit(X, y)
    assert 0.5 * SHARE < truth.mean() < 2 * SHARE
    assert log_loss(y_test, p) < log_loss(y_test, np.full(len(p), y.mean()))
    # the share in the training rows is known to one standard deviation only
    assert p.mean() == pytest.approx(truth.mean(), abs=3 * np.sqrt(truth.mean() / len(y)))
    assert roc_auc_score(y_test, p) > roc_auc_score(y_test, np.asarray(theirs.predict_proba(X_test))[:, 1])
    assert model.reliability(X_test, y_test).ece < 0.005


def test_ledger_says_how_well_calibrated() -> None:
    assert all("calibration error 0.0" in row.note for row in fitted()[0].ledger_ if row.stage == "stack")


def test_rare_class_that_nothing_explains_keeps_its_share() -> None:
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(1_500, 4)), (rng.random(1_500) < SHARE).astype(int)
    X_test, y_test = rng.normal(size=(10_000, 4)), rng.random(10_000) < SHARE
    p = MotifClassifier(preset="fast").fit(X, y).predict_proba(X_test)[:, 1]
    assert log_loss(y_test, p) < 1.02 * log_loss(y_test, np.full(len(p), y.mean()))
