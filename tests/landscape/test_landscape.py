"""The landscape of a network: curvature against autograd, sharpness against closed forms, walks
against the Ornstein–Uhlenbeck process.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motifnet.engine import DataError, UsageError
from motifnet.landscape import (
    Risk,
    audit,
    balanced,
    curvature,
    escape,
    factor,
    gradient_noise,
    hessian_matrix,
    hessian_trace,
    information,
    minimise,
    minimum_sharpness,
    risk_of,
    row_noise,
)
from motifnet.motifs import Affine, Chain, Distance
from tests.landscape.networks import CURVED, PIECEWISE, mlp, rows


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
