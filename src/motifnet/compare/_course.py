"""What a fit of ours went through: predictions of the network after each stage, and the share of the trees in the finished one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from motifnet.motifs import Motif

KERNEL_STAGES = ("transferred", "last layer", "log scale", "inner layers")


def stage_outputs(model: Any, X: pd.DataFrame) -> Iterator[tuple[Any, bool, NDArray[np.float64]]]:
    """Each stage of a fitted estimator, whether it was kept, and its network's values at X."""
    import torch

    encoded = torch.as_tensor(model.encode(X))
    kept = {row.stage: row.kept for row in model.ledger_}
    for stage in model.stages_:
        with torch.no_grad():
            yield stage, kept[stage.name], torch.cat([stage.network(part) for part in encoded.split(1024)]).numpy()


def retrained(stages: list[tuple[str, bool, float]]) -> float:
    """Error of the kernel network that is kept once its layers are trained, of stages as (name, kept, error); trees have no part in it."""
    errors = [error for name, kept, error in stages if kept and name.startswith(KERNEL_STAGES)]
    return errors[-1] if errors else float("nan")


def tree_share(network: Motif) -> float:
    """Weight of the branches that are trees, relative to all branches of the outermost parallel network of non-negative weights."""
    from motifnet.motifs import Parallel

    outer = next((part for part in network.modules() if isinstance(part, Parallel) and bool((part.weights >= 0).all())), None)
    if outer is None:
        return float(_has_trees(network))
    weights = outer.weights.detach().reshape(len(outer.branches), -1).mean(1).tolist()
    return sum(w for w, branch in zip(weights, outer.branches, strict=True) if _has_trees(branch)) / (sum(weights) or 1.0)


def _has_trees(network: Motif) -> bool:
    from motifnet.motifs import TreeEnsemble

    return any(isinstance(part, TreeEnsemble) for part in network.modules())
