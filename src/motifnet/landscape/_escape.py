"""How long stochastic gradient descent with a given rate and batch stays near the parameters of a network, along its steepest directions.

The bowl is the one of the Hessian, the noise the measured vᵀCv; both are local, and so is the answer. It needs a point that descent has come to:
along direction v the loss still to be gained is (v·∇R)²/(2λ), and where that exceeds the barrier, descent leaves by its drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from motifnet.engine import UsageError
from motifnet.landscape._curvature import Curvature
from motifnet.landscape._exit_time import exponent, log_exit_steps, rate_for
from motifnet.landscape._noise import GradientNoise
from motifnet.landscape._risk import Risk

ROUGH = 0.5  # above this rate · curvature a step is no longer small
PATIENCE = 10_000  # steps for which a rate is proposed


@dataclass(frozen=True)
class Direction:
    """One direction of the bowl: its curvature λ, the noise of one row along it, the exponent V, log of the expected steps, loss still to gain."""

    curvature: float
    noise: float
    exponent: float
    log_steps: float
    to_gain: float


@dataclass(frozen=True)
class Escape:
    """directions: the steepest first; staying_rate: the rate at which leaving takes 10,000 steps, infinite where all up to 1/λ stay longer."""

    rate: float
    batch: float
    barrier: float
    directions: tuple[Direction, ...]
    staying_rate: float

    @property
    def sentence(self) -> str:
        if not self.directions:
            return "No direction of positive curvature: there is no bowl to leave."
        first = min(self.directions, key=lambda d: d.log_steps)
        setting = f"rate {self.rate:g} and batches of {self.batch:g}"
        if self.rate * self.directions[0].curvature >= 2:
            return f"At {setting} the steepest direction is unstable: use a rate below {2 / self.directions[0].curvature:.3g}."
        unsettled = any(d.to_gain > self.barrier for d in self.directions)
        caveat = " The gradient has not come to rest here, so descent moves on by itself before noise matters." if unsettled else ""
        rough = " Steps are too large for the formula to be more than rough." if self.rate * self.directions[0].curvature > ROUGH else ""
        steps = f"{math.exp(first.log_steps):,.0f}" if first.log_steps < 25 else f"e^{first.log_steps:.0f}"
        slower = f" A rate of {self.staying_rate:.2g} would stay for {PATIENCE:,} steps." if first.log_steps < math.log(PATIENCE) else ""
        return f"At {setting} noise lifts the loss by {self.barrier:.3g} along one direction after about {steps} steps.{slower}{rough}{caveat}"


def escape(risk: Risk, top: Curvature, noise: GradientNoise, *, rate: float, batch: float, barrier: float | None = None) -> Escape:
    """Expected steps until the loss has risen by `barrier` (a tenth of the training risk when None) along each steep direction."""
    level = 0.1 * float(risk.value(risk.theta)) if barrier is None else barrier
    for name, value in (("rate", rate), ("batch", batch), ("barrier", level)):
        if not value > 0:
            raise UsageError(f"{name} is {value}; it must be positive. A network that fits its rows exactly needs a barrier of your own.")
    slopes = top.directions @ risk.gradient(risk.theta)
    bowl = [(float(v), float(c), float(g)) for v, c, g in zip(top.values, noise.along, slopes, strict=True) if v > 0 and c > 0]
    directions = tuple(
        Direction(lam, c, exponent(c, level, rate, batch), log_exit_steps(lam, c, level, rate, batch), g**2 / (2 * lam)) for lam, c, g in bowl
    )
    staying = min((rate_for(PATIENCE, lam, c, level, batch) for lam, c, _ in bowl), default=float("inf"))
    return Escape(rate, batch, level, directions, staying)
