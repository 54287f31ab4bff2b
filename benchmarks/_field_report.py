"""The report of the whole field, from its rows alone.

A method is ranked on the tables that it ran on: last where it did not finish, not at all where it
was not run. A ratio of ours to the best peer of a table enters the geometric mean clipped to [0.7,
1.3], so that no single table decides; the interval is the 95 % bootstrap interval over tables.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._field_checks import checks, table_of_checks
from benchmarks._field_front import cost_and_error
from benchmarks._field_rows import error_table, finished, of_kind
from benchmarks._tables import HALF_A, HALF_B
from motifnet.compare import DONE, METHODS, TIMED_OUT, markdown

CATEGORICAL = (
    "diamonds",
    "seoul_bike",
    "saratoga",
    "computers_ecdat",
    "adult",
    "credit_g",
    "bank_marketing",
)
CLIP, DRAWS = (0.7, 1.3), 10_000
RANKS = "Each method on the tables that it ran on, among those that ran there: last where it did not finish, without a rank where it was not run.\n"
RATIOS = f"Half A may choose our settings, half B confirms them. Ratios enter the geometric mean clipped to [{CLIP[0]}, {CLIP[1]}].\n"
PAIRS = "On the tables that both finished; ratios are not clipped. CPU seconds of fits, totals and the table where ours need most.\n"
FRONT = "Geometric means over the tables, of the methods that finished all of them; * on the Pareto front.\n"
TASKS = {"regression": "nRMSE", "classification": "log loss"}


def report(rows: pd.DataFrame, machine: dict[str, str]) -> str:
    """Markdown from the rows of field.csv."""
    done, errors = finished(rows), error_table(rows)
    if errors.empty:
        return "No method has finished yet.\n"
    tasks = rows.drop_duplicates("set").set_index("set").task
    main = reference(errors)
    parts = [f"# The field\n\n{_setting(rows)}\n"]
    for task, score in TASKS.items():
        part = errors[tasks[errors.index] == task].dropna(axis=1, how="all")
        if len(part):
            parts += [
                f"## {task.capitalize()}: mean {score} on test rows\n",
                markdown(_labelled(part.assign(splits=_splits(done)[part.index]))),
            ]
    if main:
        ratios, pairs = ratio_table(errors, tasks), pair_table(done, errors)
        parts += ["## Checks\n", table_of_checks(checks(METHODS[main].label, ratios, pairs))]
        parts += ["## Ours to the best peer of each table\n", RATIOS, markdown(ratios)]
        parts += ["## Ours to each stronger peer\n", PAIRS, markdown(pairs)] if len(pairs) else []
    parts += [
        "## Mean rank among the default peers\n",
        RANKS,
        _ranks(errors, tried(rows), tasks, main),
    ]
    if main and "catboost" in errors:
        parts += ["## Ours to CatBoost\n", _to_catboost(errors, tasks)]
    if done.ece.notna().any():
        parts += [
            "## Expected calibration error\n",
            markdown(
                _labelled(done.pivot_table(index="set", columns="method", values="ece", sort=False))
            ),
        ]
    front = cost_and_error(rows)
    if len(front):
        parts += [
            "## Error against CPU seconds\n",
            FRONT,
            markdown(front.rename(index=lambda name: METHODS[name].label)),
        ]
    parts += ["## Seconds and memory\n", markdown(cost_table(done, main))]
    if main:
        parts += [
            "## What retraining and trees bring\n",
            _stages(done[done.method == main], METHODS[main].label),
        ]
    parts += [
        "## Not finished\n",
        _unfinished(rows),
        "## Machine and versions\n",
        _machine(rows, machine),
    ]
    return "\n".join(parts)


def reference(errors: pd.DataFrame) -> str | None:
    """Our preset that stands for us where one is needed: balanced, or the first one there is."""
    ours = of_kind(errors, "ours")
    return "balanced" if "balanced" in ours else next(iter(ours), None)


def ratio_summary(ratio: pd.Series) -> dict[str, object]:
    """Ratios of ours to a rival over tables, in figures."""
    logs = np.log(ratio.clip(*CLIP).to_numpy())
    draws = np.random.default_rng(0).integers(0, len(logs), (DRAWS, len(logs)))
    low, high = np.exp(np.quantile(logs[draws].mean(1), (0.025, 0.975)))
    return {
        "tables": len(ratio),
        "wins": int((ratio < 1).sum()),
        "median /": float(ratio.median()),
        "geometric mean /": float(np.exp(logs.mean())),
        "95 % interval": f"{low:.3f} to {high:.3f}",
        "largest /": float(ratio.max()),
        "on": str(ratio.idxmax()),
    }


def ratio_table(errors: pd.DataFrame, tasks: pd.Series) -> pd.DataFrame:
    """Each of our presets against the best default and the best stronger peer of each table: all
    tables, and the two halves of them.
    """
    lines = {}
    halves = {"": errors.index, ", half A": HALF_A, ", half B": HALF_B}
    for kind in ("default", "strong"):
        best = errors[of_kind(errors, kind)].min(axis=1)
        for name in of_kind(errors, "ours"):
            for task in TASKS:
                ratio = (errors[name] / best)[tasks[errors.index] == task].dropna()
                for words, tables in halves.items():
                    part = ratio[ratio.index.isin(tables)]
                    if len(part):
                        lines[f"{METHODS[name].label} / best {kind} peer, {task}{words}"] = (
                            ratio_summary(part)
                        )
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("")


def pair_table(done: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Each of our presets against each stronger peer: errors, and CPU seconds of the fits."""
    seconds = done.pivot_table(index="set", columns="method", values="cpu_seconds")
    lines = {}
    for peer in of_kind(errors, "strong"):
        for name in of_kind(errors, "ours"):
            ratio = (errors[name] / errors[peer]).dropna()
            if ratio.empty:
                continue
            ours, theirs = seconds.loc[ratio.index, name], seconds.loc[ratio.index, peer]
            lines[f"{METHODS[name].label} / {METHODS[peer].label}"] = {
                "tables": len(ratio),
                "wins": int((ratio < 1).sum()),
                "error, geometric mean /": float(np.exp(np.log(ratio).mean())),
                "largest /": float(ratio.max()),
                "on": str(ratio.idxmax()),
                "CPU /": float(ours.sum() / theirs.sum()),
                "largest CPU /": float((ours / theirs).max()),
            }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("")


