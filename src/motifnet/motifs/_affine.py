"""A motif is a network module that computes one known function with a known error.

The constructor arguments of a motif are its whole state: tensors, plain values (JSON), other
motifs, or lists of motifs. Each argument is kept under its own name, so that any network of motifs
can be written as a manifest plus tensors and rebuilt by calling the constructors again.
`Motif.trainable` names the arguments that become parameters; other tensors are buffers and stay
frozen in fine-tuning. `Motif.layers` counts its affine or nonlinear layers.

Affine maps, dense and sparse, and the rectifier σ(x) = max(x, 0).

A network in relu form consists of these alone.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

MOTIFS: dict[str, type[Motif]] = {}


class Motif(nn.Module):
    """Base of all motifs; a subclass lists its constructor arguments, calls `self.keep(...)` and
    defines `forward`.
    """

    trainable: ClassVar[frozenset[str]] = frozenset()
    layers: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        MOTIFS[cls.__name__] = cls

    def __init__(self) -> None:
        super().__init__()

    def keep(self, **arguments: Any) -> None:
        """Store constructor arguments: tensors as parameters or buffers, lists of motifs as
        ModuleList, the rest as attributes.
        """
        for name, value in arguments.items():
            if isinstance(value, Tensor) and name in self.trainable:
                setattr(self, name, nn.Parameter(value.detach().clone()))
            elif isinstance(value, Tensor):
                self.register_buffer(name, value.detach().clone())
            elif (
                isinstance(value, list | tuple)
                and value
                and all(isinstance(v, nn.Module) for v in value)
            ):
                setattr(self, name, nn.ModuleList(value))
            else:
                setattr(self, name, value)

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments; `type(self)(**self.arguments())` is an equal motif."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def outputs(self, inputs: int) -> int:
        """Number of output columns for `inputs` input columns (0: unknown). By default the motif is
        evaluated at one row of zeros.
        """
        if inputs == 0:
            return 0
        kinds = [t.dtype for t in (*self.parameters(), *self.buffers()) if t.is_floating_point()]
        with torch.no_grad():
            return int(
                self(torch.zeros(1, inputs, dtype=kinds[0] if kinds else torch.float64)).shape[1]
            )

    def describe(self) -> str:
        """What this motif computes, for the card: by default the first sentence of its docstring,
        up to a colon.
        """
        paragraph = (type(self).__doc__ or "").split("\n\n")[0].replace("\n    ", " ").rstrip()
        return paragraph.split(". ")[0].split(":")[0].rstrip(".")

    def forward(self, x: Tensor) -> Tensor:
        """Value of the motif, with shape (batch, out), at rows x with shape (batch, in)."""
        raise NotImplementedError


def count_parameters(network: nn.Module) -> int:
    """Number of values that define the function: parameters and floating-point buffers, such as
    centres and thresholds.
    """
    tensors = [*network.parameters(), *network.buffers()]
    return sum(t.numel() for t in tensors if t.is_floating_point())


def count_nonzeros(network: nn.Module) -> int:
    """Number of those values that are not zero."""
    tensors = [*network.parameters(), *network.buffers()]
    return sum(int(torch.count_nonzero(t)) for t in tensors if t.is_floating_point())


class Affine(Motif):
    """W x + b, with W of shape (out, in) and b of shape (out,). Exact."""

    trainable: ClassVar[frozenset[str]] = frozenset({"weight", "bias"})

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.keep(weight=weight, bias=bias)

    def outputs(self, inputs: int) -> int:
        return len(self.bias)

    def describe(self) -> str:
        return "W x + b"

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, self.weight, self.bias)


class SparseAffine(Motif):
    """y_o = b_o + Σ_i w_oi x[index_oi]: an affine map with k non-zeros a row. index and weight of
    shape (out, k), bias of shape (out,). Exact.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"weight", "bias"})

    index: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, index: Tensor, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.keep(index=index, weight=weight, bias=bias)

    def outputs(self, inputs: int) -> int:
        return len(self.bias)

    def describe(self) -> str:
        return "W x + b, few non-zeros a row"

    def forward(self, x: Tensor) -> Tensor:
        y = self.bias.expand(x.shape[0], -1)
        for index, weight in zip(self.index.T, self.weight.T, strict=True):
            y = y + x.index_select(1, index) * weight
        return y


class ReLU(Motif):
    """σ(x) = max(x, 0), each value by itself. Exact."""

    def describe(self) -> str:
        return "max(x, 0)"

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x)
