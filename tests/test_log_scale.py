"""The logarithmic scale: taken where it pays, exact, and left alone where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motifnet import MotifRegressor
from motifnet.estimators._log_scale import LogScale
from motifnet.mimicry import transfer
from motifnet.tables import Sample, standardised
from motifnet.teachers import KernelRidge

RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 3))
LOG = 1.5 * X[:, 0] + np.abs(X[:, 1])
Y = np.exp(LOG + 0.2 * RNG.normal(size=160))


@pytest.fixture(scope="module")
def fitted() -> MotifRegressor:
    return MotifRegressor(preset="fast").fit(X, Y)


def coded(y: np.ndarray) -> tuple[Sample, np.ndarray, np.ndarray]:
    z, mean, sd = standardised(y.reshape(160, -1), np.ones(160))
    return Sample.plain(X, z), mean, sd


@pytest.mark.parametrize(
    "y", [Y - 1, 5 + X[:, 0], np.full(160, 0.5), np.column_stack([Y, 9 + LOG])], ids=["negative", "even", "constant", "one of two"]
)
def test_not_tried_where_it_cannot_pay(y: np.ndarray) -> None:
    assert LogScale.of(*coded(y)) is None


def test_a_part_is_exact_and_its_scores_are_in_the_coding_of_the_others() -> None:
    sample, mean, sd = coded(Y)
    log = LogScale.of(sample, mean, sd)
    assert log is not None
    fitted = KernelRidge().fit(log.sample)
    part = log.part("it", fitted.oof, transfer(fitted), fitted.predict)
    np.testing.assert_allclose(part.network(torch.as_tensor(X)).detach().numpy(), part.predict(X), atol=1e-10)
    assert np.mean((part.oof - sample.y) ** 2) < 0.5
    assert part.name == "it, log scale"


def test_ledger_and_network(fitted: MotifRegressor, tmp_path: Path) -> None:
    errors = {row.stage: row.error for row in fitted.ledger_}
    assert errors["log scale"] < errors["transferred"]
    assert "log scale" in fitted.ledger_[-1].note
    matrix = fitted.encode(X)
    assert np.abs(fitted.predict(X) - fitted.teacher_(matrix)[:, 0]).max() <= 1e-10 * Y.std()
    new = RNG.normal(size=(400, 3))
    truth = np.exp(1.5 * new[:, 0] + np.abs(new[:, 1]) + 0.02)  # E e^ε
    plain = MotifRegressor(preset="fast").fit(X, Y - 1)  # the same target, where a logarithm does not exist
    error, without = (float(np.mean((model.predict(new) + shift - truth) ** 2)) for model, shift in ((fitted, 0), (plain, 1)))
    assert error < without
    pytest.importorskip("onnxruntime")
    assert fitted.to_onnx(tmp_path / "log.onnx").max_difference < 1e-9 * Y.max()


def test_compressed(fitted: MotifRegressor) -> None:
    small = fitted.compress(max_units=64)
    assert np.corrcoef(small.predict(X), fitted.predict(X))[0, 1] > 0.9
