"""Mini-batch descent on all parameters of a network, one epoch at a time.

    L(θ) = Σ_i w_i ‖f_θ(x_i) − y_i‖² / Σ_i w_i  +  anchor · Σ_t ‖θ_t − θ_t⁰‖² / s_t²

Adam moves tensor t in units of s_t, its root mean square at the start, or less: so much that the first step along tensor t alone moves the
predictions by at most `rate` of their standard deviation. The weights of a built network differ by orders of magnitude, and large ones cancel;
one absolute rate suits none of them. The rate falls linearly, to a tenth at the end of `settings.epochs`, also where fewer epochs are run: epoch e
is the same step whatever the number of epochs chosen. Only parameters move; buffers (knots, thresholds) stay, and modules run in evaluation mode,
so that nothing random is left but the batches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from motifnet.engine import Control, Stopped, UsageError
from motifnet.retrain._distributed import World

_BETA1, _BETA2, _EPS = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class FineTuneSettings:
    """How a network is fine-tuned: the largest number of epochs, rows a batch, rate of Adam, pull towards the start."""

    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3
    anchor: float = 1e-4

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.batch < 1 or not 0 < self.rate < math.inf or not 0 <= self.anchor < math.inf:
            raise UsageError(f"{self} cannot be run; give epochs ≥ 0, batch ≥ 1, rate > 0 and anchor ≥ 0.")


@dataclass(frozen=True)
class Rows:
    """X with shape (n, d), y with shape (n, q), weight with shape (n,) and mean 1, in the network's type."""

    X: Tensor
    y: Tensor
    weight: Tensor

    @classmethod
    def of(cls, network: nn.Module, X: Any, y: Any, weight: Any = None) -> Rows:
        """Arrays or tensors, checked against each other."""
        like = type_of(network)
        X, y = (torch.as_tensor(part).to(like).detach() for part in (X, y))
        w = torch.ones_like(X[:, 0]) if weight is None else torch.as_tensor(weight).to(like).detach()
        if not len(X) == len(y) == len(w) > 0:
            raise UsageError(f"X, y and weight have {len(X)}, {len(y)} and {len(w)} rows; give the same rows to each, at least one.")
        return cls(X, y.reshape(len(X), -1), w / w.mean())

    @property
    def n(self) -> int:
        return len(self.X)


def type_of(network: nn.Module) -> Tensor:
    """A tensor of the type and device that the network takes."""
    for tensor in [*network.parameters(), *network.buffers()]:
        if tensor.is_floating_point():
            return tensor.detach()
    return torch.zeros(())


def epochs_of(network: nn.Module, rows: Rows, settings: FineTuneSettings, seed: int, control: Control | None = None) -> Iterator[int]:
    """Train the network in place; the number of finished epochs is given after each, beginning with 0.

    Ends early where `control` says stop or where an epoch ends in values that are not finite; the network is then as after the last finished epoch.
    """
    world = World.join()
    world.start_alike(network, rows.X, rows.y, rows.weight)
    generator = torch.Generator().manual_seed(seed)
    parameters = [p for p in network.parameters() if p.requires_grad]
    adam = _Adam(parameters, _step_sizes(network, rows, settings, parameters), settings.anchor)
    count = math.ceil(rows.n / settings.batch)
    yield 0
    for epoch in range(settings.epochs if adam.parameters else 0):
        before = [p.detach().clone() for p in adam.parameters]
        try:
            for i, batch in enumerate(torch.tensor_split(torch.randperm(rows.n, generator=generator), count)):
                if world.add_up(_gradients(network, rows, batch, world, adam.parameters), control is not None and control.stopped):
                    raise Stopped
                adam.step(settings.rate * (1 - 0.9 * (epoch + i / count) / settings.epochs))
            if not all(bool(torch.isfinite(p).all()) for p in adam.parameters):
                raise Stopped
        except Stopped:
            adam.restore(before)
            return
        yield epoch + 1


def _gradients(network: nn.Module, rows: Rows, batch: Tensor, world: World, parameters: list[nn.Parameter]) -> list[Tensor]:
    """Gradients of this rank's part of the batch loss, kept with the parameters."""
    mine = world.share(batch).to(rows.X.device)
    for p in parameters:
        p.grad = torch.zeros_like(p)
    if len(mine):
        with torch.enable_grad():
            losses = ((network(rows.X[mine]) - rows.y[mine]) ** 2).sum(1)
            ((losses * rows.weight[mine]).sum() / len(batch)).backward()
    return [p.grad for p in parameters if p.grad is not None]


@torch.no_grad()
def _step_sizes(network: nn.Module, rows: Rows, settings: FineTuneSettings, parameters: list[nn.Parameter]) -> list[float]:
    """s_t of each tensor, from the first rows, the same on every rank."""
    first = torch.arange(min(rows.n, settings.batch))
    gradients, X, sizes = _gradients(network, rows, first, World(), parameters), rows.X[first], []
    f = network(X)
    spread = max(float((part - part.mean(0)).square().mean().sqrt()) for part in (f, rows.y[first])) or 1.0
    for p, g in zip(parameters, gradients, strict=True):
        size = float(p.square().mean().sqrt()) or 1.0
        value = p.clone()
        p.sub_(settings.rate * size * g.sign())
        moved = float((network(X) - f).square().mean().sqrt()) / (settings.rate * spread)
        p.copy_(value)
        sizes.append(size / max(1.0, moved) if math.isfinite(moved) else size)
    return sizes


class _Adam:
    """Adam in units of s_t. torch's own loads a compiler on first use, which takes longer than many a fit."""

    def __init__(self, parameters: list[nn.Parameter], scale: list[float], anchor: float) -> None:
        self.parameters, self.scale, self.anchor, self.count = parameters, scale, anchor, 0
        self.start = [p.detach().clone() for p in parameters]
        self.first = [torch.zeros_like(p) for p in self.start]
        self.second = [torch.zeros_like(p) for p in self.start]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        self.count += 1
        unbias1, unbias2 = 1 - _BETA1**self.count, 1 - _BETA2**self.count
        for p, p0, s, m, v in zip(self.parameters, self.start, self.scale, self.first, self.second, strict=True):
            if p.grad is None:
                continue
            g = p.grad * s + (p - p0) * (2 * self.anchor / s)
            m.lerp_(g, 1 - _BETA1)
            v.mul_(_BETA2).addcmul_(g, g, value=1 - _BETA2)
            p.addcdiv_(m / unbias1, (v / unbias2).sqrt_().add_(_EPS), value=-rate * s)

    @torch.no_grad()
    def restore(self, values: list[Tensor]) -> None:
        for p, value in zip(self.parameters, values, strict=True):
            p.copy_(value)
