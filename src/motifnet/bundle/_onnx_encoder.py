"""The encoder as ONNX operations, and the inputs that it takes: one of shape (N, 1) a raw column, under the name of the column.

    column                            input                                gap
    numeric, boolean (0 or 1)         float64 (float32 if exported so)     NaN
    categorical, levels are texts     string                               ""
    … whole numbers or truth values   int64                                the least int64
    … floats                          float64                              NaN
    date                              int64, microseconds since 1970 UTC   the least int64

A level is looked up by LabelEncoder, then its row of the feature's table by Gather: unseen levels have a row of their own.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bundle._onnx_graph import ML, Graph
from motifnet.engine import UsageError
from motifnet.tables import GAP, PERIODS, Calendar, Column, Encoder, Feature, Numeric, OneHot, Schema, Table, TargetMean

_LIMIT = 8.0
_LEVEL_INPUTS = {"str": "string", "int": "int64", "bool": "int64", "float": "float64"}


def input_type(kind: str, level_type: str | None, dtype: str) -> str:
    """Type of the input of a column."""
    if kind == "categorical":
        return _LEVEL_INPUTS[level_type or "str"]
    return "int64" if kind == "date" else dtype


def feeds(table: Table, dtype: str) -> dict[str, NDArray[Any]]:
    """The columns of a table as the graph takes them."""
    return {column.name: _feed(column, input_type(column.kind, column.level_type, dtype)).reshape(-1, 1) for column in table.columns}


def _feed(column: Column, kind: str) -> NDArray[Any]:
    if column.kind != "categorical":
        with np.errstate(over="ignore"):
            return column.values.astype(kind)
    values = column.values.copy()
    values[column.gaps] = {"string": "", "int64": GAP, "float64": np.nan}[kind]
    return values if kind == "string" else values.astype(kind)


def emit_encoder(encoder: Encoder, schema: Schema, graph: Graph, inputs: dict[str, str]) -> str:
    """Add the encoder; the name of the matrix with shape (N, d). `inputs`: name of the input of each column, already float64 or int64 or text."""
    if "" in inputs:
        raise UsageError("A column has an empty name, which ONNX does not allow. Name it, and fit again.")
    parts = zip(encoder.features, schema.names, schema.level_types, strict=True)
    blocks = [emit_feature(feature, graph, inputs[name], level_type) for feature, name, level_type in parts if feature.names]
    if not blocks:  # nothing varies: one column of zeros
        batch = graph.op("Shape", inputs[schema.names[0]], start=0, end=1)
        return graph.op("Expand", graph.constant([[0.0]]), graph.op("Concat", batch, graph.constant([1]), axis=0))
    return graph.op("Concat", *blocks, axis=1)


@singledispatch
def emit_feature(feature: Feature, graph: Graph, x: str, level_type: str | None) -> str:
    """Add one feature; the name of its columns with shape (N, k)."""
    raise UsageError(
        f"There is no ONNX form of the feature {type(feature).__name__} of column {feature.name!r}. Leave the column out, and fit again."
    )


@emit_feature.register
def _(feature: Numeric, graph: Graph, x: str, level_type: str | None) -> str:
    gaps, parts = graph.op("IsNaN", x), []
    if feature.sd:
        parts.append(_filled(graph, gaps, _standardise(graph, x, feature.mean, feature.sd)))
    return _with_gaps(graph, gaps, parts, feature.gap_mean, feature.gap_sd)


@emit_feature.register
def _(feature: Calendar, graph: Graph, x: str, level_type: str | None) -> str:
    gaps = graph.op("Equal", x, graph.constant([[GAP]]))
    moments = zip(feature.parts, feature.mean, feature.sd, strict=True)
    parts = [_filled(graph, gaps, _standardise(graph, _part(graph, x, part), mean, sd)) for part, mean, sd in moments]
    return _with_gaps(graph, gaps, parts, feature.gap_mean, feature.gap_sd)


def _part(graph: Graph, t: str, part: str) -> str:
    """The time, or a wave of its phase in a period."""
    if part == "time":
        return graph.cast(t, "DOUBLE")
    wave, period = part.split(" of the ")
    within = graph.cast(graph.op("Mod", t, graph.constant([[PERIODS[period]]])), "DOUBLE")
    phase = graph.op("Mul", graph.op("Div", within, graph.constant([[float(PERIODS[period])]])), graph.constant([[2 * np.pi]]))
    return graph.op("Sin" if wave == "sine" else "Cos", phase)


@emit_feature.register(OneHot)
@emit_feature.register(TargetMean)
def _(feature: OneHot | TargetMean, graph: Graph, x: str, level_type: str | None) -> str:
    codes = graph.op(
        "LabelEncoder", graph.op("Squeeze", x, graph.constant([1])), domain=ML, **_codes(feature.levels, _LEVEL_INPUTS[level_type or "str"])
    )
    return graph.op("Gather", graph.constant(feature.table), codes, axis=0)


def _codes(levels: tuple[Any, ...], kind: str) -> dict[str, Any]:
    """Attributes of the look-up of a level's row; a gap is a level only if it is one of the fit."""
    from onnx import numpy_helper

    gap = {"string": "", "int64": GAP, "float64": np.nan}[kind]
    keys = np.array([gap if level is None else level for level in levels], dtype=object)
    if kind != "string":
        keys = keys.astype(kind)
    return {
        "keys_tensor": numpy_helper.from_array(keys),
        "values_tensor": numpy_helper.from_array(np.arange(len(levels))),
        "default_tensor": numpy_helper.from_array(np.array([len(levels)])),
    }


def _standardise(graph: Graph, x: str, mean: float, sd: float) -> str:
    """(x − mean) / sd, clipped."""
    scaled = graph.op("Div", graph.op("Sub", x, graph.constant([[float(mean)]])), graph.constant([[float(sd)]]))
    return graph.op("Min", graph.op("Max", scaled, graph.constant([[-_LIMIT]])), graph.constant([[_LIMIT]]))


def _filled(graph: Graph, gaps: str, values: str) -> str:
    return graph.op("Where", gaps, graph.constant([[0.0]]), values)


def _with_gaps(graph: Graph, gaps: str, parts: list[str], mean: float, sd: float | None) -> str:
    """The columns so far and, where the fit has seen gaps, the one that tells them."""
    if sd:
        parts = [*parts, _standardise(graph, graph.cast(gaps, "DOUBLE"), mean, sd)]
    return graph.op("Concat", *parts, axis=1)
