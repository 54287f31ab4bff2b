"""Whether new observations lie where their predictive distributions say.

The PIT value of an observation is the share u = F(s) of the out-of-fold scores of the fit below its
own score s. Without a drift old and new scores are exchangeable, so that u is uniform, and so is
|2u − 1|. Two rank tests (Mann and Whitney 1947; the second is that of Ansari and Bradley 1960)

    location   z = (mean u − ½) / se          observations lie higher or lower than predicted
    spread     z = (mean |2u − 1| − ½) / se    errors are larger or smaller than those of the fit

with  se² = (1/k + 1/m + 1/km) / 12  for k new scores and m old ones, see what a shift of the mean
and what a change of the noise does to them. With weights m is Kish's number, and with groups at
most their number. The two p-values of every target are corrected by Holm's method.

The network has seen more rows than out-of-fold models, and its errors are between ρ times theirs
and theirs; ρ is an estimate (`_residuals`). Any factor there is no drift, so that each test is made
with the scores of the intervals, which are narrowed by ρ, and without this, and the larger p-value
holds; that of a spread is 1 where the two disagree about its direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from motifnet.engine import Matrix
from motifnet.uncertainty._column_tests import holm
from motifnet.uncertainty._conformal import Intervals

SHOWN = 0.9


@dataclass(frozen=True)
class PitShift:
    """PIT values of the new observations of one target.

    mean: their mean, ½ without a drift; inside: the share in the central 90 % of their
    distributions; spread: the mean of |2u − 1|, ½ without a drift; p-values of both, corrected for
    the number of tests.
    """

    target: str
    rows: int
    mean: float
    inside: float
    spread: float
    location_pvalue: float
    spread_pvalue: float

    def drifted(self, level: float) -> bool:
        """Whether one of the p-values is at or below the level."""
        return min(self.location_pvalue, self.spread_pvalue) <= level

    def sentence(self, level: float) -> str:
        """What moved."""
        found = []
        if self.location_pvalue <= level:
            word = "higher" if self.mean > 0.5 else "lower"
            found.append(
                f"{self.target} lies {word} than predicted: its mean PIT value is {self.mean:.2f}, "
                f"expected 0.50 (p = {self.location_pvalue:.2g})."
            )
        if self.spread_pvalue <= level:
            word = "larger" if self.spread > 0.5 else "smaller"
            found.append(
                f"Errors of {self.target} are {word} than those of the fit: {self.inside:.0%} of "
                f"the observations lie in the central {SHOWN:.0%} of their distributions "
                f"(p = {self.spread_pvalue:.2g})."
            )
        return " ".join(found)


def check_pit(
    intervals: Intervals, scores: Matrix, targets: Sequence[str], questions: int
) -> tuple[PitShift, ...]:
    """The tests of new scores with shape (k, q). p-values are multiplied by the number of questions
    that share one level.
    """
    W, k = intervals.weight, len(scores)
    m = min(float(W.sum() ** 2 / (W @ W)), float(W.sum()) / intervals.unit)
    error = np.sqrt((1 / k + 1 / m + 1 / (k * m)) / 12)
    u, wide = (
        _pit(intervals.scores, W, scores),
        _pit(intervals.scores / intervals.narrowing, W, scores),
    )
    means, spreads = u.mean(0), np.abs(2 * u - 1).mean(0)
    moved = np.minimum(np.abs(means - 0.5), np.abs(wide.mean(0) - 0.5))
    changed = np.maximum(0.5 - spreads, np.abs(2 * wide - 1).mean(0) - 0.5)
    z = np.maximum(np.concatenate([moved, changed]), 0.0) / error
    p = np.minimum(1.0, questions * np.array(holm((2 * norm.sf(z)).tolist())))
    inside = (np.abs(2 * u - 1) <= SHOWN).mean(0)
    columns = zip(
        targets, means, inside, spreads, p[: len(targets)], p[len(targets) :], strict=True
    )
    return tuple(PitShift(name, k, *map(float, values)) for name, *values in columns)


def _pit(old: Matrix, weight: Matrix, new: Matrix) -> Matrix:
    """The share of the old scores below each new one, and half of the share that is equal, with
    shape (k, q).
    """
    found = np.empty_like(new)
    for j, (values, points) in enumerate(zip(old.T, new.T, strict=True)):
        order = np.argsort(values, kind="stable")
        upto = np.concatenate([[0.0], np.cumsum(weight[order])])
        ends = [upto[np.searchsorted(values[order], points, side)] for side in ("left", "right")]
        found[:, j] = (ends[0] + ends[1]) / (2 * upto[-1])
    return found
