"""An example of every motif, and the width of its input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto

from motifnet import motifs as m
from motifnet.motifs import Motif

Maker = Callable[[torch.Generator], tuple[Motif, int]]


def normal(g: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def value(x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


def trees(g: torch.Generator, count: int, depth: int, d: int, q: int) -> m.TreeEnsemble:
    """Complete trees whose thresholds are multiples of 1/4, and one that is a leaf."""
    n = 2 ** (depth + 1) - 1
    own = torch.arange(n)
    left, right = (torch.where(own < n // 2, 2 * own + k, own) for k in (1, 2))
    shift = n * torch.arange(count)[:, None]
    left, right = (
        torch.cat([(nodes + shift).ravel(), torch.tensor([n * count])]) for nodes in (left, right)
    )
    feature = torch.randint(0, d, (n * count + 1,), generator=g)
    threshold = torch.randint(-8, 8, (n * count + 1,), generator=g).double() / 4
    return m.TreeEnsemble(
        feature,
        threshold,
        left,
        right,
        n * torch.arange(count + 1),
        normal(g, n * count + 1, q),
        depth,
    )


def with_gaps(part: Motif) -> Motif:
    """A motif behind values of which those below −1 are missing."""
    return m.Chain([m.Clip(value(-1.0), value(np.inf)), m.Missing(-torch.ones(3).double()), part])


def neighbours(g: torch.Generator) -> m.Neighbours:
    """Of a grid, where many rows are as far as the fourth; half of it below a tree of two boxes."""
    rows = torch.cartesian_prod(*[torch.arange(-1.0, 2.0)] * 3).double().repeat(2, 1)
    half, none = (rows[:, 0] > 0).long(), torch.empty(0).double()
    boxes = [
        torch.stack([f(rows, 0), f(rows[half == 0], 0), f(rows[half == 1], 0)])
        for f in (torch.amin, torch.amax)
    ]
    return m.Neighbours(
        rows,
        normal(g, 54, 2),
        none,
        k=4,
        p=2.0,
        weighed=True,
        low=boxes[0],
        high=boxes[1],
        radius=none,
        path=1 + half[None],
        offset=torch.arange(54),
    )


# one line a motif: an example and the width of its input
EXAMPLES: dict[str, Maker] = {
    "Abs": lambda g: (m.Abs(), 3),
    "Affine": lambda g: (m.Affine(normal(g, 3, 4), normal(g, 3)), 4),
    "ArgMax": lambda g: (m.ArgMax(), 3),
    "Box": lambda g: (
        m.Box(
            torch.tensor([-1.0, -np.inf], dtype=torch.float64),
            torch.tensor([np.inf, 0.5], dtype=torch.float64),
        ),
        2,
    ),
    "Chain": lambda g: (
        m.Chain([m.Abs(), m.Affine(normal(g, 2, 3), normal(g, 2)), m.ReLU()], label="test"),
        3,
    ),
    "ChiSquare": lambda g: (m.Chain([m.Abs(), m.ChiSquare(normal(g, 6, 3).abs())]), 3),
    "Clip": lambda g: (m.Clip(-normal(g, 3).abs(), normal(g, 3).abs()), 3),
    "Concat": lambda g: (m.Concat([m.Identity(), m.Abs()]), 3),
    "Coupling": lambda g: (m.Chain([m.Sigmoid(), m.Coupling(3)]), 3),
    "Distance": lambda g: (
        m.Concat([m.Distance(normal(g, 20, 4), 1), m.Distance(normal(g, 20, 4), 2)]),
        4,
    ),
    "Erf": lambda g: (m.Erf(), 3),
    "Exp": lambda g: (m.Exp(), 3),
    "Fill": lambda g: (m.Fill(normal(g, 3)), 3),
    "Gaps": lambda g: (m.Gaps(), 3),
    "Missing": lambda g: (
        m.Chain([m.Step(value(0.0)), m.Missing(torch.ones(3).double()), m.Gaps()]),
        3,
    ),
    "Gate": lambda g: (m.Gate(value(5.0)), 3),
    "GroupAverage": lambda g: (
        m.GroupAverage(
            m.Affine(normal(g, 2, 3), normal(g, 2)),
            torch.tensor([[0, 1, 2], [1, 0, 2]]),
            torch.tensor([[1.0, 1, 1], [1, 1, -1]]).double(),
        ),
        3,
    ),
    "Hinge": lambda g: (m.Hinge(torch.sort(normal(g, 4, 9), dim=1).values, normal(g, 4, 8)), 4),
    "Identity": lambda g: (m.Identity(), 3),
    "Images": lambda g: (
        m.Images(m.Affine(normal(g, 2, 3), normal(g, 2)), torch.tensor([[0, 1, 2], [1, 0, 2]])),
        3,
    ),
    "Largest": lambda g: (m.Concat([m.Largest(), m.Chain([m.Step(value(0.0)), m.Largest()])]), 5),
    "Log": lambda g: (m.Chain([m.Exp(), m.Log()]), 3),
    "Lookup": lambda g: (
        m.Chain([m.Step(value(0.0)), m.Lookup(torch.tensor([0.0, 1.0]).double(), normal(g, 4, 3))]),
        1,
    ),
    "Max": lambda g: (m.Max(), 3),
    "Min": lambda g: (m.Min(), 3),
    "Monomial": lambda g: (m.Monomial([[0, 0, 0], [1, 2, 0], [0, 3, 1]]), 3),
    "NeighbourFill": lambda g: (
        with_gaps(m.NeighbourFill(normal(g, 20, 3), torch.ones(20, 3).double().tril(10), 4, True)),
        3,
    ),
    "Neighbours": lambda g: (neighbours(g), 3),
    "Normalize": lambda g: (
        m.Concat([m.Normalize("l1"), m.Normalize("l2"), m.Normalize("max")]),
        3,
    ),
    "OutlierFactor": lambda g: (
        m.OutlierFactor(**{**neighbours(g).arguments(), "values": normal(g, 54, 2).abs()}),
        3,
    ),
    "Parallel": lambda g: (
        m.Parallel(normal(g, 2, 3), [m.Affine(normal(g, 3, 3), normal(g, 3)), m.Identity()]),
        3,
    ),
    "Piecewise": lambda g: (
        m.Piecewise(torch.sort(normal(g, 3, 5), dim=1).values, normal(g, 3, 5, 3, 2), "left"),
        3,
    ),
    "Power": lambda g: (
        m.Concat([m.Power(value(3.0)), m.Chain([m.Abs(), m.Power(value(0.5))])]),
        3,
    ),
    "Precise": lambda g: (m.Precise(m.Affine(normal(g, 2, 3), normal(g, 2))), 3),
    "Product": lambda g: (m.Product(), 4),
    "Radial": lambda g: (
        m.Chain([m.Abs(), m.Radial(normal(g, 4), normal(g, 4).abs(), list(m.RADIAL_PROFILES))]),
        3,
    ),
    "ReLU": lambda g: (m.ReLU(), 3),
    "Residual": lambda g: (m.Residual(m.Affine(normal(g, 3, 3), normal(g, 3))), 3),
    "Select": lambda g: (m.Select([2, 0, 0]), 3),
    "Sigmoid": lambda g: (m.Chain([m.Affine(normal(g, 3, 3) * 300, normal(g, 3)), m.Sigmoid()]), 3),
    "Sine": lambda g: (m.Sine(), 3),
    "Single": lambda g: (m.Single(), 3),
    "Softmax": lambda g: (m.Chain([m.Affine(normal(g, 3, 3) * 300, normal(g, 3)), m.Softmax()]), 3),
    "Sort": lambda g: (m.Sort(), 5),
    "SparseAffine": lambda g: (
        m.SparseAffine(torch.randint(0, 4, (6, 3), generator=g), normal(g, 6, 3), normal(g, 6)),
        4,
    ),
    "Square": lambda g: (m.Square(), 3),
    "Step": lambda g: (m.Concat([m.Step(value(0.0)), m.Step(value(0.3))]), 3),
    "Tanh": lambda g: (m.Tanh(), 3),
    "TreeEnsemble": lambda g: (trees(g, count=30, depth=4, d=3, q=2), 3),
    "WeightedMedian": lambda g: (m.WeightedMedian(normal(g, 5).abs()), 5),
}


def example(name: str) -> tuple[Motif, int]:
    return EXAMPLES[name](torch.Generator().manual_seed(1))


def float32_in(path: Path) -> list[str]:
    """Names of everything in an ONNX file that is stored, declared or cast as float32, subgraphs
    included.
    """
    found: list[str] = []

    def look(graph: onnx.GraphProto) -> None:
        found.extend(t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT)
        found.extend(
            v.name
            for v in [*graph.input, *graph.output]
            if v.type.tensor_type.elem_type == TensorProto.FLOAT
        )
        for node in graph.node:
            for attribute in node.attribute:
                tensors = [attribute.t, *attribute.tensors]
                found.extend(
                    f"{node.name}.{attribute.name}"
                    for t in tensors
                    if t.data_type == TensorProto.FLOAT
                )
                if (
                    node.op_type == "Cast"
                    and attribute.name == "to"
                    and attribute.i == TensorProto.FLOAT
                ):
                    found.append(node.output[0])
                for sub in [attribute.g, *attribute.graphs]:
                    look(sub)

    look(onnx.load(path).graph)
    return found
