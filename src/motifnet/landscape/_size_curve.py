"""Held-out error against the size of a network: where it peaks, which ridge removes the peak, and from which size on more is no gain.

For each size the factory's network is linearised at random starts and fitted to random halves of the rows in closed form, without ridge and with it.
The interpolation threshold is where parameters equal rows · outputs (for softmax rows · (classes − 1); its peak comes earlier, where the classes
become separable). Near it GCV is optimistic and only the held-out error counts. Where iterations are given, the same networks are also trained to
their minimum: that of networks with about as many parameters as rows is hundreds of steps away, and training that stops before has its peak later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motifnet.engine import UsageError
from motifnet.landscape._gauss_newton import factor
from motifnet.landscape._linearised import Linearised
from motifnet.landscape._linearised_softmax import LinearisedSoftmax
from motifnet.landscape._minimise import minimise
from motifnet.landscape._parallel import ParallelNetwork, divisibility
from motifnet.landscape._risk import LOSSES, risk_of

Factory = Callable[[int], nn.Module]
NEAR = 0.3  # of the threshold
ALIKE = 1.02
INTERPOLATED = {"squared": 1e-9, "cross_entropy": 1e-3}  # share of the risk at the start at which training ends; classes that separate have no end


@dataclass(frozen=True)
class SizePoint:
    """One size: held-out error (medians over repeats) and GCV for each ridge, variance factor without ridge, held-out error of the trained network.

    ratio: parameters / (rows · outputs). NaN stands for what was not asked for or is not defined.
    """

    size: int
    parameters: int
    ratio: float
    errors: tuple[float, ...]
    gcv: tuple[float, ...]
    variance_factor: float
    trained: float
    divisibility: float


@dataclass(frozen=True)
class SizeCurve:
    """The points, smallest size first."""

    points: tuple[SizePoint, ...]
    ridges: tuple[float, ...]

    def errors(self, ridge: float) -> NDArray[np.float64]:
        """Held-out errors against size."""
        return np.array([point.errors[self.ridges.index(ridge)] for point in self.points])

    @property
    def peak(self) -> SizePoint:
        """Where the error with the least ridge is largest."""
        return self.points[int(np.argmax(self.errors(min(self.ridges))))]

    @property
    def best(self) -> tuple[SizePoint, float]:
        """The smallest size, with its ridge, whose error is within 2 % of the least of all."""
        least = min(min(point.errors) for point in self.points)
        point = next(point for point in self.points if min(point.errors) <= ALIKE * least)
        return point, self.ridges[int(np.argmin(point.errors))]

    def near_threshold(self, size: int) -> bool:
        """Whether a size of the curve has within 30 % as many parameters as rows · outputs."""
        return any(point.size == size and abs(point.ratio - 1) <= NEAR for point in self.points)

    @property
    def sentence(self) -> str:
        point, ridge = self.best
        height, error = self.peak.errors[self.ridges.index(min(self.ridges))], min(point.errors)
        advice = f"Size {point.size} with ridge {ridge:g} is enough (held-out error {error:.4g})."
        if height < 1.2 * error:
            return f"{advice} No size tried is much worse."
        peak = f"With ridge {min(self.ridges):g} the error peaks at size {self.peak.size}, {self.peak.ratio:.2f} parameters a row and output"
        return f"{peak}, at {height / error:.3g} times the best. {advice} Avoid sizes within 30 % of one parameter a row without a ridge."


def size_curve(
    factory: Factory,
    X: Any,
    y: Any,
    sizes: Sequence[int],
    *,
    loss: str = "squared",
    ridges: Sequence[float] = (0.0, 1e-3),
    repeats: int = 5,
    held_out: float = 0.5,
    iterations: int = 0,
    seed: int = 0,
) -> SizeCurve:
    """The curve of `factory(size)`, which draws a network with random parameters; loss is "squared" or "cross_entropy".

    ridges: in units of the mean squared norm of the gradient of an output, so that they mean the same whatever the scale of the outputs.

    iterations: of Levenberg–Marquardt, by which the same networks are really trained; 0 leaves that out.
    """
    if loss not in LOSSES or not sizes or not ridges or repeats < 1:
        raise UsageError(
            f"loss={loss!r}, {len(sizes)} sizes, {len(ridges)} ridges, {repeats} repeats: give {' or '.join(LOSSES)} and at least one each."
        )
    plan = _Plan(factory, torch.as_tensor(X), torch.as_tensor(y), loss, tuple(ridges), held_out, iterations)
    points = [_median([_draw(plan, size, seed + k) for k in range(repeats)]) for size in sorted(sizes)]
    return SizeCurve(tuple(points), plan.ridges)


def drawn(factory: Factory, size: int, seed: int) -> nn.Module:
    """The network that repeat number `seed` starts from; torch's random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return factory(size)


@dataclass(frozen=True)
class _Plan:
    factory: Factory
    X: Tensor
    y: Tensor
    loss: str
    ridges: tuple[float, ...]
    held_out: float
    iterations: int


def _draw(plan: _Plan, size: int, seed: int) -> SizePoint:
    """One draw of network and split."""
    order = torch.randperm(len(plan.X), generator=torch.Generator().manual_seed(seed))
    test, train = order.tensor_split([round(plan.held_out * len(order))])
    network = drawn(plan.factory, size, seed)
    risk, fresh = (risk_of(network, plan.X[rows], plan.y[rows], plan.loss) for rows in (train, test))
    model = Linearised(risk) if plan.loss == "squared" else LinearisedSoftmax(risk)
    weights = [ridge * model.scale for ridge in plan.ridges]
    outputs = risk.outputs(risk.theta, risk.X[:1]).numel()
    trained = minimise(risk, plan.iterations, INTERPOLATED[plan.loss]) if plan.iterations else None
    return SizePoint(
        size=size,
        parameters=risk.p,
        ratio=risk.p / (risk.n * (outputs if plan.loss == "squared" else outputs - 1)),
        errors=tuple(float(fresh.loss(model.predict(fresh.X, weight), fresh.y)) for weight in weights),
        gcv=tuple(model.gcv(weight) * outputs if isinstance(model, Linearised) else math.nan for weight in weights),
        variance_factor=model.variance_factor(0.0) if isinstance(model, Linearised) else math.nan,
        trained=float(fresh.value(trained.theta)) if trained else math.nan,
        divisibility=divisibility(factor(risk), network.owners()) if isinstance(network, ParallelNetwork) else math.nan,
    )


def _median(draws: list[SizePoint]) -> SizePoint:
    """One point of them all."""

    def of(name: str) -> Any:
        return np.median([getattr(draw, name) for draw in draws], axis=0).tolist()

    return replace(
        draws[0],
        errors=tuple(of("errors")),
        gcv=tuple(of("gcv")),
        **{name: of(name) for name in ("variance_factor", "trained", "divisibility")},
    )
