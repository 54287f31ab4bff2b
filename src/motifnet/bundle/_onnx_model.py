"""A whole fitted model as ONNX: raw columns by name in, predictions out.

Outputs: "prediction" with shape (N, q), or "probabilities" with shape (N, K) and "label" with shape (N,): texts, or int64 for whole numbers and truth
values. With a coverage also "lower" and "upper" with shape (N, q), the ends of `predict_interval`. A model that was fitted with exposures has one
more input, "offset" with shape (N, 1): means are times e^offset. With dtype "float32" numbers come in and go out as float32, and the arithmetic
between is float64 all the same, since networks whose large weights cancel need it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bands import as_levels
from motifnet.bundle._model import FittedModel
from motifnet.bundle._onnx import assemble, finish, require, value, write
from motifnet.bundle._onnx_check import Parity
from motifnet.bundle._onnx_encoder import emit_encoder, feeds, input_type
from motifnet.bundle._onnx_graph import Graph
from motifnet.bundle._onnx_motifs import emit
from motifnet.bundle._rows import joined, made_up
from motifnet.bundle._run import own_rounding
from motifnet.engine import UsageError
from motifnet.tables import Column, Table

_ROWS = 1000


def to_onnx(
    model: FittedModel, path: str | os.PathLike[str], dtype: str = "float64", table: Table | None = None, coverage: float | None = None
) -> Parity:
    """Write the model, with intervals of that coverage where one is given.

    Before the file is put in place it is run on rows of `table`, if given, and on made-up ones, with gaps and unseen levels.
    """
    require(dtype)
    ends = None if coverage is None else _finite_ends(model, coverage)
    graph, inputs = Graph(), _inputs(model, dtype)
    names = {name: graph.cast(name, "DOUBLE") if kind == "float32" else name for name, kind in inputs.items()}
    encoded = emit_encoder(model.encoder, model.schema, graph, names)
    result = emit(model.network, graph, encoded)
    if model.takes_offset:
        inputs["offset"] = dtype
        result = graph.op("Mul", result, graph.op("Exp", graph.cast("offset", "DOUBLE") if dtype == "float32" else "offset"))
    outputs = _outputs(model, graph, result, dtype)
    if ends is not None:
        for name, end in zip(("lower", "upper"), ends.T, strict=True):
            outputs.append(value(finish(graph, _bound(model, graph, encoded, result, end), name, dtype), dtype, model.width))
    declared = [value(name, kind, 1) for name, kind in inputs.items()]
    onnx_model = assemble(graph, declared, outputs, _metadata(model, inputs))
    rows = _received(_rows(model, table), dtype)
    own = own_rounding(model.network, model.encode(rows))
    if coverage is not None:
        expected = np.hstack([model.predict(rows), *np.moveaxis(model.predict_interval(rows, np.array([coverage]))[:, :, 0], 2, 0)])
        unit = None if _unit(model) is None else np.tile(np.asarray(_unit(model)), 3)
        return write(onnx_model, path, feeds(rows, dtype), expected, dtype, unit, own)
    if not model.takes_offset:
        return write(onnx_model, path, feeds(rows, dtype), model.predict(rows), dtype, _unit(model), own)
    offset = np.linspace(-1, 1, rows.n).astype(dtype)
    fed = feeds(rows, dtype) | {"offset": offset[:, None]}
    return write(onnx_model, path, fed, model.predict(rows, offset=offset.astype(np.float64)), dtype, _unit(model), own)


def _finite_ends(model: FittedModel, coverage: float) -> NDArray[np.float64]:
    """Ends around a prediction in units of σ, with shape (q, 2); raises UsageError where the model has no finite ones."""
    levels, single = as_levels(coverage)
    ends = model.intervals.quantiles(levels)[:, 0]
    if not single or not np.isfinite(ends).all():
        raise UsageError(f"coverage={coverage!r} gives no finite interval that could be exported. Pass one number, and less coverage.")
    return ends


def _bound(model: FittedModel, graph: Graph, encoded: str, result: str, end: NDArray[np.float64]) -> str:
    """One end of the interval: f + σ · end."""
    scale, away = model.intervals.scale, graph.constant(end)
    if scale is not None:
        away = graph.op("Mul", graph.op("Exp", emit(scale, graph, graph.op("Concat", encoded, result, axis=1))), away)
    bound = graph.op("Add", result, away)
    return graph.op("Max", bound, graph.constant(np.zeros(1))) if model.log_link else bound


def _inputs(model: FittedModel, dtype: str) -> dict[str, str]:
    """Name and type of each input."""
    s = model.schema
    taken = ({"prediction", "probabilities", "label", "lower", "upper"} | ({"offset"} if model.takes_offset else set())) & set(s.names)
    if taken or "" in s.names:
        raise UsageError(
            f"The column {(*taken, '')[0]!r} cannot be an input in ONNX, where it is empty or a name of the graph's own. Rename it, and fit again."
        )
    return {name: input_type(kind, level, dtype) for name, kind, level in zip(s.names, s.kinds, s.level_types, strict=True)}


def _outputs(model: FittedModel, graph: Graph, result: str, dtype: str) -> list[Any]:
    if model.classes is None:
        return [value(finish(graph, result, "prediction", dtype), dtype, model.width)]
    labels = _labels(model.classes)
    best = graph.op("ArgMax", result, axis=1, keepdims=0)
    probabilities = value(finish(graph, result, "probabilities", dtype), dtype, model.width)
    graph.rename(graph.op("Gather", graph.constant(labels), best), "label")
    return [probabilities, value("label", {"O": "string", "i": "int64", "f": "float64"}[labels.dtype.kind], None)]


def _labels(classes: tuple[Any, ...]) -> NDArray[Any]:
    whole = all(isinstance(c, bool | int) or (isinstance(c, float) and c.is_integer()) for c in classes)
    if whole and all(-(2**63) <= c < 2**63 for c in classes):
        return np.array([int(c) for c in classes], dtype=np.int64)
    if all(isinstance(c, int | float) for c in classes) and any(isinstance(c, float) for c in classes):
        return np.array([float(c) for c in classes])
    return np.array([str(c) for c in classes], dtype=object)


def _rows(model: FittedModel, table: Table | None) -> Table:
    if table is None or table.n == 0:
        return made_up(model.encoder, model.schema, _ROWS)
    some = np.unique(np.linspace(0, table.n - 1, min(table.n, _ROWS)).astype(np.int64))
    return joined(table.take(some), made_up(model.encoder, model.schema, _ROWS // 4))


def _received(table: Table, dtype: str) -> Table:
    """The table as the graph receives it: numbers rounded to the type of the input."""

    def received(column: Column) -> Column:
        with np.errstate(over="ignore"):
            return column if column.kind in ("categorical", "date") else replace(column, values=column.values.astype(dtype).astype(np.float64))

    return replace(table, columns=tuple(received(column) for column in table.columns))


def _unit(model: FittedModel) -> NDArray[np.float64] | None:
    """What a difference is measured in: 1 for probabilities, sd(y) where the fit has noted it, else the spread of the predictions."""
    if model.classes is not None:
        return np.ones(model.width)
    noted = model.info.get("target_sd")
    return None if noted is None else np.asarray(noted, dtype=np.float64).reshape(-1)


def _metadata(model: FittedModel, inputs: dict[str, str]) -> dict[str, Any]:
    s = model.schema
    columns = [{"name": name, "kind": kind, "input": inputs[name]} for name, kind in zip(s.names, s.kinds, strict=True)]
    return {"task": model.task, "targets": list(model.targets), "columns": columns} | ({"classes": list(model.classes)} if model.classes else {})
