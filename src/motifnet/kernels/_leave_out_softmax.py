"""Leave-out algebra of kernel machines under the log loss, one Newton step from the fit of all rows.

    J(f) = Σ_i w_i ℓ_i(f(x_i)) + λ h₀ Σ_c ‖f_c‖² / 2,    ℓ_i(f) = log Σ_c e^{f_c} − f_{y_i};    two classes: one score s, f = (−s, s)

At f the loss is replaced by a parabola of one curvature h_i = 1 − ‖p_i‖² a row, the trace of diag(p) − ppᵀ: that of Newton's method for two classes,
and no less for more. A step is then one ridge regression for all classes, with working response and ridge

    z = f + (y − p) / h,    λ h₀ / (w h),    h₀ = 1 − 1/K, the curvature at f = 0:

the first step, from there, is the least-squares fit to the class codes with the same λ. The last regression predicts block B without itself by
f_B = z_B − r_B, with its exact leave-out residuals r (see `_leave_out`). This is the approximate leave-one-out of Rad and Maleki (2020). The gradient
of the mean of ℓ(f_B) through K takes z and the weights as constants, and is that of a loss with slopes w (y − p_B) / Σ w in r.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.kernels._leave_out import factor, leave_out_residuals, projector_of, scored_weight, slopes_through, solve_factored

_STEPS, _CLOSE = 5, 0.05  # regressions at most; scores that move by less in the mean are not followed further
_LEAST_CURVATURE = 0.05  # of rows that are sure, for which Newton's steps are too long
_LEAST = 1e-30


def leave_out_log_loss(K: Tensor, codes: Tensor, ridge: float, weight: Tensor, blocks: list[Tensor] | None = None) -> tuple[float, Tensor, Tensor]:
    """The mean leave-out log loss for indicators of the classes with shape (n, K); its gradient through the Gram matrix with shape (n, n), in single
    precision; and the ridge of each row in the last regression, through whose logarithm the gradient is that diagonal times it.
    """
    z, ridges, alpha, L = working_regression(K, codes, ridge, weight)
    P = projector_of(L.float())
    r = leave_out_residuals(P, alpha, blocks)
    p, share = probabilities(z - r), scored_weight(weight, blocks)
    share = share / share.sum()
    loss = -float(share @ (p * codes).sum(1).clamp_min(_LEAST).log())
    return loss, slopes_through(P, alpha, r, share[:, None] * _of_scores(codes - p), blocks), ridges


def working_regression(
    K: Tensor, codes: Tensor, ridge: float, weight: Tensor, steps: int = _STEPS, close: float = _CLOSE
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Working response z with shape (n, q), the ridge of each row, the dual α with shape (n, q) and the Cholesky factor of the last regression."""
    classes = codes.shape[1]
    f = torch.zeros_like(codes[:, 1:] if classes == 2 else codes)
    for step in range(steps):
        p = probabilities(f)
        h = (1 - (p * p).sum(1)).clamp_min(_LEAST_CURVATURE)
        z = f + (codes - p)[:, -f.shape[1] :] / h[:, None]
        ridges = ridge * (1 - 1 / classes) / (weight * h)
        L = factor(K, ridges)
        alpha = solve_factored(L, z)[0]
        before, f = f, z - ridges[:, None] * alpha
        if step == steps - 1 or float((f - before).abs().mean()) < close:
            break
    return z, ridges, alpha, L


def probabilities(f: Tensor) -> Tensor:
    """p with shape (n, K) of scores with shape (n, q)."""
    return torch.softmax(logits_of(f), 1)


def logits_of(f: Tensor) -> Tensor:
    """One column a class; of two classes that have one score, (−s, s)."""
    return torch.cat([-f, f], 1) if f.shape[1] == 1 else f


def _of_scores(slopes: Tensor) -> Tensor:
    """Slopes in the scores of slopes in the logits, with shape (n, K)."""
    return slopes[:, 1:] - slopes[:, :1] if slopes.shape[1] == 2 else slopes
