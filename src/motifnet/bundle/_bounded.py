"""A first run of a loaded network, on one row and with every operation counted: few bytes can describe a network of endless width or work.

A chain of 60 layers that each put their input beside itself, x ↦ (x, x), has 2⁶⁰ columns; averages over groups inside one another multiply their
work. Allowed is what networks of the size of their tensors need, and a fixed amount for what is small.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from motifnet.bundle._errors import BundleError

OPERATIONS = 100_000
WIDTH, WORK = 1 << 22, 1 << 27  # values of one operation and of all, or so many times the values that are stored:
WIDTH_SHARE, WORK_SHARE = 2, 100
_MAKERS = ("new_", "zeros", "ones", "full", "empty", "eye", "expand", "repeat", "tile", "triu_indices")


class Bounded(TorchFunctionMode):
    """Counts the operations of its body and the values that come out of each; raises BundleError where a network of `stored` values has too many."""

    def __init__(self, stored: int) -> None:
        super().__init__()
        self.width, self.work = max(WIDTH, WIDTH_SHARE * stored), max(WORK, WORK_SHARE * stored)
        self.operations = self.done = self.widest = 0

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        self._allow(_claimed(func, args))
        result = func(*args, **(kwargs or {}))
        for part in result if isinstance(result, tuple | list) else (result,):
            if isinstance(part, Tensor):
                self._count(part.numel())
        return result

    def _count(self, values: int) -> None:
        self.operations += 1
        self.done += values
        self.widest = max(self.widest, values)
        self._allow(values)

    def _allow(self, values: int) -> None:
        if values > self.width:
            raise BundleError(f"its network has a layer of {values:,} values for one row, at most {self.width:,} go with its size.")
        if self.operations > OPERATIONS or self.done > self.work:
            raise BundleError(f"its network needs more than {OPERATIONS:,} operations or {self.work:,} values for one row.")


def _claimed(func: Any, args: tuple[Any, ...]) -> int:
    """The values of a shape that an operation is asked to make, looked at before they are made."""
    if not getattr(func, "__name__", "").startswith(_MAKERS):
        return 0
    sizes = [size for arg in args for size in (arg if isinstance(arg, list | tuple) else [arg])]
    return math.prod(max(1, size) for size in sizes if isinstance(size, int))
