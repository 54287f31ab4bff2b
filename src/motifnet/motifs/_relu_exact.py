"""Motifs that affine maps and rectifiers σ express exactly.

    identity           x = σ(x) − σ(−x),   |x| = σ(x) + σ(−x)
    maximum            max(a, b) = b + σ(a − b),   min(a, b) = a − σ(a − b)
    clip               low + σ(x − low) − σ(x − high)
    sort               comparators (min, max) in Batcher's odd-even merge order
    piecewise linear   s_1 (x − t_0) + Σ (s_{k+1} − s_k) σ(x − t_k)
    step               σ(t/δ + ½) − σ(t/δ − ½), exact off |t| < δ/2
    box                σ(Σ steps − (number of sides − 1)), exact off the bands
    gate f·1           σ(f + C·1 − C) − σ(−f + C·1 − C), exact for an indicator 0 or 1 and |f| ≤ C

Each function returns a chain of affine maps and rectifiers. "Exact" is to rounding: one unit in the
last place an operation.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from motifnet.motifs._affine import Affine, Motif, ReLU
from motifnet.motifs._containers import Chain
from motifnet.motifs._piecewise import Hinge


def fuse(parts: list[Motif]) -> list[Motif]:
    """The same chain with inner chains opened and neighbouring dense affine maps multiplied out."""
    out: list[Motif] = []
    for part in _flat(parts):
        last = out[-1] if out else None
        if isinstance(part, Affine) and isinstance(last, Affine) and _pays(part, last):
            out[-1] = Affine(part.weight @ last.weight, part.weight @ last.bias + part.bias)
        else:
            out.append(part)
    return out


def _flat(parts: list[Motif]) -> Iterator[Motif]:
    for part in parts:
        if isinstance(part, Chain):
            yield from _flat(list(part.parts))
        else:
            yield part


def _pays(second: Affine, first: Affine) -> bool:
    return second.weight.shape[0] * first.weight.shape[1] <= 2 * (
        second.weight.numel() + first.weight.numel()
    )


def two_layers(inner: Tensor, bias: Tensor, outer: Tensor, start: Tensor) -> Motif:
    """start + outer σ(inner x + bias): one hidden layer."""
    return Chain([Affine(inner, bias), ReLU(), Affine(outer, start)])


def _eye(d: int) -> Tensor:
    return torch.eye(d, dtype=torch.float64)


def zeros(*shape: int) -> Tensor:
    """Zeros in float64."""
    return torch.zeros(*shape, dtype=torch.float64)


def relu_identity(d: int) -> Motif:
    """x through a rectifier layer."""
    pair = torch.cat([_eye(d), -_eye(d)])
    return two_layers(pair, zeros(2 * d), pair.T, zeros(d))


def relu_abs(d: int) -> Motif:
    """|x|, each of d values by itself."""
    pair = torch.cat([_eye(d), -_eye(d)])
    return two_layers(pair, zeros(2 * d), pair.T.abs(), zeros(d))


def relu_clip(low: Tensor, high: Tensor) -> Motif:
    """min(max(x, low), high) with low and high of shape (d,)."""
    eye = _eye(len(low))
    return two_layers(
        torch.cat([eye, eye]), torch.cat([-low, -high]), torch.cat([eye, -eye], dim=1), low
    )


def relu_hinge(hinge: Hinge) -> Motif:
    """The piecewise-linear function of each column as one hidden layer: two units for the first
    slope, one for each change of slope.
    """
    knots, slopes = hinge.knots.detach().double(), hinge.slopes.detach().double()
    d = len(knots)
    change = slopes.diff(dim=1)
    column, k = torch.nonzero(change, as_tuple=True)
    inner = torch.cat([_eye(d), -_eye(d), _eye(d)[column]])
    bias = torch.cat([-knots[:, 0], knots[:, 0], -knots[column, k + 1]])
    first = torch.diag(slopes[:, 0])
    outer = torch.cat([first, -first, _eye(d)[column].T * change[column, k]], dim=1)
    return two_layers(inner, bias, outer, zeros(d))


def relu_step(d: int, width: float) -> Motif:
    """1{x > 0}, each of d values by itself, exact off |x| < width/2."""
    inner = torch.cat([_eye(d), _eye(d)]) / width
    bias = torch.cat([zeros(d) + 0.5, zeros(d) - 0.5])
    return two_layers(inner, bias, torch.cat([_eye(d), -_eye(d)], dim=1), zeros(d))


def relu_box(low: Tensor, high: Tensor, width: float) -> Motif:
    """1{low < x ≤ high}, with shape (batch, 1); infinite sides cost nothing. Exact off bands of
    `width` around the finite sides.
    """
    d, below, above = len(low), torch.isfinite(low), torch.isfinite(high)
    sides = torch.cat([_eye(d)[below], -_eye(d)[above]])
    steps = relu_step(len(sides), width)
    count = len(sides)
    both = Affine(zeros(1, count) + 1, zeros(1) - (count - 1))
    return Chain(
        fuse(
            [
                Affine(sides, torch.cat([-low[below], high[above]])),
                steps,
                both,
                ReLU(),
                Affine(_eye(1), zeros(1)),
            ]
        )
    )


def relu_gate(d: int, bound: float) -> Motif:
    """f · 1 for d columns f and one indicator: exact where it is 0 or 1 and |f| ≤ bound."""
    shut = torch.full((2 * d, 1), bound, dtype=torch.float64)
    inner = torch.cat([torch.cat([_eye(d), -_eye(d)]), shut], dim=1)
    return two_layers(inner, -shut[:, 0], torch.cat([_eye(d), -_eye(d)], dim=1), zeros(d))


def _comparators(d: int, pairs: list[tuple[int, int]]) -> Motif:
    """Puts min(a, b) in column i and max(a, b) in column j for each pair (i, j); the other columns
    stay.
    """
    inner = torch.cat(
        [_eye(d), -_eye(d), *(_eye(d)[i : i + 1] - _eye(d)[j : j + 1] for i, j in pairs)]
    )
    moved = torch.stack([_eye(d)[j] - _eye(d)[i] for i, j in pairs], dim=1)
    outer = torch.cat([_eye(d), -_eye(d), moved], dim=1)
    return two_layers(inner, zeros(len(inner)), outer, zeros(d))


def relu_sort(d: int) -> Motif:
    """Each row of d values in increasing order: about log₂²(d)/2 layers."""
    return Chain(
        fuse([_comparators(d, pairs) for pairs in batcher_layers(d)] or [relu_identity(d)])
    )


def batcher_layers(d: int) -> list[list[tuple[int, int]]]:
    """Comparators of the odd-even merge sort of d columns, in layers of disjoint pairs (Batcher
    1968; Knuth, TAOCP 3, 5.2.2 M).
    """
    layers, p = [], 1
    while p < d:
        k = p
        while k >= 1:
            starts = range(k % p, d - k, 2 * k)
            pairs = [
                (i, i + k)
                for j in starts
                for i in range(j, min(j + k, d - k))
                if i // (2 * p) == (i + k) // (2 * p)
            ]
            layers.append(pairs)
            k //= 2
        p *= 2
    return [pairs for pairs in layers if pairs]


def relu_max(d: int) -> Motif:
    """The largest of d values, with shape (batch, 1): a tournament of ⌈log₂ d⌉ layers."""
    return _tournament(d, largest=True)


def relu_min(d: int) -> Motif:
    """The smallest of d values, with shape (batch, 1)."""
    return _tournament(d, largest=False)


def _tournament(d: int, largest: bool) -> Motif:
    rounds: list[Motif] = []
    while d > 1:
        pairs = [(i, d - 1 - i) for i in range(d // 2)]
        keep = [j if largest else i for i, j in pairs] + ([d // 2] if d % 2 else [])
        rounds += [_comparators(d, pairs), Affine(_eye(d)[keep], zeros(len(keep)))]
        d = len(keep)
    return Chain(fuse(rounds or [relu_identity(d)]))
