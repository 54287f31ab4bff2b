"""What observations say about their predictive distributions: PIT values, NLL and CRPS.

A PIT value is F(y). That of a count is drawn between F(y − 1) and F(y), so that it is uniform where
the law is right (Czado, Gneiting and Held 2009). Out of fold, the law of a row is that of the
scores, or of the dispersion, of the other folds, around its own out-of-fold prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.uncertainty._conformal import Intervals
from motifnet.uncertainty._law_fit import fit_law
from motifnet.uncertainty._row_laws import Counts, RowLaw, Scaled, law_of_means

FAN = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
_POINTS, _ENDS = 61, (0.003, 0.997)  # of the curve of a density
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class LawScores:
    """pit, nll and crps with shape (n,), NaN where they are unknown; for pictures `quantiles` with
    shape (n, 7) at the levels FAN, and the density at points with shape (n, L).
    """

    pit: Matrix
    nll: Matrix
    crps: Matrix
    quantiles: Matrix
    points: Matrix
    density: Matrix

    @classmethod
    def of(cls, law: RowLaw, y: Matrix, seed: int = 0) -> LawScores:
        """The scores of observations with shape (n,)."""
        column = y[:, None]
        pit, ends = law.cdf(column)[:, 0], law.quantile(np.array([_ENDS]))
        points = ends[:, :1] + np.linspace(0, 1, _POINTS) * (ends[:, 1:] - ends[:, :1])
        if isinstance(law, Counts):
            points = np.rint(points)
            share = np.random.default_rng([seed, 17]).random(len(y))
            pit = pit - share * law.pdf(column)[:, 0]
        nll, crps = -law.logpdf(column)[:, 0], law.crps(column)[:, 0]
        return cls(pit, nll, crps, law.quantile(np.array([FAN])), points, law.pdf(points))

    @classmethod
    def joined(cls, n: int, parts: Iterable[tuple[Rows, LawScores]]) -> LawScores:
        """The scores of n rows from those of some of them."""
        widths = (0, 0, 0, len(FAN), _POINTS, _POINTS)
        found = [np.full((n, width) if width else n, np.nan) for width in widths]
        for rows, part in parts:
            for whole, field in zip(found, fields(cls), strict=True):
                whole[rows] = getattr(part, field.name)
        return cls(*found)

    def take(self, rows: Rows) -> LawScores:
        """Those of some rows."""
        return LawScores(*(getattr(self, field.name)[rows] for field in fields(self)))


def out_of_fold_laws(
    intervals: Intervals,
    predicted: Matrix,
    residuals: Matrix,
    folds: NDArray[np.int64],
    objective: str,
) -> Iterator[tuple[Rows, RowLaw]]:
    """The rows of each fold and their laws, by the other folds, from predictions and residuals of
    the first target with shape (m,).

    A score is a residual over its scale, so that their quotient is the scale; it is not known for a
    residual of 0, whose row is left out.
    """
    scores, means = intervals.scores[:, 0], objective in ("poisson", "gamma")
    for k in np.unique(folds):
        there = folds != k
        if not there.any():
            return
        rows = np.flatnonzero(~there & (means | (residuals != 0)))
        if means:
            square = residuals[there] ** 2
            yield rows, law_of_means(objective, predicted[rows], predicted[there], square)
        else:
            law = fit_law(scores[there], intervals.weight[there], intervals.unit)
            yield rows, Scaled(predicted[rows], residuals[rows] / scores[rows], law)
