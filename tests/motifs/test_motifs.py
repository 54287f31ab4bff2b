"""The contract of motifs, one suite over all of them: a new motif is one more row of ROWS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet import motifs as m
from motifnet.engine import UsageError
from motifnet.kernels import Warp, quantile_knots
from tests.motifs.motif_rows import (
    ROTATIONS,
    ROWS,
    B,
    C,
    Row,
    W,
    affine,
    coupling_matrix,
    normal,
)

each = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


def rows(n: int, seed: int = 9) -> Tensor:
    return normal(seed, n, 4)


def rebuilt(motif: m.Motif) -> m.Motif:
    return type(motif)(**motif.arguments())


def test_trees_of_single_precision_are_added_one_after_the_other() -> None:
    generator = torch.Generator().manual_seed(0)
    own, count = torch.arange(3 * 40), 40
    node, root = own % 3, own - own % 3
    left, right = (torch.where(node == 0, root + k, own) for k in (1, 2))
    threshold, values = (torch.randn(120, generator=generator).float().double() for _ in range(2))
    trees = m.TreeEnsemble(
        node * 0,
        threshold,
        left,
        right,
        3 * torch.arange(count),
        10 * values[:, None],
        1,
        single=True,
    )
    x, total = rows(200), np.zeros(200, dtype=np.float32)
    for t in range(count):
        leaf = np.where(x[:, 0] <= threshold[3 * t], 3 * t + 1, 3 * t + 2)
        total = total + trees.values[leaf, 0].detach().float().numpy()
    for y in (trees(x), m.evaluate(trees, x), rebuilt(trees)(x)):
        assert y.dtype == torch.float64
        assert np.array_equal(y[:, 0].detach().numpy(), total)
    trees(x).sum().backward()
    assert trees.values.grad is not None
    assert trees.values.grad.sum() == 200 * count  # as of a sum without rounding


def test_every_motif_has_a_row() -> None:
    exported = {
        name
        for name in m.__all__
        if isinstance(getattr(m, name), type) and issubclass(getattr(m, name), m.Motif)
    } - {"Motif"}
    inside = {type(part).__name__ for row in ROWS.values() for part in row.make().modules()}
    assert exported <= inside
    assert all(m.MOTIFS[name] is getattr(m, name) for name in exported)


@each
def test_closed_form(row: Row) -> None:
    x = rows(200)
    truth = row.truth(x.numpy())
    assert np.abs(row.make()(x).detach().numpy() - truth).max() <= row.error * max(
        1, np.abs(truth).max()
    )


@each
def test_far_away(row: Row) -> None:
    x = 100 * torch.sign(rows(50)) + rows(50)
    truth = row.truth(x.numpy())
    assert np.abs(row.make()(x).detach().numpy() - truth).max() <= row.error * max(
        1, np.abs(truth).max()
    )


@each
def test_float32(row: Row) -> None:
    x = rows(200)
    x = x[(x.abs() > 1e-3).all(1)]
    motif = row.make().float()
    y = motif(x.float())
    truth = row.truth(x.numpy())
    assert y.dtype == torch.float32
    assert np.abs(y.detach().double().numpy() - truth).max() <= 2e-5 * max(1, np.abs(truth).max())


@each
def test_rebuilt_from_its_arguments(row: Row) -> None:
    motif, x = row.make(), rows(7)
    again = rebuilt(motif)
    assert torch.equal(again(x), motif(x))
    assert {n: p.shape for n, p in again.named_parameters()} == {
        n: p.shape for n, p in motif.named_parameters()
    }


@each
@pytest.mark.parametrize("n", [0, 1, 7])
def test_batches(row: Row, n: int) -> None:
    motif, x = row.make(), rows(7)
    y = motif(x[:n])
    assert y.shape == (n, motif(x).shape[1])
    torch.testing.assert_close(y, motif(x)[:n], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS.values() if row.smooth],
    ids=[name for name, row in ROWS.items() if row.smooth],
)
def test_gradients(row: Row) -> None:
    motif, x = row.make(), rows(5).requires_grad_()
    assert torch.autograd.gradcheck(motif, x)
    for parameter in motif.parameters():
        assert torch.autograd.grad(motif(x).pow(2).sum(), parameter)[0].abs().sum() > 0


@each
def test_trainable_tensors_are_parameters_and_others_are_not(row: Row) -> None:
    for part in row.make().modules():
        if isinstance(part, m.Motif):
            own = {name for name, _ in part.named_parameters(recurse=False)}
            tensors = {
                name for name, value in part.arguments().items() if isinstance(value, Tensor)
            }
            assert own == tensors & part.trainable


@each
def test_says_its_width_and_what_it_computes(row: Row) -> None:
    motif = row.make()
    assert motif.outputs(4) == motif(rows(2)).shape[1]
    assert motif.describe()


def test_hinge_is_the_warp_of_the_trainer() -> None:
    X = rows(500)
    knots, slopes = quantile_knots(X, 12), normal(6, 4, 12).exp()
    x = 50 * rows(300, seed=10)
    torch.testing.assert_close(
        m.Hinge(knots, slopes)(x), Warp(knots)(x, slopes), rtol=1e-14, atol=1e-12
    )


def test_hinge_with_equal_knots_has_segments_of_no_length() -> None:
    knots, slopes = (
        torch.tensor([[0.0, 0.0, 1.0, 1.0]]).double(),
        torch.tensor([[2.0, 3.0, 5.0]]).double(),
    )
    y = m.Hinge(knots, slopes)(torch.tensor([[-1.0], [0.5], [3.0]]).double())
    assert y.ravel().tolist() == [-2.0, 1.5, 13.0]


@pytest.mark.parametrize("p", [1, 2])
def test_distance_has_zero_subgradient_where_rows_coincide(p: int) -> None:
    x = C.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(m.Distance(C, p)(x).diagonal().sum(), x)
    assert torch.equal(gradient, torch.zeros_like(C))


@pytest.mark.parametrize("p", [1, 2])
def test_distance_keeps_small_distances_far_from_the_origin(p: int) -> None:
    shift = 1e-7 * normal(11, 5, 4)
    far = C + 1e3
    x = far + shift
    truth = (x - far).norm(p=p, dim=1)
    torch.testing.assert_close(m.Distance(far, p)(x).diagonal(), truth, rtol=1e-14, atol=0)


def test_precise_keeps_float64_inside() -> None:
    large = m.Affine(1e8 * W, B)
    precise = m.Precise(
        m.Chain([large, m.Affine(torch.ones(1, 3).double() * 1e-8, torch.zeros(1).double())])
    ).float()
    assert {p.dtype for p in precise.parameters()} == {torch.float64}
    x = rows(20).float()
    truth = (x.double() @ W.T).sum(1) + 1e-8 * B.sum()
    torch.testing.assert_close(precise(x).ravel(), truth.float(), rtol=2e-7, atol=1e-7)


def test_group_average_is_invariant() -> None:
    motif, x = (
        m.GroupAverage(m.Chain([affine(), m.ReLU()]), ROTATIONS, torch.ones(4, 4).double()),
        rows(20),
    )
    torch.testing.assert_close(motif(x.roll(1, dims=1)), motif(x), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "make",
    [
        lambda: m.Distance(C, 3),
        lambda: m.Radial(B[:1], B[:1].abs(), ["cauchy"]),
        lambda: m.Radial(B, B[:1].abs(), ["laplace"]),
        lambda: m.Step(torch.tensor(-1.0)),
        lambda: m.Monomial([[-1]]),
    ],
)
def test_wrong_arguments_are_refused(make: Callable[[], m.Motif]) -> None:
    with pytest.raises(UsageError):
        make()


def test_coupling_is_near_the_optimum() -> None:
    """The minimum of Σ_{i<j} (r_ji p_i − r_ij p_j)² with Σ p = 1 solves linear equations (Wu, Lin &
    Weng 2004, eq. 18), up to the stop.
    """
    pairs = torch.sigmoid(normal(11, 50, 3))
    for got, row in zip(m.Coupling(3)(pairs).numpy(), pairs.numpy(), strict=True):
        system = np.block(
            [[coupling_matrix(row), np.ones((3, 1))], [np.ones((1, 3)), np.zeros((1, 1))]]
        )
        np.testing.assert_allclose(got, np.linalg.solve(system, [0, 0, 0, 1])[:3], atol=5e-3)
