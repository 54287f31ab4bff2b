"""Motifs of single columns as ONNX operations: missing values, levels, piecewise polynomials."""

from __future__ import annotations

from motifnet import motifs as m
from motifnet.bundle._onnx_graph import Graph
from motifnet.bundle._onnx_motifs import emit


@emit.register
def _(motif: m.Gaps, graph: Graph, x: str) -> str:
    return graph.cast(graph.op("IsNaN", x), "DOUBLE")


@emit.register
def _(motif: m.Missing, graph: Graph, x: str) -> str:
    return graph.op("Where", graph.op("Equal", x, graph.constant(motif.values)), graph.constant([float("nan")]), x)


@emit.register
def _(motif: m.Fill, graph: Graph, x: str) -> str:
    return graph.op("Where", graph.op("IsNaN", x), graph.constant(motif.values), x)


@emit.register
def _(motif: m.Lookup, graph: Graph, x: str) -> str:
    """The place of a row in the table: Σ_k k 1{x = level k}, further on for an unseen level and a missing one."""
    count = len(motif.levels)
    missing = graph.cast(graph.op("IsNaN", x), "DOUBLE")
    unseen, place = graph.op("Sub", graph.constant(1.0), missing), graph.op("Mul", missing, graph.constant(float(count + 1)))
    if count:
        equal = graph.cast(graph.op("Equal", x, graph.constant(motif.levels)), "DOUBLE")
        unseen = graph.op("Sub", unseen, graph.op("ReduceSum", equal, graph.constant([1])))
        numbers = graph.constant([[float(k)] for k in range(count)])
        place = graph.op("Add", place, graph.op("MatMul", equal, numbers))
    place = graph.op("Add", place, graph.op("Mul", unseen, graph.constant(float(count))))
    return graph.op("Gather", graph.constant(motif.table), graph.op("Squeeze", graph.cast(place, "INT64"), graph.constant([1])), axis=0)


@emit.register
def _(motif: m.Piecewise, graph: Graph, x: str) -> str:
    return graph.op("Concat", *[_column(motif, j, graph, graph.columns(x, [j])) for j in range(len(motif.starts))], axis=1)


def _column(motif: m.Piecewise, j: int, graph: Graph, x: str) -> str:
    starts, coefficients = motif.starts[j], motif.coefficients[j]
    passed = graph.op("Greater" if motif.closed == "right" else "GreaterOrEqual", x, graph.constant(starts[1:]))
    segment = graph.op("ReduceSum", graph.cast(passed, "INT64"), graph.constant([1]), keepdims=0)
    start = graph.op("Gather", graph.constant(starts[:, None]), segment, axis=0)
    u, value = graph.op("Sub", x, start), ""
    for k in reversed(range(coefficients.shape[1])):
        factor = graph.op("Gather", graph.constant(coefficients[:, k]), segment, axis=0)
        value = graph.op("Add", graph.op("Mul", value, u), factor) if value else factor
    return value
