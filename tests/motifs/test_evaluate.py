"""Values without gradients: the same function as the modules one after the other, whatever a
network is made of.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from motifnet.kernels import PROFILES, Kernel
from motifnet.motifs import (
    Affine,
    Chain,
    Distance,
    Hinge,
    Motif,
    Parallel,
    Precise,
    Radial,
    Residual,
    Softmax,
    TreeEnsemble,
    evaluate,
)
from motifnet.motifs._distances import Products
from motifnet.motifs._trees import LEAVES, bits_of
from motifnet.teachers import Forest, Growth, Problem, find_engine
from motifnet.transfer import kernel_network, tree_network

D, UNITS, ROWS = 4, 90, 1_500


def _kernel(profiles: tuple[str, ...], q: int, front: list[Motif], with_map: bool) -> Motif:
    rng = np.random.default_rng(0)
    kernel = Kernel(
        profiles, rng.uniform(0.2, 1, len(profiles)), rng.uniform(0.2, 1, len(profiles))
    )
    R = rng.normal(size=(D, D)) if with_map else None
    return kernel_network(
        kernel,
        rng.normal(size=(UNITS, D)),
        rng.normal(size=(UNITS, q)),
        rng.normal(size=q),
        front,
        R,
    )


def _hinge() -> Hinge:
    rng = np.random.default_rng(1)
    return Hinge(
        torch.as_tensor(np.sort(rng.normal(size=(D, 6)), axis=1)),
        torch.as_tensor(rng.uniform(0.2, 3, (D, 5))),
    )


def _affine(out: int) -> Affine:
    rng = np.random.default_rng(2)
    return Affine(torch.as_tensor(rng.normal(size=(out, D))), torch.as_tensor(rng.normal(size=out)))


def _networks() -> dict[str, Motif]:
    trees = tree_network(Forest.constant(np.ones(2)))
    ones = torch.ones(2, dtype=torch.float64)
    networks: dict[str, Motif] = {
        f"{p} {q}": _kernel((p,), q, [], False) for p in PROFILES for q in (1, 2)
    }
    networks["all profiles"] = _kernel(PROFILES, 2, [_hinge(), Residual(_affine(D))], True)
    networks["precise, with trees"] = Precise(
        Chain([Parallel(ones, [networks["all profiles"], trees]), Softmax()])
    )
    networks["weights a column"] = Parallel(
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double(), [networks["laplace2 1"], _affine(2)]
    )
    networks["one chain"] = Chain(
        [
            part
            for part in networks["laplace2 2"].modules()
            if isinstance(part, Distance | Radial | Affine)
        ]
    )
    networks["affine first"] = Chain([_affine(D), _affine(2)])
    return networks


@pytest.mark.parametrize("name", _networks())
def test_equal_to_the_modules(name: str) -> None:
    network = _networks()[name]
    X = torch.as_tensor(3 * np.random.default_rng(3).normal(size=(ROWS, D)))
    with torch.no_grad():
        expected = network(X)
    assert torch.allclose(evaluate(network, X), expected, rtol=1e-12, atol=1e-12)
    assert evaluate(network, X[:0]).shape == (0, expected.shape[1])


def test_precise_takes_and_gives_the_type_of_its_input() -> None:
    network = Precise(_kernel(("gaussian",), 1, [], False))
    X = torch.zeros(3, D)
    assert evaluate(network, X).dtype == torch.float32
    assert torch.equal(evaluate(network, X), network(X))


def test_distances_by_products_are_those_by_differences_also_near_and_far() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = 1e3 + torch.randn(40, 3, generator=generator, dtype=torch.float64)
    step = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    for size in (0.0, 1e-9, 1e-4, 1e-2, 1.0, 1e6):
        z = centres + size * step
        exact = (z[:, None] - centres).square().sum(2).sqrt()
        assert torch.allclose(Products(centres)(z), exact, rtol=1e-10, atol=1e-12)
    assert torch.isinf(Products(centres)(torch.full((1, 3), 1e200, dtype=torch.float64))).all()
    assert torch.isnan(
        Products(centres)(torch.full((1, 3), float("nan"), dtype=torch.float64))
    ).all()


def _trees(leaves: int, q: int) -> TreeEnsemble:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, D))
    growth = Growth(
        learning_rate=0.3,
        leaves=leaves,
        min_rows=1,
        l2=1.0,
        limit=8,
        patience=8,
    )
    forest = find_engine("lightgbm").grow(
        Problem(X, np.sin(3 * X[:, 0]) + X[:, 1] * (X[:, 2] > 0), np.ones(600)), growth, 0, None
    )[0]
    trees = tree_network(forest)
    return TreeEnsemble(
        trees.feature,
        trees.threshold,
        trees.left,
        trees.right,
        trees.roots,
        trees.values * torch.arange(1.0, q + 1),
        trees.depth,
    )


@pytest.mark.parametrize(("leaves", "q"), [(2, 1), (LEAVES, 1), (LEAVES, 3), (LEAVES + 1, 1)])
def test_trees_by_bits_reach_the_leaf_of_the_walk(leaves: int, q: int) -> None:
    trees = _trees(leaves, q)
    X = torch.as_tensor(np.random.default_rng(1).normal(size=(700, D)))
    # on a threshold a row goes left
    X[:8] = trees.threshold[trees.left != torch.arange(len(trees.left))][:8, None]
    X[50], X[51], X[52, 0] = float("nan"), float("inf"), float("-inf")
    with torch.no_grad():
        expected = trees(X)
    assert torch.allclose(evaluate(trees, X), expected, rtol=1e-13, atol=1e-13)
    assert (bits_of(trees) is None) == (leaves > LEAVES)
    assert evaluate(trees, X[:0]).shape == (0, q)
