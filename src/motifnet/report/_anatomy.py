"""The network as a tree of blocks, to draw: layers, layers in a row, and branches side by side; branches of one build are drawn once.

{"kind": "layer", "motif", "width", "computes"}
{"kind": "chain", "label", "parts": [node, …]}
{"kind": "parallel", "join", "branches": [{"count", "weight", "body": node}, …]}      weight: of all `count` together, None where they are not summed
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from torch import nn

from motifnet.motifs import Chain, Concat, Identity, Motif, Parallel, Precise, Residual

Node = dict[str, Any]


def anatomy(network: Motif, inputs: int) -> Node:
    """The tree of a network that sees so many columns."""
    if isinstance(network, Precise):
        return anatomy(network.body, inputs)
    if isinstance(network, Chain):
        parts: list[Node] = []
        for part in network.parts:
            node = anatomy(part, inputs)
            inputs = part.outputs(inputs)
            parts += node["parts"] if node["kind"] == "chain" and not node["label"] else [node]
        return {"kind": "chain", "label": network.label, "parts": parts}
    if isinstance(network, Parallel):
        weights = [float(weight) for weight in network.weights.detach().reshape(len(network.branches), -1).mean(1)]
        return _parallel("sum", list(network.branches), weights, inputs)
    if isinstance(network, Concat):
        return _parallel("side by side", list(network.branches), None, inputs)
    if isinstance(network, Residual):
        return _parallel("sum", [Identity(), network.body], [1.0, 1.0], inputs)
    return {"kind": "layer", "motif": type(network).__name__, "width": network.outputs(inputs), "computes": network.describe()}


def _parallel(join: str, branches: list[nn.Module], weights: list[float] | None, inputs: int) -> Node:
    nodes = [anatomy(branch, inputs) for branch in branches if isinstance(branch, Motif)]
    found = []
    numbered = list(enumerate(nodes))
    for _, alike in groupby(numbered, key=lambda pair: json.dumps(pair[1], sort_keys=True)):
        group = list(alike)
        weight = None if weights is None else sum(weights[i] for i, _ in group)
        found.append({"count": len(group), "weight": weight, "body": group[0][1]})
    return {"kind": "parallel", "join": join, "branches": found}
