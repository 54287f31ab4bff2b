"""Columns with two values: distances by products are those by differences, to the last digits, with
the same gradients.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet.kernels import (
    Kernel,
    Layout,
    distances,
    flips,
    median_distances,
    start_kernel,
    two_valued,
)
from motifnet.training import FeatureParameters
from motifnet.training._pairwise import square, with_indicators

PROFILES = ("laplace1", "laplace2", "gaussian")


def rows_of(n: int, seed: int = 0, numbers: int = 2, indicators: int = 12) -> Tensor:
    """Numbers, then columns with two values of many sizes; the last third of the rows repeats the
    first.
    """
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (n, indicators)) * 10 ** rng.uniform(-3, 1, indicators) - rng.normal(
        size=indicators
    )
    X = np.column_stack([rng.normal(size=(n, numbers)), bits])
    X[-(n // 3) :] = X[: n // 3]
    return torch.as_tensor(X)


def some_differ(n: int, numbers: int = 2) -> tuple[Tensor, Tensor]:
    """Rows, and the same after some others, in one table."""
    X = rows_of(n, numbers=numbers)
    return X[: n // 2], X


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_that_coincide_are_exactly_zero_apart_and_others_are_not(dtype: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    bits, c = (
        torch.as_tensor(rng.integers(0, 2, (60, 9))).to(dtype),
        torch.as_tensor(rng.lognormal(size=9)).to(dtype),
    )
    D = flips(bits, bits, c)
    same = (bits[:, None] == bits).all(2)
    assert same.sum() > 60 and (D[same] == 0).all() and (D[~same] > 0).all() and torch.equal(D, D.T)
    assert torch.allclose(
        D,
        ((bits[:, None] - bits).abs() * c).sum(2),
        rtol=0,
        atol=9 * torch.finfo(dtype).eps * float(c.sum()),
    )
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(flips(bits[:7, order], bits[:, order], c[order]), D[:7])
    assert not flips(bits, bits, torch.zeros_like(c)).any()


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("numbers", [0, 2])
def test_distances_are_those_of_differences(p: int, numbers: int) -> None:
    A, B = some_differ(40, numbers)
    layout = Layout.of(A, B)
    assert int(layout.two.sum()) == 12
    D = layout.distances(layout.rows(A), layout.rows(B), p)
    assert torch.allclose(D, distances(A, B, p), rtol=0, atol=1e-11)
    assert (D[distances(A, B, p) == 0] == 0).all()


def test_a_kernel_of_many_indicators_is_that_of_numpy_in_any_blocks() -> None:
    kernel = Kernel(PROFILES, np.array([0.5, 0.2, 0.3]), np.array([0.05, 0.1, 0.1]))
    A, B = some_differ(900)
    K = kernel.gram(B, B)
    assert torch.allclose(K, torch.as_tensor(kernel(B.numpy(), B.numpy())), rtol=0, atol=1e-12)
    assert torch.equal(K, K.T) and torch.equal(kernel.gram(A, B), K[: len(A)])


def test_few_such_columns_and_those_that_need_a_gradient_keep_differences() -> None:
    X = rows_of(30)
    assert not two_valued(X[:, :9]).any() and two_valued(X[:, :10]).tolist() == 2 * [False] + 8 * [
        True
    ]
    assert not len(Layout.of(X.clone().requires_grad_(True), X).span) and not len(
        Layout.of(X[:0], X).span
    )
    third = X.clone()
    third[0, 5] = 77.0
    assert int(two_valued(X, third).sum()) == 11


@pytest.mark.parametrize("p", [1, 2])
def test_gradients_are_those_of_differences(p: int) -> None:
    rng = np.random.default_rng(0)
    Z, bits = (
        torch.as_tensor(rng.normal(size=(20, 3))).requires_grad_(True),
        torch.as_tensor(rng.integers(0, 2, (20, 5))).double(),
    )
    with torch.no_grad():
        Z[10:], bits[10:15] = Z[:10], bits[:5]
    c, g = (
        torch.as_tensor(rng.uniform(0.5, 2, 5)).requires_grad_(True),
        torch.as_tensor(rng.normal(size=190)),
    )
    expected = torch.autograd.grad(g @ torch.pdist(torch.cat([Z, bits * c], 1), p), [Z, c])
    mine = torch.autograd.grad(g @ with_indicators(torch.pdist(Z, p), bits, c, p), [Z, c])
    for a, b in zip(mine, expected, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-11)


@pytest.mark.parametrize("numbers", [0, 2])
def test_a_step_with_many_indicators_is_that_of_differences(
    numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, numeric = rows_of(60, numbers=numbers), torch.arange(12 + numbers) < numbers
    kernel, rng = start_kernel(PROFILES, median_distances(X), 0.3), np.random.default_rng(1)
    g, s = (
        torch.as_tensor(rng.normal(size=60 * 59 // 2)),
        torch.as_tensor(rng.normal(size=(12 + numbers, 6))),
    )

    def stepped() -> tuple[Tensor, Tensor, Tensor]:
        inner = FeatureParameters(
            X, numeric, kernel, 0.1, segments=6, map_columns=10, depth=1, width=8
        )
        with torch.no_grad():
            inner.s.copy_(s)
            inner.M.fill_(0.1)
            for _, _, outward in inner.trunk:
                outward.fill_(0.1)
        pairs = inner.pairs(inner.rows(X))
        pairs.backward(g)
        layers = inner.freeze()
        return (
            square(pairs.detach(), len(X), 1.0),
            inner.gradient(),
            layers.gram(layers.warp(X), layers.warp(X)),
        )

    mine = stepped()
    assert torch.allclose(mine[0], mine[2], rtol=0, atol=1e-11)
    monkeypatch.setattr("motifnet.kernels._distances.MIN_COLUMNS", 1_000)
    for a, b in zip(mine, stepped(), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-9)
