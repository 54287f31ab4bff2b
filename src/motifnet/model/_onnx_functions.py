"""Functions of values, rows and single columns as ONNX operations: elementary and special
functions, missing values, levels, piecewise polynomials.

onnxruntime has no float64 erf. It is built from the rational approximations of Cephes (Moshier),
which are exact to about 1e-16.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from motifnet import motifs as m
from motifnet.model._onnx_graph import Graph
from motifnet.model._onnx_motifs import emit
from motifnet.motifs import COUPLING_ROUNDS, COUPLING_TOLERANCE

_T = (
    9.60497373987051638749e0,
    9.00260197203842689217e1,
    2.23200534594684319226e3,
    7.00332514112805075473e3,
    5.55923013010394962768e4,
)
_U = (
    1.0,
    3.35617141647503099647e1,
    5.21357949780152679795e2,
    4.59432382970980127987e3,
    2.26290000613890934246e4,
    4.92673942608635921086e4,
)
_P = (
    *(
        2.46196981473530512524e-10,
        5.64189564831068821977e-1,
        7.46321056442269912687e0,
        4.86371970985681366614e1,
        1.96520832956077098242e2,
    ),
    *(
        5.26445194995477358631e2,
        9.34528527171957607540e2,
        1.02755188689515710272e3,
        5.57535335369399327526e2,
    ),
)
_Q = (
    *(
        1.0,
        1.32281951154744992508e1,
        8.67072140885989742329e1,
        3.54937778887819891062e2,
        9.75708501743205489753e2,
    ),
    *(
        1.82390916687909736289e3,
        2.24633760818710981792e3,
        1.65666309194161350182e3,
        5.57535340817727675546e2,
    ),
)
_TINY_TAIL = 6.0  # 1 − erf is below the last bit from here on


@emit.register
def _(motif: m.Tanh, graph: Graph, x: str) -> str:
    return graph.op("Tanh", x)


@emit.register
def _(motif: m.Sine, graph: Graph, x: str) -> str:
    return graph.op("Sin", x)


@emit.register
def _(motif: m.Log, graph: Graph, x: str) -> str:
    return graph.op("Log", x)


@emit.register
def _(motif: m.Power, graph: Graph, x: str) -> str:
    return graph.op("Pow", x, graph.constant(motif.exponent))


@emit.register
def _(motif: m.Single, graph: Graph, x: str) -> str:
    return graph.cast(graph.cast(x, "FLOAT"), "DOUBLE")


@emit.register
def _(motif: m.Erf, graph: Graph, x: str) -> str:
    """x T(x²)/U(x²) for |x| ≤ 1, else sign(x) (1 − e^{−x²} P(|x|)/Q(|x|))."""
    size, one = graph.op("Abs", x), graph.constant(1.0)
    inner = graph.op("Max", graph.op("Min", x, one), graph.constant(-1.0))
    square = graph.op("Mul", inner, inner)
    near = graph.op(
        "Mul",
        inner,
        graph.op("Div", _polynomial(graph, _T, square), _polynomial(graph, _U, square)),
    )
    outer = graph.op("Min", graph.op("Max", size, one), graph.constant(_TINY_TAIL))
    decay = graph.op("Exp", graph.op("Neg", graph.op("Mul", outer, outer)))
    tail = graph.op(
        "Mul", decay, graph.op("Div", _polynomial(graph, _P, outer), _polynomial(graph, _Q, outer))
    )
    far = graph.op("Mul", graph.op("Sign", x), graph.op("Sub", one, tail))
    return graph.op("Where", graph.op("LessOrEqual", size, one), near, far)


def _polynomial(graph: Graph, coefficients: Sequence[float], x: str) -> str:
    """By Horner's rule, the highest power first."""
    value = graph.constant(coefficients[0])
    for c in coefficients[1:]:
        value = graph.op("Add", graph.op("Mul", value, x), graph.constant(c))
    return value


@emit.register
def _(motif: m.Normalize, graph: Graph, x: str) -> str:
    axis = graph.constant([1])
    if motif.norm == "l2":
        size = graph.op("Sqrt", graph.op("ReduceSum", graph.op("Mul", x, x), axis))
    else:
        size = graph.op(
            "ReduceSum" if motif.norm == "l1" else "ReduceMax", graph.op("Abs", x), axis
        )
    return graph.op(
        "Div",
        x,
        graph.op("Where", graph.op("Equal", size, graph.constant(0.0)), graph.constant(1.0), size),
    )


@emit.register
def _(motif: m.ChiSquare, graph: Graph, x: str) -> str:
    def step(body: Graph, column: str, centre: str) -> str:
        column = body.op("Unsqueeze", column, graph.constant([1]))
        size, difference = body.op("Add", column, centre), body.op("Sub", column, centre)
        empty = body.op("Equal", size, graph.constant(0.0))
        term = body.op(
            "Div",
            body.op("Mul", difference, difference),
            body.op("Where", empty, graph.constant(1.0), size),
        )
        return body.op("Where", empty, graph.constant(0.0), term)

    zeros = graph.fill(x, torch.zeros(len(motif.centres), dtype=torch.float64))
    return graph.accumulate(zeros, [(x, 1), (graph.constant(motif.centres), 1)], step)


