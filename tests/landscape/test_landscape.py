"""The landscape of a network: curvature against autograd, sharpness against closed forms, walks
against the Ornstein–Uhlenbeck process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad
from torch import Tensor, nn

from motifnet.engine import DataError, UsageError
from motifnet.lab._walks import CURVATURES, bowl_walk, mean_exit_steps
from motifnet.landscape import (
    Risk,
    audit,
    balanced,
    curvature,
    escape,
    exponent,
    gaussian_sgd,
    gradient_noise,
    hessian_matrix,
    hessian_trace,
    information,
    log_exit_steps,
    minimise,
    minimum_sharpness,
    rate_for,
    risk_of,
    row_noise,
    visited,
)
from motifnet.landscape._gauss_newton import factor
from motifnet.motifs import Affine, Chain, Distance, ReLU, Residual


class Block(nn.Module):
    """x + B σ(A x), as users write it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(nn.functional.relu(self.a(x)))


class Tied(nn.Module):
    """One weight used twice: not linear in it."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(6, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.w(torch.relu(self.w(x)))))


def mlp(bias: bool = True) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 8, bias), nn.ReLU(), nn.Linear(8, 8, bias), nn.ReLU(), nn.Linear(8, 3, bias)
    )


def cnn() -> nn.Sequential:
    first = (
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
    return nn.Sequential(
        *first,
        nn.Conv2d(4, 4, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(16, 3),
    )


def resnet() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 6), Block(6), nn.ReLU(), Block(6), nn.Linear(6, 3))


def ours() -> Chain:
    def layer(a: int, b: int) -> Affine:
        return Affine(torch.randn(b, a) / 2, torch.randn(b) / 2)

    return Chain(
        [layer(6, 6), Residual(Chain([layer(6, 5), ReLU(), layer(5, 6)])), ReLU(), layer(6, 3)]
    )


PIECEWISE: dict[str, Callable[[], nn.Module]] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "ours": ours,
}
CURVED: dict[str, Callable[[], nn.Module]] = {
    "tanh": lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)),
    "tied": Tied,
}


def rows(kind: str, loss: str, n: int = 40) -> tuple[Tensor, Tensor]:
    X = torch.randn(n, 1, 4, 4) if kind == "cnn" else torch.randn(n, 6)
    return X, torch.randint(0, 3, (n,)) if loss == "cross_entropy" else torch.randn(n, 3)


def exact_hessian(risk: Risk) -> Tensor:
    return torch.func.jacrev(risk.gradient)(risk.theta)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("kind", [*PIECEWISE, *CURVED])
def test_trace_is_that_of_autograd(kind: str, loss: str) -> None:
    risk = risk_of((PIECEWISE | CURVED)[kind](), *rows(kind, loss), loss)
    H, trace = exact_hessian(risk), hessian_trace(risk)
    assert trace.value == pytest.approx(float(H.trace()), rel=1e-9)
    for name, part in risk.named(H.diagonal()).items():
        assert trace.by_parameter[name] == pytest.approx(float(part.sum()), rel=1e-8, abs=1e-10)
    assert ("piecewise linear" in trace.method) == (kind in PIECEWISE)
    assert trace.standard_error == 0


def test_trace_of_a_loss_that_the_user_wrote() -> None:
    X, y = rows("mlp", "squared")
    risk = risk_of(mlp(), X, y, nn.HuberLoss())
    assert hessian_trace(risk).value == pytest.approx(float(exact_hessian(risk).trace()), rel=1e-9)


def test_hutchinson_is_unbiased_and_knows_its_error() -> None:
    risk = risk_of(CURVED["tanh"](), *rows("tanh", "squared"))
    exact = hessian_trace(risk).value
    scores = [
        (t.value - exact) / t.standard_error
        for t in (hessian_trace(risk, exact_up_to=0, seed=seed) for seed in range(40))
    ]
    assert abs(np.mean(scores)) < 3 / 40**0.5
    assert 0.7 < np.std(scores) < 1.4
    assert "Hutchinson" in hessian_trace(risk, exact_up_to=0).sentence


def test_largest_eigenvalues_by_lanczos_and_densely() -> None:
    risk = risk_of(
        nn.Sequential(nn.Linear(6, 40), nn.Tanh(), nn.Linear(40, 3)), *rows("mlp", "squared")
    )
    values = torch.linalg.eigvalsh(exact_hessian(risk)).flip(0)
    top = curvature(risk, 4)
    assert risk.p > 300
    torch.testing.assert_close(top.values, values[:4], rtol=1e-8, atol=0)
    torch.testing.assert_close(
        risk.hessian_products(top.directions),
        top.values[:, None] * top.directions,
        rtol=0,
        atol=1e-6 * top.largest,
    )
    small = risk_of(mlp(), *rows("mlp", "squared"))
    assert curvature(small, 2).largest == pytest.approx(
        float(torch.linalg.eigvalsh(exact_hessian(small))[-1]), rel=1e-10
    )


def sharpness_of(module: nn.Module, X: Tensor, y: Tensor) -> tuple[float, float]:
    trace = hessian_trace(risk_of(module, X, y, "cross_entropy"))
    return trace.value, minimum_sharpness(module, trace).value


def test_minimum_sharpness_does_not_know_the_scale_of_layers() -> None:
    X, y = rows("mlp", "cross_entropy")
    net = mlp().double()
    before = sharpness_of(net, X, y)
    with torch.no_grad():
        grown = 1.0
        for layer, factor_ in zip((net[0], net[2], net[4]), (7.3, 0.21, 1 / 1.533), strict=True):
            assert isinstance(layer, nn.Linear)
            grown *= factor_
            layer.weight.mul_(factor_)
            layer.bias.mul_(grown)
    after = sharpness_of(net, X, y)
    assert after[0] > 2 * before[0]
    assert after[1] == pytest.approx(before[1], rel=1e-8)


def test_minimum_sharpness_without_biases_is_a_geometric_mean() -> None:
    net = mlp(bias=False).double()
    trace = hessian_trace(risk_of(net, *rows("mlp", "cross_entropy"), "cross_entropy"))
    assert minimum_sharpness(net, trace).value == pytest.approx(
        3 * math.prod(trace.by_parameter.values()) ** (1 / 3), rel=1e-12
    )


@pytest.mark.parametrize("kind", PIECEWISE)
def test_balanced_is_the_same_function_at_the_minimum(kind: str) -> None:
    X, y = rows(kind, "cross_entropy")
    net = PIECEWISE[kind]().double().eval()
    with torch.no_grad():
        next(iter(net.parameters())).mul_(5)
    trace = hessian_trace(risk_of(net, X, y, "cross_entropy"))
    found = minimum_sharpness(net, trace)
    even = balanced(net, found)
    with torch.no_grad():
        torch.testing.assert_close(even(X.double()), net(X.double()), rtol=1e-12, atol=1e-12)
    trace_after, sharpness_after = sharpness_of(even, X, y)
    assert found.ratio > 1
    assert trace_after == pytest.approx(found.value, rel=1e-8)
    assert sharpness_after == pytest.approx(found.value, rel=1e-8)


def test_no_rescaling_goes_through_what_is_not_homogeneous() -> None:
    net = CURVED["tanh"]()
    trace = hessian_trace(risk_of(net, *rows("tanh", "cross_entropy"), "cross_entropy"))
    found = minimum_sharpness(net, trace)
    assert found.value == trace.value or math.isnan(found.value)
    assert found.factors == {}


def linear_fit(n: int = 200, p: int = 4, noise: float = 0.5) -> tuple[nn.Linear, Tensor, Tensor]:
    """Least squares, so that everything is known: H = 2XᵀX/n, C = (4/n) Σ e² x xᵀ."""
    X = torch.randn(n, p, dtype=torch.float64)
    y = X @ torch.arange(1.0, p + 1, dtype=torch.float64) + noise * torch.randn(
        n, dtype=torch.float64
    )
    model = nn.Linear(p, 1, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.linalg.lstsq(X, y[:, None]).solution.T)
    return model, X, y[:, None]


def test_everything_is_known_for_least_squares() -> None:
    model, X, y = linear_fit()
    risk = risk_of(model, X, y)
    residual = y - risk.outputs(risk.theta, X)
    H, C = 2 * X.T @ X / len(X), 4 * (X * residual).T @ (X * residual) / len(X)
    top = curvature(risk, 4)
    noise = gradient_noise(risk, top)
    torch.testing.assert_close(hessian_matrix(risk), H)
    assert hessian_trace(risk).value == pytest.approx(float(H.trace()))
    assert noise.total == pytest.approx(float(C.trace()))
    assert noise.alignment == pytest.approx(float((C * H).sum() / C.norm() / H.norm()))
    assert noise.alignment > 0.95  # C ≈ 2σ²H for a right model
    torch.testing.assert_close(noise.along, (top.directions @ C * top.directions).sum(1))
    left = escape(risk, top, noise, rate=0.1, batch=4, barrier=0.1)
    assert left.directions[0].exponent == pytest.approx(2 * 4 * 0.1 / (0.1 * float(noise.along[0])))
    assert left.directions[0].to_gain < 1e-20


def test_noise_by_probes_is_near_the_exact_one() -> None:
    risk = risk_of(mlp(), *rows("mlp", "squared", 100))
    top = curvature(risk)
    exact, probed = gradient_noise(risk, top), gradient_noise(risk, top, exact_up_to=0, probes=400)
    assert probed.alignment == pytest.approx(exact.alignment, rel=0.1)
    assert not probed.exact and "probes" in probed.sentence


def test_row_noise_has_the_covariance_of_a_row() -> None:
    risk = risk_of(mlp(), *rows("mlp", "squared"))
    generator, draw = torch.Generator().manual_seed(0), row_noise(risk)
    sizes = torch.stack([draw(risk.theta, generator).square().sum() for _ in range(400)])
    assert float(sizes.mean()) == pytest.approx(
        gradient_noise(risk, curvature(risk)).total, rel=4 * float(sizes.std() / sizes.mean()) / 20
    )


def test_exit_time_is_the_double_integral() -> None:
    # steps so small that the correction vanishes
    lam, noise, barrier, rate, batch = 2.0, 1.5, 0.02, 1e-8, 1e-6
    s2, r = rate * noise / batch, math.sqrt(2 * barrier / lam)
    integral = dblquad(lambda z, y: math.exp(lam * (y * y - z * z) / s2), 0, r, 0, lambda y: y)[0]
    assert log_exit_steps(lam, noise, barrier, rate, batch) == pytest.approx(
        math.log(2 / s2 * integral / rate), abs=1e-3
    )
    steps = math.exp(log_exit_steps(2.0, 2.0, 0.02, 0.01, 1.0))
    assert rate_for(steps, 2.0, 2.0, 0.02, 1.0) == pytest.approx(0.01, rel=1e-6)
    assert log_exit_steps(1.0, 1.0, 10.0, 0.01, 1.0) == pytest.approx(
        exponent(1.0, 10.0, 0.01, 1.0), rel=0.05
    )


@pytest.mark.parametrize(
    ("lam", "within"), [(1.0, 0.06), (1.5, 0.06), (2.0, 0.06), (3.0, 0.06), (4.0, 0.10)]
)
def test_exit_times_of_walks_whose_noise_is_the_curvature(lam: float, within: float) -> None:
    expected = math.exp(log_exit_steps(lam, lam, 0.02, 0.01, 1.0))
    assert exponent(lam, 0.02, 0.01, 1.0) == pytest.approx(4 / lam)
    assert mean_exit_steps(lam, lam, 0.02, 0.01, 10_000) == pytest.approx(expected, rel=within)


def test_isotropic_noise_does_not_know_the_curvature() -> None:
    barrier, rate, walks = 0.02, 0.01, 2_000
    isotropic = [
        math.log(lam * rate * mean_exit_steps(lam, 1.5, barrier, rate, walks))
        for lam in (1.0, 1.5, 2.0, 3.0, 4.0)
    ]
    aligned = [
        math.log(lam * rate * mean_exit_steps(lam, lam, barrier, rate, walks)) for lam in (1.0, 4.0)
    ]
    assert max(isotropic) - min(isotropic) <= 0.15
    assert aligned[0] - aligned[1] >= 2.5


@pytest.mark.parametrize("p", [50, 400])
def test_walk_lives_in_the_range_of_the_hessian(p: int) -> None:
    walk, Q = bowl_walk(p, aligned=True, steps=16_000)
    found = visited(walk)
    assert abs(found.participation_ratio - 5) <= 0.2
    assert found.stagnated is not None and found.stagnated <= 5_000
    assert found.essential_convexity == 1.0
    # over η/2B; the last factor is that of discrete steps
    spread = (walk.points @ Q).var(0) / (0.1 / (2 * 4.0)) * (1 - 0.1 * CURVATURES / 2)
    assert float(spread.mean()) == pytest.approx(1, abs=0.12)


def test_walk_with_isotropic_noise_diffuses() -> None:
    found = visited(bowl_walk(50, aligned=False, steps=8_000)[0])
    assert found.stagnated is None
    assert "not come to rest" in found.sentence
    assert found.essential_convexity < 0.8
    assert abs(found.participation_ratio - 5) > 1


def test_walk_stays_in_its_ball_and_repeats_itself() -> None:
    risk = risk_of(mlp(), *rows("mlp", "squared"))

    def walk() -> Tensor:
        return gaussian_sgd(
            risk.value,
            risk.gradient,
            row_noise(risk),
            risk.theta,
            rate=0.05,
            batch=1,
            steps=60,
            window=10,
            radius=0.1,
        ).points

    first = walk()
    assert torch.equal(first, walk())
    assert float((first - risk.theta).norm(dim=1).max()) <= 0.1 + 1e-12


def test_effective_dimension_and_criterion_of_a_linear_model() -> None:
    model, X, y = linear_fit(2_000, 10)
    variance = float((y - model(X)).square().mean().detach())
    values = torch.linalg.eigvalsh(X.T @ X / len(X)) / variance
    found = information(risk_of(model, X, y))
    assert found.effective_dimension == pytest.approx(
        float((values / (values + 1 / 2_000)).sum()), rel=1e-6
    )
    assert found.penalty == pytest.approx(11, rel=0.05)
    assert found.criterion == pytest.approx(found.akaike, rel=0.05)
    assert found.akaike == pytest.approx(1_000 * (math.log(2 * math.pi * variance) + 1) + 11)


def test_criterion_says_nothing_where_the_residuals_vanish() -> None:
    X = torch.randn(5, 5, dtype=torch.float64)
    model, y = nn.Linear(5, 1, bias=False).double(), torch.randn(5, 1, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.linalg.solve(X, y).T)
    found = information(risk_of(model, X, y))
    assert math.isnan(found.criterion) and "held-out error" in found.sentence


@pytest.mark.parametrize(("n", "p"), [(2_000, 10), (60, 10)])
def test_criterion_warns_where_parameters_are_more_than_a_tenth_of_the_rows(n: int, p: int) -> None:
    model, X, y = linear_fit(n, p)
    found = information(risk_of(model, X, y))
    assert found.trusted == (p <= 0.1 * n) == ("smaller is better" in found.sentence)
    assert found.trusted or "Warning: 0.17 parameters a row" in found.sentence


def test_shuffled_labels_need_a_sharper_network() -> None:
    X, y = rows("mlp", "cross_entropy", 80)
    y = (X[:, 0] > 0).long() + (X[:, 1] > 0.5).long()
    shuffled = torch.where(torch.arange(80) % 5 < 2, y[torch.randperm(80)], y)

    def fitted(labels: Tensor) -> float:
        torch.manual_seed(1)
        net = mlp()
        end = minimise(risk_of(net, X, labels, "cross_entropy"), 12)
        torch.nn.utils.vector_to_parameters(end.theta.float(), net.parameters())
        return sharpness_of(net, X, labels)[1]

    assert fitted(shuffled) > fitted(y)


def test_gauss_newton_factor() -> None:
    risk = risk_of(mlp(), *rows("mlp", "cross_entropy"), "cross_entropy")
    F = factor(risk)
    J, A = risk.jacobian(risk.X), risk.output_curvature()
    torch.testing.assert_close(F.T @ F, torch.einsum("iap,iab,ibq->pq", J, A, J) / risk.n)
    torch.testing.assert_close(hessian_matrix(risk).diagonal(), F.square().sum(0))


@pytest.mark.parametrize("kind", PIECEWISE)
def test_audit_gathers_all_and_recommends_no_flatness(kind: str) -> None:
    X, y = rows(kind, "cross_entropy")
    module = PIECEWISE[kind]()
    before = [p.clone() for p in module.parameters()]
    found = audit(module, X, y, "cross_entropy", steps=60)
    assert len(found.sentences) == 8 and all(found.sentences)
    assert not re.search(r"flat|generalis", str(found))
    assert str(audit(module, X, y, "cross_entropy", steps=60)) == str(found)
    assert module.training
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_audit_says_when_a_rate_is_unstable() -> None:
    model, X, y = linear_fit()
    found = audit(model, X, y, rate=2.0)
    assert found.walk is None
    assert found.escape is not None and "unstable" in found.escape.sentence


class Distances(nn.Module):
    """Distances as users take them."""

    def __init__(self) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(3, 6))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cdist(x, self.centres)


@pytest.mark.parametrize("p", [1, 2])
def test_our_distances_have_second_derivatives_also_on_centres(p: int) -> None:
    X, y = rows("mlp", "squared")
    net = Chain(
        [
            Distance(X[:5].double(), p),
            Affine(torch.randn(3, 5, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)),
        ]
    )
    risk = risk_of(net, X, y)
    with torch.no_grad():
        torch.testing.assert_close(risk.outputs(risk.theta, X.double()), net(X.double()))
    H = exact_hessian(risk)
    assert bool(torch.isfinite(H).all())
    assert hessian_trace(risk).value == pytest.approx(float(H.trace()), rel=1e-9)


def test_wrong_use_is_said() -> None:
    X, y = rows("mlp", "squared")
    with pytest.raises(UsageError, match="cross_entropy"):
        risk_of(mlp(), X, y, "hinge")
    with pytest.raises(DataError, match="40 rows and y has 39"):
        risk_of(mlp(), X, y[1:])
    with pytest.raises(DataError, match="missing"):
        risk_of(mlp(), torch.full_like(X, math.nan), y)
    with pytest.raises(UsageError, match="mean over rows"):
        risk_of(mlp(), X, y, nn.MSELoss(reduction="sum"))
    with pytest.raises(UsageError, match="differentiated twice"):
        risk_of(Distances(), X, y)
    with pytest.raises(UsageError, match="requires_grad"):
        risk_of(mlp().requires_grad_(False), X, y)
    with pytest.raises(UsageError, match="three windows"):
        audit(mlp(), X, y, steps=10)
    with pytest.raises(UsageError, match="barrier"):
        audit(mlp(), X, y, barrier=-1.0, steps=0)


def test_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "landscape.md").read_text(encoding="utf-8")
    namespace: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, "landscape.md", "exec"), namespace)
    told = capsys.readouterr().out
    assert "Minimum sharpness" in told and "is enough" in told
    with torch.no_grad():
        torch.testing.assert_close(
            namespace["even"](namespace["X"]),
            namespace["net"](namespace["X"]),
            rtol=1e-4,
            atol=1e-4,
        )
