"""A predictor that is seen through its predictions alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from motifnet import mimic
from motifnet.engine import DataError, Matrix, UsageError
from motifnet.estimators import imitate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))


def smooth(rows: Matrix) -> Matrix:
    return np.sin(rows[:, 0]) + rows[:, 1] * rows[:, 2]


def r2(got: Matrix, want: Matrix) -> float:
    return float(1 - ((got - want) ** 2).sum() / ((want - want.mean(0)) ** 2).sum())


def test_fidelity_on_fresh_rows_is_high_and_told(tmp_path: Path) -> None:
    network = imitate(smooth, X, rows=2000)
    fresh = RNG.normal(size=(500, 3))
    assert r2(network(fresh)[:, 0], smooth(fresh)) > 0.99
    assert network.certificate is not None and "not exact" in str(network.certificate)
    assert network.to_onnx(tmp_path / "net.onnx", X=fresh).max_difference < 1e-10


def test_probabilities_stay_probabilities() -> None:
    model = LogisticRegression().fit(X, np.digitize(smooth(X), [-0.5, 0.5]))
    got = imitate(model.predict_proba, X, rows=1000)(X)
    np.testing.assert_allclose(got.sum(1), 1)
    assert r2(got, model.predict_proba(X)) > 0.98


def test_data_frame_with_texts_and_gaps() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(
        town=RNG.choice(["Ulm", "Bonn"], 400), rooms=RNG.integers(1, 5, 400)
    )
    frame.loc[::9, "c"] = np.nan

    def predict(rows: pd.DataFrame) -> Matrix:
        return (
            rows["a"].abs() + (rows["town"] == "Ulm") * rows["rooms"] + rows["c"].fillna(0)
        ).to_numpy(dtype=float)

    network = imitate(predict, frame, rows=2000)
    assert r2(network(frame)[:, 0], predict(frame)) > 0.98


def test_same_seed_same_network() -> None:
    one, two = (imitate(smooth, X[:100], rows=200, n_jobs=jobs)(X) for jobs in (1, 2))
    assert np.array_equal(one, two)


def test_bad_input() -> None:
    with pytest.raises(UsageError, match="Pass X"):
        mimic(smooth)
    with pytest.raises(DataError, match="at least 50"):
        mimic(smooth, X[:20])
    with pytest.raises(DataError, match="not finite"):
        mimic(lambda rows: np.full(len(rows), np.nan), X)
