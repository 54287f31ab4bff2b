"""Kernel machines for K classes under the log loss: one factorisation serves all steps and all classes.

    J(f) = Σ_i w_i ℓ_i(f(x_i)) + λ/2 Σ_c ‖f_c‖²,    ℓ_i(f) = log Σ_c e^{f_c} − f_{y_i}

The curvature diag(p) − ppᵀ of ℓ is at most ½ I (Böhning 1992). So the parabola of that curvature at f lies above J, and the step s to its minimum
is a ridge regression with weights w / 2: the same matrix at every step and for every class. It never raises J. As a preconditioned gradient it gives
conjugate directions (Polak and Ribière), with g the gradient of J, so that g·s ≤ 0:

    d ← s + β d_old,    β = max(0, g·(s − s_old) / g_old·s_old)

Along d, J is minimised by Newton's method in one variable; where that fails, the step is s. The last step is s in any case: where K is singular, it
settles the duals that J does not see.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.kernels._smoother import Scores, Smoother

CURVATURE = 0.5
_LINE = 4


def fit_softmax(smoother: Smoother, labels: Tensor, w: Tensor, lam: float, start: Scores, tolerance: float = 1e-4, steps: int = 100) -> Scores:
    """Minimise J from a start, for class codes with shape (n,) and a smoother of weights `CURVATURE` w and ridge λ.

    Ends where the parabola promises to lower J by less than `tolerance` / 2 of it.
    """
    problem = _Problem(smoother, labels, w, lam)
    f, s, d, J, promised = start, start, start, problem.value(start), 0.0
    for step in range(steps):
        g = problem.gradient(f)
        new = smoother.step(f, g)
        before, promised = promised, problem.along(f, g, new)
        if -promised <= tolerance * J:
            break
        beta = max(0.0, (promised - problem.along(f, g, s)) / before) if step else 0.0
        s, d = new, new.plus(beta, d)
        f, J = problem.descend(f, J, d, s)
    return f.plus(1.0, smoother.step(f, problem.gradient(f)))


@dataclass(frozen=True)
class _Problem:
    smoother: Smoother
    labels: Tensor
    w: Tensor
    lam: float

    def value(self, f: Scores) -> float:
        """J."""
        return float(self.w @ log_losses(f.values, self.labels)) + self.lam / 2 * self.smoother.product(f, f)

    def gradient(self, f: Scores) -> Tensor:
        """w (p − y) with shape (n, K): the gradient of the first sum of J by the values of f."""
        g = torch.softmax(f.values, 1)
        g[torch.arange(len(g)), self.labels] -= 1
        return self.w[:, None] * g

    def along(self, f: Scores, g: Tensor, d: Scores) -> float:
        """g·d, the slope of J at f along d."""
        return float((g * d.values).sum()) + self.lam * self.smoother.product(f, d)

    def descend(self, f: Scores, J: float, d: Scores, s: Scores) -> tuple[Scores, float]:
        """The minimum along d and its J, or f + s where J is not lower there."""
        t, square = 0.0, self.lam * self.smoother.product(d, d)
        linear = self.lam * self.smoother.product(f, d) - float(self.w @ d.values.gather(1, self.labels[:, None])[:, 0])
        for _ in range(_LINE):
            p = torch.softmax(f.values + t * d.values, 1)
            mean = (p * d.values).sum(1)
            bend = float(self.w @ ((p * d.values**2).sum(1) - mean**2)) + square
            t -= (float(self.w @ mean) + linear + t * square) / bend
        trial = f.plus(t, d)
        if (value := self.value(trial)) <= J:
            return trial, value
        trial = f.plus(1.0, s)
        return trial, self.value(trial)


def log_losses(values: Tensor, labels: Tensor) -> Tensor:
    """ℓ with shape (n,) of scores with shape (n, K)."""
    return torch.logsumexp(values, 1) - values.gather(1, labels[:, None])[:, 0]
