"""Held-out error against the size of a network, and two families of networks that have a size.

The curve shows the peak of the error, the ridge that removes it, and the size beyond which more is
no gain. For each size the factory's network is linearised at random starts and fitted to random
halves of the rows in closed form, without ridge and with it. At the interpolation threshold
parameters equal rows · outputs. For softmax it is rows · (classes − 1), and the peak comes earlier,
where the classes become separable. Near the threshold GCV is optimistic and only the held-out error
counts. With iterations the same networks are also trained to their minimum. Near the threshold it
is hundreds of steps away; training that stops before has its peak later.

Both families divide into many small parts, and the number of parts is the size:

    parallel   f(x) = M^(−½) Σ_{m≤M} g(x; θ_m),   g a deep network of fixed size with tanh units
    residual   h ← h + M^(−½) V tanh(U h + b) in each block of M units; the outputs are
               M^(−½) V tanh(U h + b) + W h

Each part contributes to the output by itself. `divisibility` is the share of the squared Frobenius
norm of the Fisher matrix outside of the blocks of the parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motifnet.engine import UsageError
from motifnet.landscape._gauss_newton import factor, minimise
from motifnet.landscape._linearised import Linearised, LinearisedSoftmax
from motifnet.landscape._risk import LOSSES, risk_of

NEAR = 0.3  # of the threshold
MAX_RATIO = 1.02  # to the least error, of the best size
# training ends at this share of the first risk: separable classes have no minimum
INTERPOLATED = {"squared": 1e-9, "cross_entropy": 1e-3}
Factory = Callable[[int], nn.Module]


class ParallelNetwork(nn.Module):
    """The sum of M copies of a tanh network, divided by √M.

    Parameters
    ----------
    widths : sequence of int
        Inputs first, outputs last.
    copies : int
        M.

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import ParallelNetwork
    >>> ParallelNetwork((3, 2, 1), copies=4)(torch.zeros(5, 3)).shape
    torch.Size([5, 1])
    """

    def __init__(self, widths: Sequence[int], copies: int) -> None:
        super().__init__()
        self.copies = copies
        self.weights = nn.ParameterList(
            torch.randn(copies, a, b) / a**0.5 for a, b in pairwise(widths)
        )
        self.biases = nn.ParameterList(torch.randn(copies, 1, b) / 2 for b in widths[1:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Outputs at rows.

        Parameters
        ----------
        x : tensor with shape (n, inputs)

        Returns
        -------
        tensor with shape (n, outputs)
        """
        h = x @ self.weights[0]  # (copies, rows, units)
        for bias, weight in zip(self.biases, list(self.weights)[1:], strict=True):
            h = torch.tanh(h + bias) @ weight
        return h.sum(0) / self.copies**0.5

    def owners(self) -> Tensor:
        """The index of the copy of each parameter."""
        return torch.cat(
            [torch.arange(self.copies).repeat_interleave(p[0].numel()) for p in self.parameters()]
        )


