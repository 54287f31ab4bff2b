"""Layers for a symmetry: functions of blocks of columns that do not change when the group acts. All
are continuous and exact.

    exchange of single columns   sorted values and power sums, which generate the symmetric
                                 polynomials up to their degree (Newton)
    exchange of blocks           sorted coordinates, second moments, sorted squared distances
    signs of single columns      absolute values
    signs of a block, shifts     sums over the orbits of monomials, of degree two and up to three
                                 (for shifts: mean, autocorrelation, bispectrum)

Some of these functions do not separate all orbits. The out-of-fold error shows whether they are
sufficient. A target may belong to one block and treat the others alike. Its layer has that block,
and symmetric functions of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

import numpy as np
import torch

from motifnet.engine import Matrix
from motifnet.motifs import Abs, Affine, Chain, Concat, Monomial, Motif, Select, Sort, Square
from motifnet.structure._group import Group

MAX_POWERS = 4
Monomials = tuple[tuple[tuple[int, ...], int], ...]


def common_units(group: Group, centre: Matrix, unit: Matrix) -> Affine:
    """All d columns, those of an orbit with one centre and one unit. Flips are about 0 of the raw
    column. `centre` and `unit` have shape (d,).
    """
    slope, shift = np.ones(group.d), np.zeros(group.d)
    for i in range(len(group.blocks[0])):
        orbit = [block[i] for block in group.blocks]
        common = np.sqrt(np.mean(unit[orbit] ** 2))
        slope[orbit] = unit[orbit] / common
        shift[orbit] = (
            centre[orbit] - (0.0 if group.kind == "flips" else centre[orbit].mean())
        ) / common
    return Affine(torch.diag(torch.as_tensor(slope)), torch.as_tensor(shift))


def quotient_layer(group: Group) -> Motif:
    """The columns that no block holds, then functions that do not change under the group, of all d
    columns in common units.
    """
    others = others_of(group)
    if group.is_absolute or group.kind == "permutations":
        made: Motif = (
            Abs() if group.is_absolute else symmetric(len(group.blocks), len(group.blocks[0]))
        )
        layer: Motif = Chain([Select([j for block in group.blocks for j in block]), made])
    else:
        layer = _orbit_sums(group, range(1, 4) if group.kind == "cyclic" else (2,))
    return Concat([Select(others), layer]) if others else layer


def first_and_others(group: Group) -> Motif:
    """The columns that no block holds, the first block, and symmetric functions of the other
    blocks. A cyclic group keeps their order. The input has all d columns in common units, with a
    block moved to the position of the first.
    """
    first, rest = group.blocks[0], group.blocks[1:]
    kept = [*others_of(group), *first]
    if group.kind == "cyclic" or len(rest) == 1:
        return Select([*kept, *(j for block in rest for j in block)])
    k, q = len(first), len(rest)
    set_ = Chain([Select([j for block in rest for j in block]), symmetric(q, k)])
    if k == 1:
        return Concat([Select(kept), set_])
    near = Chain(
        [
            Select([j for block in group.blocks for j in block]),
            _distances([(0, i) for i in range(1, q + 1)], q + 1, k),
        ]
    )
    return Concat([Select(kept), set_, near])


def symmetric(q: int, k: int) -> Motif:
    """Symmetric functions of q blocks of k columns, one block after the other."""
    columns = [[i * k + c for i in range(q)] for c in range(k)]
    branches: list[Motif] = [Chain([Select(column), Sort()]) for column in columns]
    degrees = (
        [(p,) for p in range(1, min(q, MAX_POWERS) + 1)]
        if k == 1
        else list(combinations_with_replacement(range(k), 2))
    )
    powers = np.zeros((len(degrees), q, q * k), dtype=int)
    for t, degree in enumerate(degrees):
        for i in range(q):
            if k == 1:
                powers[t, i, i] = degree[0]
            else:
                for c in degree:
                    powers[t, i, i * k + c] += 1
    sums = Affine(
        torch.as_tensor(np.repeat(np.eye(len(degrees)), q, axis=1) / q),
        torch.zeros(len(degrees), dtype=torch.float64),
    )
    branches.append(Chain([Monomial(powers.reshape(-1, q * k).tolist()), sums]))
    if k > 1:
        branches.append(_distances(list(combinations(range(q), 2)), q, k))
    return Concat(branches)


def _distances(pairs: Sequence[tuple[int, int]], q: int, k: int) -> Motif:
    """Sorted squared distances of pairs of blocks."""
    difference = np.zeros((len(pairs), k, q * k))
    for t, (i, j) in enumerate(pairs):
        difference[t, range(k), range(i * k, i * k + k)] = 1
        difference[t, range(k), range(j * k, j * k + k)] = -1
    total = np.repeat(np.eye(len(pairs)), k, axis=1)
    zeros = [torch.zeros(m, dtype=torch.float64) for m in (len(pairs) * k, len(pairs))]
    apart = Affine(torch.as_tensor(difference.reshape(-1, q * k)), zeros[0])
    return Chain([apart, Square(), Affine(torch.as_tensor(total), zeros[1]), Sort()])


def _orbit_sums(group: Group, degrees: Sequence[int]) -> Motif:
    """Means over the orbits of the monomials of these degrees in the columns that move."""
    moved = sorted(j for block in group.blocks for j in block)
    orbits: dict[Monomials, None] = {}
    for degree in degrees:
        for monomial in combinations_with_replacement(moved, degree):
            orbits[tuple(sorted(group.orbit(monomial).items()))] = None
    orbits.pop((), None)  # of monomials that average to 0
    powers: list[list[int]] = []
    weight = np.zeros((len(orbits), sum(map(len, orbits))))
    for t, orbit in enumerate(orbits):
        for monomial, sign in orbit:
            weight[t, len(powers)] = sign / len(orbit)
            powers.append(np.bincount(monomial, minlength=group.d).tolist())
    return Chain(
        [
            Monomial(powers),
            Affine(torch.as_tensor(weight), torch.zeros(len(orbits), dtype=torch.float64)),
        ]
    )


def others_of(group: Group) -> list[int]:
    """Columns that no block holds."""
    moved = {j for block in group.blocks for j in block}
    return [j for j in range(group.d) if j not in moved]