def tried(rows: pd.DataFrame) -> pd.DataFrame:
    """True for each table (rows) and method (columns) of which there is a fit, finished or not."""
    return rows.groupby(["set", "method"]).size().unstack(fill_value=0) > 0


def mean_ranks(errors: pd.DataFrame, ran: pd.DataFrame, main: str | None) -> pd.DataFrame:
    """Of ours and the default peers: mean rank, and the number of tables behind it."""
    names = [*([main] if main else []), *of_kind(errors, "default")]
    ran = ran.loc[errors.index, names]
    ranks = errors[names].fillna(np.inf).where(ran).rank(axis=1)
    return pd.DataFrame({"rank": ranks.mean(), "ranked on": ran.sum()})


def cost_table(done: pd.DataFrame, main: str | None) -> pd.DataFrame:
    """Total seconds of each method; CPU seconds of ours on the same fits, and their ratio; largest
    memory.
    """
    seconds = done.pivot_table(index=["set", "split"], columns="method", values="cpu_seconds")
    lines = {}
    for name in (name for name in METHODS if name in seconds):
        part = done[done.method == name]
        line = {
            "fits": len(part),
            "fit s": part.fit_seconds.sum(),
            "fit CPU s": part.cpu_seconds.sum(),
        }
        line |= {"predict s": part.predict_seconds.sum(), "peak MB": part.peak_mb.max()}
        if main:
            both = seconds[[main, name]].dropna() if name != main else seconds[[main]].dropna()
            line |= {
                "ours on the same fits, CPU s": both[main].sum(),
                "ours / method": both[main].sum() / both[name].sum(),
            }
        lines[METHODS[name].label] = line
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("method")


