"""Size and power of the detectors of `motifnet.profile`.

Every draw is a row of OUT/detectors.csv as soon as it is done, and is not run again. Cases take
turns, so that what is there after a limit of time covers all of them. Settings of the detectors
were chosen on other seeds (`--seed 0`) than those of the results (`--seed 1`).
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
from motifnet.engine import single_threaded

FIELDS = [
    "detector",
    "case",
    "power",
    "seed",
    "draw",
    "kind",
    "alarm",
    "value",
    "seconds",
    "version",
]


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], ALL)
    parser.add_argument(
        "--nulls", type=int, default=1_000, help="draws of each case without structure"
    )
    parser.add_argument("--draws", type=int, default=200, help="draws of each case with structure")
    parser.add_argument("--seed", type=int, default=1, help="first part of the seed of every draw")
    parser.add_argument(
        "--detectors",
        nargs="+",
        default=sorted({case.detector for case in CASES}),
        help="names of detectors",
    )
    parser.add_argument(
        "--limit", type=float, default=float("inf"), help="seconds after which no draw is begun"
    )
    options = parser.parse_args(argv)
    path = options.out / "detectors.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        path.unlink(missing_ok=True)
    tables = [
        table_of(name, options.data).dropna(axis=1, how="any")
        for name in options.sets
        if path_of(name, options.data)
    ]
    done, end = kept(path, ("detector", "case", "seed", "draw")), time.monotonic() + options.limit
    for draw in range(max(options.nulls, options.draws)):
        for number, case in enumerate(CASES):
            wanted = case.detector in options.detectors and draw < (
                options.draws if case.power else options.nulls
            )
            if (
                wanted
                and (case.detector, case.name, options.seed, draw) not in done
                and time.monotonic() < end
            ):
                _run(path, case, [options.seed, number, draw], tables)
    text = report(pd.read_csv(path))
    (options.out / "detectors.md").write_text(text)
    print(text)


def _run(path: Path, case: Case, seed: list[int], tables: list[pd.DataFrame]) -> None:
    start, rng, draw = time.process_time(), np.random.default_rng(seed), seed[-1]
    kind = case.kinds[draw % len(case.kinds)]
    with single_threaded():
        answer = case.run(kind, tables[int(rng.integers(len(tables)))], rng)
    row = [
        case.detector,
        case.name,
        case.power,
        seed[0],
        draw,
        kind,
        answer.alarm,
        answer.value,
        time.process_time() - start,
        version(),
    ]
    append(path, FIELDS, row)


def report(rows: pd.DataFrame) -> str:
    """A table of alarms with exact 95 % intervals, by case, and by kind where a case has
    several.
    """
    lines = [
        "| detector | case | draws | alarms | 95 % interval | wanted | CPU seconds a draw |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        part = rows[(rows.detector == case.detector) & (rows.case == case.name)]
        wanted = "≥ 90 %" if case.power else "≤ 6.5 %"
        for kind in (None, *case.kinds) if len(case.kinds) > 1 else (None,):
            some = part if kind is None else part[part.kind == kind]
            if len(some):
                names = (
                    (case.detector, case.name, wanted) if kind is None else ("", f"– {kind}", "")
                )
                lines.append(_line(names, some))
    return "\n".join([*lines, ""])


def _line(names: tuple[str, str, str], rows: pd.DataFrame) -> str:
    detector, name, wanted = names
    test = binomtest(int(rows.alarm.sum()), len(rows)).proportion_ci()
    share = f"{rows.alarm.mean():.1%} | {test.low:.1%} to {test.high:.1%}"
    return (
        f"| {detector} | {name} | {len(rows)} | {share} | {wanted} | {rows.seconds.median():.2f} |"
    )


if __name__ == "__main__":
    main()
