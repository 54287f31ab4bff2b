"""The predictive distribution of new rows: for each row and target, the law of an observation.

`Law` and `Counts` say how the laws are made (docs/intervals.md has the words). A method works row
by row and target by target, never across: targets are not joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import DataError, Matrix, UsageError, check_choice
from motifnet.plots import Axes, new_axes
from motifnet.uncertainty._conformal import as_levels
from motifnet.uncertainty._distribution_plot import draw_densities, draw_fan
from motifnet.uncertainty._row_laws import RowLaw

if TYPE_CHECKING:
    from pandas import DataFrame

MAX_CURVES, MAX_SHOWN = 8, 10  # densities in a picture, and rows of a notebook's table
SHOWN = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


@dataclass(frozen=True, eq=False, repr=False)
class PredictiveDistribution:
    """The laws of n rows, as `MotifRegressor.predict_distribution` returns them.

    Arrays have shape (n,), or (n, q) for several targets, with one more axis for several levels,
    points or draws. `distribution["price"]` is that of one target.

    Attributes
    ----------
    targets : tuple of str
        Names of the targets.
    laws : tuple of RowLaw
        The laws of the rows, one for each target.
    bounds : callable
        The conformal ends that `interval` gives, of levels and a side.
    flat : bool
        Whether arrays leave out the axis of the targets.
    index : index of a data frame or None
        That of the rows.

    Examples
    --------
    Here `model` is a `MotifRegressor` that was fitted to X and y.

    >>> law = model.predict_distribution(X[:4])
    >>> law.mean().shape, law.quantile([0.1, 0.5, 0.9]).shape
    ((4,), (4, 3))
    >>> (1 - law.cdf(0.5)).shape  # the probability of more than 0.5
    (4,)
    >>> law.sample(100, seed=0).shape
    (4, 100)
    >>> bool((law.interval(0.9) == model.predict_interval(X[:4], 0.9)).all())
    True
    """

    targets: tuple[str, ...]
    laws: tuple[RowLaw, ...]
    bounds: Callable[[Matrix, str], Matrix] = field(compare=False)
    flat: bool = True
    index: Any = None

    def __len__(self) -> int:
        return len(self.laws[0].mean())

    def __repr__(self) -> str:
        rows = f"{len(self):,} row" + "s" * (len(self) != 1)
        return f"PredictiveDistribution of {', '.join(self.targets)} at {rows}"

    def __getitem__(self, target: str) -> PredictiveDistribution:
        """The distribution of one target."""
        if target not in self.targets:
            raise UsageError(
                f"{target!r} is no target. The targets are {', '.join(map(repr, self.targets))}."
            )
        j = self.targets.index(target)
        return PredictiveDistribution(
            (target,),
            (self.laws[j],),
            lambda levels, side: self.bounds(levels, side)[:, j : j + 1],
            index=self.index,
        )

    def mean(self) -> Matrix:
        """The mean of the law. For objective "squared" it is near `predict`, not the same: the mean
        of the out-of-fold residuals is in it.
        """
        return self._joined([law.mean() for law in self.laws])

    def median(self) -> Matrix:
        """The median of the law."""
        return self.quantile(0.5)

    def var(self) -> Matrix:
        """The variance of the law, finite."""
        return self._joined([law.var() for law in self.laws])

    def std(self) -> Matrix:
        """The standard deviation of the law, in units of the target."""
        return np.sqrt(self.var())

    def quantile(self, q: float | Sequence[float] | Matrix) -> Matrix:
        """Quantiles at a level, or at L levels on a last axis.

        They are those of a smooth law. `interval` has the conformal bounds instead, which are
        ranks of the same scores: the levels of the two agree up to about one rank, 1 / (m + 1) for
        m scores.

        Parameters
        ----------
        q : float or sequence of L floats
            Levels between 0 and 1.

        Returns
        -------
        array with shape (n,), or (n, L)

        Raises
        ------
        UsageError
            For a level outside of 0 and 1.
        """
        levels, single = _as_quantiles(q)
        found = self._joined([law.quantile(levels[None]) for law in self.laws])
        return found[..., 0] if single else found

    def cdf(self, y: Any) -> Matrix:
        """The probability P(Y ≤ y).

        Parameters
        ----------
        y : float or array
            A number, one value a row, or an array with a last axis of points, with shape (1, L) for
            the same points at each row.

        Returns
        -------
        array with shape (n,), or (n, L)
        """
        return self._at("cdf", y)

    def pdf(self, y: Any) -> Matrix:
        """The density at y; for counts the probability of y.

        Parameters
        ----------
        y : float or array
            As in `cdf`.

        Returns
        -------
        array with shape (n,), or (n, L)
        """
        return self._at("pdf", y)

    def logpdf(self, y: Any) -> Matrix:
        """The logarithm of `pdf`. The negative of its mean is the NLL in nats.

        Parameters
        ----------
        y : float or array
            As in `cdf`.

        Returns
        -------
        array with shape (n,), or (n, L)
        """
        return self._at("logpdf", y)

    def crps(self, y: Any) -> Matrix:
        """The continuous ranked probability score ∫ (F(t) − 1{y ≤ t})² dt of an observation, in
        units of the target, in closed form. Less is better.

        Parameters
        ----------
        y : array with one value a row

        Returns
        -------
        array with shape (n,), or (n, q)

        Raises
        ------
        DataError
            For missing or infinite values, and another number of values than rows.
        """
        if not np.isfinite(self._points(y)[0]).all():
            raise DataError("y has infinite values, whose score is infinite. Leave these rows out.")
        return self._at("crps", y)

    def sample(self, n: int, seed: int = 0) -> Matrix:
        """Independent draws of each row and target.

        Parameters
        ----------
        n : int
            Number of draws.
        seed : int, default 0

        Returns
        -------
        array with shape (rows, n), or (rows, q, n)

        Raises
        ------
        UsageError
            Where n is no positive whole number.
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise UsageError(f"n={n!r} must be a positive number of draws.")
        rng = np.random.default_rng(seed)
        # no draw is 0 or 1, whose quantiles are infinite
        return self._joined(
            [law.quantile(1 - rng.uniform(1e-16, 1, (len(self), int(n)))) for law in self.laws]
        )

    def interval(self, coverage: float | Sequence[float] = 0.9, side: str = "both") -> Matrix:
        """The conformal intervals of `predict_interval`, to the last bit.

        Parameters
        ----------
        coverage : float or sequence of L floats, default 0.9
        side : {"both", "lower", "upper"}, default "both"

        Returns
        -------
        array with the shapes of `predict_interval`

        Raises
        ------
        UsageError
            For an invalid coverage or side.
        """
        levels, single = as_levels(coverage)
        ends = self.bounds(levels, side)
        ends = ends[:, :, 0] if single else ends
        return ends[:, 0] if self.flat else ends

    def expectation(self, f: Callable[[Matrix], Matrix]) -> Matrix:
        """The mean E f(Y), by Gauss quadrature.

        Parameters
        ----------
        f : callable
            A function of arrays that keeps their shape, such as `np.log1p`.

        Returns
        -------
        array with shape (n,), or (n, q)

        Raises
        ------
        UsageError
            Where f gives another shape.
        """

        def mean(y: Matrix, weights: Matrix) -> Matrix:
            values = np.asarray(f(y), dtype=np.float64)
            if values.shape != y.shape:
                raise UsageError(
                    f"f returned shape {values.shape} for an array of shape {y.shape}. Pass a "
                    "function that works element by element, such as numpy.log1p."
                )
            return np.asarray((values * weights).sum(1))

        return self._joined(
            [
                np.concatenate([mean(y, weights) for y, weights in law.nodes()] or [np.empty(0)])
                for law in self.laws
            ]
        )

    def to_frame(self, quantiles: Sequence[float] | Matrix = SHOWN) -> DataFrame:
        """Mean, standard deviation and quantiles as a table.

        Parameters
        ----------
        quantiles : sequence of floats
            Levels, by default nine from 0.01 to 0.99.

        Returns
        -------
        pandas.DataFrame
            With the columns "mean", "sd", "q0.05" and so on, with "_TARGET" for several targets,
            and the index of X if it had one.
        """
        import pandas as pd

        levels, _ = _as_quantiles(quantiles)
        columns: dict[str, Matrix] = {}
        for name, law in zip(self.targets, self.laws, strict=True):
            end = "" if len(self.targets) == 1 else f"_{name}"
            columns |= {f"mean{end}": law.mean(), f"sd{end}": np.sqrt(law.var())}
            values = law.quantile(levels[None])
            values = np.broadcast_to(values, (len(self), len(levels)))
            columns |= {f"q{q:g}{end}": values[:, i] for i, q in enumerate(levels)}
        return pd.DataFrame(columns, index=self.index)

    def plot(self, y: Any = None, *, kind: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the distributions of one target, and return the axes of matplotlib.

        Parameters
        ----------
        y : column with shape (n,), optional
            Observations, drawn with them.
        kind : str, optional
            "fan": bands of 50, 80 and 95 % and the median of all rows, in the order of their
            medians. "density": one curve a row, of at most 8 rows. Default: "density" for these.
        ax : matplotlib axes, optional
            Where to draw. Default: those of a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        UsageError
            For several targets, too many curves, another kind, and where `ax` is no Axes. DataError
            for another number of observations than rows.
        """
        curves = len(self) <= MAX_CURVES
        kind = kind or ("density" if curves else "fan")
        check_choice("kind", kind, ("fan", "density"))
        if len(self.laws) > 1:
            raise UsageError(
                f"There are {len(self.laws)} targets. Draw one of them: "
                f"distribution[{self.targets[0]!r}].plot()."
            )
        if kind == "density" and not curves:
            raise UsageError(
                f"There are {len(self):,} rows, and kind='density' draws {MAX_CURVES} at most. Ask "
                "for the distribution of fewer rows, or for kind='fan'."
            )
        points = None if y is None else self._points(np.asarray(y))[0][:, 0, 0]
        if points is not None and len(points) != len(self):
            raise DataError(f"y has {len(points)} values, expected {len(self)}, one for each row.")
        ax = new_axes(ax)
        (draw_densities if kind == "density" else draw_fan)(self.laws[0], points, ax)
        (ax.set_xlabel if kind == "density" else ax.set_ylabel)(self.targets[0])
        ax.legend()
        return ax

    def _repr_html_(self) -> str:
        first = PredictiveDistribution(
            self.targets, tuple(law.take(slice(MAX_SHOWN)) for law in self.laws), self.bounds
        )
        table = first.to_frame((0.05, 0.5, 0.95))
        table.index = range(len(table)) if self.index is None else self.index[:MAX_SHOWN]
        return f"<p>{escape(repr(self))}</p>{table.to_html(float_format='{:.4g}'.format)}"

    def _at(self, method: str, y: Any) -> Matrix:
        points, single = self._points(y)
        found = self._joined(
            [getattr(law, method)(points[:, j]) for j, law in enumerate(self.laws)]
        )
        return found[..., 0] if single else found

    def _points(self, y: Any) -> tuple[Matrix, bool]:
        """y with shape (n or 1, q, L), and whether L is not an axis of it."""
        try:
            values = np.asarray(y, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"y has values that are no numbers: {y!r:.80}. Pass numbers.") from None
        if np.isnan(values).any():
            raise DataError("y has missing values. Leave these rows out.")
        n, q = len(self), len(self.laws)
        if values.ndim == 0:
            return np.full((1, q, 1), float(values)), True
        rows = (n,) if self.flat else (n, q)
        shape, axes = values.shape, len(rows)
        if shape == rows:
            return values.reshape(n, q, 1), True
        if values.ndim == axes + 1 and (shape[:-1] == rows or shape[:-1] == (1,) * axes):
            # one row of points stands for every row and target
            wide = np.broadcast_to(values, (shape[0], *rows[1:], shape[-1]))
            return wide.reshape(shape[0], q, shape[-1]), False
        raise DataError(
            f"y has shape {shape}, expected {rows}, one value for each row, or one number. For "
            f"several points pass shape {(*rows, 'L')} or {(*(1,) * axes, 'L')}."
        )

    def _joined(self, parts: list[Matrix]) -> Matrix:
        return parts[0] if self.flat else np.stack(parts, axis=1)


def _as_quantiles(q: Any) -> tuple[Matrix, bool]:
    """Levels with shape (L,), and whether `q` is a number."""
    try:
        levels = np.asarray(q, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.empty(0)
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise UsageError(
            f"q={q!r} must be a level between 0 and 1, such as 0.5, or a list of such levels."
        )
    return np.atleast_1d(levels), levels.ndim == 0