class ResidualNetwork(nn.Module):
    """Residual blocks of M tanh units; M further tanh units and a linear map of the last block give
    the outputs.

    Parameters
    ----------
    inputs, outputs : int
    units : int
        M.
    blocks : int, default 1

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import ResidualNetwork
    >>> ResidualNetwork(3, 1, units=4)(torch.zeros(5, 3)).shape
    torch.Size([5, 1])
    """

    def __init__(self, inputs: int, outputs: int, units: int, blocks: int = 1) -> None:
        super().__init__()
        self.inward = nn.ParameterList(
            torch.randn(units, inputs) / inputs**0.5 for _ in range(blocks + 1)
        )
        self.biases = nn.ParameterList(torch.randn(units) / 2 for _ in range(blocks + 1))
        self.outward = nn.ParameterList(
            torch.randn(inputs if k < blocks else outputs, units) for k in range(blocks + 1)
        )
        self.direct = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs at rows.

        Parameters
        ----------
        x : tensor with shape (n, inputs)

        Returns
        -------
        tensor with shape (n, outputs)
        """
        h = x
        steps = list(zip(self.inward, self.biases, self.outward, strict=True))
        for block in steps[:-1]:
            h = h + self._step(h, *block)
        return self.direct(h) + self._step(h, *steps[-1])

    @staticmethod
    def _step(h: Tensor, inward: Tensor, bias: Tensor, outward: Tensor) -> Tensor:
        return torch.tanh(h @ inward.T + bias) @ outward.T / len(bias) ** 0.5


def divisibility(F: Tensor, owners: Tensor) -> float:
    """Share of ‖FᵀF‖² outside of the diagonal blocks, for F with shape (rows, p) and the block of
    each parameter. At 0 the parts do not interact.
    """
    inside = sum(
        float((F[:, owners == k] @ F[:, owners == k].T).square().sum()) for k in owners.unique()
    )
    return 1 - inside / float((F @ F.T).square().sum())


@dataclass(frozen=True)
class SizePoint:
    """One size of a `SizeCurve`. Values are medians over repeats, NaN where they were not requested
    or are not defined.

    Attributes
    ----------
    size : int
    parameters : int
    ratio : float
        Parameters to rows · outputs.
    errors : tuple of float
        Held-out error for each ridge.
    gcv : tuple of float
        Generalised cross-validation for each ridge.
    variance_factor : float
        Without ridge.
    trained : float
        Held-out error of the trained network.
    divisibility : float
        Share of the squared norm of the Fisher matrix outside of the blocks of a network's parts: 0
        where they do not interact.

    Examples
    --------
    >>> from motifnet.landscape import ParallelNetwork, size_curve
    >>> curve = size_curve(
    ...     lambda copies: ParallelNetwork((3, 2, 1), copies), X, y, sizes=[1, 2], repeats=1
    ... )
    >>> [(point.size, point.parameters) for point in curve.points]
    [(1, 10), (2, 20)]
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
    """Errors against the size of a network, as `size_curve` returns them.

    Attributes
    ----------
    points : tuple of SizePoint
        The smallest size first.
    ridges : tuple of float

    Examples
    --------
    >>> from motifnet.landscape import ParallelNetwork, size_curve
    >>> curve = size_curve(
    ...     lambda copies: ParallelNetwork((3, 2, 1), copies), X, y, sizes=[1, 2], repeats=1
    ... )
    >>> curve.errors(0.0).shape
    (2,)
    """

    points: tuple[SizePoint, ...]
    ridges: tuple[float, ...]

    def errors(self, ridge: float) -> NDArray[np.float64]:
        """Held-out errors against size.

        Parameters
        ----------
        ridge : float
            One of `ridges`.

        Returns
        -------
        array with one value a size
        """
        return np.array([point.errors[self.ridges.index(ridge)] for point in self.points])

    @property
    def peak(self) -> SizePoint:
        """The size with the largest error under the least ridge."""
        return self.points[int(np.argmax(self.errors(min(self.ridges))))]

    @property
    def best(self) -> tuple[SizePoint, float]:
        """The smallest size, with its ridge, whose error is within 2 % of the least of all."""
        least = min(min(point.errors) for point in self.points)
        point = next(point for point in self.points if min(point.errors) <= MAX_RATIO * least)
        return point, self.ridges[int(np.argmin(point.errors))]

    def near_threshold(self, size: int) -> bool:
        """Whether the parameters of a size are within 30 % of rows · outputs.

        Parameters
        ----------
        size : int

        Returns
        -------
        bool
        """
        return any(point.size == size and abs(point.ratio - 1) <= NEAR for point in self.points)

    @property
    def sentence(self) -> str:
        """The values in words."""
        point, ridge = self.best
        height, error = self.peak.errors[self.ridges.index(min(self.ridges))], min(point.errors)
        advice = f"Size {point.size} with ridge {ridge:g} is enough (held-out error {error:.4g})."
        if height < 1.2 * error:
            return f"{advice} No size tried is much worse."
        return (
            f"With ridge {min(self.ridges):g} the error peaks at size {self.peak.size}, "
            f"{self.peak.ratio:.2f} parameters a row and output, at {height / error:.3g} times the "
            f"best. {advice} Avoid sizes within 30 % of one parameter a row without a ridge."
        )


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
    """Errors of networks of several sizes, linearised at random parameters, and trained on request.

    Parameters
    ----------
    factory : callable
        `factory(size)` draws a network with random parameters.
    X, y : arrays or tensors with rows first
    sizes : sequence of int
    loss : {"squared", "cross_entropy"}, default "squared"
    ridges : sequence of float, default (0, 0.001)
        In units of the mean squared norm of the gradient of an output, so that the scale of the
        outputs does not matter.
    repeats : int, default 5
        Draws of each network.
    held_out : float, default 0.5
        Share of held-out rows.
    iterations : int, default 0
        Of Levenberg–Marquardt, to train the same networks; 0 leaves this out.
    seed : int, default 0

    Returns
    -------
    SizeCurve

    Raises
    ------
    UsageError
        For an unknown loss, and without sizes, ridges or repeats.

    Examples
    --------
    >>> from motifnet.landscape import ParallelNetwork, size_curve
    >>> curve = size_curve(
    ...     lambda copies: ParallelNetwork((3, 2, 1), copies), X, y, sizes=[1, 2], repeats=1
    ... )
    >>> curve.peak.size in (1, 2)
    True
    """
    if loss not in LOSSES or not sizes or not ridges or repeats < 1:
        raise UsageError(
            f"loss={loss!r}, {len(sizes)} sizes, {len(ridges)} ridges, {repeats} repeats: give "
            f"{' or '.join(LOSSES)} and at least one each."
        )
    plan = _Plan(
        factory, torch.as_tensor(X), torch.as_tensor(y), loss, tuple(ridges), held_out, iterations
    )
    points = [
        _median([_draw(plan, size, seed + k) for k in range(repeats)]) for size in sorted(sizes)
    ]
    return SizeCurve(tuple(points), plan.ridges)


