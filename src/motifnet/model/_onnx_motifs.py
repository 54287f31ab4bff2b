"""Motifs as ONNX operations: one emitter for each class of motif.

    emit(motif, graph, x) -> y     names of the values before and after

The graph repeats the formula of `forward` in float64, without operations that onnxruntime lacks in
float64 (Erf, Softplus, OneHotEncoder, PRelu). This file has structure, linear maps, kernels,
splines, trees and the algebra of columns. `_onnx_functions.py` and `_onnx_neighbours.py` have the
others.

Trees are the operation TreeEnsemble of ai.onnx.ml 5, the first version with float64 thresholds,
values and sums. A leaf of that operation adds one number to one target, so a tree whose leaves hold
q values is written q times. Trees of single precision are written in float32. onnxruntime adds them
in their order as long as one thread works on a row. Their thresholds are rounded down to float32,
which changes no comparison with a float32 number.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motifnet import motifs as m
from motifnet.engine import UsageError
from motifnet.kernels import divisors, smoothness
from motifnet.model._onnx_graph import ML, Graph
from motifnet.motifs import TreeEnsemble

Nodes = NDArray[np.int64]


@singledispatch
def emit(motif: nn.Module, graph: Graph, x: str) -> str:
    """Add the operations of a motif at value x, and return the name of its output."""
    known = ", ".join(sorted(kind.__name__ for kind in emit.registry if kind is not object))
    raise UsageError(
        f"There is no ONNX form of the motif {type(motif).__name__}; there is one for {known}. "
        "Use `to_torch`, or register one with `@emit.register`."
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
    terms = [
        graph.op("Mul", graph.constant(w), emit(f, graph, x))
        for w, f in zip(motif.weights, motif.branches, strict=True)
    ]
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
    images = [
        emit(motif.body, graph, graph.columns(x, permutation.tolist()))
        for permutation in motif.permutations
    ]
    return graph.op("Concat", *images, axis=1)


@emit.register
def _(motif: m.Affine, graph: Graph, x: str) -> str:
    return graph.op("Gemm", x, graph.constant(motif.weight), graph.constant(motif.bias), transB=1)


@emit.register
def _(motif: m.SparseAffine, graph: Graph, x: str) -> str:
    if motif.index.shape[1] == 1:
        chosen = graph.op("Gather", x, graph.constant(motif.index[:, 0]), axis=1)
        return graph.op(
            "Add",
            graph.constant(motif.bias),
            graph.op("Mul", chosen, graph.constant(motif.weight[:, 0])),
        )

    def step(body: Graph, index: str, weight: str) -> str:
        return body.op("Mul", body.op("Gather", x, index, axis=1), weight)

    return graph.accumulate(
        graph.fill(x, motif.bias),
        [(graph.constant(motif.index), 1), (graph.constant(motif.weight), 1)],
        step,
    )


@emit.register
def _(motif: m.ReLU, graph: Graph, x: str) -> str:
    return graph.op("Relu", x)


@emit.register
def _(motif: m.Distance, graph: Graph, x: str) -> str:
    """The columns are scanned, so that memory is O(batch × centres)."""

    def step(body: Graph, column: str, centres: str) -> str:
        difference = body.op("Sub", body.op("Unsqueeze", column, graph.constant([1])), centres)
        return (
            body.op("Abs", difference) if motif.p == 1 else body.op("Mul", difference, difference)
        )

    zeros = graph.fill(x, torch.zeros(len(motif.centres), dtype=torch.float64))
    total = graph.accumulate(zeros, [(x, 1), (graph.constant(motif.centres), 1)], step)
    return total if motif.p == 1 else graph.op("Sqrt", total)


@emit.register
def _(motif: m.Radial, graph: Graph, x: str) -> str:
    profiles = zip(motif.weights, motif.rates, motif.profiles, strict=True)
    return _sum(
        graph,
        [
            graph.op("Mul", graph.constant(w), _profile(name, a.detach().double(), graph, x))
            for w, a, name in profiles
        ],
    )


def _profile(name: str, a: Tensor, graph: Graph, t: str) -> str:
    p = smoothness(name)
    s = graph.op("Mul", graph.constant(torch.sqrt((2 * p + 1) * a * a) if p else a), t)
    if p is None:
        return graph.op("Exp", graph.op("Neg", graph.op("Mul", s, s)))
    decay = graph.op("Exp", graph.op("Neg", s))
    if p == 0:
        return decay
    factor, power = graph.op("Add", graph.constant(1.0), s), s
    for divisor in divisors(p)[2:]:
        power = graph.op("Mul", power, s)
        factor = graph.op("Add", factor, graph.op("Div", power, graph.constant(divisor)))
    return graph.op("Mul", factor, decay)


@emit.register
def _(motif: m.Hinge, graph: Graph, x: str) -> str:
    """A scan of the segments, Σ_k s_k min(σ(x − t_k), t_{k+1} − t_k), added to both ends."""

    def step(body: Graph, left: str, width: str, slope: str) -> str:
        return body.op(
            "Mul", body.op("Min", body.op("Relu", body.op("Sub", x, left)), width), slope
        )

    first, last = graph.constant(motif.knots[:, 0]), graph.constant(motif.knots[:, -1])
    below = graph.op(
        "Mul", graph.op("Relu", graph.op("Sub", first, x)), graph.constant(-motif.slopes[:, 0])
    )
    above = graph.op(
        "Mul", graph.op("Relu", graph.op("Sub", x, last)), graph.constant(motif.slopes[:, -1])
    )
    scanned = [motif.knots[:, :-1], motif.knots.diff(dim=1), motif.slopes]
    return graph.accumulate(
        graph.op("Add", below, above), [(graph.constant(t), 1) for t in scanned], step
    )


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
    return graph.cast(
        graph.op("Equal", columns, graph.op("ArgMax", x, axis=1, keepdims=1)), "DOUBLE"
    )


@emit.register
def _(motif: m.Sort, graph: Graph, x: str) -> str:
    return graph.smallest(x)[0]


@emit.register
def _(motif: m.Clip, graph: Graph, x: str) -> str:
    return graph.op(
        "Min", graph.op("Max", x, graph.constant(motif.low)), graph.constant(motif.high)
    )


@emit.register
def _(motif: m.Exp, graph: Graph, x: str) -> str:
    return graph.op("Exp", x)


@emit.register
def _(motif: m.Softmax, graph: Graph, x: str) -> str:
    return graph.op("Softmax", x, axis=1)


@emit.register
def _(motif: m.Sigmoid, graph: Graph, x: str) -> str:
    """1 / (1 + e^−x). onnxruntime's Sigmoid is 0 below −37 and loses ratios of probabilities."""
    return graph.op(
        "Reciprocal", graph.op("Add", graph.constant([1.0]), graph.op("Exp", graph.op("Neg", x)))
    )


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
    inside = graph.op(
        "And",
        graph.op("Greater", x, graph.constant(motif.low)),
        graph.op("LessOrEqual", x, graph.constant(motif.high)),
    )
    return graph.op("ReduceMin", graph.cast(inside, "DOUBLE"), graph.constant([1]))


