"""How long stochastic gradient descent stays near the parameters of a network: exit times.

In a bowl this is the exit time of an Ornstein–Uhlenbeck process. Along a direction of curvature λ
with noise variance c, steps of rate η on batches of B rows follow, in time t = step · η,

    dx = −λ x dt + s dW,   s² = η c / B,   and the loss has risen by ΔL at |x| = r = (2 ΔL / λ)^½

    E[T] = (2/s²) ∫_0^r e^{λy²/s²} ∫_0^y e^{−λz²/s²} dz dy = (√π/λ) I(√V),
    I(a) = ∫_0^a e^{u²} erf(u) du,   V = λ r²/s²

With c = λ the exponent is V = 2BΔL/(ηλ): descent leaves steep bowls exponentially earlier. With
noise that does not depend on the curvature, V does not depend on λ. The identity

    I(a) = e^{a²} D(a) − ∫_0^a erfcx(u) du

with Dawson's function D gives log E[T] for any V. Steps are discrete: a walk that is observed after
each step of standard deviation s√η leaves at r + 0.5826 s√η.

`escape` takes the bowl from the Hessian and the noise from the measured vᵀCv, along the steepest
directions v. Both are local, and so is the answer. It needs a point near which descent rests: along
v descent can still lower the loss by (v·∇R)²/(2λ), and where that exceeds the barrier, it leaves by
its drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import dawsn, erfcx

from motifnet.engine import UsageError
from motifnet.landscape._fisher import GradientNoise
from motifnet.landscape._hessian import Curvature
from motifnet.landscape._risk import Risk

OVERSHOOT = 0.5826  # −ζ(½)/√(2π)
SMALL = 1e-2
MIN_RATE = 1e-12
MAX_STEP = 0.5  # of rate · curvature, for the formula to be more than rough
STAY_STEPS = 10_000  # for which a rate is proposed


def log_exit_steps(
    curvature: float, noise: float, barrier: float, rate: float, batch: float
) -> float:
    """log of the expected number of steps until the loss along the direction rises by `barrier`."""
    s = math.sqrt(rate * noise / batch)
    r = math.sqrt(2 * barrier / curvature) + OVERSHOOT * s * math.sqrt(rate)
    return math.log(math.sqrt(math.pi) / curvature / rate) + _log_integral(
        r * math.sqrt(curvature) / s
    )


def exponent(noise: float, barrier: float, rate: float, batch: float) -> float:
    """V = 2BΔL/(ηc), which is 2BΔL/(ηλ) where noise and curvature agree."""
    return 2 * batch * barrier / (rate * noise)


def rate_for(steps: float, curvature: float, noise: float, barrier: float, batch: float) -> float:
    """The rate up to 1/λ at which leaving takes `steps` steps on average; infinite where every such
    rate stays longer.
    """

    def excess(log_rate: float) -> float:
        return log_exit_steps(curvature, noise, barrier, math.exp(log_rate), batch) - math.log(
            steps
        )

    # beyond a rate of 1/λ the process does not describe discrete steps
    low, high = math.log(MIN_RATE / curvature), -math.log(curvature)
    return float("inf") if excess(high) > 0 else math.exp(brentq(excess, low, high))


def _log_integral(a: float) -> float:
    """log I(a)."""
    if a < SMALL:  # I(a) = (a² + a⁴/3 + …)/√π: the difference below would cancel
        return math.log((a**2 + a**4 / 3) / math.sqrt(math.pi))
    rest = (
        quad(erfcx, 0, a, limit=200)[0]
        if a < 20
        else quad(erfcx, 0, 20, limit=200)[0] + math.log(a / 20) / math.sqrt(math.pi)
    )
    return a**2 + float(np.log(dawsn(a) - np.exp(-(a**2)) * rest))


@dataclass(frozen=True)
class Direction:
    """One direction of the bowl: its curvature λ, the noise of one row along it, the exponent V,
    the log of the expected steps, and the loss that descent can still gain.
    """

    curvature: float
    noise: float
    exponent: float
    log_steps: float
    to_gain: float


@dataclass(frozen=True)
class Escape:
    """How long stochastic gradient descent stays, as `escape` returns it.

    Attributes
    ----------
    rate, batch : float
        Of the descent.
    barrier : float
        The rise of the loss that counts as leaving.
    directions : tuple
        The steepest first, each with `curvature`, `noise`, `exponent`, `log_steps` and `to_gain`.
    staying_rate : float
        The rate at which leaving takes 10,000 steps; infinite where all rates up to 1/λ stay
        longer.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import curvature, escape, gradient_noise
    >>> top = curvature(risk)
    >>> found = escape(risk, top, gradient_noise(risk, top), rate=0.01, batch=32)
    >>> found.directions[0].curvature == top.largest
    True
    """

    rate: float
    batch: float
    barrier: float
    directions: tuple[Direction, ...]
    staying_rate: float

    @property
    def sentence(self) -> str:
        """The values in words."""
        if not self.directions:
            return "No direction of positive curvature: there is no bowl to leave."
        first = min(self.directions, key=lambda d: d.log_steps)
        setting = f"rate {self.rate:g} and batches of {self.batch:g}"
        if self.rate * self.directions[0].curvature >= 2:
            limit = f"{2 / self.directions[0].curvature:.3g}"
            return f"At {setting} the steepest direction is unstable: use a rate below {limit}."
        unsettled = any(d.to_gain > self.barrier for d in self.directions)
        caveat = (
            " The gradient has not come to rest here, so descent moves on by itself before noise "
            "matters."
            if unsettled
            else ""
        )
        rough = (
            " Steps are too large for the formula to be more than rough."
            if self.rate * self.directions[0].curvature > MAX_STEP
            else ""
        )
        steps = (
            f"{math.exp(first.log_steps):,.0f}"
            if first.log_steps < 25
            else f"e^{first.log_steps:.0f}"
        )
        slower = (
            f" A rate of {self.staying_rate:.2g} would stay for {STAY_STEPS:,} steps."
            if first.log_steps < math.log(STAY_STEPS)
            else ""
        )
        return (
            f"At {setting} noise lifts the loss by {self.barrier:.3g} along one direction after "
            f"about {steps} steps.{slower}{rough}{caveat}"
        )


def escape(
    risk: Risk,
    top: Curvature,
    noise: GradientNoise,
    *,
    rate: float,
    batch: float,
    barrier: float | None = None,
) -> Escape:
    """Expected steps until the loss rises by a barrier along each steep direction.

    Parameters
    ----------
    risk : Risk
    top : Curvature
        That of the risk.
    noise : GradientNoise
        That of the risk.
    rate, batch : float
        Of stochastic gradient descent.
    barrier : float, optional
        A tenth of the training risk when None.

    Returns
    -------
    Escape

    Raises
    ------
    UsageError
        Where rate, batch or barrier is not positive.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import curvature, escape, gradient_noise
    >>> top = curvature(risk)
    >>> found = escape(risk, top, gradient_noise(risk, top), rate=0.01, batch=32)
    >>> found.staying_rate > 0
    True
    """
    level = 0.1 * float(risk.value(risk.theta)) if barrier is None else barrier
    for name, value in (("rate", rate), ("batch", batch), ("barrier", level)):
        if not value > 0:
            raise UsageError(
                f"{name} is {value}; it must be positive. A network that fits its "
                "rows exactly needs a barrier of your own."
            )
    gradients = top.directions @ risk.gradient(risk.theta)
    bowl = [
        (float(v), float(c), float(g))
        for v, c, g in zip(top.values, noise.along, gradients, strict=True)
        if v > 0 and c > 0
    ]
    directions = tuple(
        Direction(
            lam,
            c,
            exponent(c, level, rate, batch),
            log_exit_steps(lam, c, level, rate, batch),
            g**2 / (2 * lam),
        )
        for lam, c, g in bowl
    )
    staying = min(
        (rate_for(STAY_STEPS, lam, c, level, batch) for lam, c, _ in bowl), default=float("inf")
    )
    return Escape(rate, batch, level, directions, staying)
