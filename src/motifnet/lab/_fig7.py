"""Figure 7: whole methods on real tables. Test error against CPU seconds, and time to a target.

The target of a table is 2 % above the best final error.

Ours races a tuned perceptron, RealMLP, boosted trees, a Gaussian process and random features.
Methods whose library is missing are left out, with a note. Methods differ in architecture, trainer,
tuning and start at once: the figure shows which error each has when, and not why. Statistics and
runners are those of `benchmarks.race`. Within ours, the retrained network is compared with the
transferred one of the same fit.

Standard errors are those of a mean over the T = 3 tables, over the n_t splits of each:

    √(Σ_t s_t² / n_t) / T

The panels show errors against seconds as bands over splits, and the share of cases at the target.
"""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from motifnet.compare import split_table
from motifnet.lab._figure import TRAINED, Check, Estimate, Facts, files, log_ticks, panels
from motifnet.lab.race import (
    CASE,
    OURS,
    RACERS,
    TARGET,
    Task,
    at_seconds,
    enter,
    finals,
    firsts,
    median_time,
    missing,
    paired,
    share_reached,
    sooner,
    survival,
    table_of_history,
    times,
    versus,
    warm_up,
)

NAME, TITLE = "fig7", "Whole methods on real tables: error against CPU seconds"
TRANSFERRED, RETRAINED = "transferred", "feature layers"
NETWORK = "MLP, tuned"
TABLES = ("airfoil", "energy", "diabetes")
SLOW = ("TabM",)  # minutes a fit
QUICK = ("ours, fast", NETWORK, "LightGBM", "Gaussian process", "random features")
PEERS = [method for method in RACERS if method not in OURS]
COLOURS = dict(zip(OURS, (TRAINED, "#6aaed6"), strict=True)) | dict(
    zip(
        PEERS,
        ("#c44e28", "#8a5a9e", "#d9962b", "#4f9a6c", "#9ac46c", "0.45", "#7f7f3a"),
        strict=True,
    )
)


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
            axis.set(
                title=f"{letter}  {name}, {splits} splits",
                xlabel="CPU seconds",
                ylabel="test error / sd(y)",
            )
            log_ticks(axis)
        draw_arrivals(axes[1, 1], table)
        axes[1, 1].set(
            title="d  cases within 2 % of the best final error",
            xlabel="CPU seconds",
            ylabel="share",
        )
    note = (
        (
            f"Not installed, so not in the race: {', '.join(absent)} (pip install "
            "'motifnet[peers]').",
        )
        if absent
        else ()
    )
    values = {
        "points": points.to_dict("list"),
        "times": table.astype({"seconds": str}).to_dict("list"),
    }
    return Facts(
        NAME,
        TITLE,
        quick,
        (*_sentences(points, ours), *note),
        checks(points, ours),
        values,
        files(NAME),
    )


def race(methods: list[str], rows: int, splits: int, tries: int) -> pd.DataFrame:
    """The points of all methods on all splits of the tables; a search tries `tries` settings."""
    for method in methods:
        warm_up(method)
    histories = []
    for name in TABLES:
        for number in range(splits):
            task = Task(
                split_table(table_of(name), "target", task="regression", seed=number, cap=rows),
                number,
                tries=tries,
            )
            histories += [
                table_of_history(name, number, method, enter(method, task)[0]) for method in methods
            ]
    return pd.concat(histories, ignore_index=True)


def table_of(name: str) -> pd.DataFrame:
    """A table that is part of the library."""
    if name == "diabetes":
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True)
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(target=y)
    with (resources("motifnet.lab") / "data" / f"{name}.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip")


def checks(points: pd.DataFrame, ours: str) -> tuple[Check, ...]:
    """The claims on these tables: the final error, the time, and the effect of retraining within
    one fit.
    """
    error, score = paired(finals(points), "error", ours, NETWORK), sooner(points, ours, NETWORK)
    return (
        Check.over_seeds(
            f"final error of ours / {NETWORK}",
            _geometric(error[ours] / error[NETWORK]),
            None,
            0.0,
            0.98,
            1.0,
        ),
        Check.over_seeds(
            f"share of cases in which ours is sooner than {NETWORK}, less later",
            _over_splits(score),
            None,
            0.2,
            np.inf,
            0.0,
        ),
        Check.over_seeds(
            "error retrained / transferred, of ours",
            _geometric(_retrained(points[points.method == ours])),
            None,
            0.0,
            0.95,
            1.0,
        ),
    )


