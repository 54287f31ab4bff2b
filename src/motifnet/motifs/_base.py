"""A motif is a network module that computes one known function with a known error.

The constructor arguments of a motif are its whole state: tensors, plain values (JSON), other motifs, or lists of motifs. Each argument is kept
under its own name, so that any network of motifs can be written as a manifest plus tensors and rebuilt by calling the constructors again.
`Motif.trainable` names the arguments that become parameters; other tensors are buffers and stay frozen in fine-tuning. `Motif.layers` counts its
affine or nonlinear layers.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

MOTIFS: dict[str, type[Motif]] = {}


class Motif(nn.Module):
    """Base of all motifs; a subclass lists its constructor arguments, calls `self.keep(...)` and defines `forward`."""

    trainable: ClassVar[frozenset[str]] = frozenset()
    layers: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        MOTIFS[cls.__name__] = cls

    def __init__(self) -> None:
        super().__init__()

    def keep(self, **arguments: Any) -> None:
        """Store constructor arguments: tensors as parameters or buffers, lists of motifs as ModuleList, the rest as attributes."""
        for name, value in arguments.items():
            if isinstance(value, Tensor) and name in self.trainable:
                setattr(self, name, nn.Parameter(value.detach().clone()))
            elif isinstance(value, Tensor):
                self.register_buffer(name, value.detach().clone())
            elif isinstance(value, list | tuple) and value and all(isinstance(v, nn.Module) for v in value):
                setattr(self, name, nn.ModuleList(value))
            else:
                setattr(self, name, value)

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments, as they are now: `type(self)(**self.arguments())` is an equal motif."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def outputs(self, inputs: int) -> int:
        """Number of columns that come out when `inputs` (0: unknown) go in; found with one row of zeros unless a subclass knows better."""
        if inputs == 0:
            return 0
        kinds = [t.dtype for t in (*self.parameters(), *self.buffers()) if t.is_floating_point()]
        with torch.no_grad():
            return int(self(torch.zeros(1, inputs, dtype=kinds[0] if kinds else torch.float64)).shape[1])

    def describe(self) -> str:
        """What this motif computes, in a few words, for the card."""
        return (type(self).__doc__ or "").split(". ")[0].split(":")[0].split("\n")[0].rstrip(".")

    def forward(self, x: Tensor) -> Tensor:
        """Value of the motif, with shape (batch, out), at rows x with shape (batch, in)."""
        raise NotImplementedError


def count_parameters(network: nn.Module) -> int:
    """Number of values that define the function: parameters and floating-point buffers alike (centres and thresholds are part of the size)."""
    tensors = [*network.parameters(), *network.buffers()]
    return sum(t.numel() for t in tensors if t.is_floating_point())


def count_nonzeros(network: nn.Module) -> int:
    """Number of those values that are not zero."""
    tensors = [*network.parameters(), *network.buffers()]
    return sum(int(torch.count_nonzero(t)) for t in tensors if t.is_floating_point())
