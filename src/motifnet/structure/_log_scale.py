"""The logarithmic scale: parts fitted to log y for a target that is positive and skewed, under squared error in its own units.

Worth a try where the Box–Cox likelihood of log y is above that of y, that is where in every column

    sd(y) / geometric mean(y) > sd(log y)

The network of a part ends in an exponential and is exact:

    g ↦ log c + mean + sd min(max(g, low), high) ↦ exp ↦ the coding of the other parts

low and high lie one sd(log y) beyond the targets of the fit: far from them g may go anywhere, and e^g farther.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.mimicry import transfer
from motifnet.motifs import Affine, Chain, Clip, Exp
from motifnet.retrain import CrossTuned
from motifnet.stacking import smearing
from motifnet.structure._front import Front
from motifnet.structure._part import Part
from motifnet.tables import Matrix, Sample, standardised
from motifnet.teachers import FittedTeacher

Pair = tuple[Matrix, Matrix]
_CLEARLY = 1.02  # below, the two scales are much the same


@dataclass(frozen=True)
class LogScale:
    """`sample` with log y, standardised by `mean` and `sd`; `y` in its own units; `units`: mean and sd of the coding of the other parts."""

    sample: Sample
    mean: Matrix
    sd: Matrix
    y: Matrix
    units: Pair

    @classmethod
    def of(cls, sample: Sample, mean: Matrix, sd: Matrix) -> LogScale | None:
        """That of a sample whose y is coded by mean and sd; None where it is not worth a try."""
        y = sample.y * sd + mean
        if y.min() <= 0 or not np.ptp(y, axis=0).all():
            return None
        coded, log_mean, log_sd = standardised(np.log(y), sample.weight)
        if not (sd > _CLEARLY * np.exp(log_mean) * log_sd).all():
            return None
        return cls(replace(sample, y=coded), log_mean, log_sd, y, (mean, sd))

    def on(self, judge: Sample, rows: NDArray[np.bool_]) -> LogScale:
        """The same on some rows, which the sample `judge` holds with folds of its own."""
        return replace(self, sample=replace(judge, y=self.sample.y[rows]), y=self.y[rows])

    def scores(self, oof: Matrix) -> tuple[Matrix, Matrix]:
        """The factor c of the means, and out-of-fold predictions of log y in the coding of the other parts."""
        factor, means = smearing(oof * self.sd + self.mean, self.y, self.sample.weight, self.sample.folds)
        return factor, (means - self.units[0]) / self.units[1]

    def around(self, part: Part) -> Part:
        """The part of a model that was fitted to `sample`, from its part on this scale."""
        factor, scores = self.scores(part.oof)
        mean, sd = self.units
        shift, low, high = self.mean + np.log(factor), self.sample.y.min(0) - 1, self.sample.y.max(0) + 1
        clip = Clip(torch.as_tensor(low), torch.as_tensor(high))
        chain = Chain([part.network, clip, _affine(self.sd, shift), Exp(), _affine(1 / sd, -mean / sd)], label="log scale")
        values = partial(_in_coding, predict=part.predict, bounds=(low, high), log=(shift, self.sd), units=self.units)
        return Part(f"{part.name}, log scale", scores, chain, values)


def _affine(slope: Matrix, shift: Matrix) -> Affine:
    return Affine(torch.diag(torch.as_tensor(slope)), torch.as_tensor(shift))


def _in_coding(X: Matrix, predict: Callable[[Matrix], Matrix], bounds: Pair, log: Pair, units: Pair) -> Matrix:
    """The same in numpy; no closure, so that a fitted estimator can be pickled."""
    return np.asarray((np.exp(np.clip(predict(X), *bounds) * log[1] + log[0]) - units[0]) / units[1])


def part_of(name: str, fitted: FittedTeacher | CrossTuned, log: LogScale | None = None, front: Front | None = None) -> Part:
    """A fitted model as a part, on the scale and behind the front that it was fitted on."""
    part = front.part(name, fitted) if front else Part(name, fitted.oof, transfer(fitted), fitted.predict)
    return log.around(part) if log else part
