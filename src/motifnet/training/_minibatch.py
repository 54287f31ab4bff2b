"""Mini-batch descent on all parameters of a network, one epoch at a time, on one rank or on many.

    L(θ) = Σ_i w_i ‖f_θ(x_i) − y_i‖² / Σ_i w_i  +  anchor · Σ_t ‖θ_t − θ_t⁰‖² / s_t²

Adam moves tensor t in units of s_t. This is the root mean square of the tensor at the start, or
less: the first step along tensor t moves the predictions by at most `rate` of their standard
deviation. The weights of a built network differ by orders of magnitude, and large ones cancel. One
absolute rate suits none of them. The rate falls linearly, to a tenth at the end of
`settings.epochs`. It does so also where fewer epochs run, so that epoch e is the same step whatever
number of epochs is chosen. Only parameters move. Buffers (knots, thresholds) stay. Modules run in
evaluation mode, so that only the batches are random.

Under torchrun the ranks share each mini-batch, and every rank ends with the same network:

    gradient of the batch = Σ_ranks gradient of the rank's rows

This holds since the loss of a row is divided by the size of the whole batch, whatever the rank's
share of it is. Without torchrun there is one rank.
"""

from __future__ import annotations

import atexit
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

from motifnet.engine import Control, Stopped, UsageError
from motifnet.training._adam import AnchoredAdam


@dataclass(frozen=True)
class World:
    """The rank of this process, and the number of ranks."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls) -> World:
        """The ranks that torchrun has started, joined by gloo if they are not yet. Without torchrun
        there is one.
        """
        if not distributed.is_available():
            return cls()
        if not distributed.is_initialized():
            if (
                not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()
                or os.environ["WORLD_SIZE"] == "1"
            ):
                return cls()
            distributed.init_process_group("gloo")
            atexit.register(_leave)
        return cls(distributed.get_rank(), distributed.get_world_size())

    def share(self, batch: Tensor) -> Tensor:
        """This rank's part of the row numbers of a batch. It may be empty."""
        return torch.tensor_split(batch, self.size)[self.rank]

    def add_up(self, tensors: list[Tensor], stop: bool) -> bool:
        """Sum tensors over ranks in place, in one message. Return whether any rank wants to stop,
        so that all stop at the same batch.
        """
        if self.size == 1:
            return stop
        flag = torch.tensor([float(stop)], dtype=torch.float64)
        message = torch.cat([t.detach().ravel().to("cpu", torch.float64) for t in tensors] + [flag])
        distributed.all_reduce(message)
        for tensor, part in zip(
            tensors, message.split([t.numel() for t in tensors] + [1])[:-1], strict=True
        ):
            tensor.copy_(part.view_as(tensor))
        return bool(message[-1] > 0)

    def from_first(self, value: int) -> int:
        """The first rank's value, on every rank."""
        if self.size == 1:
            return value
        message = torch.tensor([value])
        distributed.broadcast(message, 0)
        return int(message)

    def start_alike(self, network: nn.Module, *data: Tensor) -> None:
        """Give every rank the first rank's weights, and refuse ranks whose data differ."""
        if self.size == 1:
            return
        for tensor in [*network.parameters(), *network.buffers()]:
            distributed.broadcast(tensor.detach(), 0)
        mine = torch.tensor(
            [part for t in data for part in (len(t), float(t.double().sum()))], dtype=torch.float64
        )
        first = mine.clone()
        distributed.broadcast(first, 0)
        different = [(mine != first).any().double().reshape(1)]
        self.add_up(different, False)
        if different[0] > 0:
            raise UsageError(
                "The ranks hold different rows or targets. Give every rank the whole table: "
                "batches are shared out inside."
            )


def _leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


@dataclass(frozen=True)
class FineTuneSettings:
    """How a network is fine-tuned: the largest number of epochs, rows a batch, rate of Adam, pull
    towards the start.
    """

    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3
    anchor: float = 1e-4

    def __post_init__(self) -> None:
        if (
            self.epochs < 0
            or self.batch < 1
            or not 0 < self.rate < math.inf
            or not 0 <= self.anchor < math.inf
        ):
            raise UsageError(
                f"{self} cannot be run; give epochs ≥ 0, batch ≥ 1, rate > 0 and anchor ≥ 0."
            )


@dataclass(frozen=True)
class Rows:
    """X with shape (n, d), y with shape (n, q), weight with shape (n,) and mean 1, in the network's
    type.
    """

    X: Tensor
    y: Tensor
    weight: Tensor

    @classmethod
    def of(cls, network: nn.Module, X: Any, y: Any, weight: Any = None) -> Rows:
        """Arrays or tensors, checked against each other."""
        like = type_of(network)
        X, y = (torch.as_tensor(part).to(like).detach() for part in (X, y))
        w = (
            torch.ones_like(X[:, 0])
            if weight is None
            else torch.as_tensor(weight).to(like).detach()
        )
        if not len(X) == len(y) == len(w) > 0:
            raise UsageError(
                f"X, y and weight have {len(X)}, {len(y)} and {len(w)} rows; give "
                "the same rows to each, at least one."
            )
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


def epochs_of(
    network: nn.Module,
    rows: Rows,
    settings: FineTuneSettings,
    seed: int,
    control: Control | None = None,
) -> Iterator[int]:
    """Train the network in place. Yields the number of finished epochs, beginning with 0.

    Training ends early where `control` says stop, or where an epoch ends in values that are not
    finite. The network is then as after the last finished epoch.
    """
    world = World.join()
    world.start_alike(network, rows.X, rows.y, rows.weight)
    generator = torch.Generator().manual_seed(seed)
    parameters = [p for p in network.parameters() if p.requires_grad]
    adam = AnchoredAdam(
        parameters, step_sizes(network, rows, settings, parameters), settings.anchor
    )
    count = math.ceil(rows.n / settings.batch)
    yield 0
    for epoch in range(settings.epochs if adam.parameters else 0):
        before = [p.detach().clone() for p in adam.parameters]
        try:
            for i, batch in enumerate(
                torch.tensor_split(torch.randperm(rows.n, generator=generator), count)
            ):
                if world.add_up(
                    _gradients(network, rows, batch, world, adam.parameters),
                    control is not None and control.stopped,
                ):
                    raise Stopped
                adam.step(settings.rate * (1 - 0.9 * (epoch + i / count) / settings.epochs))
            if not all(bool(torch.isfinite(p).all()) for p in adam.parameters):
                raise Stopped
        except Stopped:
            adam.restore(before)
            return
        yield epoch + 1


def _gradients(
    network: nn.Module, rows: Rows, batch: Tensor, world: World, parameters: list[nn.Parameter]
) -> list[Tensor]:
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
def step_sizes(
    network: nn.Module, rows: Rows, settings: FineTuneSettings, parameters: list[nn.Parameter]
) -> list[float]:
    """s_t of each tensor, from the first rows, the same on every rank."""
    first = torch.arange(min(rows.n, settings.batch))
    gradients, X, sizes = _gradients(network, rows, first, World(), parameters), rows.X[first], []
    f = network(X)
    spread = (
        max(float((part - part.mean(0)).square().mean().sqrt()) for part in (f, rows.y[first]))
        or 1.0
    )
    for p, g in zip(parameters, gradients, strict=True):
        size = float(p.square().mean().sqrt()) or 1.0
        value = p.clone()
        p.sub_(settings.rate * size * g.sign())
        moved = float((network(X) - f).square().mean().sqrt()) / (settings.rate * spread)
        p.copy_(value)
        sizes.append(size / max(1.0, moved) if math.isfinite(moved) else size)
    return sizes
