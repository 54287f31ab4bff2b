"""How long stochastic gradient descent stays in a bowl: the exit time of an Ornstein–Uhlenbeck process.

Along a direction of curvature λ with noise variance c, steps of rate η on batches of B rows follow, in time t = step · η,

    dx = −λ x dt + s dW,   s² = η c / B,   and the loss has risen by ΔL at |x| = r = (2 ΔL / λ)^½

    E[T] = (2/s²) ∫_0^r e^{λy²/s²} ∫_0^y e^{−λz²/s²} dz dy = (√π/λ) I(√V),   I(a) = ∫_0^a e^{u²} erf(u) du,   V = λ r²/s²

With c = λ the exponent is V = 2BΔL/(ηλ): steep bowls are left exponentially earlier. With noise that knows no curvature V does not hold λ at all. For
I(a) = e^{a²} D(a) − ∫_0^a erfcx(u) du with Dawson's function D, so that log E[T] is at hand for any V. Steps are discrete: a walk that is looked at
only every step of standard deviation s√η leaves at r + 0.5826 s√η.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import dawsn, erfcx

OVERSHOOT = 0.5826  # −ζ(½)/√(2π)
SMALL = 1e-2
LEAST_RATE = 1e-12


def log_exit_steps(curvature: float, noise: float, barrier: float, rate: float, batch: float) -> float:
    """log of the expected number of steps until the loss along the direction has risen by `barrier`."""
    s = math.sqrt(rate * noise / batch)
    r = math.sqrt(2 * barrier / curvature) + OVERSHOOT * s * math.sqrt(rate)
    return math.log(math.sqrt(math.pi) / curvature / rate) + _log_integral(r * math.sqrt(curvature) / s)


def exponent(noise: float, barrier: float, rate: float, batch: float) -> float:
    """V = 2BΔL/(ηc), which is 2BΔL/(ηλ) where noise and curvature agree."""
    return 2 * batch * barrier / (rate * noise)


def rate_for(steps: float, curvature: float, noise: float, barrier: float, batch: float) -> float:
    """The rate up to 1/λ at which leaving takes this many steps on average; infinite where every such rate stays longer."""

    def excess(log_rate: float) -> float:
        return log_exit_steps(curvature, noise, barrier, math.exp(log_rate), batch) - math.log(steps)

    low, high = math.log(LEAST_RATE / curvature), -math.log(curvature)  # discrete steps no longer follow the process beyond
    return float("inf") if excess(high) > 0 else math.exp(brentq(excess, low, high))


def _log_integral(a: float) -> float:
    """log I(a)."""
    if a < SMALL:  # I(a) = (a² + a⁴/3 + …)/√π: the difference below would cancel
        return math.log((a**2 + a**4 / 3) / math.sqrt(math.pi))
    rest = quad(erfcx, 0, a, limit=200)[0] if a < 20 else quad(erfcx, 0, 20, limit=200)[0] + math.log(a / 20) / math.sqrt(math.pi)
    return a**2 + float(np.log(dawsn(a) - np.exp(-(a**2)) * rest))
