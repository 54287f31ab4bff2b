"""Scores of held-out rows and their standard errors, against closed forms and repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from motifnet.stacking import Score, class_scores, regression_scores


def test_regression_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    p = y + rng.normal(size=300) / 3
    r2, rmse = regression_scores(y, p)
    assert r2.value == pytest.approx(r2_score(y, p))
    assert rmse.value == pytest.approx(np.sqrt(((y - p) ** 2).mean()))


def test_class_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 400)
    p = np.clip(0.5 + (labels - 0.5) * 0.3 + rng.normal(size=400) / 5, 0.01, 0.99).round(2)
    both = np.column_stack([1 - p, p])
    accuracy, loss, area = class_scores(labels, both)
    assert accuracy.value == pytest.approx((both.argmax(1) == labels).mean())
    assert loss.value == pytest.approx(log_loss(labels, both))
    assert area.value == pytest.approx(roc_auc_score(labels, p))


def test_standard_errors_are_the_spread_over_samples() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(400):
        labels = rng.random(150) < 0.4
        signal = labels + rng.normal(size=150)
        p = 1 / (1 + np.exp(-signal))
        noise = rng.normal(size=150)
        found.append(
            (
                *regression_scores(signal, signal + noise),
                *class_scores(labels.astype(np.int64), np.column_stack([1 - p, p])),
            )
        )
    for scores in zip(*found, strict=True):
        spread = np.std([score.value for score in scores])
        assert np.mean([score.error for score in scores]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Score("R²", 0.92561, 0.0083), "R² 0.9256 ± 0.0083"),
        (Score("RMSE", 20531.2, 690.0), "RMSE 20,531 ± 690"),
        (Score("R²", 0.912), "R² 0.912"),
        (Score("RMSE", 0.0, 0.0), "RMSE 0.000 ± 0.000"),
    ],
)
def test_scores_are_shown_with_two_digits_of_their_error(score: Score, text: str) -> None:
    assert str(score) == text
