"""Piecewise functions: linear and polynomial ones of single columns, tables of levels, indicators.

`Hinge` is piecewise linear, and linear beyond its ends: warps, linear splines, hinges.

    w_j(x) = Σ_k s_jk · min(max(x − t_jk, 0), t_j,k+1 − t_jk)
             + s_j1 · min(x − t_j0, 0) + s_jK · max(x − t_jK, 0)
           = s_j1 (x − t_j0) + Σ_{k=1}^{K−1} (s_j,k+1 − s_jk) σ(x − t_jk)

The first form is the one computed. None of its terms cancel, so that its error is one rounding a
segment also far outside. The second, of affine maps and rectifiers, is the relu form.
w_j(t_j0) = 0; the next affine map adds a start value.

`Piecewise` has a polynomial on each segment: splines of any degree, interpolation, bins.

    p_jo(x) = Σ_k c_jsko (x − t_js)^k      on segment s, t_js < x ≤ t_j,s+1

The first and the last segment are open to their outer side.

`Lookup` reads a row of a table for the level of a row. Levels are written as numbers. It is exact,
and without gradient.

`Step`, `Box` and `Gate` are indicators of regions and functions gated by them: the modules for
jumps. The relu forms replace the step 1{t > 0} by the ramp σ(t/δ + ½) − σ(t/δ − ½), equal to it off
a band of width δ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._affine import Motif


class Hinge(Motif):
    """w_j of each column: knots t of shape (d, K + 1), not decreasing, and slopes s of shape (d,
    K). Exact.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"slopes"})

    knots: Tensor
    slopes: Tensor

    def __init__(self, knots: Tensor, slopes: Tensor) -> None:
        super().__init__()
        self.keep(knots=knots, slopes=slopes)

    def outputs(self, inputs: int) -> int:
        return len(self.slopes)

    def describe(self) -> str:
        return f"piecewise linear in each column, {self.slopes.shape[1]} segments"

    def forward(self, x: Tensor) -> Tensor:
        # columns one after the other: twice as fast
        x, knots, slopes = x.T.contiguous(), self.knots[:, :, None], self.slopes[:, :, None]
        left, width = knots[:, :-1].unbind(1), knots.diff(dim=1).unbind(1)
        y = (
            torch.relu(knots[:, 0] - x) * -slopes[:, 0]
            + torch.relu(x - knots[:, -1]) * slopes[:, -1]
        )
        # a segment at a time: memory stays O(batch × columns)
        for t, w, s in zip(left, width, slopes.unbind(1), strict=True):
            y = y + torch.minimum(torch.relu(x - t), w) * s
        return y.T.contiguous()


class Piecewise(Motif):
    """The values p_j1 … p_jo of each column j, side by side. starts of shape (d, S), not
    decreasing; coefficients of shape (d, S, K, o).

    closed: "right" if segments contain their right end, "left" if they contain their left end.
    Exact to rounding.
    """

    starts: Tensor
    coefficients: Tensor
    closed: str

    def __init__(self, starts: Tensor, coefficients: Tensor, closed: str = "right") -> None:
        super().__init__()
        self.keep(starts=starts, coefficients=coefficients, closed=closed)

    def outputs(self, inputs: int) -> int:
        return self.coefficients.shape[0] * self.coefficients.shape[3]

    def describe(self) -> str:
        degree, segments = self.coefficients.shape[2] - 1, self.starts.shape[1]
        return f"piecewise polynomial of degree {degree}, {segments} segments"

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._column(x[:, j], j) for j in range(len(self.starts))], dim=1)

    def _column(self, x: Tensor, j: int) -> Tensor:
        inner = self.starts[j, 1:].contiguous()
        segment = torch.searchsorted(inner, x.detach().contiguous(), right=self.closed == "left")
        u, powers = (x - self.starts[j][segment])[:, None], self.coefficients[j][segment]
        value = powers[:, -1]
        for k in range(powers.shape[1] - 2, -1, -1):
            value = value * u + powers[:, k]
        return value


class Lookup(Motif):
    """table[k] where x, one column, is levels[k]; table[K] where it is none of them, table[K + 1]
    where it is missing.

    levels of shape (K,), increasing; table of shape (K + 2, s); texts: the strings that levels
    stand for, "" where a level is a number.
    """

    levels: Tensor
    table: Tensor
    texts: list[str]

    def __init__(self, levels: Tensor, table: Tensor, texts: Sequence[str] = ()) -> None:
        super().__init__()
        if len(table) != len(levels) + 2 or (levels.diff() <= 0).any():
            raise UsageError(
                f"Lookup has {len(levels)} levels and a table of {len(table)} rows; give "
                "increasing levels, and two more rows: unseen, missing."
            )
        self.keep(levels=levels, table=table, texts=list(texts))

    def outputs(self, inputs: int) -> int:
        return self.table.shape[1]

    def describe(self) -> str:
        return f"a value for each of {len(self.levels)} levels"

    def forward(self, x: Tensor) -> Tensor:
        values, count = x[:, 0].contiguous(), len(self.levels)
        index = torch.searchsorted(self.levels, values).clamp(max=max(count - 1, 0))
        unseen = (
            self.levels[index] != values if count else torch.ones_like(values, dtype=torch.bool)
        )
        index = torch.where(unseen, count, index)
        return self.table[torch.where(torch.isnan(values), count + 1, index)]


class Step(Motif):
    """1{x > 0}, or for width δ > 0 the ramp from 0 at −δ/2 to 1 at δ/2. Exact off the band |x| <
    δ/2.
    """

    width: Tensor

    def __init__(self, width: Tensor) -> None:
        super().__init__()
        if not float(width) >= 0:
            raise UsageError(f"Step has width={float(width)}; the width of its band is 0 or more.")
        self._sharp = float(width) == 0
        self.keep(width=width)

    def forward(self, x: Tensor) -> Tensor:
        if self._sharp:
            return (x > 0).to(x.dtype)
        return torch.clamp(x / self.width + 0.5, 0, 1)


class Box(Motif):
    """1{low < x ≤ high in every column}, with shape (batch, 1); low and high of shape (d,),
    infinite where a side is open.
    """

    low: Tensor
    high: Tensor

    def __init__(self, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.keep(low=low, high=high)

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        inside = (x > self.low) & (x <= self.high)
        return inside.all(dim=1, keepdim=True).to(x.dtype)


class Gate(Motif):
    """f · 1 for columns (f_1 … f_k, 1): σ(f + C·1 − C) − σ(−f + C·1 − C). Exact where the last
    column is 0 or 1 and |f| ≤ C.
    """

    bound: Tensor

    def __init__(self, bound: Tensor) -> None:
        super().__init__()
        self.keep(bound=bound)

    def outputs(self, inputs: int) -> int:
        return max(0, inputs - 1)

    def forward(self, x: Tensor) -> Tensor:
        f, shut = x[:, :-1], self.bound * (x[:, -1:] - 1)
        return torch.relu(f + shut) - torch.relu(shut - f)
