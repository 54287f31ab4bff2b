"""Kernel machines under a convex loss, and for classes under the log loss.

**Iteratively reweighted least squares (IRLS)** is Newton's method, each step a kernel ridge
regression:

    J(α, b) = Σ_i w_i ℓ_i(f(x_i)) + λ/2 αᵀKα,    f = b + Kα

At f the loss is replaced by the parabola with its gradient g and Hessian h, hence J by the ridge
regression of the working targets f − g/h with weights w h. A step is halved until J falls; at the
end α = −w g(f) / λ and Σ w g(f) = 0.

**K classes under the log loss**: the fit, its leave-out loss, its calibration.

    J(f) = Σ_i w_i ℓ_i(f(x_i)) + λ/2 Σ_c ‖f_c‖²,    ℓ_i(f) = log Σ_c e^{f_c} − f_{y_i}

`fit_softmax`: one factorisation serves all steps and all classes. The Hessian diag(p) − ppᵀ of ℓ is
at most ½ I (Böhning 1992). So the parabola of that curvature at f lies above J, and the step s to
its minimum is a ridge regression with weights w / 2: the same matrix at every step and for every
class. It never raises J. As a preconditioned gradient it gives conjugate directions (Polak and
Ribière), with g the gradient of J, so that g·s ≤ 0:

    d ← s + β d_old,    β = max(0, g·(s − s_old) / g_old·s_old)

Newton's method in one variable minimises J along d; where that fails, the step is s. The
last step is always s: where K is singular, it determines the duals on which J does not depend.

`leave_out_log_loss`: leave-out algebra one Newton step from the fit of all rows, with λ h₀ in place
of λ. Two classes have one score s, f = (−s, s). At f a parabola replaces the loss, with one
curvature for each row, h_i = 1 − ‖p_i‖², the trace of diag(p) − ppᵀ. This is the curvature of
Newton's method for two classes, and no less for more. A step is then one ridge regression for all
classes, with working response and ridge

    z = f + (y − p) / h,    λ h₀ / (w h),    h₀ = 1 − 1/K, the curvature at f = 0

The first step, from there, is the least-squares fit to the class codes with the same λ. The last
regression predicts block B without itself by f_B = z_B − r_B, with its exact leave-out residuals r
(see `_leave_out`). This is the approximate leave-one-out of Rad and Maleki (2020). The gradient of
the mean of ℓ(f_B) through K treats z and the weights as constants. So it is that of a loss whose
gradient in r is w (y − p_B) / Σ w.

`calibrated_log_loss`: the log loss of scores after Platt scaling, the least of
Σ w ℓ(a f + b) / Σ w  over one factor a ≥ 0 and an offset b of each class. Newton's method from
a = 1, b = 0, with a small ridge that makes b unique; steps of a factor of two and of two logits at
most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motifnet.kernels._leave_out import (
    factor,
    gradient_through,
    leave_out_residuals,
    projector_of,
    scored_weight,
    solve_factored,
    solve_ridge,
)
from motifnet.kernels._smoother import Scores, Smoother

CURVATURE = 0.5  # bound of the Hessian of the log loss
_STEPS, _HALVINGS = 50, 20  # of IRLS
_MIN_SHARE = 1e-10  # curvature, as a share of the mean one
_LINE_STEPS = 4  # of Newton's method along d
_REGRESSIONS = 5
_SCORE_TOLERANCE = 0.05  # mean change of the scores that ends the regressions
_MIN_CURVATURE = 0.05  # of rows with p near 0 or 1, for which Newton's steps are too long
_MIN_PROBABILITY = 1e-30
_NEWTON_STEPS, _STEP_TOLERANCE, _PLATT_RIDGE = 30, 1e-4, 1e-6  # of the calibration


@dataclass(frozen=True)
class Parabola:
    """A loss of n rows at one f: values, gradients and positive Hessians, each with shape (n,)."""

    value: Tensor
    gradient: Tensor
    hessian: Tensor

    def working(self, f: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Working targets and weights."""
        h = torch.clamp(self.hessian, min=_MIN_SHARE * float(self.hessian.mean()) + 1e-300)
        return f - self.gradient / h, w * h


