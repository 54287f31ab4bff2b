"""The page of `benchmarks.teachers`: for every teacher the error after retraining as a share of its
own, table by table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

KERNELS, SMOOTH, TREES = (
    ("SVR", "Gaussian process", "kernel ridge", "SVC"),
    ("ridge", "splines", "perceptron"),
    ("random forest", "LightGBM"),
)
LARGEST, CERTIFIED, SECONDS, LARGE = 1.01, 1e-9, 5.0, 1_000
_TEXT = (
    "An estimator that was tuned by a small grid, and what `MotifRegressor(teacher=...)` or "
    "`MotifClassifier(teacher=...)` makes of it: errors on "
    "test rows, in standard deviations of the target or log loss; CPU seconds of the fit without "
    "those of the estimator's own clones, of tables of a "
    "thousand rows or more. Labels are states of the code; they may have run on different tables "
    "(docs/teacher.md compares them on the same)."
)


def report(rows: pd.DataFrame) -> str:
    """The page of all rows."""
    lines = [
        _line(str(label), str(teacher), part)
        for (label, teacher), part in rows.groupby(["label", "teacher"], sort=False)
    ]
    head = (
        "| code | teacher | tables | fits | geometric mean of error / teacher's | largest mean of "
        "a table | CPU s at 1,500 rows | teacher's CPU s |"
    )
    return page(
        "What retraining makes of a teacher",
        _TEXT,
        checks_table(rows, checks),
        head,
        [*lines, "", *_by_table(rows)],
        rows,
    )


def ratios(rows: pd.DataFrame) -> pd.Series:
    """Mean over splits of each table, in logarithms, of error / the teacher's."""
    logs = np.log(rows.error / rows.teacher_error)
    return np.exp(logs.groupby([rows.teacher, rows.set]).mean())


def checks(rows: pd.DataFrame) -> list[Check]:
    """What issue and README ask for."""
    told = rows.certificate[rows.certificate > 0]  # early rows have it rounded to zero
    found = (
        [Check("certificate, of sd(y), largest", float(told.max()), most=CERTIFIED)]
        if len(told)
        else []
    )
    for name, teachers, mean in (
        ("kernels", KERNELS, 0.75),
        ("ridge, splines, perceptron", SMOOTH, 0.75),
        ("trees", TREES, 0.96),
    ):
        part = rows[rows.teacher.isin(teachers)]
        if len(part):
            found.append(
                Check(
                    f"{name}: geometric mean, {part.set.nunique()} tables",
                    float(np.exp(np.log(ratios(part)).mean())),
                    most=mean,
                )
            )
            found.append(
                Check(f"{name}: largest of a table", float(ratios(part).max()), most=LARGEST)
            )
            if np.isfinite(_seconds(part)):
                found.append(
                    Check(f"{name}: CPU seconds at 1,500 rows", _seconds(part), most=SECONDS)
                )
    return found


def _seconds(rows: pd.DataFrame) -> float:
    """The mean of fits to a thousand rows or more, in proportion to the rows: below, twice as many
    folds are trained, and seconds are few anyway.
    """
    large = rows[rows.rows >= LARGE]
    return float((large.seconds / large.rows * 1_500).mean()) if len(large) else np.nan


def _line(label: str, teacher: str, rows: pd.DataFrame) -> str:
    each = ratios(rows)
    cells = [
        str(rows.set.nunique()),
        str(len(rows)),
        f"{np.exp(np.log(each).mean()):.3f}",
        f"{each.max():.3f} ({each.idxmax()[1]})",
    ]
    return f"| {label} | {teacher} | {' | '.join(cells)} | {_seconds(rows):.1f} | {(rows.teacher_seconds / rows.rows * 1_500).mean():.2f} |"


def _by_table(rows: pd.DataFrame) -> list[str]:
    last = rows[rows.label == rows.label.iloc[-1]]
    table = ratios(last).unstack("set")
    lines = [f"| teacher | {' | '.join(table.columns)} |", "|---|" + "---|" * len(table.columns)]
    return [
        *lines,
        *(
            f"| {teacher} | {' | '.join('' if np.isnan(v) else f'{v:.2f}' for v in row)} |"
            for teacher, row in zip(table.index, table.to_numpy(), strict=True)
        ),
    ]
