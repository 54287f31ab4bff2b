"""Relu forms: exact motifs, the error laws of squares, products and chords, and whole networks
within their proved bound.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from motifnet import motifs as m
from motifnet.motifs import (
    Curve,
    chord_error,
    curvature_knots,
    depth_for,
    relu_monomial,
    relu_product,
    relu_square,
    relu_squared_norm,
    segments_for,
    square_error,
    total_curvature,
)
from tests.shared.relu import HINGE, normal, only_relu, value

LOW, HIGH = (
    torch.tensor([-1.0, -0.5, 0.0, -2.0, 0.1]).double(),
    torch.tensor([1.0, 0.5, 0.3, 2.0, 0.1]).double(),
)


BOX = torch.full((5,), -1.5).double(), torch.tensor([1.0, 2.0, math.inf, 1.0, 2.0]).double()
EXACT: dict[str, tuple[m.Motif, m.Motif]] = {
    "identity": (m.relu_identity(5), m.Identity()),
    "abs": (m.relu_abs(5), m.Abs()),
    "max": (m.relu_max(5), m.Max()),
    "min": (m.relu_min(5), m.Min()),
    "sort": (m.relu_sort(5), m.Sort()),
    "clip": (m.relu_clip(LOW, HIGH), m.Clip(LOW, HIGH)),
    "hinge": (m.relu_hinge(HINGE), HINGE),
    "ramp": (m.relu_step(5, 0.5), m.Step(value(0.5))),
    "step": (m.relu_step(5, 1e-3), m.Step(value(0.0))),
    "box": (m.relu_box(*BOX, 1e-3), m.Box(*BOX)),
}
C2 = ("gaussian", "matern32", "matern52", "laplace")


@pytest.mark.parametrize(("relu", "native"), EXACT.values(), ids=EXACT.keys())
def test_exact_motifs(relu: m.Motif, native: m.Motif) -> None:
    x = torch.cat(
        [normal(3, 500, 5), normal(4, 20, 1).expand(-1, 5), torch.zeros(1, 5).double() - 1]
    )
    x = torch.where((x.abs() < 1e-3) | ((x + 1.5).abs() < 1e-3), 0.25, x)
    assert only_relu(relu)
    torch.testing.assert_close(relu(x), native(x), rtol=0, atol=1e-11)


@pytest.mark.parametrize("d", [1, 2, 3, 6, 8, 13])
def test_sort_and_extremes_of_any_width(d: int) -> None:
    x = torch.cat([normal(5, 100, d), torch.ones(1, d).double()])
    torch.testing.assert_close(m.relu_sort(d)(x), x.sort(dim=1).values, rtol=0, atol=1e-14)
    torch.testing.assert_close(m.relu_max(d)(x), x.amax(1, keepdim=True), rtol=0, atol=1e-14)
    torch.testing.assert_close(m.relu_min(d)(x), x.amin(1, keepdim=True), rtol=0, atol=1e-14)


def test_comparators_sort_every_zero_one_row() -> None:
    """The 0-1 principle: a network of comparators that sorts these sorts everything."""
    for d in range(2, 11):
        rows = torch.cartesian_prod(*[torch.tensor([0, 1])] * d)
        for layer in m.batcher_layers(d):
            for i, j in layer:
                rows[:, i], rows[:, j] = (
                    torch.minimum(rows[:, i], rows[:, j]),
                    torch.maximum(rows[:, i], rows[:, j]),
                )
        assert (rows.diff(dim=1) >= 0).all()


def test_gate_is_exact_for_an_indicator() -> None:
    f, open_ = normal(6, 200, 3), torch.randint(0, 2, (200, 1)).double()
    torch.testing.assert_close(
        m.relu_gate(3, 8.0)(torch.cat([f, open_], dim=1)), f * open_, rtol=0, atol=2e-15
    )


@pytest.mark.parametrize("depth", range(2, 11))
def test_square_law(depth: int) -> None:
    x = torch.linspace(0, 1, 2**14 + 1, dtype=torch.float64)[:, None]
    error = relu_square(1, depth)(x) - x**2
    assert abs(float(error.detach().max()) - 2.0 ** (-2 * depth - 2)) <= 1e-9
    assert float(error.detach().min()) >= 0
    x = torch.linspace(-3, 3, 2**14 + 1, dtype=torch.float64)[:, None]
    assert float((relu_square(1, depth, 3.0)(x) - x**2).detach().abs().max()) <= square_error(
        depth, 3.0
    ) * (1 + 1e-9)


@pytest.mark.parametrize("depth", [2, 4, 8, 12])
def test_product_bound_and_zero(depth: int) -> None:
    network = relu_product(4, depth, 3.0)
    x = 6 * torch.rand(3_000, 8, dtype=torch.float64) - 3
    assert float((network(x) - x[:, :4] * x[:, 4:]).detach().abs().max()) <= square_error(
        depth, 3.0
    ) * (1 + 1e-9)
    x[:, :4] = 0
    for dtype in (torch.float64, torch.float32):
        assert torch.equal(network.to(dtype)(x.to(dtype)), torch.zeros(3_000, 4, dtype=dtype))


def test_square_in_float32_stops_at_its_rounding() -> None:
    x = torch.linspace(0, 1, 4_097)[:, None]
    errors = [
        float((relu_square(1, depth).float()(x).double() - x.double() ** 2).detach().abs().max())
        for depth in (9, 11, 14)
    ]
    assert errors[0] > 5e-7
    assert max(errors[1:]) < 3e-7


@pytest.mark.parametrize("powers", [[3, 0, 2], [0, 0, 0], [1, 0, 0], [2, 2, 3]])
def test_monomials_within_their_bound(powers: list[int]) -> None:
    network, bound = relu_monomial(powers, 10, 2.0)
    x = 4 * torch.rand(2_000, 3, dtype=torch.float64) - 2
    truth = torch.prod(x ** torch.tensor(powers), dim=1, keepdim=True)
    assert float((network(x) - truth).detach().abs().max()) <= bound + 1e-12


def test_one_block_of_squares_serves_all_centres() -> None:
    low, high = torch.tensor([-1.0, 0, 2]).double(), torch.tensor([1.0, 3, 2]).double()
    x = low + (high - low) * torch.rand(1_000, 3, dtype=torch.float64)
    for depth in (1, 2, 6, 12):
        out = relu_squared_norm(low, high, depth)(x).detach()
        excess = out[:, 0] - ((x - low) ** 2).sum(1)
        assert float(excess.min()) >= -1e-13 and float(excess.max()) <= square_error(
            depth, float((high - low).norm())
        ) * (1 + 1e-9)
        torch.testing.assert_close(out[:, 1:], x - low, rtol=0, atol=1e-14)


@pytest.mark.parametrize("rate", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("profile", C2)
def test_chord_error_is_a_bound_and_sharp(profile: str, rate: float) -> None:
    curve = Curve((profile,), (1.0,), (rate,), True, 200.0)
    s = 200 * np.linspace(0, 1, 100_001) ** 4
    for segments in (1, 7, 50):
        knots = curvature_knots(curve, segments)
        measured, bound = (
            np.max(np.interp(s, knots, curve.value(knots)) - curve.value(s)),
            chord_error(curve, knots),
        )
        assert measured <= bound <= measured * 1.001 + 1e-12


@pytest.mark.parametrize("profile", C2)
def test_curvature_law(profile: str) -> None:
    """Error → (∫√g'')² / (8K²) where the curve has not run out."""
    curve = Curve((profile,), (1.0,), (0.1,), True, 100.0)
    law = total_curvature(curve) ** 2 / 8
    assert chord_error(curve, curvature_knots(curve, 256)) * 256**2 == pytest.approx(law, rel=0.01)


def test_segments_for_reaches_the_error_with_few_segments() -> None:
    curve = Curve(("gaussian", "laplace"), (0.7, 0.3), (1.0, 0.5), True, 1e3)
    for error in (2.0, 1e-1, 1e-3, 1e-5):
        knots, reached = segments_for(curve, error)
        assert chord_error(curve, knots) == reached <= error
        assert len(knots) <= 2 + 1.6 / math.sqrt(error)


def test_depth_for_is_the_least() -> None:
    depth = depth_for(1e-5, 3.0)
    assert square_error(depth, 3.0) <= 1e-5 < square_error(depth - 1, 3.0)