def _splits(done: pd.DataFrame) -> pd.Series:
    return done.groupby("set").split.nunique()


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=lambda name: METHODS[name].label if name in METHODS else name)


def _setting(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    return (
        f"{rows.set.nunique()} tables, {rows.split.nunique()} random splits with a fifth of the "
        f"rows for the test, at most {first.cap:,} training "
        f"rows, seed {first.seed}, {first.threads} threads for every method, {rows.limit.max():g} "
        "seconds for a fit. Our own settings were compared "
        "on test rows of split 0 of these tables, those of the peers were not: on it our ratios "
        "are somewhat too good."
    )


def _ranks(errors: pd.DataFrame, ran: pd.DataFrame, tasks: pd.Series, main: str | None) -> str:
    parts = {"all tables": errors} | {
        task: errors[tasks[errors.index] == task]
        for task in TASKS
        if (tasks[errors.index] == task).any()
    }
    table = pd.concat(
        [mean_ranks(part, ran, main).add_prefix(f"{name}, ") for name, part in parts.items()],
        axis=1,
    )
    # so that numbers of tables stay whole
    table = table.sort_values("all tables, rank").astype(object)
    return markdown(table.rename(index=lambda name: METHODS[name].label).rename_axis("method"))


def _to_catboost(errors: pd.DataFrame, tasks: pd.Series) -> str:
    """Geometric means of the ratio, unclipped, and the tables with many categories one by one."""
    ratios = errors[of_kind(errors, "ours")].div(errors.catboost, axis=0)
    lines = {}
    groups = {
        **{f"{task}, {score}": tasks[ratios.index] == task for task, score in TASKS.items()},
        "with categories": ratios.index.isin(CATEGORICAL),
    }
    for group, chosen in groups.items():
        if np.any(chosen):
            lines[f"geometric mean, {group}"] = np.exp(np.log(ratios[chosen]).mean())
    table = pd.concat([pd.DataFrame(lines).T, ratios[ratios.index.isin(CATEGORICAL)]])
    return markdown(
        table.rename(columns=lambda name: f"{METHODS[name].label} / CatBoost").rename_axis("table")
    )


def _stages(ours: pd.DataFrame, label: str) -> str:
    """Test errors along the way; trees have no part in the transferred and the retrained
    network.
    """
    columns = ["transferred", "retrained", "finished", "tree_share"]
    table = (
        ours.assign(finished=ours.nrmse.fillna(ours.log_loss))
        .groupby("set", sort=False)[columns]
        .mean()
    )
    ratio = table.retrained / table.transferred
    table = table.assign(**{"retrained / transferred": ratio}).rename(
        columns={"tree_share": "weight of trees"}
    )
    text = f"Of {label}: error (nRMSE or log loss) of each network, and the weight of trees in the finished one.\n\n{markdown(table)}"
    return f"{text}\nRetrained / transferred: geometric mean {np.exp(np.log(ratio).mean()):.3f}, largest {ratio.max():.3f} on {ratio.idxmax()}.\n"


def _unfinished(rows: pd.DataFrame) -> str:
    bad = rows[rows.status != DONE]
    kinds = bad.status.where(~bad.status.str.startswith(TIMED_OUT), TIMED_OUT)
    groups = bad.groupby(["method", kinds], sort=False)
    lines = [
        f"- {METHODS[str(method)].label}: {kind} on {', '.join(part.set.unique())}"
        for (method, kind), part in groups
    ]
    return "\n".join(lines or ["All fits finished."]) + "\n"


def _machine(rows: pd.DataFrame, machine: dict[str, str]) -> str:
    versions = {
        METHODS[str(name)].label: sorted(part.version.unique())
        for name, part in rows.groupby("method", sort=False)
    }
    several = [
        f"{label} ({' and '.join(found)})" for label, found in versions.items() if len(found) > 1
    ]
    lines = [f"- {name}: {value}" for name, value in machine.items()]
    return (
        "\n".join(
            [
                *lines,
                *(
                    [f"- from several versions: {'; '.join(several)}; use --fresh for one"]
                    if several
                    else []
                ),
            ]
        )
        + "\n"
    )
