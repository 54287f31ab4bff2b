"""A density that is constant on the cells of a grid.

With masses m_c that sum to 1 and cells of one measure v,

    p(x) = m_c / v for x in c,    ∫ p² = Σ m_c² / v,    score(p; V) = ∫ p² − 2 mean_i p(V_i).

The score of held-out rows V estimates the integrated squared error ∫ (p − f)² less ∫ f²
(Rudemo, Scandinavian Journal of Statistics 9, 1982). Less is better.

Every estimator here is a map from counts to masses. A last step mixes the n rows with one row that
is uniform over the grid, m ← (n m + 1/cells) / (n + 1), so that no cell has density 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from motifnet.engine import Matrix
from motifnet.further.density._axes import Axis, Codes, Values


def with_floor(masses: Matrix, n: int) -> Matrix:
    """The masses of n rows and one uniform row; they sum to 1."""
    mixed = (n * masses / masses.sum() + 1 / masses.size) / (n + 1)
    return np.asarray(mixed / mixed.sum())


def held_out_score(masses: Matrix, measure: float, counts: Matrix) -> float:
    """The score of the module docstring at the counts of held-out rows."""
    return float(((masses**2).sum() - 2 * (masses * counts).sum() / max(counts.sum(), 1)) / measure)


@dataclass(frozen=True)
class Grid:
    """Axes and the number of bins of each."""

    axes: tuple[Axis, ...]
    bins: tuple[int, ...]

    @classmethod
    def of(cls, axes: tuple[Axis, ...], requested: int) -> Grid:
        """The requested number of bins on each interval."""
        return cls(axes, tuple(axis.bins(requested) for axis in axes))

    @property
    def measure(self) -> float:
        """Of one cell."""
        return float(
            np.prod([axis.measure(n) for axis, n in zip(self.axes, self.bins, strict=True)])
        )

    def codes(self, columns: Sequence[Values]) -> Codes:
        """Bins with shape (n, d)."""
        each = zip(self.axes, columns, self.bins, strict=True)
        return np.stack([axis.codes(values, n) for axis, values, n in each], axis=1)

    def counts(self, codes: Codes) -> Matrix:
        """Rows in each cell, for codes inside the grid."""
        flat = np.ravel_multi_index(tuple(codes.T), self.bins)
        counted = np.bincount(flat, minlength=int(np.prod(self.bins)))
        return np.asarray(counted.reshape(self.bins), dtype=np.float64)


@dataclass(frozen=True)
class CellDensity:
    """The density of a grid and masses with the shape of its bins."""

    grid: Grid
    masses: Matrix = field(repr=False)

    def log_density(self, columns: Sequence[Values]) -> Matrix:
        """Log density of each row; −inf outside of the grid."""
        codes = self.grid.codes(columns)
        return _logs(self.masses, codes) - np.log(self.grid.measure)

    def log_marginal(self, values: Values) -> Matrix:
        """Log density of the first column alone."""
        axis, bins = self.grid.axes[0], self.grid.bins[0]
        sums = self.masses.sum(tuple(range(1, self.masses.ndim)))
        return _logs(sums, axis.codes(values, bins)[:, None]) - np.log(axis.measure(bins))

    def draw(self, n: int, rng: np.random.Generator) -> list[Values]:
        """The columns of n new rows."""
        flat = _draw_cells(self.masses.reshape(1, -1), np.zeros(n, dtype=np.int64), rng)
        codes = np.unravel_index(flat, self.grid.bins)
        each = zip(self.grid.axes, codes, self.grid.bins, strict=True)
        return [axis.draw(np.asarray(code), bins, rng) for axis, code, bins in each]

    def draw_second(self, first: Values, rng: np.random.Generator) -> Values:
        """The second of two columns, given the first."""
        rows = self.grid.axes[0].codes(first, self.grid.bins[0])
        return self.grid.axes[1].draw(_draw_cells(self.masses, rows, rng), self.grid.bins[1], rng)


def _logs(masses: Matrix, codes: Codes) -> Matrix:
    inside = (codes >= 0).all(1)
    found = np.full(len(codes), -np.inf)
    found[inside] = np.log(masses[tuple(codes[inside].T)])
    return found


def _draw_cells(masses: Matrix, rows: Codes, rng: np.random.Generator) -> Codes:
    """A column for each of the rows of a matrix of masses, by inversion."""
    cumulated = masses.cumsum(1)
    found = np.empty(len(rows), dtype=np.int64)
    for row in np.unique(rows):
        here = rows == row
        level = rng.uniform(size=int(here.sum())) * cumulated[row, -1]
        found[here] = np.searchsorted(cumulated[row], level, side="right")
    return np.minimum(found, masses.shape[1] - 1)
