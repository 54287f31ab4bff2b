"""Finite groups of signed permutations of columns, (g x)_i = sign_i x_{p(i)}: closure, orbits of
monomials, quotient map, Reynolds average.

The Reynolds average (1/|G|) Σ_g f(g x) makes any f invariant, and keeps an invariant one. The
quotient map φ takes a row to one representative of its orbit: sorted blocks for S_q, absolute
values for sign flips, else the smallest row of the orbit in lexicographic order. The average of a
monomial over G is that over its orbit, which needs no elements of the group. It is 0 where the
orbit holds the monomial with both signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, UsageError

MAX_ELEMENTS, MAX_AVERAGED = 50_000, 5_000
MAX_LAYER_COLUMNS = {"permutations": 24, "cyclic": 8, "flips": 8, "custom": 0}  # that move
Element = tuple[tuple[int, ...], tuple[int, ...]]
Monomial = tuple[int, ...]
Kind = Literal["permutations", "cyclic", "flips", "custom"]


@dataclass(frozen=True)
class Group:
    """generators: (p, sign) on all d columns; blocks with shape (q, k): the columns that a preset
    moves, or flips together.
    """

    name: str
    kind: Kind
    d: int
    generators: tuple[Element, ...]
    blocks: tuple[tuple[int, ...], ...] = ()

    @property
    def size(self) -> int:
        """|G|, by its formula for a preset."""
        q = len(self.blocks)
        sizes = {"permutations": math.factorial(q), "cyclic": q, "flips": 2**q}
        return sizes[self.kind] if self.kind in sizes else len(self.elements())

    @property
    def is_layer(self) -> bool:
        """Whether a layer of moderate size implements the group: symmetric functions of blocks,
        absolute values, or sums over orbits of monomials.
        """
        q, k = len(self.blocks), len(self.blocks[0])
        return self.is_absolute or q * k <= MAX_LAYER_COLUMNS[self.kind]

    @property
    def is_absolute(self) -> bool:
        """Whether the quotient map is the absolute value of single columns."""
        return self.kind == "flips" and len(self.blocks[0]) == 1

    def moves_to_first(self) -> list[tuple[int, ...]]:
        """For each block the element that moves it to the position of the first, as column numbers:
        a swap, or a shift in a cyclic group.
        """
        q, found = len(self.blocks), []
        for j in range(q):
            order = (
                [(i + j) % q for i in range(q)]
                if self.kind == "cyclic"
                else [j if i == 0 else 0 if i == j else i for i in range(q)]
            )
            found.append(_moved(self.blocks, order, self.d)[0])
        return found

    def elements(self) -> list[Element]:
        """Closure of the generators by breadth-first search."""
        identity = (tuple(range(self.d)), (1,) * self.d)
        found, frontier = {identity: None}, [identity]
        while frontier:
            frontier = [
                e
                for e in dict.fromkeys(compose(g, e) for e in frontier for g in self.generators)
                if e not in found
            ]
            found |= dict.fromkeys(frontier)
            if len(found) > MAX_ELEMENTS:
                raise UsageError(
                    f"The group {self.name!r} has more than {MAX_ELEMENTS:,} elements. Use a "
                    "preset (permutations, cyclic, flips) or fewer columns."
                )
        return list(found)

    def average(self, f: Callable[[Matrix], Matrix], X: Matrix) -> Matrix:
        """The Reynolds average of f at rows X."""
        if self.size > MAX_AVERAGED:
            raise UsageError(
                f"The group {self.name!r} has {self.size:,} elements, and an average is for "
                f"at most {MAX_AVERAGED:,}. Use its quotient map."
            )
        return np.mean([f(act(e, X)) for e in self.elements()], axis=0)

    def quotient(self, X: Matrix) -> Matrix:
        """φ(X) with shape (n, d): equal for rows of one orbit."""
        Z = X.copy()
        if self.kind == "flips":
            for block in self.blocks:
                columns = list(block)
                Z[:, columns] *= _leading_sign(X[:, columns])[:, None]
            return Z
        if self.kind == "permutations":
            cube = X[:, np.array(self.blocks)]  # (n, q, k)
            order = np.lexsort([cube[:, :, k] for k in reversed(range(cube.shape[2]))], axis=-1)
            Z[:, np.array(self.blocks)] = np.take_along_axis(cube, order[:, :, None], 1)
            return Z
        for element in self.elements():
            other = act(element, X)
            smaller = _smaller(other, Z)
            Z[smaller] = other[smaller]
        return Z

    def orbit(self, monomial: Monomial) -> dict[Monomial, int]:
        """The monomials (sorted column numbers) that G makes of one, with signs. It is empty where
        the average is 0.
        """
        orbit, frontier = {monomial: 1}, [monomial]
        while frontier:
            m = frontier.pop()
            for p, sign in self.generators:
                image = tuple(sorted(p[i] for i in m))
                s = orbit[m] * math.prod(sign[i] for i in m)
                if image not in orbit:
                    orbit[image] = s
                    frontier.append(image)
                elif orbit[image] != s:
                    return {}
        return orbit


def act(element: Element, X: Matrix) -> Matrix:
    """g x for rows x of X."""
    p, sign = element
    return X[:, list(p)] * np.array(sign)


def compose(g: Element, h: Element) -> Element:
    """The element g h: (g h x)_i = sign_i (h x)_{p(i)}."""
    return tuple(h[0][i] for i in g[0]), tuple(s * h[1][i] for i, s in zip(g[0], g[1], strict=True))


def permutations(blocks: Sequence[Sequence[int]], d: int, name: str | None = None) -> Group:
    """S_q on q blocks of columns of one size."""
    swap = _moved(blocks, [1, 0, *range(2, len(blocks))], d)
    shift = _moved(blocks, [*range(1, len(blocks)), 0], d)
    return Group(name or f"S_{len(blocks)}", "permutations", d, (swap, shift), _frozen(blocks))


def cyclic(blocks: Sequence[Sequence[int]], d: int, name: str | None = None) -> Group:
    """C_q: shifts of q blocks of columns."""
    return Group(
        name or f"C_{len(blocks)}",
        "cyclic",
        d,
        (_moved(blocks, [*range(1, len(blocks)), 0], d),),
        _frozen(blocks),
    )


def flips(blocks: Sequence[Sequence[int]], d: int, name: str | None = None) -> Group:
    """Changes of sign, of all columns of a block together."""
    generators = [
        (tuple(range(d)), tuple(-1 if j in set(block) else 1 for j in range(d))) for block in blocks
    ]
    return Group(name or f"flips_{len(blocks)}", "flips", d, tuple(generators), _frozen(blocks))


def _frozen(blocks: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(j) for j in block) for block in blocks)


def _moved(blocks: Sequence[Sequence[int]], order: Sequence[int], d: int) -> Element:
    p = list(range(d))
    for to, source in enumerate(order):
        for i, j in zip(blocks[to], blocks[source], strict=True):
            p[i] = int(j)
    return tuple(p), (1,) * d


def _leading_sign(X: Matrix) -> Matrix:
    """The sign of the first entry of each row that is not 0."""
    first = np.take_along_axis(X, (X != 0).argmax(1)[:, None], 1)[:, 0]
    return np.where(first < 0, -1.0, 1.0)


def _smaller(A: Matrix, B: Matrix) -> NDArray[np.bool_]:
    """Rows of A that come before those of B in lexicographic order."""
    different = A != B
    first = different.argmax(1)[:, None]
    return (
        different.any(1) & (np.take_along_axis(A, first, 1) < np.take_along_axis(B, first, 1))[:, 0]
    )


def non_invariant(group: Group, X: Matrix, degree: int = 2, most: int = 60) -> Matrix:
    """Monomials of the moved columns up to a degree, minus their averages over G, with shape (n,
    m). An invariant function has none of them.
    """
    moved = sorted(
        {i for p, sign in group.generators for i in range(group.d) if p[i] != i or sign[i] < 0}
    )
    monomials = [(i,) for i in moved] + (
        [tuple(sorted((i, j))) for i in moved for j in moved if i <= j] if degree > 1 else []
    )
    averages: dict[Monomial, tuple[Matrix, int]] = {}
    columns: list[Matrix] = []
    for m in monomials:
        if m not in averages:
            orbit = group.orbit(m)
            average = sum(
                (s * X[:, list(o)].prod(1) for o, s in orbit.items()), np.zeros(len(X))
            ) / max(len(orbit), 1)
            averages |= {o: (average, s) for o, s in (orbit or {m: 1}).items()}
        average, sign = averages[m]
        rest = X[:, list(m)].prod(1) - sign * average
        if len(columns) < most and np.abs(rest).max() > 1e-12:
            columns.append(rest)
    return np.column_stack(columns) if columns else np.zeros((len(X), 0))


PRESETS = {"permutations": permutations, "cyclic": cyclic, "flips": flips}