def fit_reweighted(
    K: Tensor,
    w: Tensor,
    loss: Callable[[Tensor], Parabola],
    ridge: float,
    dual: Tensor,
    intercept: Tensor,
    tolerance: float = 1e-3,
) -> tuple[Tensor, Tensor]:
    """Dual with shape (n,) and intercept, from a start. Iterations end when a step lowers J by less
    than `tolerance` of it.
    """

    def objective(dual: Tensor, intercept: Tensor) -> tuple[float, Tensor, Parabola]:
        f = intercept + K @ dual
        at = loss(f)
        return float(w @ at.value + ridge / 2 * dual @ (f - intercept)), f, at

    J, f, at = objective(dual, intercept)
    for _ in range(_STEPS):
        targets, weights = at.working(f, w)
        new_dual, new_intercept = solve_ridge(K, targets[:, None], ridge / weights)
        towards, before = (new_dual[:, 0] - dual, new_intercept[0] - intercept), J
        for halving in range(_HALVINGS):
            trial = dual + towards[0] / 2**halving, intercept + towards[1] / 2**halving
            J, f, at = objective(*trial)
            if before >= J:
                break
        else:
            return dual, intercept
        dual, intercept = trial
        if before - J <= tolerance * before:
            break
    return dual, intercept


def fit_softmax(
    smoother: Smoother,
    labels: Tensor,
    w: Tensor,
    lam: float,
    start: Scores,
    tolerance: float = 1e-4,
    steps: int = 100,
) -> Scores:
    """Minimise J from a start, for class codes with shape (n,) and a smoother of weights
    `CURVATURE` w and ridge λ.

    Has converged when the parabola promises to lower J by less than `tolerance` / 2 of it.
    """
    problem = _Problem(smoother, labels, w, lam)
    f, s, d, J, promised, converged = start, start, start, problem.value(start), 0.0, False
    for step in range(steps):
        g = problem.gradient(f)
        new = smoother.step(f, g)
        before, promised = promised, problem.along(f, g, new)
        if converged := -promised <= tolerance * J:
            break
        beta = max(0.0, (promised - problem.along(f, g, s)) / before) if step else 0.0
        s, d = new, new.plus(beta, d)
        f, J = problem.descend(f, J, d, s)
    return replace(f.plus(1.0, smoother.step(f, problem.gradient(f))), converged=converged)


@dataclass(frozen=True)
class _Problem:
    """J for a smoother, class codes and weights with shape (n,), and λ."""

    smoother: Smoother
    labels: Tensor
    w: Tensor
    lam: float

    def value(self, f: Scores) -> float:
        """J."""
        return float(
            self.w @ log_losses(f.values, self.labels)
        ) + self.lam / 2 * self.smoother.product(f, f)

    def gradient(self, f: Scores) -> Tensor:
        """w (p − y) with shape (n, K): the gradient of the first sum of J in the values of f."""
        g = torch.softmax(f.values, 1)
        g[torch.arange(len(g)), self.labels] -= 1
        return self.w[:, None] * g

    def along(self, f: Scores, g: Tensor, d: Scores) -> float:
        """g·d, the derivative of J at f along d."""
        return float((g * d.values).sum()) + self.lam * self.smoother.product(f, d)

    def descend(self, f: Scores, J: float, d: Scores, s: Scores) -> tuple[Scores, float]:
        """The minimum along d and its J, or f + s where J is not lower there."""
        t, square = 0.0, self.lam * self.smoother.product(d, d)
        linear = self.lam * self.smoother.product(f, d) - float(
            self.w @ d.values.gather(1, self.labels[:, None])[:, 0]
        )
        for _ in range(_LINE_STEPS):
            p = torch.softmax(f.values + t * d.values, 1)
            mean = (p * d.values).sum(1)
            curvature = float(self.w @ ((p * d.values**2).sum(1) - mean**2)) + square
            t -= (float(self.w @ mean) + linear + t * square) / curvature
        trial = f.plus(t, d)
        if (value := self.value(trial)) <= J:
            return trial, value
        trial = f.plus(1.0, s)
        return trial, self.value(trial)


