"""Every motif with its closed form, one row each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.special
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.preprocessing import normalize
from torch import Tensor

from motifnet import motifs as m

Matrix = NDArray[np.float64]
Truth = Callable[[Matrix], Matrix]


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def value(x: float) -> Tensor:
    return torch.tensor(x, dtype=torch.float64)


W, B, C = normal(1, 3, 4), normal(2, 3), normal(3, 5, 4)
KNOTS = torch.sort(normal(4, 4, 6), dim=1).values
SLOPES = normal(5, 4, 5).exp()
INDEX = torch.tensor([[0, 1], [3, 3], [2, 0]])
CUBES = normal(6, 4, 6, 4, 2)
LEVELS = torch.tensor([7.0])
LOW, HIGH = (
    torch.tensor([-1.0, -torch.inf, 0.0, -0.5]).double(),
    torch.tensor([1.0, 0.5, torch.inf, 0.7]).double(),
)
ROTATIONS = torch.tensor([[(i + k) % 4 for i in range(4)] for k in range(4)])


def affine() -> m.Affine:
    return m.Affine(W, B)


def stump() -> m.TreeEnsemble:
    """1{x_0 > 0.25} + 2·1{x_1 ≤ −1} as two trees of one split."""
    feature, threshold = (
        torch.tensor([0, 0, 0, 1, 0, 0]),
        torch.tensor([0.25, 0, 0, -1, 0, 0]).double(),
    )
    left, right = torch.tensor([1, 1, 2, 4, 4, 5]), torch.tensor([2, 1, 2, 5, 4, 5])
    return m.TreeEnsemble(
        feature,
        threshold,
        left,
        right,
        torch.tensor([0, 3]),
        torch.tensor([0.0, 0, 1, 0, 2, 0]).double()[:, None],
        1,
    )


def linear(x: Matrix) -> Matrix:
    return x @ W.numpy().T + B.numpy()


def hinge(x: Matrix) -> Matrix:
    """By interpolation of the values at the knots, and the outer slopes."""
    t, s = KNOTS.numpy(), SLOPES.numpy()
    out = np.empty_like(x)
    for j in range(x.shape[1]):
        values = np.concatenate([[0], np.cumsum(s[j] * np.diff(t[j]))])
        out[:, j] = (
            np.interp(x[:, j], t[j], values)
            + s[j, 0] * np.minimum(x[:, j] - t[j, 0], 0)
            + s[j, -1] * np.maximum(x[:, j] - t[j, -1], 0)
        )
    return out


def radial(x: Matrix) -> Matrix:
    t = np.abs(x)
    a, b = math.sqrt(3) * 0.9 * t, math.sqrt(5) * 1.3 * t
    return (
        0.1 * np.exp(-0.5 * t)
        + 0.2 * np.exp(-((0.7 * t) ** 2))
        + 0.3 * (1 + a) * np.exp(-a)
        + 0.4 * (1 + b + b * b / 3) * np.exp(-b)
    )


def piecewise(x: Matrix) -> Matrix:
    """By numpy's polynomials, segment by segment."""
    out = np.empty((len(x), 8))
    for j, starts in enumerate(KNOTS.numpy()):
        segment = np.clip(np.searchsorted(starts, x[:, j]) - 1, 0, None)
        for i, s in enumerate(segment):
            out[i, 2 * j : 2 * j + 2] = np.polynomial.polynomial.polyval(
                x[i, j] - starts[s], CUBES[j, s].numpy()
            )
    return out


def weighted_median(x: Matrix) -> Matrix:
    """Of the values, the last one twice."""
    return np.sort(np.hstack([x, x[:, -1:]]), axis=1)[:, 2:3]


def coupled(x: Matrix) -> Matrix:
    """Row by row as LIBSVM does it (svm.cpp, multiclass_probability)."""
    return np.array(
        [libsvm_probabilities(row) for row in np.clip(1 / (1 + np.exp(-x[:, :3])), 1e-7, 1 - 1e-7)]
    )


def libsvm_probabilities(pairs: Matrix) -> Matrix:
    Q, p = coupling_matrix(pairs), np.full(3, 1 / 3)
    for _ in range(100):
        Qp = Q @ p
        pQp = p @ Qp
        if np.abs(Qp - pQp).max() < 0.005 / 3:
            break
        for t in range(3):
            d = (pQp - Qp[t]) / Q[t, t]
            p[t] += d
            pQp = (pQp + d * (d * Q[t, t] + 2 * Qp[t])) / (1 + d) ** 2
            Qp, p = (Qp + d * Q[t]) / (1 + d), p / (1 + d)
    return p


def coupling_matrix(pairs: Matrix) -> Matrix:
    a, b, c = pairs
    r = np.array([[0, a, b], [1 - a, 0, c], [1 - b, 1 - c, 0]])
    return np.diag((r**2).sum(0)) - r * r.T


