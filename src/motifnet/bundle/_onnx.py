"""Export to ONNX, built operation by operation.

torch.onnx.export is not used: it turns Python numbers into float32 constants, has no path for texts, dates and trees, and unrolls distances column
by column. A graph built from the motifs is exact in float64, small, and takes the raw columns by name.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet import __version__
from motifnet.bundle import _onnx_columns, _onnx_functions, _onnx_neighbour_fill, _onnx_neighbours  # noqa: F401 (they register their emitters)
from motifnet.bundle._network_rows import rows_for
from motifnet.bundle._onnx_check import Parity, measure
from motifnet.bundle._onnx_graph import IR_VERSION, Graph
from motifnet.bundle._onnx_motifs import emit
from motifnet.bundle._onnx_raw import coded_feeds, raw_inputs, raw_rows
from motifnet.bundle._run import own_rounding, run
from motifnet.engine import ResourceError, UsageError, atomic_file
from motifnet.mimicry.fitted import Columns, texts_of
from motifnet.motifs import Motif

_MAX_BYTES = 2**31 - 2**20  # of a protobuf message


def network_to_onnx(
    network: Motif, d: int, path: str | os.PathLike[str], dtype: str = "float64", X: NDArray[np.float64] | None = None, columns: Columns | None = None
) -> Parity:
    """Write a network as a graph from "X" with shape (N, d) to "prediction" with shape (N, q); checked on rows X, made up if not given.

    With `columns` it takes an input for each of them, by name, texts among them.
    """
    require(dtype)
    network = copy.deepcopy(network).double()
    rows = rounded(rows_for(network, d) if X is None else np.asarray(X, dtype=np.float64), dtype)
    graph = Graph()
    if columns is None:
        x, kinds, feeds = graph.cast("X", "DOUBLE") if dtype == "float32" else "X", {"X": dtype}, {"X": rows.astype(dtype)}
    else:
        texts = texts_of(network)
        x, kinds = raw_inputs(columns, texts, graph, dtype)
        feeds = raw_rows(columns, texts, rows, dtype)
        rows = coded_feeds(columns, texts, feeds)
    expected = run(network, rows, 0)
    named = finish(graph, emit(network, graph, x), "prediction", dtype)
    inputs = [value(name, kind, d if columns is None else 1) for name, kind in kinds.items()]
    kind = "encoded matrix" if columns is None else "raw columns"
    model = assemble(graph, inputs, [value(named, dtype, expected.shape[1])], {"input": kind})
    return write(model, path, feeds, expected, dtype, own=own_rounding(network, rows))


def require(dtype: str) -> None:
    """Say what is missing before any work is done."""
    if dtype not in ("float64", "float32"):
        raise UsageError(f"dtype is {dtype!r}, expected 'float64' or 'float32'. Choose one of them.")
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise UsageError(f"Export to ONNX needs the package {error.name}. Install it with `pip install 'motifnet[onnx]'`.") from error


def rounded(X: NDArray[np.float64], dtype: str) -> NDArray[np.float64]:
    """X as the graph receives it."""
    return X.astype(dtype).astype(np.float64)


def value(name: str, dtype: str, columns: int | None) -> Any:
    """Declaration of an input or output with shape (N, columns), or (N,)."""
    from onnx import TensorProto, helper

    kinds = {"float64": TensorProto.DOUBLE, "float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "string": TensorProto.STRING}
    return helper.make_tensor_value_info(name, kinds[dtype], ["N"] if columns is None else ["N", columns])


def finish(graph: Graph, result: str, name: str, dtype: str) -> str:
    """Give a result its public name and type; the name."""
    return graph.rename(graph.cast(result, "FLOAT") if dtype == "float32" else result, name)


def assemble(graph: Graph, inputs: Sequence[Any], outputs: Sequence[Any], metadata: dict[str, Any]) -> Any:
    """The model of a graph, looked over by onnx's checker."""
    import onnx
    from onnx import helper

    size = sum(tensor.ByteSize() for tensor in graph.initializers.values())
    if size > _MAX_BYTES:
        raise ResourceError(
            f"The network has {size:,} bytes of constants; an ONNX file holds at most {_MAX_BYTES:,}. Fit with fewer centres (preset 'fast')."
        )
    constants = list(graph.initializers.values())
    made = helper.make_graph(graph.nodes, "motifnet", list(inputs), list(outputs), initializer=constants, value_info=graph.known_types)
    opsets = [helper.make_opsetid(domain, version) for domain, version in graph.opsets.items()]
    model = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="motifnet", producer_version=__version__)
    helper.set_model_props(model, {key: item if isinstance(item, str) else json.dumps(item) for key, item in metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    return model


def write(
    model: Any,
    path: str | os.PathLike[str],
    feeds: dict[str, NDArray[Any]],
    expected: NDArray[np.float64],
    dtype: str,
    unit: NDArray[np.float64] | None = None,
    own: float = 0.0,
) -> Parity:
    """Put the file in place if onnxruntime agrees with the expected values."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
        opset = next(known.version for known in model.opset_import if not known.domain)
        return measure(temporary, feeds, expected, dtype, opset, unit, own)
