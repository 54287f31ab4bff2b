"""The results of `benchmarks.starts`: what the rows show, errors along the trainings, times to the
target, and final errors of every table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import page
from benchmarks._starts_statistics import CASE, comparisons, finals, times, with_ratios
from motifnet.lab.race import Mean, median_time


def report(rows: pd.DataFrame) -> str:
    """Markdown: the verdicts, then the tables."""
    cases = rows[CASE].drop_duplicates()
    size = ", ".join(f"{cap:,}" for cap in sorted(rows.cap.unique()))
    return page(
        "What the teacher is worth",
        f"One architecture and one trainer from several starts; {cases.set.nunique()} tables, "
        f"{len(cases)} cases (architecture, table, "
        f"split), at most {size} training rows. Errors are nRMSE on test rows; the target of a "
        "case is 1.02 times its least error.",
        [
            "## What the rows show",
            "",
            *(f"- {sentence}" for sentence in sentences(rows)),
            "",
            "Seconds are those of training and solution. With the seconds of fitting the teacher "
            "itself, of which a user who has it pays none:",
            "",
            *(
                f"- {one.one}, against {one.other}: sooner in {one.wins} of {one.cases}, later in "
                f"{one.losses}."
                for one in comparisons(rows, True)
            ),
            "",
            *_times(rows),
            "",
            *_curves(rows),
            "",
            "## Final errors",
            "",
            "Of the longest training of each start, mean over the splits ± standard error.",
        ],
        "| architecture | table | splits | teacher itself | " + " | ".join(_starts(rows)) + " |",
        list(_finals(rows)),
        rows,
    )


def sentences(rows: pd.DataFrame) -> list[str]:
    """The claims: the documentation may say these and no more."""
    return [comparison.sentence for comparison in comparisons(rows)]


def _starts(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows.start))


def _times(rows: pd.DataFrame) -> list[str]:
    """Kaplan and Meier's median of each start, and how many cases it never reached."""
    lines = _section(
        "CPU seconds to the target",
        "Median by Kaplan and Meier over the cases that the start was run in; *never*: not there "
        "when the longest training ended.",
        "| architecture | start | cases | median | never | median, with the teacher's seconds | "
        "median to 5 % | never |",
    )
    kinds = times(rows), times(rows, with_teacher=True), times(rows, target=1.05)
    for network, start in rows[["network", "start"]].drop_duplicates().itertuples(index=False):
        near, whole, wide = (
            kind[(kind.network == network) & (kind.start == start)] for kind in kinds
        )
        never = [f"{int((~one.reached).sum())} of {len(one)}" for one in (near, wide)]
        lines.append(
            f"| {network} | {start} | {len(near)} | {_seconds(near)} | {never[0]} | "
            f"{_seconds(whole)} | {_seconds(wide)} | {never[1]} |"
        )
    return lines


def _section(title: str, text: str, head: str) -> list[str]:
    """Lines of Markdown: a title, a text and the head of a table."""
    return [f"## {title}", "", text, "", head, "|" + "---|" * (head.count("|") - 1)]


def _seconds(table: pd.DataFrame) -> str:
    median = median_time(table)
    return f"{median:.2f}" if np.isfinite(median) else "not reached by half"


def _curves(rows: pd.DataFrame) -> list[str]:
    """Error over the least of the case, and seconds, along the steps."""
    lines = _section(
        "Along the training",
        "Error over the least of the case, geometric mean over tables ± standard error; CPU "
        "seconds, geometric mean. A line a length.",
        "| architecture | start | steps | error / least | seconds |",
    )
    for (network, start, steps), part in with_ratios(rows).groupby(
        ["network", "start", "steps"], sort=False
    ):
        mean = Mean.of(np.log(part.ratio).groupby(part.set).mean())
        seconds = np.exp(np.log(part.seconds.clip(lower=1e-3)).mean())
        lines.append(
            f"| {network} | {start} | {steps} | {np.exp(mean.value):.3f} ± "
            f"{np.exp(mean.value) * mean.standard_error:.3f} | {seconds:.2f} |"
        )
    return lines


def _finals(rows: pd.DataFrame) -> list[str]:
    lines = []
    for (network, name), part in finals(rows).groupby(["network", "set"], sort=False):
        cells = [_spread(part.error[part.start == start]) for start in _starts(rows)]
        lines.append(
            f"| {network} | {name} | {part.split.nunique()} | "
            f"{_spread(part.teacher_error.dropna())} | {' | '.join(cells)} |"
        )
    return lines


def _spread(values: pd.Series) -> str:
    if not len(values):
        return "–"
    error = f" ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}" if len(values) > 1 else ""
    return f"{values.mean():.4f}{error}"
