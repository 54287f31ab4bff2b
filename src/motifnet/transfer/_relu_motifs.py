"""Rules of the relu form for single motifs: exact, or squares and products up to a stated error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motifnet import motifs as m
from motifnet.engine import Matrix, UsageError
from motifnet.motifs import (
    depth_for,
    relu_abs,
    relu_box,
    relu_clip,
    relu_gate,
    relu_hinge,
    relu_max,
    relu_min,
    relu_monomial,
    relu_product,
    relu_sort,
    relu_square,
    relu_step,
    square_error,
)
from motifnet.transfer._relu import Plan, relu_rule
from motifnet.transfer._relu_kernel import MAX_DEPTH, absolute_sums
from motifnet.transfer._relu_signal import EPS, Signal, array, through_affine
from motifnet.transfer._transfer import tensor

_BAND = 1e-4  # of the range of a column


@relu_rule.register
def _(motif: m.Affine, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return m.Affine(motif.weight, motif.bias), through_affine(motif, signal)


@relu_rule.register
def _(motif: m.SparseAffine, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    index, W = array(motif.index).astype(np.int64), array(motif.weight)
    low, high = W * signal.low[index], W * signal.high[index]
    bias = array(motif.bias)
    error = (np.abs(W) * signal.error[index]).sum(axis=1) + 2 * (W.shape[1] + 2) * EPS * (
        (np.abs(W) * signal.size[index]).sum(axis=1) + np.abs(bias)
    )
    form = m.SparseAffine(motif.index, motif.weight, motif.bias)
    return form, Signal(
        bias + np.minimum(low, high).sum(axis=1), bias + np.maximum(low, high).sum(axis=1), error
    )


@relu_rule.register
def _(motif: m.Single, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return m.Identity(), replace(
        signal, error=signal.error + np.finfo(np.float32).eps * signal.size
    )


@relu_rule.register
def _(motif: m.ReLU, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return m.ReLU(), Signal(np.maximum(signal.low, 0), np.maximum(signal.high, 0), signal.error)


@relu_rule.register
def _(motif: m.Hinge, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    knots, slopes = array(motif.knots), array(motif.slopes)
    ends = np.stack([_at(motif, signal.low), _at(motif, signal.high)])
    inside = (knots > signal.low[:, None]) & (knots < signal.high[:, None])
    values = np.concatenate(
        [np.zeros((len(knots), 1)), np.cumsum(slopes * np.diff(knots), axis=1)], axis=1
    )
    low = np.minimum(ends.min(axis=0), np.where(inside, values, np.inf).min(axis=1))
    high = np.maximum(ends.max(axis=0), np.where(inside, values, -np.inf).max(axis=1))
    changes = np.abs(np.concatenate([slopes[:, :1], np.diff(slopes)], axis=1)) * (
        signal.size[:, None] + np.abs(knots[:, :-1])
    )
    rounding = 2 * (slopes.shape[1] + 4) * EPS * changes.sum(axis=1)
    return relu_hinge(motif), Signal(
        low, high, np.abs(slopes).max(axis=1) * signal.error + rounding
    )


def _at(motif: m.Motif, row: Matrix) -> Matrix:
    return array(motif(tensor(row)[None]))[0]


@relu_rule.register
def _(motif: m.Abs, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    nearest = np.maximum(np.maximum(signal.low, -signal.high), 0)
    return relu_abs(signal.width), Signal(
        nearest, np.maximum(np.abs(signal.low), np.abs(signal.high)), signal.error
    )


@relu_rule.register
def _(motif: m.Max, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return relu_max(signal.width), _order(signal, [signal.width - 1])


@relu_rule.register
def _(motif: m.Min, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return relu_min(signal.width), _order(signal, [0])


@relu_rule.register
def _(motif: m.Sort, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return relu_sort(signal.width), _order(signal, list(range(signal.width)))


def _order(signal: Signal, ranks: list[int]) -> Signal:
    """Order statistics: the k-th smallest lies between the k-th smallest low and high. A comparator
    adds two roundings.
    """
    error = signal.error.max() + 4 * EPS * signal.size.max() * (len(signal.low) + 1)
    return Signal(
        np.sort(signal.low)[ranks], np.sort(signal.high)[ranks], np.full(len(ranks), error)
    )


@relu_rule.register
def _(motif: m.Clip, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    low, high = (
        np.broadcast_to(array(side), signal.low.shape).copy() for side in (motif.low, motif.high)
    )
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        low = np.where(np.isfinite(low), low, signal.widened().low)
        high = np.where(np.isfinite(high), high, signal.widened().high)
    error = signal.error + 4 * EPS * (signal.size + np.abs(low) + np.abs(high))
    return relu_clip(tensor(low), tensor(high)), Signal(
        np.clip(signal.low, low, high), np.clip(signal.high, low, high), error
    )


@relu_rule.register
def _(motif: m.Step, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    zero, one = np.zeros(signal.width), np.ones(signal.width)
    if float(motif.width) > 0:
        width = float(motif.width)
        return relu_step(signal.width, width), Signal(
            zero, one, (signal.error + 8 * EPS * signal.size) / width
        )
    width = _BAND * float(np.maximum(signal.high - signal.low, 1e-300).max())
    plan.notes.append(f"steps are ramps within {width / 2:.1g} of 0")
    return relu_step(signal.width, width), Signal(zero, one, 8 * EPS * signal.size / width)


@relu_rule.register
def _(motif: m.Box, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    width = _BAND * float((signal.high - signal.low).max())
    plan.notes.append(f"sides of boxes are ramps within {width / 2:.1g}")
    rounding = 16 * EPS * float(signal.size.sum()) / width
    return relu_box(motif.low.double(), motif.high.double(), width), Signal(
        np.zeros(1), np.ones(1), np.full(1, rounding)
    )


@relu_rule.register
def _(motif: m.Gate, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    bound, f = float(motif.bound), signal.take(np.arange(signal.width - 1))
    error = f.error + bound * signal.error[-1] + 8 * EPS * (f.size + bound)
    return relu_gate(f.width, bound), Signal(np.minimum(f.low, 0), np.maximum(f.high, 0), error)


@relu_rule.register
def _(motif: m.Square, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    radius = float(signal.size.max())
    depth = min(depth_for(plan.tolerance / 2, radius), MAX_DEPTH)
    low, high = signal.low**2, signal.high**2
    nearest = np.where((signal.low < 0) & (signal.high > 0), 0.0, np.minimum(low, high))
    error = 2 * signal.size * signal.error + square_error(depth, radius) + 16 * EPS * radius**2
    return relu_square(signal.width, depth, radius), Signal(nearest, np.maximum(low, high), error)


@relu_rule.register
def _(motif: m.Product, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    d, radius = signal.width // 2, float(signal.size.max())
    depth = min(depth_for(plan.tolerance / 2, radius), MAX_DEPTH)
    a, b = signal.take(np.arange(d)), signal.take(np.arange(d, 2 * d))
    corners = np.stack([x * y for x in (a.low, a.high) for y in (b.low, b.high)])
    error = a.size * b.error + b.size * a.error + square_error(depth, radius) + 32 * EPS * radius**2
    return relu_product(d, depth, radius), Signal(corners.min(axis=0), corners.max(axis=0), error)


@relu_rule.register
def _(motif: m.Monomial, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    forms, reach, errors = [], [], []
    radius, incoming = float(signal.size.max()), float(signal.error.max())
    for powers in motif.powers:
        degree = sum(powers)
        form, error = next(
            (f, e)
            for depth in range(1, MAX_DEPTH + 1)
            for f, e in [relu_monomial(powers, depth, radius)]
            if e <= plan.tolerance / 2 or depth == MAX_DEPTH
        )
        forms.append(form)
        reach.append(float(np.prod(signal.size ** np.array(powers))))
        errors.append(
            error
            + degree * radius ** max(degree - 1, 0) * incoming
            + 32 * (degree + 1) * EPS * max(1.0, radius) ** degree
        )
    return m.Concat(forms), Signal(-np.array(reach), np.array(reach), np.array(errors))


@relu_rule.register
def _(motif: m.Distance, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    if motif.p != 1:
        raise UsageError(
            "A Euclidean distance has a relu form with a bound only together with the "
            "radial profile after it."
        )
    centres = array(motif.centres)
    reach = np.maximum(np.abs(signal.high - centres), np.abs(centres - signal.low)).sum(axis=1)
    rounding = (
        4 * (signal.width + 2) * EPS * (reach + np.abs(centres).sum(axis=1) + signal.size.sum())
    )
    return m.Chain(absolute_sums(centres)), Signal(
        np.zeros(len(centres)), reach, signal.error.sum() + rounding
    )
