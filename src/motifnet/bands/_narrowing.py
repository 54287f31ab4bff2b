"""How much smaller residuals are once no fold is missing.

Out-of-fold residuals come from fits to a part of the rows, the finished network from all of them. How much that matters is measured where algebra
gives both: for the convex fit, by its residuals with one row left out (with groups, one group) and with a whole fold left out,

    ρ = min( 1, Σ w |r_LOO| / Σ w |r_fold| ),      r_B = (P_BB)⁻¹ α_B

Conformal scores are multiplied by ρ. That takes the learning curve of the network for that of its convex fit, which is an assumption; coverage with
it is measured in docs/intervals.md. Forward in time nothing is known of the future, and ρ = 1.
"""

from __future__ import annotations

import numpy as np
import torch

from motifnet.kernels import blocks_of, leave_out_residuals, projector
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel

MOST_ROWS = 1_000
_LEAST = 0.5


def narrowing(sample: Sample, convex: FittedKernel, seed: int) -> float:
    """ρ, from at most `MOST_ROWS` rows."""
    if sample.folds.forward:
        return 1.0
    chosen = np.sort(np.random.default_rng([seed, 2]).permutation(sample.n)[:MOST_ROWS])
    X, y, w = (torch.as_tensor(part[chosen]) for part in (sample.X, sample.y, sample.weight))
    single = None if sample.groups is None else blocks_of(torch.as_tensor(sample.groups[chosen]), len(chosen))
    folds, scored = blocks_of(torch.as_tensor(sample.folds.of[chosen]), len(chosen)), torch.as_tensor(sample.folds.scored[chosen])
    try:
        P = projector(convex.kernel.gram(X, X), convex.ridge / w)
        alone, together = (float(((w * scored)[:, None] * leave_out_residuals(P, P @ y, blocks).abs()).sum()) for blocks in (single, folds))
    except RuntimeError:  # LinAlgError, singular in this precision: nothing is known, and a fit must not end by its intervals
        return 1.0
    return min(1.0, max(_LEAST, alone / together)) if together > 0 and np.isfinite(alone) else 1.0
