"""Invariance: a fit looks for it once, with the targets of all folds. What does that take off the
out-of-fold error?

    claimed   the layer found with all rows; kept where the out-of-fold error of kernel ridge is lower behind it
    nested    the same by fold: found without the fold, kept by the errors of the other folds
    true      the error to be expected of the model that was kept, on new rows

Errors in sd of the target. One row a table; the part behind a layer is kernel ridge, as the
pipeline starts with it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._invariance_cases import KINDS, Case, draw
from benchmarks._invariance_report import report
from motifnet.engine import Control
from motifnet.losses import Objective
from motifnet.pipeline._prepare import Prepared, prepare
from motifnet.pipeline._presets import get_preset
from motifnet.pipeline._structure_stages import SMOOTHEST
from motifnet.stacking import predicted
from motifnet.structure import Part, Prescriber, Rows, part_of
from motifnet.tables import as_table

EXPERIMENT = Experiment(
    "invariance",
    ("kind", "n", "preset", "seed"),
    (
        "found",
        "found_by_folds",
        "folds",
        "kept",
        "plain",
        "claimed",
        "nested",
        "true_plain",
        "true",
        "seconds",
    ),
)
FULL = Plan(sizes=(240, 600, 1_600), presets=("balanced",), seeds=range(30))
QUICK = Plan(sizes=(240,), presets=("balanced",), seeds=range(3))
Key = tuple[str, int, str, int]


def main(argv: list[str] | None = None) -> None:
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    EXPERIMENT.run(options, _keys(options), partial(_measure, threads=options.threads), report)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))


def _keys(options: Options) -> Iterator[Key]:
    for n in options.sizes:
        yield from (
            (kind, n, preset, seed)
            for preset in options.presets
            for kind in options.kinds
            for seed in options.seeds
        )


def _measure(key: Key, threads: int) -> dict[str, Any]:
    kind, n, preset, seed = key
    start, case = time.process_time(), draw(kind, seed, n)
    ready = prepare(
        case.X,
        case.y,
        None,
        None,
        None,
        task="regression",
        objective=Objective(),
        preset=get_preset(preset),
        seed=seed,
    )
    return {
        **compare(_Choice(ready, preset, seed, threads), case),
        "seconds": time.process_time() - start,
    }


class _Choice:
    """Kernel ridge on a table, plain and behind the layers that its rows lead to; each is fitted
    once.
    """

    def __init__(self, ready: Prepared, preset: str, seed: int, threads: int) -> None:
        self.ready, self.seed, self.threads = ready, seed, threads
        self.convex = get_preset(preset).convex
        self.plain = part_of(
            "kernel ridge", self.convex.fit(ready.sample, seed=seed, n_jobs=threads)
        )
        self.known: dict[str, Part] = {}

    def behind(self, fold: int | None = None) -> Part | None:
        """The part behind the layer that is found without the fold; None where nothing is found."""
        control, rows = Control(), self._rows(fold)
        found = Prescriber("auto", rows).profile(control)
        found = replace(
            found, findings=tuple(f for f in found.findings if f.detector == "invariance")
        )
        setting = repr(found.prescription)
        smooth = replace(self.convex, profiles=SMOOTHEST)
        for candidate in (
            ()
            if setting in self.known
            else Prescriber(found, rows).input_layers(found, self.ready.sample, 0, control)
        ):
            fitted = smooth.fit(
                candidate.input_layer.transform(self.ready.sample),
                seed=self.seed,
                n_jobs=self.threads,
            )
            self.known[setting] = candidate.input_layer.part("kernel ridge", fitted)
        return self.known.get(setting)

    def _rows(self, fold: int | None) -> Rows:
        rows = self.ready.profile_rows(self.seed)
        if fold is None:
            return rows
        order = np.random.default_rng([self.seed, 16]).permutation(
            np.flatnonzero(self.ready.sample.folds.train(fold))
        )
        return replace(
            rows, X=self.ready.sample.X[order], y=self.ready.sample.y[order], total=len(order)
        )


def compare(choice: _Choice, case: Case) -> dict[str, Any]:
    """The three errors of a table."""
    ready, plain = choice.ready, choice.plain
    sample, goal = ready.sample, ready.goal
    there = predicted(plain.oof)
    layer = choice.behind()
    if layer is not None:
        there &= predicted(layer.oof)
    nested, found = np.full_like(plain.oof, np.nan), 0
    for k in range(sample.folds.count):
        own, out = choice.behind(k), sample.folds.held_out(k)
        found += own is not None
        better = own if own is not None and _lower(goal, own, plain, there & ~out) else plain
        nested[out] = better.oof[out]
    taken = layer if layer is not None and _lower(goal, layer, plain, there) else plain
    scored = there & predicted(nested)
    return {
        "found": int(layer is not None),
        "found_by_folds": found,
        "folds": sample.folds.count,
        "kept": int(taken is layer),
        "plain": goal.error(plain.oof, scored),
        "claimed": goal.error(taken.oof, scored),
        "nested": goal.error(nested, scored),
        "true_plain": _true(ready, plain, case),
        "true": _true(ready, taken, case),
    }


def _lower(goal: Any, one: Part, other: Part, rows: Any) -> bool:
    rows = rows & predicted(one.oof) & predicted(other.oof)
    return goal.error(one.oof, rows) < goal.error(other.oof, rows)


def _true(ready: Prepared, part: Part, case: Case) -> float:
    """Root of the expected squared error on new rows, in sd of the target."""
    goal: Any = ready.goal
    X = ready.encoder.transform(as_table(case.new_X, schema=ready.schema))
    difference = part.predict(X)[:, 0] * goal.sd[0] + goal.mean[0] - case.new_mean
    return float(np.sqrt(case.noise**2 + (difference**2).mean()) / goal.sd[0])


if __name__ == "__main__":
    main()