@emit.register
def _(motif: m.Coupling, graph: Graph, x: str) -> str:
    """A loop of iterations. The matrix Q of a row is a list of K columns with shape (batch, K)."""
    K = motif.classes
    pairs = {
        pair: graph.columns(x, [k])
        for k, pair in enumerate(zip(*torch.triu_indices(K, K, 1).tolist(), strict=True))
    }
    zero, one = graph.constant(0.0), graph.constant(1.0)
    r = {(i, j): value for i, j in pairs for value in (pairs[i, j],)} | {
        (j, i): graph.op("Sub", one, pairs[i, j]) for i, j in pairs
    }
    Q = []
    for t in range(K):
        others = [j for j in range(K) if j != t]
        own = graph.op("Sum", *[graph.op("Mul", r[j, t], r[j, t]) for j in others])
        entries = [
            own if j == t else graph.op("Neg", graph.op("Mul", r[j, t], r[t, j])) for j in range(K)
        ]
        Q.append(graph.op("Concat", *entries, axis=1))

    def round_(body: Graph, p: str) -> str:
        axis = graph.constant([1])
        Qp = body.op(
            "Concat", *[body.op("ReduceSum", body.op("Mul", q, p), axis) for q in Q], axis=1
        )
        pQp = body.op("ReduceSum", body.op("Mul", p, Qp), axis)
        error = body.op("ReduceMax", body.op("Abs", body.op("Sub", Qp, pQp)), axis)
        new = p
        for t in range(K):
            own, gradient = body.columns(Q[t], [t]), body.columns(Qp, [t])
            step = body.op("Div", body.op("Sub", pQp, gradient), own)
            size = body.op("Add", one, step)
            unit = graph.constant([[float(j == t) for j in range(K)]])
            new = body.op("Div", body.op("Add", new, body.op("Mul", step, unit)), size)
            gain = body.op(
                "Mul",
                step,
                body.op(
                    "Add", body.op("Mul", step, own), body.op("Mul", graph.constant(2.0), gradient)
                ),
            )
            pQp = body.op("Div", body.op("Add", pQp, gain), body.op("Mul", size, size))
            Qp = body.op("Div", body.op("Add", Qp, body.op("Mul", step, Q[t])), size)
        done = body.op("Less", error, graph.constant(COUPLING_TOLERANCE / K))
        return body.op("Where", done, p, new)

    start = graph.op("Add", graph.op("Mul", Q[0], zero), graph.constant(1 / K))
    return graph.repeat(start, max(COUPLING_ROUNDS, K), round_)


@emit.register
def _(motif: m.WeightedMedian, graph: Graph, x: str) -> str:
    values, order = graph.smallest(x)
    mass = graph.op(
        "CumSum",
        graph.op("Gather", graph.constant(motif.weights), order, axis=0),
        graph.constant(1),
    )
    half = graph.op("Div", graph.columns(mass, [-1]), graph.constant(2.0))
    reached = graph.cast(graph.op("GreaterOrEqual", mass, half), "INT64")
    return graph.op(
        "GatherElements", values, graph.op("ArgMax", reached, axis=1, keepdims=1), axis=1
    )


@emit.register
def _(motif: m.Gaps, graph: Graph, x: str) -> str:
    return graph.cast(graph.op("IsNaN", x), "DOUBLE")


@emit.register
def _(motif: m.Missing, graph: Graph, x: str) -> str:
    return graph.op(
        "Where",
        graph.op("Equal", x, graph.constant(motif.values)),
        graph.constant([float("nan")]),
        x,
    )


@emit.register
def _(motif: m.Fill, graph: Graph, x: str) -> str:
    return graph.op("Where", graph.op("IsNaN", x), graph.constant(motif.values), x)


@emit.register
def _(motif: m.Lookup, graph: Graph, x: str) -> str:
    """The row of the table with number Σ_k k 1{x = level k}.

    The last two rows are those of unseen levels and of missing values.
    """
    count = len(motif.levels)
    missing = graph.cast(graph.op("IsNaN", x), "DOUBLE")
    unseen = graph.op("Sub", graph.constant(1.0), missing)
    number = graph.op("Mul", missing, graph.constant(float(count + 1)))
    if count:
        equal = graph.cast(graph.op("Equal", x, graph.constant(motif.levels)), "DOUBLE")
        unseen = graph.op("Sub", unseen, graph.op("ReduceSum", equal, graph.constant([1])))
        numbers = graph.constant([[float(k)] for k in range(count)])
        number = graph.op("Add", number, graph.op("MatMul", equal, numbers))
    number = graph.op("Add", number, graph.op("Mul", unseen, graph.constant(float(count))))
    return graph.op(
        "Gather",
        graph.constant(motif.table),
        graph.op("Squeeze", graph.cast(number, "INT64"), graph.constant([1])),
        axis=0,
    )


@emit.register
def _(motif: m.Piecewise, graph: Graph, x: str) -> str:
    return graph.op(
        "Concat",
        *[_column(motif, j, graph, graph.columns(x, [j])) for j in range(len(motif.starts))],
        axis=1,
    )


def _column(motif: m.Piecewise, j: int, graph: Graph, x: str) -> str:
    starts, coefficients = motif.starts[j], motif.coefficients[j]
    passed = graph.op(
        "Greater" if motif.closed == "right" else "GreaterOrEqual", x, graph.constant(starts[1:])
    )
    segment = graph.op("ReduceSum", graph.cast(passed, "INT64"), graph.constant([1]), keepdims=0)
    start = graph.op("Gather", graph.constant(starts[:, None]), segment, axis=0)
    u, value = graph.op("Sub", x, start), ""
    for k in reversed(range(coefficients.shape[1])):
        factor = graph.op("Gather", graph.constant(coefficients[:, k]), segment, axis=0)
        value = graph.op("Add", graph.op("Mul", value, u), factor) if value else factor
    return value
