"""The parameters of f = P θ from the moments of instrument functions U(Z).

U with shape (n, K) is orthonormal over the rows, so that the sum of squares of the mean moments

    ‖g(θ)‖²,   g(θ) = (1/n) Σ_i U_i m(y_i, P_i θ)

estimates the mean square of E[m | Z], projected on U. The estimate minimises ‖g‖² + η θᵀRθ. With
D = −∂g/∂θ = (1/n) Σ U_i (−∂m/∂f)_i P_iᵀ a step of Gauss and Newton is a ridge regression of
γ = g(θ₀) + D θ₀ on D. The moment of instruments is linear and takes one step.

η balances the noise of g against an ill-posed D. A prior θ_k ~ N(0, τ σ²/R_k), flat where R = 0,
implies γ ~ N(D θ, σ²/n), η = 1/(n τ) and σ² = mean m². The posterior of τ on a grid is

    p(τ | γ) ∝ restricted likelihood(τ) · p(τ),    s = (τ σ² Σ_k 1/R_k)^½ ~ half-Cauchy(sd(y))

s is the standard deviation of the penalised part of f (Gelman, Bayesian Analysis 1, 2006); with
few visible directions the likelihood alone often peaks at τ = 0. θ is the mean over τ. In four
designs of 20 draws the projected residual of held-out rows chose an η with 4 to 20 times the error:
its noise hides what little g says of rough parts of f. σ² starts with the residuals of the
regression of y on P, which are too small, and rises to its fixed point. For non-linear moments η
is the mode of τ at the linearised moment, chosen anew for each bandwidth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.engine import Matrix
from motifnet.further.moments._moment import Moment

TAUS = np.geomspace(1e-8, 1e8, 65)
MAX_STEPS, MAX_HALVINGS, MAX_VARIANCES = 30, 12, 8
_STEP, _DESCENT, _VARIANCE, _JITTER, _SHARE = 1e-4, 1e-5, 0.02, 1e-10, 1e-3


@dataclass(frozen=True)
class Choice:
    """The values of η that have a share in the posterior, with shape (t,), and their shares."""

    etas: Matrix
    shares: Matrix

    @property
    def mode(self) -> float:
        return float(self.etas[np.argmax(self.shares)])

    def solutions(self, gamma: Matrix, D: Matrix, penalty: Matrix) -> Matrix:
        """θ of every η, with shape (t, k)."""
        return np.array([ridge(gamma, D, eta * penalty) for eta in self.etas])


@dataclass(frozen=True)
class Solution:
    """θ with shape (k,), θ of every η with shape (t, k), the moment at its last bandwidth, D with
    shape (K, k), σ², whether and after how many steps it converged.
    """

    theta: Matrix
    each: Matrix
    choice: Choice
    moment: Moment
    D: Matrix
    variance: float
    converged: bool
    steps: int


def solve_moments(moment: Moment, U: Matrix, P: Matrix, y: Matrix, penalty: Matrix) -> Solution:
    """The estimate for P with shape (n, k), U with shape (n, K) and penalty R with shape (k,)."""
    start = _solve_linear(U, P, y, penalty)
    if moment.linear:
        return start
    theta, steps = _start(moment, U, P, y, start.theta), 0
    for current in moment.path(y, P @ theta):
        choice, _, _, _ = _linear_problem(current, U, P, y, penalty, theta)
        theta, converged, count = _gauss_newton(current, U, P, y, choice.mode * penalty, theta)
        steps += count
    choice, gamma, D, variance = _linear_problem(current, U, P, y, penalty, theta)
    each = choice.solutions(gamma, D, penalty)
    return Solution(choice.shares @ each, each, choice, current, D, variance, converged, steps)


def _start(moment: Moment, U: Matrix, P: Matrix, y: Matrix, theta: Matrix) -> Matrix:
    """The solution of the instrumental moment, moved by a constant; for a moment of the user 0
    where that is nearer to a root.
    """
    moved = theta.copy()
    moved[0] += moment.start(y, P @ theta)
    if moment.level is not None:
        return moved
    return min((moved, 0 * moved), key=lambda t: _norm(moment, U, P, y, t))


def _solve_linear(U: Matrix, P: Matrix, y: Matrix, penalty: Matrix) -> Solution:
    n = len(y)
    D, gamma = U.T @ P / n, U.T @ y / n
    residuals = y - P @ np.linalg.lstsq(P, y, rcond=None)[0]
    variance = float(residuals @ residuals) / max(n - P.shape[1], 1)
    for _ in range(MAX_VARIANCES):
        choice = choose_eta(gamma, D, penalty, variance, n, float(y.std()))
        each = choice.solutions(gamma, D, penalty)
        theta = choice.shares @ each
        before, variance = variance, float(np.mean((y - P @ theta) ** 2))
        if abs(variance - before) < _VARIANCE * variance:
            break
    return Solution(theta, each, choice, Moment(None), D, variance, True, 1)


def ridge(gamma: Matrix, D: Matrix, penalty: Matrix) -> Matrix:
    """argmin ‖γ − D θ‖² + θᵀ diag(penalty) θ: least squares with the rows of √penalty below D."""
    below = np.diag(np.sqrt(penalty))[penalty > 0]
    stacked = np.concatenate([D, below])
    target = np.concatenate([gamma, np.zeros(len(below))])
    return np.asarray(np.linalg.lstsq(stacked, target, rcond=1e-13)[0])


def choose_eta(
    gamma: Matrix, D: Matrix, penalty: Matrix, variance: float, n: int, unit: float
) -> Choice:
    """The posterior of η; `unit` is sd(y). One value, 0, where nothing is penalised."""
    free, bound = D[:, penalty == 0], D[:, penalty > 0] / np.sqrt(penalty[penalty > 0])
    if not bound.size or not variance > 0:
        return Choice(np.zeros(1), np.ones(1))
    values, turn = np.linalg.eigh(bound @ bound.T)
    values, target, free = np.maximum(values, 0), turn.T @ gamma, turn.T @ free
    spread = np.sqrt(variance * TAUS * (1 / penalty[penalty > 0]).sum())
    prior = 2 * np.log1p((spread / unit) ** 2) - 2 * np.log(spread)
    scores = prior + [_restricted(target, free, variance * (1 / n + t * values)) for t in TAUS]
    shares = np.exp((scores.min() - scores) / 2)
    kept = shares > _SHARE
    return Choice(1 / (n * TAUS[kept]), shares[kept] / shares[kept].sum())


def _restricted(target: Matrix, free: Matrix, variances: Matrix) -> float:
    """−2 log restricted likelihood of independent targets with means free · b."""
    weighted = free / variances[:, None]
    gram = free.T @ weighted
    gram += _JITTER * np.trace(gram) / len(gram) * np.eye(len(gram))
    residuals = target - free @ np.linalg.solve(gram, weighted.T @ target)
    fit = float((residuals**2 / variances).sum())
    return float(np.log(variances).sum() + np.linalg.slogdet(gram)[1]) + fit


def _linear_problem(
    moment: Moment, U: Matrix, P: Matrix, y: Matrix, penalty: Matrix, theta: Matrix
) -> tuple[Choice, Matrix, Matrix, float]:
    """At the linearised moment: the posterior of η, γ, D and σ²."""
    g, D = _linearised(moment, U, P, y, theta)
    f = P @ theta
    variance, slope = float(np.mean(moment(y, f) ** 2)), moment.slope(y, f)
    # f has the unit of y, or for a user's moment that of m over its slope
    own = np.sqrt(variance / max(float(np.mean(slope**2)), 1e-300)) + float(f.std())
    unit = float(y.std()) if moment.level is not None else float(own)
    gamma = g + D @ theta
    return choose_eta(gamma, D, penalty, variance, len(y), unit), gamma, D, variance


def _linearised(
    moment: Moment, U: Matrix, P: Matrix, y: Matrix, theta: Matrix
) -> tuple[Matrix, Matrix]:
    """g and D at θ."""
    f = P @ theta
    return U.T @ moment(y, f) / len(y), U.T @ (moment.slope(y, f)[:, None] * P) / len(y)


def _gauss_newton(
    moment: Moment, U: Matrix, P: Matrix, y: Matrix, penalty: Matrix, theta: Matrix
) -> tuple[Matrix, bool, int]:
    """Steps that are halved until the objective falls; θ, whether the last step or its
    descent is small, and the number of steps."""

    def objective(t: Matrix) -> float:
        return _norm(moment, U, P, y, t) + float(t @ (penalty * t))

    now, scale = objective(theta), max(float(np.std(P @ theta)), 1e-12)
    for count in range(1, MAX_STEPS + 1):
        g, D = _linearised(moment, U, P, y, theta)
        step = ridge(g + D @ theta, D, penalty) - theta
        if float(np.std(P @ step)) < _STEP * scale:
            return theta + step, True, count
        for halving in range(MAX_HALVINGS):
            trial = theta + step / 2**halving
            after = objective(trial)
            if after < now:
                break
        else:  # no descent along the step: a minimum up to rounding, if the step is short
            return theta, float(np.std(P @ step)) < 1e-2 * scale, count
        still, theta, now = now - after < _DESCENT * now, trial, after
        if still:
            return theta, True, count
    return theta, False, MAX_STEPS


def _norm(moment: Moment, U: Matrix, P: Matrix, y: Matrix, theta: Matrix) -> float:
    g = U.T @ moment(y, P @ theta) / len(y)
    return float(g @ g)
