"""The ranks of torchrun: each mini-batch is shared out, and every rank ends with the same network.

    gradient of the batch = Σ_ranks gradient of the rank's rows

holds because the loss of a row is divided by the size of the whole batch, whatever a rank's share of it is. Without torchrun there is one rank.
"""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from motifnet.engine import UsageError


@dataclass(frozen=True)
class World:
    """This process among all: its rank and how many there are."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls) -> World:
        """The ranks that torchrun has started, joined by gloo unless they are already; one rank without torchrun."""
        if not distributed.is_available():
            return cls()
        if not distributed.is_initialized():
            if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys() or os.environ["WORLD_SIZE"] == "1":
                return cls()
            distributed.init_process_group("gloo")
            atexit.register(_leave)
        return cls(distributed.get_rank(), distributed.get_world_size())

    def share(self, batch: Tensor) -> Tensor:
        """This rank's part of the row numbers of a batch; may be empty."""
        return torch.tensor_split(batch, self.size)[self.rank]

    def add_up(self, tensors: list[Tensor], stop: bool) -> bool:
        """Sum tensors over ranks in place, in one message; true if any rank wants to stop, so that all stop at the same batch."""
        if self.size == 1:
            return stop
        flag = torch.tensor([float(stop)], dtype=torch.float64)
        message = torch.cat([t.detach().ravel().to("cpu", torch.float64) for t in tensors] + [flag])
        distributed.all_reduce(message)
        for tensor, part in zip(tensors, message.split([t.numel() for t in tensors] + [1])[:-1], strict=True):
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
        mine = torch.tensor([part for t in data for part in (len(t), float(t.double().sum()))], dtype=torch.float64)
        first = mine.clone()
        distributed.broadcast(first, 0)
        different = [(mine != first).any().double().reshape(1)]
        self.add_up(different, False)
        if different[0] > 0:
            raise UsageError("The ranks hold different rows or targets; give every rank the whole table: batches are shared out inside.")


def _leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()
