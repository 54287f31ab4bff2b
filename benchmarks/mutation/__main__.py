"""Mutation score of src/motifnet/transfer, kernels and bands: a seeded sample of mutants, each
against the fast tests that run its line.

First `--measure` (the whole fast suite under coverage.py; afterwards with the names of test files
that changed, which takes less). Then each mutant of the sample gets the quickest of its tests, up
to `--budget` seconds together, and ends at the first that fails. A mutant is a row of
OUT/mutation.csv as soon as it is done and is not tried again; `--again` tries the survivors again,
as after new tests. Mutants that change nothing that a caller can see are named, with the reason, in
OUT/equivalent.csv; they are in the table, and the score without and with them is given.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.mutation._covering import Lines, covering, lines_of, measure, seconds_of, within
from benchmarks.mutation._mutants import Mutant, mutants_of
from benchmarks.mutation._results import Results
from benchmarks.mutation._trial import Outcome, attempt, preload

ROOT = Path(__file__).parents[2]
FOLDERS = ("transfer", "kernels", "uncertainty")
_START = 60.0  # seconds to import and collect, at most


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    if options.measure is not None:
        measure(ROOT, options.map.resolve(), options.measure)
        return
    results, lines, seconds = Results(options.out), lines_of(options.map), seconds_of(options.map)
    sample = [
        mutant for folder in FOLDERS for mutant in sample_of(folder, options.count, options.seed)
    ]
    if options.again:
        results.forget_survivors()
    preload()
    todo = [
        m
        for m in sample
        if m.key not in results.done and (not options.only or m.path.endswith(tuple(options.only)))
    ]
    _run(todo, lines, seconds, options, results)
    results.report(sample)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--measure",
        nargs="*",
        metavar="TEST",
        help="measure what tests cover (none named: all fast ones), and end",
    )
    parser.add_argument(
        "--map",
        type=Path,
        default=ROOT / "benchmarks" / "out" / "mutation",
        help="folder of what tests cover",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "benchmarks" / "results" / "mutation",
        help="folder for results",
    )
    parser.add_argument("--count", type=int, default=150, help="mutants of each folder")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--budget", type=float, default=40, help="seconds of tests for a mutant")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument(
        "--limit", type=float, default=float("inf"), help="seconds after which no mutant is begun"
    )
    parser.add_argument("--again", action="store_true", help="try the survivors again")
    parser.add_argument("--only", nargs="*", metavar="FILE", help="mutants of these files alone")
    return parser.parse_args(argv)


def sample_of(folder: str, count: int, seed: int) -> list[Mutant]:
    """The first mutants of a folder in a random order."""
    files = sorted((ROOT / "src" / "motifnet" / folder).rglob("*.py"))
    return sorted(
        (m for path in files for m in mutants_of(path, ROOT)), key=lambda m: m.rank(seed)
    )[:count]


def _run(
    todo: Iterable[Mutant],
    lines: Lines,
    seconds: dict[str, float],
    options: argparse.Namespace,
    results: Results,
) -> None:
    """So many processes at a time; one that answers nothing in time is ended, and counts as
    noticed.
    """
    fork, queue, running, end = (
        get_context("fork"),
        list(todo),
        [],
        time.monotonic() + options.limit,
    )
    while queue or running:
        while queue and len(running) < options.jobs and time.monotonic() < end:
            mutant = queue.pop(0)
            tests = within(covering(lines, mutant, seconds), seconds, options.budget)
            if not tests:
                results.add(mutant, Outcome("survived", "no test", 0), 0.0)
                continue
            receive, send = fork.Pipe(duplex=False)
            process = fork.Process(target=attempt, args=(mutant, tests, seconds, ROOT, send))
            process.start()
            send.close()
            running.append((process, receive, mutant, time.monotonic()))
        if not running:
            return
        for entry in running[:]:
            process, receive, mutant, begun = entry
            late = time.monotonic() - begun > _START + 10 * options.budget
            if receive.poll(0.05) or late or not process.is_alive():
                outcome = _answer(receive, late)
                process.kill()
                process.join()
                if outcome is None and process.exitcode == 0:
                    raise RuntimeError(f"The trial of {mutant} went wrong: pytest ran no test.")
                results.add(mutant, outcome or Outcome("crash", "", 0), time.monotonic() - begun)
                running.remove(entry)


def _answer(receive: Connection, late: bool) -> Outcome | None:
    """None: the process ended without one."""
    try:
        return receive.recv() if receive.poll() else Outcome("timeout", "", 0) if late else None
    except EOFError:
        return None


if __name__ == "__main__":
    main()
