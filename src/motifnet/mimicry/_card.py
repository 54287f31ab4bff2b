"""The architecture card: depth, widths, size, and which motif came from what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

from torch import nn

from motifnet.motifs import Chain, Motif, count_nonzeros, count_parameters


@dataclass(frozen=True)
class Block:
    """One motif of the network: its name, the model that it came from, its number of outputs (0: unknown), and what it computes."""

    motif: str
    origin: str
    width: int
    computes: str


@dataclass(frozen=True)
class Card:
    """Depth: layers on the longest path. Widths: outputs of each layer from the input on, parallel branches added up."""

    depth: int
    widths: tuple[int, ...]
    parameters: int
    nonzeros: int
    blocks: tuple[Block, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "widths": list(self.widths), "blocks": [asdict(block) for block in self.blocks]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Card:
        """The card of `as_dict`."""
        return cls(**{**data, "widths": tuple(data["widths"]), "blocks": tuple(Block(**block) for block in data["blocks"])})

    def __str__(self) -> str:
        widths = " → ".join(f"{w:,}" for w in self.widths[:24]) + (" → …" if len(self.widths) > 24 else "")
        head = f"depth {self.depth}, {self.parameters:,} parameters ({self.nonzeros:,} not zero)\nwidths {widths}"
        rows = [
            ("motif", "came from", "width", "computes"),
            *((b.motif, b.origin, f"{b.width:,}" if b.width else "", b.computes) for b in self.blocks),
        ]
        sizes = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [f"{m:<{sizes[0]}}  {o:<{sizes[1]}}  {w:>{sizes[2]}}  {c}" for m, o, w, c in rows]
        return "\n".join([head, "", *lines])


def describe_network(network: Motif, inputs: int = 0) -> Card:
    """The card of a network; `inputs` (0: unknown) is the number of columns that it sees."""
    widths = _widths(network, inputs)[0]
    blocks = tuple(_grouped(list(_blocks(network, inputs, ""))))
    return Card(len(widths), tuple(widths), count_parameters(network), count_nonzeros(network), blocks)


def _inner(motif: nn.Module) -> list[Motif]:
    """The motifs directly inside one."""
    found: list[Motif] = []
    for child in motif.children():
        found += [child] if isinstance(child, Motif) else [m for m in child.children() if isinstance(m, Motif)]
    return found


def _widths(motif: Motif, inputs: int) -> tuple[list[int], int]:
    """Widths of the layers inside a motif, and its number of outputs."""
    inner = _inner(motif)
    if isinstance(motif, Chain):
        layers: list[int] = []
        for part in inner:
            more, inputs = _widths(part, inputs)
            layers += more
        return layers, inputs
    if inner:
        branches = [_widths(part, inputs) for part in inner]
        return [sum(layer) for layer in zip_longest(*(widths for widths, _ in branches), fillvalue=0)], motif.outputs(inputs)
    outputs = motif.outputs(inputs)
    return [outputs] * motif.layers, outputs


def _blocks(motif: Motif, inputs: int, origin: str) -> Iterator[Block]:
    """The motifs without motifs inside, in the order of computation."""
    inner = _inner(motif)
    if isinstance(motif, Chain):
        for part in inner:
            yield from _blocks(part, inputs, motif.label or origin)
            inputs = _widths(part, inputs)[1]
    elif inner:
        for part in inner:
            yield from _blocks(part, inputs, origin)
    else:
        yield Block(type(motif).__name__, origin, motif.outputs(inputs), motif.describe())


def _grouped(blocks: list[Block]) -> Iterator[Block]:
    """Runs of the same block as one row."""
    count = 0
    for i, block in enumerate(blocks):
        count += 1
        if i + 1 == len(blocks) or blocks[i + 1] != block:
            yield block if count == 1 else Block(f"{block.motif} × {count}", block.origin, block.width, block.computes)
            count = 0
