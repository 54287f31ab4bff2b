"""A trial on the rows of few folds, before a part is fitted for all of them: the parts are judged by these rows alone, their stack weighed by folds
within them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from motifnet.estimators._goal import Goal, Mask
from motifnet.stacking import predicted
from motifnet.structure import LogScale, Part
from motifnet.tables import Matrix
from motifnet.teachers import inner_folds

FOLDS = 4


@dataclass(frozen=True)
class Trial:
    """The rows, a mask with shape (n,) among those of the fit, the goal on them, and the scores there of the part that is tried."""

    rows: Mask
    goal: Goal
    scores: Matrix

    @classmethod
    def of(cls, goal: Goal, oof: Matrix, log: LogScale | None, seed: int) -> Trial:
        """The trial of a part with such predictions, on the scale that it was fitted on; NaN beyond the rows of the trial."""
        rows = predicted(oof)
        judge = goal.sample.rows(rows)
        judge = replace(judge, folds=inner_folds(judge, FOLDS, seed))
        scores = oof[rows] if log is None else log.on(judge, rows).scores(oof[rows])[1]
        return cls(rows, goal.on(judge), scores)

    def error(self, parts: Sequence[Part], like: Part | None = None) -> float:
        """The error of parts; with `like`, any part, beside the one that is tried."""
        there = [replace(part, oof=part.oof[self.rows]) for part in parts]
        return self.goal.judge(there if like is None else [*there, replace(like, oof=self.scores)]).error
