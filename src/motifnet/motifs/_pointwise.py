"""Functions of each value, or of each row, by itself; their native forms are exact.

They are activations, maxima, order statistics and norms of a row, and polynomials: squares,
products and monomials. In relu form the square is the sum of teeth of `_relu_square.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._affine import Motif


class Abs(Motif):
    """|x| = σ(x) + σ(−x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.abs()


class Max(Motif):
    """The largest value of each row, with shape (batch, 1): max(a, b) = b + σ(a − b)."""

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=1, keepdim=True)


class Min(Motif):
    """The smallest value of each row, with shape (batch, 1): min(a, b) = a − σ(a − b)."""

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        return x.amin(dim=1, keepdim=True)


class Largest(Motif):
    """1 in the column of the largest value of each row, the first one among equals, and 0 in the
    others.
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(x.argmax(dim=1), x.shape[1]).to(x.dtype)


class ArgMax(Motif):
    """The number of the column with the largest value of a row, the first of equal ones, with shape
    (batch, 1). Exact, and without gradient.
    """

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        return x.argmax(dim=1, keepdim=True).to(x.dtype)


class Sort(Motif):
    """Each row in increasing order: a network of comparators (max, min)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(x, dim=1).values


class Clip(Motif):
    """min(max(x, low), high), with low and high of shape (d,) or scalars."""

    low: Tensor
    high: Tensor

    def __init__(self, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.keep(low=low, high=high)

    def forward(self, x: Tensor) -> Tensor:
        return torch.minimum(torch.maximum(x, self.low), self.high)


class Exp(Motif):
    """e^x, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


class Softmax(Motif):
    """e^{x_k} / Σ_l e^{x_l} over the columns: probabilities of classes."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x, dim=1)


class Sigmoid(Motif):
    """1 / (1 + e^{−x}), each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x)


class Tanh(Motif):
    """tanh x, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x)


class Sine(Motif):
    """sin x, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class Log(Motif):
    """Natural logarithm of x > 0, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.log(x)


class Erf(Motif):
    """Error function (2/√π) ∫_0^x e^{−t²} dt, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.erf(x)


class Single(Motif):
    """x rounded to float32, each value by itself, in the type that it has: what a library gives
    that computes in float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.float().to(x.dtype)


class Power(Motif):
    """x^p, each value by itself; a p that is not whole needs x ≥ 0."""

    exponent: Tensor

    def __init__(self, exponent: Tensor) -> None:
        super().__init__()
        self.keep(exponent=exponent)

    def describe(self) -> str:
        return f"x^{float(self.exponent):g}"

    def forward(self, x: Tensor) -> Tensor:
        return torch.pow(x, self.exponent)


class Normalize(Motif):
    """x / ‖x‖ of each row, with the norm "l1", "l2" or "max"; a row of zeros stays."""

    norm: str

    def __init__(self, norm: str) -> None:
        super().__init__()
        if norm not in ("l1", "l2", "max"):
            raise UsageError(f"Normalize has norm={norm!r}; it is 'l1', 'l2' or 'max'.")
        self.keep(norm=norm)

    def forward(self, x: Tensor) -> Tensor:
        if self.norm == "l2":
            size = (x * x).sum(1, keepdim=True).sqrt()
        else:
            size = (
                x.abs().sum(1, keepdim=True) if self.norm == "l1" else x.abs().amax(1, keepdim=True)
            )
        return x / torch.where(size == 0, torch.ones_like(size), size)


class WeightedMedian(Motif):
    """The smallest x_j with  Σ {w_i : x_i ≤ x_j} ≥ ½ Σ w,  weights w of shape (d,), with shape
    (batch, 1). Exact.
    """

    weights: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.keep(weights=weights)

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        values, order = torch.sort(x, dim=1)
        mass = self.weights[order].cumsum(1)
        position = (mass >= mass[:, -1:] / 2).to(torch.int64).argmax(1, keepdim=True)
        return values.gather(1, position)


class Square(Motif):
    """x², each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x


class Product(Motif):
    """x_1 y_1 … x_k y_k for columns (x_1 … x_k, y_1 … y_k)."""

    def outputs(self, inputs: int) -> int:
        return inputs // 2

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=1)
        return left * right


class Monomial(Motif):
    """Π_j x_j^{p_j} for each list of powers p, with shape (batch, number of lists)."""

    powers: list[list[int]]

    def __init__(self, powers: list[list[int]]) -> None:
        super().__init__()
        if any(p < 0 for row in powers for p in row):
            raise UsageError(
                f"Monomial has powers {powers}; powers are whole numbers of 0 or more."
            )
        self.keep(powers=[list(row) for row in powers])

    def outputs(self, inputs: int) -> int:
        return len(self.powers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._term(x, row) for row in self.powers], dim=1)

    def _term(self, x: Tensor, row: list[int]) -> Tensor:
        value = torch.ones_like(x[:, :1])
        for j, power in enumerate(row):
            for _ in range(power):
                value = value * x[:, j : j + 1]
        return value
