"""Two fits to the same rows in some order, by a number of jobs, as a string that names every bit."""

from __future__ import annotations

import numpy as np

from motifnet import MotifClassifier, MotifRegressor


def fits(n_jobs: int, seed: int) -> str:
    """Predictions and ledgers. seed: that of the order of the rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 3))
    X[:, 2] = rng.integers(0, 4, 160)
    y = np.sin(2 * X[:, 0]) + X[:, 1] * (X[:, 2] > 1) + 0.1 * rng.normal(size=160)
    order = np.random.default_rng(seed).permutation(160)
    labels = np.digitize(y, [-0.5, 0.5])
    model = MotifRegressor(n_jobs=n_jobs).fit(X[order], y[order])
    classifier = MotifClassifier(preset="fast", n_jobs=n_jobs).fit(X[order], labels[order])
    ledger = [*model.ledger_, *classifier.ledger_]
    return (
        model.predict(X).tobytes().hex()
        + classifier.predict_proba(X).tobytes().hex()
        + str([(row.stage, row.error, row.kept) for row in ledger])
    )
