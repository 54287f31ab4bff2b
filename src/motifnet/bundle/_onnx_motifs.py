"""Motifs as ONNX operations: one emitter for each class of motif.

    emit(motif, graph, x) -> y     names of the values before and after

The graph repeats the formula of `forward` in float64. Operations that onnxruntime lacks in float64 (Erf, Softplus, OneHotEncoder, PRelu) are not
used.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np
import torch
from torch import Tensor, nn

from motifnet import motifs as m
from motifnet.bundle._onnx_graph import Graph
from motifnet.bundle._onnx_trees import tree_ensemble
from motifnet.engine import UsageError
from motifnet.kernels import smoothness


@singledispatch
def emit(motif: nn.Module, graph: Graph, x: str) -> str:
    """Add the operations of a motif at value x; the name of its output."""
    known = ", ".join(sorted(kind.__name__ for kind in emit.registry if kind is not object))
    raise UsageError(
        f"There is no ONNX form of the motif {type(motif).__name__}; there is one for {known}. Use `to_torch`, or register one with `@emit.register`."
    )


@emit.register
def _(motif: m.Identity, graph: Graph, x: str) -> str:
    return x


@emit.register
def _(motif: m.Precise, graph: Graph, x: str) -> str:
    return emit(motif.body, graph, x)  # all is float64 here


@emit.register
def _(motif: m.Select, graph: Graph, x: str) -> str:
    return graph.columns(x, motif.columns)


@emit.register
def _(motif: m.Chain, graph: Graph, x: str) -> str:
    for part in motif.parts:
        x = emit(part, graph, x)
    return x


@emit.register
def _(motif: m.Parallel, graph: Graph, x: str) -> str:
    terms = [graph.op("Mul", graph.constant(w), emit(f, graph, x)) for w, f in zip(motif.weights, motif.branches, strict=True)]
    return _sum(graph, terms)


@emit.register
def _(motif: m.Concat, graph: Graph, x: str) -> str:
    return graph.op("Concat", *[emit(branch, graph, x) for branch in motif.branches], axis=1)


@emit.register
def _(motif: m.Residual, graph: Graph, x: str) -> str:
    return graph.op("Add", x, emit(motif.body, graph, x))


@emit.register
def _(motif: m.GroupAverage, graph: Graph, x: str) -> str:
    images = []
    for permutation, signs in zip(motif.permutations, motif.signs, strict=True):
        moved = graph.op("Mul", graph.columns(x, permutation.tolist()), graph.constant(signs))
        images.append(emit(motif.body, graph, moved))
    return graph.op("Div", _sum(graph, images), graph.constant(float(len(images))))


@emit.register
def _(motif: m.Images, graph: Graph, x: str) -> str:
    images = [emit(motif.body, graph, graph.columns(x, permutation.tolist())) for permutation in motif.permutations]
    return graph.op("Concat", *images, axis=1)


@emit.register
def _(motif: m.Affine, graph: Graph, x: str) -> str:
    return graph.op("Gemm", x, graph.constant(motif.weight), graph.constant(motif.bias), transB=1)


@emit.register
def _(motif: m.SparseAffine, graph: Graph, x: str) -> str:
    if motif.index.shape[1] == 1:
        chosen = graph.op("Gather", x, graph.constant(motif.index[:, 0]), axis=1)
        return graph.op("Add", graph.constant(motif.bias), graph.op("Mul", chosen, graph.constant(motif.weight[:, 0])))

    def step(body: Graph, index: str, weight: str) -> str:
        return body.op("Mul", body.op("Gather", x, index, axis=1), weight)

    return graph.accumulate(graph.fill(x, motif.bias), [(graph.constant(motif.index), 1), (graph.constant(motif.weight), 1)], step)


@emit.register
def _(motif: m.ReLU, graph: Graph, x: str) -> str:
    return graph.op("Relu", x)


@emit.register
def _(motif: m.Distance, graph: Graph, x: str) -> str:
    """The columns are scanned, so that memory is O(batch × centres)."""

    def step(body: Graph, column: str, centres: str) -> str:
        difference = body.op("Sub", body.op("Unsqueeze", column, graph.constant([1])), centres)
        return body.op("Abs", difference) if motif.p == 1 else body.op("Mul", difference, difference)

    zeros = graph.fill(x, torch.zeros(len(motif.centres), dtype=torch.float64))
    total = graph.accumulate(zeros, [(x, 1), (graph.constant(motif.centres), 1)], step)
    return total if motif.p == 1 else graph.op("Sqrt", total)


@emit.register
def _(motif: m.Radial, graph: Graph, x: str) -> str:
    profiles = zip(motif.weights, motif.rates, motif.profiles, strict=True)
    return _sum(graph, [graph.op("Mul", graph.constant(w), _profile(name, a.detach().double(), graph, x)) for w, a, name in profiles])


def _profile(name: str, a: Tensor, graph: Graph, t: str) -> str:
    p = smoothness(name)
    s = graph.op("Mul", graph.constant(torch.sqrt((2 * p + 1) * a * a) if p else a), t)
    if p is None:
        return graph.op("Exp", graph.op("Neg", graph.op("Mul", s, s)))
    decay = graph.op("Exp", graph.op("Neg", s))
    if p == 0:
        return decay
    factor = graph.op("Add", graph.constant(1.0), s)
    if p == 2:
        factor = graph.op("Add", factor, graph.op("Div", graph.op("Mul", s, s), graph.constant(3.0)))
    return graph.op("Mul", factor, decay)


@emit.register
def _(motif: m.Hinge, graph: Graph, x: str) -> str:
    """The segments are scanned: Σ_k s_k min(σ(x − t_k), t_{k+1} − t_k), from the two ends as the start."""

    def step(body: Graph, left: str, width: str, slope: str) -> str:
        return body.op("Mul", body.op("Min", body.op("Relu", body.op("Sub", x, left)), width), slope)

    first, last = graph.constant(motif.knots[:, 0]), graph.constant(motif.knots[:, -1])
    below = graph.op("Mul", graph.op("Relu", graph.op("Sub", first, x)), graph.constant(-motif.slopes[:, 0]))
    above = graph.op("Mul", graph.op("Relu", graph.op("Sub", x, last)), graph.constant(motif.slopes[:, -1]))
    scanned = [motif.knots[:, :-1], motif.knots.diff(dim=1), motif.slopes]
    return graph.accumulate(graph.op("Add", below, above), [(graph.constant(t), 1) for t in scanned], step)


@emit.register
def _(motif: m.TreeEnsemble, graph: Graph, x: str) -> str:
    return tree_ensemble(graph, x, motif)


@emit.register
def _(motif: m.Abs, graph: Graph, x: str) -> str:
    return graph.op("Abs", x)


@emit.register
def _(motif: m.Max, graph: Graph, x: str) -> str:
    return graph.op("ReduceMax", x, graph.constant([1]))


@emit.register
def _(motif: m.Min, graph: Graph, x: str) -> str:
    return graph.op("ReduceMin", x, graph.constant([1]))


@emit.register
def _(motif: m.ArgMax, graph: Graph, x: str) -> str:
    return graph.cast(graph.op("ArgMax", x, axis=1, keepdims=1), "DOUBLE")


@emit.register
def _(motif: m.Largest, graph: Graph, x: str) -> str:
    width = graph.op("Squeeze", graph.op("Shape", x, start=1, end=2))
    columns = graph.op("Range", graph.constant(0), width, graph.constant(1))
    return graph.cast(graph.op("Equal", columns, graph.op("ArgMax", x, axis=1, keepdims=1)), "DOUBLE")


@emit.register
def _(motif: m.Sort, graph: Graph, x: str) -> str:
    return graph.ops("TopK", x, graph.op("Shape", x, start=1, end=2), outputs=2, axis=1, largest=0)[0]


@emit.register
def _(motif: m.Clip, graph: Graph, x: str) -> str:
    return graph.op("Min", graph.op("Max", x, graph.constant(motif.low)), graph.constant(motif.high))


@emit.register
def _(motif: m.Exp, graph: Graph, x: str) -> str:
    return graph.op("Exp", x)


@emit.register
def _(motif: m.Softmax, graph: Graph, x: str) -> str:
    return graph.op("Softmax", x, axis=1)


@emit.register
def _(motif: m.Sigmoid, graph: Graph, x: str) -> str:
    """1 / (1 + e^−x): onnxruntime's own Sigmoid is 0 below −37, where ratios of probabilities still have all their digits."""
    return graph.op("Reciprocal", graph.op("Add", graph.constant([1.0]), graph.op("Exp", graph.op("Neg", x))))


