"""Values without gradients: the same function as the modules one after the other, whatever a network is made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from motifnet.kernels import PROFILES, Kernel
from motifnet.mimicry import kernel_network, tree_network
from motifnet.motifs import Affine, Chain, Hinge, Motif, Parallel, Precise, Residual, Softmax, evaluate
from motifnet.teachers import Forest

D, UNITS, ROWS = 4, 90, 1_500


def _kernel(profiles: tuple[str, ...], q: int, front: list[Motif], with_map: bool) -> Motif:
    rng = np.random.default_rng(0)
    kernel = Kernel(profiles, rng.uniform(0.2, 1, len(profiles)), rng.uniform(0.2, 1, len(profiles)))
    R = rng.normal(size=(D, D)) if with_map else None
    return kernel_network(kernel, rng.normal(size=(UNITS, D)), rng.normal(size=(UNITS, q)), rng.normal(size=q), front, R)


def _hinge() -> Hinge:
    rng = np.random.default_rng(1)
    return Hinge(torch.as_tensor(np.sort(rng.normal(size=(D, 6)), axis=1)), torch.as_tensor(rng.uniform(0.2, 3, (D, 5))))


def _affine(out: int) -> Affine:
    rng = np.random.default_rng(2)
    return Affine(torch.as_tensor(rng.normal(size=(out, D))), torch.as_tensor(rng.normal(size=out)))


def _networks() -> dict[str, Motif]:
    trees = tree_network(Forest.constant(np.ones(2)))
    ones = torch.ones(2, dtype=torch.float64)
    networks: dict[str, Motif] = {f"{p} {q}": _kernel((p,), q, [], False) for p in PROFILES for q in (1, 2)}
    networks["all profiles"] = _kernel(PROFILES, 2, [_hinge(), Residual(_affine(D))], True)
    networks["precise, with trees"] = Precise(Chain([Parallel(ones, [networks["all profiles"], trees]), Softmax()]))
    networks["weights a column"] = Parallel(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double(), [networks["laplace2 1"], _affine(2)])
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
