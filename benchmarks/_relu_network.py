"""A ReLU network of a given number of parameters, as deep learning would start it."""

from __future__ import annotations

import math

import torch
from torch import nn


def mlp(inputs: int, parameters: int, depth: int = 3, seed: int = 0) -> nn.Module:
    """`depth` hidden ReLU layers of one width, chosen so that the network has as nearly as can be
    `parameters` parameters.
    """
    # (depth − 1) w² + (inputs + depth + 1) w + 1 = parameters
    a, b, c = depth - 1, inputs + depth + 1, 1 - parameters
    width = max(1, round((-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for i in range(depth):
            layers += [nn.Linear(inputs if i == 0 else width, width), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(width, 1))
