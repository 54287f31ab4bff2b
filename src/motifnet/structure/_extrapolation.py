"""Linear extrapolation: beyond the rows of a fit the network continues with the slopes of a linear
regression, where held-out rows support it.

Kernels and trees level off where the data end, or return to the mean. A trend goes on. With x' =
min(max(x, low), high), column by column,

    x ↦ f(x') + (x − x')ᵀ B

f is the network, B has the coefficients of the ridge regression. On the sides of columns with a
trend, low and high are the smallest and the largest value of the column in the fit. On all others
they are the encoder's limits, beyond which no value lies. Among the rows of the fit x' = x. The
network is unchanged there, and its out-of-fold scores stay valid.

Another way is to subtract an affine part from the target first, so that all other parts learn the
residuals. It extrapolates too, but costs accuracy among the rows. An out-of-fold score needs
residuals of regressions without the row's fold. Between folds these differ by a share p / n of the
residual variance of the line, and no smooth function explains this difference. Where other parts
reduce the residual variance to a tenth, the loss is large.

The trial of a column takes the columns with the steepest slopes. The fifth of the rows with its
smallest and the fifth with its largest values are held out. The output layer of the trained kernel
and a linear regression are fitted to the rows between. They predict the rows beyond in three ways:
f(x), f(x') and the line that starts there. A side is taken where the line is clearly better than
f(x') and no worse than f(x). The kernel is computed only where the line improves the regression's
own predictions. The feature layers have seen the rows beyond, so that f(x) is better there than it
will be beyond the data. With groups, with time, and where the encoding uses the target, the rows
between are training rows of the last fold, the rows beyond are of that fold, and the feature layers
are those of that fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.kernels import CAPACITY
from motifnet.motifs import Affine, Chain, Clip, Identity, Motif, Parallel
from motifnet.stacking import paired_difference
from motifnet.structure._input_layer import numpy_of
from motifnet.tables import LIMIT, Sample, drawn
from motifnet.teachers import FittedLinear, Linear
from motifnet.training import CrossTuned, solve_whole

MAX_COLUMNS = 4  # that are tried
MIN_SLOPE = 0.2  # of a column that is tried: sd(y) for one sd(x)
TAIL = 0.2  # share of the rows on a side
MIN_SCORED_ROWS = 20  # on a side
MAX_ROWS = 400  # of a trial: training rows, and scored rows
MAX_RATIO = 0.8  # of the squared error of a line that is taken over that of f(x')
STANDARD_ERRORS = 2.0  # of a difference that is sure
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Extrapolation:
    """`low` and `high` with shape (d,), `slopes` B with shape (d, q), 0 without a line."""

    low: Matrix
    high: Matrix
    slopes: Matrix

    def around(self, network: Motif) -> Motif:
        """The network with its lines beyond low and high. A network that has them is returned."""
        if self._is_linear(network):
            return network
        line = Affine(
            torch.as_tensor(self.slopes.T.copy()),
            torch.zeros(self.slopes.shape[1], dtype=torch.float64),
        )
        inside = Clip(torch.as_tensor(self.low), torch.as_tensor(self.high))
        # lines first: where x' = x they cancel to exactly 0, and the network keeps its last bit
        branches = [line, Chain([inside, line]), Chain([inside, network])]
        return Chain(
            [Parallel(torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64), branches)],
            label="linear extrapolation",
        )

    def _is_linear(self, network: Motif) -> bool:
        """Whether a network is affine, with these slopes."""
        if not all(
            isinstance(motif, Affine | Chain)
            for motif in network.modules()
            if isinstance(motif, Motif)
        ):
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
    """One side of a column in its trial: mean squared errors of f(x), of f(x') and of the line, and
    whether the line is taken.
    """

    column: int
    upper: bool
    as_it_is: float
    level: float
    line: float
    taken: bool

    @property
    def share(self) -> float:
        """The squared error of the line, as a share of that of f(x')."""
        return self.line / max(self.level, 1e-300)


def extrapolation(
    sample: Sample,
    trained: CrossTuned,
    linear: FittedLinear,
    seed: int,
    input_layers: Sequence[Motif] = (),
) -> tuple[Extrapolation, list[Side]]:
    """The lines on the sides that trials take, and these sides. `input_layers`: those before the
    kernels of the folds.
    """
    sides = [
        side
        for column in steepest(sample, linear)
        for side in tried(sample, trained, column, seed, input_layers)
        if side.taken
    ]
    low = np.full(sample.X.shape[1], -LIMIT)
    high = np.full(sample.X.shape[1], LIMIT)
    slopes = np.zeros_like(linear.coef)
    for side in sides:
        column, slopes[side.column] = sample.X[:, side.column], linear.coef[side.column]
        if side.upper:
            high[side.column] = column.max()
        else:
            low[side.column] = column.min()
    return Extrapolation(low, high, slopes), sides


def steepest(sample: Sample, linear: FittedLinear) -> list[int]:
    """The numeric columns with the steepest slopes."""
    slope = np.abs(linear.coef).max(1)
    if sample.numeric is not None:
        slope = np.where(sample.numeric, slope, 0.0)
    return [
        int(column)
        for column in np.argsort(-slope, kind="stable")[:MAX_COLUMNS]
        if slope[column] >= MIN_SLOPE
    ]


def tried(
    sample: Sample, trained: CrossTuned, column: int, seed: int, input_layers: Sequence[Motif] = ()
) -> list[Side]:
    """The sides of a column with enough rows to score them."""
    folds, fold = sample.folds, None
    if folds.forward or sample.groups is not None or sample.views is not None or input_layers:
        fold = folds.count - 1
    x = (sample.X if fold is None else sample.view(fold))[:, column]
    low, high = np.quantile(x, [TAIL, 1 - TAIL], method="nearest")
    outer = (x < low) | (x > high)
    train, scored = (
        (~outer, outer)
        if fold is None
        else (~outer & folds.train(fold), outer & folds.held_out(fold))
    )
    rng = np.random.default_rng([seed, 31, column])
    rows, new = (sample.rows(drawn(mask, MAX_ROWS, rng), fold) for mask in (train, scored))
    if rows.n < 2 * MIN_SCORED_ROWS:
        return []
    values, ends = new.X[:, column], (rows.X[:, column].min(), rows.X[:, column].max())
    sides = {
        upper: here
        for upper, here in ((False, values < ends[0]), (True, values > ends[1]))
        if here.sum() >= MIN_SCORED_ROWS
    }
    inside = new.X.copy()
    inside[:, column] = np.clip(values, *ends)
    linear = Linear().fitted_to(rows, seed)
    of_line = [_losses(new, linear.predict(X)) for X in (inside, new.X)]
    if not any(_surely_less(new, of_line[1], of_line[0], here) for here in sides.values()):
        return []
    transform = partial(
        numpy_of, input_layers[fold] if input_layers and fold is not None else Identity()
    )
    kernel = solve_whole(
        replace(rows, X=transform(rows.X)),
        trained.models[0].inner if fold is None else trained.inner[fold],
        CAPACITY,
    )
    level = kernel.predict(transform(inside))
    losses = [
        _losses(new, predicted)
        for predicted in (
            kernel.predict(transform(new.X)),
            level,
            level + (new.X - inside) @ linear.coef,
        )
    ]
    return [_side(new, column, upper, here, losses) for upper, here in sides.items()]


def _losses(new: Sample, predicted: Matrix) -> Matrix:
    return np.asarray(((new.y - predicted) ** 2).sum(1))


def _surely_less(new: Sample, one: Matrix, other: Matrix, here: Mask) -> bool:
    """Whether losses are below others by more than chance, on the rows `here`."""
    worse, standard_error = paired_difference(
        one[here], other[here], new.weight[here], None if new.groups is None else new.groups[here]
    )
    return worse < -STANDARD_ERRORS * standard_error


def _side(new: Sample, column: int, upper: bool, here: Mask, losses: list[Matrix]) -> Side:
    """The side with the rows `here`, by the losses of the three ways."""
    as_it_is, level, line = (
        float(np.average(loss[here], weights=new.weight[here])) for loss in losses
    )
    sure = _surely_less(new, losses[2], losses[1], here)
    return Side(
        column, upper, as_it_is, level, line, sure and line <= min(as_it_is, MAX_RATIO * level)
    )
