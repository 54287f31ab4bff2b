"""Minimum sharpness: the least trace of the Hessian among all rescalings of layers.

The rescalings leave the function unchanged. They are read from the graph of the network. Every
signal has a scale s > 0:

- an affine map or convolution from a signal of scale a to one of scale b takes W → (b/a) W and
  bias → b · bias;
- a rectifier, a pooling or a reshaping keeps the scale;
- a sum forces its terms to one scale;
- input, output and everything else have scale 1.

The function does not depend on the free scales. For a plain chain of L layers this is

    W_l → α_l W_l,   b_l → (Π_{k≤l} α_k) b_l,   Π_l α_l = 1

A residual block has a free scale inside. A parameter of trace t that is multiplied by s_up/s_down
has trace t (s_down/s_up)². So

    MS = min over scales s of Σ_j t_j exp(2 (log s_down(j) − log s_up(j)))

This is a geometric programme: its logarithm is convex in log s. Without biases a chain has
MS = L (Π_l t_l)^(1/L). MS is the same for all members of the family; tr H is not. The scales at the
minimum give the balanced network. Ibayashi, Hamaguchi, Imaizumi (2021).

MS compares networks of one architecture. It does not measure test error.
"""

from __future__ import annotations

import copy
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp
from torch import fx, nn

from motifnet.landscape._hessian import Trace

ONE = "1"
AFFINE = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
# affine after a normalisation that removes the scale
CENTRED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)
HOMOGENEOUS = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.PReLU,
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AvgPool3d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveAvgPool3d,
    nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveMaxPool3d,
)
SUMS = {
    operator.add,
    operator.iadd,
    operator.sub,
    torch.add,
    torch.sub,
    torch.maximum,
    torch.minimum,
    "add",
    "sub",
}
MAPS = {
    torch.cat,
    torch.relu,
    torch.abs,
    torch.flatten,
    torch.reshape,
    torch.mean,
    torch.sum,
    nn.functional.relu,
    nn.functional.leaky_relu,
    nn.functional.max_pool2d,
    nn.functional.avg_pool2d,
    nn.functional.adaptive_avg_pool2d,
    nn.functional.dropout,
    operator.getitem,
    operator.neg,
}
METHODS = {
    "relu",
    "abs",
    "flatten",
    "reshape",
    "view",
    "mean",
    "sum",
    "squeeze",
    "unsqueeze",
    "permute",
    "transpose",
    "contiguous",
    "double",
    "float",
}


@dataclass
class Scales:
    """The scales after (`up`) and before (`down`) each parameter, which is multiplied by
    s_up / s_down. Graph nodes name the scales; ONE is 1.
    """

    up: dict[str, str] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    parent: dict[str, str] = field(default_factory=lambda: {ONE: ONE})

    def root(self, name: str) -> str:
        """The name that represents all scales equal to this one."""
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            name = self.parent[name]
        return name

    def join(self, *names: str) -> None:
        """Force scales to be equal."""
        # ONE stays the root of its set
        first, *rest = sorted((self.root(name) for name in names), key=lambda name: name != ONE)
        for other in rest:
            self.parent[other] = first

    def place(self, parameter: str, up: str, down: str) -> None:
        """Set the scales of a parameter; one that the graph uses twice stays fixed."""
        if parameter in self.up:
            self.join(ONE, up, down, self.up[parameter], self.down[parameter])
        self.up[parameter], self.down[parameter] = up, down


def scales_of(module: nn.Module) -> Scales | None:
    """The free scales of a module, or None where its graph cannot be read, such as with control
    flow that depends on values.
    """
    try:
        graph = fx.symbolic_trace(module).graph
    except Exception:  # tracing runs the user's code, which may fail in any way
        return None
    scales = Scales()
    for node in graph.nodes:
        _enter(scales, node, module)
    return scales


def _enter(scales: Scales, node: fx.Node, module: nn.Module) -> None:
    """Add the constraints of one node of the graph."""
    sources = [source.name for source in node.all_input_nodes]
    target: Any = (
        module.get_submodule(str(node.target)) if node.op == "call_module" else node.target
    )
    if node.op == "call_module" and isinstance(target, AFFINE):
        _affine(scales, node, sources[0], f"{node.target}.weight", f"{node.target}.bias")
    elif node.op == "call_module" and isinstance(target, CENTRED):
        scales.join(ONE, *sources)
        _affine(scales, node, ONE, f"{node.target}.weight", f"{node.target}.bias")
    elif (
        node.op == "call_function"
        and target is nn.functional.linear
        and all(s.op == "get_attr" for s in node.all_input_nodes[1:])
    ):
        names = [str(s.target) for s in node.all_input_nodes[1:]]
        _affine(scales, node, sources[0], names[0], names[1] if len(names) > 1 else "")
    elif _keeps_scale(node, target):
        scales.join(node.name, *sources)
    elif node.op != "get_attr":
        scales.join(ONE, node.name, *sources)


def _affine(scales: Scales, node: fx.Node, source: str, weight: str, bias: str) -> None:
    scales.place(weight, node.name, source)
    scales.place(bias, node.name, ONE)


