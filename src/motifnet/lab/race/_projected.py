"""Variable projection from a random start: Adam on the inner layers of a kernel network, the output layer in closed form at every step.

    f(x) = Σ_i β_i [ exp(−a₁ ‖z − c_i‖₂) + exp(−a₂² ‖z − c_i‖₂²) ] + b,      z = A x

A, the centres c and the rates a start at random and are trained; β solves a ridge on 70 % of each batch, and the loss is that of the other 30 %:
on rows that the output layer has seen, free centres memorise.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from motifnet.lab.race._best_so_far import BestSoFar, Task

UNITS, BATCH, FITTED, LOOK = 512, 1_000, 0.7, 20


class KernelFeatures(nn.Module):
    """Values of the kernel at the centres, and a 1 for the intercept."""

    def __init__(self, X: Tensor, units: int, generator: torch.Generator) -> None:
        super().__init__()
        d = X.shape[1]
        self.A = nn.Parameter(torch.randn(d, d, generator=generator) / d**0.5)
        Z = X @ self.A.detach()
        self.centres = nn.Parameter(Z.mean(0) + Z.std(0) * torch.randn(units, d, generator=generator))
        median = torch.cdist(Z[:500], self.centres.detach()).median()
        self.log_rates = nn.Parameter(torch.zeros(2) - median.log())
        self.log_ridge = nn.Parameter(torch.tensor(-5.0))

    def forward(self, X: Tensor) -> Tensor:
        distance = torch.cdist(X @ self.A, self.centres)
        scaled = distance[:, :, None] * self.log_rates.exp()
        return torch.cat([torch.exp(-scaled[:, :, 0]) + torch.exp(-(scaled[:, :, 1] ** 2)), torch.ones(len(X), 1)], dim=1)

    def output(self, X: Tensor, y: Tensor) -> Tensor:
        """The output layer that fits these rows, by ridge."""
        F = self(X).double()
        G = F.T @ F / len(F) + self.log_ridge.exp().double() * torch.eye(F.shape[1], dtype=torch.float64)
        return torch.linalg.solve(G, F.T @ y.double() / len(F)).float()


def projected(task: Task, rates: tuple[float, ...], budget: float, clock: Callable[[], float], seed: int = 0) -> tuple[BestSoFar, float]:
    """The curve, and the rate that the pilot (a tenth of the budget) chose."""
    generator = torch.Generator().manual_seed(seed)
    train, valid = task.held_out(seed)
    course = BestSoFar(task, clock)
    first = KernelFeatures(task.X[train], min(UNITS, len(train)), generator)
    runs = []
    for i, rate in enumerate(rates):
        features = copy.deepcopy(first)
        optimiser = torch.optim.Adam(features.parameters(), lr=rate)
        error = _train(features, optimiser, task, train, valid, course, generator, 0.1 * budget * (i + 1) / len(rates))
        runs.append((error, rate, features, optimiser))
    _, rate, features, optimiser = min(runs, key=lambda run: run[0])
    _train(features, optimiser, task, train, valid, course, generator, budget)
    return course, rate


def _train(
    features: KernelFeatures,
    optimiser: torch.optim.Optimizer,
    task: Task,
    train: Tensor,
    valid: Tensor,
    course: BestSoFar,
    generator: torch.Generator,
    until: float,
) -> float:
    """Train until then; the least validation error."""
    least, step = float("inf"), 0
    while course.seconds < until:
        if step % LOOK == 0:
            least = min(least, _look(features, task, train, valid, course))
        batch = train[torch.randperm(len(train), generator=generator)[:BATCH]]
        fitted, scored = batch[: int(FITTED * len(batch))], batch[int(FITTED * len(batch)) :]
        optimiser.zero_grad()
        residual = features(task.X[scored]) @ features.output(task.X[fitted], task.y[fitted]) - task.y[scored]
        residual.square().mean().log().backward()
        optimiser.step()
        step += 1
    return min(least, _look(features, task, train, valid, course))


@torch.no_grad()
def _look(features: KernelFeatures, task: Task, train: Tensor, valid: Tensor, course: BestSoFar) -> float:
    beta, frozen = features.output(task.X[train], task.y[train]), copy.deepcopy(features)
    error = float((frozen(task.X[valid]) @ beta - task.y[valid]).square().mean())
    course.offer(error, lambda X: (frozen(X) @ beta).double().numpy())
    return error
