"""Every part of the landscape of a network, in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from motifnet.landscape._escape import Escape, escape
from motifnet.landscape._fisher import GradientNoise, Information, gradient_noise, information
from motifnet.landscape._gaussian_sgd import Visited, gaussian_sgd, row_noise, visited
from motifnet.landscape._hessian import Curvature, Trace, curvature, hessian_trace
from motifnet.landscape._risk import Risk, RowLoss, risk_of
from motifnet.landscape._sharpness import MinimumSharpness, minimum_sharpness


@dataclass(frozen=True)
class Audit:
    """The result of `audit`; every part has values and a `sentence`.

    Attributes
    ----------
    risk : float
        Mean loss on the rows.
    parameters : int
        Number of parameters.
    trace : Trace
    sharpness : MinimumSharpness
    curvature : Curvature
    noise : GradientNoise
    escape : Escape or None
        None where the risk is zero.
    walk : Visited or None
        None without steps or at an unstable rate.
    information : Information

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import audit
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> found = audit(net, X, y[:, None], steps=0)
    >>> found.parameters, found.walk
    (21, None)
    >>> print(found.sentences[0])
    Training risk ... with 21 parameters.
    """

    risk: float
    parameters: int
    trace: Trace
    sharpness: MinimumSharpness
    curvature: Curvature
    noise: GradientNoise
    escape: Escape | None
    walk: Visited | None
    information: Information

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence a part."""
        parts = (
            self.trace,
            self.sharpness,
            self.curvature,
            self.noise,
            self.escape,
            self.walk,
            self.information,
        )
        return (
            f"Training risk {self.risk:.5g} with {self.parameters:,} parameters.",
            *(part.sentence for part in parts if part is not None),
        )

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def audit(
    module: nn.Module,
    X: Any,
    y: Any,
    loss: str | RowLoss = "squared",
    *,
    rate: float = 0.01,
    batch: float = 32,
    barrier: float | None = None,
    steps: int = 600,
    directions: int = 5,
    seed: int = 0,
) -> Audit:
    """Audit the training risk around the parameters of any torch module.

    Parameters
    ----------
    module : torch.nn.Module
        Multilayer perceptron, convolutional or residual network, or one of ours. The audit works
        on a copy.
    X, y : arrays or tensors with rows first
        The training rows.
    loss : {"squared", "cross_entropy"} or callable, default "squared"
        With "cross_entropy" y holds class numbers; a function of outputs and targets gives the mean
        over rows.
    rate, batch : float
        Of the stochastic gradient descent whose exit time is computed.
    barrier : float, optional
        The rise of the loss that counts as leaving; a tenth of the training risk when None.
    steps : int, default 600
        Steps of Gaussian SGD, at least 24. It is left out with 0 steps, and at an unstable rate,
        above 2/λ_max.
    directions : int, default 5
        The number of steepest directions.
    seed : int, default 0
        Seed of probes and of the walk.

    Returns
    -------
    Audit
        Prints as a page of sentences.

    Raises
    ------
    UsageError, DataError
        As `risk_of`.

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import audit
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> found = audit(net, X, y[:, None], rate=0.05, steps=0)
    >>> found.curvature.values.shape
    torch.Size([5])
    """
    risk = risk_of(module, X, y, loss)
    level = float(risk.value(risk.theta))
    trace, top = hessian_trace(risk, seed=seed), curvature(risk, min(directions, risk.p), seed)
    noise = gradient_noise(risk, top, seed=seed)
    stable = rate < top.largest_rate
    return Audit(
        risk=level,
        parameters=risk.p,
        trace=trace,
        sharpness=minimum_sharpness(module, trace),
        curvature=top,
        noise=noise,
        escape=escape(risk, top, noise, rate=rate, batch=batch, barrier=barrier)
        if level > 0 or barrier
        else None,
        walk=_walk(risk, rate, batch, steps, seed) if steps and stable else None,
        information=information(risk),
    )


def _walk(risk: Risk, rate: float, batch: float, steps: int, seed: int) -> Visited:
    """The set that Gaussian SGD visits from the parameters of the module."""
    path = gaussian_sgd(
        risk.value,
        risk.gradient,
        row_noise(risk),
        risk.theta,
        rate=rate,
        batch=batch,
        steps=steps,
        window=steps // 6,
        seed=seed,
    )
    return visited(path, risk)