def log_losses(values: Tensor, labels: Tensor) -> Tensor:
    """ℓ with shape (n,) of scores with shape (n, K)."""
    return torch.logsumexp(values, 1) - values.gather(1, labels[:, None])[:, 0]


def leave_out_log_loss(
    K: Tensor, codes: Tensor, ridge: float, weight: Tensor, blocks: list[Tensor] | None = None
) -> tuple[float, Tensor, Tensor]:
    """The mean leave-out log loss for indicators of the classes with shape (n, K); its gradient
    through the Gram matrix with shape (n, n), in single precision; the ridge of each row in the
    last regression. The gradient through the logarithm of that ridge is the ridge times the
    diagonal.
    """
    z, ridges, alpha, L = working_regression(K, codes, ridge, weight)
    P = projector_of(L.float())
    r = leave_out_residuals(P, alpha, blocks)
    p, share = probabilities(z - r), scored_weight(weight, blocks)
    share = share / share.sum()
    loss = -float(share @ (p * codes).sum(1).clamp_min(_MIN_PROBABILITY).log())
    return (
        loss,
        gradient_through(P, alpha, r, share[:, None] * _of_scores(codes - p), blocks),
        ridges,
    )


def working_regression(
    K: Tensor,
    codes: Tensor,
    ridge: float,
    weight: Tensor,
    steps: int = _REGRESSIONS,
    close: float = _SCORE_TOLERANCE,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Working response z with shape (n, q), the ridge of each row, the dual α with shape (n, q) and
    the Cholesky factor of the last regression.
    """
    classes = codes.shape[1]
    f = torch.zeros_like(codes[:, 1:] if classes == 2 else codes)
    for step in range(steps):
        p = probabilities(f)
        h = (1 - (p * p).sum(1)).clamp_min(_MIN_CURVATURE)
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


def _of_scores(gradient: Tensor) -> Tensor:
    """The gradient in the scores, from that in the logits with shape (n, K)."""
    return gradient[:, 1:] - gradient[:, :1] if gradient.shape[1] == 2 else gradient


def calibrated_log_loss(scores: Tensor, labels: Tensor, weight: Tensor) -> float:
    """The loss of scores with shape (n, q), for class codes and weights with shape (n,)."""
    f, w = logits_of(scores), weight / weight.sum()
    f = f / f.std().clamp_min(1e-300)
    a, b = torch.ones(1, dtype=f.dtype), torch.zeros(f.shape[1], dtype=f.dtype)
    for _ in range(_NEWTON_STEPS):
        p = torch.softmax(a * f + b, 1)
        mean, shares = (p * f).sum(1, keepdim=True), w[:, None] * p
        by_logit = shares.clone()
        by_logit[torch.arange(len(labels)), labels] -= w
        g = torch.cat([(by_logit * f).sum()[None], by_logit.sum(0)]) + _PLATT_RIDGE * torch.cat(
            [a, b]
        )
        cross = (shares * (f - mean)).sum(0, keepdim=True)
        corner = (shares * f * (f - mean)).sum().reshape(1, 1)
        H = torch.cat(
            [
                torch.cat([corner, cross], 1),
                torch.cat([cross.T, torch.diag(shares.sum(0)) - shares.T @ p], 1),
            ]
        )
        H.diagonal().add_(_PLATT_RIDGE)
        step = torch.linalg.solve(H, g)
        a, b = (a - step[:1]).clamp(a / 2, 2 * a), b - step[1:].clamp(-2, 2)
        if float(step.abs().max()) < _STEP_TOLERANCE:
            break
    return float(w @ log_losses(a * f + b, labels))
