"""Minimum sharpness: the least trace of the Hessian among all rescalings of layers that leave the function unchanged.

A parameter of trace t that is multiplied by s_up/s_down has trace t (s_down/s_up)². So

    MS = min over scales s of Σ_j t_j exp(2 (log s_down(j) − log s_up(j))),

a geometric programme: its logarithm is convex in log s. Without biases a chain has MS = L (Π_l t_l)^(1/L). MS is the same for all members of the
family, which tr H is not; the scales at the minimum are the balanced network. Ibayashi, Hamaguchi, Imaizumi (2021).

MS compares networks of one architecture. It is no measure of test error.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp
from torch import nn

from motifnet.landscape._scales import ONE, Scales, scales_of
from motifnet.landscape._trace import Trace


@dataclass(frozen=True)
class MinimumSharpness:
    """value: MS (NaN where a diagonal entry is negative); trace: tr H as the network is; factors: by what each parameter is multiplied."""

    value: float
    trace: float
    factors: dict[str, float]

    @property
    def ratio(self) -> float:
        """tr H / MS ≥ 1: how unevenly the layers are scaled."""
        return self.trace / self.value

    @property
    def sentence(self) -> str:
        if not self.value > 0:
            return "Minimum sharpness is not defined here: some parameter has no positive curvature."
        if not self.factors:
            return f"Minimum sharpness {self.value:.6g} is the trace itself: no rescaling of layers is known that leaves the function unchanged."
        return (
            f"Minimum sharpness {self.value:.6g}, unchanged by rescaling of layers; the trace is {self.ratio:.3g} times that. "
            f"{'`balanced` gives the same function with evenly scaled layers.' if self.ratio > 1.5 else 'The layers are evenly scaled.'}"
        )


def minimum_sharpness(module: nn.Module, trace: Trace) -> MinimumSharpness:
    """MS of a module whose trace is known by parameter."""
    scales, parts = scales_of(module), trace.by_parameter
    if min(parts.values()) < 0 or trace.value <= 0:
        return MinimumSharpness(float("nan"), trace.value, {})
    exponents = {} if scales is None else _exponents(scales, list(parts))
    moving = [name for name, row in exponents.items() if parts[name] > 0 and row.any()]
    if not moving:
        return MinimumSharpness(trace.value, trace.value, {})
    rows = np.array([exponents.get(name, np.zeros_like(exponents[moving[0]])) for name in parts])
    log_scales, value = _balance(rows, np.array(list(parts.values())))
    factors = {name: float(np.exp(row @ log_scales)) for name, row in exponents.items() if row.any()}
    return MinimumSharpness(value, trace.value, factors)


def balanced(module: nn.Module, sharpness: MinimumSharpness) -> nn.Module:
    """A copy of the module with the same function and the least trace among its rescalings."""
    twin = copy.deepcopy(module)
    with torch.no_grad():
        for name, factor in sharpness.factors.items():
            twin.get_parameter(name).mul_(factor)
    return twin


def _exponents(scales: Scales, names: list[str]) -> dict[str, np.ndarray]:
    """For each parameter the row e with log factor = e · log s, over the free scales."""
    placed = [name for name in names if name in scales.up]
    ends = {name: (scales.root(scales.up[name]), scales.root(scales.down[name])) for name in placed}
    free = sorted({end for pair in ends.values() for end in pair} - {ONE})
    return {name: np.array([float(up == s) - float(down == s) for s in free]) for name, (up, down) in ends.items()}


def _balance(rows: np.ndarray, traces: np.ndarray) -> tuple[np.ndarray, float]:
    """log s at the minimum of Σ_j t_j exp(−2 e_j · log s), and that minimum."""
    rows, logs = -2 * rows[traces > 0], np.log(traces[traces > 0])

    def value(log_s: np.ndarray) -> float:
        return float(logsumexp(logs + rows @ log_s))

    def shares(log_s: np.ndarray) -> np.ndarray:
        return np.exp(logs + rows @ log_s - value(log_s))

    def bend(log_s: np.ndarray) -> np.ndarray:
        share = shares(log_s)
        mean = rows.T @ share
        return (rows.T * share) @ rows - np.outer(mean, mean)

    found = minimize(value, np.zeros(rows.shape[1]), jac=lambda s: rows.T @ shares(s), hess=bend, method="trust-exact", options={"gtol": 1e-12})
    return found.x, float(np.exp(found.fun))
