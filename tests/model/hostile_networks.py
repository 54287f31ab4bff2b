"""Networks that few bytes describe and that would take gigabytes or minutes, drawn at random: what
a file of a stranger may hold.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch

from motifnet.motifs import (
    Affine,
    Box,
    Chain,
    Clip,
    Concat,
    Coupling,
    Distance,
    Exp,
    Fill,
    Gate,
    GroupAverage,
    Hinge,
    Identity,
    Images,
    Lookup,
    Monomial,
    Motif,
    Parallel,
    Piecewise,
    Power,
    Radial,
    Residual,
    Select,
    Softmax,
    Sort,
    SparseAffine,
    Step,
    TreeEnsemble,
    WeightedMedian,
)


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape, dtype=torch.float64)


def doubled(rng: Random) -> Motif:
    return Chain(
        [
            Concat([Identity()] * 2)
            for _ in range(rng.choice([8, 12, 16, 17, 18, 19, 20, 21, 60, 200]))
        ]
    )


def spread(rng: Random) -> Motif:
    """A motif whose tensors have more axes or rows than it says."""
    k = rng.choice([2, 64, 500])
    return rng.choice(
        [
            Clip(ones(k, 1), ones(k, 1)),
            Clip(ones(1), ones(k, 1, 1)),
            Fill(ones(k, 1)),
            Power(ones(k, 1)),
            Box(-ones(k, 1), ones(k, 1)),
            Gate(ones(k, 1)),
            Step(ones(1, 1, 1)),
            Radial(ones(1, k, 1), ones(1), ["gaussian"]),
            Radial(ones(1), ones(1, k, 1), ["laplace"]),
            Affine(ones(k, 1), ones(k)),
            Affine(ones(1, 1), ones(k, 1)),
            SparseAffine(torch.zeros(1, 3, dtype=torch.int64), ones(k, 3), ones(1)),
            Hinge(ones(1, 3), ones(1, 2)),
            Parallel(ones(1, 1, k), [Identity()]),
            Distance(ones(k, 1), rng.choice([1, 2])),
            WeightedMedian(ones(k, 1)),
        ]
    )


def wide(rng: Random) -> Motif:
    """A motif whose work or width is far above its bytes."""
    k = rng.choice([50, 300])
    return rng.choice(
        [
            Monomial([[rng.choice([100, 100_000])]] * k),
            Coupling(rng.choice([2, 90, 1000, 90_000])),
            Lookup(ones(0), ones(2, 50 * k)),
            Piecewise(ones(1, 1), ones(1, 1, 1, 50 * k)),
            Parallel(ones(k), [Exp()] * k),
            Concat([Identity()] * k),
            Chain([Sort(), Softmax()] * k),
            SparseAffine(torch.zeros(1, 50 * k, dtype=torch.int64), ones(1, 50 * k), ones(1)),
            Select([0] * 50 * k),
        ]
    )


def trees(rng: Random) -> Motif:
    """Trees that come back to themselves, that share nodes, that are longer than any, or that are
    one tree many times.
    """
    n = rng.choice([3, 60])
    node = torch.arange(n)
    left, right, roots = rng.choice(
        [
            ((node + 1) % n, (node + 2) % n, node[:1]),
            ((node + 1).clamp(max=n - 1), (node + 1).clamp(max=n - 1), node[:1]),
            (node, node, torch.zeros(20_000, dtype=torch.int64)),
            (node, node + 5, node[:1]),
            (node, node, node[:1]),
        ]
    )
    return TreeEnsemble(
        torch.zeros(n, dtype=torch.int64),
        ones(n),
        left,
        right,
        roots,
        ones(n, rng.choice([1, 900])),
        rng.choice([1, 100_000]),
    )


def around(rng: Random, body: Motif, twice: bool) -> Motif:
    """A motif that takes its body many times, or holds something large meanwhile."""
    k, again = rng.choice([2, 64]), body if twice else Identity()
    return rng.choice(
        [
            GroupAverage(body, torch.zeros(k, 2, dtype=torch.int64), ones(k, 2)),
            Images(body, torch.zeros(k, 2, dtype=torch.int64)),
            Residual(body),
            Residual(Chain([Exp(), body])),
            Concat([body, again]),
            Parallel(ones(2), [body, Identity()]),
            Chain([Concat([Identity()] * 64), body]),
            Chain([body, Select([0, 0]), again]),
        ]
    )


PARTS: list[Callable[[Random], Motif]] = [doubled, doubled, spread, wide, trees]


def hostile_network(seed: int, outputs: int) -> Motif:
    """One of them, with as many columns as a model needs at its end."""
    rng = Random(seed)
    network: Motif = Chain([rng.choice(PARTS)(rng) for _ in range(rng.choice([1, 2, 3]))])
    for level in range(rng.choice([0, 0, 1, 3, 10, 30])):
        network = around(rng, network, twice=level < 2)
    return (
        Chain([Select([0]), network, Select([0] * outputs)])
        if seed % 2
        else Chain([network, Select([0] * outputs)])
    )