def _keeps_scale(node: fx.Node, target: Any) -> bool:
    """Whether the node is positively homogeneous: f(s x) = s f(x), jointly in all its inputs."""
    if node.op == "call_module":
        return isinstance(target, HOMOGENEOUS)
    if target in SUMS:
        # x + 1 is not homogeneous
        return not any(isinstance(value, int | float) for value in node.args)
    return target in MAPS or target in METHODS


@dataclass(frozen=True)
class MinimumSharpness:
    """The least trace among the rescalings of a network, as `minimum_sharpness` returns it.

    Attributes
    ----------
    value : float
        MS, NaN where a diagonal entry is negative.
    trace : float
        tr H of the network.
    factors : dict
        The factor of each parameter at the minimum, by name.

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import hessian_trace, minimum_sharpness, risk_of
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> found = minimum_sharpness(net, hessian_trace(risk_of(net, X, y[:, None])))
    >>> found.value <= found.trace
    True
    """

    value: float
    trace: float
    factors: dict[str, float]

    @property
    def ratio(self) -> float:
        """tr H / MS ≥ 1: how unevenly the layers are scaled."""
        return self.trace / self.value

    @property
    def sentence(self) -> str:
        """The values in words."""
        if not self.value > 0:
            return (
                "Minimum sharpness is not defined here: some parameter has no positive curvature."
            )
        if not self.factors:
            return (
                f"Minimum sharpness {self.value:.6g} is the trace itself: no rescaling of layers "
                "is known that leaves the function unchanged."
            )
        layers = (
            "`balanced` gives the same function with evenly scaled layers."
            if self.ratio > 1.5
            else "The layers are evenly scaled."
        )
        return (
            f"Minimum sharpness {self.value:.6g}, unchanged by rescaling of layers; the trace is "
            f"{self.ratio:.3g} times that. {layers}"
        )


def minimum_sharpness(module: nn.Module, trace: Trace) -> MinimumSharpness:
    """Minimum sharpness of a module.

    Parameters
    ----------
    module : torch.nn.Module
        A module whose graph cannot be read has its trace as minimum sharpness.
    trace : Trace
        That of the module.

    Returns
    -------
    MinimumSharpness

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import hessian_trace, minimum_sharpness, risk_of
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> trace = hessian_trace(risk_of(net, X, y[:, None]))
    >>> minimum_sharpness(net, trace).ratio >= 1
    True
    """
    scales, parts = scales_of(module), trace.by_parameter
    if min(parts.values()) < 0 or trace.value <= 0:
        return MinimumSharpness(float("nan"), trace.value, {})
    exponents = {} if scales is None else _exponents(scales, list(parts))
    moving = [name for name, row in exponents.items() if parts[name] > 0 and row.any()]
    if not moving:
        return MinimumSharpness(trace.value, trace.value, {})
    rows = np.array([exponents.get(name, np.zeros_like(exponents[moving[0]])) for name in parts])
    log_scales, value = _balance(rows, np.array(list(parts.values())))
    factors = {
        name: float(np.exp(row @ log_scales)) for name, row in exponents.items() if row.any()
    }
    return MinimumSharpness(value, trace.value, factors)


def balanced(module: nn.Module, sharpness: MinimumSharpness) -> nn.Module:
    """A copy of the module with the same function and the least trace among its rescalings.

    Parameters
    ----------
    module : torch.nn.Module
    sharpness : MinimumSharpness
        That of the module.

    Returns
    -------
    torch.nn.Module

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import audit, balanced
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> even = balanced(net, audit(net, X, y[:, None], steps=0).sharpness)
    >>> rows = torch.tensor(X, dtype=torch.float32)
    >>> torch.allclose(even(rows), net(rows), atol=1e-5)
    True
    """
    twin = copy.deepcopy(module)
    with torch.no_grad():
        for name, factor in sharpness.factors.items():
            twin.get_parameter(name).mul_(factor)
    return twin


def _exponents(scales: Scales, names: list[str]) -> dict[str, np.ndarray]:
    """The row e of each parameter, with log factor = e · log s over the free scales."""
    placed = [name for name in names if name in scales.up]
    ends = {name: (scales.root(scales.up[name]), scales.root(scales.down[name])) for name in placed}
    free = sorted({end for pair in ends.values() for end in pair} - {ONE})
    return {
        name: np.array([float(up == s) - float(down == s) for s in free])
        for name, (up, down) in ends.items()
    }


def _balance(rows: np.ndarray, traces: np.ndarray) -> tuple[np.ndarray, float]:
    """log s at the minimum of Σ_j t_j exp(−2 e_j · log s), and that minimum."""
    rows, logs = -2 * rows[traces > 0], np.log(traces[traces > 0])

    def value(log_s: np.ndarray) -> float:
        return float(logsumexp(logs + rows @ log_s))

    def shares(log_s: np.ndarray) -> np.ndarray:
        return np.exp(logs + rows @ log_s - value(log_s))

    def hessian(log_s: np.ndarray) -> np.ndarray:
        share = shares(log_s)
        mean = rows.T @ share
        return (rows.T * share) @ rows - np.outer(mean, mean)

    found = minimize(
        value,
        np.zeros(rows.shape[1]),
        jac=lambda s: rows.T @ shares(s),
        hess=hessian,
        method="trust-exact",
        options={"gtol": 1e-12},
    )
    return found.x, float(np.exp(found.fun))
