"""Motifs in numpy: a function for each, of x and the arguments of its constructor.

`to_python` writes the source of these functions. So their signatures and docstrings are part of
exported files, and each function stands by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from motifnet.model._numpy_neighbours import Array, nearest

Function = Callable[[Array], Array]


def identity(x: Array) -> Array:
    """x."""
    return x


def precise(x: Array, body: Function) -> Array:
    """f(x), here in float64 as all else."""
    return body(x)


def select(x: Array, columns: Sequence[int]) -> Array:
    """Some columns."""
    return x[:, columns]


def chain(x: Array, parts: Sequence[Function], label: str) -> Array:
    """One after the other."""
    for part in parts:
        x = part(x)
    return x


def parallel(x: Array, weights: Array, branches: Sequence[Function]) -> Array:
    """Σ_b w_b f_b(x)."""
    return sum(w * branch(x) for w, branch in zip(weights, branches, strict=True))


def concat(x: Array, branches: Sequence[Function]) -> Array:
    """Outputs side by side."""
    return np.hstack([branch(x) for branch in branches])


def residual(x: Array, body: Function) -> Array:
    """x + f(x)."""
    return x + body(x)


def group_average(x: Array, body: Function, permutations: Array, signs: Array) -> Array:
    """(1/|G|) Σ_g f(g x)."""
    return sum(body(x[:, p] * s) for p, s in zip(permutations, signs, strict=True)) / len(signs)


def images(x: Array, body: Function, permutations: Array) -> Array:
    """(f(g_1 x), …, f(g_m x))."""
    return np.hstack([body(x[:, p]) for p in permutations])


def affine(x: Array, weight: Array, bias: Array) -> Array:
    """x Wᵀ + b."""
    return x @ weight.T + bias


def sparse_affine(x: Array, index: Array, weight: Array, bias: Array) -> Array:
    """Σ_i w_oi x[index_oi] + b_o."""
    return sum(x[:, i] * w for i, w in zip(index.T, weight.T, strict=True)) + bias


def re_lu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


def distance(x: Array, centres: Array, p: int) -> Array:
    """‖x − c_j‖_p."""
    differences = (x[:, [j]] - centres[:, j] for j in range(x.shape[1]))
    return (
        sum(np.abs(d) for d in differences) if p == 1 else np.sqrt(sum(d * d for d in differences))
    )


def radial(x: Array, weights: Array, rates: Array, profiles: Sequence[str]) -> Array:
    """Σ_c w_c φ_c(a_c x)."""

    def profile(name: str, t: Array) -> Array:
        s = t * {"laplace": 1.0, "gaussian": 1.0, "matern32": 3**0.5, "matern52": 5**0.5}[name]
        factor = {"matern32": 1 + s, "matern52": 1 + s + s * s / 3}.get(name, 1.0)
        return factor * np.exp(-s * s if name == "gaussian" else -s)

    return sum(
        w * profile(name, a * x) for w, a, name in zip(weights, rates, profiles, strict=True)
    )


def hinge(x: Array, knots: Array, slopes: Array) -> Array:
    """Piecewise linear in each column."""
    y = (
        np.maximum(knots[:, 0] - x, 0) * -slopes[:, 0]
        + np.maximum(x - knots[:, -1], 0) * slopes[:, -1]
    )
    for t, w, s in zip(knots[:, :-1].T, np.diff(knots).T, slopes.T, strict=True):
        y = y + np.minimum(np.maximum(x - t, 0), w) * s
    return y


def tree_ensemble(
    x: Array,
    feature: Array,
    threshold: Array,
    left: Array,
    right: Array,
    roots: Array,
    values: Array,
    depth: int,
    single: bool,
) -> Array:
    """Σ_t of the leaf that a row comes to; single: each sum rounded to float32."""
    rows, node = np.arange(len(x))[:, None], np.tile(roots, (len(x), 1))
    for _ in range(depth):
        node = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
    if not single:
        return values[node].sum(1)
    return np.add.accumulate(values[node].astype(np.float32), axis=1)[:, -1].astype(float)


def single_(x: Array) -> Array:
    """x rounded to float32."""
    return x.astype(np.float32).astype(float)


def abs_(x: Array) -> Array:
    """|x|."""
    return np.abs(x)


def max_(x: Array) -> Array:
    """The largest of a row."""
    return x.max(1, keepdims=True)


def min_(x: Array) -> Array:
    """The smallest of a row."""
    return x.min(1, keepdims=True)


def largest(x: Array) -> Array:
    """1 at the first of the largest values of a row, 0 elsewhere."""
    return (np.arange(x.shape[1]) == x.argmax(1)[:, None]).astype(float)


def arg_max(x: Array) -> Array:
    """The number of the largest of a row."""
    return x.argmax(1)[:, None].astype(float)


def sort(x: Array) -> Array:
    """Each row in increasing order."""
    return np.sort(x, axis=1)


def clip(x: Array, low: Array, high: Array) -> Array:
    """min(max(x, low), high)."""
    return np.minimum(np.maximum(x, low), high)


def exp(x: Array) -> Array:
    """e^x."""
    return np.exp(x)


def softmax(x: Array) -> Array:
    """e^{x_k} / Σ e^{x_l}."""
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^{−x})."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def tanh(x: Array) -> Array:
    """tanh x."""
    return np.tanh(x)


def sine(x: Array) -> Array:
    """sin x."""
    return np.sin(x)


def log(x: Array) -> Array:
    """log x."""
    return np.log(x)


def erf(x: Array) -> Array:
    """The error function."""
    return np.vectorize(math.erf, otypes=[float])(x)


def power(x: Array, exponent: Array) -> Array:
    """x^p."""
    return x**exponent


def normalize(x: Array, norm: str) -> Array:
    """x / ‖x‖ of each row."""
    size = np.linalg.norm(x, {"l1": 1, "l2": 2, "max": np.inf}[norm], axis=1, keepdims=True)
    return x / np.where(size == 0, 1, size)


def square(x: Array) -> Array:
    """x²."""
    return x * x


def product(x: Array) -> Array:
    """The first half of the columns times the second."""
    return x[:, : x.shape[1] // 2] * x[:, x.shape[1] // 2 :]


def monomial(x: Array, powers: Sequence[Sequence[int]]) -> Array:
    """Π_j x_j^{p_j}."""
    return np.stack([np.prod(x ** np.array(row), axis=1) for row in powers], axis=1)


def step(x: Array, width: Array) -> Array:
    """1{x > 0}, or a ramp of that width."""
    return np.where(x > 0, 1.0, 0.0) if width == 0 else np.clip(x / width + 0.5, 0, 1)


def box(x: Array, low: Array, high: Array) -> Array:
    """1{low < x ≤ high}."""
    return ((x > low) & (x <= high)).all(1, keepdims=True).astype(float)


def gate(x: Array, bound: Array) -> Array:
    """The columns where the last one is 1."""
    shut = bound * (x[:, -1:] - 1)
    return np.maximum(x[:, :-1] + shut, 0) - np.maximum(shut - x[:, :-1], 0)


def gaps(x: Array) -> Array:
    """1{x is missing}."""
    return np.isnan(x).astype(float)


def missing(x: Array, values: Array) -> Array:
    """x, NaN where it stands for a missing value."""
    return np.where(x == values, np.nan, x)


def fill(x: Array, values: Array) -> Array:
    """x, missing values filled."""
    return np.where(np.isnan(x), values, x)


def lookup(x: Array, levels: Array, table: Array, texts: Sequence[str]) -> Array:
    """A row of the table for each level."""
    place = {level: k for k, level in enumerate(levels)}
    return table[[len(levels) + 1 if math.isnan(v) else place.get(v, len(levels)) for v in x[:, 0]]]


def piecewise(x: Array, starts: Array, coefficients: Array, closed: str) -> Array:
    """Piecewise polynomials of single columns."""
    columns = []
    for j, (start, powers) in enumerate(zip(starts, coefficients, strict=True)):
        segment = np.searchsorted(start[1:], x[:, j], side="right" if closed == "left" else "left")
        u, terms = (x[:, j] - start[segment])[:, None], powers[segment]
        columns.append(sum(terms[:, k] * u**k for k in range(terms.shape[1])))
    return np.hstack(columns)


def chi_square(x: Array, centres: Array) -> Array:
    """Σ (x − c)² / (x + c)."""
    pairs = ((x[:, [j]], centres[:, j]) for j in range(x.shape[1]))
    return sum((a - b) ** 2 / np.where(a + b == 0, 1, a + b) for a, b in pairs)


def weighted_median(x: Array, weights: Array) -> Array:
    """The weighted median of a row."""
    order = np.argsort(x, axis=1, kind="stable")
    mass = np.cumsum(weights[order], axis=1)
    place = (mass >= mass[:, -1:] / 2).argmax(1)[:, None]
    return np.take_along_axis(x, np.take_along_axis(order, place, 1), 1)


def coupling(x: Array, classes: int) -> Array:
    """Probabilities of classes from those of pairs."""
    r = np.zeros((len(x), classes, classes))
    i, j = np.triu_indices(classes, 1)
    r[:, i, j], r[:, j, i] = x, 1 - x
    Q = (r * r).sum(1)[:, None] * np.eye(classes) - r * r.transpose(0, 2, 1)
    p = np.full((len(x), classes), 1 / classes)
    for _ in range(max(100, classes)):
        slope, new = (Q * p[:, None]).sum(2), p
        value = (p * slope).sum(1, keepdims=True)
        unfinished = np.abs(slope - value).max(1, keepdims=True) >= 0.005 / classes
        for t in range(classes):
            own, at = Q[:, t, t : t + 1], slope[:, t : t + 1]
            d = (value - at) / own
            value = (value + d * (d * own + 2 * at)) / (1 + d) ** 2
            new, slope = (new + d * np.eye(classes)[t]) / (1 + d), (slope + d * Q[:, t]) / (1 + d)
        p = np.where(unfinished, new, p)
    return p


def neighbour_fill(x: Array, rows: Array, present: Array, k: int, weighed: bool) -> Array:
    """x, missing values filled by those of the nearest rows."""
    gaps = np.isnan(x).astype(float)
    z, filled = np.where(gaps > 0, 0, x), x.copy()
    D = (
        (z * z).sum(1)[:, None]
        - 2 * (z @ rows.T)
        + (rows * rows).sum(1)
        - (z * z) @ (1 - present).T
        - gaps @ (rows * rows).T
    )
    common = (1 - gaps) @ present.T
    D = np.where(
        common == 0, math.nan, np.sqrt(np.maximum(D, 0) / np.maximum(common, 1) * x.shape[1])
    )
    for j in range(x.shape[1]):
        missing, donors = np.flatnonzero(gaps[:, j]), np.flatnonzero(present[:, j])
        filled[missing, j] = 0
        if not len(missing) or not len(donors):
            continue
        near = np.argpartition(D[missing][:, donors], min(k, len(donors)) - 1, axis=1)[:, :k]
        distance, values = np.take_along_axis(D[missing][:, donors], near, 1), rows[donors, j]
        with np.errstate(divide="ignore"):
            w = (
                np.nan_to_num(1 / distance, nan=0, posinf=math.inf)
                if weighed
                else 1.0 - np.isnan(distance)
            )
        w = np.where(np.isinf(w).any(1, keepdims=True), np.isinf(w), w)
        total = w.sum(1)
        filled[missing, j] = np.where(
            total == 0, values.mean(), (w * values[near]).sum(1) / np.where(total == 0, 1, total)
        )
    return filled


def neighbours(
    x: Array,
    centres: Array,
    values: Array,
    squares: Array,
    k: int,
    p: float,
    weighed: bool,
    *tree: Array,
) -> Array:
    """Mean of the values of the k nearest centres."""
    near, distance = nearest(x, centres, squares, k, p, *tree)
    if not weighed:
        return values[near].mean(1)
    with np.errstate(divide="ignore"):
        w = 1 / distance
    w = np.where(np.isinf(w).any(1, keepdims=True), np.isinf(w), w)
    return (values[near] * w[:, :, None]).sum(1) / w.sum(1, keepdims=True)


def outlier_factor(
    x: Array,
    centres: Array,
    values: Array,
    squares: Array,
    k: int,
    p: float,
    weighed: bool,
    *tree: Array,
) -> Array:
    """Mean density of the k nearest centres times the mean distance to them, none of which counts
    less than the centre's own.
    """
    near, distance = nearest(x, centres, squares, k, p, *tree)
    density, reach = values[near].transpose(2, 0, 1)
    return density.mean(1, keepdims=True) * (
        np.maximum(distance, reach).mean(1, keepdims=True) + 1e-10
    )