def _retrained(points: pd.DataFrame) -> pd.Series:
    """For each case the error after the last stage of retraining that was kept, over that of the
    transferred network; 1 where no stage was kept.
    """
    errors = points.set_index(CASE)
    transferred = errors.error[errors.stage == TRANSFERRED]
    retrained = errors.error[errors.stage.str.startswith(RETRAINED)].groupby(CASE).last()
    return (retrained / transferred).reindex(transferred.index).fillna(1.0)


def _over_splits(values: pd.Series) -> Estimate:
    """The mean over tables of the means over splits, and its standard error over splits."""
    tables = values.groupby("set")
    return Estimate(
        float(tables.mean().mean()),
        float(np.sqrt((tables.var(ddof=1) / tables.size()).sum()) / tables.ngroups),
    )


def _geometric(ratios: pd.Series) -> Estimate:
    logs = _over_splits(np.log(ratios))
    return Estimate(float(np.exp(logs.value)), float(np.exp(logs.value)) * logs.error)


def _sentences(points: pd.DataFrame, ours: str) -> tuple[str, ...]:
    table = times(points)
    first = firsts(table)
    sentences = [
        f"Of {len(first)} cases, first at the target: "
        f"{', '.join(f'{method} in {count}' for method, count in first.value_counts().items())}."
    ]
    for method, part in table.groupby("method", sort=False):
        median = median_time(part)
        when = f"median {median:.1f} s" if np.isfinite(median) else "not by half of the cases"
        sentences.append(f"{method}: at the target {when}, {share_reached(part):.0%} ever.")
    return (
        *sentences,
        *(
            versus(points, ours, method).sentence
            for method in dict.fromkeys(points.method)
            if not method.startswith("ours")
        ),
    )


def draw_errors(axis: Any, points: pd.DataFrame, moments: int = 200) -> None:
    """Draw the errors of one table: geometric means over splits, and bands from the least to the
    largest. They begin where every split has a model and end with the last fit.
    """
    for method, colour in COLOURS.items():
        curves = points[points.method == method]
        if curves.empty:
            continue
        seconds = np.geomspace(max(curves.seconds.min(), 1e-3), curves.seconds.max(), moments)
        errors = at_seconds(curves, seconds)
        there = np.isfinite(errors).all(0)
        seconds, errors = seconds[there], errors[:, there]
        axis.plot(
            seconds,
            np.exp(np.log(errors).mean(0)),
            color=colour,
            linewidth=1.6 if method in OURS else 1,
            label=method,
        )
        if len(errors) > 1:
            axis.fill_between(
                seconds, errors.min(0), errors.max(0), color=colour, alpha=0.15, linewidth=0
            )
        axis.plot(
            seconds[-1], np.exp(np.log(errors[:, -1]).mean()), "o", color=colour, markersize=4
        )
    least = finals(points).groupby("split").error.min()
    axis.axhline(
        TARGET * float(np.exp(np.log(least).mean())), color="0.25", linestyle=":", linewidth=1
    )
    axis.set(xscale="log", yscale="log")


def draw_arrivals(axis: Any, table: pd.DataFrame) -> None:
    """Draw Kaplan and Meier's share of cases at the target, from the times of all fits."""
    ends = table.seconds[np.isfinite(table.seconds)]
    low, high = float(ends.min()) / 2, float(ends.max()) * 1.3
    for method, colour in COLOURS.items():
        part = table[table.method == method]
        if part.empty:
            continue
        moments, share = survival(part, at_least=0.0)
        x = np.concatenate([[low], moments, [high]])
        y = np.concatenate([[0.0], 1 - share, 1 - share[-1:] if len(share) else [0.0]])
        axis.step(
            x, y, where="post", color=colour, linewidth=1.6 if method in OURS else 1, label=method
        )
    axis.set(xscale="log", ylim=(-0.02, 1.02))
