"""Kernel machines and trees under the rules of the relu form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from motifnet import motifs as m
from motifnet.kernels import PROFILES, Kernel, largest_slope
from motifnet.teachers import Forest
from motifnet.transfer import (
    Plan,
    Signal,
    kernel_machine,
    kernel_network,
    relu_form,
    relu_rule,
    tree_network,
    values_of,
)
from motifnet.transfer import _relu_kernel as kernels
from motifnet.transfer._relu_tree import _grouped, _Leaf
from tests.transfer.relu_signals import HIGH, LOW, Matrix, normal, number, signal

# kernel machines


def machine(
    profiles: tuple[str, ...], input_layer: bool = False, seed: int = 0
) -> tuple[m.Motif, Matrix]:
    rng = np.random.default_rng(seed)
    X, c = rng.normal(size=(60, 3)), len(profiles)
    kernel = Kernel(profiles, rng.dirichlet(np.ones(c)), rng.uniform(0.2, 0.6, c))
    map_ = np.eye(3) + 0.1 * rng.normal(size=(3, 3)) if input_layer else None
    return kernel_network(
        kernel, X, 0.2 * rng.normal(size=(60, 2)), rng.normal(size=2), (), map_
    ), X


@pytest.mark.parametrize("input_layer", [False, True])
@pytest.mark.parametrize(
    "profiles", [("gaussian",), ("laplace1",), ("laplace1", "matern32"), ("laplace2", "matern52")]
)
def test_a_machine_stays_within_its_tolerance_at_the_first_go(
    profiles: tuple[str, ...], input_layer: bool
) -> None:
    """Centres, chords, squares and rounding share it, and most of it is used."""
    network, X = machine(profiles, input_layer)
    assert isinstance(network, m.Chain)
    found = kernel_machine(*network.parts)
    assert found is not None
    box = Signal(X.min(0), X.max(0), np.zeros(3))
    for tolerance in (0.1, 1e-3):
        form, out = kernels.relu_kernel(found, box, tolerance)
        assert 0.4 * tolerance < out.error.max() <= tolerance
        values, native = values_of(form, X), values_of(network, X)
        assert (np.abs(values - native).max(0) <= out.error).all()
        assert (out.low <= native.min(0)).all() and (native.max(0) <= out.high).all()
        chunks = [part for part in form.modules() if isinstance(part, m.Parallel)]
        assert len(chunks) <= len(found.branches) + 1 and all(
            len(part.branches) < 20 for part in chunks
        )
    np.testing.assert_allclose(out.high - out.low, np.abs(found.dual).sum(0) * found.at_zero)
    np.testing.assert_allclose(
        out.low, found.bias - np.maximum(-found.dual, 0).sum(0) * found.at_zero
    )


@pytest.mark.parametrize("profile", ["gaussian", "laplace1"])
def test_a_curve_reaches_to_the_far_corner(profile: str) -> None:
    network, X = machine((profile,))
    assert isinstance(network, m.Chain)
    found = kernel_machine(*network.parts)
    assert found is not None
    branch, corners = found.branches[0], np.array(list(product(*zip(LOW, HIGH, strict=True))))
    apart = np.abs(corners[:, None] - X)
    far = apart.sum(2).max() if profile == "laplace1" else (apart**2).sum(2).max()
    assert (
        kernels._curve(branch, signal()).end == pytest.approx(far, rel=1e-8)
        and kernels._curve(branch, signal()).end > far
    )


def test_an_error_that_comes_into_a_machine_goes_on_by_its_slope() -> None:
    for profiles, p in ((("gaussian", "matern32"), 2), (("laplace1",), 1)):
        network, X = machine(profiles)
        assert isinstance(network, m.Chain)
        found = kernel_machine(*network.parts)
        assert found is not None
        quiet, loud = (
            kernels.relu_kernel(found, Signal(X.min(0), X.max(0), np.full(3, e)), 1e-3)[1]
            for e in (0.0, 1e-6)
        )
        incoming = (
            np.abs(found.dual).sum(0)
            * found.branches[0].lipschitz
            * np.linalg.norm(np.full(3, 1e-6), p)
        )
        np.testing.assert_allclose(loud.error - quiet.error, incoming, rtol=0.3)


@pytest.mark.parametrize("profile", [p for p in PROFILES if p != "laplace1"])
def test_the_steepest_slope_of_a_profile(profile: str) -> None:
    t = np.linspace(0, 5, 20_001)
    values = Kernel((profile,), np.ones(1), np.ones(1))(np.zeros((1, 1)), t[:, None])[0]
    measured = float(np.abs(np.diff(values) / np.diff(t)).max())
    assert measured * (1 - 1e-12) <= largest_slope(profile) <= measured * 1.001


def test_a_machine_is_found_with_its_weights_and_its_features_alone() -> None:
    network, X = machine(("laplace1", "gaussian", "matern32"))
    assert isinstance(network, m.Chain)
    found = kernel_machine(*network.parts)
    assert found is not None and [b.p for b in found.branches] == [1, 2]
    assert found.at_zero == pytest.approx(1.0) and sum(
        b.at_zero for b in found.branches
    ) == pytest.approx(1.0)
    features = values_of(network.parts[0], X)
    np.testing.assert_allclose(kernels.sum_of_grams(found), features, atol=1e-12)
    alone = kernel_machine(network.parts[0], None)
    assert alone is not None and np.array_equal(alone.dual, np.eye(60)) and not alone.bias.any()
    assert (
        kernel_machine(m.Abs(), None) is None
        and kernel_machine(m.Parallel(number(1.0, 1.0), [m.Abs(), m.Abs()]), None) is None
    )
    features_motif = network.parts[0]
    assert isinstance(features_motif, m.Parallel)
    halved = kernel_machine(m.Parallel(number(0.5)[None], [features_motif.branches[1]]), None)
    assert halved is not None and halved.at_zero == pytest.approx(0.5 * found.branches[1].at_zero)


@pytest.mark.parametrize(
    "make", [kernels.absolute_sums, lambda c: [m.Distance(torch.as_tensor(c), 1)]]
)
def test_absolute_sums_are_distances(make: Callable[[Matrix], list[m.Motif]]) -> None:
    centres, x = normal(5, 4, 3).numpy(), normal(6, 10, 3).numpy()
    np.testing.assert_allclose(
        values_of(m.Chain(make(centres)), x), np.abs(x[:, None] - centres).sum(2)
    )


def test_squared_distances_come_from_the_norm_and_the_row() -> None:
    centres, low, x = normal(5, 4, 3).numpy(), np.array([-1.0, -2.0, 0.5]), normal(6, 10, 3).numpy()
    y = x - low
    given = np.column_stack([(y**2).sum(1), y])
    got = values_of(m.Chain(kernels.squared_distances(centres, low)), given)
    np.testing.assert_allclose(got, ((x[:, None] - centres) ** 2).sum(2), rtol=1e-12)


# trees


def stump(threshold: float, left: float, right: float, column: int = 0) -> Forest:
    children, values = (np.array([1, 1, 2]), np.array([2, 1, 2])), np.array([[0], [left], [right]])
    return Forest(
        np.array([column, 0, 0]),
        np.array([threshold, 0, 0]),
        *children,
        np.zeros(1, dtype=np.int64),
        values,
    )


def test_the_range_of_trees_is_the_sum_of_their_leaves() -> None:
    network = m.Chain([tree_network(Forest.sum([stump(0.1, -1.0, 2.0), stump(1.0, 5.0, 3.0, 1)]))])
    out = relu_rule(network, signal(), Plan(1e-3))[1]
    assert (out.low[0], out.high[0]) == (2.0, 7.0) and 0 < out.error[0] < 1e-8


def test_bands_are_thin_where_rows_are_near_and_no_thinner_than_they_can_be() -> None:
    """A share of 1e-5 of the range, less where a row is nearer, and 1e-8 at least; what lies in
    bands is told.
    """
    for gap, band in ((0.5, 1e-5), (1e-6, 1e-6), (1e-12, 1e-8)):
        rows = np.array([[0.0], [0.1], [0.1 + gap], [1.0]])
        form = relu_form(tree_network(stump(0.1, 0.0, 1.0)), (np.zeros(1), np.ones(1)), 1e-2, rows)
        inside = values_of(form.network, np.array([[0.1 + band / 2], [0.1 + 1.01 * band], [0.1]]))[
            :, 0
        ]
        np.testing.assert_allclose(inside, [0.5, 1, 0], atol=1e-6)
        share = "25.0%" if gap < 1e-8 else "0.0%"
        assert f"at most {band:.1%} of the box and {share} of the rows" in form.note
    assert (
        "of the rows"
        not in relu_form(tree_network(stump(0.1, 0.0, 1.0)), (np.zeros(1), np.ones(1)), 1e-2).note
    )


def test_leaves_of_whole_trees_go_into_groups() -> None:
    tree = [_Leaf(0, (), ())] * 300
    assert [len(group) for group in _grouped([tree] * 5)] == [600, 600, 300]
    assert [len(group) for group in _grouped([tree * 4, tree])] == [1200, 300]
    many = Forest.sum([stump(t, -1.0, float(k)) for k, t in enumerate(np.linspace(-1, 1, 800))])
    x = np.linspace(-1.2, 1.2, 501)[:, None]
    form = relu_form(tree_network(many), (x.min(0), x.max(0)), 1e-2, x)
    assert len([part for part in form.network.modules() if isinstance(part, m.Parallel)]) == 1
    np.testing.assert_allclose(
        values_of(form.network, x), values_of(tree_network(many), x), atol=1e-6
    )
