"""The network as a tree of blocks, and the tree as a drawing.

The tree has layers, chains of layers, and parallel branches. Branches of one build are drawn once:

    {"kind": "layer", "motif", "width", "computes"}
    {"kind": "chain", "label", "parts": [node, …]}
    {"kind": "parallel", "join", "branches": [{"count", "weight", "body": node}, …]}

`weight` is that of all `count` branches together, None where they are not summed. A box of the
drawing is a motif, and the length of its bar shows its width. Layers go from top to bottom,
branches from left to right.
"""

from __future__ import annotations

import json
import math
import textwrap
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup
from torch import nn

from motifnet.model.report._svg import WIDTH, picture, tag, text
from motifnet.motifs import Chain, Concat, Identity, Motif, Parallel, Precise, Residual

Node = dict[str, Any]
SPACE, LINE, PAD, LETTER = 14.0, 13.0, 8.0, 6.1
SHOWN = 3  # branches of a sum that are drawn


def anatomy(network: Motif, inputs: int) -> Node:
    """The tree of a network with a number of input columns."""
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
        weights = [
            float(weight)
            for weight in network.weights.detach().reshape(len(network.branches), -1).mean(1)
        ]
        return _parallel("sum", list(network.branches), weights, inputs)
    if isinstance(network, Concat):
        return _parallel("side by side", list(network.branches), None, inputs)
    if isinstance(network, Residual):
        return _parallel("sum", [Identity(), network.body], [1.0, 1.0], inputs)
    return {
        "kind": "layer",
        "motif": type(network).__name__,
        "width": network.outputs(inputs),
        "computes": network.describe(),
    }


def _parallel(
    join: str, branches: list[nn.Module], weights: list[float] | None, inputs: int
) -> Node:
    nodes = [anatomy(branch, inputs) for branch in branches if isinstance(branch, Motif)]
    found = []
    numbered = list(enumerate(nodes))
    for _, alike in groupby(numbered, key=lambda pair: json.dumps(pair[1], sort_keys=True)):
        group = list(alike)
        weight = None if weights is None else sum(weights[i] for i, _ in group)
        found.append({"count": len(group), "weight": weight, "body": group[0][1]})
    return {"kind": "parallel", "join": join, "branches": found}


@dataclass(frozen=True)
class Box:
    """The parts of a drawing, and its height."""

    parts: tuple[Markup, ...]
    height: float


def branches_of(tree: Node) -> tuple[list[Node], list[Node]]:
    """The branches of the outermost parallel network, as {"count", "weight", "body"}, and the
    layers after it.

    A branch of layers before a sum is opened: each term becomes a branch with these layers.
    """
    parts, label = _parts(tree), ""
    while parts and parts[0]["kind"] == "chain":
        label, parts = parts[0]["label"], [*parts[0]["parts"], *parts[1:]]
    if parts and parts[0]["kind"] == "parallel":
        return [one for branch in parts[0]["branches"] for one in _opened(branch, label)], parts[1:]
    return [{"count": 1, "weight": None, "body": tree}], []


def _parts(node: Node) -> list[Node]:
    return list(node["parts"]) if node["kind"] == "chain" else [node]


def _opened(branch: Node, label: str) -> list[Node]:
    """The branches within a branch of a sum; those without a label get `label`."""
    *layers, end = _parts(branch["body"])
    weighted = branch["weight"] is not None and end["kind"] == "parallel" and end["join"] == "sum"
    if weighted and layers and all(layer["kind"] == "layer" for layer in layers):
        return [_with_layers(layers, one, branch["weight"]) for one in end["branches"]]
    if label and label_of(branch) in ("", "network"):
        return [{**branch, "body": {"kind": "chain", "label": label, "parts": [*layers, end]}}]
    return [branch]


def _with_layers(layers: list[Node], branch: Node, weight: float) -> Node:
    """A branch with layers before it, and its weight times another one."""
    body = {"kind": "chain", "label": label_of(branch), "parts": [*layers, *_parts(branch["body"])]}
    return {"count": branch["count"], "weight": weight * branch["weight"], "body": body}


def label_of(branch: Node) -> str:
    """The name of the model that a branch came from."""
    body = branch["body"]
    while body["kind"] == "parallel" and len(body["branches"]) == 1:
        body = body["branches"][0]["body"]
    if body["kind"] == "chain":
        inner = next((part for part in body["parts"] if part["kind"] != "layer"), None)
        return body["label"] or (label_of({"body": inner}) if inner else "")
    return "network"


def count_of(branch: Node) -> int:
    """The number of networks of one build in a branch."""
    body, count = branch["body"], branch["count"]
    while body["kind"] == "parallel" and len(body["branches"]) == 1:
        count, body = count * body["branches"][0]["count"], body["branches"][0]["body"]
    return int(count)


