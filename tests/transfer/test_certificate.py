"""Certificates and cards: the measured difference is the true one, the native network is its
teacher, and the card counts what is there.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from motifnet import motifs as m
from motifnet.engine import UsageError
from motifnet.kernels import PROFILES, Kernel
from motifnet.tables import Sample
from motifnet.teachers import KernelRidge
from motifnet.transfer import (
    Block,
    Card,
    Certificate,
    certify,
    certify_rows,
    describe_network,
    far_away,
    kernel_network,
    relu_form,
    sobol_box,
    steady,
    transfer,
    values_of,
)
from motifnet.transfer._certificate import _affordable

Matrix = NDArray[np.float64]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
DUAL, INTERCEPT = RNG.normal(size=(120, 2)), RNG.normal(size=2)


KERNELS = [Kernel((name,), np.array([0.7]), np.array([0.6])) for name in PROFILES]
MIXTURE = Kernel(PROFILES, RNG.dirichlet(np.ones(5)), 0.2 + RNG.random(5))
R = np.eye(3) + 0.2 * RNG.normal(size=(3, 3))


@pytest.mark.parametrize("kernel", [*KERNELS, MIXTURE], ids=[*PROFILES, "mixture"])
def test_kernel_network_is_the_kernel_expansion(kernel: Kernel) -> None:
    network = kernel_network(kernel, X, DUAL, INTERCEPT)
    certificate = certify(network, lambda at: kernel(at, X) @ DUAL + INTERCEPT, X, scale=2.0)
    assert certificate.points == 4_096 and certificate.bound is None
    assert max(certificate.on_data, certificate.on_box, certificate.outside) <= 1e-12


def test_euclidean_profiles_share_their_distances() -> None:
    network = kernel_network(MIXTURE, X, DUAL, INTERCEPT)
    assert sum(isinstance(part, m.Distance) for part in network.modules()) == 2


def test_warp_and_map_come_before_the_distances() -> None:
    kernel = MIXTURE
    hinge = m.Hinge(
        torch.sort(torch.randn(3, 6).double(), dim=1).values, torch.rand(3, 5).double() + 0.5
    )
    parts = {p: [c for c, name in enumerate(PROFILES) if Kernel.norm(name) == p] for p in (1, 2)}

    def truth(at: Matrix) -> Matrix:
        z = hinge(torch.as_tensor(at)).detach().numpy()
        total = INTERCEPT
        for p, mine in parts.items():
            part = Kernel(
                tuple(PROFILES[c] for c in mine), kernel.weights[mine], kernel.rates[mine]
            )
            total = total + (part(z, X) if p == 1 else part(z @ R, X @ R)) @ DUAL
        return np.asarray(total)

    certificate = certify(kernel_network(kernel, X, DUAL, INTERCEPT, [hinge], R), truth, X)
    assert max(certificate.on_data, certificate.on_box, certificate.outside) <= 1e-12


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_kernel_ridge_is_transferred(dtype: torch.dtype) -> None:
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    fitted = KernelRidge().fit(Sample.plain(X, (y - y.mean()) / y.std()))
    network = transfer(fitted).to(dtype)
    for at in (X, sobol_box(X, 512, 0), far_away(X, 64, 0)):
        rounded = at.astype(np.float32).astype(np.float64)
        difference = network(
            torch.as_tensor(rounded).to(dtype)
        ).detach().double().numpy() - fitted.predict(rounded)
        assert np.abs(difference).max() <= (1e-10 if dtype == torch.float64 else 3e-4)


def test_nothing_else_is_transferred() -> None:
    with pytest.raises(UsageError, match="no transfer to a network for dict"):
        transfer({})


def test_measured_maxima_are_those_of_the_difference() -> None:
    network = m.Affine(torch.tensor([[1.0, 0.0, 0.0]]).double(), torch.zeros(1).double())
    certificate = certify(
        network, lambda at: np.zeros(len(at)), X, scale=2.0, bound=6.0, form="relu", note="by hand"
    )
    assert certificate.bound == 3.0 and certificate.form == "relu" and certificate.note == "by hand"
    assert certificate.on_data == pytest.approx(np.abs(X[:, 0]).max() / 2)
    assert 0.99 * certificate.on_data <= certificate.on_box <= certificate.on_data
    assert certificate.outside == pytest.approx(5 * X[:, 0].std(), rel=0.05)


def test_points_lie_where_they_should() -> None:
    box, far = sobol_box(X, 256, 1), far_away(X, 64, 1)
    assert (box >= X.min(0)).all() and (box <= X.max(0)).all()
    away = np.abs(far - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(away.max(axis=1), 10)
    assert np.array_equal(box, sobol_box(X, 256, 1)) and not np.array_equal(
        box, sobol_box(X, 256, 2)
    )


def test_large_networks_are_measured_on_fewer_points() -> None:
    large = m.Chain(
        [
            m.Affine(torch.ones(4_000, 3).double(), torch.zeros(4_000).double()),
            m.Affine(torch.ones(1, 4_000).double(), torch.zeros(1).double()),
        ]
    )
    wide = m.Parallel(torch.ones(4).double(), [large] * 4)
    assert certify(large, lambda at: values_of(large, at), X).points == 2_048
    assert certify(wide, lambda at: values_of(wide, at), X, points=64).points == 64


def test_values_do_not_depend_on_the_blocks() -> None:
    network = m.Affine(torch.randn(2, 3).double(), torch.randn(2).double())
    many = np.random.default_rng(1).normal(size=(2_500, 3))
    np.testing.assert_allclose(
        values_of(network, many),
        many @ network.weight.detach().numpy().T + network.bias.detach().numpy(),
        atol=1e-14,
    )
    assert values_of(network, many[:0]).shape == (0, 2)


def test_a_relu_certificate_holds_its_bound() -> None:
    kernel = KERNELS[2]
    network = kernel_network(kernel, X, DUAL, INTERCEPT)
    form = relu_form(network, (X.min(0), X.max(0)), 0.05)
    certificate = certify(
        form.network,
        lambda at: kernel(at, X) @ DUAL + INTERCEPT,
        X,
        bound=form.bound,
        form="relu",
        note=form.note,
    )
    assert certificate.bound is not None
    assert max(certificate.on_data, certificate.on_box) <= certificate.bound <= 0.05


def test_certificate_and_card_are_plain_json() -> None:
    network = kernel_network(MIXTURE, X, DUAL, INTERCEPT, label="kernel ridge")
    certificate, card = (
        certify(network, lambda at: values_of(network, at), X),
        describe_network(network, 3),
    )
    for found in (certificate.as_dict(), card.as_dict()):
        assert json.loads(json.dumps(found)) == found
    assert "measured" in str(certificate)


def test_card_of_a_kernel_network() -> None:
    hinge = m.Hinge(torch.sort(torch.randn(3, 6).double(), dim=1).values, torch.ones(3, 5).double())
    card = describe_network(
        kernel_network(MIXTURE, X, DUAL, INTERCEPT, [hinge], np.eye(3), label="trained kernel"), 3
    )
    # hinges 3 → distances 120 beside the map 3 → profiles
    # 120 beside distances 120 → profiles 120 → 2
    assert card.depth == 5
    assert card.widths == (3, 123, 240, 120, 2)
    assert [block.motif for block in card.blocks] == [
        "Hinge",
        "Distance",
        "Radial",
        "Affine",
        "Distance",
        "Radial",
        "Affine",
    ]
    assert {block.origin for block in card.blocks} == {"trained kernel"}
    assert card.parameters == m.count_parameters(
        kernel_network(MIXTURE, X, DUAL, INTERCEPT, [hinge], np.eye(3))
    )
    assert card.nonzeros == card.parameters - 3 * 2 - 3  # the map's zeros and its bias
    assert "trained kernel" in str(card) and f"{card.parameters:,} parameters" in str(card)


def test_card_puts_like_branches_and_repeated_layers_together() -> None:
    def block() -> m.Motif:
        return m.Chain([m.Affine(torch.ones(4, 4).double(), torch.ones(4).double()), m.ReLU()])

    parallel = m.Parallel(
        torch.ones(3).double(), [m.Chain([block()], label="kernel ridge") for _ in range(3)]
    )
    card = describe_network(m.Chain([block(), block(), parallel]), 4)
    assert card.depth == 6 and card.widths == (4, 4, 4, 4, 12, 12)
    assert card.blocks == (
        Block("Affine (2 times)", "", 4, "W x + b"),
        Block("ReLU (2 times)", "", 4, "max(x, 0)"),
        Block("Affine × 3", "kernel ridge", 12, "W x + b"),
        Block("ReLU × 3", "kernel ridge", 12, "max(x, 0)"),
    )


def test_the_text_of_a_card() -> None:
    blocks = (
        Block("Hinge", "trained kernel", 3, "warps"),
        Block("Affine", "", 1_200, "W x + b"),
        Block("Sum", "x", 0, "unknown"),
    )
    text = str(Card(3, (3, 1_200, 2), 12_345, 678, blocks)).splitlines()
    assert text == [
        "depth 3, 12,345 parameters (678 not zero)",
        "widths 3 → 1,200 → 2",
        "",
        "motif   came from       width  computes",
        "Hinge   trained kernel      3  warps",
        "Affine                  1,200  W x + b",
        "Sum     x                      unknown",
    ]
    wide = str(Card(25, tuple(range(25)), 1, 1, blocks)).splitlines()[1]
    assert wide == "widths " + " → ".join(map(str, range(24))) + " → …"
    assert str(Card(24, tuple(range(24)), 1, 1, blocks)).splitlines()[1].endswith(" → 23")


def test_a_card_counts_repeats_of_one_and_of_two_layers() -> None:
    def affine(width: int) -> m.Motif:
        return m.Affine(torch.ones(width, 4).double(), torch.ones(width).double())

    one = describe_network(
        m.Chain([m.Abs(), m.Abs(), m.Abs(), affine(4), m.ReLU(), affine(4), m.ReLU(), affine(2)]), 4
    )
    assert [block.motif for block in one.blocks] == [
        "Abs (3 times)",
        "Affine (2 times)",
        "ReLU (2 times)",
        "Affine",
    ]
    twice = describe_network(m.Concat([m.Concat([affine(1), affine(2)]), affine(3), m.Abs()]), 4)
    assert [(block.motif, block.width) for block in twice.blocks] == [("Affine × 3", 6), ("Abs", 4)]
    assert twice.widths == (10,) and twice.depth == 1
    uneven = describe_network(m.Concat([m.Chain([affine(3), m.ReLU()]), affine(2)]), 4)
    assert uneven.widths == (5, 3) and uneven.depth == 2


def test_a_certificate_is_measured_on_as_many_points_as_it_says() -> None:
    network, sizes = m.Affine(torch.ones(1, 3).double(), torch.zeros(1).double()), list[int]()

    def nothing(at: Matrix) -> Matrix:
        sizes.append(len(at))
        return np.zeros((len(at), 1))

    many = np.random.default_rng(0).normal(size=(600, 3))
    found = certify(network, nothing, many, points=256)
    assert sizes == [512, 256, 64] and found.points == 256
    rows = many[np.random.default_rng(0).choice(600, 512, replace=False)]
    assert found.on_data == pytest.approx(np.abs(rows.sum(1)).max())
    assert (
        certify(network, nothing, many[:512], points=256, bound=None).bound is None
        and sizes[3] == 512
    )
    sizes.clear()
    assert certify(network, nothing, many, points=2_048).points == 2_048 and sizes == [
        600,
        2_048,
        128,
    ]
    assert certify(network, nothing, many).points == 4_096
    assert _affordable(m.Affine(torch.ones(1_000, 1_000), torch.zeros(1_000))) == 256


def test_a_certificate_of_rows_alone() -> None:
    network = m.Affine(torch.ones(1, 1).double(), torch.zeros(1).double())
    found = certify_rows(
        network, np.array([[1.0], [np.nan], [5.0]]), np.array([[1.5], [2.0], [3.0]]), scale=4.0
    )
    assert (found.form, found.bound, found.points) == (
        "native",
        None,
        0,
    ) and found.on_data == found.on_box == found.outside == 0.5
    assert (
        str(found)
        == "native form: measured 0.5 on data (sd of y); on its rows alone, as not every point is "
        "a row"
    )


def test_the_text_of_a_certificate() -> None:
    found = Certificate("relu", 0.03125, 0.01, 0.02, 0.5, 256)
    assert (
        str(found)
        == "relu form: at most 0.031 in the box (proved); measured 0.01 on data, 0.02 in the box, "
        "0.5 outside (sd of y)"
    )
    assert str(replace(found, bound=None, form="native")).startswith(
        "native form: no bound; measured 0.01"
    )


@pytest.mark.parametrize(
    ("width", "rows", "most"), [(1, 1_025, 1_024), (1 << 14, 300, 256), (1 << 20, 17, 16)]
)
def test_wide_layers_are_computed_some_rows_at_a_time(width: int, rows: int, most: int) -> None:
    sizes: list[int] = []

    class Seen(m.Identity):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            sizes.append(len(x))
            return x

    network = m.Chain([Seen()])
    network.register_buffer("wide", torch.zeros(width))
    values = np.arange(float(rows))[:, None]
    assert np.array_equal(values_of(network, values), values) and sizes == [most, rows - most]


def test_large_coefficients_are_kept_in_double_precision() -> None:
    network = m.Identity()
    assert steady(network, np.full((10, 2), 80.0)) is network
    assert isinstance(steady(network, np.array([[0.0, 900.0], [1.0, -1.0]])), m.Precise)
    assert (
        isinstance(steady(network, np.full((10, 1), -90.0)), m.Precise)
        and steady(network, np.zeros((0, 1))) is network
    )


def test_a_box_of_more_columns_than_a_sobol_sequence_has() -> None:
    X = np.vstack([np.zeros(21_300), np.arange(1.0, 21_301.0)])
    box = sobol_box(X, 8, 0)
    assert box.shape == (8, 21_300) and (box >= 0).all() and (box <= X[1]).all()
    assert (
        np.array_equal(box[:, :5], sobol_box(X[:, :21_201], 8, 0)[:, :5])
        and len(np.unique(box[:, -1])) == 8
    )
