"""Kernel machines in relu form, with a certificate.

A kernel machine consists of distances, radial profiles and an affine map.

    f = b + Σ_j β_j g(s_j)
    s_j = ‖x − c_j‖²  by one block of squares and an affine map,  or t_j = ‖x − c_j‖₁ exactly
    g(s) ≈ g(t_K) + Σ_k d_k σ(t_k − s),  d_k ≥ 0

The sum has the chords of a convex decreasing curve, from right to left so that nothing cancels.

    |f − network| ≤ reduced set + ½ Σ_j |β_j| e_j (chords)
                    + Σ_j |β_j| L_j · Σ_d R_d² 2^{−2m−2} (squares) + rounding

with e_j the chord error and L_j the largest_slope chord of centre j. For a given total, e_j ∝
|β_j|^{−2/3} needs the fewest units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix, UsageError
from motifnet.kernels import distances, largest_slope
from motifnet.motifs import (
    Affine,
    Chain,
    Curve,
    Distance,
    Motif,
    Parallel,
    Radial,
    ReLU,
    SparseAffine,
    depth_for,
    fuse,
    relu_squared_norm,
    segments_for,
    square_error,
    total_curvature,
)
from motifnet.transfer._reduced import reduce_set
from motifnet.transfer._relu_signal import EPS, Signal, array, through_affine
from motifnet.transfer._transfer import tensor

MAX_UNITS = 400_000
MAX_DEPTH = 26  # of the squares: 4^−26 is the rounding of float64
_CHUNK_UNITS = 1_024  # a block of rows of one chunk stays in cache
_BIN_RATIO = 2.0 ** (1 / 4)  # of the chord errors that share one set of knots


@dataclass(frozen=True)
class Branch:
    """Σ_c w_c φ_c(a_c ‖z(x) − centre‖_p) after the input layer z: weights and rates with shape
    (c,), centres with shape (m, D).
    """

    input_layer: Affine | None
    centres: Matrix
    p: int
    profiles: tuple[str, ...]
    weights: Matrix
    rates: Matrix

    def gram(self) -> Matrix:
        """Values at the centres, with shape (m, m)."""
        C = torch.as_tensor(self.centres)
        radial = Radial(
            torch.as_tensor(self.weights), torch.as_tensor(self.rates), list(self.profiles)
        )
        with torch.inference_mode():
            return radial(distances(C, C, self.p)).numpy()

    @property
    def at_zero(self) -> float:
        return float(self.weights.sum())

    @property
    def lipschitz(self) -> float:
        """Largest slope as a function of the distance."""
        return float(
            sum(
                w * a * largest_slope(c)
                for c, w, a in zip(self.profiles, self.weights, self.rates, strict=True)
            )
        )


@dataclass(frozen=True)
class Machine:
    """x ↦ bias + dualᵀ Σ_branches: dual with shape (m, q), bias with shape (q,)."""

    branches: tuple[Branch, ...]
    dual: Matrix
    bias: Matrix

    @property
    def at_zero(self) -> float:
        """k(x, x)."""
        return sum(branch.at_zero for branch in self.branches)


def kernel_machine(features: Motif, output: Motif | None) -> Machine | None:
    """The machine of a features motif and the affine map after it; None where it is none.

    Without `output` the values of the machine are the features.
    """
    parts = (
        list(zip(array(features.weights), features.branches, strict=True))
        if isinstance(features, Parallel)
        else [(1.0, features)]
    )
    branches = [_branch(part, float(weight)) for weight, part in parts if np.ndim(weight) == 0]
    if len(branches) != len(parts) or None in branches:
        return None
    found = tuple(branch for branch in branches if branch is not None)
    if any((branch.weights < 0).any() for branch in found):
        raise UsageError(
            "A kernel with a negative weight has no certified relu form; its curve "
            "is not convex. Use the native form."
        )
    m = len(found[0].centres)
    if isinstance(output, Affine):
        return Machine(found, array(output.weight).T.copy(), array(output.bias))
    return Machine(found, np.eye(m), np.zeros(m))


def _branch(part: Motif, weight: float) -> Branch | None:
    inner = list(part.parts) if isinstance(part, Chain) else []
    input_layer = inner.pop(0) if len(inner) == 3 and isinstance(inner[0], Affine) else None
    match inner:
        case [Distance() as distance, Radial() as radial]:
            weights, rates = array(radial.weights) * weight, array(radial.rates)
            return Branch(
                input_layer if isinstance(input_layer, Affine) else None,
                array(distance.centres),
                distance.p,
                tuple(radial.profiles),
                weights,
                rates,
            )
    return None


@dataclass(frozen=True)
class _Family:
    """A branch on its reduced centres, with its curve, its input signal, and coefficients with
    shape (J, q).
    """

    branch: Branch
    centres: Matrix
    signal: Signal
    curve: Curve
    beta: Matrix


@dataclass(frozen=True)
class _Chords:
    """Knots of the curve of each centre: set numbers with shape (J,), and the knots and error of
    each set.
    """

    chosen: NDArray[np.int64]
    sets: list[tuple[Matrix, float]]
    curve: Curve

    def errors(self) -> Matrix:
        return np.array([error for _, error in self.sets])[self.chosen]

    def largest_slope(self) -> Matrix:
        """L_j: the slope of the first chord."""
        first = [
            float((self.curve.value(k[:1]) - self.curve.value(k[1:2]))[0] / (k[1] - k[0]))
            for k, _ in self.sets
        ]
        return np.array(first)[self.chosen]

    def units(self) -> int:
        return int(np.array([len(knots) - 1 for knots, _ in self.sets])[self.chosen].sum())


def relu_kernel(machine: Machine, signal: Signal, tolerance: float) -> tuple[Motif, Signal]:
    """The machine in relu form on the box of `signal`, up to `tolerance`, and its output signal."""
    inputs = [
        signal if b.input_layer is None else through_affine(b.input_layer, signal)
        for b in machine.branches
    ]
    curves = [_curve(b, s.widened()) for b, s in zip(machine.branches, inputs, strict=True)]
    reduced = reduce_set(
        sum_of_grams(machine),
        machine.dual,
        machine.at_zero,
        tolerance,
        lambda beta, rest: _cost(beta, rest, curves),
    )
    beta = reduced.coefficients
    families = [
        _Family(b, b.centres[reduced.rows], s, c, beta)
        for b, s, c in zip(machine.branches, inputs, curves, strict=True)
    ]
    rest = tolerance - reduced.error
    shares = np.array([total_curvature(c) ** (2 / 3) for c in curves])
    budgets = list(0.96 * rest * shares / shares.sum())
    _refuse_too_many(
        sum(_expected_units(f, budget) for f, budget in zip(families, budgets, strict=True)),
        tolerance,
    )
    chords = [_choose_chords(f, budget) for f, budget in zip(families, budgets, strict=True)]
    parts: list[Motif] = []
    errors = np.full(machine.dual.shape[1], reduced.error)
    for family, chord in zip(families, chords, strict=True):
        depth = _depth(family, chord, 0.02 * rest)
        parts.append(
            _assemble(
                family, chord, depth, machine.bias if not parts else np.zeros_like(machine.bias)
            )
        )
        errors = errors + _error(family, chord, depth)
    errors = (
        errors
        + 2 * EPS * (len(machine.dual) + 8) * np.abs(machine.dual).sum(axis=0) * machine.at_zero
    )
    network = (
        parts[0]
        if len(parts) == 1
        else Parallel(torch.ones(len(parts), dtype=torch.float64), parts)
    )
    low, high = np.minimum(machine.dual, 0).sum(axis=0), np.maximum(machine.dual, 0).sum(axis=0)
    return network, Signal(
        machine.bias + machine.at_zero * low, machine.bias + machine.at_zero * high, errors
    )


def sum_of_grams(machine: Machine) -> Matrix:
    """Gram matrix of the centres, with shape (m, m)."""
    return np.asarray(sum(branch.gram() for branch in machine.branches))


def _curve(branch: Branch, box: Signal) -> Curve:
    """The profile as a function of t or s, over the distances between the box and the centres."""
    reach = np.maximum(np.abs(box.high - branch.centres), np.abs(branch.centres - box.low))
    end = float((reach if branch.p == 1 else reach**2).sum(axis=1).max()) * (1 + 1e-9) + 1e-300
    if branch.p == 1 and set(branch.profiles) != {"laplace"}:
        raise UsageError(
            f"The profiles {branch.profiles} of ‖·‖₁ have no certified relu form; "
            "only the Laplace profile does. Use the native form."
        )
    return Curve(
        branch.profiles,
        tuple(map(float, branch.weights)),
        tuple(map(float, branch.rates)),
        branch.p == 2,
        end,
    )


def _cost(beta: Matrix, rest: float, curves: list[Curve]) -> float:
    """Number of units, up to a factor: (Σ_j |β_j|^{1/3})^{3/2} / √rest, plus a constant for each
    centre.
    """
    size = np.abs(beta).max(axis=1)
    curvature = sum(total_curvature(c) ** (2 / 3) for c in curves) ** 1.5
    return float(
        (size ** (1 / 3)).sum() ** 1.5 * curvature / np.sqrt(16 * rest)
        + len(beta) * sum(1 if c.squared else 20 for c in curves)
    )


def _allowed(family: _Family, budget: float) -> Matrix:
    """Chord errors e_j ∝ |β_j|^{−2/3} with ½ Σ_j |β_j| e_j = budget, at most 2 g(0)."""
    size = np.maximum(np.abs(family.beta).max(axis=1), 1e-300)
    allowed = 2 * budget * size ** (-2 / 3) / (size ** (1 / 3)).sum()
    return np.asarray(np.minimum(allowed, 2 * float(family.curve.value(np.zeros(1))[0]) + 1e-300))


def _expected_units(family: _Family, budget: float) -> int:
    return int((1 + total_curvature(family.curve) / np.sqrt(8 * _allowed(family, budget))).sum())


def _choose_chords(family: _Family, budget: float) -> _Chords:
    """Knots of each centre within its error; centres of similar weight share a set."""
    level, chosen = np.unique(
        np.floor(np.log(_allowed(family, budget)) / np.log(_BIN_RATIO)), return_inverse=True
    )
    sets = [segments_for(family.curve, float(_BIN_RATIO**at)) for at in level]
    return _Chords(chosen, sets, family.curve)


def _depth(family: _Family, chords: _Chords, budget: float) -> int:
    """Depth m of the squares with Σ_j |β_j| L_j Σ_d R_d² 2^{−2m−2} ≤ budget."""
    if family.branch.p == 1:
        return 0
    depth = depth_for(budget / max(_transported(family, chords), 1e-300), _radius(family))
    return min(depth, MAX_DEPTH)


def _radius(family: _Family) -> float:
    box = family.signal.widened()
    return float(np.sqrt(((box.high - box.low) ** 2).sum()))


def _transported(family: _Family, chords: _Chords) -> float:
    """Σ_j |β_j| L_j: the error of the output for an error of 1 in s or t."""
    return float((np.abs(family.beta) * chords.largest_slope()[:, None]).sum(axis=0).max())


def _error(family: _Family, chords: _Chords, depth: int) -> Matrix:
    """Error of chords, squares, input and rounding, with shape (q,)."""
    size = np.abs(family.beta)
    largest_slope = chords.largest_slope()
    branch = family.branch
    box = family.signal.widened()
    reach = (box.high - box.low) + np.abs(family.centres - box.low)
    scale = float((reach**branch.p).sum(axis=1).max())
    square = square_error(depth, _radius(family)) if branch.p == 2 else 0.0
    argument = square + 4 * (3 * family.signal.width + depth + 8) * EPS * scale
    incoming = branch.lipschitz * float(np.linalg.norm(family.signal.error, ord=branch.p))
    value = branch.at_zero * ((chords.units() + 64) * 2 * EPS)
    return np.asarray(size.T @ (chords.errors() / 2 + largest_slope * argument + incoming + value))


def _assemble(family: _Family, chords: _Chords, depth: int, bias: Matrix) -> Motif:
    """The input layer, the squares that all centres share, then the centres in chunks."""
    constant = family.curve.value(np.array([family.curve.end])) - chords.errors() / 2
    start = bias + family.beta.T @ constant
    box = family.signal.widened()
    head: list[Motif] = (
        []
        if family.branch.input_layer is None
        else [Affine(family.branch.input_layer.weight, family.branch.input_layer.bias)]
    )
    if family.branch.p == 2:
        head.append(relu_squared_norm(tensor(box.low), tensor(box.high), depth))
    chunks = [
        _chunk(family, chords, rows, start * (i == 0))
        for i, rows in enumerate(_split(family, chords))
    ]
    tail = (
        chunks[0]
        if len(chunks) == 1
        else Parallel(torch.ones(len(chunks), dtype=torch.float64), chunks)
    )
    return Chain(fuse([*head, tail]))


def _split(family: _Family, chords: _Chords) -> list[NDArray[np.int64]]:
    """Centres in runs of about `_CHUNK_UNITS` units."""
    extra = 2 * family.signal.width if family.branch.p == 1 else 1
    units = np.array([len(knots) - 1 + extra for knots, _ in chords.sets])[chords.chosen]
    return [
        rows
        for rows in np.split(
            np.arange(len(units)), np.flatnonzero(np.diff(np.cumsum(units) // _CHUNK_UNITS)) + 1
        )
        if len(rows)
    ]


def _chunk(family: _Family, chords: _Chords, rows: NDArray[np.int64], start: Matrix) -> Motif:
    """Distances, hinges and sum of some centres."""
    centres = family.centres[rows]
    distance = (
        absolute_sums(centres)
        if family.branch.p == 1
        else squared_distances(centres, family.signal.widened().low)
    )
    index, knots, drops = [], [], []
    for position, j in enumerate(rows):
        t, _ = chords.sets[chords.chosen[j]]
        fall = -np.diff(family.curve.value(t)) / np.diff(t)
        index.append(np.full(len(fall), position))
        knots.append(t[1:])
        drops.append((fall - np.append(fall[1:], 0.0))[:, None] * family.beta[j])
    where = np.concatenate(index)
    hinge = SparseAffine(
        torch.as_tensor(where)[:, None],
        -torch.ones(len(where), 1, dtype=torch.float64),
        tensor(np.concatenate(knots)),
    )
    return Chain([*distance, hinge, ReLU(), Affine(tensor(np.concatenate(drops).T), tensor(start))])


def squared_distances(centres: Matrix, low: Matrix) -> list[Motif]:
    """s_j = q − 2 (c_j − low)ᵀ y + ‖c_j − low‖² from (q, y), y = x − low."""
    shifted = centres - low
    weight = np.concatenate([np.ones((len(centres), 1)), -2 * shifted], axis=1)
    return [Affine(tensor(weight), tensor((shifted**2).sum(axis=1)))]


def absolute_sums(centres: Matrix) -> list[Motif]:
    """t_j = Σ_d σ(x_d − c_jd) + σ(c_jd − x_d)."""
    J, D = centres.shape
    column = torch.arange(D).repeat(2 * J)[:, None]
    sign = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat_interleave(D).repeat(J)
    shift = tensor(np.concatenate([-centres, centres], axis=1).ravel())
    sums = torch.arange(2 * J * D).reshape(J, 2 * D)
    return [
        SparseAffine(column, sign[:, None], shift),
        ReLU(),
        SparseAffine(
            sums, torch.ones(J, 2 * D, dtype=torch.float64), torch.zeros(J, dtype=torch.float64)
        ),
    ]


def _refuse_too_many(units: int, tolerance: float) -> None:
    if units > MAX_UNITS:
        reachable = tolerance * (units / MAX_UNITS) ** 2
        raise UsageError(
            f"A tolerance of {tolerance:.2g} needs about {units:,} units, more than "
            f"{MAX_UNITS:,}; about {reachable:.2g} can be reached. "
            "Ask for that tolerance, use the native form, or fit with a larger ridge."
        )
