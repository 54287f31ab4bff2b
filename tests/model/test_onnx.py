"""ONNX export: every motif's emitter against its torch forward through onnxruntime, then whole
models from the raw columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from onnx import TensorProto
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from motifnet import mimic
from motifnet import motifs as m
from motifnet.engine import FileError, UsageError
from motifnet.kernels import Kernel
from motifnet.model import FittedModel, ParityError, network_to_onnx, to_onnx
from motifnet.model._cost import _RULES, Meter
from motifnet.model._onnx import assemble
from motifnet.model._onnx import value as value_info
from motifnet.model._onnx_check import start
from motifnet.model._onnx_graph import Graph
from motifnet.model._onnx_motifs import emit
from motifnet.model._synthetic import rows_for
from motifnet.model._validate import Bounded
from motifnet.motifs import MOTIFS, Motif
from motifnet.tables import Encoder, Table, as_table, make_folds
from motifnet.transfer import kernel_network, relu_form
from tests.shared.hand_made import later, make_model

Maker = Callable[[torch.Generator], tuple[Motif, int]]


def normal(g: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def value(x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


def trees(g: torch.Generator, count: int, depth: int, d: int, q: int) -> m.TreeEnsemble:
    """Complete trees whose thresholds are multiples of 1/4, and one that is a leaf."""
    n = 2 ** (depth + 1) - 1
    own = torch.arange(n)
    left, right = (torch.where(own < n // 2, 2 * own + k, own) for k in (1, 2))
    shift = n * torch.arange(count)[:, None]
    left, right = (
        torch.cat([(nodes + shift).ravel(), torch.tensor([n * count])]) for nodes in (left, right)
    )
    feature = torch.randint(0, d, (n * count + 1,), generator=g)
    threshold = torch.randint(-8, 8, (n * count + 1,), generator=g).double() / 4
    return m.TreeEnsemble(
        feature,
        threshold,
        left,
        right,
        n * torch.arange(count + 1),
        normal(g, n * count + 1, q),
        depth,
    )


def with_gaps(part: Motif) -> Motif:
    """A motif behind values of which those below −1 are missing."""
    return m.Chain([m.Clip(value(-1.0), value(np.inf)), m.Missing(-torch.ones(3).double()), part])


def neighbours(g: torch.Generator) -> m.Neighbours:
    """Of a grid, where many rows are as far as the fourth; half of it below a tree of two boxes."""
    rows = torch.cartesian_prod(*[torch.arange(-1.0, 2.0)] * 3).double().repeat(2, 1)
    half, none = (rows[:, 0] > 0).long(), torch.empty(0).double()
    boxes = [
        torch.stack([f(rows, 0), f(rows[half == 0], 0), f(rows[half == 1], 0)])
        for f in (torch.amin, torch.amax)
    ]
    return m.Neighbours(
        rows,
        normal(g, 54, 2),
        none,
        k=4,
        p=2.0,
        weighed=True,
        low=boxes[0],
        high=boxes[1],
        radius=none,
        path=1 + half[None],
        offset=torch.arange(54),
    )


# one line a motif: an example and the width of its input
EXAMPLES: dict[str, Maker] = {
    "Abs": lambda g: (m.Abs(), 3),
    "Affine": lambda g: (m.Affine(normal(g, 3, 4), normal(g, 3)), 4),
    "ArgMax": lambda g: (m.ArgMax(), 3),
    "Box": lambda g: (
        m.Box(
            torch.tensor([-1.0, -np.inf], dtype=torch.float64),
            torch.tensor([np.inf, 0.5], dtype=torch.float64),
        ),
        2,
    ),
    "Chain": lambda g: (
        m.Chain([m.Abs(), m.Affine(normal(g, 2, 3), normal(g, 2)), m.ReLU()], label="test"),
        3,
    ),
    "ChiSquare": lambda g: (m.Chain([m.Abs(), m.ChiSquare(normal(g, 6, 3).abs())]), 3),
    "Clip": lambda g: (m.Clip(-normal(g, 3).abs(), normal(g, 3).abs()), 3),
    "Concat": lambda g: (m.Concat([m.Identity(), m.Abs()]), 3),
    "Coupling": lambda g: (m.Chain([m.Sigmoid(), m.Coupling(3)]), 3),
    "Distance": lambda g: (
        m.Concat([m.Distance(normal(g, 20, 4), 1), m.Distance(normal(g, 20, 4), 2)]),
        4,
    ),
    "Erf": lambda g: (m.Erf(), 3),
    "Exp": lambda g: (m.Exp(), 3),
    "Fill": lambda g: (m.Fill(normal(g, 3)), 3),
    "Gaps": lambda g: (m.Gaps(), 3),
    "Missing": lambda g: (
        m.Chain([m.Step(value(0.0)), m.Missing(torch.ones(3).double()), m.Gaps()]),
        3,
    ),
    "Gate": lambda g: (m.Gate(value(5.0)), 3),
    "GroupAverage": lambda g: (
        m.GroupAverage(
            m.Affine(normal(g, 2, 3), normal(g, 2)),
            torch.tensor([[0, 1, 2], [1, 0, 2]]),
            torch.tensor([[1.0, 1, 1], [1, 1, -1]]).double(),
        ),
        3,
    ),
    "Hinge": lambda g: (m.Hinge(torch.sort(normal(g, 4, 9), dim=1).values, normal(g, 4, 8)), 4),
    "Identity": lambda g: (m.Identity(), 3),
    "Images": lambda g: (
        m.Images(m.Affine(normal(g, 2, 3), normal(g, 2)), torch.tensor([[0, 1, 2], [1, 0, 2]])),
        3,
    ),
    "Largest": lambda g: (m.Concat([m.Largest(), m.Chain([m.Step(value(0.0)), m.Largest()])]), 5),
    "Log": lambda g: (m.Chain([m.Exp(), m.Log()]), 3),
    "Lookup": lambda g: (
        m.Chain([m.Step(value(0.0)), m.Lookup(torch.tensor([0.0, 1.0]).double(), normal(g, 4, 3))]),
        1,
    ),
    "Max": lambda g: (m.Max(), 3),
    "Min": lambda g: (m.Min(), 3),
    "Monomial": lambda g: (m.Monomial([[0, 0, 0], [1, 2, 0], [0, 3, 1]]), 3),
    "NeighbourFill": lambda g: (
        with_gaps(m.NeighbourFill(normal(g, 20, 3), torch.ones(20, 3).double().tril(10), 4, True)),
        3,
    ),
    "Neighbours": lambda g: (neighbours(g), 3),
    "Normalize": lambda g: (
        m.Concat([m.Normalize("l1"), m.Normalize("l2"), m.Normalize("max")]),
        3,
    ),
    "OutlierFactor": lambda g: (
        m.OutlierFactor(**{**neighbours(g).arguments(), "values": normal(g, 54, 2).abs()}),
        3,
    ),
    "Parallel": lambda g: (
        m.Parallel(normal(g, 2, 3), [m.Affine(normal(g, 3, 3), normal(g, 3)), m.Identity()]),
        3,
    ),
    "Piecewise": lambda g: (
        m.Piecewise(torch.sort(normal(g, 3, 5), dim=1).values, normal(g, 3, 5, 3, 2), "left"),
        3,
    ),
    "Power": lambda g: (
        m.Concat([m.Power(value(3.0)), m.Chain([m.Abs(), m.Power(value(0.5))])]),
        3,
    ),
    "Precise": lambda g: (m.Precise(m.Affine(normal(g, 2, 3), normal(g, 2))), 3),
    "Product": lambda g: (m.Product(), 4),
    "Radial": lambda g: (
        m.Chain([m.Abs(), m.Radial(normal(g, 4), normal(g, 4).abs(), list(m.RADIAL_PROFILES))]),
        3,
    ),
    "ReLU": lambda g: (m.ReLU(), 3),
    "Residual": lambda g: (m.Residual(m.Affine(normal(g, 3, 3), normal(g, 3))), 3),
    "Select": lambda g: (m.Select([2, 0, 0]), 3),
    "Sigmoid": lambda g: (m.Chain([m.Affine(normal(g, 3, 3) * 300, normal(g, 3)), m.Sigmoid()]), 3),
    "Sine": lambda g: (m.Sine(), 3),
    "Single": lambda g: (m.Single(), 3),
    "Softmax": lambda g: (m.Chain([m.Affine(normal(g, 3, 3) * 300, normal(g, 3)), m.Softmax()]), 3),
    "Sort": lambda g: (m.Sort(), 5),
    "SparseAffine": lambda g: (
        m.SparseAffine(torch.randint(0, 4, (6, 3), generator=g), normal(g, 6, 3), normal(g, 6)),
        4,
    ),
    "Square": lambda g: (m.Square(), 3),
    "Step": lambda g: (m.Concat([m.Step(value(0.0)), m.Step(value(0.3))]), 3),
    "Tanh": lambda g: (m.Tanh(), 3),
    "TreeEnsemble": lambda g: (trees(g, count=30, depth=4, d=3, q=2), 3),
    "WeightedMedian": lambda g: (m.WeightedMedian(normal(g, 5).abs()), 5),
}


def example(name: str) -> tuple[Motif, int]:
    return EXAMPLES[name](torch.Generator().manual_seed(1))


def test_every_motif_has_an_emitter_and_an_example() -> None:
    ours = {name: kind for name, kind in MOTIFS.items() if kind.__module__.startswith("motifnet.")}
    assert set(EXAMPLES) == set(ours)
    assert all(kind in emit.registry and kind in _RULES for kind in ours.values())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_shapes_tell_the_outputs_and_bound_what_is_computed(name: str) -> None:
    """Every motif has a rule of what it takes, by which no honest one is refused."""
    network, d = example(name)
    assert type(network) in _RULES
    cost = Meter(1 << 24, 1 << 26, 100_000)(network, d)
    with Bounded(1 << 26) as counted:
        out = network(torch.zeros(1, d, dtype=torch.float64))
    assert cost.outputs == out.shape[1] and (
        isinstance(network, m.Coupling) or counted.done <= 4 * cost.work + 64
    )


@pytest.mark.parametrize("name", sorted(EXAMPLES))
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 3e-6)])
def test_emitter_repeats_forward(name: str, dtype: Any, tolerance: float, tmp_path: Path) -> None:
    network, d = example(name)
    parity = network_to_onnx(network, d, tmp_path / "net.onnx", dtype)
    assert parity.max_difference <= tolerance
    assert parity.rows == 1000


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_nothing_is_float32_in_a_float64_export(name: str, tmp_path: Path) -> None:
    network, d = example(name)
    network_to_onnx(network, d, tmp_path / "net.onnx")
    assert float32_in(tmp_path / "net.onnx") == [] or name == "Single"  # which rounds to it


def float32_in(path: Path) -> list[str]:
    """Names of everything in an ONNX file that is stored, declared or cast as float32, subgraphs
    included.
    """
    found: list[str] = []

    def look(graph: onnx.GraphProto) -> None:
        found.extend(t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT)
        found.extend(
            v.name
            for v in [*graph.input, *graph.output]
            if v.type.tensor_type.elem_type == TensorProto.FLOAT
        )
        for node in graph.node:
            for attribute in node.attribute:
                tensors = [attribute.t, *attribute.tensors]
                found.extend(
                    f"{node.name}.{attribute.name}"
                    for t in tensors
                    if t.data_type == TensorProto.FLOAT
                )
                if (
                    node.op_type == "Cast"
                    and attribute.name == "to"
                    and attribute.i == TensorProto.FLOAT
                ):
                    found.append(node.output[0])
                for sub in [attribute.g, *attribute.graphs]:
                    look(sub)

    look(onnx.load(path).graph)
    return found


def test_distances_stay_small_in_memory(tmp_path: Path) -> None:
    """One scanned step, not a node a column and not a cube of differences."""
    network = m.Distance(normal(torch.Generator().manual_seed(0), 300, 40), 2)
    network_to_onnx(network, 40, tmp_path / "net.onnx")
    assert len(onnx.load(tmp_path / "net.onnx").graph.node) < 10
    assert (tmp_path / "net.onnx").stat().st_size < 300 * 40 * 8 + 4000


def test_batches_of_any_size(tmp_path: Path) -> None:
    network, d = example("Distance")
    network_to_onnx(network, d, tmp_path / "net.onnx")
    session = start(tmp_path / "net.onnx")
    X = np.random.default_rng(0).normal(size=(1000, d))
    whole = session.run(None, {"X": X})[0]
    for n in (0, 1, 7, 999):
        assert np.array_equal(session.run(None, {"X": X[:n]})[0], whole[:n])


def test_trees_agree_at_their_thresholds(tmp_path: Path) -> None:
    """Rows on a threshold, and one unit in the last place to either side."""
    network = trees(torch.Generator().manual_seed(2), count=50, depth=5, d=3, q=2)
    grid = np.random.default_rng(0).integers(-9, 9, (300, 3)) / 4
    X = np.concatenate([grid, np.nextafter(grid, np.inf), np.nextafter(grid, -np.inf)])
    parity = network_to_onnx(network, 3, tmp_path / "net.onnx", X=X)
    assert parity.max_difference <= 1e-13
    with torch.no_grad():
        below, at, above = network(torch.tensor(X)).reshape(3, 300, 2)[[2, 0, 1]]
    assert torch.allclose(below, at, atol=1e-12)
    assert not torch.allclose(at, above, atol=1e-3)


def test_trees_without_a_split(tmp_path: Path) -> None:
    zero = torch.zeros(1, dtype=torch.int64)
    network = m.TreeEnsemble(
        zero, zero.double(), zero, zero, zero, torch.tensor([[2.5, -1.0]]).double(), 0
    )
    assert network_to_onnx(network, 2, tmp_path / "net.onnx").max_difference == 0


def test_trees_of_single_precision_give_the_same_bits(tmp_path: Path) -> None:
    """A tree that is one leaf stands among the others, where it is added; thresholds lie between
    numbers of float32.
    """
    g = torch.Generator().manual_seed(2)
    grown = trees(g, count=30, depth=3, d=3, q=2)
    arguments = {
        **grown.arguments(),
        "values": (10 * grown.values).float().double().detach(),
        "threshold": grown.threshold + 1e-9,
    }
    arguments["roots"] = arguments["roots"][torch.randperm(31, generator=g)]
    single = m.TreeEnsemble(**{**arguments, "single": True})
    X = np.vstack([normal(g, 400, 3).numpy(), np.tile(grown.threshold[:40, None].numpy(), 3)])
    assert (single(torch.as_tensor(X)) != m.TreeEnsemble(**arguments)(torch.as_tensor(X))).any()
    assert network_to_onnx(single, 3, tmp_path / "net.onnx", X=X).max_difference == 0


def test_relu_form(tmp_path: Path) -> None:
    """Only affine maps, rectifiers and sums of them: the plainest graph."""
    rng = np.random.default_rng(0)
    kernel = Kernel(("gaussian",), np.ones(1), np.full(1, 0.5))
    network = kernel_network(
        kernel, rng.normal(size=(15, 2)), rng.normal(size=(15, 1)), np.zeros(1)
    )
    form = relu_form(network, (np.full(2, -2.0), np.full(2, 2.0)), 1e-2).network
    assert network_to_onnx(form, 2, tmp_path / "net.onnx").max_difference <= 1e-10
    used = {node.op_type for node in onnx.load(tmp_path / "net.onnx").graph.node}
    assert used <= {
        "Gemm",
        "Relu",
        "Add",
        "Mul",
        "Scan",
        "Gather",
        "Concat",
        "Shape",
        "Expand",
        "Identity",
    }


def test_rows_are_where_the_network_has_its_values() -> None:
    """A network on raw columns is not checked near 0 only."""
    centres = (
        normal(torch.Generator().manual_seed(0), 30, 2) * torch.tensor([1e-3, 1e5]).double()
        + torch.tensor([7.0, -1e6]).double()
    )
    X = rows_for(m.Distance(centres, 2), 2)
    np.testing.assert_allclose(X.mean(0), centres.mean(0).numpy(), rtol=0.05)
    np.testing.assert_allclose(X.std(0), centres.std(0).numpy(), rtol=0.3)
    tree = trees(torch.Generator().manual_seed(0), count=3, depth=2, d=2, q=1)
    tree.threshold += 1000
    assert np.abs(rows_for(tree, 2) - 1000).max() < 10


def test_float32_network_is_exported_in_float64(tmp_path: Path) -> None:
    network = m.Affine(torch.ones(1, 2), torch.zeros(1))
    network_to_onnx(network, 2, tmp_path / "net.onnx")
    assert float32_in(tmp_path / "net.onnx") == []
    assert network.weight.dtype == torch.float32  # the caller's network is left alone


class Unknown(Motif):
    """A motif that no emitter knows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Lying(Motif):
    """A motif whose emitter, below, is wrong."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1e-6


for _kind in (Unknown, Lying):  # not part of the library: other tests look at its registry
    del MOTIFS[_kind.__name__]


NEARLY = [1.0, 1 + 1e-15, 1 + 2e-9, 1 - 2e-9, 1 + 5e-8, 0.0, 1e-60, -1e-300]


@pytest.mark.parametrize("c", NEARLY)
@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
def test_constants_next_to_neutral_ones_are_not_dropped(
    kind: str, c: float, tmp_path: Path
) -> None:
    """onnxruntime leaves out x · c where c is 1 in float32."""
    if kind == "Div" and c == 0:
        return
    X = np.random.default_rng(0).normal(size=(20, 3)) * (1e-60 if kind in ("Add", "Sub") else 1)
    graph = Graph()
    x = graph.op("Neg", "X")
    results = [graph.op(kind, x, graph.constant(c))]
    if kind in ("Add", "Mul"):
        results.append(graph.op(kind, graph.constant([[c]]), x))
    declared = [
        value_info(graph.rename(graph.op("Neg", y), f"y{i}"), "float64", 3)
        for i, y in enumerate(results)
    ]
    (tmp_path / "net.onnx").write_bytes(
        assemble(graph, [value_info("X", "float64", 3)], declared, {}).SerializeToString()
    )
    expected = {"Add": -(-X + c), "Sub": -(-X - c), "Mul": X * c, "Div": X / c if c else X}[kind]
    for got in start(tmp_path / "net.onnx").run(None, {"X": X}):
        assert np.array_equal(got, expected)


def test_unknown_motif_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Unknown"):
        network_to_onnx(m.Chain([Unknown()]), 2, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_differs_is_not_written(tmp_path: Path) -> None:
    emit.register(Lying, lambda motif, graph, x: x)
    (tmp_path / "net.onnx").write_bytes(b"the file before")
    with pytest.raises(ParityError, match="float64"):
        network_to_onnx(Lying(), 2, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == b"the file before"
    assert len(list(tmp_path.iterdir())) == 1


def test_rounding_of_large_terms_that_cancel_is_no_difference(tmp_path: Path) -> None:
    """Of a Gaussian process without noise, whose terms are some 10⁵ times its values: no two
    programs add them to 1e-10.
    """
    X = np.random.default_rng(0).normal(size=(120, 6))
    process = GaussianProcessRegressor(
        ConstantKernel(1e5) * RBF(2500.0), alpha=1e-7, optimizer=None, normalize_y=True
    )
    network = mimic(process.fit(X, X @ np.arange(6.0)), X)
    assert network.to_onnx(tmp_path / "net.onnx", X=X).max_difference < 1e-7


def test_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"motifnet\[onnx\]"):
        network_to_onnx(m.Identity(), 2, tmp_path / "net.onnx")


def test_wrong_type_and_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="float16"):
        network_to_onnx(m.Identity(), 2, tmp_path / "net.onnx", "float16")
    with pytest.raises(FileError, match="no-such-folder"):
        network_to_onnx(m.Identity(), 2, tmp_path / "no-such-folder" / "net.onnx")


# whole models, from the raw columns


def feeds(table: Table, dtype: str = "float64") -> dict[str, np.ndarray]:
    """The inputs of a graph as the documentation describes them, built without the code
    under test.
    """
    made: dict[str, np.ndarray] = {}
    for column in table.columns:
        values = column.values
        if column.kind == "categorical" and column.level_type == "str":
            made[column.name] = np.array([["" if v is None else v] for v in values], dtype=object)
        elif column.kind == "categorical":
            made[column.name] = np.array(
                [[np.iinfo(np.int64).min if v is None else v] for v in values], dtype=np.int64
            )
        else:
            made[column.name] = values.reshape(-1, 1).astype(
                np.int64 if column.kind == "date" else dtype
            )
    return made


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_whole_model_from_raw_columns(dtype: str, tolerance: float, tmp_path: Path) -> None:
    model, table = make_model(), later(1000)
    parity = to_onnx(model, tmp_path / "model.onnx", dtype, table=table)
    assert parity.max_difference <= tolerance
    session = start(tmp_path / "model.onnx")
    assert [i.name for i in session.get_inputs()] == list(model.schema.names)
    expected = model.predict(table)
    for n in (0, 1, 7, 1000):
        (got,) = session.run(
            ["prediction"], {name: values[:n] for name, values in feeds(table, dtype).items()}
        )
        assert got.dtype == dtype and got.shape == (n, 2)
        np.testing.assert_allclose(got, expected[:n], atol=tolerance * expected.std(), rtol=0)
    if dtype == "float64":
        assert float32_in(tmp_path / "model.onnx") == []


@pytest.mark.parametrize(
    "classes",
    [
        ("a", "b", "ü"),
        (3, 1, 2),
        (False, True),
        (0.5, 1.5),
        ("a", 1),
        (2**70, 2**70 + 1, 3),
        (2**63, 1),
    ],
)
def test_classes_and_labels(classes: tuple[Any, ...], tmp_path: Path) -> None:
    model, table = make_model(classes=classes), later(200)
    assert to_onnx(model, tmp_path / "model.onnx").max_difference <= 1e-12
    probabilities, label = start(tmp_path / "model.onnx").run(
        ["probabilities", "label"], feeds(table)
    )
    expected = model.predict(table)
    np.testing.assert_allclose(probabilities, expected, atol=1e-12)
    named = [classes[k] for k in expected.argmax(1)]
    assert label.shape == (200,)
    assert label.tolist() == (
        [str(c) for c in named] if any(isinstance(c, str) or c >= 2**63 for c in classes) else named
    )


def model_of(data: pd.DataFrame) -> FittedModel:
    """A model of another table."""
    table = as_table(data)
    y = np.random.default_rng(0).normal(size=(table.n, 1))
    encoder, X, _ = Encoder.fit(table, y, np.ones(table.n), make_folds(table.n, 3, 0))
    network = m.Affine(torch.ones(1, X.shape[1]).double() / 3, torch.zeros(1).double())
    return replace(make_model(q=1), encoder=encoder, schema=table.schema, network=network)


TABLES: dict[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "float levels": lambda r, n: pd.DataFrame(
        {"a": pd.Categorical(r.choice([0.5, 1.5, 2.25], n)), "x": r.normal(size=n)}
    ),
    "whole levels with gaps": lambda r, n: pd.DataFrame(
        {"a": pd.Categorical(r.choice(np.array([5, -7, 9, None], dtype=object), n))}
    ),
    "truth levels": lambda r, n: pd.DataFrame(
        {"a": pd.Categorical(r.choice([True, False], n)), "x": r.normal(size=n)}
    ),
    "nothing varies": lambda r, n: pd.DataFrame({"a": np.ones(n), "b": ["x"] * n}),
    "dates before 1970": lambda r, n: pd.DataFrame(
        {"t": pd.to_datetime("1930-01-01") + pd.to_timedelta(r.integers(0, 60 * 365, n), unit="D")}
    ),
    "one day": lambda r, n: pd.DataFrame(
        {"t": [pd.Timestamp("2020-02-29 12:00")] * n, "x": r.normal(size=n)}
    ),
    "gaps and nothing else": lambda r, n: pd.DataFrame(
        {"x": np.where(r.random(n) < 0.3, np.nan, 1.0)}
    ),
    "large and small": lambda r, n: pd.DataFrame(
        {
            "x": 1e12 + r.normal(size=n),
            "y": 1e-200 * r.normal(size=n),
            "z": 1e250 * r.normal(size=n),
        }
    ),
    "nearly standard": lambda r, n: pd.DataFrame({"x": np.tile([1 + 2e-9, -1.0], n // 2)}),
    "odd names": lambda r, n: pd.DataFrame(
        {name: r.normal(size=n) for name in ("X", "c_1", "Add_1", 'ü "x"', "a\nb")}
    ),
    "thousands of levels": lambda r, n: pd.DataFrame({"a": [f"level {i % 250}" for i in range(n)]}),
}


@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tables_of_all_kinds(name: str, dtype: str, tmp_path: Path) -> None:
    model = model_of(TABLES[name](np.random.default_rng(3), 500))
    assert to_onnx(model, tmp_path / "model.onnx", dtype).max_difference <= (
        1e-12 if dtype == "float64" else 1e-5
    )


@pytest.mark.parametrize("column", ["prediction", ""])
def test_columns_that_onnx_cannot_name(column: str, tmp_path: Path) -> None:
    model = model_of(pd.DataFrame({column: np.arange(30.0)}))
    with pytest.raises(UsageError, match="Rename"):
        to_onnx(model, tmp_path / "model.onnx")


def test_a_wrong_encoder_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check looks at gaps too: a gap that were filled with something else would be seen."""
    from motifnet.model import _onnx_encoder

    monkeypatch.setattr(
        _onnx_encoder,
        "_filled",
        lambda graph, gaps, values: graph.op("Where", gaps, graph.constant([[1e-3]]), values),
    )
    with pytest.raises(ParityError):
        to_onnx(model_of(pd.DataFrame({"x": np.arange(30.0)})), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_file_describes_its_columns(tmp_path: Path) -> None:
    to_onnx(make_model(), tmp_path / "model.onnx")
    properties = {
        entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props
    }
    columns = {c["name"]: (c["kind"], c["input"]) for c in json.loads(properties["columns"])}
    assert (
        columns["colour"] == ("categorical", "string")
        and columns["zone"] == ("categorical", "int64")
        and columns["day"] == ("date", "int64")
    )
    assert properties["task"] == "regression" and json.loads(properties["targets"]) == ["y0", "y1"]