@emit.register
def _(motif: m.Square, graph: Graph, x: str) -> str:
    return graph.op("Mul", x, x)


@emit.register
def _(motif: m.Product, graph: Graph, x: str) -> str:
    return graph.op("Mul", *graph.ops("Split", x, outputs=2, axis=1, num_outputs=2))


@emit.register
def _(motif: m.Monomial, graph: Graph, x: str) -> str:
    return graph.op("Concat", *[_term(row, graph, x) for row in motif.powers], axis=1)


def _term(row: list[int], graph: Graph, x: str) -> str:
    value = graph.fill(x, np.ones(1))
    for j, power in enumerate(row):
        for _ in range(power):
            value = graph.op("Mul", value, graph.columns(x, [j]))
    return value


@emit.register
def _(motif: m.Step, graph: Graph, x: str) -> str:
    if float(motif.width) == 0:
        return graph.cast(graph.op("Greater", x, graph.constant(0.0)), "DOUBLE")
    ramp = graph.op("Add", graph.op("Div", x, graph.constant(motif.width)), graph.constant(0.5))
    return graph.op("Min", graph.op("Max", ramp, graph.constant(0.0)), graph.constant(1.0))


@emit.register
def _(motif: m.Box, graph: Graph, x: str) -> str:
    inside = graph.op("And", graph.op("Greater", x, graph.constant(motif.low)), graph.op("LessOrEqual", x, graph.constant(motif.high)))
    return graph.op("ReduceMin", graph.cast(inside, "DOUBLE"), graph.constant([1]))


@emit.register
def _(motif: m.Gate, graph: Graph, x: str) -> str:
    f = graph.op("Slice", x, graph.constant([0]), graph.constant([-1]), graph.constant([1]))
    shut = graph.op("Mul", graph.constant(motif.bound), graph.op("Sub", graph.columns(x, [-1]), graph.constant(1.0)))
    return graph.op("Sub", graph.op("Relu", graph.op("Add", f, shut)), graph.op("Relu", graph.op("Sub", shut, f)))


def _sum(graph: Graph, terms: list[str]) -> str:
    total = terms[0]
    for term in terms[1:]:
        total = graph.op("Add", total, term)
    return total
