"""The converters side by side, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd

_SAYS = (
    "{n} fitted models; errors in standard deviations of the output, CPU seconds on one thread. "
    "The list of models is that of our own tests "
    "(tests/shared/fitted_cases.py), so that ours converts all of them by construction; models that ours "
    "refuses are not on it. hummingbird-ml computes in "
    "float32, skl2onnx in float64 where it can. A reason in brackets is the converter's, or "
    "onnxruntime's, with the versions of our tests."
)


def report(rows: pd.DataFrame) -> str:
    """Who converts what, how exactly, in what time; of a row that was measured later, the
    last one.
    """
    rows = rows.drop_duplicates(["model", "converter"], keep="last")
    table = rows.pivot_table(
        index="model",
        columns="converter",
        values=["error", "converted_in", "seconds"],
        sort=False,
        dropna=False,
    )
    problems = rows.pivot(index="model", columns="converter", values="problem").reindex(table.index)
    names = [name for name in ("motifnet", "skl2onnx", "hummingbird") if name in problems]
    return "\n".join([_summary(rows, names), _table(table, problems, names)])


def _summary(rows: pd.DataFrame, names: list[str]) -> str:
    errors = rows.pivot(index="model", columns="converter", values="error")
    seconds = rows.pivot(index="model", columns="converter", values="seconds")
    lines = ["# Converters", "", _SAYS.format(n=len(errors)), ""]
    lines += [
        "| converter | converts and runs | error ≤ 1e-10 | median error | largest | seconds / "
        "ours, geometric mean |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in names:
        e = errors[name].dropna()
        both = seconds[[name, "motifnet"]].dropna()
        ratio = (
            np.exp(np.log(both.iloc[:, 0] / both.iloc[:, 1]).mean()) if name != "motifnet" else 1.0
        )
        lines.append(
            f"| {name} | {len(e)} of {len(errors)} | {(e <= 1e-10).sum()} | "
            f"{e.median():.1e} | {e.max():.1e} | {ratio:.2f} |"
        )
    for name in names[1:]:
        both = errors[["motifnet", name]].dropna()
        worse = both[both["motifnet"] > both[name].clip(lower=1e-12)]
        lines += [
            "",
            f"Ours is less exact than {name} on {len(worse)} of {len(both)} that both convert"
            + (f": {', '.join(worse.index)}." if len(worse) else "."),
        ]
    return "\n".join([*lines, ""])


def _table(table: pd.DataFrame, problems: pd.DataFrame, names: list[str]) -> str:
    head = (
        "| model | "
        + " | ".join(f"{n}: error | converted in s | s for 100,000 rows" for n in names)
        + " |"
    )
    lines = [head, "| --- |" + " ---: |" * (3 * len(names))]
    for model in table.index:
        cells = [_cells(table, problems, model, name) for name in names]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _cells(table: pd.DataFrame, problems: pd.DataFrame, model: str, name: str) -> str:
    error = table["error"][name][model]
    if np.isnan(error):
        why = str(problems[name][model]).replace("|", "/")
        return f"no ({why[:60]}) | |"
    return f"{error:.0e} | {table['converted_in'][name][model]:.2f} | {table['seconds'][name][model]:.2f}"
