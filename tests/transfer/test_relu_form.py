"""Whole networks in relu form, within their proved bound."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV

from motifnet import mimic
from motifnet import motifs as m
from motifnet.engine import UsageError
from motifnet.kernels import PROFILES, Kernel
from motifnet.transfer import ReluForm, kernel_network, relu_form, values_of
from tests.shared.relu import HINGE, Matrix, normal, only_relu, value


def kernel_of(rng: np.random.Generator, X: Matrix) -> Kernel:
    """A random mixture of one to three profiles, with a length scale near the median distance."""
    profiles = tuple(
        str(p) for p in rng.choice(PROFILES, size=int(rng.integers(1, 4)), replace=False)
    )
    medians = {1: np.median(pdist(X, "cityblock")), 2: np.median(pdist(X))}
    rates = np.array([10 ** rng.uniform(-0.7, 0.3) / medians[Kernel.norm(p)] for p in profiles])
    return Kernel(profiles, rng.dirichlet(np.ones(len(profiles))), rates)


def random_teacher(seed: int) -> tuple[m.Motif, Matrix]:
    """Kernel ridge with a random kernel, ridge, size and target with sd(y) = 1: its network and its
    rows.
    """
    rng = np.random.default_rng(seed)
    n, D = int(rng.integers(200, 401)), int(rng.choice([2, 5, 10]))
    X = rng.normal(size=(n, D))
    w = rng.normal(size=(D, 3)) / math.sqrt(D)
    y = np.sin(2 * X @ w[:, 0]) + (X @ w[:, 1]) * (X @ w[:, 2]) + 0.1 * rng.normal(size=n)
    y = (y - y.mean()) / y.std()
    kernel = kernel_of(rng, X)
    dual = np.linalg.solve(kernel(X, X) + 10 ** rng.uniform(-3, -0.5) * np.eye(n), y)
    return kernel_network(kernel, X, dual[:, None], np.zeros(1)), X


def held_against(
    network: m.Motif, form: ReluForm, box: tuple[Matrix, Matrix], points: int
) -> float:
    """Largest difference on points of the box, corners included, over the bound."""
    rng, (low, high) = np.random.default_rng(0), box
    inside = low + rng.uniform(size=(points, len(low))) * (high - low)
    corners = np.where(rng.uniform(size=(64, len(low))) < 0.5, low, high)
    at = np.concatenate([inside, corners])
    assert form.bound is not None
    return float(np.abs(values_of(form.network, at) - values_of(network, at)).max()) / form.bound


def check_teacher(seed: int, points: int) -> None:
    network, X = random_teacher(seed)
    box = (X.min(0), X.max(0))
    start = time.process_time()
    form = relu_form(network, box, 1e-2)
    seconds = time.process_time() - start
    assert only_relu(form.network)
    assert form.bound is not None and form.bound <= 1e-2
    assert held_against(network, form, box, points) <= 1
    assert seconds < 2


@pytest.mark.parametrize("seed", range(6))
def test_kernel_teachers_stay_within_the_certificate(seed: int) -> None:
    check_teacher(seed, 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_kernel_teachers_stay_within_the_certificate_on_20000_points(seed: int) -> None:
    check_teacher(seed, 20_000)


def test_rectifiers_in_place_of_a_cross_validated_teacher() -> None:
    """At most 7,000 of them for 1,000 centres, within 5 % of the teacher's error to the truth, made
    in a second.
    """
    rng = np.random.default_rng(0)
    X, new = rng.uniform(size=(1_000, 4)), rng.uniform(size=(2_000, 4))

    def truth(X: Matrix) -> Matrix:
        return np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * np.abs(X[:, 3] - 0.5)

    grid = {"gamma": [0.3, 1.0, 3.0], "alpha": 10.0 ** np.arange(-3, 0.5, 0.5)}
    search = GridSearchCV(KernelRidge(kernel="rbf"), grid, cv=5).fit(
        X, truth(X) + 0.1 * rng.normal(size=1_000)
    )
    start = time.process_time()
    network = mimic(search.best_estimator_, X, form="relu", tolerance=0.4)
    assert time.process_time() - start < 1
    assert max(network.card.widths) <= 7_000

    def error(values: Matrix) -> float:
        return float(np.mean((values.ravel() - truth(new)) ** 2))

    assert error(network(new)) <= 1.05 * error(search.predict(new))


def deep() -> m.Motif:
    """Hinges, a map before the Euclidean distances, two outputs, two machines in parallel, float64
    inside.
    """
    rng = np.random.default_rng(0)
    z, map_ = rng.normal(size=(40, 5)), np.eye(5) + 0.1 * rng.normal(size=(5, 5))
    kernel = Kernel(
        ("laplace1", "laplace2", "gaussian"), np.array([0.2, 0.3, 0.5]), np.array([0.2, 0.3, 0.4])
    )
    machines = [
        kernel_network(
            kernel, z, 0.3 * rng.normal(size=(40, 2)), np.array([1.0, -2.0]), [HINGE], map_
        )
        for _ in range(2)
    ]
    return m.Chain(
        [
            m.Parallel(normal(3, 2, 2), [m.Precise(machines[0]), machines[1]]),
            m.Affine(normal(4, 3, 2), normal(5, 3)),
        ]
    )


def affine() -> m.Affine:
    return m.Affine(normal(9, 4, 5), normal(10, 4))


NETWORKS: dict[str, Callable[[], m.Motif]] = {
    "affine": affine,
    "hinges": lambda: m.Chain([HINGE, affine()]),
    "sparse": lambda: m.Chain(
        [m.SparseAffine(torch.tensor([[0, 1], [4, 2]]), normal(11, 2, 2), normal(12, 2)), m.ReLU()]
    ),
    "pointwise": lambda: m.Chain(
        [affine(), m.Abs(), m.Clip(value(0.1), value(2.0)), m.Sort(), m.Select([0, 3, 3])]
    ),
    "extremes": lambda: m.Concat([m.Max(), m.Min(), m.Chain([affine(), m.Step(value(0.3))])]),
    "residual": lambda: m.Residual(
        m.Chain([affine(), m.ReLU(), m.Affine(normal(13, 5, 4), normal(14, 5))])
    ),
    "gate": lambda: m.Chain(
        [m.Concat([affine(), m.Chain([m.Max(), m.Step(value(0.3))])]), m.Gate(value(50.0))]
    ),
    "polynomial": lambda: m.Chain([affine(), m.Product(), m.Square()]),
    "monomial": lambda: m.Monomial([[2, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 0]]),
    "distance": lambda: m.Distance(normal(15, 6, 5), 1),
    "features": lambda: m.Chain(
        [
            m.Distance(normal(15, 6, 5), 2),
            m.Radial(torch.ones(1).double(), torch.ones(1).double(), ["matern32"]),
        ]
    ),
    "average": lambda: m.GroupAverage(
        deep(),
        torch.stack([torch.arange(5), torch.arange(5).flip(0)]),
        torch.tensor([[1.0] * 5, [-1.0] * 5]).double(),
    ),
    "images": lambda: m.Images(deep(), torch.stack([torch.arange(5), torch.arange(5).flip(0)])),
    "machines": deep,
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())
def test_networks_stay_within_their_bound(make: Callable[[], m.Motif]) -> None:
    network, box = make(), (-np.ones(5) * 1.5, np.array([1.0, 2, 1.5, 2, 1]))
    form = relu_form(network, box, 0.05)
    assert only_relu(form.network)
    assert form.bound is not None and form.bound <= 0.05
    assert held_against(network, form, box, 2_000) <= 1


def test_a_float32_network_is_made_in_float64() -> None:
    form = relu_form(affine().float(), (-np.ones(5), np.ones(5)), 1e-3)
    x = normal(22, 50, 5).numpy().clip(-1, 1)
    np.testing.assert_allclose(
        values_of(form.network, x), values_of(affine(), x), rtol=0, atol=1e-6
    )


def test_inputs_outside_the_box_are_clipped() -> None:
    network, X = random_teacher(1)
    low, high = X.min(0), X.max(0)
    form = relu_form(network, (low, high), 0.1)
    far = 30 * X[:20]
    np.testing.assert_allclose(
        values_of(form.network, far),
        values_of(form.network, np.clip(far, low, high)),
        rtol=0,
        atol=1e-9,
    )


def trees() -> m.TreeEnsemble:
    """Two trees of depth 2 and 1 on columns 0, 1 and 1."""
    feature, threshold = (
        torch.tensor([0, 1, 0, 0, 0, 1, 0, 0]),
        torch.tensor([0.2, -0.3, 0, 0, 0, 0.5, 0, 0]).double(),
    )
    left, right = torch.tensor([1, 3, 2, 3, 4, 6, 6, 7]), torch.tensor([2, 4, 2, 3, 4, 7, 6, 7])
    return m.TreeEnsemble(
        feature, threshold, left, right, torch.tensor([0, 5]), normal(16, 8, 2), 2
    )


def test_trees_are_exact_off_the_bands_and_on_the_rows() -> None:
    X = normal(17, 500, 2).numpy()
    X[0, 0], X[1, 1] = 0.2, -0.3 + 1e-6  # on a threshold, and so near that its band has to be thin
    network = m.Chain([trees()], label="trees")
    form = relu_form(network, (X.min(0), X.max(0)), 1e-2, X)
    assert only_relu(form.network) and form.bound is None and "0.0% of the rows" in form.note
    np.testing.assert_allclose(values_of(form.network, X), values_of(network, X), rtol=0, atol=1e-9)
    more = np.clip(normal(18, 50_000, 2).numpy(), X.min(0), X.max(0))
    off = np.abs(values_of(form.network, more) - values_of(network, more)).max(axis=1) < 1e-10
    assert off.mean() > 0.9995


def test_trees_behind_other_layers_know_where_the_rows_are() -> None:
    X = normal(17, 300, 5).numpy()
    network = m.Chain([m.Affine(normal(19, 2, 5), normal(20, 2)), trees()])
    form = relu_form(network, (X.min(0), X.max(0)), 1e-2, X)
    np.testing.assert_allclose(values_of(form.network, X), values_of(network, X), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "jump",
    [
        m.Step(value(0.0)),
        m.Box(torch.tensor([-1.0, -math.inf]).double(), torch.tensor([0.5, 1.0]).double()),
    ],
)
def test_jumps_say_where_there_is_no_bound(jump: m.Motif) -> None:
    form = relu_form(jump, (-2 * np.ones(2), 2 * np.ones(2)), 1e-2)
    assert form.bound is None and "ramps" in form.note
    x = normal(21, 1_000, 2).numpy().clip(-2, 2)
    assert np.isclose(values_of(form.network, x), values_of(jump, x), atol=1e-9).mean() > 0.99


@pytest.mark.parametrize(
    ("network", "box", "tolerance", "words"),
    [
        (affine(), (np.zeros(5), np.ones(5)), -1.0, "positive tolerance"),
        (affine(), (np.zeros(5), np.full(5, np.inf)), 1.0, "finite"),
        (m.Softmax(), (np.zeros(5), np.ones(5)), 1.0, "no relu form of the motif Softmax"),
        (m.Distance(normal(15, 6, 5), 2), (np.zeros(5), np.ones(5)), 1.0, "Euclidean"),
        (
            random_teacher(0)[0],
            (-np.ones(5), np.ones(5)),
            1e-9,
            "can be reached|can be proved|cannot be proved",
        ),
    ],
)
def test_what_has_no_relu_form_says_so(
    network: m.Motif, box: tuple[Matrix, Matrix], tolerance: float, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        relu_form(network, box, tolerance)