def neighbours(p: float) -> m.Neighbours:
    empty, squares = (
        torch.empty(0, 4).double(),
        torch.tensor([float(c @ c) for c in C.numpy()] if p == 0 else []).double(),
    )
    return m.Neighbours(
        C,
        C,
        squares,
        k=2,
        p=p,
        weighed=False,
        low=empty,
        high=empty,
        radius=empty[:, 0],
        path=torch.empty(0, 5).long(),
        offset=torch.arange(5),
    )


def outlier_factor() -> m.OutlierFactor:
    """Of C with densities 1, …, 5 and reaches 0, 0, 0, 3, 3."""
    same = neighbours(2.0).arguments()
    return m.OutlierFactor(
        **{**same, "values": torch.tensor([[1.0, 0], [2, 0], [3, 0], [4, 3], [5, 3]]).double()}
    )


def outlier_factors(x: Matrix) -> Matrix:
    near = np.argsort(D := cdist(x, C.numpy()), axis=1)[:, :2]
    distance = np.maximum(np.take_along_axis(D, near, 1), np.where(near > 2, 3.0, 0.0))
    return np.asarray((near + 1).mean(1) * (distance.mean(1) + 1e-10))[:, None]


def means_of_two(D: Matrix) -> Matrix:
    """Of the two nearest rows of C."""
    return np.asarray(C.numpy()[np.argsort(D, axis=1)[:, :2]].mean(1))


def nonnegative(part: m.Motif) -> m.Motif:
    return m.Chain([m.Abs(), part])


@dataclass(frozen=True)
class Row:
    """A motif on four columns, its closed form in numpy, whether it is smooth, and its stated
    error.
    """

    make: Callable[[], m.Motif]
    truth: Truth
    smooth: bool = True
    error: float = 1e-13


def gaussian_mixture() -> m.Motif:
    weights, rates = (
        torch.tensor(values, dtype=torch.float64)
        for values in ([0.1, 0.2, 0.3, 0.4], [0.5, 0.7, 0.9, 1.3])
    )
    return m.Radial(weights, rates, list(m.RADIAL_PROFILES))


