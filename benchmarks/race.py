"""The race to a target: seconds until the error on test rows is within 2 % of the best that any method reaches on the table.

Ours against networks trained by gradients (a ReLU network with as many parameters, RealMLP, inner layers from a random start under variable
projection) and against what else needs no gradient or is a kernel (SWIM, random features, a Gaussian process). The curves of a table are in
OUT/race/SET.csv; a method whose curve is there is not run again. Everything has one thread, and seconds are CPU seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import torch

from benchmarks._race_report import picture, report
from benchmarks._tables import arguments, split, version
from benchmarks.curves import SETS
from motifnet.lab.race import RACERS, enter, warm_up


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], SETS)
    parser.add_argument("--preset", default="balanced", help="preset of MotifRegressor")
    parser.add_argument("--budget-factor", type=float, default=10.0, help="seconds of the others, in units of ours")
    options = parser.parse_args(argv)
    folder = options.out / "race"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name in options.sets:
        path = folder / f"{name}.csv"
        if options.fresh:
            path.unlink(missing_ok=True)
        _run(name, path, options)
    curves = {name: pd.read_csv(folder / f"{name}.csv") for name in options.sets}
    text = report(curves)
    (folder / "race.md").write_text(text)
    picture(curves, folder / "race.svg")
    print(text)


def _run(name: str, path: Path, options: argparse.Namespace) -> None:
    """The methods that are not there yet; one row a point of a curve."""
    there = set(pd.read_csv(path).method) if path.exists() else set()
    missing = [method for method in RACERS if method not in there]
    if not missing and there:
        return
    warm_up()
    ours, race = enter(split(name, options.data, 0, options.cap), options.preset, options.budget_factor)
    if "ours" not in there:
        points = [(stage.seconds, stage.best) for stage in ours.stages]
        _append(path, name, "ours", options.preset, [*points, (ours.seconds, ours.error)], options)
    for method in missing:
        for setting, points in RACERS[method](race):
            _append(path, name, method, setting, points, options)


def _append(path: Path, name: str, method: str, setting: str, points: list[tuple[float, float]], options: argparse.Namespace) -> None:
    rows = pd.DataFrame(points, columns=["seconds", "nrmse"])
    rows = rows.assign(set=name, method=method, setting=setting, cap=options.cap, version=version())
    rows.to_csv(path, mode="a", header=not path.exists(), index=False)
    print(f"{name}: {method}, {setting}: {rows.nrmse.min():.4f}, ended after {rows.seconds.max():.1f} s", flush=True)


if __name__ == "__main__":
    main()
