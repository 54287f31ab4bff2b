"""Relu form: the same function by affine maps and rectifiers, with a proved bound on a box.

    relu_form(network, box, tolerance) -> ReluForm(network, bound, note)
    |native − relu| ≤ bound ≤ tolerance on the box

Inputs are clipped to the box first. Each motif has a rule. It takes the range and error of the
input (see `_relu_signal`), and gives affine maps and rectifiers with the range and error of their
output:

    relu_rule(motif, signal, plan) -> (affine maps and rectifiers, output signal)

A rule may add at most `plan.tolerance` to the error of its output. A new motif is one more rule.
This file has the rules for composite motifs: Parallel, Concat, Chain and Residual keep their form.
Rules for single motifs are in `_relu_motifs` and `_relu_tree`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import singledispatch

import numpy as np

from motifnet import motifs as m
from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Chain, Motif, fuse, relu_clip
from motifnet.transfer._certificate import values_of
from motifnet.transfer._relu_kernel import kernel_machine, relu_kernel
from motifnet.transfer._relu_signal import EPS, Signal, array
from motifnet.transfer._transfer import tensor

_INEXACT = (m.Distance, m.Radial, m.Square, m.Product, m.Monomial)
_JUMPS = (m.TreeEnsemble, m.Step, m.Box)
_MAX_ROUNDS = 6  # of lower tolerances for single motifs


@dataclass(frozen=True)
class Plan:
    """The error that one motif may add, and notes on parts without a bound."""

    tolerance: float
    notes: list[str] = field(default_factory=list)

    def divided(self, by: float) -> Plan:
        """The plan with its tolerance divided."""
        return replace(self, tolerance=self.tolerance / max(by, 1e-300))


@singledispatch
def relu_rule(motif: m.Motif, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    """The relu form of one motif."""
    known = ", ".join(sorted(kind.__name__ for kind in relu_rule.registry if kind is not object))
    raise UsageError(
        f"There is no relu form of the motif {type(motif).__name__}; there is one for {known} and "
        "for kernel machines. "
        "Take the network without it, or register a rule with `@relu_rule.register`."
    )


def _contains(motif: m.Motif, kinds: tuple[type[m.Motif], ...]) -> bool:
    return any(isinstance(part, kinds) for part in motif.modules())


@relu_rule.register
def _(motif: m.Identity, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return motif, signal


@relu_rule.register
def _(motif: m.Select, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    return motif, signal.take(np.array(motif.columns, dtype=np.int64))


@relu_rule.register
def _(motif: m.Chain, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    parts = list(_with_machines(list(motif.parts)))
    out: list[m.Motif] = []
    for i, (part, output) in enumerate(parts):
        rows = signal.rows
        machine = kernel_machine(part, output)
        new, signal = (
            relu_rule(part, signal, plan)
            if machine is None
            else relu_kernel(machine, signal, plan.tolerance)
        )
        out.append(new)
        # rows are computed only where a later jump must avoid them
        follow = rows is not None and any(_contains(later, _JUMPS) for later, _ in parts[i + 1 :])
        native = part if output is None else m.Chain([part, output])
        signal = replace(
            signal, rows=values_of(native, rows) if follow and rows is not None else None
        )
    return m.Chain(fuse(out), label=motif.label), signal


def _with_machines(parts: list[m.Motif]) -> Iterator[tuple[m.Motif, m.Motif | None]]:
    """The parts one by one, with radial features and the affine map after them as one pair."""
    while parts:
        part = parts.pop(0)
        if isinstance(part, m.Distance) and parts and isinstance(parts[0], m.Radial):
            part = m.Chain([part, parts.pop(0)])
        takes = (
            bool(parts)
            and isinstance(parts[0], m.Affine)
            and kernel_machine(part, parts[0]) is not None
        )
        yield part, parts.pop(0) if takes else None


@relu_rule.register
def _(motif: m.Parallel, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    weights = [array(w) for w in motif.weights]
    inexact = max(1, sum(_contains(branch, _INEXACT) for branch in motif.branches))
    forms: list[m.Motif] = []
    low, high, error = np.zeros(1), np.zeros(1), np.zeros(1)
    for w, branch in zip(weights, motif.branches, strict=True):
        form, out = relu_rule(branch, signal, plan.divided(inexact * float(np.abs(w).max())))
        forms.append(form)
        low = low + np.minimum(w * out.low, w * out.high)
        high = high + np.maximum(w * out.low, w * out.high)
        error = error + np.abs(w) * out.error
    return m.Parallel(motif.weights, forms), Signal(low, high, error)


@relu_rule.register
def _(motif: m.Concat, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    forms, outs = zip(*(relu_rule(branch, signal, plan) for branch in motif.branches), strict=True)
    return m.Concat(list(forms)), Signal.join(list(outs))


@relu_rule.register
def _(motif: m.Residual, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    form, out = relu_rule(motif.body, signal, plan)
    return m.Residual(form), Signal(
        signal.low + out.low, signal.high + out.high, signal.error + out.error
    )


@relu_rule.register
def _(motif: m.Precise, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    form, out = relu_rule(motif.body, signal, plan)
    return m.Precise(form), out


@relu_rule.register
def _(motif: m.GroupAverage, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    columns, signs = array(motif.permutations).astype(np.int64), array(motif.signs)
    sides = np.stack([signal.low[columns] * signs, signal.high[columns] * signs])
    everywhere = Signal(
        sides.min(axis=(0, 1)),
        sides.max(axis=(0, 1)),
        (signal.error[columns] * np.abs(signs)).max(axis=0),
    )
    form, out = relu_rule(motif.body, everywhere, plan)
    return m.GroupAverage(form, motif.permutations, motif.signs), out


@relu_rule.register
def _(motif: m.Images, signal: Signal, plan: Plan) -> tuple[m.Motif, Signal]:
    columns = array(motif.permutations).astype(np.int64)
    everywhere = Signal(
        signal.low[columns].min(0), signal.high[columns].max(0), signal.error[columns].max(0)
    )
    form, out = relu_rule(motif.body, everywhere, plan)
    low, high, error = (np.tile(v, len(columns)) for v in (out.low, out.high, out.error))
    return m.Images(form, motif.permutations), Signal(low, high, error)


@dataclass(frozen=True)
class ReluForm:
    """A network of affine maps and rectifiers, and its bound on the box in units of the output.

    The bound is None where there are jumps; `note` says how they are treated.
    """

    network: Motif
    bound: float | None
    note: str = field(default="")


def relu_form(
    network: Motif, box: tuple[Matrix, Matrix], tolerance: float, X: Matrix | None = None
) -> ReluForm:
    """The relu form of a network on the box (low, high), both with shape (d,), up to `tolerance` in
    units of the output.

    Jumps become ramps in narrow bands. With rows X of shape (n, d) the bands avoid the rows. Raises
    UsageError where the tolerance cannot be proved.
    """
    low, high = (np.asarray(side, dtype=np.float64).reshape(-1) for side in box)
    if not tolerance > 0 or not (
        np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()
    ):
        raise UsageError(
            f"relu_form has tolerance={tolerance} and a box from {low.min()} to {high.max()}; "
            "give a positive tolerance and finite low ≤ high."
        )
    start = Signal(
        low,
        high,
        4 * EPS * np.maximum(np.abs(low), np.abs(high)),
        None if X is None else np.clip(X, low, high),
    )
    plan, network = Plan(tolerance), copy.deepcopy(network).double()
    for _ in range(_MAX_ROUNDS):
        form, out = relu_rule(network, start, plan)
        bound = float(out.error.max(initial=0.0))
        if bound <= tolerance:
            whole = Chain(fuse([relu_clip(tensor(low), tensor(high)), form]))
            return (
                ReluForm(whole, bound)
                if not plan.notes
                else ReluForm(
                    whole, None, "; ".join([*plan.notes, f"elsewhere at most {bound:.2g}"])
                )
            )
        # later motifs enlarge the error of earlier ones, which need a lower tolerance
        plan = replace(plan, tolerance=plan.tolerance * 0.9 * tolerance / bound, notes=[])
    raise UsageError(
        f"A tolerance of {tolerance:.2g} cannot be proved; {bound:.2g} can. Ask for "
        "that, or use the native form."
    )
