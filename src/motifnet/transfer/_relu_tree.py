"""Trees in relu form: a layer of steps, a layer of leaves, and the values (Sethi 1990).

    step of a split   s = σ(z) − σ(z − 1),  z = (x_f − θ)/δ:  0 for x_f ≤ θ, 1 for x_f ≥ θ + δ
    leaf              σ(Σ_{right} s + Σ_{left} (1 − s) − (depth − 1)):  1 in the leaf, 0 elsewhere

The form is exact where no x_f lies in a band (θ, θ + δ). δ is a small share of the range of the
column, and smaller where a row would lie in the band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet import motifs as m
from motifnet.engine import Matrix
from motifnet.transfer._relu import Plan, relu_rule
from motifnet.transfer._relu_signal import EPS, Signal, array
from motifnet.transfer._transfer import tensor

_BAND, _MIN_BAND = 1e-5, 1e-8  # shares of the range of a column
_CHUNK_UNITS = 2_048  # leaves and splits of one chunk

Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Leaf:
    """The node of a leaf and its path: the split nodes, and True where it goes right."""

    node: int
    splits: tuple[int, ...]
    right: tuple[bool, ...]


@relu_rule.register
def _(motif: m.TreeEnsemble, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    left, right = motif.left.tolist(), motif.right.tolist()
    trees = [_leaves(left, right, root) for root in motif.roots.tolist()]
    feature = array(motif.feature).astype(np.int64)
    threshold = array(motif.threshold)
    values = array(motif.values)
    band = _bands(feature, threshold, signal)
    chunks = [_chunk(group, feature, threshold, band, values) for group in _grouped(trees)]
    used = np.unique(
        [split for leaves in trees for leaf in leaves for split in leaf.splits]
    ).astype(np.int64)
    _note(plan, feature[used], threshold[used], band[used], signal)
    rounding = 8 * EPS * (signal.size[feature] + np.abs(threshold)) / band
    errors = sum(
        (
            np.abs(values[leaf.node]) * (rounding[list(leaf.splits)].sum() + 8 * EPS)
            for t in trees
            for leaf in t
        ),
        np.zeros(values.shape[1]),
    )
    if motif.single:  # only the native form rounds its sums to float32
        errors += (
            len(trees)
            * np.finfo(np.float32).eps
            * sum(np.abs(values[[leaf.node for leaf in t]]).max(axis=0) for t in trees)
        )
    low = sum(
        (values[[leaf.node for leaf in t]].min(axis=0) for t in trees), np.zeros(values.shape[1])
    )
    high = sum(
        (values[[leaf.node for leaf in t]].max(axis=0) for t in trees), np.zeros(values.shape[1])
    )
    network = (
        chunks[0]
        if len(chunks) == 1
        else m.Parallel(torch.ones(len(chunks), dtype=torch.float64), chunks)
    )
    return network, Signal(low, high, errors)


def _leaves(left: list[int], right: list[int], root: int) -> list[_Leaf]:
    """Leaves of one tree; a leaf is a node that points to itself."""
    found, stack = [], [_Leaf(root, (), ())]
    while stack:
        at = stack.pop()
        if left[at.node] == at.node:
            found.append(at)
        else:
            stack += [
                _Leaf(child, (*at.splits, at.node), (*at.right, side))
                for child, side in ((left[at.node], False), (right[at.node], True))
            ]
    return found


def _bands(feature: Index, threshold: Matrix, signal: Signal) -> Matrix:
    """δ of each node."""
    spread = np.maximum(signal.high - signal.low, 1e-300)[feature]
    band = _BAND * spread
    if signal.rows is not None:
        for f in np.unique(feature):
            column, mine = np.unique(signal.rows[:, f]), feature == f
            above = np.searchsorted(column, threshold[mine], side="right")
            distance = np.where(
                above < len(column),
                column[np.minimum(above, len(column) - 1)] - threshold[mine],
                np.inf,
            )
            band[mine] = np.minimum(band[mine], distance)
    return np.maximum(band, _MIN_BAND * spread)


def _note(plan: Plan, feature: Index, threshold: Matrix, band: Matrix, signal: Signal) -> None:
    """Note the largest share of the box that lies in bands, and the share of the rows."""
    splits = (
        np.unique(np.stack([feature, threshold, band]), axis=1)
        if len(feature)
        else np.zeros((3, 0))
    )
    spread = np.maximum(signal.high - signal.low, 1e-300)
    share = min(1.0, float((splits[2] / spread[splits[0].astype(np.int64)]).sum()))
    note = f"jumps of trees are ramps in bands that hold at most {share:.1%} of the box"
    if signal.rows is not None:
        inside = np.zeros(len(signal.rows), dtype=bool)
        for f, t, delta in splits.T:
            column = signal.rows[:, int(f)]
            inside |= (column > t) & (column < t + delta)
        note += f" and {inside.mean():.1%} of the rows"
    plan.notes.append(note)


def _grouped(trees: list[list[_Leaf]]) -> list[list[_Leaf]]:
    """Leaves of whole trees in groups of about `_CHUNK_UNITS` units."""
    groups: list[list[_Leaf]] = [[]]
    for leaves in trees:
        if groups[-1] and 3 * (len(groups[-1]) + len(leaves)) > _CHUNK_UNITS:
            groups.append([])
        groups[-1].extend(leaves)
    return groups


def _chunk(
    leaves: list[_Leaf], feature: Index, threshold: Matrix, band: Matrix, values: Matrix
) -> m.Motif:
    """Steps, leaves and values of some trees."""
    nodes = np.unique([split for leaf in leaves for split in leaf.splits]).astype(np.int64)
    position = {int(node): i for i, node in enumerate(nodes)}
    longest = max([1, *(len(leaf.splits) for leaf in leaves)])
    index = np.zeros((len(leaves), longest), dtype=np.int64)
    weight = np.zeros((len(leaves), longest))
    bias = np.ones(len(leaves))
    for row, leaf in enumerate(leaves):
        index[row, : len(leaf.splits)] = [position[split] for split in leaf.splits]
        weight[row, : len(leaf.splits)] = np.where(leaf.right, 1.0, -1.0)
        bias[row] = 1 - sum(leaf.right)
    head = _steps(feature[nodes], threshold[nodes], band[nodes]) if len(nodes) else []
    leaf_layer = m.SparseAffine(torch.as_tensor(index), tensor(weight), tensor(bias))
    sums = values[[leaf.node for leaf in leaves]].T
    return m.Chain(
        [
            *head,
            leaf_layer,
            m.ReLU(),
            m.Affine(tensor(sums), torch.zeros(len(sums), dtype=torch.float64)),
        ]
    )


def _steps(feature: Index, threshold: Matrix, band: Matrix) -> list[m.Motif]:
    """s of every split, from σ(z) and σ(z − 1)."""
    U = len(feature)
    columns, scale = torch.as_tensor(np.tile(feature, 2))[:, None], tensor(np.tile(1 / band, 2))
    shift = tensor(np.concatenate([-threshold / band, -threshold / band - 1]))
    pairs = torch.arange(2 * U).reshape(2, U).T.contiguous()
    return [
        m.SparseAffine(columns, scale[:, None], shift),
        m.ReLU(),
        m.SparseAffine(
            pairs,
            torch.tensor([[1.0, -1.0]], dtype=torch.float64).repeat(U, 1),
            torch.zeros(U, dtype=torch.float64),
        ),
    ]
