"""What the visited set of a walk near a minimum looks like.

    participation ratio (tr Σ)²/tr Σ² of the covariance Σ of the points: in how many directions the walk lives, whatever the number of parameters
    essential convexity: share of points with ⟨∇R(θ_t), θ_t − θ̄⟩ ≥ 0 on the leading directions of the set: 1 in a convex bowl, about ½ without one
    gap proxy (Π_l s_l) Σ_l (r_l/s_l) ‖X‖_F/n, s_l the spectral norm of layer l, r_l the diameter that the walk gave it

The last has the shape of the bound of Imaizumi and Schmidt-Hieber without its constants: it compares walks of one network, and is no estimate of the
gap between test and training error.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.landscape._gaussian_sgd import Walk
from motifnet.landscape._risk import Risk


@dataclass(frozen=True)
class Visited:
    """See the module; diameter: the largest distance of two points; gap_proxy is NaN where no risk was given."""

    parameters: int
    stagnated: int | None
    steps: int
    participation_ratio: float
    essential_convexity: float
    diameter: float
    gap_proxy: float

    @property
    def sentence(self) -> str:
        size = f"{self.participation_ratio:.1f} effective directions of {self.parameters:,}, essential convexity {self.essential_convexity:.2f}"
        if self.stagnated is None:
            return f"Gaussian SGD had not come to rest after {self.steps:,} steps ({size}): more steps, a smaller rate or larger batches."
        shape = (
            "the loss is convex along them" if self.essential_convexity >= 0.9 else "the loss is not convex along them, so bowl formulas are rough"
        )
        return f"Gaussian SGD came to rest after {self.stagnated:,} steps and stays in {size}: {shape}."


def visited(walk: Walk, risk: Risk | None = None) -> Visited:
    """Measures of the visited set of a walk."""
    centred = walk.points - walk.points.mean(0)
    gram = centred @ centred.T  # has the eigenvalues of Σ, times the number of points
    ratio = float(gram.trace() ** 2 / gram.square().sum()) if gram.any() else 0.0
    vectors = torch.linalg.eigh(gram)[1]
    lead = vectors.flip(1)[:, : max(1, round(ratio))]
    basis = torch.linalg.qr(centred.T @ lead).Q
    inner = ((walk.gradients @ basis) * (centred @ basis)).sum(1)
    return Visited(
        parameters=walk.points.shape[1],
        stagnated=walk.stagnated,
        steps=walk.steps,
        participation_ratio=ratio,
        essential_convexity=float((inner >= 0).double().mean()),
        diameter=_diameter(walk.points),
        gap_proxy=float("nan") if risk is None else _gap_proxy(walk, risk),
    )


def _diameter(points: Tensor) -> float:
    return float(torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").max())


def _gap_proxy(walk: Walk, risk: Risk) -> float:
    """Over the parameter tensors that are matrices, kernels of convolutions as (outputs, rest)."""
    ends = risk.named(walk.end)
    layers = {name: value.flatten(1) for name, value in ends.items() if value.ndim > 1}
    columns = dict(zip(risk.shapes, torch.split(walk.points, [s.numel() for s in risk.shapes.values()], dim=1), strict=True))
    norms = {name: float(torch.linalg.matrix_norm(value, 2)) for name, value in layers.items()}
    product = torch.tensor(list(norms.values())).prod()
    return float(product * sum(_diameter(columns[name]) / s for name, s in norms.items()) * risk.X.norm() / risk.n)
