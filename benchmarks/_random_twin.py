"""Our architecture without our weights: the trained kernel network with every parameter drawn at
random, for descent to start from.

Sizes, knots and profiles stay. Slopes are log-normal around 1, maps normal with variance 1/inputs,
centres normal with the mean and spread of what reaches them, rates near one over the median
distance, output weights normal with variance 1/units: a start at which nothing is saturated.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from motifnet.motifs import (
    Affine,
    Chain,
    Distance,
    Hinge,
    Parallel,
    Precise,
    Radial,
    ReLU,
    Residual,
)


def random_twin(network: nn.Module, X: Tensor, seed: int = 0) -> nn.Module:
    """A copy of a kernel network in float32, in units of a standardised target, with random
    weights; X with shape (n, d): rows to see scales on.
    """
    network = _opened(network)
    if isinstance(network, Chain) and network.label == "target units":
        network = network.parts[0]
    twin = copy.deepcopy(network).float()
    _draw(twin, X[:500].float(), torch.Generator().manual_seed(seed))
    return twin


def _opened(module: nn.Module) -> nn.Module:
    """The same function without what keeps float64 inside."""
    if isinstance(module, Precise):
        return _opened(module.body)
    if isinstance(module, Chain):
        return Chain([_opened(part) for part in module.parts], module.label)
    return (
        Parallel(module.weights, [_opened(branch) for branch in module.branches])
        if isinstance(module, Parallel)
        else module
    )


@torch.no_grad()
def _draw(module: nn.Module, x: Tensor, g: torch.Generator) -> Tensor:
    """Draw the weights of a module, and its value at x."""
    if isinstance(module, Chain):
        for part in module.parts:
            x = _draw(part, x, g)
        return x
    if isinstance(module, Parallel):
        return sum(
            w * _draw(branch, x, g)
            for w, branch in zip(module.weights, module.branches, strict=True)
        )
    if isinstance(module, Residual):
        return x + _draw(module.body, x, g)
    if isinstance(module, ReLU):
        return module(x)
    if isinstance(module, Hinge):
        module.slopes.copy_(torch.exp(0.3 * torch.randn(module.slopes.shape, generator=g)))
    elif isinstance(module, Affine):
        module.weight.copy_(
            torch.randn(module.weight.shape, generator=g) / module.weight.shape[1] ** 0.5
        )
        module.bias.zero_()
    elif isinstance(module, Distance):
        module.centres.copy_(x.mean(0) + x.std(0) * torch.randn(module.centres.shape, generator=g))
    elif isinstance(module, Radial):
        module.weights.fill_(1 / len(module.weights))
        module.rates.copy_(
            torch.exp(0.3 * torch.randn(module.rates.shape, generator=g)) / x.median()
        )
    else:
        raise TypeError(f"{type(module).__name__} is not part of a kernel network.")
    return module(x)