def drawn(factory: Factory, size: int, seed: int) -> nn.Module:
    """The network at the start of repeat `seed`; torch's random state does not change."""
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
    risk, test_risk = (
        risk_of(network, plan.X[rows], plan.y[rows], plan.loss) for rows in (train, test)
    )
    model = Linearised(risk) if plan.loss == "squared" else LinearisedSoftmax(risk)
    weights = [ridge * model.scale for ridge in plan.ridges]
    outputs = risk.outputs(risk.theta, risk.X[:1]).numel()
    trained = minimise(risk, plan.iterations, INTERPOLATED[plan.loss]) if plan.iterations else None
    return SizePoint(
        size=size,
        parameters=risk.p,
        ratio=risk.p / (risk.n * (outputs if plan.loss == "squared" else outputs - 1)),
        errors=tuple(
            float(test_risk.loss(model.predict(test_risk.X, weight), test_risk.y))
            for weight in weights
        ),
        gcv=tuple(
            model.gcv(weight) * outputs if isinstance(model, Linearised) else math.nan
            for weight in weights
        ),
        variance_factor=model.variance_factor(0.0) if isinstance(model, Linearised) else math.nan,
        trained=float(test_risk.value(trained.theta)) if trained else math.nan,
        divisibility=divisibility(factor(risk), network.owners())
        if isinstance(network, ParallelNetwork)
        else math.nan,
    )


def _median(draws: list[SizePoint]) -> SizePoint:
    """The median point."""

    def of(name: str) -> Any:
        return np.median([getattr(draw, name) for draw in draws], axis=0).tolist()

    return replace(
        draws[0],
        errors=tuple(of("errors")),
        gcv=tuple(of("gcv")),
        **{name: of(name) for name in ("variance_factor", "trained", "divisibility")},
    )
