"""Small networks and rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from motifnet.motifs import Affine, Chain, ReLU, Residual


class Block(nn.Module):
    """x + B σ(A x), as users write it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(nn.functional.relu(self.a(x)))


class Tied(nn.Module):
    """One weight used twice: not linear in it."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(6, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.w(torch.relu(self.w(x)))))


def mlp(bias: bool = True) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 8, bias), nn.ReLU(), nn.Linear(8, 8, bias), nn.ReLU(), nn.Linear(8, 3, bias)
    )


def cnn() -> nn.Sequential:
    first = (
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
    return nn.Sequential(
        *first,
        nn.Conv2d(4, 4, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(16, 3),
    )


def resnet() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 6), Block(6), nn.ReLU(), Block(6), nn.Linear(6, 3))


def ours() -> Chain:
    def layer(a: int, b: int) -> Affine:
        return Affine(torch.randn(b, a) / 2, torch.randn(b) / 2)

    return Chain(
        [layer(6, 6), Residual(Chain([layer(6, 5), ReLU(), layer(5, 6)])), ReLU(), layer(6, 3)]
    )


PIECEWISE: dict[str, Callable[[], nn.Module]] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "ours": ours,
}
CURVED: dict[str, Callable[[], nn.Module]] = {
    "tanh": lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)),
    "tied": Tied,
}


def rows(kind: str, loss: str, n: int = 40) -> tuple[Tensor, Tensor]:
    X = torch.randn(n, 1, 4, 4) if kind == "cnn" else torch.randn(n, 6)
    return X, torch.randint(0, 3, (n,)) if loss == "cross_entropy" else torch.randn(n, 3)
