"""Containers: chains, sums and concatenations of motifs, residual blocks and group averages.

None of them adds an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Self, cast

import torch
from torch import Tensor, nn

from motifnet.motifs._affine import Motif


class Identity(Motif):
    """x. Exact."""

    layers: ClassVar[int] = 0

    def forward(self, x: Tensor) -> Tensor:
        return x


class Select(Motif):
    """The columns of x with these numbers. Exact."""

    layers: ClassVar[int] = 0
    columns: list[int]

    def __init__(self, columns: list[int]) -> None:
        super().__init__()
        self.keep(columns=list(columns))

    def outputs(self, inputs: int) -> int:
        return len(self.columns)

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.columns]


class Chain(Motif):
    """f_L ∘ … ∘ f_1; `label` says what it came from, for the card."""

    parts: Sequence[Motif]
    label: str

    def __init__(self, parts: list[Motif], label: str = "") -> None:
        super().__init__()
        self.keep(parts=list(parts), label=label)

    def outputs(self, inputs: int) -> int:
        for part in self.parts:
            inputs = part.outputs(inputs)
        return inputs

    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x


class Parallel(Motif):
    """Σ_b w_b f_b(x): a parallel network. weights of shape (b,), or (b, q) for q output columns; a
    branch of one column then adds to all of them.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"weights"})

    weights: Tensor
    branches: Sequence[Motif]

    def __init__(self, weights: Tensor, branches: list[Motif]) -> None:
        super().__init__()
        self.keep(weights=weights, branches=list(branches))

    def outputs(self, inputs: int) -> int:
        return self.branches[0].outputs(inputs) if self.weights.ndim == 1 else self.weights.shape[1]

    def forward(self, x: Tensor) -> Tensor:
        total = self.weights[0] * self.branches[0](x)
        for weight, branch in zip(self.weights[1:], self.branches[1:], strict=True):
            total = total + weight * branch(x)
        return total


class Concat(Motif):
    """(f_1(x), …, f_b(x)): outputs side by side."""

    branches: Sequence[Motif]

    def __init__(self, branches: list[Motif]) -> None:
        super().__init__()
        self.keep(branches=list(branches))

    def outputs(self, inputs: int) -> int:
        return sum(branch.outputs(inputs) for branch in self.branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Residual(Motif):
    """x + f(x): a residual block."""

    body: Motif

    def __init__(self, body: Motif) -> None:
        super().__init__()
        self.keep(body=body)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class GroupAverage(Motif):
    """(1/|G|) Σ_g f(g x): the Reynolds average, invariant when G is a group.

    Element g sends column j to signs_gj · x[permutations_gj]; permutations (int64) and signs of
    shape (|G|, d).
    """

    body: Motif
    permutations: Tensor
    signs: Tensor

    def __init__(self, body: Motif, permutations: Tensor, signs: Tensor) -> None:
        super().__init__()
        self.keep(body=body, permutations=permutations, signs=signs)

    def outputs(self, inputs: int) -> int:
        return self.body.outputs(inputs)

    def forward(self, x: Tensor) -> Tensor:
        images = [
            self.body(x.index_select(1, p) * s)
            for p, s in zip(self.permutations, self.signs, strict=True)
        ]
        return torch.stack(images).sum(0) / len(images)


class Images(Motif):
    """(f(g_1 x), …, f(g_m x)): equivariant if g_i moves block i of the columns to the first block,
    and f does not depend on the order of the others.

    Element g sends column j to x[permutations_gj]; permutations (int64) of shape (m, d).
    """

    body: Motif
    permutations: Tensor

    def __init__(self, body: Motif, permutations: Tensor) -> None:
        super().__init__()
        self.keep(body=body, permutations=permutations)

    def outputs(self, inputs: int) -> int:
        return len(self.permutations) * self.body.outputs(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.body(x.index_select(1, p)) for p in self.permutations], dim=1)


class Precise(Motif):
    """f in float64 inside, the input's type outside: for networks whose large weights cancel, such
    as those of weakly regularised kernels.
    """

    body: Motif

    def __init__(self, body: Motif) -> None:
        super().__init__()
        self.keep(body=body.double())

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """`.to`, `.float()` and others move the body, and do not round it."""

        def keep_type(t: Tensor) -> Tensor:
            moved = fn(t)
            return moved if moved.dtype == t.dtype else t.to(moved.device)

        return super()._apply(keep_type, recurse)

    def outputs(self, inputs: int) -> int:
        return self.body.outputs(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.double()).to(x.dtype)


def parts_of(network: nn.Module) -> list[Motif]:
    """The motifs of a network in their order; chains in chains, and Precise, are opened."""
    if isinstance(network, Precise):
        return parts_of(network.body)
    return (
        [inner for part in network.parts for inner in parts_of(part)]
        if isinstance(network, Chain)
        else [cast(Motif, network)]
    )
