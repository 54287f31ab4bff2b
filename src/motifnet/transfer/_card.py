"""The architecture card: depth, widths, size, and where each motif comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby, zip_longest
from typing import Any

from torch import nn

from motifnet.engine import aligned
from motifnet.motifs import Chain, Motif, count_nonzeros, count_parameters


@dataclass(frozen=True)
class Block:
    """One motif of a network.

    Attributes
    ----------
    motif : str
        Its name.
    origin : str
        The model or stage that it comes from.
    width : int
        Number of its outputs, 0 where unknown.
    computes : str
        The function, in words.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> block = model.card_.blocks[0]
    >>> isinstance(block.computes, str)
    True
    """

    motif: str
    origin: str
    width: int
    computes: str


@dataclass(frozen=True, repr=False)
class Card:
    """The description of an architecture.

    Attributes
    ----------
    depth : int
        Layers of the longest path.
    widths : tuple of int
        Outputs of the layers from the input on, summed over parallel branches.
    parameters : int
    nonzeros : int
        Parameters that are not 0.
    blocks : tuple of Block
        The motifs, in the order of the computation.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> card = model.card_
    >>> card.nonzeros <= card.parameters
    True
    >>> print(str(card).splitlines()[0])
    depth ..., ... parameters (... not zero)
    """

    depth: int
    widths: tuple[int, ...]
    parameters: int
    nonzeros: int
    blocks: tuple[Block, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **asdict(self),
            "widths": list(self.widths),
            "blocks": [asdict(block) for block in self.blocks],
        }

    def __repr__(self) -> str:
        return f"Card of {self.depth} layers, {self.parameters:,} parameters; print() shows it"

    def __str__(self) -> str:
        widths = " → ".join(f"{w:,}" for w in self.widths[:24]) + (
            " → …" if len(self.widths) > 24 else ""
        )
        head = (
            f"depth {self.depth}, {self.parameters:,} parameters ({self.nonzeros:,} not zero)\n"
            f"widths {widths}"
        )
        rows = [
            ("motif", "came from", "width", "computes"),
            *(
                (b.motif, b.origin, f"{b.width:,}" if b.width else "", b.computes)
                for b in self.blocks
            ),
        ]
        return "\n".join([head, "", *aligned(rows, right={2})])


def describe_network(network: Motif, inputs: int = 0) -> Card:
    """The card of a network with `inputs` columns (0 where unknown)."""
    widths = _widths(network, inputs)[0]
    blocks = tuple(_repeated(_blocks(network, inputs, "")))
    return Card(
        len(widths), tuple(widths), count_parameters(network), count_nonzeros(network), blocks
    )


def _inner(motif: nn.Module) -> list[Motif]:
    """The motifs directly inside one."""
    found: list[Motif] = []
    for child in motif.children():
        found += (
            [child]
            if isinstance(child, Motif)
            else [m for m in child.children() if isinstance(m, Motif)]
        )
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
        return [
            sum(layer) for layer in zip_longest(*(widths for widths, _ in branches), fillvalue=0)
        ], motif.outputs(inputs)
    outputs = motif.outputs(inputs)
    return [outputs] * motif.layers, outputs


def _blocks(motif: Motif, inputs: int, origin: str) -> list[Block]:
    """The motifs that contain no motifs, in the order of computation; equal branches are one block
    a layer.
    """
    inner = _inner(motif)
    if not inner:
        return [Block(type(motif).__name__, origin, motif.outputs(inputs), motif.describe())]
    if not isinstance(motif, Chain):
        return _side_by_side([_blocks(part, inputs, origin) for part in inner])
    blocks: list[Block] = []
    for part in inner:
        blocks += _blocks(part, inputs, motif.label or origin)
        inputs = _widths(part, inputs)[1]
    return blocks


def _side_by_side(branches: list[list[Block]]) -> list[Block]:
    """Blocks of parallel branches; adjacent branches of the same motifs are summed layer by
    layer.
    """
    blocks: list[Block] = []
    for _, alike in groupby(
        branches,
        key=lambda branch: [(b.motif.split(" × ")[0], b.origin, b.computes) for b in branch],
    ):
        for layer in zip(*alike, strict=True):
            count = sum(_count(block) for block in layer)
            name = layer[0].motif.split(" × ")[0]
            blocks.append(
                replace(
                    layer[0],
                    motif=name if count == 1 else f"{name} × {count}",
                    width=sum(block.width for block in layer),
                )
            )
    return blocks


def _count(block: Block) -> int:
    _, _, count = block.motif.partition(" × ")
    return int(count or 1)


def _repeated(blocks: list[Block]) -> Iterator[Block]:
    """The blocks, with repeated layers or pairs of layers given once."""
    i = 0
    while i < len(blocks):
        period, count = max(
            ((p, _runs(blocks, i, p)) for p in (1, 2)),
            key=lambda found: found[0] * found[1] if found[1] > 1 else 0,
        )
        if count == 1:
            period = 1
        for block in blocks[i : i + period]:
            yield block if count == 1 else replace(block, motif=f"{block.motif} ({count} times)")
        i += period * count


def _runs(blocks: list[Block], start: int, period: int) -> int:
    """Number of consecutive repetitions of blocks[start : start + period]."""
    unit, count = blocks[start : start + period], 1
    while blocks[start + count * period : start + (count + 1) * period] == unit:
        count += 1
    return count
