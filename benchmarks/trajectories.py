"""Trajectories: will a storm become a hurricane, by its first 12 fixes? An SVC on our Fréchet
kernel against DTW and global alignment kernels of tslearn, and exp(−Fréchet distance).

Random parts of 70 % train and 30 % test; every setting is chosen by 5 folds of the training rows.
Peers need tslearn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, Experiment, Options, Plan, checks_table, options_of, page
from benchmarks._storms import INPUTS, standardised, storms
from benchmarks._track_kernels import (
    dtw_distances,
    frechet_distances,
    gak,
    of_distances,
    ours,
    scored_neighbours,
    scored_svc,
)

EXPERIMENT = Experiment(
    "trajectories", ("set", "split", "method"), ("accuracy", "auc", "storms", "seconds")
)
FULL, QUICK = (
    Plan(seeds=range(10), sets=tuple(INPUTS)),
    Plan(seeds=range(1), sets=("position",)),
)
OURS = "Fréchet kernel, SVC"
METHODS: dict[str, Callable[..., tuple[float, float]]] = {
    OURS: lambda x, y, z, truth, seed: scored_svc(ours(x, z, seed), y, truth),
    "exp(−Fréchet), SVC": lambda x, y, z, truth, seed: scored_svc(
        of_distances(frechet_distances(x, z)), y, truth
    ),
    "DTW, nearest neighbours": lambda x, y, z, truth, seed: scored_neighbours(
        dtw_distances(x, z), y, truth
    ),
    "exp(−DTW), SVC": lambda x, y, z, truth, seed: scored_svc(
        of_distances(dtw_distances(x, z)), y, truth
    ),
    "GAK, SVC": lambda x, y, z, truth, seed: scored_svc(gak(x, z), y, truth),
    "the larger class": lambda x, y, z, truth, seed: (
        float((truth == np.bincount(y).argmax()).mean()),
        0.5,
    ),
}


def main(argv: list[str] | None = None) -> None:
    """`--sets` are the coordinates, `--seeds` the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[tuple[str, int, str]]:
    for split in options.seeds:
        yield from ((name, split, method) for name in options.sets for method in METHODS)


def _measure(key: tuple[str, int, str], options: Options) -> dict[str, Any]:
    name, split, method = key
    tracks, labels = storms(options.data, name)
    x, y, z, truth = standardised(tracks, labels, split)
    start = time.process_time()
    accuracy, auc = METHODS[method](x, y, z, truth, split)
    seconds = time.process_time() - start
    return {"accuracy": accuracy, "auc": auc, "storms": len(tracks), "seconds": seconds}


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a method."""
    lines = []
    for (label, name, method), part in rows.groupby(["label", "set", "method"], sort=False):
        scores = " | ".join(
            f"{part[m].mean():.3f} ± {part[m].std() / np.sqrt(len(part)):.3f}"
            for m in ("accuracy", "auc")
        )
        lines.append(f"| {label} | {name} | {method} | {scores} | {part.seconds.mean():.1f} |")
    return page(
        "Storms at their first 12 fixes",
        f"{rows.storms.max():.0f} storms, {rows.split.nunique()} splits; means ± one standard "
        "error of the splits. Seconds are those of all settings together.",
        checks_table(rows, checks),
        "| code | coordinates | method | accuracy | AUC | CPU s |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label."""
    found = [
        Check("storms", float(rows.storms.min()), least=300),
        Check("splits", float(rows.split.nunique()), least=10),
    ]
    for name, part in rows.groupby("set", sort=False):
        auc = part.groupby("method").auc.mean()
        best = auc.drop(OURS).max()
        found.append(Check(f"{name}: AUC less that of the best peer", auc[OURS] - best, least=0.0))
    return found


if __name__ == "__main__":
    main()
