"""Linear extrapolation: beyond the rows of a fit the network follows the slopes of a linear regression, where held-out rows say that this is right.

Kernels and trees level off where the data end, or fall back to the mean; a trend goes on. With x' = min(max(x, low), high), column by column,

    x ↦ f(x') + (x − x')ᵀ B

f is the network, B has the coefficients of the ridge regression; low and high are the least and the largest value that a column has in the fit, on
those sides of those columns that a trial has found to have a trend, and the encoder's limits, beyond which no value lies, on all others. Among the
rows of the fit x' = x: there nothing changes, and out-of-fold scores are as honest as before.

An affine part that is taken off the target first, so that all other parts learn what is left, extrapolates as well, but costs accuracy among the
rows: an honest score needs residuals of regressions without the row's fold, and these differ by fold by p / n of the variance *that the line leaves*,
which no smooth function explains. Where others leave a tenth of what the line leaves, that is much.

The trial of a column, of those with the steepest slopes: the fifth of the rows with its least and the fifth with its largest values are held out.
The output layer of the trained kernel and a linear regression are fitted to rows between, and predict those beyond three ways: f(x), f(x') and the
line from there. A side is taken where the line is clearly better than f(x') and no worse than f(x); the kernel is not asked where the regression's
own predictions do not gain by the line. The feature layers have seen the rows beyond, so that f(x) is better there than it will be beyond the data.
With groups, with time, and where the encoding knows the target, the rows between are those from which the last fold may be predicted, the rows
beyond are of that fold, and the feature layers are those of that fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.kernels import CAPACITY
from motifnet.motifs import Affine, Chain, Clip, Identity, Motif, Parallel
from motifnet.retrain import CrossTuned, solve_whole
from motifnet.stacking import paired_difference
from motifnet.structure._part import numpy_of
from motifnet.tables import LIMIT, Matrix, Sample, drawn
from motifnet.teachers import FittedLinear, Linear

MAX_TRIED, MIN_SLOPE = 4, 0.2  # columns that are tried, and the least slope of one: sd(y) for one sd(x)
TAIL, MIN_JUDGES, MAX_ROWS = 0.2, 20, 400  # share of the rows on a side, the fewest that judge it, and rows of a trial that learn, and that judge
BETTER, SURE = 0.8, 2.0  # squared error of a line that is taken, as a share of that levelled off, and standard errors of the difference
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Extrapolation:
    """`low` and `high` with shape (d,), `slopes` B with shape (d, q), 0 in columns without a line."""

    low: Matrix
    high: Matrix
    slopes: Matrix

    def around(self, network: Motif) -> Motif:
        """The network, with its lines beyond low and high; itself where it follows them already."""
        if self._followed_by(network):
            return network
        line = Affine(torch.as_tensor(self.slopes.T.copy()), torch.zeros(self.slopes.shape[1], dtype=torch.float64))
        inside = Clip(torch.as_tensor(self.low), torch.as_tensor(self.high))
        # lines first: where x' = x they cancel to exactly 0, and the network is what it was to the last bit
        branches = [line, Chain([inside, line]), Chain([inside, network])]
        return Chain([Parallel(torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64), branches)], label="linear extrapolation")

    def _followed_by(self, network: Motif) -> bool:
        """Whether a network is affine, with these slopes."""
        if not all(isinstance(motif, Affine | Chain) for motif in network.modules() if isinstance(motif, Motif)):
            return False
        columns = np.flatnonzero(self.slopes.any(1))
        points = np.zeros((len(columns) + 1, len(self.low)))
        points[np.arange(len(columns)), columns] = 1.0
        values = numpy_of(network, points)
        return np.allclose(values[:-1] - values[-1], self.slopes[columns], rtol=1e-9, atol=1e-12)

    def inside(self, X: Matrix) -> Matrix:
        """x' of rows with shape (m, d)."""
        return np.clip(X, self.low, self.high)

    def lines(self, X: Matrix) -> Matrix:
        """(x − x')ᵀ B with shape (m, q)."""
        return np.asarray((X - self.inside(X)) @ self.slopes)


@dataclass(frozen=True)
class Side:
    """One side of a column in its trial: mean squared errors of the network as it is, levelled off, and with its line; whether this is taken."""

    column: int
    upper: bool
    as_it_is: float
    level: float
    line: float
    taken: bool

    @property
    def share(self) -> float:
        """What the line leaves of the squared error of the network levelled off."""
        return self.line / max(self.level, 1e-300)


