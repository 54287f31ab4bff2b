"""Nearest rows as ONNX operations: means of their values, outlier factors, filled missing values.

The heap of `kept_by_heap` runs only if rows are tied for the last of the k nearest. Among equally
distant rows, the first ones fill missing values.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from motifnet import motifs as m
from motifnet.model._onnx_graph import Graph
from motifnet.model._onnx_motifs import emit
from motifnet.motifs import NEVER_ZERO


@emit.register
def _(motif: m.Neighbours, graph: Graph, x: str) -> str:
    D = (
        _products(motif, graph, x)
        if motif.p == 0
        else _norms(graph, x, motif.centres, motif.centres, motif.p)
    )
    near = _nearest(motif, graph, x, D)
    values = graph.op("Gather", graph.constant(motif.values), near, axis=0)
    if not motif.weighed:
        return graph.op("ReduceMean", values, graph.constant([1]), keepdims=0)
    weights = _inverse(motif, graph, graph.op("GatherElements", D, near, axis=1))
    total = graph.op(
        "ReduceSum",
        graph.op("Mul", values, graph.op("Unsqueeze", weights, graph.constant([2]))),
        graph.constant([1]),
        keepdims=0,
    )
    return graph.op("Div", total, graph.op("ReduceSum", weights, graph.constant([1])))


@emit.register
def _(motif: m.OutlierFactor, graph: Graph, x: str) -> str:
    D = (
        _products(motif, graph, x)
        if motif.p == 0
        else _norms(graph, x, motif.centres, motif.centres, motif.p)
    )
    near = _nearest(motif, graph, x, D)
    density, reach = (
        graph.op("Gather", graph.constant(column.contiguous()), near, axis=0)
        for column in motif.values.T
    )
    distance = graph.op(
        "Max", _rooted(graph, graph.op("GatherElements", D, near, axis=1), motif.p), reach
    )
    density, distance = (
        graph.op("ReduceMean", part, graph.constant([1])) for part in (density, distance)
    )
    return graph.op("Mul", density, graph.op("Add", distance, graph.constant(NEVER_ZERO)))


def _products(motif: m.Neighbours, graph: Graph, x: str) -> str:
    """‖x‖² − 2 x·c + ‖c‖². ‖x‖² is a product too, which adds in the order of BLAS."""
    row = graph.op("Unsqueeze", x, graph.constant([1]))
    column = graph.op("Unsqueeze", x, graph.constant([2]))
    own = graph.op("Squeeze", graph.op("MatMul", row, column), graph.constant([2]))
    middle = graph.op(
        "Mul",
        graph.op("MatMul", x, graph.constant(motif.centres.T.contiguous())),
        graph.constant(-2.0),
    )
    return graph.op(
        "Max",
        graph.op("Add", graph.op("Add", own, middle), graph.constant(motif.squares)),
        graph.constant(0.0),
    )


def _norms(graph: Graph, x: str, low: Tensor, high: Tensor, p: float) -> str:
    """Distances to boxes, without their root. The columns are scanned in their order."""

    def step(body: Graph, total: str, column: str, below: str, above: str) -> list[str]:
        column = body.op("Unsqueeze", column, graph.constant([1]))
        outside = body.op(
            "Max", body.op("Sub", below, column), body.op("Sub", column, above), graph.constant(0.0)
        )
        if math.isinf(p):
            return [body.op("Max", total, outside)]
        term = (
            outside
            if p == 1
            else body.op("Mul", outside, outside)
            if p == 2
            else body.op("Pow", outside, graph.constant(float(p)))
        )
        return [body.op("Add", total, term)]

    zeros = graph.fill(x, torch.zeros(len(low), dtype=torch.float64))
    scanned = [
        (x, 1, "DOUBLE"),
        (graph.constant(low), 1, "DOUBLE"),
        (graph.constant(high), 1, "DOUBLE"),
    ]
    return graph.scan({zeros: "DOUBLE"}, scanned, step)[0]


def _rooted(graph: Graph, D: str, p: float) -> str:
    if p == 1 or math.isinf(p):
        return D
    return graph.op("Sqrt", D) if p in (0, 2) else graph.op("Pow", D, graph.constant(1 / p))


def _inverse(motif: m.Neighbours, graph: Graph, D: str) -> str:
    """1 / distance. If some distances are 0, those weigh 1 and the others 0."""
    weights = graph.op("Reciprocal", _rooted(graph, D, motif.p))
    exact = graph.cast(graph.op("IsInf", weights), "DOUBLE")
    any_exact = graph.op(
        "Greater", graph.op("ReduceSum", exact, graph.constant([1])), graph.constant(0.0)
    )
    return graph.op("Where", any_exact, exact, weights)


def _nearest(motif: m.Neighbours, graph: Graph, x: str, D: str) -> str:
    """Numbers of the k nearest centres, with shape (N, k)."""
    k, count = motif.k, len(motif.centres)
    if k == count:
        return graph.fill(x, np.arange(count))
    distances, places = graph.smallest(D, k + 1)
    tied = graph.cast(
        graph.op("Equal", graph.columns(distances, [k]), graph.columns(distances, [k - 1])), "INT64"
    )
    condition = graph.op("Greater", graph.op("ReduceSum", tied, keepdims=0), graph.constant(0))
    return graph.either(
        condition,
        "INT64",
        lambda body: _kept(motif, body, x, D),
        lambda body: body.columns(places, range(k)),
    )


def _kept(motif: m.Neighbours, graph: Graph, x: str, D: str) -> str:
    """The centres that a heap of k keeps: `kept_by_heap` for all rows at once."""
    k = motif.k
    one, zero = graph.constant([[1]]), graph.constant([[0]])

    def push(body: Graph, values: str, places: str, place: str) -> list[str]:
        place = body.op("Unsqueeze", place, graph.constant([1]))
        new = body.op("GatherElements", D, place, axis=1)
        enters = body.op("Less", new, body.columns(values, [0]))
        at = body.op("Mul", place, zero)
        for _ in range((k + 1).bit_length() - 1):
            left = body.op("Add", body.op("Add", at, at), one)
            right = body.op("Add", left, one)
            a, b = (body.op("GatherElements", values, child, axis=1) for child in (left, right))
            child = body.op("Where", body.op("GreaterOrEqual", a, b), left, right)
            larger = body.op("Max", a, b)
            sinks = body.op("And", enters, body.op("Less", new, larger))
            own = body.op("GatherElements", values, at, axis=1)
            place_of_child = body.op("GatherElements", places, child, axis=1)
            values = body.op(
                "ScatterElements", values, at, body.op("Where", sinks, larger, own), axis=1
            )
            own = body.op("GatherElements", places, at, axis=1)
            places = body.op(
                "ScatterElements", places, at, body.op("Where", sinks, place_of_child, own), axis=1
            )
            at = body.op("Where", sinks, child, at)
        own = body.op("GatherElements", values, at, axis=1)
        values = body.op("ScatterElements", values, at, body.op("Where", enters, new, own), axis=1)
        own = body.op("GatherElements", places, at, axis=1)
        return [
            values,
            body.op("ScatterElements", places, at, body.op("Where", enters, place, own), axis=1),
        ]

    heap = graph.fill(x, np.r_[np.full(k, np.inf), np.full(k + 1, -np.inf)])
    numbers = graph.fill(x, np.zeros(2 * k + 1, dtype=np.int64))
    order = _order(motif, graph, x)
    return graph.columns(
        graph.scan({heap: "DOUBLE", numbers: "INT64"}, [(order, 1, "INT64")], push)[1], range(k)
    )


def _order(motif: m.Neighbours, graph: Graph, x: str) -> str:
    """`visiting_order` from ranks of the centres, with shape (N, m)."""
    rank = graph.fill(x, motif.offset.double())
    if len(motif.path):
        path, odd = motif.path.numpy(), motif.path.numpy() % 2 == 1
        siblings = np.where(odd, path + 1, path - 1)
        sizes = [
            np.bincount(nodes, minlength=len(motif.low))[other]
            for nodes, other in zip(path, siblings, strict=True)
        ]
        bounds = _norms(graph, x, motif.low, motif.high, motif.p or 2.0)
        if len(motif.radius):
            outside = graph.op("Sub", _rooted(graph, bounds, motif.p), graph.constant(motif.radius))
            bounds = graph.op("Max", outside, graph.constant(0.0))

        def level(
            body: Graph, total: str, nodes: str, others: str, left: str, size: str
        ) -> list[str]:
            mine, other = (body.op("Gather", bounds, chosen, axis=1) for chosen in (nodes, others))
            is_left = body.op("Greater", left, graph.constant(0.5))
            farther = body.op("Greater", mine, other)
            not_nearer = body.op("LessOrEqual", other, mine)
            second = body.op(
                "Or",
                body.op("And", is_left, farther),
                body.op("And", body.op("Not", is_left), not_nearer),
            )
            return [body.op("Add", total, body.op("Mul", body.cast(second, "DOUBLE"), size))]

        scanned = [(graph.constant(path), 0, "INT64"), (graph.constant(siblings), 0, "INT64")]
        scanned += [
            (graph.constant(np.asarray(part, dtype=np.float64)), 0, "DOUBLE")
            for part in (odd, sizes)
        ]
        rank = graph.scan({rank: "DOUBLE"}, scanned, level)[0]
    return graph.smallest(rank, len(motif.centres))[1]


@emit.register
def _(motif: m.NeighbourFill, graph: Graph, x: str) -> str:
    missing = graph.op("IsNaN", x)
    z = graph.op("Where", missing, graph.constant(0.0), x)
    D = _distances(motif, graph, z, graph.cast(missing, "DOUBLE"))
    columns = []
    for j, present in enumerate(motif.present.T.numpy()):
        donors, column = np.flatnonzero(present), graph.columns(x, [j])
        value = _mean(motif, graph, D, donors, j) if len(donors) else graph.constant([[0.0]])
        columns.append(graph.op("Where", graph.op("IsNaN", column), value, column))
    return graph.op("Concat", *columns, axis=1)


def _distances(motif: m.NeighbourFill, graph: Graph, z: str, missing: str) -> str:
    """Distances with shape (N, m), infinite without a common column."""
    rows, squares, axis = motif.rows, graph.op("Mul", z, z), graph.constant([1])
    turned = {
        "rows": rows.T,
        "squares": (rows * rows).T,
        "absent": 1 - motif.present.T,
        "present": motif.present.T,
    }
    R, S, absent, present = (graph.constant(part.contiguous()) for part in turned.values())
    D = graph.op(
        "Add",
        graph.op("ReduceSum", squares, axis),
        graph.op("Mul", graph.op("MatMul", z, R), graph.constant(-2.0)),
    )
    D = graph.op("Add", D, graph.constant((rows * rows).sum(1)))
    D = graph.op(
        "Sub",
        graph.op("Sub", D, graph.op("MatMul", squares, absent)),
        graph.op("MatMul", missing, S),
    )
    common = graph.op("MatMul", graph.op("Sub", graph.constant(1.0), missing), present)
    share = graph.op(
        "Div", graph.op("Max", D, graph.constant(0.0)), graph.op("Max", common, graph.constant(1.0))
    )
    distance = graph.op("Sqrt", graph.op("Mul", share, graph.constant(float(rows.shape[1]))))
    return graph.op(
        "Where", graph.op("Equal", common, graph.constant(0.0)), graph.constant(np.inf), distance
    )


def _mean(motif: m.NeighbourFill, graph: Graph, D: str, donors: np.ndarray, j: int) -> str:
    """The mean of a column's nearest donors, with shape (N, 1); of all if none has a distance."""
    k, axis, values = min(motif.k, len(donors)), graph.constant([1]), motif.rows[donors, j]
    nearest, places = graph.smallest(graph.columns(D, donors.tolist()), k)
    unknown = graph.op("IsInf", nearest)
    inverse = graph.op("Reciprocal", nearest)
    exact = graph.cast(graph.op("IsInf", inverse), "DOUBLE")
    if motif.weighed:
        any_exact = graph.op("Greater", graph.op("ReduceSum", exact, axis), graph.constant(0.0))
        weights = graph.op("Where", any_exact, exact, inverse)
    else:
        weights = graph.op("Where", unknown, graph.constant(0.0), graph.constant(1.0))
    total = graph.op("ReduceSum", weights, axis)
    none = graph.op("Equal", total, graph.constant(0.0))
    chosen = graph.op("Gather", graph.constant(values), places)
    mean = graph.op(
        "Div",
        graph.op("ReduceSum", graph.op("Mul", weights, chosen), axis),
        graph.op("Where", none, graph.constant(1.0), total),
    )
    return graph.op("Where", none, graph.constant(float(values.mean())), mean)
