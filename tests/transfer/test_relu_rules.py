"""What the rules of the relu form know of a signal: its range against the values on a grid, its
error against what comes in and what is rounded.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet import motifs as m
from motifnet.motifs import square_error
from motifnet.transfer import (
    Plan,
    Signal,
    relu_rule,
    through_affine,
)
from tests.transfer.relu_signals import HIGH, LOW, normal, number, signal, through

KNOTS = torch.tensor([[-1.0, 0.0, 0.5], [0.5, 1.125, 1.5], [-1.0, 0.0, 1.0]], dtype=torch.float64)
SLOPES = torch.tensor([[2.0, -1.0], [-3.0, 1.0], [0.5, -0.5]], dtype=torch.float64)
AFFINE = m.Affine(normal(1, 4, 3), normal(2, 4))
SPARSE = m.SparseAffine(torch.tensor([[0, 1], [2, 0], [1, 2]]), normal(3, 3, 2), normal(4, 3))
SWAPPED = torch.tensor([[0, 1, 2], [2, 1, 0]])

# motif, and the largest slope of its outputs in each input, where it says how an error goes on
TIGHT: dict[str, tuple[m.Motif, float]] = {
    "identity": (m.Identity(), 1.0),
    "select": (m.Select([2, 0, 0]), 1.0),
    "affine": (AFFINE, float(AFFINE.weight.detach().abs().sum(1).max())),
    "sparse": (SPARSE, float(SPARSE.weight.detach().abs().sum(1).max())),
    "relu": (m.ReLU(), 1.0),
    "abs": (m.Abs(), 1.0),
    "hinge": (m.Hinge(KNOTS, SLOPES), 3.0),
    "max": (m.Max(), 1.0),
    "min": (m.Min(), 1.0),
    "sort": (m.Sort(), 1.0),
    "clip": (m.Clip(number(-1.0, 0.5, -1.0), number(0.5, 3.0, 1.0)), 1.0),
    "half clip": (m.Clip(number(-torch.inf, 0.5, -1.0), number(0.5, torch.inf, torch.inf)), 1.0),
    "precise": (m.Precise(m.Abs()), 1.0),
    "chain": (m.Chain([m.Abs(), m.Select([1])]), 1.0),
    "concat": (m.Concat([m.Abs(), m.Select([1])]), 1.0),
    "parallel": (m.Parallel(number(2.0, -3.0), [m.Select([0]), m.Select([1])]), 5.0),
    "average": (
        m.GroupAverage(
            m.Select([1]), SWAPPED, torch.tensor([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]]).double()
        ),
        1.0,
    ),
    "images": (m.Images(m.Select([1, 1]), SWAPPED), 1.0),
}


def grid() -> Tensor:
    return torch.tensor(
        list(product(*(np.linspace(a, b, 21) for a, b in zip(LOW, HIGH, strict=True)))),
        dtype=torch.float64,
    )


@pytest.mark.parametrize("name", TIGHT)
def test_ranges_are_those_of_the_values(name: str) -> None:
    motif, _ = TIGHT[name]
    out, values = through(motif), motif(grid()).detach().numpy()
    if name == "average":  # of a body on all images: the range of the body
        assert (
            out.low[0] <= values.min()
            and values.max() <= out.high[0]
            and out.high[0] == 2.0
            and out.low[0] == -2.0
        )
        return
    np.testing.assert_allclose(out.low, values.min(0), atol=1e-9)
    np.testing.assert_allclose(out.high, values.max(0), atol=1e-9)


@pytest.mark.parametrize("name", TIGHT)
def test_an_error_goes_on_times_the_largest_slope(name: str) -> None:
    motif, slope = TIGHT[name]
    quiet, loud = through(motif), through(motif, error=0.125)
    assert (quiet.error >= 0).all() and quiet.error.max() < 1e-13
    assert (loud.error - quiet.error).max() == pytest.approx(0.125 * slope, rel=1e-9)
    assert loud.error.shape == loud.low.shape == (len(motif(grid())[0]),)


def scaled_by(name: str, scale: float) -> m.Motif:
    """The motif in other units: f(s x) = s g(x)."""
    if name in ("affine", "sparse"):
        made = AFFINE if name == "affine" else SPARSE
        return (
            m.Affine(made.weight, scale * made.bias)
            if isinstance(made, m.Affine)
            else m.SparseAffine(made.index, made.weight, scale * made.bias)
        )
    if name == "hinge":
        return m.Hinge(scale * KNOTS, SLOPES)
    motif = TIGHT[name][0]
    return m.Clip(scale * motif.low, scale * motif.high) if isinstance(motif, m.Clip) else motif


@pytest.mark.parametrize("name", TIGHT)
def test_everything_known_is_in_the_units_of_the_signal(name: str) -> None:
    """Rounding too: in units a power of two larger all numbers are so many times larger."""
    one, large = (
        through(TIGHT[name][0], error=0.1),
        through(scaled_by(name, 2.0**20), error=0.1, scale=2.0**20),
    )
    for side in ("low", "high", "error"):
        np.testing.assert_allclose(getattr(large, side), 2.0**20 * getattr(one, side), rtol=1e-13)
    quiet, large = through(TIGHT[name][0]), through(scaled_by(name, 2.0**20), scale=2.0**20)
    np.testing.assert_allclose(large.error, 2.0**20 * quiet.error, rtol=1e-13)


@pytest.mark.parametrize("name", ["affine", "sparse", "hinge", "max", "sort", "clip"])
def test_what_rounds_says_so(name: str) -> None:
    """At least one rounding of the largest value, and no more than some hundreds."""
    out = through(TIGHT[name][0], scale=2.0**30)
    assert (out.error >= np.finfo(float).eps * 2.0**28).all() and (
        out.error <= 300 * np.finfo(float).eps * 2.0**31
    ).all()


# squares, products, monomials, steps, gates, distances


def test_square_has_its_range_and_its_law() -> None:
    out = through(m.Square())
    np.testing.assert_allclose(out.low, [0, 0.0625, 0.25])
    np.testing.assert_allclose(out.high, [2.25, 4, 4])
    quiet, loud = (
        through(m.Square(), tolerance=1e-3),
        through(m.Square(), error=0.125, tolerance=1e-3),
    )
    # a deeper one would be four times as exact
    assert 0 < quiet.error.max() <= 0.5e-3 and quiet.error.max() >= 1e-3 / 16
    size = np.array([1.5, 2, 2]) + 0.125
    np.testing.assert_allclose(loud.error, 2 * size * 0.125, atol=1e-3)
    assert through(m.Square(), tolerance=1e-30).error.max() == pytest.approx(
        square_error(26, 2.0) + 64 * np.finfo(float).eps, rel=1e-9
    )
    assert (
        through(m.Square()).low[0] == 0
        and relu_rule(m.Square(), Signal(np.zeros(1), np.ones(1), np.zeros(1)), Plan(1e-3))[1].low[
            0
        ]
        == 0
    )


def test_product_has_its_range_and_its_law() -> None:
    both = Signal(
        np.array([-1.0, 2.0, -3.0, 0.5]),
        np.array([2.0, 3.0, 1.0, 4.0]),
        np.array([0.1, 0.0, 0.0, 0.2]),
    )
    out = relu_rule(m.Product(), both, Plan(1e-4))[1]
    np.testing.assert_allclose([out.low, out.high], [[-6, 1], [3, 12]])
    np.testing.assert_allclose(out.error, [3 * 0.1, 3 * 0.2], atol=1e-4)
    assert (out.error > [0.3, 0.6]).all()
    deepest = relu_rule(m.Product(), Signal(-np.ones(2), np.ones(2), np.zeros(2)), Plan(1e-30))[1]
    assert deepest.error[0] == pytest.approx(
        square_error(26, 1.0) + 32 * np.finfo(float).eps, rel=1e-9
    )


def test_monomials_have_their_range_and_their_law() -> None:
    motif = m.Monomial([[2, 1, 0], [0, 0, 0], [0, 0, 1]])
    quiet, loud = through(motif, tolerance=1e-3), through(motif, error=1e-3, tolerance=1e-3)
    np.testing.assert_allclose(quiet.high, [4.5, 1, 2])
    np.testing.assert_allclose(quiet.low, [-4.5, -1, -2])
    assert quiet.error.max() <= 0.5e-3 + 1e-10 and quiet.error[1] < 1e-12 and quiet.error[2] < 1e-12
    np.testing.assert_allclose(
        loud.error - quiet.error, [3 * 4 * 1e-3, 0, 1e-3], rtol=0.05, atol=1e-6
    )


@pytest.mark.parametrize("width", [0.5, 0.0])
def test_steps_are_between_zero_and_one(width: float) -> None:
    plan = Plan(1e-6)
    out = relu_rule(m.Step(number(width)), signal(0.01), plan)[1]
    assert out.low.tolist() == [0, 0, 0] and out.high.tolist() == [1, 1, 1]
    if width:
        np.testing.assert_allclose(out.error, 0.02, rtol=1e-9)
        assert not plan.notes
    else:
        size = np.array([1.5, 2, 2]) + 0.01
        np.testing.assert_allclose(out.error, 8 * np.finfo(float).eps * size / 2.5e-4)
        assert plan.notes == ["steps are ramps within 0.0001 of 0"]


def test_boxes_have_ramps_of_a_share_of_the_range() -> None:
    plan = Plan(1e-6)
    out = relu_rule(m.Box(number(-1.0, 0.0, -1.0), number(1.0, 1.0, 0.0)), signal(), plan)[1]
    assert (out.low[0], out.high[0]) == (0, 1) and out.error[0] == pytest.approx(
        16 * np.finfo(float).eps * 5.5 / 2.5e-4
    )
    assert plan.notes == ["sides of boxes are ramps within 0.0001"]


def test_gates_keep_zero_in_their_range() -> None:
    inputs = Signal(
        np.array([1.0, -3.0, 0.0]), np.array([2.0, -1.0, 1.0]), np.array([0.1, 0.2, 0.01])
    )
    out = relu_rule(m.Gate(number(8.0)), inputs, Plan(1e-6))[1]
    np.testing.assert_allclose([out.low, out.high], [[0, -3], [2, 0]])
    np.testing.assert_allclose(out.error, [0.1 + 0.08, 0.2 + 0.08], rtol=1e-9)


def test_distances_of_absolute_values_reach_to_the_far_corner() -> None:
    motif = m.Distance(torch.tensor([[0.0, 0.0, 0.0], [2.0, 3.0, -1.0]]).double(), 1)
    out, loud, values = through(motif), through(motif, error=0.125), motif(grid()).detach().numpy()
    np.testing.assert_allclose(out.high, values.max(0))
    assert out.low.tolist() == [0, 0] and 0 < out.error.max() < 1e-13
    np.testing.assert_allclose(loud.error - out.error, 3 * 0.125)
    np.testing.assert_allclose(
        through(m.Distance(2.0**20 * motif.centres, 1), scale=2.0**20).error,
        2.0**20 * out.error,
        rtol=1e-13,
    )


def test_a_residual_adds_ranges_and_errors() -> None:
    out = through(
        m.Residual(
            m.Chain([m.Abs(), m.Affine(2 * torch.eye(3).double(), torch.zeros(3).double())])
        ),
        error=0.125,
    )
    np.testing.assert_allclose(out.low, LOW + 2 * np.array([0, 0.25, 0.5]), atol=1e-9)
    np.testing.assert_allclose(out.high, HIGH + 2 * np.array([1.5, 2, 2]), atol=1e-9)
    np.testing.assert_allclose(out.error, 3 * 0.125, rtol=1e-9)


def test_the_tolerance_is_shared_by_inexact_branches() -> None:
    one, two = m.Square(), m.Parallel(number(4.0, 4.0), [m.Square(), m.Square()])
    assert (
        through(two, tolerance=1e-3).error.max()
        <= 1e-3
        < 8 * through(one, tolerance=1e-3).error.max()
    )
    exact = m.Parallel(number(4.0, 4.0), [m.Square(), m.Abs()])
    np.testing.assert_allclose(
        through(exact, tolerance=1e-3).error, 4 * through(one, tolerance=1e-3 / 4).error, rtol=1e-6
    )
    assert Plan(1.0).divided(4).tolerance == 0.25 and Plan(1.0).divided(0).tolerance > 1e299


def test_signals_are_cut_joined_and_widened() -> None:
    given = Signal(LOW, HIGH, np.array([0.1, 0.2, 0.3]), np.arange(6.0).reshape(2, 3))
    part = given.take(np.array([2, 0]))
    assert (
        part.low.tolist() == [-2, -1.5]
        and part.error.tolist() == [0.3, 0.1]
        and part.rows is not None
        and part.rows.tolist() == [[2, 0], [5, 3]]
    )
    assert given.width == 3 and given.size.tolist() == [1.6, 2.2, 2.3]
    wide = given.widened()
    np.testing.assert_allclose(
        wide.high - HIGH, given.error + 4 * np.finfo(float).eps * given.size, rtol=1e-3
    )
    np.testing.assert_allclose(
        LOW - wide.low, given.error + 4 * np.finfo(float).eps * given.size, rtol=1e-3
    )
    assert Signal.join([given, part]).high.tolist() == [1.0, 2.0, -0.5, -0.5, 1.0]
    zero = through_affine(m.Affine(torch.zeros(1, 3).double(), torch.tensor([7.0]).double()), given)
    assert zero.error[0] == pytest.approx(2 * 5 * np.finfo(float).eps * 7) and (
        zero.low[0],
        zero.high[0],
    ) == (7, 7)
