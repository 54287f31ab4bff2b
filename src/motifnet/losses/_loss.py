"""Losses ℓ(y, η) ≥ 0, convex in the score η and zero where the prediction equals y.

The prediction is η, or μ = e^η with `log_link`. An `Objective` is what the user names. It defines
the losses and the targets that it accepts.

Half deviances with a log link:

    poisson   y log(y/μ) − y + μ        gamma   log(μ/y) + y/μ − 1

Counts y of exposure e are Poisson with mean e μ. Up to a constant their loss is e ℓ(y/e, η), with
rates as targets and exposures as weights. Amounts y of exposure e are gamma with mean e μ. Their
loss is ℓ(y/e, η). So an offset log e needs no other code.

The quantile of level τ minimises the mean of the pinball loss

    ρ_τ(r) = (τ − 1/2) r + |r| / 2,   r = y − η

and 2 ρ_{1/2} is the absolute error. For gradient descent |r| is smoothed to r²/(2δ) + δ/2 within
|r| ≤ δ. A parabola with second derivative 1 / max(|r|, δ) touches the smoothed |r| and lies above
it (Hunter and Lange 2000), so each step of reweighted least squares lowers the loss.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy

from motifnet.engine import Matrix, UsageError

OBJECTIVES = ("squared", "supnorm", "absolute", "pinball", "poisson", "gamma")
_MIN_WIDTH = 1e-12  # in units of y


class Loss(ABC):
    """Every method works row by row. All arrays, weights w included, have the same shape."""

    name: ClassVar[str]
    log_link: ClassVar[bool] = False

    @abstractmethod
    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        """ℓ(y, η)."""

    @abstractmethod
    def gradient(self, y: Matrix, eta: Matrix) -> Matrix:
        """dℓ/dη."""

    @abstractmethod
    def hessian(self, y: Matrix, eta: Matrix) -> Matrix:
        """d²ℓ/dη² > 0, or the second derivative of a parabola that touches ℓ at η and lies above
        it.
        """

    @abstractmethod
    def constant(self, y: Matrix, w: Matrix) -> float:
        """The constant η that minimises Σ w ℓ."""

    def surrogate(self, y: Matrix, w: Matrix) -> Matrix:
        """Approximate scores of y, for stages that work by least squares."""
        return y

    def smooth(self, y: Matrix, eta: Matrix, share: float) -> Loss:
        """This loss with a continuous gradient, smoothed within `share` times the median absolute
        residual at η.
        """
        return self


class Poisson(Loss):
    """Counts or rates, y ≥ 0."""

    name: ClassVar[str] = "poisson"
    log_link: ClassVar[bool] = True

    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(xlogy(y, y) - y * eta - y + np.exp(eta), 0.0))

    def gradient(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(eta) - y)

    def hessian(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(eta))

    def constant(self, y: Matrix, w: Matrix) -> float:
        return float(np.log(max(w @ y, 0.5) / w.sum()))

    def surrogate(self, y: Matrix, w: Matrix) -> Matrix:
        """log of y, shrunk towards the mean by one count; w is the exposure."""
        mean = max(float(w @ y), 0.5) / float(w.sum())
        pull = 1 / (1 + w * mean)
        return np.asarray(np.log((1 - pull) * y + pull * mean))


class Gamma(Loss):
    """Positive amounts, y > 0, with a standard deviation proportional to the mean."""

    name: ClassVar[str] = "gamma"
    log_link: ClassVar[bool] = True

    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(eta - np.log(y) + y * np.exp(-eta) - 1, 0.0))

    def gradient(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(1 - y * np.exp(-eta))

    def hessian(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(y * np.exp(-eta))

    def constant(self, y: Matrix, w: Matrix) -> float:
        return float(np.log(w @ y / w.sum()))

    def surrogate(self, y: Matrix, w: Matrix) -> Matrix:
        return np.asarray(np.log(y))


@dataclass(frozen=True)
class Pinball(Loss):
    """`level` is τ in (0, 1); `width` is δ ≥ 0, in units of y."""

    name: ClassVar[str] = "pinball"
    level: float
    width: float = 0.0

    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        r = y - eta
        size = np.abs(r)
        if self.width > 0:
            size = np.where(size < self.width, r * r / (2 * self.width) + self.width / 2, size)
        return np.asarray((self.level - 0.5) * r + size / 2)

    def gradient(self, y: Matrix, eta: Matrix) -> Matrix:
        r = y - eta
        side = np.clip(r / self.width, -1, 1) if self.width > 0 else np.sign(r)
        return np.asarray(0.5 - self.level - side / 2)

    def hessian(self, y: Matrix, eta: Matrix) -> Matrix:
        return np.asarray(0.5 / np.maximum(np.abs(y - eta), max(self.width, _MIN_WIDTH)))

    def constant(self, y: Matrix, w: Matrix) -> float:
        order = np.argsort(y, kind="stable")
        share = np.cumsum(w[order])
        return float(y[order][np.searchsorted(share, self.level * share[-1])])

    def smooth(self, y: Matrix, eta: Matrix, share: float) -> Pinball:
        return replace(self, width=max(share * float(np.median(np.abs(y - eta))), _MIN_WIDTH))


@dataclass(frozen=True)
class Objective:
    """The name, and the increasing levels of "pinball" (empty otherwise)."""

    name: str = "squared"
    quantiles: tuple[float, ...] = ()

    @classmethod
    def of(cls, name: Any, quantiles: Any) -> Objective:
        """The objective of that name. Raises UsageError for an unknown name or wrong quantiles."""
        if name not in OBJECTIVES:
            raise UsageError(
                f"objective={name!r} is not known; choose one of "
                f"{', '.join(map(repr, OBJECTIVES))}."
            )
        return cls(name, _levels(quantiles)) if name == "pinball" else cls(name)

    @property
    def takes_offset(self) -> bool:
        """Whether the objective accepts an offset (the log of an exposure)."""
        return self.name in ("poisson", "gamma")

    def losses(self, columns: int) -> tuple[Loss, ...]:
        """One loss for each column of the prediction. Empty for "squared", and for "supnorm", which
        has its own training.
        """
        if self.name in ("squared", "supnorm"):
            return ()
        if self.name == "pinball":
            return tuple(Pinball(level) for level in self.quantiles)
        loss: Loss = {"absolute": Pinball(0.5), "poisson": Poisson(), "gamma": Gamma()}[self.name]
        return (loss,) * columns


def _levels(quantiles: Any) -> tuple[float, ...]:
    listed = (
        list(quantiles)
        if isinstance(quantiles, Sequence | np.ndarray) and not isinstance(quantiles, str)
        else [quantiles]
    )
    try:
        levels = sorted(float(level) for level in listed)
    except (TypeError, ValueError):
        levels = []
    if not levels or len(set(levels)) < len(levels) or not all(0 < level < 1 for level in levels):
        raise UsageError(
            f"quantiles={quantiles!r} must be one or several different levels "
            "between 0 and 1, such as (0.1, 0.5, 0.9)."
        )
    return tuple(levels)
