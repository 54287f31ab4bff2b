"""The raw columns of a network of a fitted estimator: one input of shape (N, 1) a column, numbers or texts, put together as its matrix.

A text is looked up among those that the network knows; any other becomes a number that is no level, and "" is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bundle._onnx_documents import emit_counts
from motifnet.bundle._onnx_graph import ML, Graph
from motifnet.mimicry.fitted import Columns, code, made_up_documents

_LEVELS = 0.1  # of documents are levels, or empty
_UNSEEN = -0.5  # codes of texts are whole numbers
_UNSEEN_TEXT = "a level that no fit has seen"


def raw_inputs(columns: Columns, texts: Sequence[str], graph: Graph, dtype: str) -> tuple[str, dict[str, str]]:
    """The name of the matrix, and the type of the input of each column."""
    kinds = {name: "string" if is_text else dtype for name, is_text in zip(columns.names, columns.is_text, strict=True)}
    values = graph.constant([*(code(text) for text in texts), np.nan, _UNSEEN])
    parts = [_code(name, texts, values, graph) if kind == "string" else graph.cast(name, "DOUBLE") for name, kind in kinds.items()]
    parts += [emit_counts(reader, graph, columns.names[column]) for column, reader in columns.documents]
    return graph.op("Concat", *parts, axis=1), kinds


def _code(name: str, texts: Sequence[str], values: str, graph: Graph) -> str:
    keys = [*texts, ""]
    places = graph.op("LabelEncoder", name, domain=ML, keys_strings=keys, values_int64s=list(range(len(keys))), default_int64=len(keys))
    return graph.op("Gather", values, places, axis=0)


def raw_rows(columns: Columns, texts: Sequence[str], rows: NDArray[np.float64], dtype: str) -> dict[str, NDArray[Any]]:
    """Rows as the graph takes them; texts are drawn, as rows that were made up hold none."""
    rng, choices = np.random.default_rng(0), np.array([*texts, "", _UNSEEN_TEXT], dtype=object)
    feeds: dict[str, NDArray[Any]] = {}
    for j, (name, is_text) in enumerate(zip(columns.names, columns.is_text, strict=True)):
        feeds[name] = rng.choice(choices, (len(rows), 1)) if is_text else rows[:, j : j + 1].astype(dtype)
    for column, reader in columns.documents:
        drawn = np.array(made_up_documents(reader, len(rows), rng), dtype=object)[:, None]
        feeds[columns.names[column]] = np.where(rng.random((len(rows), 1)) < _LEVELS, feeds[columns.names[column]], drawn)
    return feeds


def coded_feeds(columns: Columns, texts: Sequence[str], feeds: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """The matrix of what was fed."""
    codes = {**{text: code(text) for text in texts}, "": np.nan}
    parts = [
        np.array([[codes.get(v, _UNSEEN)] for v in feeds[name][:, 0]]) if is_text else feeds[name].astype(np.float64)
        for name, is_text in zip(columns.names, columns.is_text, strict=True)
    ]
    counts = [reader.counts(feeds[columns.names[column]][:, 0]) for column, reader in columns.documents]
    return np.hstack([*parts, *counts])
