"""Classes of curves: does the error vanish where theory says so, and only there?

`make_curve_classes` with a decay of 1.2, where perfect classification is possible, and of 3, where
it is not. Peer: k nearest neighbours in L2 with k from 1, 3, 5, 9, 15 by five-fold
cross-validation. Errors are those on 4,000 new curves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, Experiment, Options, Plan, checks_table, options_of, page
from motifnet.further.functional import (
    FunctionalClassifier,
    bayes_error_of_classes,
    make_curve_classes,
    read_curves,
    separability_profile,
)

DECAYS = {"holds": 1.2, "fails": 3.0}
EXPERIMENT = Experiment(
    "functional_classes",
    ("condition", "n", "seed"),
    ("error", "derivative", "plain", "neighbours", "exponent", "seconds", "plain_seconds"),
)
FULL = Plan(sizes=(50, 100, 200, 400), seeds=range(8), sets=tuple(DECAYS))
QUICK = Plan(sizes=(50, 100), seeds=range(2), sets=tuple(DECAYS))
NEW = 4_000
Key = tuple[str, int, int]


def main(argv: list[str] | None = None) -> None:
    """`--sets` are "holds" and "fails"."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), _measure, _report)


def _keys(options: Options) -> Iterator[Key]:
    for seed in options.seeds:
        for condition in options.sets:
            yield from ((condition, n, seed) for n in options.sizes)


def _measure(key: Key) -> dict[str, Any]:
    condition, n, seed = key
    X, y, grid = make_curve_classes(n, DECAYS[condition], random_state=[n, seed])
    new, truth, _ = make_curve_classes(NEW, DECAYS[condition], random_state=[n, seed, 1])
    start = time.process_time()
    model = FunctionalClassifier(grid=grid).fit(X, y)
    middle = time.process_time()
    plain = FunctionalClassifier(derivative=0, grid=grid).fit(X, y)
    end = time.process_time()
    return {
        "error": np.mean(model.predict(new) != truth),
        "derivative": model.derivative_,
        "plain": np.mean(plain.predict(new) != truth),
        "neighbours": np.mean(_neighbours(X, y, new, grid) != truth),
        "exponent": separability_profile(X, y, grid).exponent,
        "seconds": middle - start,
        "plain_seconds": end - middle,
    }


def _neighbours(X: Any, y: Any, new: Any, grid: Any) -> Any:
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KNeighborsClassifier

    root = np.sqrt(read_curves(X, grid).weights)
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": (1, 3, 5, 9, 15)}, cv=5)
    return search.fit(X * root, y).predict(new * root)


def _checks(rows: pd.DataFrame) -> list[Check]:
    means = rows.groupby(["condition", "n"])[["error", "plain", "neighbours"]].mean()
    holds, fails = means.loc["holds"], means.loc["fails"]
    most = bayes_error_of_classes(DECAYS["fails"]) + 0.03
    checks = []
    for name in ("error", "plain"):
        ours = {"error": "default", "plain": "derivative=0"}[name]
        ratio = holds[name][400] / holds[name][50]
        checks += [
            Check(f"{ours}, holds: error(400)", holds[name][400], 0, 0.04),
            Check(f"{ours}, holds: error(400) / error(50)", ratio, 0, 0.5),
            *(
                Check(
                    f"{ours}, holds: error({n}) / kNN", holds[name][n] / holds.neighbours[n], 0, 1
                )
                for n in (100, 200, 400)
            ),
            Check(f"{ours}, fails: error(400), Bayes + .03", fails[name][400], 0, most),
        ]
    return checks


def _report(rows: pd.DataFrame) -> str:
    head = "| condition | n | default | derivative=0 | kNN | Bayes | growth exponent | CPU s | CPU s, derivative=0 |"
    lines = [
        f"| {condition} | {n} | {part.error.mean():.3f} | {part.plain.mean():.3f} "
        f"| {part.neighbours.mean():.3f} | {bayes_error_of_classes(DECAYS[condition]):.3f} "
        f"| {part.exponent.median():.2f} | {part.seconds.mean():.1f} "
        f"| {part.plain_seconds.mean():.1f} |"
        for (condition, n), part in rows.groupby(["condition", "n"], sort=False)
    ]
    complete = rows.groupby(["condition", "n"]).ngroups == 2 * len(FULL.sizes)
    checks = checks_table(rows, _checks) if complete else []
    text = __doc__.partition("\n\n")[2]
    return page("Classes of curves", text, checks, head, sorted(lines, key=_order), rows)


def _order(line: str) -> tuple[bool, int]:
    _, condition, n, *_ = (cell.strip() for cell in line.split("|"))
    return condition == "fails", int(n)


if __name__ == "__main__":
    main()
