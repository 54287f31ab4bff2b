"""An ONNX graph under construction: nodes by name of operation, constants that are stored once, and
sums over a scanned axis.

Every constant is float64, int64 or a string. A Python number as float32 would lose nine digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

OPSET, ML_OPSET, IR_VERSION = 18, 5, 10
ML = "ai.onnx.ml"


class Graph:
    """Nodes and initializers. Values are passed by name."""

    def __init__(self, parent: Graph | None = None) -> None:
        self.nodes: list[Any] = []
        self.root: Graph = self if parent is None else parent.root
        self.opsets = {"": OPSET, ML: ML_OPSET}
        self.known_types: list[Any] = []  # of values of operations that onnx does not know
        self.initializers: dict[str, Any] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._scalars: dict[str, NDArray[np.float64]] = {}
        self._count = 0

    def name(self, stem: str) -> str:
        """A name that no other value of the model has, and no column of a table."""
        self.root._count += 1
        return f"/{stem}/{self.root._count}"

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return its name."""
        for x, c in (
            ((0, 1), (1, 0))
            if kind in ("Add", "Mul")
            else ((0, 1),)
            if kind in ("Sub", "Div")
            else ()
        ):
            if self._looks_neutral(kind, inputs[c]):
                return self._kept(kind, inputs[x], self.root._scalars[inputs[c]])
        return self.ops(kind, *inputs, outputs=1, domain=domain, **attributes)[0]

    def _looks_neutral(self, kind: str, name: str) -> bool:
        """Whether a constant c is nearly the neutral one of x ± c, x · c or x / c.

        onnxruntime drops the node if both are equal in float32.
        """
        neutral = 0.0 if kind in ("Add", "Sub") else 1.0
        value = self.root._scalars.get(name)
        return value is not None and 0 < abs(value.item() - neutral) < 1e-6

    def _kept(self, kind: str, x: str, c: NDArray[np.float64]) -> str:
        """The same value, to the last bit, by operations that onnxruntime does not drop."""
        if kind in ("Add", "Sub"):
            return self.op("Neg", self.op("Sub", self.constant(c if kind == "Sub" else -c), x))
        half = self.op(kind, x, self.constant(c / 2 if kind == "Mul" else c * 2))
        return self.op("Mul", half, self.constant(2.0))

    def ops(
        self, kind: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs, and return their names.

        The first is that of the node too: onnxruntime 1.21 and before refuses a graph in which it
        fuses nodes without a name at two places.
        """
        from onnx import helper

        names = [self.name(kind) for _ in range(outputs)]
        self.nodes.append(
            helper.make_node(kind, list(inputs), names, name=names[0], domain=domain, **attributes)
        )
        return names

    def rename(self, x: str, name: str) -> str:
        """Give a value a public name."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [x], [name], name=name))
        return name

    def constant(self, value: Tensor | NDArray[Any] | Sequence[Any] | float) -> str:
        """The name of a constant: floats as float64, whole numbers as int64, strings unchanged."""
        from onnx import numpy_helper

        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        if array.dtype.kind in "fiub":
            array = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
        elif array.dtype.kind != "O":
            array = array.astype(object)
        key = (
            array.dtype.str,
            array.shape,
            repr(array.tolist()).encode() if array.dtype == object else array.tobytes(),
        )
        if key not in self.root._known:
            name = self.name("c")
            self.root._known[key] = name
            if array.size == 1 and array.dtype.kind == "f":
                self.root._scalars[name] = array
            self.root.initializers[name] = numpy_helper.from_array(
                np.ascontiguousarray(array).reshape(array.shape), name
            )
        return self.root._known[key]

    def cast(self, x: str, kind: str) -> str:
        """x as "DOUBLE", "FLOAT", "INT64"."""
        from onnx import TensorProto

        return self.op("Cast", x, to=getattr(TensorProto, kind))

    def columns(self, x: str, which: Sequence[int]) -> str:
        """Some columns of x."""
        return self.op("Gather", x, self.constant(np.asarray(which, dtype=np.int64)), axis=1)

    def smallest(self, x: str, k: int | None = None) -> list[str]:
        """The k least values of each row (all, where k is None), in order, and their columns.

        A row is added and left out again, since TopK on no row ends the process in onnxruntime 1.30
        and before.
        """
        count = self.op("Shape", x, start=1, end=2) if k is None else self.constant([k])
        one_more = self.op("Pad", x, self.constant([0, 0, 1, 0]))
        found = self.ops("TopK", one_more, count, outputs=2, axis=1, largest=0)
        ends = self.constant([0]), self.constant([-1]), self.constant([0])
        return [self.op("Slice", part, *ends) for part in found]

    def fill(self, x: str, row: Tensor | NDArray[Any]) -> str:
        """The same row for each row of x, with shape (batch, len(row))."""
        batch = self.op("Shape", x, start=0, end=1)
        shape = self.op("Concat", batch, self.constant([len(row)]), axis=0)
        return self.op("Expand", self.constant(row), shape)

    def accumulate(
        self, start: str, scanned: Sequence[tuple[str, int]], step: Callable[..., str]
    ) -> str:
        """start + Σ_t step(t-th slices), where `scanned` has values and their sliced axes.

        Memory does not grow with the number of terms.
        """
        from onnx import TensorProto, helper

        body = Graph(self)
        total, slices = self.name("total"), [self.name("slice") for _ in scanned]
        after = body.op("Add", total, step(body, *slices))
        kinds = [
            TensorProto.INT64 if self._is_whole(name) else TensorProto.DOUBLE for name, _ in scanned
        ]
        inputs = [helper.make_tensor_value_info(total, TensorProto.DOUBLE, None)]
        inputs += [
            helper.make_tensor_value_info(name, kind, None)
            for name, kind in zip(slices, kinds, strict=True)
        ]
        graph = helper.make_graph(
            body.nodes,
            self.name("body"),
            inputs,
            [helper.make_tensor_value_info(after, TensorProto.DOUBLE, None)],
        )
        names, axes = [name for name, _ in scanned], [axis for _, axis in scanned]
        return self.op(
            "Scan", start, *names, body=graph, num_scan_inputs=len(names), scan_input_axes=axes
        )

    def repeat(self, start: str, times: int, step: Callable[[Graph, str], str]) -> str:
        """step(… step(start)), repeated a number of times."""
        return self.loop(
            start, self.constant(times), "DOUBLE", lambda body, value, number: step(body, value)
        )

    def loop(
        self, start: str, times: str, kind: str, step: Callable[[Graph, str, str], str]
    ) -> str:
        """step(… step(start, 0) …, times − 1) of values of a type."""
        from onnx import TensorProto, helper

        body, held = Graph(self), getattr(TensorProto, kind)
        number, go_on, value = (self.name(stem) for stem in ("number", "go_on", "value"))
        after, again = step(body, value, number), body.op("Identity", go_on)
        inputs = [
            helper.make_tensor_value_info(number, TensorProto.INT64, []),
            helper.make_tensor_value_info(go_on, TensorProto.BOOL, []),
        ]
        inputs.append(helper.make_tensor_value_info(value, held, None))
        outputs = [
            helper.make_tensor_value_info(again, TensorProto.BOOL, []),
            helper.make_tensor_value_info(after, held, None),
        ]
        return self.op(
            "Loop",
            times,
            "",
            start,
            body=helper.make_graph(body.nodes, self.name("body"), inputs, outputs),
        )

    def scan(
        self,
        states: dict[str, str],
        scanned: Sequence[tuple[str, int, str]],
        step: Callable[..., Sequence[str]],
    ) -> list[str]:
        """The states after step(… states, slices) for each slice.

        `states` has their types, `scanned` has values with axes and types.
        """
        from onnx import TensorProto, helper

        body = Graph(self)
        before, slices = [self.name("state") for _ in states], [self.name("slice") for _ in scanned]
        after = step(body, *before, *slices)
        inputs, outputs = (
            [
                helper.make_tensor_value_info(name, getattr(TensorProto, kind), None)
                for name, kind in zip(names, kinds, strict=True)
            ]
            for names, kinds in (
                ([*before, *slices], [*states.values(), *(kind for *_, kind in scanned)]),
                (after, states.values()),
            )
        )
        graph = helper.make_graph(body.nodes, self.name("body"), inputs, outputs)
        axes = [axis for _, axis, _ in scanned]
        names = [*states, *(name for name, *_ in scanned)]
        return self.ops(
            "Scan",
            *names,
            outputs=len(states),
            body=graph,
            num_scan_inputs=len(scanned),
            scan_input_axes=axes,
        )

    def either(
        self, condition: str, kind: str, yes: Callable[[Graph], str], no: Callable[[Graph], str]
    ) -> str:
        """yes(graph) if the condition holds, else no(graph). Only one of them is computed."""
        from onnx import TensorProto, helper

        branches = []
        for make in (yes, no):
            body = Graph(self)
            result = body.op("Identity", make(body))
            branches.append(
                helper.make_graph(
                    body.nodes,
                    self.name("branch"),
                    [],
                    [helper.make_tensor_value_info(result, getattr(TensorProto, kind), None)],
                )
            )
        return self.op("If", condition, then_branch=branches[0], else_branch=branches[1])

    def _is_whole(self, name: str) -> bool:
        from onnx import TensorProto

        constant = self.root.initializers.get(name)
        return constant is not None and constant.data_type == TensorProto.INT64
