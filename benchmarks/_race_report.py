"""The report of the race, from its curves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._experiment import page
from motifnet.lab import draw_arrivals, draw_errors
from motifnet.lab.race import OURS, finals, firsts, median_time, share_reached, times, versus

TEXT = (
    "Whole methods, each at its own best stopping time, which a part of the training rows "
    "chooses; CPU seconds of one thread, with all that a method "
    "tried. Methods differ in architecture, trainer, tuning and start at once, so that nothing "
    "here says which of these makes a difference: what the "
    "start is worth is in [starts](../starts/starts.md). Errors are nRMSE on test rows. The "
    "target of a case (a split of a table) is 1.02 times the "
    "least final error of any method in it; a method is there where its model at hand has at most "
    "that error from then on to its end. One that ended "
    "by itself above the target never gets there; one that the limit ended is censored there. "
    "Settings of ours were chosen on tables that these are "
    "among, those of the peers were not."
)


def report(rows: pd.DataFrame, points: pd.DataFrame) -> str:
    """Markdown: what the rows show, times to the target, and final errors of every table."""
    methods, table, last = list(dict.fromkeys(rows.method)), times(points), finals(points)
    cases = rows[["set", "split"]].drop_duplicates()
    size = f"{rows.rows.min():,} to {rows.rows.max():,} training rows"
    head = f"{cases.set.nunique()} tables, {len(cases)} cases, {size}, limit {_limits(rows)} CPU seconds."
    lines = [
        f"| {name} | {len(part)} | "
        f"{' | '.join(_errors(last[last.set == name], method) for method in methods)} | "
        f"{', '.join(part)} |"
        for name, part in _firsts(table)
    ]
    return page(
        "The race",
        f"{head} {TEXT}",
        [
            "## What the rows show",
            "",
            *(f"- {one}" for one in sentences(points)),
            "",
            *_times(points, table, methods),
            "",
            "## Final errors",
            "",
            "Geometric mean over splits, and the method that is first at the target in each split.",
        ],
        f"| table | splits | {' | '.join(methods)} | first |",
        lines,
        rows,
    )


def sentences(points: pd.DataFrame) -> list[str]:
    """The claims: the documentation may say these and no more."""
    table = times(points)
    first, sets = firsts(table), points.set.unique()
    present = [method for method in OURS if (points.method == method).any()]
    either = first.isin(present).groupby("set").mean().reindex(sets, fill_value=0.0)
    said = [
        f"One of our presets is first at the target in more than half of the splits on "
        f"{int((either > 0.5).sum())} of {len(sets)} tables. "
        f"First in the {len(first)} cases: "
        f"{', '.join(f'{method} in {count}' for method, count in first.value_counts().items())}."
    ]
    for one in present:
        peers = [method for method in dict.fromkeys(points.method) if method not in OURS]
        said += [versus(points, one, other).sentence for other in peers]
    return said


def _times(points: pd.DataFrame, table: pd.DataFrame, methods: list[str]) -> list[str]:
    touched, wide, last = times(points, touch=True), times(points, target=1.05), finals(points)
    lines = [
        "## CPU seconds to the target",
        "",
        "Kaplan and Meier over the cases that a method ran in: the median time, and the share of "
        "cases that get there. *Touched*: the first time at "
        "2 %, whether it stays or not. Of *fit*, the seconds of the whole fit, and *final / "
        "least*, errors, geometric means.",
        "",
        "| method | cases | ended by the limit | first | to 2 % | there | touched | there | to 5 "
        "% | there | fit | final / least |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    first = firsts(table)
    for method in methods:
        near, once, far, end = (
            part[part.method == method] for part in (table, touched, wide, last)
        )
        cells = [f"{_seconds(part)} | {share_reached(part):.0%}" for part in (near, once, far)]
        ends = f"{np.exp(np.log(end.seconds).mean()):.1f} | {np.exp(np.log(end.ratio).mean()):.3f}"
        lines.append(
            f"| {method} | {len(near)} | {int(end.limited.sum())} | "
            f"{int((first == method).sum())} | {' | '.join(cells)} | {ends} |"
        )
    return lines


def _seconds(table: pd.DataFrame) -> str:
    median = median_time(table)
    return f"{median:.1f}" if np.isfinite(median) else "never by half"


def _firsts(table: pd.DataFrame) -> list[tuple[str, list[str]]]:
    first = firsts(table)
    return [
        (str(name), [str(first.get((name, split), "none")) for split in dict.fromkeys(part.split)])
        for name, part in table.groupby("set", sort=False)
    ]


def _errors(last: pd.DataFrame, method: str) -> str:
    errors = last.error[last.method == method]
    least = last.groupby("method").error.agg(lambda e: np.exp(np.log(e).mean())).min()
    if errors.empty:
        return "–"
    mean = np.exp(np.log(errors).mean())
    return f"**{mean:.4f}**" if mean <= least else f"{mean:.4f}"


def _limits(rows: pd.DataFrame) -> str:
    return " or ".join(f"{limit:g}" for limit in sorted(rows.limit.unique()))


def picture(points: pd.DataFrame, path: Path) -> None:
    """A panel a table, and the share of cases at the target in the last."""
    import matplotlib
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(points.set))
    columns = min(3, len(names) + 1)
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(
            figsize=(4 * columns, 3 * -(-(len(names) + 1) // columns) + 1), layout="constrained"
        )
        axes = list(figure.subplots(-(-(len(names) + 1) // columns), columns, squeeze=False).flat)
        for axis, name in zip(axes, names, strict=False):
            part = points[points.set == name]
            draw_errors(axis, part)
            splits = part.split.nunique()
            axis.set(
                title=f"{name}, {splits} split{'s' * (splits > 1)}",
                xlabel="CPU seconds",
                ylabel="nRMSE on test rows",
            )
        draw_arrivals(axes[len(names)], times(points))
        axes[len(names)].set(title="cases at the target", xlabel="CPU seconds", ylabel="share")
        for axis in axes[len(names) + 1 :]:
            axis.remove()
        figure.legend(
            *axes[len(names)].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=5,
            frameon=False,
        )
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
