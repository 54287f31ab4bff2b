"""Trees as the operation TreeEnsemble of ai.onnx.ml 5, the first version with float64 thresholds, values and sums.

A leaf of that operation adds one number to one target, so a tree whose leaves hold q values is written q times. Trees of single precision are
written in float32, which onnxruntime adds in their order as long as one thread works on a row; their thresholds are rounded down: a number of float32
is below one or not as it is below the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bundle._onnx_graph import ML, Graph
from motifnet.motifs import TreeEnsemble

Nodes = NDArray[np.int64]


def tree_ensemble(graph: Graph, x: str, trees: TreeEnsemble) -> str:
    """Σ_t values[leaf_t(x)] with shape (batch, q): left if x[feature] ≤ threshold; a leaf points to itself; values with shape (N, q)."""
    arrays = {name: tensor.numpy() for name, tensor in trees.named_buffers()} | {"values": trees.values.detach().numpy()}
    if not trees.single:
        return _ensemble(graph, x, **arrays)
    arrays = _split(**arrays)
    threshold = arrays["threshold"].astype(np.float32)
    above = threshold > arrays["threshold"]
    arrays["threshold"] = np.where(above, np.nextafter(threshold, np.float32(-np.inf)), threshold)
    arrays["values"] = arrays["values"].astype(np.float32)
    return graph.cast(_ensemble(graph, graph.cast(x, "FLOAT"), **arrays), "DOUBLE")


def _split(**arrays: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The trees, where one that is a leaf alone becomes a split with this leaf on both sides: it keeps its place in the sum."""
    roots = arrays["roots"]
    alone = np.flatnonzero(arrays["left"][roots] == roots)
    new = {name: np.zeros((len(alone), *a.shape[1:]), dtype=a.dtype) for name, a in arrays.items()} | {"left": roots[alone], "right": roots[alone]}
    grown = {name: np.concatenate([a, new[name]]) for name, a in arrays.items()}
    grown["roots"] = roots.copy()
    grown["roots"][alone] = len(arrays["left"]) + np.arange(len(alone))
    return grown


def _ensemble(graph: Graph, x: str, feature: Nodes, threshold: NDArray[Any], left: Nodes, right: Nodes, roots: Nodes, values: NDArray[Any]) -> str:
    """The operation, in the type of thresholds and values."""
    from onnx import numpy_helper

    leaf = left == np.arange(len(left))
    constant = values[roots[leaf[roots]]].sum(axis=0)  # trees that are one leaf
    roots = roots[~leaf[roots]]
    if not len(roots):
        return graph.fill(x, constant)
    q, inner = values.shape[1], np.flatnonzero(~leaf)
    place = np.where(leaf, np.cumsum(leaf), np.cumsum(~leaf)) - 1  # among the leaves, or among the inner nodes
    copies = np.arange(q)

    def tiled(index: Nodes) -> list[int]:
        """Places of nodes in each of the q copies."""
        size = np.where(leaf[index], int(leaf.sum()), len(inner))
        return (place[index] + copies[:, None] * size).ravel().tolist()

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
