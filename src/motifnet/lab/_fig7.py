"""Figure 7: Motif Mimicry against stochastic gradient descent: error against seconds.

Ours goes through a convex fit, its transfer into a network by calculation, the retrained network, and the finished one with its trees; the runner
beside it is a ReLU network from random weights by AdamW, its rate and batch chosen by a pilot whose seconds count. The target of a table is 1.02
times the least error that either reaches. One table is real (diabetes, which scikit-learn holds), the others are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from motifnet.compare import stage_outputs
from motifnet.estimators import MotifRegressor
from motifnet.lab._adamw import Search, adamw
from motifnet.lab._draw import CALM, MEASURED, THEORY, TRAINED, files, log_ticks, panels
from motifnet.lab._facts import Check, Facts
from motifnet.tables import Matrix

NAME, TITLE = "fig7", "Motif Mimicry against stochastic gradient descent: error against seconds"
TARGET = 1.02  # times the least error of any method
QUICK = Search(rates=(3e-4, 1e-3, 3e-3), batches=(128,), pilot=15, epochs=150)
FULL = Search(rates=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2), batches=(32, 128, 512), pilot=20, epochs=200)
CONVEX, TRANSFERRED, RETRAINED, FINISHED = "convex fit", "transferred", "retrained", "with trees"
MARKS = {CONVEX: ("s", CALM), TRANSFERRED: ("o", TRAINED), RETRAINED: ("D", TRAINED), FINISHED: ("*", TRAINED)}
Table = tuple[Matrix, Matrix]


@dataclass(frozen=True)
class _Course:
    """Points (seconds, test error in units of sd(y)) of ours, each with its mark, and of AdamW."""

    ours: list[tuple[str, float, float]]
    sgd: list[tuple[float, float]]

    def error(self, mark: str) -> float:
        """The last error with this mark."""
        return [e for m, _, e in self.ours if m == mark][-1]

    @property
    def target(self) -> float:
        return TARGET * min([e for _, _, e in self.ours] + [e for _, e in self.sgd])

    @property
    def seconds(self) -> tuple[float, float]:
        """Until the target, of ours and of AdamW; infinite where it is never reached."""
        ours = [s for _, s, e in self.ours if e <= self.target]
        sgd = [s for s, e in self.sgd if e <= self.target]
        return min(ours, default=np.inf), min(sgd, default=np.inf)


def _diabetes(n: int) -> Table:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    return X, y.astype(float)


def _friedman(n: int) -> Table:
    from sklearn.datasets import make_friedman1

    X, y = make_friedman1(n, noise=1.0, random_state=0)
    return X, y


def _kink(n: int) -> Table:
    """Smooth parts, a product and a kink."""
    rng = np.random.default_rng(0)
    X = rng.random((n, 4))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3] - 0.5) / 2 + 0.1 * rng.normal(size=n)


TABLES: dict[str, Callable[[int], Table]] = {"diabetes": _diabetes, "Friedman's first": _friedman, "sine, product and kink": _kink}


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    rows, preset, search = (1_200, "fast", QUICK) if quick else (3_000, "balanced", FULL)
    _course(_kink(100), "fast", Search((1e-3,), (16,), 1, 2))  # loads what the first run loads, so that no timing has it
    courses = {name: _course(make(rows), preset, search) for name, make in TABLES.items()}
    with panels(out, NAME, 1, len(courses)) as axes:
        for axis, letter, (name, course) in zip(axes[0], "abc", courses.items(), strict=True):
            _draw(axis, f"{letter}  {name}", course)
    values = {name: {"ours": course.ours, "AdamW": course.sgd, "target": course.target} for name, course in courses.items()}
    return Facts(NAME, TITLE, quick, _sentences(courses), _checks(courses), values, files(NAME))


def _course(table: Table, preset: str, search: Search, seed: int = 0) -> _Course:
    X, y = table
    order = np.random.default_rng(seed).permutation(len(X))
    test, train = order[: len(X) // 4], order[len(X) // 4 :]
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])

    def error(predicted: Matrix) -> float:
        return float(np.sqrt(np.mean((predicted - y[test]) ** 2)) / y[test].std())

    model = MotifRegressor(preset=preset, n_jobs=1, random_state=seed).fit(frame.iloc[train], y[train])
    ours = []
    for stage, kept, values in stage_outputs(model, frame.iloc[test]):
        if kept:
            ours.append((_mark(stage.name), stage.seconds, error(values[:, 0])))
    first = next(row for row in model.ledger_ if row.stage == CONVEX)
    ours.insert(0, (CONVEX, first.seconds, ours[0][2]))  # the same function before its transfer
    sgd = [(passed.seconds, error(passed.predicted)) for passed in adamw(X[train], y[train], X[test], search, seed)]
    return _Course(ours, sgd)


def _mark(stage: str) -> str:
    return TRANSFERRED if stage == TRANSFERRED else RETRAINED if stage.startswith(("last layer", "log scale", "inner layers")) else FINISHED


def _checks(courses: dict[str, _Course]) -> tuple[Check, ...]:
    first = sum(course.seconds[0] < course.seconds[1] for course in courses.values())
    retrained = [
        Check(f"{name}: error retrained / transferred", course.error(RETRAINED) / course.error(TRANSFERRED), 1.0, 0.0, TARGET)
        for name, course in courses.items()
        if any(mark == RETRAINED for mark, _, _ in course.ours)  # kept by rows that it had not seen
    ]
    return (Check("tables on which ours is first at the target", float(first), len(courses), len(courses) / 2, len(courses)), *retrained)


def _sentences(courses: dict[str, _Course]) -> tuple[str, ...]:
    def told(name: str, course: _Course) -> str:
        ours, sgd = course.seconds
        steps = ", ".join(f"{mark} {error:.3f} after {seconds:.1f} s" for mark, seconds, error in course.ours)
        reached = [
            f"{who} {'reaches it after ' + format(s, '.1f') + ' s' if np.isfinite(s) else 'does not within its epochs'}"
            for who, s in (("ours", ours), ("AdamW", sgd))
        ]
        least = min(e for _, e in course.sgd)
        return f"{name[0].upper()}{name[1:]}: {steps}; AdamW {least:.3f} at best. The target is {course.target:.3f}: {' and '.join(reached)}."

    return tuple(told(name, course) for name, course in courses.items())


def _draw(axis: Any, title: str, course: _Course) -> None:
    axis.plot(*np.transpose(course.sgd), color=MEASURED, marker=".", label="ReLU network, AdamW, with pilot")
    axis.plot([s for _, s, _ in course.ours], [e for _, _, e in course.ours], color=TRAINED, linewidth=0.8)
    for mark, (symbol, colour) in MARKS.items():
        points = [(s, e) for m, s, e in course.ours if m == mark]
        if points:
            size = {"*": 11, "s": 8}.get(symbol, 5)
            axis.plot(*np.transpose(points), symbol, color=colour, markersize=size, markeredgecolor="white", label=f"Motif Mimicry, {mark}")
    axis.axhline(course.target, color=THEORY, linestyle=":", label="target")
    axis.set(title=title, xlabel="seconds", ylabel="test error / sd(y)", xscale="log", yscale="log")
    axis.margins(x=0.2)
    log_ticks(axis)
    axis.legend(fontsize=7)
