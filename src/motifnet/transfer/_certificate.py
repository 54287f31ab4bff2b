"""What is known about the difference between a network and the model that it came from.

    bound                       proved on the box [min, max] of the rows, where there is one
    on_data, on_box, outside    measured maxima of |network − teacher|

All are in units of sd(y). The maxima are taken over the rows, over a Sobol sample of the box, and
over points that are 10 standard deviations from the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from scipy.stats import qmc
from torch import nn

from motifnet.engine import Matrix
from motifnet.motifs import count_parameters, evaluate

_MAX_WORK = 1 << 26  # parameters × points
_MAX_VALUES = 1 << 22  # of one layer in memory
_FAR = 10.0  # standard deviations
_ROUNDING = 1e-9  # of the size of a column: a smaller spread is rounding of a constant


@dataclass(frozen=True)
class Certificate:
    """The difference between a network and the model that it was computed from.

    Attributes
    ----------
    form : {"native", "relu"}
        Kind of the network's layers.
    bound : float or None
        A proved bound in the box of the data; None where nothing is proved. All differences are in
        units of sd(y).
    on_data : float
        Largest difference on rows of the fit.
    on_box : float
        Largest difference on a Sobol sample of the box of the data.
    outside : float
        Largest difference at points 10 standard deviations away.
    points : int
        Size of the Sobol sample.
    note : str
        What else is known.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> bool(model.certificate_.on_data < 1e-9)
    True
    """

    form: Literal["native", "relu"]
    bound: float | None
    on_data: float
    on_box: float
    outside: float
    points: int
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.points:
            return f"{self.form} form: measured {self.on_data:.2g} on data (sd of y); {self.note}"
        proved = (
            "no bound" if self.bound is None else f"at most {self.bound:.2g} in the box (proved)"
        )
        return (
            f"{self.form} form: {proved}; measured {self.on_data:.2g} on data, "
            f"{self.on_box:.2g} in the box, {self.outside:.2g} outside (sd of y)"
        )


def certify(
    network: nn.Module,
    teacher_predict: Callable[[Matrix], Matrix],
    X: Matrix,
    *,
    seed: int = 0,
    bound: float | None = None,
    scale: float | Matrix = 1.0,
    form: Literal["native", "relu"] = "native",
    points: int | None = None,
    note: str = "",
) -> Certificate:
    """Measure a network against its teacher.

    `bound` and the measured differences are divided by `scale`, which is sd(y) in the teacher's
    units, one number or one for each output. X with shape (n, d) are the rows that the teacher was
    fitted on. Without `points` the sample has 4,096 points, or fewer for large networks.
    """
    points = points or _affordable(network)
    rows = (
        X
        if len(X) <= 2 * points
        else X[np.random.default_rng(seed).choice(len(X), 2 * points, replace=False)]
    )

    def largest(at: Matrix) -> float:
        return largest_difference(
            values_of(network, at), np.asarray(teacher_predict(at)).reshape(len(at), -1), scale
        )

    return Certificate(
        form=form,
        bound=None if bound is None else float(bound / np.min(scale)),
        on_data=largest(rows),
        on_box=largest(sobol_box(X, points, seed)),
        outside=largest(far_away(X, max(64, points // 16), seed)),
        points=points,
        note=note,
    )


def certify_rows(
    network: nn.Module, expected: Matrix, X: Matrix, scale: float | Matrix
) -> Certificate:
    """Measure on the rows X only: where columns hold levels, missing values or amounts, not every
    point is a row.
    """
    largest = largest_difference(values_of(network, X), expected, scale)
    return Certificate(
        "native",
        None,
        largest,
        largest,
        largest,
        0,
        "on its rows alone, as not every point is a row",
    )


def largest_difference(got: Matrix, expected: Matrix, scale: float | Matrix) -> float:
    """max |got − expected| / scale over finite expected values; infinite where `got` is not finite
    there.
    """
    finite = np.isfinite(expected)
    with np.errstate(invalid="ignore"):
        difference = np.where(finite, np.abs(got - expected) / scale, 0.0)
    return float(np.where(np.isfinite(difference), difference, np.inf).max(initial=0.0))


def units(expected: Matrix, *, alike: bool = False) -> Matrix:
    """Standard deviation of each column, or the largest of them if the columns are `alike`. Where
    it is rounding only, the size of the column or 1.
    """
    finite = np.where(np.isfinite(expected), expected, 0.0)
    size = np.abs(finite).max(axis=0, initial=0.0)
    spread = finite.std(axis=0) if len(finite) else np.zeros(finite.shape[1])
    found = np.where(spread > _ROUNDING * size, spread, np.where(size > 0, size, 1.0))
    return np.full_like(found, found.max(initial=0.0)) if alike else found


def _affordable(network: nn.Module) -> int:
    """Number of points, a power of two from 256 to 4,096."""
    return 1 << int(np.clip(np.log2(_MAX_WORK / max(1, count_parameters(network))), 8, 12))


def sobol_box(X: Matrix, points: int, seed: int) -> Matrix:
    """Scrambled Sobol points of the box of X; columns beyond scipy's sequence are random. `points`
    is a power of two.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    known = min(X.shape[1], qmc.Sobol.MAXDIM)
    unit = qmc.Sobol(known, scramble=True, seed=seed).random(points)
    if known < X.shape[1]:
        unit = np.hstack([unit, np.random.default_rng(seed).random((points, X.shape[1] - known))])
    return np.asarray(low + unit * (high - low))


def far_away(X: Matrix, points: int, seed: int) -> Matrix:
    """Points that are 10 standard deviations from the mean in at least one column."""
    direction = np.random.default_rng([seed, 1]).normal(size=(points, X.shape[1]))
    direction /= np.abs(direction).max(axis=1, keepdims=True)
    # the estimator refuses points that overflow
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(X.mean(axis=0) + _FAR * X.std(axis=0) * direction)


def values_of(network: nn.Module, X: Matrix) -> Matrix:
    """Output of a network with shape (n, q), by blocks of rows that fit into memory."""
    widest = max(
        (t.shape[0] for t in (*network.parameters(), *network.buffers()) if t.ndim > 0), default=1
    )
    rows = int(np.clip(_MAX_VALUES // widest, 16, 1024))
    blocks = [
        evaluate(network, torch.tensor(X[i : i + rows], dtype=torch.float64)).double().numpy()
        for i in range(0, max(len(X), 1), rows)
    ]
    return np.concatenate(blocks)
