"""Fitted estimators of other libraries, one line each: what `mimic` supports, which the docs list
and the contract suite runs over.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401

from tests.shared.fitted_composites import COMPOSITES, TRANSFORMERS
from tests.shared.fitted_documents import DOCUMENTS
from tests.shared.fitted_models import (
    DENSITIES,
    KERNELS,
    LINEAR,
    NEIGHBOURS,
    PERCEPTRONS,
    PROCESSES,
)
from tests.shared.fitted_multiple import MULTIPLE
from tests.shared.fitted_rows import LEVELS, Case
from tests.shared.fitted_trees import BOOSTING, TREES


@cache
def fitted(name: str) -> Any:
    case = CASES.get(name) or DOCUMENTS[name]
    return case.make().fit(case.rows(), case.y)


def python_values(path: Path, rows: Any) -> Any:
    """What `predict` of a written .py file gives."""
    space: dict[str, Any] = {}
    exec(path.read_text(), space)
    return space["predict"](rows)


def onnx_values(path: Path, feeds: dict[str, Any]) -> Any:
    """The first output of a written .onnx file."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, feeds
    )[0]


def raw_feeds(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns as a graph takes them: numbers as floats, strings with an empty one where it is
    missing.
    """
    return {
        c: frame[[c]].astype(object).fillna("").to_numpy(object)
        if c in LEVELS
        else frame[[c]].to_numpy(float)
        for c in frame
    }


CASES: dict[str, Case] = {
    **LINEAR,
    **DENSITIES,
    **NEIGHBOURS,
    **KERNELS,
    **PROCESSES,
    **PERCEPTRONS,
    **TREES,
    **BOOSTING,
    **TRANSFORMERS,
    **COMPOSITES,
    **MULTIPLE,
}


def support_table() -> str:
    """The table of docs/mimic.md: each class with what its cases cover, and what its network
    computes.
    """
    from motifnet.transfer.fitted import method_of

    covered: dict[str, list[str]] = {}
    cases = {**CASES, **DOCUMENTS}
    for name in cases:
        kind, _, what = name.partition(", ")
        covered.setdefault(kind, []).extend([what] if what else [])
    lines = ["| class | library | network of | also tested with |", "| --- | --- | --- | --- |"]
    for kind, traits in covered.items():
        case = next(name for name in cases if name.partition(", ")[0] == kind)
        methods = [
            f"`{method_of(fitted(case))}`",
            *sorted(
                {
                    f"`{c.method}`"
                    for name, c in CASES.items()
                    if name.partition(", ")[0] == kind and c.method
                }
            ),
        ]
        lines.append(
            f"| {kind} | {cases[case].library} | {', '.join(methods)} | {'; '.join(traits)} |"
        )
    return "\n".join(lines) + "\n"
