"""Boosted trees as networks: one tree ensemble for each output."""

from __future__ import annotations

import torch

from motifnet.mimicry._base import transfer
from motifnet.motifs import Chain, Concat, Motif, TreeEnsemble
from motifnet.teachers import FittedTrees, Forest


def tree_network(forest: Forest, single: bool = False) -> TreeEnsemble:
    """The network of a forest: the same arrays; single: its sums are rounded to float32."""
    names = ("feature", "threshold", "left", "right", "roots", "values")
    return TreeEnsemble(depth=forest.depth, single=single, **{name: torch.as_tensor(getattr(forest, name)) for name in names})


@transfer.register
def _(fitted: FittedTrees) -> Motif:
    networks: list[Motif] = [tree_network(forest) for forest in fitted.forests]
    return Chain(networks if len(networks) == 1 else [Concat(networks)], label="trees")