ROWS: dict[str, Row] = {
    "Affine": Row(affine, linear),
    "SparseAffine": Row(
        lambda: m.SparseAffine(INDEX, W[:, :2], B),
        lambda x: (x[:, INDEX.numpy()] * W[:, :2].numpy()).sum(2) + B.numpy(),
    ),
    "ReLU": Row(m.ReLU, lambda x: np.maximum(x, 0)),
    "Identity": Row(m.Identity, lambda x: x),
    "Select": Row(lambda: m.Select([2, 0, 2]), lambda x: x[:, [2, 0, 2]]),
    "Chain": Row(lambda: m.Chain([affine(), m.Square()], label="here"), lambda x: linear(x) ** 2),
    "Parallel": Row(
        lambda: m.Parallel(B[:2], [affine(), m.Chain([affine(), m.Abs()])]),
        lambda x: B[0].item() * linear(x) + B[1].item() * np.abs(linear(x)),
    ),
    "Parallel by output": Row(
        lambda: m.Parallel(W[:2, :3], [affine(), affine()]),
        lambda x: W[:2, :3].numpy().sum(0) * linear(x),
    ),
    "Concat": Row(lambda: m.Concat([affine(), m.Identity()]), lambda x: np.hstack([linear(x), x])),
    "Residual": Row(lambda: m.Residual(m.Square()), lambda x: x + x**2),
    "GroupAverage": Row(
        lambda: m.GroupAverage(affine(), ROTATIONS, torch.ones(4, 4).double()),
        lambda x: np.mean([linear(x[:, r]) for r in ROTATIONS.numpy()], axis=0),
    ),
    "Images": Row(
        lambda: m.Images(affine(), ROTATIONS),
        lambda x: np.hstack([linear(x[:, r]) for r in ROTATIONS.numpy()]),
    ),
    "Precise": Row(lambda: m.Precise(affine()), linear),
    "Hinge": Row(lambda: m.Hinge(KNOTS, SLOPES), hinge),
    "Distance, p = 1": Row(lambda: m.Distance(C, 1), lambda x: cdist(x, C.numpy(), "cityblock")),
    "Distance, p = 2": Row(lambda: m.Distance(C, 2), lambda x: cdist(x, C.numpy())),
    "Radial": Row(lambda: nonnegative(gaussian_mixture()), radial),
    "Abs": Row(m.Abs, np.abs),
    "Max": Row(m.Max, lambda x: x.max(1, keepdims=True)),
    "Min": Row(m.Min, lambda x: x.min(1, keepdims=True)),
    "ArgMax": Row(m.ArgMax, lambda x: x.argmax(1, keepdims=True).astype(float), smooth=False),
    "Sort": Row(m.Sort, lambda x: np.sort(x, axis=1)),
    "Clip": Row(lambda: m.Clip(LOW, HIGH), lambda x: np.clip(x, LOW.numpy(), HIGH.numpy())),
    "Softmax": Row(m.Softmax, lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
    "Exp": Row(m.Exp, np.exp),
    "Sigmoid": Row(m.Sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "Step": Row(lambda: m.Step(value(0.0)), lambda x: np.where(x > 0, 1.0, 0.0), smooth=False),
    "Step with a band": Row(lambda: m.Step(value(0.5)), lambda x: np.clip(x / 0.5 + 0.5, 0, 1)),
    "Box": Row(
        lambda: m.Box(LOW, HIGH),
        lambda x: np.where(
            ((x > LOW.numpy()) & (x <= HIGH.numpy())).all(1, keepdims=True), 1.0, 0.0
        ),
        smooth=False,
    ),
    "Gate": Row(
        lambda: m.Chain(
            [m.Concat([m.Identity(), m.Chain([m.Max(), m.Step(value(0.0))])]), m.Gate(value(200.0))]
        ),
        lambda x: x * (x.max(1, keepdims=True) > 0),
        smooth=False,
    ),
    "Square": Row(m.Square, lambda x: x**2),
    "Product": Row(m.Product, lambda x: x[:, :2] * x[:, 2:]),
    "Monomial": Row(
        lambda: m.Monomial([[2, 0, 1, 3], [0, 0, 0, 0]]),
        lambda x: np.stack([x[:, 0] ** 2 * x[:, 2] * x[:, 3] ** 3, np.ones(len(x))], axis=1),
    ),
    "Tanh": Row(m.Tanh, np.tanh),
    "Sine": Row(m.Sine, np.sin),
    "Single": Row(m.Single, lambda x: x.astype(np.float32), smooth=False),
    "Erf": Row(m.Erf, scipy.special.erf),
    "Largest": Row(m.Largest, lambda x: np.eye(x.shape[1])[x.argmax(1)], smooth=False),
    "Log": Row(lambda: m.Chain([m.Exp(), m.Log()]), lambda x: x),
    "Power": Row(lambda: nonnegative(m.Power(value(1.5))), lambda x: np.abs(x) ** 1.5),
    "Power, whole": Row(lambda: m.Power(value(3.0)), lambda x: x**3),
    **{
        f"Normalize, {norm}": Row(partial(m.Normalize, norm), partial(normalize, norm=norm))
        for norm in ("l1", "l2", "max")
    },
    "Gaps": Row(m.Gaps, np.zeros_like, smooth=False),
    "Fill": Row(lambda: m.Fill(LOW), lambda x: x),
    "Missing": Row(lambda: m.Missing(LOW), lambda x: x),
    "Lookup": Row(
        lambda: m.Lookup(LEVELS, W), lambda x: np.tile(W[1].numpy(), (len(x), 1)), smooth=False
    ),
    "Piecewise": Row(lambda: m.Piecewise(KNOTS, CUBES), piecewise),
    "ChiSquare": Row(
        lambda: nonnegative(m.ChiSquare(C.abs())),
        lambda x: -additive_chi2_kernel(np.abs(x), C.abs().numpy()),
    ),
    "WeightedMedian": Row(
        lambda: m.WeightedMedian(torch.tensor([1.0, 1, 1, 2]).double()),
        weighted_median,
        smooth=False,
    ),
    "Coupling": Row(
        lambda: m.Chain(
            [m.Select([0, 1, 2]), m.Sigmoid(), m.Clip(value(1e-7), value(1 - 1e-7)), m.Coupling(3)]
        ),
        coupled,
        smooth=False,
    ),
    "NeighbourFill": Row(lambda: m.NeighbourFill(C, torch.ones_like(C), 2, False), lambda x: x),
    "Neighbours": Row(
        lambda: neighbours(2.0), lambda x: means_of_two(cdist(x, C.numpy())), smooth=False
    ),
    "Neighbours, products": Row(
        lambda: neighbours(0.0), lambda x: means_of_two(cdist(x, C.numpy())), smooth=False
    ),
    "Neighbours, chebyshev": Row(
        lambda: neighbours(math.inf),
        lambda x: means_of_two(cdist(x, C.numpy(), "chebyshev")),
        smooth=False,
    ),
    "OutlierFactor": Row(outlier_factor, outlier_factors, smooth=False),
    "TreeEnsemble": Row(
        stump, lambda x: ((x[:, 0] > 0.25) + 2.0 * (x[:, 1] <= -1))[:, None], smooth=False
    ),
}
