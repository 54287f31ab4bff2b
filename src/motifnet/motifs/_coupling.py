"""Probabilities of K classes from those of each pair of them (Wu, Lin & Weng 2004, second method;
LIBSVM's iteration and its stop).

    min_p Σ_{i<j} (r_ji p_i − r_ij p_j)²  subject to  Σ p = 1,      r_ij = P(i | i or j)

A round sets one class after the other to its optimum. Rounds end when the condition of optimality
holds to .005 / K, or after 100 of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.motifs._affine import Motif

COUPLING_ROUNDS, COUPLING_TOLERANCE = 100, 0.005


class Coupling(Motif):
    """From r_ij for i < j, row by row of the upper triangle, with shape (batch, K(K − 1)/2), to
    probabilities with shape (batch, K).
    """

    classes: int

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.keep(classes=classes)

    def outputs(self, inputs: int) -> int:
        return self.classes

    def describe(self) -> str:
        return f"probabilities of {self.classes} classes from those of pairs"

    def forward(self, x: Tensor) -> Tensor:
        K = self.classes
        r = x.new_zeros(len(x), K, K)
        upper = torch.triu_indices(K, K, 1)
        r[:, upper[0], upper[1]] = x
        r[:, upper[1], upper[0]] = 1 - x
        Q = -r * r.transpose(1, 2)
        Q = Q + torch.diag_embed((r * r).sum(1))
        p = x.new_full((len(x), K), 1 / K)
        for _ in range(max(COUPLING_ROUNDS, K)):
            Qp = (Q * p[:, None]).sum(2)
            pQp = (p * Qp).sum(1, keepdim=True)
            open_ = (Qp - pQp).abs().amax(1, keepdim=True) >= COUPLING_TOLERANCE / K
            if not open_.any():
                break
            p = torch.where(open_, _round(Q, p, Qp, pQp), p)
        return p


def _round(Q: Tensor, p: Tensor, Qp: Tensor, pQp: Tensor) -> Tensor:
    """One round: each class once."""
    for t in range(p.shape[1]):
        own = Q[:, t, t : t + 1]
        step = (pQp - Qp[:, t : t + 1]) / own
        one = torch.zeros_like(p)
        one[:, t] = 1
        p = (p + step * one) / (1 + step)
        pQp = (pQp + step * (step * own + 2 * Qp[:, t : t + 1])) / (1 + step) ** 2
        Qp = (Qp + step * Q[:, t]) / (1 + step)
    return p
