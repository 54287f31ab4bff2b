"""The logarithmic scale: taken where it pays, exact, and left alone where it does not."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from motifnet import MotifRegressor
from motifnet.engine import MotifnetWarning
from motifnet.pipeline import PRESETS
from motifnet.structure import LogScale, part_of
from motifnet.tables import Sample, standardised
from motifnet.teachers import KernelRidge
from motifnet.training import FeatureSettings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 3))
LOG = 1.5 * X[:, 0] + np.abs(X[:, 1])
Y = np.exp(LOG + 0.2 * RNG.normal(size=160))


@pytest.fixture(scope="module")
def fits() -> Iterator[Callable[[np.ndarray], MotifRegressor]]:
    """A quick preset of two trainings, so that one of them has log y."""
    short = FeatureSettings(steps=20, batch=100, profiles=("laplace1", "gaussian"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            PRESETS,
            "balanced",
            replace(
                PRESETS["fast"],
                inner=(short, short),
                early=("trees",),
                teachers=("randomised trees",),
            ),
        )
        yield lambda y: MotifRegressor().fit(X, y)


@pytest.fixture(scope="module")
def fitted(fits: Callable[[np.ndarray], MotifRegressor]) -> MotifRegressor:
    return fits(Y)


def coded(y: np.ndarray) -> tuple[Sample, np.ndarray, np.ndarray]:
    z, mean, sd = standardised(y.reshape(160, -1), np.ones(160))
    return Sample.plain(X, z), mean, sd


@pytest.mark.parametrize(
    "y",
    [Y - 1, 5 + X[:, 0], np.full(160, 0.5), np.column_stack([Y, 9 + LOG])],
    ids=["negative", "even", "constant", "one of two"],
)
def test_not_tried_where_it_cannot_pay(y: np.ndarray) -> None:
    assert LogScale.of(*coded(y)) is None


def test_a_part_is_exact_and_its_scores_are_in_the_coding_of_the_others() -> None:
    sample, mean, sd = coded(Y)
    log = LogScale.of(sample, mean, sd)
    assert log is not None
    fitted = KernelRidge().fit(log.sample)
    part = part_of("it", fitted, log)
    np.testing.assert_allclose(
        part.network(torch.as_tensor(X)).detach().numpy(), part.predict(X), atol=1e-10
    )
    assert np.mean((part.oof - sample.y) ** 2) < 0.5
    assert part.name == "it, log scale"


def test_a_scale_that_is_clearly_worse_is_not_taken_in_turn(
    fits: Callable[[np.ndarray], MotifRegressor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motifnet.pipeline._stages.LOG_SCALE_RATIO", 0.0)
    notes = {row.stage: row.note for row in fits(Y).ledger_}
    assert "log scale" in notes
    assert not [
        stage for stage, note in notes.items() if "on log y" in note and stage != "log scale"
    ]


def test_scales_are_taken_in_turn_and_the_network_is_exact(
    fitted: MotifRegressor, tmp_path: Path
) -> None:
    notes = {row.stage: row.note for row in fitted.ledger_}
    assert [
        stage for stage, note in notes.items() if "on log y" in note and stage != "log scale"
    ] == ["feature layers 2", "randomised trees"]
    assert "log scale" in notes["stack"]
    assert (
        np.abs(fitted.predict(X) - fitted.teacher_(fitted.encode(X))[:, 0]).max() <= 1e-10 * Y.std()
    )
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))
    with pytest.warns(MotifnetWarning, match="160 of 160 rows lie outside"):
        far = fitted.predict(1e6 * X)
    assert np.isfinite(far).all() and far.max() < 20 * Y.max()  # e^g does not run away
    pytest.importorskip("onnxruntime")
    assert fitted.to_onnx(tmp_path / "log.onnx").max_difference < 1e-10


def test_pays_for_a_target_with_relative_noise(
    fits: Callable[[np.ndarray], MotifRegressor], fitted: MotifRegressor
) -> None:
    new = RNG.normal(size=(400, 3))
    mean = np.exp(1.5 * new[:, 0] + np.abs(new[:, 1]) + 0.02)  # E e^ε for ε of sd .2
    plain = fits(Y - 1)  # some targets are negative: no logarithm
    assert "log scale" not in [row.stage for row in plain.ledger_]
    assert np.mean((fitted.predict(new) - mean) ** 2) < 0.8 * np.mean(
        (plain.predict(new) + 1 - mean) ** 2
    )


@pytest.mark.usefixtures("short_fits")
def test_compressed(fitted: MotifRegressor) -> None:
    small = fitted.compress(max_units=64)
    assert np.corrcoef(small.predict(X), fitted.predict(X))[0, 1] > 0.9