def extrapolation(
    sample: Sample, trained: CrossTuned, linear: FittedLinear, seed: int, fronts: Sequence[Motif] = ()
) -> tuple[Extrapolation, list[Side]]:
    """Lines on those sides that their trials take, and these sides; `fronts`: what stands before the kernels of the folds."""
    sides = [side for column in steepest(sample, linear) for side in tried(sample, trained, column, seed, fronts) if side.taken]
    low, high, slopes = np.full(sample.X.shape[1], -LIMIT), np.full(sample.X.shape[1], LIMIT), np.zeros_like(linear.coef)
    for side in sides:
        column, slopes[side.column] = sample.X[:, side.column], linear.coef[side.column]
        if side.upper:
            high[side.column] = column.max()
        else:
            low[side.column] = column.min()
    return Extrapolation(low, high, slopes), sides


def steepest(sample: Sample, linear: FittedLinear) -> list[int]:
    """The columns of numbers with the steepest slopes."""
    slope = np.abs(linear.coef).max(1)
    if sample.numeric is not None:
        slope = np.where(sample.numeric, slope, 0.0)
    return [int(column) for column in np.argsort(-slope, kind="stable")[:MAX_TRIED] if slope[column] >= MIN_SLOPE]


def tried(sample: Sample, trained: CrossTuned, column: int, seed: int, fronts: Sequence[Motif] = ()) -> list[Side]:
    """The sides of a column that enough rows judge."""
    folds, fold = sample.folds, None
    if folds.forward or sample.groups is not None or sample.views is not None or fronts:
        fold = folds.count - 1
    x = (sample.X if fold is None else sample.view(fold))[:, column]
    low, high = np.quantile(x, [TAIL, 1 - TAIL], method="nearest")
    outer = (x < low) | (x > high)
    train, judges = (~outer, outer) if fold is None else (~outer & folds.train(fold), outer & folds.held_out(fold))
    rng = np.random.default_rng([seed, 31, column])
    rows, new = (sample.rows(drawn(mask, MAX_ROWS, rng), fold) for mask in (train, judges))
    if rows.n < 2 * MIN_JUDGES:
        return []
    values, ends = new.X[:, column], (rows.X[:, column].min(), rows.X[:, column].max())
    sides = {upper: here for upper, here in ((False, values < ends[0]), (True, values > ends[1])) if here.sum() >= MIN_JUDGES}
    inside = new.X.copy()
    inside[:, column] = np.clip(values, *ends)
    linear = Linear().fitted_to(rows, seed)
    alone = [_losses(new, linear.predict(X)) for X in (inside, new.X)]
    if not any(_surely_less(new, alone[1], alone[0], here) for here in sides.values()):
        return []
    seen = partial(numpy_of, fronts[fold] if fronts and fold is not None else Identity())
    kernel = solve_whole(replace(rows, X=seen(rows.X)), trained.models[0].inner if fold is None else trained.inner[fold], CAPACITY)
    level = kernel.predict(seen(inside))
    losses = [_losses(new, predicted) for predicted in (kernel.predict(seen(new.X)), level, level + (new.X - inside) @ linear.coef)]
    return [_side(new, column, upper, here, losses) for upper, here in sides.items()]


def _losses(new: Sample, predicted: Matrix) -> Matrix:
    return np.asarray(((new.y - predicted) ** 2).sum(1))


def _surely_less(new: Sample, one: Matrix, other: Matrix, here: Mask) -> bool:
    """Whether losses are less than others by more than chance, on the rows `here`."""
    worse, standard_error = paired_difference(one[here], other[here], new.weight[here], None if new.groups is None else new.groups[here])
    return worse < -SURE * standard_error


def _side(new: Sample, column: int, upper: bool, here: Mask, losses: list[Matrix]) -> Side:
    """The side of the rows `here`, by the losses of the three ways."""
    as_it_is, level, line = (float(np.average(loss[here], weights=new.weight[here])) for loss in losses)
    sure = _surely_less(new, losses[2], losses[1], here)
    return Side(column, upper, as_it_is, level, line, sure and line <= min(as_it_is, BETTER * level))
