"""The contract of transfers: the network computes what the fitted model predicts. A new transfer is
one row of a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from motifnet.engine import Matrix
from motifnet.motifs import Motif, TreeEnsemble
from motifnet.tables import Sample, make_folds
from motifnet.teachers import TEACHERS, FittedTeacher
from motifnet.transfer import transfer

RNG = np.random.default_rng(0)
N, D = 240, 4
X = np.clip(RNG.normal(size=(N, D)), -8, 8)
X[:, 3] = RNG.integers(0, 2, N)
Y = np.column_stack([np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 3], np.abs(X[:, 2])]) + 0.1 * RNG.normal(
    size=(N, 2)
)
Y = (Y - Y.mean(0)) / Y.std(0)
TEST = RNG.normal(size=(300, D))
DIRECTIONS = RNG.normal(size=(100, D))
FAR = 10 * DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
PLACES = {"train": X, "test": TEST, "far": FAR}


def sample(kind: str) -> Sample:
    """Rows for one target, two targets, two or three classes."""
    numeric = np.arange(D) < 3
    if kind in ("one", "two targets"):
        return replace(Sample.plain(X, Y[:, : 1 if kind == "one" else 2]), numeric=numeric)
    labels = np.digitize(Y[:, 0], [0.0] if kind == "two classes" else [-0.5, 0.5]).astype(np.int64)
    y = (
        2.0 * labels.astype(np.float64)[:, None] - 1.0
        if kind == "two classes"
        else np.eye(3)[labels]
    )
    return replace(
        Sample.plain(X, y), numeric=numeric, labels=labels, folds=make_folds(N, 4, 0, labels=labels)
    )


_fitted: dict[tuple[str, str], FittedTeacher] = {}


def teacher(name: str, kind: str) -> FittedTeacher:
    if (name, kind) not in _fitted:
        _fitted[name, kind] = TEACHERS[name]().fit(sample(kind))
    return _fitted[name, kind]


def value(network: Motif, at: Matrix, dtype: torch.dtype) -> Matrix:
    with torch.no_grad():
        return network.to(dtype)(torch.as_tensor(at).to(dtype)).double().numpy()


def decided(network: Motif, at: Matrix) -> np.ndarray:
    """Rows that are farther than one float32 rounding from all thresholds of the network's
    trees.
    """
    clear = np.ones(len(at), dtype=bool)
    for part in network.modules():
        if isinstance(part, TreeEnsemble):
            inner = part.left != torch.arange(len(part.left))
            feature, threshold = part.feature[inner].numpy(), part.threshold[inner].double().numpy()
            for j in np.unique(feature):
                t = np.sort(threshold[feature == j])
                nearest = np.abs(at[:, j, None] - t).min(1)
                clear &= nearest > np.spacing(np.abs(at[:, j]).astype(np.float32))
    return clear


def check_parity(
    network: Motif, predict: Callable[[Matrix], Matrix], sd: Matrix, at: Matrix
) -> None:
    expected = predict(at)
    double = value(network, at, torch.float64)
    assert double.shape == expected.shape
    assert (np.abs(double - expected) / sd).max() <= 1e-10
    clear = decided(network, at)
    assert clear.mean() > 0.95
    assert (np.abs(value(network, at, torch.float32) - expected) / sd)[clear].max() <= 3e-4


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["one", "two targets", "two classes", "three classes"])
@pytest.mark.parametrize("name", TEACHERS)
def test_network_is_its_teacher(name: str, kind: str, place: str) -> None:
    fitted = teacher(name, kind)
    check_parity(transfer(fitted), fitted.predict, sample(kind).y.std(0), PLACES[place])


@pytest.mark.parametrize("kind", ["one", "three classes"])
@pytest.mark.parametrize("name", TEACHERS)
def test_gradient_is_that_of_the_teacher(name: str, kind: str) -> None:
    """Against central differences of the teacher; the points have no kink or jump within
    the step.
    """
    fitted, h = teacher(name, kind), 1e-6
    x = torch.tensor(TEST[:40], requires_grad=True)
    out = transfer(fitted)(x).sum()
    got = torch.autograd.grad(out, x, allow_unused=True)[0]
    steps = h * np.eye(D)
    expected = np.column_stack(
        [
            (fitted.predict(TEST[:40] + s) - fitted.predict(TEST[:40] - s)).sum(1) / (2 * h)
            for s in steps
        ]
    )
    np.testing.assert_allclose(
        np.zeros_like(expected) if got is None else got.numpy(),
        expected,
        atol=1e-5 * (1 + np.abs(expected).max()),
    )


@pytest.mark.parametrize("name", TEACHERS)
def test_networks_are_rebuilt_from_their_arguments_and_labelled(name: str) -> None:
    network = transfer(teacher(name, "one"))
    again = type(network)(**network.arguments())
    np.testing.assert_array_equal(
        value(again, TEST, torch.float64), value(network, TEST, torch.float64)
    )
    assert any(getattr(part, "label", "") for part in network.modules())


def test_tree_values_learn_and_thresholds_stay() -> None:
    network = transfer(teacher("trees", "one"))
    network(torch.as_tensor(X)).square().sum().backward()
    (parameter,) = network.parameters()
    assert parameter.grad is not None and parameter.grad.abs().sum() > 0