def drawing(branch: Node, inputs: int, widest: int) -> Markup:
    """The picture of one branch, as wide as its boxes need."""
    width = WIDTH * max(1.0, columns_of(branch["body"]) / 2)
    top = text(width / 2, 12, f"{inputs:,} columns", cls="label")
    box = _draw(branch["body"], 2.0, width - 4, 18.0, max(widest, 2))
    end = 18.0 + box.height
    return picture(
        label_of(branch) or "network",
        [top, *box.parts, _arrow(width / 2, end, end + SPACE)],
        width,
        end + SPACE + 4,
    )


def columns_of(node: Node) -> int:
    """The number of boxes that a drawing has side by side."""
    if node["kind"] == "layer":
        return 1
    if node["kind"] == "chain":
        return max((columns_of(part) for part in node["parts"]), default=1)
    return sum(columns_of(branch["body"]) for branch in node["branches"][:SHOWN])


def widest_of(node: Node) -> int:
    """The width of the widest layer in a tree."""
    if node["kind"] == "layer":
        return int(node["width"])
    inner = (
        node["parts"]
        if node["kind"] == "chain"
        else [branch["body"] for branch in node["branches"]]
    )
    return max((widest_of(part) for part in inner), default=0)


def _draw(node: Node, x: float, width: float, y: float, widest: int) -> Box:
    if node["kind"] == "layer":
        return _layer(node, x, width, y, widest)
    if node["kind"] == "chain":
        parts: list[Markup] = []
        start = y
        for part in node["parts"]:
            box = _draw(part, x, width, y, widest)
            parts += box.parts
            y += box.height
        return Box(tuple(parts), y - start)
    if len(node["branches"]) == 1:
        return _draw(node["branches"][0]["body"], x, width, y, widest)
    return _side_by_side(node, x, width, y, widest)


def _side_by_side(node: Node, x: float, width: float, y: float, widest: int) -> Box:
    shown = node["branches"][:SHOWN]
    room = 8.0
    each = (width - room * (len(shown) - 1)) / len(shown)
    boxes = [
        _draw(branch["body"], x + i * (each + room), each, y, widest)
        for i, branch in enumerate(shown)
    ]
    height = max(box.height for box in boxes)
    parts = [part for box in boxes for part in box.parts]
    for i, box in enumerate(boxes):
        middle = x + i * (each + room) + each / 2
        parts.append(
            tag("line", x1=middle, x2=middle, y1=y + box.height, y2=y + height + SPACE, cls="wire")
        )
    more = len(node["branches"]) - len(shown)
    join = {"sum": "added up", "side by side": "side by side"}[node["join"]] + (
        f", and {more} more branches" if more else ""
    )
    parts.append(
        tag(
            "line",
            x1=x + each / 2,
            x2=x + width - each / 2,
            y1=y + height + SPACE,
            y2=y + height + SPACE,
            cls="wire",
        )
    )
    parts.append(text(x + width / 2, y + height + SPACE + 12, join, cls="label"))
    return Box(tuple(parts), height + SPACE + 16)


def _layer(node: Node, x: float, width: float, y: float, widest: int) -> Box:
    lines = textwrap.wrap(node["computes"], max(8, int((width - 2 * PAD) / LETTER)))[:4]
    height = 2 * PAD + LINE * (1 + len(lines)) + 6
    top, middle = y + SPACE, x + width / 2
    parts = [
        _arrow(middle, y, top),
        tag("rect", x=x, y=top, width=width, height=height, rx=5, cls="box"),
    ]
    parts.append(text(x + PAD, top + PAD + 10, node["motif"], cls="motif", anchor="start"))
    parts.append(
        text(x + width - PAD, top + PAD + 10, f"{node['width']:,}", cls="motif", anchor="end")
    )
    parts += [
        text(x + PAD, top + PAD + 10 + LINE * (i + 1), line, cls="computes", anchor="start")
        for i, line in enumerate(lines)
    ]
    long = (width - 2 * PAD) * math.log1p(node["width"]) / math.log1p(widest)
    parts.append(tag("rect", x=x + PAD, y=top + height - 7, width=long, height=3.0, cls="wide"))
    return Box(tuple(parts), SPACE + height)


def _arrow(x: float, y: float, end: float) -> Markup:
    tip = f"{x - 3:.1f},{end - 5:.1f} {x + 3:.1f},{end - 5:.1f} {x:.1f},{end:.1f}"
    return tag("line", x1=x, x2=x, y1=y, y2=end - 4, cls="wire") + tag(
        "polygon", points=tip, cls="tip"
    )
