"""Structure that the profile finds becomes a layer of the network: exact, saved, exported, and kept only where it helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import motifnet
from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import UsageError
from motifnet.estimators._front import Front, absolute, projection, sorting
from motifnet.estimators._goal import numpy_of
from motifnet.tables import Matrix, Sample

Drawn = tuple[Matrix, Matrix, Matrix]


def exchangeable(rng: np.random.Generator, n: int = 300) -> Drawn:
    X = rng.random((n, 3))
    f = np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1)
    return X, f, f + 0.1 * rng.standard_normal(n)


def even(rng: np.random.Generator, n: int = 300) -> Drawn:
    X = rng.standard_normal((n, 3))
    f = np.abs(X[:, 0]) * 2 + np.sin(X[:, 1]) + X[:, 2]
    return X, f, f + 0.1 * rng.standard_normal(n)


def thin(rng: np.random.Generator, n: int = 300) -> Drawn:
    Z, axes = rng.uniform(-1, 1, (n, 2)), np.linalg.qr(np.random.default_rng(0).standard_normal((20, 2)))[0].T
    f = np.sin(6 * Z[:, 0]) * np.cos(5 * Z[:, 1])
    return Z @ axes, f, f + 0.1 * rng.standard_normal(n)


def jumping(rng: np.random.Generator, n: int = 2_000) -> Drawn:
    X = rng.random((n, 2))
    f = X[:, 0] ** 2 + (X[:, 0] + X[:, 1] > 0.9)
    return X, f, f + 0.1 * rng.standard_normal(n)


CASES = [(exchangeable, "sorting layer"), (even, "absolute values"), (thin, "projection"), (jumping, "step")]


@pytest.mark.parametrize(("draw", "layer"), CASES, ids=[layer for _, layer in CASES])
def test_found_structure_is_built_in_kept_saved_and_exported(draw: Callable[..., Drawn], layer: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    X, _, y = draw(rng)
    new, truth, _ = draw(rng)
    model = MotifRegressor(preset="fast", profile="auto").fit(X, y)
    plain = MotifRegressor(preset="fast").fit(X, y)
    rows = {row.stage: row for row in model.ledger_}
    assert model.profile_ is not None
    assert model.profile_.prescription
    assert rows["profile"].note
    assert rows[layer].kept
    assert rows[layer].error < rows["profile"].error
    assert np.mean((model.predict(new) - truth) ** 2) < np.mean((plain.predict(new) - truth) ** 2)
    np.testing.assert_allclose(model.teacher_(model.encode(new))[:, 0], model.predict(new), atol=1e-9)
    model.save(tmp_path / "m.motif")
    np.testing.assert_array_equal(motifnet.load(tmp_path / "m.motif").predict(new), model.predict(new))
    model.to_onnx(tmp_path / "m.onnx")  # compared with the network before it is written


@pytest.mark.parametrize("n", [150, 300])
def test_where_nothing_is_found_the_model_is_that_without_a_profile(n: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 3)) * [1, 2, 3] + [0, 1, 5]
    y = X[:, 0] + np.sin(X[:, 1]) + 0.5 * rng.standard_normal(n)
    model, plain = (MotifRegressor(preset="fast", profile=wish).fit(X, y) for wish in ("auto", None))
    assert model.profile_ is not None
    assert not model.profile_.prescription
    assert "nothing" in next(row.note for row in model.ledger_ if row.stage == "profile")
    assert plain.profile_ is None
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


def test_a_given_profile_is_followed_and_checked() -> None:
    X, _, y = exchangeable(np.random.default_rng(2))
    found = motifnet.profile(X, y)
    model = MotifRegressor(preset="fast", profile=found).fit(X, y)
    assert model.profile_ is found
    assert "sorting layer" in [row.stage for row in model.ledger_]
    with pytest.raises(UsageError, match="profile of this table"):
        MotifRegressor(preset="fast", profile=found).fit(X[:, :2], y)
    with pytest.raises(UsageError, match="Pass 'auto'"):
        MotifRegressor(profile="car").fit(X, y)


def test_classes_have_invariances_too() -> None:
    X, f, _ = exchangeable(np.random.default_rng(3), 600)
    model = MotifClassifier(preset="fast", profile="auto").fit(X, np.where(f > np.median(f), "hi", "lo"))
    assert model.profile_ is not None
    assert [f.detector for f in model.profile_.findings] == ["intrinsic dimension", "invariance"]
    assert np.isfinite(model.predict_proba(X)).all()


def test_fronts_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    X, numeric = rng.standard_normal((50, 4)), np.array([True, True, False, True])
    slope, shift = np.array([2.0, 2.0]), np.array([1.0, -1.0])
    swapped = X.copy()
    swapped[:, [1, 3]] = (X[:, [3, 1]] * 2 + [-1, 1] - [1, -1]) / 2  # exchanged in common units
    at = sorting([1, 3], numeric, slope, shift)
    np.testing.assert_allclose(numpy_of(at.motif, swapped), numpy_of(at.motif, X), atol=1e-14)
    np.testing.assert_array_equal(numpy_of(at.motif, X)[:, :2], X[:, [0, 2]])
    np.testing.assert_array_equal(at.numeric, [True, False, True, True])
    flipped = X * [1, -1, 1, 1]
    even_front = absolute([1], numeric, np.ones(1), np.zeros(1))
    np.testing.assert_array_equal(numpy_of(even_front.motif, flipped), numpy_of(even_front.motif, X))
    Z = numpy_of(projection(X, numeric, 2).motif, X)
    np.testing.assert_array_equal(Z[:, 0], X[:, 2])
    np.testing.assert_allclose(np.cov(Z[:, 1:].T, bias=True), np.eye(2), atol=1e-12)


def test_a_sample_behind_a_front_keeps_its_folds_and_their_encodings() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    sample = Sample.plain(X, X[:, 0])
    front: Front = sorting([0, 1, 2], np.ones(3, dtype=bool), np.ones(3), np.zeros(3))
    behind = front.behind(sample)
    np.testing.assert_array_equal(behind.X, np.sort(X, axis=1))
    assert behind.views is None
    assert behind.folds is sample.folds
