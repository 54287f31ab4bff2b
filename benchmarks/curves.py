"""Error against seconds: ours, our architecture from random weights by Adam, and a ReLU network of
equal size by AdamW.

All see the same encoded matrix and the same test rows, with the same threads. Our seconds hold
everything: encoding, teacher, tuning, selection. The curves of a set are kept in OUT/curves/SET.csv
and are not run again while they are there.
"""

from __future__ import annotations

import argparse
from functools import partial

import pandas as pd
import torch

from benchmarks._best_so_far import task_of
from benchmarks._curves_report import plot, report
from benchmarks._descent import Descent
from benchmarks._own_course import fit, warm_up
from benchmarks._random_twin import random_twin
from benchmarks._relu_network import mlp
from benchmarks._tables import arguments, split, version
from motifnet.motifs import count_parameters

SETS = ("concrete", "airfoil", "kin8nm", "cpu_act", "abalone", "energy")
RATES = (3e-4, 1e-3, 3e-3, 1e-2)


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], SETS)
    parser.add_argument("--preset", default="balanced", help="preset of MotifRegressor")
    parser.add_argument(
        "--budget-factor", type=float, default=20.0, help="seconds of the others, in units of ours"
    )
    options = parser.parse_args(argv)
    folder = options.out / "curves"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    warm = False
    for name in options.sets:
        path = folder / f"{name}.csv"
        if options.fresh or not path.exists():
            if not warm:
                warm_up()
                torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])  # loads torch's compiler
                warm = True
            _run(name, options).to_csv(path, index=False)
    curves = {name: pd.read_csv(folder / f"{name}.csv") for name in options.sets}
    text = report(curves)
    (folder / "curves.md").write_text(text)
    plot(curves, folder / "curves.svg")
    print(text)


def _run(name: str, options: argparse.Namespace) -> pd.DataFrame:
    """All three methods on one set; one row a point of a curve."""
    data = split(name, options.data, 0, options.cap)
    ours = fit(data, options.preset, options.threads, 0)
    rows = [("ours", stage.name, stage.seconds, stage.best) for stage in ours.stages]
    rows.append(("ours", "final", ours.seconds, ours.error))
    network = ours.model.network_.module
    size = count_parameters(network)
    print(f"{name}: ours {ours.error:.4f} in {ours.seconds:.1f} s, {size:,} parameters", flush=True)
    task, inner = (
        task_of(data, ours),
        next(
            s
            for s in reversed(ours.model.stages_)
            if s.name.startswith(("feature layers", "transferred"))
        ),
    )
    methods = {
        "same architecture, Adam": (partial(random_twin, inner.network, task.X), 0.0),
        "ReLU network, AdamW": (partial(mlp, task.X.shape[1], size), 1e-2),
    }
    for method, (build, decay) in methods.items():
        run = Descent(task, build, decay, RATES, options.budget_factor * ours.seconds).run()
        points = run.history.end()
        rows += [
            (method, f"rate {run.chosen[0]:g}, {run.epochs} epochs", seconds, error)
            for seconds, error in points
        ]
        print(
            f"{name}: {method} {min(e for _, e in points):.4f}, ended after {points[-1][0]:.1f} "
            f"s, {run.epochs} epochs",
            flush=True,
        )
    table = pd.DataFrame(rows, columns=["method", "stage", "seconds", "nrmse"])
    return table.assign(
        set=name, rows=len(data.train), parameters=size, threads=options.threads, version=version()
    )


if __name__ == "__main__":
    main()
