"""What the network does beyond the rows of the fit: it levels off, or follows a line (`structure.Extrapolation`)."""

from __future__ import annotations

import time
from dataclasses import replace

from motifnet.engine import LedgerRow
from motifnet.estimators._goal import RegressionGoal
from motifnet.estimators._run import Run
from motifnet.motifs import count_parameters
from motifnet.structure import Side, extrapolation


def extrapolate(run: Run) -> None:
    """Lines beyond the rows of the fit, where trials find a trend; only for squared error. The ledger has the error among the rows, which stays."""
    goal, best, trained, linear = run.goal, run.course.best, run.trained, run.linear
    if not isinstance(goal, RegressionGoal) or best is None or trained is None or linear is None:
        return
    start = run.course.start("extrapolation")
    run.control.check()
    found, sides = extrapolation(run.sample, trained, linear, run.seed, () if run.screen is None else run.screen.by_fold)
    if not sides:
        return
    run.goal = run.course.goal = replace(goal, beyond=found)
    size = count_parameters(run.goal.network(best))
    note = f"follows the slopes of a linear regression {' and '.join(_described(run, side) for side in sides)}"
    run.course.enter(LedgerRow("extrapolation", time.monotonic() - start, best.error, size, True, note))


def _described(run: Run, side: Side) -> str:
    name = run.names[side.column] if run.names else f"column {side.column}"
    end = "above the largest" if side.upper else "below the least"
    return f"{end} {name} (on held-out rows there {side.share:.2f} of the squared error levelled off)"
