"""Figure 7: Motif Mimicry against what else a user could run: error against seconds, on real tables.

Ours goes through a convex fit, its transfer into a network by calculation, the retrained network, and the finished one with its trees. Beside it,
each with a budget in units of our seconds: a ReLU network with as many parameters by AdamW, RealMLP, inner layers from a random start with the
output layer in closed form, SWIM, random features, and a Gaussian process; those whose library is missing are left out, and said to be. The target
of a table is 1.02 times the least error of any method. The runners are those of `benchmarks.race`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from motifnet.compare import split_rows
from motifnet.lab._draw import CALM, THEORY, TRAINED, files, log_ticks, panels
from motifnet.lab._facts import Check, Facts
from motifnet.lab.race import RACERS, SLACK, Course, Split, advantages, enter, firsts, installed, target_of, times, warm_up

NAME, TITLE = "fig7", "Motif Mimicry against gradient descent and others: error against seconds"
CONVEX, TRANSFERRED, RETRAINED, FINISHED = "convex fit", "transferred", "retrained", "with trees"
MARKS = {CONVEX: ("s", CALM), TRANSFERRED: ("o", TRAINED), RETRAINED: ("D", TRAINED), FINISHED: ("*", TRAINED)}
COLOURS = dict(zip(RACERS, ("#c44e28", "#8a5a9e", "#d9962b", "0.55", "#7f7f3a", "#5c7f8a"), strict=True))
TABLES = ("airfoil", "energy", "diabetes")


@dataclass(frozen=True)
class _Race:
    """Points (mark, CPU seconds, test error in units of sd(y)) of ours, and all curves with the columns method, seconds, nrmse."""

    ours: list[tuple[str, float, float]]
    curves: pd.DataFrame

    def error(self, mark: str) -> float:
        """The last error with this mark."""
        return [error for m, _, error in self.ours if m == mark][-1]


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    rows, preset, factor = (600, "fast", 4.0) if quick else (3_000, "balanced", 10.0)
    there = [method for method in RACERS if installed(method)]
    warm_up()  # loads what the first run loads, so that no timing has it
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    races = {name: _race(name, rows, preset, factor, there) for name in TABLES}
    with panels(out, NAME, 1, len(races), legend=True) as axes:
        for axis, letter, (name, race) in zip(axes[0], "abc", races.items(), strict=True):
            _draw(axis, f"{letter}  {name}", race)
    values = {name: {"ours": race.ours, "target": target_of(race.curves), "curves": _plain(race.curves)} for name, race in races.items()}
    missing = [method for method in RACERS if method not in there]
    said = (f"Not installed, so not in the race: {', '.join(missing)} (pip install 'motifnet[peers,race]').",) if missing else ()
    return Facts(NAME, TITLE, quick, (*_sentences(races), *said), _checks(races), values, files(NAME))


def _split(name: str, rows: int) -> Split:
    """A fifth for the test, of the rest at most so many rows for training."""
    table = _table(name)
    train, test = split_rows(len(table), 0, rows)
    return Split(table.iloc[train].reset_index(drop=True), table.iloc[test].reset_index(drop=True))


def _table(name: str) -> pd.DataFrame:
    if name == "diabetes":
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True)
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(target=y)
    with (resources("motifnet.lab") / "data" / f"{name}.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip")


def _race(name: str, rows: int, preset: str, factor: float, methods: list[str]) -> _Race:
    ours, start = enter(_split(name, rows), preset, factor)
    curves = [_curve("ours", [*((stage.seconds, stage.best) for stage in ours.stages), (ours.seconds, ours.error)])]
    curves += [_curve(method, points) for method in methods for _, points in RACERS[method](start)]
    return _Race(_marked(ours), pd.concat(curves, ignore_index=True))


def _curve(method: str, points: list[tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame(points, columns=["seconds", "nrmse"]).assign(method=method)


def _marked(ours: Course) -> list[tuple[str, float, float]]:
    """The stages that were kept; the convex fit is the same function as its transfer, before it."""
    points = [(_mark(stage.name), stage.seconds, stage.error) for stage in ours.stages if stage.kept]
    took = next(row.seconds for row in ours.model.ledger_ if row.stage == TRANSFERRED)
    before = points[0][1] * (1 - took / ours.model.stages_[0].seconds)
    return [(CONVEX, before, points[0][2]), *points]


def _mark(stage: str) -> str:
    return TRANSFERRED if stage == TRANSFERRED else RETRAINED if stage.startswith(("last layer", "log scale", "inner layers")) else FINISHED


def _plain(curves: pd.DataFrame) -> dict[str, list[tuple[float, float]]]:
    return {str(method): list(zip(part.seconds, part.nrmse, strict=True)) for method, part in curves.groupby("method", sort=False)}


def _checks(races: dict[str, _Race]) -> tuple[Check, ...]:
    table = times({name: race.curves for name, race in races.items()})
    first = int((firsts(table) == "ours").sum())
    retrained = [
        Check(f"{name}: error retrained / transferred", race.error(RETRAINED) / race.error(TRANSFERRED), 1.0, 0.0, SLACK)
        for name, race in races.items()
        if any(mark == RETRAINED for mark, _, _ in race.ours)  # kept by rows that it had not seen
    ]
    return (Check("tables on which ours is first at the target", float(first), len(races), len(races) / 2, len(races)), *retrained)


def _sentences(races: dict[str, _Race]) -> tuple[str, ...]:
    table = times({name: race.curves for name, race in races.items()})

    def told(name: str, race: _Race) -> str:
        steps = ", ".join(f"{mark} {error:.3f} after {seconds:.1f} s" for mark, seconds, error in race.ours)
        of = table[table.set == name]
        there = [f"{row.method} after {row.seconds:.1f} s" for row in of.itertuples() if row.reached]
        late = [f"{row.method} {row.error:.3f} in {row.seconds:.0f} s" for row in of.itertuples() if not row.reached]
        rest = f"; not there: {', '.join(late)}" if late else ""
        return f"{name[0].upper()}{name[1:]}: {steps}. The target {of.target.iloc[0]:.3f} is reached by {', '.join(there)}{rest}."

    advantage = float(np.median(advantages(table)))
    summed = f"The median time of a network trained by gradients is {advantage:.1f} times ours; one that never arrives counts with its whole budget."
    return (*(told(name, race) for name, race in races.items()), summed)


def _draw(axis: Any, title: str, race: _Race) -> None:
    for method, colour in COLOURS.items():
        part = race.curves[race.curves.method == method].sort_values("seconds")
        axis.plot(part.seconds, part.nrmse.cummin(), drawstyle="steps-post", marker=".", linewidth=0.9, color=colour, label=method)
    axis.plot([s for _, s, _ in race.ours], [e for _, _, e in race.ours], color=TRAINED)
    for mark, (symbol, colour) in MARKS.items():
        points = [(s, e) for m, s, e in race.ours if m == mark]
        size = {"*": 11, "s": 8}.get(symbol, 5)
        axis.plot(
            *(np.transpose(points) if points else ([], [])), symbol, color=colour, markersize=size, markeredgecolor="white", label=f"ours, {mark}"
        )
    axis.axhline(target_of(race.curves), color=THEORY, linestyle=":", label="target")
    axis.set(title=title, xlabel="CPU seconds", ylabel="test error / sd(y)", xscale="log", yscale="log")
    axis.margins(x=0.1)
    log_ticks(axis)
