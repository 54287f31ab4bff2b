"""A fit that rises, or falls, along named columns at every input.

    convex fit → transfer → trees → trees on residuals → stack → compact

Every part is monotone, and is proved so from its own numbers (`teachers.is_monotone`). The stack
weighs parts by v ≥ 0, and what follows it, the unit of the target or the softmax of two classes,
rises with their sum. So the network is monotone by structure. Stages that would break this, feature
layers of all columns above all, are left out, and the ledger says so.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from motifnet.engine import DataError, LedgerRow, MotifnetError, UsageError
from motifnet.losses import Objective
from motifnet.motifs import count_parameters
from motifnet.pipeline._prepare import Prepared
from motifnet.pipeline._run import Run
from motifnet.structure import part_of
from motifnet.tables import Numeric
from motifnet.teachers import (
    OWN,
    TEACHERS,
    BoostedTrees,
    FittedSum,
    FittedTeacher,
    PartlyMonotone,
    ResidualTrees,
    is_monotone,
)

MIN_ROWS = 20
WORDS = {1: "rises", -1: "falls"}
# settings that a monotone fit can have, and why no others
_PLAIN: dict[str, tuple[tuple[Any, ...], str]] = {
    "teacher": ((OWN,), "its network would be retrained, which keeps no signs."),
    "teachers": ((None,), "only its own trees keep the signs."),
    "size": (("compact", "full"), "a small network is distilled, which keeps no signs."),
    "max_parameters": ((None,), "a small network is distilled, which keeps no signs."),
    "profile": ((None, "auto"), "its layers mix all columns."),
}
LEFT_OUT = (
    "left out, as extrapolation, profile and kernels of the named columns: nothing would keep them "
    "monotone"
)


def check_monotone(estimator: Any) -> dict[str, int]:
    """The names with a sign other than 0. Raises UsageError for what is no map of names to signs,
    and for settings of the estimator that would break the guarantee.
    """
    monotone = estimator.monotone
    if monotone is None:
        return {}
    if not isinstance(monotone, Mapping) or not all(isinstance(name, str) for name in monotone):
        raise UsageError(
            f"monotone={monotone!r} must map names of columns to 1 (rises) or -1 (falls), such as "
            "{'age': 1}."
        )
    for name, sign in monotone.items():
        if isinstance(sign, bool) or sign not in (-1, 0, 1):
            raise UsageError(
                f"monotone: column {name!r} has {sign!r}. Give it 1 where predictions must rise "
                "with it, -1 where they must fall, 0 for no condition."
            )
    signs = {name: int(sign) for name, sign in monotone.items() if sign}
    for name, (plain, reason) in _PLAIN.items():
        value = getattr(estimator, name)
        if signs and not any(
            value is one or (isinstance(value, str) and value == one) for one in plain
        ):
            raise UsageError(
                f"monotone does not go with {name}={value!r}: {reason} Leave one of them out."
            )
    return signs


def signs_of(monotone: Mapping[str, int], ready: Prepared, objective: Objective) -> tuple[int, ...]:
    """The sign of each encoded column; empty without conditions.

    Raises UsageError or DataError for a column that is unknown or has no order, and for a target
    whose predictions cannot be guaranteed.
    """
    if not monotone:
        return ()
    _check_target(ready, objective)
    names = ready.schema.names
    for name in monotone:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"monotone names {name!r}, which is not a column of the table. {guess}The columns "
                f"are {', '.join(map(repr, names))}."
            )
    signs = list[int]()
    for feature in ready.encoder.features:
        sign = monotone.get(feature.name, 0)
        if sign and not isinstance(feature, Numeric):
            kind = ready.schema.kinds[names.index(feature.name)]
            raise UsageError(
                f"monotone names {feature.name!r}, a {kind} column. Only numbers and true/false "
                "have the order that it needs: pass it as numbers, or leave it out of monotone."
            )
        # a value that does not vary has no column; the indicator of missing values no condition
        value = int(isinstance(feature, Numeric) and feature.sd is not None)
        signs += [sign] * value + [0] * (len(feature.names) - value)
    return tuple(signs)


def _check_target(ready: Prepared, objective: Objective) -> None:
    if ready.sample.n < MIN_ROWS:
        raise DataError(
            f"monotone needs at least {MIN_ROWS} rows, and the table has {ready.sample.n}. Add "
            "rows, or fit without it."
        )
    if ready.classes is not None and len(ready.classes) > 2:
        raise UsageError(
            f"monotone is for two classes, and the target has {len(ready.classes)}: of more, the "
            "probability of one rises only where others fall. Fit one class against the others."
        )
    if objective.name != "squared":
        raise UsageError(
            f"monotone is guaranteed for objective='squared', not for {objective.name!r}. Leave "
            "one of them out."
        )


def fit_monotone(run: Run) -> FittedSum:
    """The convex fit and its transfer. They always finish."""
    start = run.history.start("convex fit")
    fitted = PartlyMonotone(run.signs).fit(run.sample, seed=run.seed, n_jobs=run.n_jobs)
    seconds = time.monotonic() - start
    start = run.history.start("transferred")
    _add(run, "monotone ramps and kernel", fitted)
    scored = run.goal.score(run.others)
    size = count_parameters(run.others[0].network)
    note = "monotone ramps of the named columns, and kernel ridge of the others, in one problem"
    run.history.enter(LedgerRow("convex fit", seconds, scored.error, size, True, note))
    run.history.record("transferred", start, scored, "network by calculation")
    run.history.leave_out("feature layers", LEFT_OUT)
    return fitted


def add_trees(run: Run, name: str) -> None:
    """Boosted trees with constrained splits."""
    start = run.history.start(name)
    run.control.check()
    fit = partial(_trees(run, name).fit, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    _add(run, name, fit(run.sample))
    run.record(name, start, "monotone splits", run.goal.score(run.others[-1:]))


def add_residual_trees(run: Run, name: str, first: FittedSum) -> None:
    """The convex fit, and trees on its residuals."""
    stage = "trees on residuals"
    start = run.history.start(stage)
    run.control.check()
    fitted = ResidualTrees(_trees(run, name)).fit(
        run.sample, first, seed=run.seed, n_jobs=run.n_jobs, control=run.control
    )
    _add(run, stage, fitted)
    note = "the convex fit, and trees with monotone splits on its residuals"
    run.record(stage, start, note, run.goal.score(run.others[-1:]))


def certify_monotone(run: Run) -> None:
    """Enter what is guaranteed. Every part was proved to be monotone when it was added."""
    best = run.history.best
    assert best is not None
    if (best.weights < 0).any():
        raise MotifnetError("The stack of a monotone fit has a negative weight. Please report it.")
    what = "probability of the second class" if run.sample.labels is not None else "prediction"
    moves = ", ".join(f"{WORDS[sign]} with {name}" for name, sign in run.monotone.items())
    parts = " + ".join(
        part.name for part, weight in zip(best.parts, best.weights, strict=True) if weight.any()
    )
    note = (
        f"guaranteed at every input: the {what} {moves}. Each part is monotone, and has a weight "
        f"of at least 0: {parts}"
    )
    size = count_parameters(run.goal.network(best))
    run.history.enter(LedgerRow("monotone", 0.0, best.error, size, True, note))


def _trees(run: Run, name: str) -> BoostedTrees:
    teacher = TEACHERS[name]()
    assert isinstance(teacher, BoostedTrees)
    return replace(teacher, bagged=run.copies, signs=run.signs)


def _add(run: Run, name: str, fitted: FittedTeacher) -> None:
    """Add a part that is proved to be monotone."""
    if not is_monotone(fitted, np.array(run.signs)):
        raise MotifnetError(
            f"The part {name!r} is not monotone: its library has not kept the constraints. Install "
            "LightGBM 4 or later, or fit without monotone."
        )
    run.others.append(part_of(name, fitted))
