"""The encoder as ONNX operations, and its inputs: one of shape (N, 1) for each raw column, by name.

    column                            input                                missing
    numeric, boolean (0 or 1)         float64 (float32 if exported so)     NaN
    categorical, levels are strings   string                               ""
    … whole numbers or truth values   int64                                the least int64
    … floats                          float64                              NaN
    date                              int64, microseconds since 1970 UTC   the least int64

LabelEncoder looks up a level, then Gather its row of the feature's table. Unseen levels have their
own row.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError
from motifnet.model._onnx_graph import ML, Graph
from motifnet.tables import (
    GAP,
    LIMIT,
    PERIODS,
    Calendar,
    Column,
    Encoder,
    Feature,
    Numeric,
    OneHot,
    Schema,
    Table,
    TargetMean,
)

_LEVEL_INPUTS = {"str": "string", "int": "int64", "bool": "int64", "float": "float64"}


def input_type(kind: str, level_type: str | None, dtype: str) -> str:
    """Type of the input of a column."""
    if kind == "categorical":
        return _LEVEL_INPUTS[level_type or "str"]
    return "int64" if kind == "date" else dtype


def feeds(table: Table, dtype: str) -> dict[str, NDArray[Any]]:
    """The columns of a table as the graph takes them."""
    return {
        column.name: _feed(column, input_type(column.kind, column.level_type, dtype)).reshape(-1, 1)
        for column in table.columns
    }


def _feed(column: Column, kind: str) -> NDArray[Any]:
    if column.kind != "categorical":
        with np.errstate(over="ignore"):
            return column.values.astype(kind)
    values = column.values.copy()
    values[column.missing] = {"string": "", "int64": GAP, "float64": np.nan}[kind]
    return values if kind == "string" else values.astype(kind)


def emit_encoder(encoder: Encoder, schema: Schema, graph: Graph, inputs: dict[str, str]) -> str:
    """Add the encoder, and return the name of the matrix with shape (N, d).

    `inputs` has the name of each column's input, which is float64, int64 or string.
    """
    if "" in inputs:
        raise UsageError(
            "A column has an empty name, which ONNX does not allow. Name it, and fit again."
        )
    parts = zip(encoder.features, schema.names, schema.level_types, strict=True)
    blocks = [
        emit_feature(feature, graph, inputs[name], level_type)
        for feature, name, level_type in parts
        if feature.names
    ]
    if not blocks:  # nothing varies: one column of zeros
        batch = graph.op("Shape", inputs[schema.names[0]], start=0, end=1)
        return graph.op(
            "Expand",
            graph.constant([[0.0]]),
            graph.op("Concat", batch, graph.constant([1]), axis=0),
        )
    return graph.op("Concat", *blocks, axis=1)


@singledispatch
def emit_feature(feature: Feature, graph: Graph, x: str, level_type: str | None) -> str:
    """Add one feature, and return the name of its columns with shape (N, k)."""
    raise UsageError(
        f"There is no ONNX form of the feature {type(feature).__name__} of column "
        f"{feature.name!r}. Leave the column out, and fit again."
    )


@emit_feature.register
def _(feature: Numeric, graph: Graph, x: str, level_type: str | None) -> str:
    missing, parts = graph.op("IsNaN", x), []
    if feature.sd:
        parts.append(_filled(graph, missing, _standardise(graph, x, feature.mean, feature.sd)))
    return _with_indicator(graph, missing, parts, feature.gap_mean, feature.gap_sd)


@emit_feature.register
def _(feature: Calendar, graph: Graph, x: str, level_type: str | None) -> str:
    missing = graph.op("Equal", x, graph.constant([[GAP]]))
    moments = zip(feature.parts, feature.mean, feature.sd, strict=True)
    parts = [
        _filled(graph, missing, _standardise(graph, _part(graph, x, part), mean, sd))
        for part, mean, sd in moments
    ]
    return _with_indicator(graph, missing, parts, feature.gap_mean, feature.gap_sd)


def _part(graph: Graph, t: str, part: str) -> str:
    """The time, or a wave of its phase in a period."""
    if part == "time":
        return graph.cast(t, "DOUBLE")
    wave, period = part.split(" of the ")
    within = graph.cast(graph.op("Mod", t, graph.constant([[PERIODS[period]]])), "DOUBLE")
    phase = graph.op(
        "Mul",
        graph.op("Div", within, graph.constant([[float(PERIODS[period])]])),
        graph.constant([[2 * np.pi]]),
    )
    if wave != "sine":  # onnxruntime has no Cos of float64 in 1.27 and before
        phase = graph.op("Add", phase, graph.constant([[np.pi / 2]]))
    return graph.op("Sin", phase)


@emit_feature.register(OneHot)
@emit_feature.register(TargetMean)
def _(feature: OneHot | TargetMean, graph: Graph, x: str, level_type: str | None) -> str:
    codes = graph.op(
        "LabelEncoder",
        graph.op("Squeeze", x, graph.constant([1])),
        domain=ML,
        **_codes(feature.levels, _LEVEL_INPUTS[level_type or "str"]),
    )
    return graph.op("Gather", graph.constant(feature.table), codes, axis=0)


def _codes(levels: tuple[Any, ...], kind: str) -> dict[str, Any]:
    """Attributes of the look-up of a level's row. A missing value is a level if the fit has it."""
    from onnx import numpy_helper

    missing = {"string": "", "int64": GAP, "float64": np.nan}[kind]
    keys = np.array([missing if level is None else level for level in levels], dtype=object)
    if kind != "string":
        keys = keys.astype(kind)
    return {
        "keys_tensor": numpy_helper.from_array(keys),
        "values_tensor": numpy_helper.from_array(np.arange(len(levels))),
        "default_tensor": numpy_helper.from_array(np.array([len(levels)])),
    }


def _standardise(graph: Graph, x: str, mean: float, sd: float) -> str:
    """(x − mean) / sd, clipped."""
    scaled = graph.op(
        "Div", graph.op("Sub", x, graph.constant([[float(mean)]])), graph.constant([[float(sd)]])
    )
    return graph.op(
        "Min", graph.op("Max", scaled, graph.constant([[-LIMIT]])), graph.constant([[LIMIT]])
    )


def _filled(graph: Graph, missing: str, values: str) -> str:
    return graph.op("Where", missing, graph.constant([[0.0]]), values)


def _with_indicator(
    graph: Graph, missing: str, parts: list[str], mean: float, sd: float | None
) -> str:
    """The columns so far and, if the fit had missing values, their indicator."""
    if sd:
        parts = [*parts, _standardise(graph, graph.cast(missing, "DOUBLE"), mean, sd)]
    return graph.op("Concat", *parts, axis=1)
