"""Export to ONNX, built operation by operation: of a bare network, or of a whole fitted model.

torch.onnx.export turns Python numbers into float32 constants, has no path for strings, dates and
trees, and unrolls distances column by column. So it is not used. A graph built from the motifs is
exact in float64 and small, and it takes the raw columns by name.

Outputs of a model: "prediction" with shape (N, q), or "probabilities" with shape (N, K) and "label"
with shape (N,), which are strings, or int64 for whole numbers and truth values. A coverage adds
"lower" and "upper" with shape (N, q), or (N, 1) for several quantiles, the ends of
`predict_interval`. A distribution adds "scale" with shape (N, q), and the metadata "laws": one a
target, with the knots, the density, and the mass and index of the tails of ε in
Y = prediction + scale · ε (`motifnet.uncertainty.Law`). A fit with exposures adds the input
"offset" with shape (N, 1), which multiplies means by e^offset. With dtype "float32" inputs and
outputs are float32. The arithmetic between is float64, since networks with large weights that
cancel need it.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet import __version__
from motifnet.engine import ResourceError, UsageError, atomic_file
from motifnet.model import _onnx_functions, _onnx_neighbours  # noqa: F401 (register emitters)
from motifnet.model._distribution import laws_of
from motifnet.model._fitted import FittedModel, own_rounding, run
from motifnet.model._onnx_check import Parity, measure
from motifnet.model._onnx_encoder import emit_encoder, feeds, input_type
from motifnet.model._onnx_graph import IR_VERSION, Graph
from motifnet.model._onnx_motifs import emit
from motifnet.model._onnx_strings import coded_feeds, raw_inputs, raw_rows
from motifnet.model._synthetic import joined, rows_for, synthetic
from motifnet.motifs import Motif
from motifnet.tables import Column, Table
from motifnet.transfer.fitted import Columns, strings_of
from motifnet.uncertainty import Bend, as_levels, normal_nodes

_MAX_BYTES = 2**31 - 2**20  # of a protobuf message
_ROWS = 1000  # of the check


def network_to_onnx(
    network: Motif,
    d: int,
    path: str | os.PathLike[str],
    dtype: str = "float64",
    X: NDArray[np.float64] | None = None,
    columns: Columns | None = None,
) -> Parity:
    """Write a network as a graph from "X" with shape (N, d) to "prediction" with shape (N, q).

    The graph is checked on rows X, or on synthetic ones. With `columns` it has one input for each
    of them, by name; these may hold strings.
    """
    require(dtype)
    network = copy.deepcopy(network).double()
    rows = rounded(rows_for(network, d) if X is None else np.asarray(X, dtype=np.float64), dtype)
    graph = Graph()
    if columns is None:
        x = graph.cast("X", "DOUBLE") if dtype == "float32" else "X"
        kinds, fed = {"X": dtype}, {"X": rows.astype(dtype)}
    else:
        strings = strings_of(network)
        x, kinds = raw_inputs(columns, strings, graph, dtype)
        fed = raw_rows(columns, strings, rows, dtype)
        rows = coded_feeds(columns, strings, fed)
    expected = run(network, rows, 0)
    named = finish(graph, emit(network, graph, x), "prediction", dtype)
    inputs = [value(name, kind, d if columns is None else 1) for name, kind in kinds.items()]
    kind = "encoded matrix" if columns is None else "raw columns"
    model = assemble(graph, inputs, [value(named, dtype, expected.shape[1])], {"input": kind})
    return write(model, path, fed, expected, dtype, own=own_rounding(network, rows))


def require(dtype: str) -> None:
    """Raise UsageError for an unknown type or a missing package, before any work is done."""
    if dtype not in ("float64", "float32"):
        raise UsageError(
            f"dtype is {dtype!r}, expected 'float64' or 'float32'. Choose one of them."
        )
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Export to ONNX needs the package {error.name}. Install it with `pip "
            "install 'motifnet[onnx]'`."
        ) from error


def rounded(X: NDArray[np.float64], dtype: str) -> NDArray[np.float64]:
    """X as the graph receives it."""
    return X.astype(dtype).astype(np.float64)


def value(name: str, dtype: str, columns: int | None) -> Any:
    """Declaration of an input or output with shape (N, columns), or (N,)."""
    from onnx import TensorProto, helper

    kinds = {
        "float64": TensorProto.DOUBLE,
        "float32": TensorProto.FLOAT,
        "int64": TensorProto.INT64,
        "string": TensorProto.STRING,
    }
    return helper.make_tensor_value_info(
        name, kinds[dtype], ["N"] if columns is None else ["N", columns]
    )


def finish(graph: Graph, result: str, name: str, dtype: str) -> str:
    """Give a result its public name and type, and return the name."""
    return graph.rename(graph.cast(result, "FLOAT") if dtype == "float32" else result, name)


def assemble(
    graph: Graph, inputs: Sequence[Any], outputs: Sequence[Any], metadata: dict[str, Any]
) -> Any:
    """The model of a graph, checked by onnx's checker."""
    import onnx
    from onnx import helper

    size = sum(tensor.ByteSize() for tensor in graph.initializers.values())
    if size > _MAX_BYTES:
        raise ResourceError(
            f"The network has {size:,} bytes of constants; an ONNX file holds at most "
            f"{_MAX_BYTES:,}. Fit with fewer centres (preset 'fast')."
        )
    constants = list(graph.initializers.values())
    made = helper.make_graph(
        graph.nodes,
        "motifnet",
        list(inputs),
        list(outputs),
        initializer=constants,
        value_info=graph.known_types,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in graph.opsets.items()]
    model = helper.make_model(
        made,
        opset_imports=opsets,
        ir_version=IR_VERSION,
        producer_name="motifnet",
        producer_version=__version__,
    )
    helper.set_model_props(
        model,
        {
            key: item if isinstance(item, str) else json.dumps(item)
            for key, item in metadata.items()
        },
    )
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
    """Write the file if onnxruntime agrees with the expected values."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
        opset = next(known.version for known in model.opset_import if not known.domain)
        return measure(temporary, feeds, expected, dtype, opset, unit, own)


def to_onnx(
    model: FittedModel,
    path: str | os.PathLike[str],
    dtype: str = "float64",
    table: Table | None = None,
    coverage: float | None = None,
    distribution: bool = False,
) -> Parity:
    """Write the model, with a coverage its intervals, and if requested its distribution.

    The file is checked first, on rows of `table`, if given, and on synthetic rows with missing
    values and unseen levels.
    """
    require(dtype)
    ends = None if coverage is None else _finite_ends(model, coverage)
    laws = laws_of(model) if distribution else ()
    graph, inputs = Graph(), _inputs(model, dtype)
    names = {
        name: graph.cast(name, "DOUBLE") if kind == "float32" else name
        for name, kind in inputs.items()
    }
    encoded = emit_encoder(model.encoder, model.schema, graph, names)
    result = emit(model.network, graph, encoded)
    if model.takes_offset:
        inputs["offset"] = dtype
        result = graph.op(
            "Mul",
            result,
            graph.op("Exp", graph.cast("offset", "DOUBLE") if dtype == "float32" else "offset"),
        )
    outputs = _outputs(model, graph, result, dtype)
    if ends is not None:
        for name, end in zip(("lower", "upper"), ends.T, strict=True):
            outputs.append(
                value(
                    finish(graph, _bound(model, graph, encoded, result, end), name, dtype),
                    dtype,
                    len(model.targets),
                )
            )
    if laws:
        scale = finish(graph, _scale(model, graph, encoded, result), "scale", dtype)
        outputs.append(value(scale, dtype, model.width))
    declared = [value(name, kind, 1) for name, kind in inputs.items()]
    metadata = _metadata(model, inputs) | (
        {"laws": [law.to_dict() for law in laws]} if laws else {}
    )
    onnx_model = assemble(graph, declared, outputs, metadata)
    rows = _received(_rows(model, table), dtype)
    own = own_rounding(model.network, model.encode(rows))
    fed, expected = _expected(model, rows, dtype, coverage)
    if laws:
        sigma = model.centre_and_log_scale(rows)[1]
        expected = np.hstack(
            [expected, np.ones((rows.n, model.width)) if sigma is None else np.exp(sigma)]
        )
    unit = _unit(model)
    if unit is not None:
        unit = np.resize(unit, expected.shape[1])  # the same of all quantiles
    return write(onnx_model, path, fed, expected, dtype, unit, own)


def _expected(
    model: FittedModel, rows: Table, dtype: str, coverage: float | None
) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
    """Inputs of the graph, and the values of the model for its outputs side by side."""
    fed = feeds(rows, dtype)
    if coverage is not None:
        ends = model.predict_interval(rows, np.array([coverage]))[:, :, 0]
        return fed, np.hstack([model.predict(rows), *np.moveaxis(ends, 2, 0)])
    if not model.takes_offset:
        return fed, model.predict(rows)
    offset = np.linspace(-1, 1, rows.n).astype(dtype)
    return fed | {"offset": offset[:, None]}, model.predict(rows, offset=offset.astype(np.float64))


def _finite_ends(model: FittedModel, coverage: float) -> NDArray[np.float64]:
    """Ends around a prediction in units of σ, with shape (q, 2); UsageError if not finite."""
    levels, single = as_levels(coverage)
    ends = model.intervals.quantiles(levels)[:, 0]
    if not single or not np.isfinite(ends).all():
        raise UsageError(
            f"coverage={coverage!r} gives no finite interval to export. "
            "Pass one number, and less coverage."
        )
    return ends


def _bound(
    model: FittedModel, graph: Graph, encoded: str, result: str, end: NDArray[np.float64]
) -> str:
    """One end of the interval: f + σ · end, or the sum of quantiles that is T(end)."""
    if model.has_quantiles:
        nodes = normal_nodes(model.info.quantiles)
        share = Bend(nodes, np.eye(model.width)).at(end[None])
        return graph.op("MatMul", result, graph.constant(share))
    away = graph.op("Mul", _scale(model, graph, encoded, result), graph.constant(end))
    bound = graph.op("Add", result, away)
    return graph.op("Max", bound, graph.constant(np.zeros(1))) if model.log_link else bound


def _scale(model: FittedModel, graph: Graph, encoded: str, result: str) -> str:
    """σ with shape (N, q)."""
    scale = model.intervals.scale
    if scale is None:
        zero = graph.op("Mul", result, graph.constant(np.zeros(1)))
        return graph.op("Exp", zero)
    return graph.op("Exp", emit(scale, graph, graph.op("Concat", encoded, result, axis=1)))


def _inputs(model: FittedModel, dtype: str) -> dict[str, str]:
    """Name and type of each input."""
    s = model.schema
    taken = (
        {"prediction", "probabilities", "label", "lower", "upper", "scale"}
        | ({"offset"} if model.takes_offset else set())
    ) & set(s.names)
    if taken or "" in s.names:
        raise UsageError(
            f"The column {(*taken, '')[0]!r} cannot be an input in ONNX: its name is empty or "
            "the name of an output. Rename it, and fit again."
        )
    return {
        name: input_type(kind, level, dtype)
        for name, kind, level in zip(s.names, s.kinds, s.level_types, strict=True)
    }


def _outputs(model: FittedModel, graph: Graph, result: str, dtype: str) -> list[Any]:
    if model.classes is None:
        return [value(finish(graph, result, "prediction", dtype), dtype, model.width)]
    labels = _labels(model.classes)
    best = graph.op("ArgMax", result, axis=1, keepdims=0)
    probabilities = value(finish(graph, result, "probabilities", dtype), dtype, model.width)
    graph.rename(graph.op("Gather", graph.constant(labels), best), "label")
    return [
        probabilities,
        value("label", {"O": "string", "i": "int64", "f": "float64"}[labels.dtype.kind], None),
    ]


def _labels(classes: tuple[Any, ...]) -> NDArray[Any]:
    whole = all(
        isinstance(c, bool | int) or (isinstance(c, float) and c.is_integer()) for c in classes
    )
    if whole and all(-(2**63) <= c < 2**63 for c in classes):
        return np.array([int(c) for c in classes], dtype=np.int64)
    if all(isinstance(c, int | float) for c in classes) and any(
        isinstance(c, float) for c in classes
    ):
        return np.array([float(c) for c in classes])
    return np.array([str(c) for c in classes], dtype=object)


def _rows(model: FittedModel, table: Table | None) -> Table:
    if table is None or table.n == 0:
        return synthetic(model.encoder, model.schema, _ROWS)
    some = np.unique(np.linspace(0, table.n - 1, min(table.n, _ROWS)).astype(np.int64))
    return joined(table.take(some), synthetic(model.encoder, model.schema, _ROWS // 4))


def _received(table: Table, dtype: str) -> Table:
    """The table as the graph receives it: numbers rounded to the type of the input."""

    def received(column: Column) -> Column:
        with np.errstate(over="ignore"):
            return (
                column
                if column.kind in ("categorical", "date")
                else replace(column, values=column.values.astype(dtype).astype(np.float64))
            )

    return replace(table, columns=tuple(received(column) for column in table.columns))


def _unit(model: FittedModel) -> NDArray[np.float64] | None:
    """The unit of differences: 1 for probabilities, sd(y) if the fit has noted it, else None.

    None stands for the spread of the predictions.
    """
    if model.classes is not None:
        return np.ones(model.width)
    return np.asarray(model.info.target_sd, dtype=np.float64) if model.info.target_sd else None


def _metadata(model: FittedModel, inputs: dict[str, str]) -> dict[str, Any]:
    s = model.schema
    columns = [
        {"name": name, "kind": kind, "input": inputs[name]}
        for name, kind in zip(s.names, s.kinds, strict=True)
    ]
    return {"task": model.task, "targets": list(model.targets), "columns": columns} | (
        {"classes": list(model.classes)} if model.classes else {}
    )
