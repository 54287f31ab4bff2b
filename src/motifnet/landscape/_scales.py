"""The rescalings of a network that leave its function unchanged, read from its graph.

Give every signal a scale s > 0. An affine map or convolution from a signal of scale a to one of scale b takes W → (b/a) W and bias → b · bias; a
rectifier, a pooling, a reshaping hands its scale on; a sum forces its terms to one scale; input, output and everything else are pinned to 1. The
function stays as it is, whatever the free scales. For a plain chain of L layers this is W_l → α_l W_l, b_l → (Π_{k≤l} α_k) b_l with Π_l α_l = 1; a
residual block has a free scale inside.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn

ONE = "1"
AFFINE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
CENTRED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)  # affine after a normalisation that knows no scale
HOMOGENEOUS = (
    *(nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.Identity, nn.Flatten, nn.Unflatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
)
SUMS = {operator.add, operator.iadd, operator.sub, torch.add, torch.sub, torch.maximum, torch.minimum, "add", "sub"}
MAPS = {torch.cat, torch.relu, torch.abs, torch.flatten, torch.reshape, torch.mean, torch.sum, nn.functional.relu, nn.functional.leaky_relu}
MAPS |= {nn.functional.max_pool2d, nn.functional.avg_pool2d, nn.functional.adaptive_avg_pool2d, nn.functional.dropout, operator.getitem, operator.neg}
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
    """Scale after (`up`) and before (`down`) each parameter: it is multiplied by s_up / s_down. Scales are named by graph nodes; ONE is 1."""

    up: dict[str, str] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    parent: dict[str, str] = field(default_factory=lambda: {ONE: ONE})

    def root(self, name: str) -> str:
        """The name that stands for all scales equal to this one."""
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            name = self.parent[name]
        return name

    def join(self, *names: str) -> None:
        """Force scales to be equal."""
        first, *rest = sorted((self.root(name) for name in names), key=lambda name: name != ONE)  # 1 stays the root of its own
        for other in rest:
            self.parent[other] = first

    def place(self, parameter: str, up: str, down: str) -> None:
        """Say where a parameter stands; one that stands in two places moves in neither."""
        if parameter in self.up:
            self.join(ONE, up, down, self.up[parameter], self.down[parameter])
        self.up[parameter], self.down[parameter] = up, down


def scales_of(module: nn.Module) -> Scales | None:
    """The free scales of a module, or None where its graph cannot be read (control flow that depends on values)."""
    try:
        graph = fx.symbolic_trace(module).graph
    except Exception:  # tracing runs the user's code on stand-ins, which may fail in any way
        return None
    scales = Scales()
    for node in graph.nodes:
        _enter(scales, node, module)
    return scales


def _enter(scales: Scales, node: fx.Node, module: nn.Module) -> None:
    """What one node of the graph asks of the scales."""
    sources = [source.name for source in node.all_input_nodes]
    target: Any = module.get_submodule(str(node.target)) if node.op == "call_module" else node.target
    if node.op == "call_module" and isinstance(target, AFFINE):
        _affine(scales, node, sources[0], f"{node.target}.weight", f"{node.target}.bias")
    elif node.op == "call_module" and isinstance(target, CENTRED):
        scales.join(ONE, *sources)
        _affine(scales, node, ONE, f"{node.target}.weight", f"{node.target}.bias")
    elif node.op == "call_function" and target is nn.functional.linear and all(s.op == "get_attr" for s in node.all_input_nodes[1:]):
        names = [str(s.target) for s in node.all_input_nodes[1:]]
        _affine(scales, node, sources[0], names[0], names[1] if len(names) > 1 else "")
    elif _hands_on(node, target):
        scales.join(node.name, *sources)
    elif node.op != "get_attr":
        scales.join(ONE, node.name, *sources)


def _affine(scales: Scales, node: fx.Node, source: str, weight: str, bias: str) -> None:
    scales.place(weight, node.name, source)
    scales.place(bias, node.name, ONE)


def _hands_on(node: fx.Node, target: Any) -> bool:
    """Whether the node is positively homogeneous: f(s x) = s f(x), jointly in all its inputs."""
    if node.op == "call_module":
        return isinstance(target, HOMOGENEOUS)
    if target in SUMS:
        return not any(isinstance(value, int | float) for value in node.args)  # x + 1 is not homogeneous
    return target in MAPS or target in METHODS
