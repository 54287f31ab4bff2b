"""Missing values filled by those of the nearest rows, as ONNX operations; of equally distant rows the first ones are taken."""

from __future__ import annotations

import numpy as np

from motifnet import motifs as m
from motifnet.bundle._onnx_graph import Graph
from motifnet.bundle._onnx_motifs import emit


@emit.register
def _(motif: m.NeighbourFill, graph: Graph, x: str) -> str:
    gaps = graph.op("IsNaN", x)
    z = graph.op("Where", gaps, graph.constant(0.0), x)
    D = _distances(motif, graph, z, graph.cast(gaps, "DOUBLE"))
    columns = []
    for j, present in enumerate(motif.present.T.numpy()):
        donors, column = np.flatnonzero(present), graph.columns(x, [j])
        value = _mean(motif, graph, D, donors, j) if len(donors) else graph.constant([[0.0]])
        columns.append(graph.op("Where", graph.op("IsNaN", column), value, column))
    return graph.op("Concat", *columns, axis=1)


def _distances(motif: m.NeighbourFill, graph: Graph, z: str, gaps: str) -> str:
    """With shape (N, m), infinite without a column in common."""
    rows, squares, axis = motif.rows, graph.op("Mul", z, z), graph.constant([1])
    turned = {"rows": rows.T, "squares": (rows * rows).T, "absent": 1 - motif.present.T, "present": motif.present.T}
    R, S, absent, present = (graph.constant(part.contiguous()) for part in turned.values())
    D = graph.op("Add", graph.op("ReduceSum", squares, axis), graph.op("Mul", graph.op("MatMul", z, R), graph.constant(-2.0)))
    D = graph.op("Add", D, graph.constant((rows * rows).sum(1)))
    D = graph.op("Sub", graph.op("Sub", D, graph.op("MatMul", squares, absent)), graph.op("MatMul", gaps, S))
    common = graph.op("MatMul", graph.op("Sub", graph.constant(1.0), gaps), present)
    share = graph.op("Div", graph.op("Max", D, graph.constant(0.0)), graph.op("Max", common, graph.constant(1.0)))
    distance = graph.op("Sqrt", graph.op("Mul", share, graph.constant(float(rows.shape[1]))))
    return graph.op("Where", graph.op("Equal", common, graph.constant(0.0)), graph.constant(np.inf), distance)


def _mean(motif: m.NeighbourFill, graph: Graph, D: str, donors: np.ndarray, j: int) -> str:
    """The mean of the nearest donors of a column with shape (N, 1); of all where none has a distance."""
    k, axis, values = min(motif.k, len(donors)), graph.constant([1]), motif.rows[donors, j]
    nearest, places = graph.ops("TopK", graph.columns(D, donors.tolist()), graph.constant([k]), outputs=2, axis=1, largest=0)
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
    mean = graph.op("Div", graph.op("ReduceSum", graph.op("Mul", weights, chosen), axis), graph.op("Where", none, graph.constant(1.0), total))
    return graph.op("Where", none, graph.constant(float(values.mean())), mean)
