"""The network of an estimator that reads documents, and its comparison with the estimator on given rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import narwhals as nw

from motifnet.estimators._network import Network
from motifnet.mimicry import certify_rows
from motifnet.mimicry.fitted import Columns, Documents, Uses, measured
from motifnet.motifs import Motif

ONE = ("documents",)  # the name of the column where an estimator takes documents alone


def of_documents(network: Motif, d: int, names: Sequence[str], X: Any) -> Network:
    """The network on d raw columns and the counts of terms behind them."""
    documents = Documents(d)
    module = documents.spread(network, range(d))
    width = d + sum(len(reader.terms) for _, reader in documents.found)
    uses, read = Uses.of(module, width), {column for column, _ in documents.found}
    named = tuple(names) or (ONE if d == 1 else tuple(f"x{j}" for j in range(d)))
    columns = Columns(named, tuple(uses.texts(j) for j in range(d)))
    columns = (Columns.of(columns.of_frame(X), module, width) if names else None) or columns
    is_text = tuple(text or j in read for j, text in enumerate(columns.is_text))
    return Network(module, width, columns=Columns(named, is_text, tuple(documents.found)))


def asked_for_documents(ask: partial[Any]) -> partial[Any]:
    """The estimator, called with the documents of a table of one column as a list."""
    return partial(_ask_list, ask.func, *ask.args)


def _ask_list(ask: Any, *arguments: Any) -> Any:
    *settings, rows = arguments
    frame = nw.from_native(rows, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return ask(*settings, frame[:, 0].to_list())
    return ask(*settings, [row if isinstance(row, str | bytes) else row[0] for row in rows])


def certified(out: Network, ask: partial[Any], fitted: Any, X: Any) -> Network:
    """The network with what was measured on rows X."""
    matrix = out.encode(X)
    expected, unit = measured(out.module, matrix, ask, X, fitted)
    return Network(out.module, out.d, certify_rows(out.module, expected, matrix, unit), columns=out.columns)