@emit.register
def _(motif: m.Gate, graph: Graph, x: str) -> str:
    f = graph.op("Slice", x, graph.constant([0]), graph.constant([-1]), graph.constant([1]))
    shut = graph.op(
        "Mul",
        graph.constant(motif.bound),
        graph.op("Sub", graph.columns(x, [-1]), graph.constant(1.0)),
    )
    return graph.op(
        "Sub",
        graph.op("Relu", graph.op("Add", f, shut)),
        graph.op("Relu", graph.op("Sub", shut, f)),
    )


def _sum(graph: Graph, terms: list[str]) -> str:
    total = terms[0]
    for term in terms[1:]:
        total = graph.op("Add", total, term)
    return total


def tree_ensemble(graph: Graph, x: str, trees: TreeEnsemble) -> str:
    """Σ_t values[leaf_t(x)] with shape (batch, q), for values with shape (N, q).

    A row goes left if x[feature] ≤ threshold. A leaf points to itself.
    """
    arrays = {name: tensor.numpy() for name, tensor in trees.named_buffers()} | {
        "values": trees.values.detach().numpy()
    }
    if not trees.single:
        return _ensemble(graph, x, **arrays)
    arrays = _split(**arrays)
    threshold = arrays["threshold"].astype(np.float32)
    above = threshold > arrays["threshold"]
    arrays["threshold"] = np.where(above, np.nextafter(threshold, np.float32(-np.inf)), threshold)
    arrays["values"] = arrays["values"].astype(np.float32)
    return graph.cast(_ensemble(graph, graph.cast(x, "FLOAT"), **arrays), "DOUBLE")


