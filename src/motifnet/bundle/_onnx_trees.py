"""Trees as the operation TreeEnsemble of ai.onnx.ml 5, the first version with float64 thresholds, values and sums.

A leaf of that operation adds one number to one target, so a tree whose leaves hold q values is written q times.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from motifnet.bundle._onnx_graph import ML, Graph

Nodes = NDArray[np.int64]


def tree_ensemble(
    graph: Graph, x: str, feature: Nodes, threshold: NDArray[np.float64], left: Nodes, right: Nodes, roots: Nodes, values: NDArray[np.float64]
) -> str:
    """Σ_t values[leaf_t(x)] with shape (batch, q): left if x[feature] ≤ threshold; a leaf points to itself; values with shape (N, q)."""
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
    return graph.op("Add", total, graph.constant(constant))
