"""The logarithmic scale: parts fitted to log y for a target that is positive and skewed, under
squared error in its own units.

It is tried where the Box–Cox likelihood of log y is above that of y, which is where in every column

    sd(y) / geometric mean(y) > sd(log y)

The network of a part ends in an exponential and is exact:

    g ↦ log c + mean + sd min(max(g, low), high) ↦ exp ↦ the coding of the other parts

low and high lie one sd(log y) beyond the targets of the fit. Far from the rows g is arbitrary, and
e^g would be even more so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.motifs import Affine, Chain, Clip, Exp
from motifnet.stacking import smearing
from motifnet.structure._input_layer import InputLayer, Part
from motifnet.tables import Sample, standardised
from motifnet.teachers import FittedTeacher
from motifnet.training import CrossTuned
from motifnet.transfer import transfer

Pair = tuple[Matrix, Matrix]
MIN_RATIO = 1.02  # of the two sides; with a smaller one the scales are nearly the same


@dataclass(frozen=True)
class LogScale:
    """A sample with log y, standardised by `mean` and `sd`.

    y: the targets in their own units; units: mean and sd of the coding of the other parts.
    """

    sample: Sample
    mean: Matrix
    sd: Matrix
    y: Matrix
    units: Pair

    @classmethod
    def of(cls, sample: Sample, mean: Matrix, sd: Matrix) -> LogScale | None:
        """The log scale of a sample whose y is coded by mean and sd. None where it is not tried."""
        y = sample.y * sd + mean
        if y.min() <= 0 or not np.ptp(y, axis=0).all():
            return None
        coded, log_mean, log_sd = standardised(np.log(y), sample.weight)
        if not (sd > MIN_RATIO * np.exp(log_mean) * log_sd).all():
            return None
        return cls(replace(sample, y=coded), log_mean, log_sd, y, (mean, sd))

    def on(self, scored: Sample, rows: NDArray[np.bool_]) -> LogScale:
        """The same on some rows, which the sample `scored` holds with its own folds."""
        return replace(self, sample=replace(scored, y=self.sample.y[rows]), y=self.y[rows])

    def scores(self, oof: Matrix) -> tuple[Matrix, Matrix]:
        """The factor c of the means, and out-of-fold predictions of log y in the coding of the
        other parts.
        """
        factor, means = smearing(
            oof * self.sd + self.mean, self.y, self.sample.weight, self.sample.folds
        )
        return factor, (means - self.units[0]) / self.units[1]

    def around(self, part: Part) -> Part:
        """The part of a model that was fitted to `sample`, from its part on this scale."""
        factor, scores = self.scores(part.oof)
        mean, sd = self.units
        shift = self.mean + np.log(factor)
        low = self.sample.y.min(0) - 1
        high = self.sample.y.max(0) + 1
        clip = Clip(torch.as_tensor(low), torch.as_tensor(high))
        chain = Chain(
            [part.network, clip, _affine(self.sd, shift), Exp(), _affine(1 / sd, -mean / sd)],
            label="log scale",
        )
        values = partial(
            _in_coding,
            predict=part.predict,
            bounds=(low, high),
            log=(shift, self.sd),
            units=self.units,
        )
        return Part(f"{part.name}, log scale", scores, chain, values)


def _affine(slope: Matrix, shift: Matrix) -> Affine:
    return Affine(torch.diag(torch.as_tensor(slope)), torch.as_tensor(shift))


def _in_coding(
    X: Matrix, predict: Callable[[Matrix], Matrix], bounds: Pair, log: Pair, units: Pair
) -> Matrix:
    """The same in numpy. It is no closure, so that a fitted estimator can be pickled."""
    return np.asarray(
        (np.exp(np.clip(predict(X), *bounds) * log[1] + log[0]) - units[0]) / units[1]
    )


def part_of(
    name: str,
    fitted: FittedTeacher | CrossTuned,
    log: LogScale | None = None,
    input_layer: InputLayer | None = None,
) -> Part:
    """A fitted model as a part, on the scale and with the input layer that it was fitted with."""
    part = (
        input_layer.part(name, fitted)
        if input_layer
        else Part(name, fitted.oof, transfer(fitted), fitted.predict)
    )
    return log.around(part) if log else part
