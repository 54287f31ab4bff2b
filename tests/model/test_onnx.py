"""ONNX export: every motif's emitter against its torch forward through onnxruntime, then whole
models from the raw columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from motifnet import mimic
from motifnet import motifs as m
from motifnet.engine import FileError, UsageError
from motifnet.kernels import Kernel
from motifnet.model import ParityError, network_to_onnx, rows_for
from motifnet.model._cost import _RULES, Meter
from motifnet.model._onnx import assemble
from motifnet.model._onnx import value as value_info
from motifnet.model._onnx_graph import Graph
from motifnet.model._onnx_motifs import emit
from motifnet.model._validate import Bounded
from motifnet.motifs import MOTIFS, Motif
from motifnet.transfer import kernel_network, relu_form
from tests.model.motif_examples import EXAMPLES, example, float32_in, normal, trees
from tests.shared.onnx_files import session as session_of


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
    named = [node.name for node in onnx.load(tmp_path / "net.onnx").graph.node]
    assert all(named) and len(set(named)) == len(named)  # onnxruntime 1.21 relies on it


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_nothing_is_float32_in_a_float64_export(name: str, tmp_path: Path) -> None:
    network, d = example(name)
    network_to_onnx(network, d, tmp_path / "net.onnx")
    assert float32_in(tmp_path / "net.onnx") == [] or name == "Single"  # which rounds to it


def test_distances_stay_small_in_memory(tmp_path: Path) -> None:
    """One scanned step, not a node a column and not a cube of differences."""
    network = m.Distance(normal(torch.Generator().manual_seed(0), 300, 40), 2)
    network_to_onnx(network, 40, tmp_path / "net.onnx")
    assert len(onnx.load(tmp_path / "net.onnx").graph.node) < 10
    assert (tmp_path / "net.onnx").stat().st_size < 300 * 40 * 8 + 4000


def test_batches_of_any_size(tmp_path: Path) -> None:
    network, d = example("Distance")
    network_to_onnx(network, d, tmp_path / "net.onnx")
    session = session_of(tmp_path / "net.onnx")
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
    for got in session_of(tmp_path / "net.onnx").run(None, {"X": X}):
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
