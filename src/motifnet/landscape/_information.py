"""How many parameters the rows determine, and what fitting them costs: effective dimension and Takeuchi's information criterion.

With H the Gauss–Newton matrix of the negative log-likelihood, C₂ = (1/n) Σ_i g_i g_iᵀ and a prior or weight decay λ,

    d_eff = tr H (H + λI)⁻¹,   TIC = n · mean negative log-likelihood + tr C₂ (H + λI)⁻¹

If the model is right C₂ = H at the optimum, the penalty is the number of parameters and TIC is AIC/2. Squared loss is read as a Gaussian likelihood
of estimated variance σ², one parameter more, whose share of the penalty is Var ‖e‖²/(2Kσ⁴) for K outputs with residuals e. A large network is judged
by its last layer. Both need the fitted optimum; TIC means nothing where the residuals vanish, and both are expansions for many rows a parameter: on
held-out rows the penalty was too small by far where parameters were more than a tenth of the rows, and the widest network was chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from motifnet.landscape._gauss_newton import factor
from motifnet.landscape._risk import CHUNK, Risk

INTERPOLATES = 1e-8  # residual variance as a share of that of y
MAX_RATIO = 0.1  # of parameters to rows up to which the criterion is trusted


@dataclass(frozen=True)
class Information:
    """criterion, akaike: n · NLL plus the penalty, and plus the number of parameters; NaN where the residuals vanish. part: whole, or last layer.

    ratio: of the parameters of the whole network to rows; trusted: whether it is small enough for the criterion to choose between networks.
    """

    effective_dimension: float
    penalty: float
    criterion: float
    akaike: float
    parameters: int
    decay: float
    part: str
    ratio: float

    @property
    def trusted(self) -> bool:
        return self.ratio <= MAX_RATIO and not math.isnan(self.criterion)

    @property
    def sentence(self) -> str:
        of = f"{self.parameters:,} parameters" + ("" if self.part == "whole" else f" of the {self.part}")
        head = f"The rows determine {self.effective_dimension:.1f} of {of} (decay {self.decay:.2g})"
        if math.isnan(self.criterion):
            return f"{head}; the residuals vanish, so an information criterion says nothing: use held-out error."
        values = f"Takeuchi's criterion {self.criterion:.5g} with penalty {self.penalty:.1f} (AIC/2: {self.akaike:.5g})"
        if not self.trusted:
            limit = f"{self.ratio:.2g} parameters a row; above {MAX_RATIO:g} the criterion is too kind to large networks: use held-out error"
            return f"{head}; {values}. Warning: {limit}."
        return f"{head}; {values}. On the same rows smaller is better."


def information(risk: Risk, decay: float | None = None) -> Information:
    """Effective dimension and TIC at the fitted parameters. decay: λ; 1/n, a prior of variance one, when None."""
    outputs = risk.outputs(risk.theta, risk.X[:1]).numel()
    judged, part = (risk, "whole") if risk.n * outputs * risk.p <= CHUNK else (_last_layer(risk), "last layer")
    lam = 1 / risk.n if decay is None else decay
    nll, scale, extra = _likelihood(risk)
    _, s, V = torch.linalg.svd(factor(judged) * scale**0.5, full_matrices=False)
    keep = s > 1e-10 * s[0]
    values = s[keep].square()
    scores = judged.row_gradients(judged.theta) @ V[keep].T * scale
    penalty = float((scores.square().mean(0) / (values + lam)).sum()) + (extra or 0.0)
    count = judged.p + (0 if extra is None else 1)
    return Information(float((values / (values + lam)).sum()), penalty, nll + penalty, nll + count, judged.p, lam, part, risk.p / risk.n)


def _likelihood(risk: Risk) -> tuple[float, float, float | None]:
    """n · NLL, by what the loss is multiplied to be one, and the share of the variance parameter in the penalty, None without one."""
    if risk.likelihood != "squared":
        return risk.n * float(risk.value(risk.theta)), 1.0, None
    F = risk.outputs(risk.theta, risk.X)
    y = risk.y.reshape(F.shape)
    squares, K = (F - y).square().flatten(1).sum(1), F[0].numel()
    variance = float(squares.mean()) / K
    floor = INTERPOLATES * float(y.var()) + 1e-300
    if variance <= floor:
        return float("nan"), 1 / (2 * floor), float("nan")
    return risk.n * K / 2 * (math.log(2 * math.pi * variance) + 1), 1 / (2 * variance), float(squares.var(correction=0)) / (2 * K * variance**2)


def _last_layer(risk: Risk) -> Risk:
    """The same risk as a function of the parameters of the last module that has some."""
    owner = list(risk.shapes)[-1].rpartition(".")[0]
    return risk.of([name for name in risk.shapes if name.rpartition(".")[0] == owner])
