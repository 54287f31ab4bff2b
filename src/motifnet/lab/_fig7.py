"""Figure 7: whole methods on real tables: test error against CPU seconds, and the time to 2 % of the best final error.

Ours against a tuned perceptron, RealMLP, boosted trees, a Gaussian process and random features; those whose library is missing are left out, and
said to be. Methods differ in architecture, trainer, tuning and start at once: the figure says who is where when, and not why. Statistics and runners
are those of `benchmarks.race`. Within ours, the error of the retrained network is set against that of the transferred one of the same fit.

Standard errors are those over splits of these three tables, of a mean over tables: √(Σ_t s_t² / n_t) / T.
"""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

import numpy as np
import pandas as pd

from motifnet.compare import split_table
from motifnet.lab._draw import files, log_ticks, panels
from motifnet.lab._facts import Check, Facts
from motifnet.lab._race_panels import draw_arrivals, draw_errors
from motifnet.lab._seeds import Estimate
from motifnet.lab.race import (
    CASE,
    RACERS,
    Task,
    enter,
    finals,
    firsts,
    median_time,
    missing,
    paired,
    share_reached,
    sooner,
    table_of_course,
    times,
    versus,
    warm_up,
)

NAME, TITLE = "fig7", "Whole methods on real tables: error against CPU seconds"
TRANSFERRED, RETRAINED = "transferred", "inner layers"
NETWORK = "MLP, tuned"
TABLES = ("airfoil", "energy", "diabetes")
SLOW = ("TabM",)  # minutes a fit
QUICK = ("ours, fast", NETWORK, "LightGBM", "Gaussian process", "random features")


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    rows, splits, tries = (300, 2, 3) if quick else (3_000, 4, 8)
    wanted = list(QUICK) if quick else [method for method in RACERS if method not in SLOW]
    absent = missing(wanted)
    points = race([method for method in wanted if method not in absent], rows, splits, tries)
    table, ours = times(points), wanted[0]
    with panels(out, NAME, 2, 2, legend=True) as axes:
        for axis, letter, name in zip(axes.flat, "abc", TABLES, strict=False):
            draw_errors(axis, points[points.set == name])
            axis.set(title=f"{letter}  {name}, {splits} splits", xlabel="CPU seconds", ylabel="test error / sd(y)")
            log_ticks(axis)
        draw_arrivals(axes[1, 1], table)
        axes[1, 1].set(title="d  cases within 2 % of the best final error", xlabel="CPU seconds", ylabel="share")
    said = (f"Not installed, so not in the race: {', '.join(absent)} (pip install 'motifnet[peers]').",) if absent else ()
    values = {"points": points.to_dict("list"), "times": table.astype({"seconds": str}).to_dict("list")}
    return Facts(NAME, TITLE, quick, (*_sentences(points, ours), *said), checks(points, ours), values, files(NAME))


def race(methods: list[str], rows: int, splits: int, tries: int) -> pd.DataFrame:
    """The points of all methods on all splits of the tables; a search tries so many settings."""
    for method in methods:
        warm_up(method)
    courses = []
    for name in TABLES:
        for number in range(splits):
            task = Task(split_table(table_of(name), "target", task="regression", seed=number, cap=rows), number, tries=tries)
            courses += [table_of_course(name, number, method, enter(method, task)[0]) for method in methods]
    return pd.concat(courses, ignore_index=True)


def table_of(name: str) -> pd.DataFrame:
    """A table that comes with the library."""
    if name == "diabetes":
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True)
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(target=y)
    with (resources("motifnet.lab") / "data" / f"{name}.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip")


def checks(points: pd.DataFrame, ours: str) -> tuple[Check, ...]:
    """What is claimed of these tables: the final error, the time, and what retraining does within one fit."""
    error, score = paired(finals(points), "error", ours, NETWORK), sooner(points, ours, NETWORK)
    return (
        Check.over_seeds(f"final error of ours / {NETWORK}", _geometric(error[ours] / error[NETWORK]), None, 0.0, 0.98, 1.0),
        Check.over_seeds(f"share of cases in which ours is sooner than {NETWORK}, less later", _over_splits(score), None, 0.2, np.inf, 0.0),
        Check.over_seeds("error retrained / transferred, of ours", _geometric(_retrained(points[points.method == ours])), None, 0.0, 0.95, 1.0),
    )


def _retrained(points: pd.DataFrame) -> pd.Series:
    """Of each case the error after the last stage of retraining that was kept, over that of the transferred network; 1 where none was."""
    errors = points.set_index(CASE)
    transferred = errors.error[errors.stage == TRANSFERRED]
    retrained = errors.error[errors.stage.str.startswith(RETRAINED)].groupby(CASE).last()
    return (retrained / transferred).reindex(transferred.index).fillna(1.0)


def _over_splits(values: pd.Series) -> Estimate:
    """The mean over tables of the means over splits, and its standard error over splits."""
    tables = values.groupby("set")
    return Estimate(float(tables.mean().mean()), float(np.sqrt((tables.var(ddof=1) / tables.size()).sum()) / tables.ngroups))


def _geometric(ratios: pd.Series) -> Estimate:
    logs = _over_splits(np.log(ratios))
    return Estimate(float(np.exp(logs.value)), float(np.exp(logs.value)) * logs.error)


def _sentences(points: pd.DataFrame, ours: str) -> tuple[str, ...]:
    table = times(points)
    first = firsts(table)
    told = [f"Of {len(first)} cases, first at the target: {', '.join(f'{method} in {count}' for method, count in first.value_counts().items())}."]
    for method, part in table.groupby("method", sort=False):
        median = median_time(part)
        when = f"median {median:.1f} s" if np.isfinite(median) else "not by half of the cases"
        told.append(f"{method}: at the target {when}, {share_reached(part):.0%} ever.")
    return (*told, *(versus(points, ours, method).sentence for method in dict.fromkeys(points.method) if not method.startswith("ours")))