def _split(**arrays: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The trees, where a single leaf becomes a split between this leaf and a copy.

    So every tree keeps its position in the sum. A leaf on both sides would do, but
    onnxruntime 1.27 and before reads other leaves then.
    """
    roots = arrays["roots"]
    single = np.flatnonzero(arrays["left"][roots] == roots)
    leaves, count = roots[single], len(single)
    split, copy = len(arrays["left"]) + np.arange(2 * count).reshape(2, count)
    new = {name: np.zeros((2 * count, *a.shape[1:]), dtype=a.dtype) for name, a in arrays.items()}
    new |= {"left": np.concatenate([leaves, copy]), "right": np.concatenate([copy, copy])}
    new["values"][count:] = arrays["values"][leaves]
    grown = {name: np.concatenate([a, new[name]]) for name, a in arrays.items()}
    grown["roots"] = roots.copy()
    grown["roots"][single] = split
    return grown


def _ensemble(
    graph: Graph,
    x: str,
    feature: Nodes,
    threshold: NDArray[Any],
    left: Nodes,
    right: Nodes,
    roots: Nodes,
    values: NDArray[Any],
) -> str:
    """The operation, in the type of thresholds and values."""
    from onnx import numpy_helper

    leaf = left == np.arange(len(left))
    constant = values[roots[leaf[roots]]].sum(axis=0)  # trees that are one leaf
    roots = roots[~leaf[roots]]
    if not len(roots):
        return graph.fill(x, constant)
    q, inner = values.shape[1], np.flatnonzero(~leaf)
    # number among the leaves, or among the inner nodes
    number = np.where(leaf, np.cumsum(leaf), np.cumsum(~leaf)) - 1
    copies = np.arange(q)

    def tiled(index: Nodes) -> list[int]:
        """Numbers of nodes in each of the q copies."""
        size = np.where(leaf[index], int(leaf.sum()), len(inner))
        return (number[index] + copies[:, None] * size).ravel().tolist()

    total = graph.op(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=q,
        aggregate_function=1,
        post_transform=0,
        tree_roots=tiled(roots),
        nodes_featureids=np.tile(feature[inner], q).tolist(),
        nodes_splits=numpy_helper.from_array(np.tile(threshold[inner], q)),
        nodes_modes=numpy_helper.from_array(np.zeros(q * len(inner), dtype=np.uint8)),  # 0: ≤
        nodes_truenodeids=tiled(left[inner]),
        nodes_falsenodeids=tiled(right[inner]),
        nodes_trueleafs=np.tile(leaf[left[inner]], q).astype(int).tolist(),
        nodes_falseleafs=np.tile(leaf[right[inner]], q).astype(int).tolist(),
        leaf_weights=numpy_helper.from_array(np.ascontiguousarray(values[leaf].T).ravel()),
        leaf_targetids=np.repeat(copies, leaf.sum()).tolist(),
    )
    return graph.op("Add", total, graph.constant(constant)) if constant.any() else total
