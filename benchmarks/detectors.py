"""Size and power of the detectors of `motifnet.profile`.

Nulls are real columns with simulated targets; every draw is a row of OUT/detectors.csv as soon as it is done, and is not run again. Cases take turns,
so that what is there after a limit of time covers all of them.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks._detector_cases import CASES, Case
from benchmarks._kept_rows import append, kept
from benchmarks._tables import ALL, arguments, path_of, table_of, version

FIELDS = ["detector", "case", "power", "draw", "set", "alarm", "value", "seconds", "version"]


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], ALL)
    parser.add_argument("--nulls", type=int, default=1_000, help="draws of each case without structure")
    parser.add_argument("--draws", type=int, default=200, help="draws of each case with structure")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds after which no draw is begun")
    options = parser.parse_args(argv)
    path = options.out / "detectors.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        path.unlink(missing_ok=True)
    sets = [name for name in options.sets if path_of(name, options.data)]
    tables = {name: table_of(name, options.data).dropna(axis=1, how="any") for name in sets}
    done, end = kept(path, ("detector", "case", "draw")), time.monotonic() + options.limit
    for draw in range(max(options.nulls, options.draws)):
        for number, case in enumerate(CASES):
            wanted = draw < (options.draws if case.power else options.nulls)
            if wanted and (case.detector, case.name, draw) not in done and time.monotonic() < end:
                _run(path, case, number, draw, sets[draw % len(sets)], tables[sets[draw % len(sets)]])
    text = report(pd.read_csv(path))
    (options.out / "detectors.md").write_text(text)
    print(text)


def _run(path: Path, case: Case, number: int, draw: int, name: str, table: pd.DataFrame) -> None:
    start = time.process_time()
    answer = case.run(table, np.random.default_rng([number, draw]))
    row = [case.detector, case.name, case.power, draw, name, answer.alarm, answer.value, time.process_time() - start, version()]
    append(path, FIELDS, row)


def report(rows: pd.DataFrame) -> str:
    """A table of alarms with exact 95 % intervals."""
    lines = ["| detector | case | draws | alarms | 95 % interval | wanted | CPU seconds a draw |", "|---|---|---|---|---|---|---|"]
    for case in CASES:
        part = rows[(rows.detector == case.detector) & (rows.case == case.name)]
        if not len(part):
            continue
        test = binomtest(int(part.alarm.sum()), len(part)).proportion_ci()
        wanted = "≥ 90 %" if case.power else "≤ 5 %"
        share = f"{part.alarm.mean():.1%} | {test.low:.1%} to {test.high:.1%}"
        lines.append(f"| {case.detector} | {case.name} | {len(part)} | {share} | {wanted} | {part.seconds.median():.1f} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
