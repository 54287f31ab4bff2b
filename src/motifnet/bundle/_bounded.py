"""The limits of a loaded network: few bytes can describe a network of endless width or work.

A chain of 60 layers that each put their input beside itself, x ↦ (x, x), has 2⁶⁰ columns; averages over groups inside one another multiply their
work. Allowed is what networks of the size of their tensors need, and a fixed amount for what is small. Shapes say most of it before anything runs
(`_cost`); iterations that end when they have converged are counted as they run (`Bounded`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from motifnet.bundle._cost import Cost, Meter
from motifnet.bundle._errors import BundleError
from motifnet.motifs import Motif, count_parameters

OPERATIONS = 100_000
ALIVE, WORK = 1 << 24, 1 << 26  # values held at once and computed in all, or so many times the values that are stored:
ALIVE_SHARE, WORK_SHARE = 8, 100


class Bounded(TorchFunctionMode):
    """Counts the operations of its body and the values that come out of them; BundleError where there are more than so many."""

    def __init__(self, work: int) -> None:
        super().__init__()
        self.work, self.operations, self.done = work, 0, 0

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for part in result if isinstance(result, tuple | list) else (result,):
            if isinstance(part, Tensor):
                self.operations += 1
                self.done += part.numel()
        if self.operations > OPERATIONS or self.done > self.work:
            raise BundleError(f"its network needs more than {OPERATIONS:,} operations or {self.work:,} values for one row.")
        return result


class Limits:
    """What networks that belong together may take in all, by the size of their tensors."""

    def __init__(self, networks: Sequence[tuple[Motif, int]]) -> None:
        stored = sum(count_parameters(network) for network, _ in networks)
        self.alive, self.work = max(ALIVE, ALIVE_SHARE * stored), max(WORK, WORK_SHARE * stored)
        meter = Meter(self.alive, self.work, OPERATIONS)
        costs = [meter(network, inputs) for network, inputs in networks]
        self.cost = Cost(0, max(c.alive for c in costs), sum(c.work for c in costs), sum(c.operations for c in costs))
        if self.cost.work > self.work or self.cost.operations > OPERATIONS:
            raise BundleError(f"its networks need more than {OPERATIONS:,} operations or {self.work:,} values for one row.")

    def rows(self, most: int) -> int:
        """How many rows, up to `most`, stay within what one may take."""
        if 2 * self.cost.operations > OPERATIONS:
            return 1
        return max(1, min(most, self.alive // max(1, self.cost.alive), self.work // max(1, self.cost.work)))
