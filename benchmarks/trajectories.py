"""Trajectories: will a storm become a hurricane, by its first 12 fixes? An SVC on our Fréchet
kernel against DTW and global alignment kernels of tslearn, and exp(−Fréchet distance).

Random parts of 70 % train and 30 % test; every setting is chosen by 5 folds of the training rows.
Seconds are those of the matrices of all settings and all tracks, and of the fits of one split.
Peers need tslearn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, Experiment, Options, Plan, checks_table, options_of, page
from benchmarks._storms import INPUTS, parts, storms
from benchmarks._track_kernels import (
    clipped,
    dtw_distances,
    exponentials,
    frechet_distances,
    global_alignment,
    ours,
    plain,
    scored_neighbours,
    scored_svc,
)

EXPERIMENT = Experiment(
    "trajectories",
    ("set", "split", "method"),
    ("accuracy", "auc", "storms", "matrix_seconds", "seconds"),
)
FULL = Plan(seeds=range(10), sets=tuple(INPUTS))
QUICK = Plan(seeds=range(1), sets=("position",))
OURS, NEAREST, LARGER = "Fréchet kernel, SVC", "DTW, nearest neighbours", "the larger class"
METHODS = {
    OURS: ours,
    "exp(−Fréchet), SVC": lambda tracks: exponentials(frechet_distances(tracks)),
    NEAREST: lambda tracks: [dtw_distances(tracks)],
    "exp(−DTW), SVC": lambda tracks: exponentials(dtw_distances(tracks)),
    "global alignment, SVC": global_alignment,
    LARGER: lambda tracks: [],
}


def main(argv: list[str] | None = None) -> None:
    """`--sets` are the coordinates, `--seeds` the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[tuple[str, int, str]]:
    for name in options.sets:
        for method in METHODS:
            yield from ((name, split, method) for split in options.seeds)


@cache
def _family(data: Any, name: str, method: str) -> tuple[list[Any], float]:
    """The matrices of a method, and the seconds that they took."""
    start = time.process_time()
    family = METHODS[method](storms(data, name)[0])
    return family, time.process_time() - start


def _measure(key: tuple[str, int, str], options: Options) -> dict[str, Any]:
    name, split, method = key
    tracks, labels = storms(options.data, name)
    family, matrix_seconds = _family(options.data, name, method)
    train, test = parts(len(tracks), split)
    start = time.process_time()
    if method == LARGER:
        common = np.bincount(labels[train]).argmax()
        accuracy, auc = float((labels[test] == common).mean()), 0.5
    elif method == NEAREST:
        accuracy, auc = scored_neighbours(family[0], labels, train, test)
    else:
        prepared = clipped if method == OURS else plain
        accuracy, auc = scored_svc(family, prepared, labels, train, test)
    return {
        "accuracy": accuracy,
        "auc": auc,
        "storms": len(tracks),
        "matrix_seconds": matrix_seconds,
        "seconds": time.process_time() - start,
    }


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a method."""
    lines = []
    for (label, name, method), part in rows.groupby(["label", "set", "method"], sort=False):
        scores = " | ".join(
            f"{part[m].mean():.3f} ± {part[m].std() / np.sqrt(len(part)):.3f}"
            for m in ("accuracy", "auc")
        )
        lines.append(
            f"| {label} | {name} | {method} | {scores} | {part.matrix_seconds.mean():.1f} | "
            f"{part.seconds.mean():.1f} |"
        )
    return page(
        "Storms at their first 12 fixes",
        f"{rows.storms.max():.0f} storms, {rows.split.nunique()} splits; means ± one standard "
        "error of the splits, whose training rows overlap.",
        checks_table(rows, checks),
        "| code | coordinates | method | accuracy | AUC | CPU s of all matrices | of one split |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label."""
    return [
        Check("storms", float(rows.storms.min()), least=300),
        Check("splits", float(rows.split.nunique()), least=10),
    ]


if __name__ == "__main__":
    main()
