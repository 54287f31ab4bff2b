"""Relu form: the same function by affine maps and rectifiers alone, on a box, up to a tolerance that is proved.

    relu_form(network, box, tolerance) -> ReluForm(network, bound, note),   |native − relu| ≤ bound ≤ tolerance on the box

Inputs are clipped to the box first. Each motif has a rule that turns it and what is known about its input (range and error, see _relu_signal) into
affine maps and rectifiers and what is known about its output. Parallel, Concat, Chain and Residual stay as they are.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import tensor
from motifnet.mimicry._relu_rules import Plan, relu_rule
from motifnet.mimicry._relu_signal import EPS, Signal, Vector
from motifnet.motifs import Chain, Motif, fuse, relu_clip

_ROUNDS = 6


@dataclass(frozen=True)
class ReluForm:
    """A network of affine maps and rectifiers, and the bound in units of its output on the box; None where there are jumps: see `note`."""

    network: Motif
    bound: float | None
    note: str = field(default="")


def relu_form(network: Motif, box: tuple[Vector, Vector], tolerance: float, X: Vector | None = None) -> ReluForm:
    """The relu form of a network on the box (low, high), both with shape (d,), up to `tolerance` in units of the output.

    Jumps become ramps in bands; with rows X of shape (n, d) the bands are placed so that no row lies in one.
    """
    low, high = (np.asarray(side, dtype=np.float64).reshape(-1) for side in box)
    if not tolerance > 0 or not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise UsageError(
            f"relu_form has tolerance={tolerance} and a box from {low.min()} to {high.max()}; give a positive tolerance and finite low ≤ high."
        )
    start = Signal(low, high, 4 * EPS * np.maximum(np.abs(low), np.abs(high)), None if X is None else np.clip(X, low, high))
    plan, network = Plan(tolerance), copy.deepcopy(network).double()
    for _ in range(_ROUNDS):
        form, out = relu_rule(network, start, plan)
        bound = float(out.error.max(initial=0.0))
        if bound <= tolerance:
            whole = Chain(fuse([relu_clip(tensor(low), tensor(high)), form]))
            return ReluForm(whole, bound) if not plan.notes else ReluForm(whole, None, "; ".join([*plan.notes, f"elsewhere at most {bound:.2g}"]))
        # what comes after a motif has enlarged its error: ask for less
        plan = replace(plan, tolerance=plan.tolerance * 0.9 * tolerance / bound, notes=[])
    raise UsageError(f"A tolerance of {tolerance:.2g} cannot be proved; {bound:.2g} can. Ask for that, or use the native form.")
