"""The network as a drawing: a box a motif, with its width as the length of a bar; layers from top to bottom, branches side by side."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from motifnet.report._svg import WIDTH, picture, tag, text

Node = dict[str, Any]
GAP, LINE, PAD, LETTER = 14.0, 13.0, 8.0, 6.1


@dataclass(frozen=True)
class Box:
    """What is drawn, and its height."""

    parts: tuple[Markup, ...]
    height: float


def branches_of(tree: Node) -> tuple[list[Node], list[Node]]:
    """The branches of the outermost parallel network, as {"count", "weight", "body"}, and the layers after it.

    A branch of layers before a sum is opened: each of its terms is a branch, with these layers before it.
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
    """The branches that a branch of a sum stands for; `label`: of those that have none of their own."""
    *layers, end = _parts(branch["body"])
    weighted = branch["weight"] is not None and end["kind"] == "parallel" and end["join"] == "sum"
    if weighted and layers and all(layer["kind"] == "layer" for layer in layers):
        return [_behind(layers, one, branch["weight"]) for one in end["branches"]]
    if label and label_of(branch) in ("", "network"):
        return [{**branch, "body": {"kind": "chain", "label": label, "parts": [*layers, end]}}]
    return [branch]


def _behind(layers: list[Node], branch: Node, weight: float) -> Node:
    """A branch with layers before it, weighted once more."""
    body = {"kind": "chain", "label": label_of(branch), "parts": [*layers, *_parts(branch["body"])]}
    return {"count": branch["count"], "weight": weight * branch["weight"], "body": body}


def label_of(branch: Node) -> str:
    """The model that a branch came from."""
    body = branch["body"]
    while body["kind"] == "parallel" and len(body["branches"]) == 1:
        body = body["branches"][0]["body"]
    if body["kind"] == "chain":
        inner = next((part for part in body["parts"] if part["kind"] != "layer"), None)
        return body["label"] or (label_of({"body": inner}) if inner else "")
    return "network"


def count_of(branch: Node) -> int:
    """How many networks of one build a branch stands for."""
    body, count = branch["body"], branch["count"]
    while body["kind"] == "parallel" and len(body["branches"]) == 1:
        count, body = count * body["branches"][0]["count"], body["branches"][0]["body"]
    return int(count)


def drawing(branch: Node, inputs: int, widest: int) -> Markup:
    """The picture of one branch."""
    top = text(WIDTH / 2, 12, f"{inputs:,} columns", cls="label")
    box = _draw(branch["body"], 2.0, WIDTH - 4, 18.0, max(widest, 2))
    end = 18.0 + box.height
    return picture(label_of(branch) or "network", [top, *box.parts, _arrow(WIDTH / 2, end, end + GAP)], WIDTH, end + GAP + 4)


def widest_of(node: Node) -> int:
    """The width of the widest layer in a tree."""
    if node["kind"] == "layer":
        return int(node["width"])
    inner = node["parts"] if node["kind"] == "chain" else [branch["body"] for branch in node["branches"]]
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
    shown = node["branches"][:3]
    room = 8.0
    each = (width - room * (len(shown) - 1)) / len(shown)
    boxes = [_draw(branch["body"], x + i * (each + room), each, y, widest) for i, branch in enumerate(shown)]
    height = max(box.height for box in boxes)
    parts = [part for box in boxes for part in box.parts]
    for i, box in enumerate(boxes):
        middle = x + i * (each + room) + each / 2
        parts.append(tag("line", x1=middle, x2=middle, y1=y + box.height, y2=y + height + GAP, cls="wire"))
    more = len(node["branches"]) - len(shown)
    join = {"sum": "added up", "side by side": "side by side"}[node["join"]] + (f", and {more} more branches" if more else "")
    parts.append(tag("line", x1=x + each / 2, x2=x + width - each / 2, y1=y + height + GAP, y2=y + height + GAP, cls="wire"))
    parts.append(text(x + width / 2, y + height + GAP + 12, join, cls="label"))
    return Box(tuple(parts), height + GAP + 16)


def _layer(node: Node, x: float, width: float, y: float, widest: int) -> Box:
    lines = textwrap.wrap(node["computes"], max(8, int((width - 2 * PAD) / LETTER)))[:4]
    height = 2 * PAD + LINE * (1 + len(lines)) + 6
    top, middle = y + GAP, x + width / 2
    parts = [_arrow(middle, y, top), tag("rect", x=x, y=top, width=width, height=height, rx=5, cls="box")]
    parts.append(text(x + PAD, top + PAD + 10, node["motif"], cls="motif", anchor="start"))
    parts.append(text(x + width - PAD, top + PAD + 10, f"{node['width']:,}", cls="motif", anchor="end"))
    parts += [text(x + PAD, top + PAD + 10 + LINE * (i + 1), line, cls="computes", anchor="start") for i, line in enumerate(lines)]
    long = (width - 2 * PAD) * math.log1p(node["width"]) / math.log1p(widest)
    parts.append(tag("rect", x=x + PAD, y=top + height - 7, width=long, height=3.0, cls="wide"))
    return Box(tuple(parts), GAP + height)


def _arrow(x: float, y: float, end: float) -> Markup:
    tip = f"{x - 3:.1f},{end - 5:.1f} {x + 3:.1f},{end - 5:.1f} {x:.1f},{end:.1f}"
    return tag("line", x1=x, x2=x, y1=y, y2=end - 4, cls="wire") + tag("polygon", points=tip, cls="tip")
