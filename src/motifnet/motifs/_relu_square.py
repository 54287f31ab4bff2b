"""Squares and products by teeth (Yarotsky 2017).

    g(x) = 2σ(x) − 4σ(x − ½) + 2σ(x − 1),   g_s = g ∘ g_{s−1}
    x²   = x − Σ_{s ≤ m} g_s(x) / 4^s                on [0, 1], from above up to 2^{−2m−2}
    x y  = R² [ (|x + y|/2R)² − (|x − y|/2R)² ]      on [−R, R]², up to R² 2^{−2m−2}
    ‖x − c‖² = q − 2cᵀx + ‖c‖²,   q = Σ x_d²         one block for all centres c

0 · y = 0 exactly. The last line makes kernel machines small: D · m units once, then one affine unit
per centre.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.motifs._affine import Affine, Motif, ReLU, SparseAffine
from motifnet.motifs._containers import Chain, Concat, Select
from motifnet.motifs._relu_exact import fuse, zeros


def square_error(depth: int, radius: float = 1.0) -> float:
    """Largest error of the square of depth m on [−R, R], and of the product on [−R, R]²: R²
    2^{−2m−2}.
    """
    return radius**2 * 2.0 ** (-2 * depth - 2)


def depth_for(error: float, radius: float = 1.0) -> int:
    """The least depth m ≥ 1 with R² 2^{−2m−2} ≤ error."""
    depth = 1
    while square_error(depth, radius) > error and depth < 200:
        depth += 1
    return depth


def relu_square(d: int, depth: int, radius: float = 1.0) -> Motif:
    """x², each of d values in [−R, R] by itself, up to R² 2^{−2m−2} from above."""
    return Chain([*_abs(d, radius), *_teeth(d, depth), _sparse([range(d)], [radius**2])])


def relu_product(d: int, depth: int, radius: float = 1.0) -> Motif:
    """x_1 y_1 … x_d y_d for columns (x, y), all in [−R, R], up to R² 2^{−2m−2}; exactly 0 where a
    factor is 0.
    """
    left, right = list(range(d)) * 2, list(range(d, 2 * d)) * 2
    halves = SparseAffine(
        torch.tensor([left, right]).T.contiguous(),
        torch.tensor([[0.5, 0.5]] * d + [[0.5, -0.5]] * d).double(),
        zeros(2 * d),
    )
    difference = _sparse([range(d), range(d, 2 * d)], [radius**2, -(radius**2)])
    return Chain([halves, *_abs(2 * d, radius), *_teeth(2 * d, depth), difference])


def _sparse(index: list[range], weight: list[float], bias: float = 0.0) -> SparseAffine:
    """Σ_i weight_i · x[index_i] with one output for each number of a range."""
    columns = torch.tensor([list(r) for r in index]).T.contiguous()
    return SparseAffine(
        columns,
        torch.tensor(weight, dtype=torch.float64).expand(len(columns), -1),
        zeros(len(columns)) + bias,
    )


def _rows(*maps: SparseAffine) -> SparseAffine:
    """Sparse maps of the same input, side by side; shorter rows are filled with zeros."""
    k = max(m.index.shape[1] for m in maps)
    pad = [k - m.index.shape[1] for m in maps]
    index = torch.cat(
        [torch.nn.functional.pad(m.index, (0, p)) for m, p in zip(maps, pad, strict=True)]
    )
    weight = torch.cat(
        [torch.nn.functional.pad(m.weight, (0, p)) for m, p in zip(maps, pad, strict=True)]
    )
    return SparseAffine(index, weight, torch.cat([m.bias for m in maps]))


def _abs(d: int, radius: float) -> list[Motif]:
    """|x|/R, each of d values by itself. Sparse maps give the same bits for equal inputs, so that
    0 · y = 0.
    """
    return [
        _rows(_sparse([range(d)], [1 / radius]), _sparse([range(d)], [-1 / radius])),
        ReLU(),
        _sparse([range(d), range(d, 2 * d)], [1.0, 1.0]),
    ]


def _teeth(d: int, depth: int) -> list[Motif]:
    """x − Σ_{s ≤ m} g_s(x)/4^s of each of d values in [0, 1]: layers of (σ(g), σ(g − ½), carry)."""
    a, b, carry = (range(i * d, (i + 1) * d) for i in range(3))
    one = [1.0]
    parts: list[Motif] = [
        _rows(_sparse([range(d)], one), _sparse([range(d)], one, -0.5), _sparse([range(d)], one)),
        ReLU(),
    ]
    for s in range(1, depth):
        tooth, half = _sparse([a, b], [2.0, -4.0]), _sparse([a, b], [2.0, -4.0], -0.5)
        parts += [
            _rows(tooth, half, _sparse([carry, a, b], [1.0, -2.0 / 4**s, 4.0 / 4**s])),
            ReLU(),
        ]
    return [*parts, _sparse([carry, a, b], [1.0, -2.0 / 4**depth, 4.0 / 4**depth])]


def relu_squared_norm(low: Tensor, high: Tensor, depth: int) -> Motif:
    """(Σ_d y_d², y_1, …, y_D) with y = x − low, for x in the box [low, high]: the first up to Σ_d
    (high − low)_d² 2^{−2m−2}, from above.

    Every signal is non-negative in the box, so that carrying one through a layer takes a single
    unit.
    """
    D, width = len(low), high - low
    eye = torch.eye(D, dtype=torch.float64)
    none = zeros(D, D)
    square = (width**2)[None]
    scale = torch.where(width > 0, 1 / width.clamp(min=1e-300), 0)
    bias = torch.cat([zeros(D), zeros(D) - 0.5, zeros(D), zeros(1)])
    # A layer holds σ(g), σ(g − ½), y / width and the carry. Before the first one, g is y / width
    # and the carry is Σ width² g.
    first = torch.cat([eye, eye, eye, square])
    parts: list[Motif] = [Affine(eye * scale, -low * scale), Affine(first, bias), ReLU()]
    tooth = torch.cat([2 * eye, -4 * eye, none, zeros(D, 1)], dim=1)
    keep = torch.cat([none, none, eye, zeros(D, 1)], dim=1)
    for s in range(1, depth + 1):
        carry = torch.cat(
            [
                -2 * square / 4**s,
                4 * square / 4**s,
                zeros(1, D),
                torch.ones(1, 1, dtype=torch.float64),
            ],
            dim=1,
        )
        if s < depth:
            parts += [Affine(torch.cat([tooth, tooth, keep, carry]), bias), ReLU()]
    return Chain(fuse([*parts, Affine(torch.cat([carry, keep * width[:, None]]), zeros(D + 1))]))


def relu_monomial(powers: list[int], depth: int, radius: float = 1.0) -> tuple[Motif, float]:
    """Π_j x_j^{p_j} for x in [−R, R]^d by a binary tree of products of depth m, with shape (batch,
    1), and a bound on its error.
    """
    columns = [j for j, p in enumerate(powers) for _ in range(p)]
    if not columns:
        return Affine(zeros(1, len(powers)), zeros(1) + 1), 0.0
    parts: list[Motif] = [Select(columns)]
    # largest size and error of each signal; |ab − ãb̃| ≤ |a| e_b + |b| e_a + e_a e_b
    signals = [(radius, 0.0)] * len(columns)
    while len(signals) > 1:
        pairs = len(signals) // 2
        reach = max(size + error for size, error in signals)
        products = Chain([Select(list(range(2 * pairs))), relu_product(pairs, depth, reach)])
        parts.append(
            products if len(signals) % 2 == 0 else Concat([products, Select([len(signals) - 1])])
        )
        merged = [
            _merge(a, b, square_error(depth, reach))
            for a, b in zip(signals[:pairs], signals[pairs : 2 * pairs], strict=True)
        ]
        signals = merged + signals[2 * pairs :]
    return Chain(parts), signals[0][1]


def _merge(a: tuple[float, float], b: tuple[float, float], error: float) -> tuple[float, float]:
    return a[0] * b[0], a[0] * b[1] + b[0] * a[1] + a[1] * b[1] + error
