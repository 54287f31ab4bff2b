"""The estimator: a table in, a density out, with the choice in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags

from motifnet.engine import DataError, Matrix, UsageError, check_choice, check_count, seed_of
from motifnet.further.density._axes import Axis, Bounds, Codes, Values, axes_of, read_columns
from motifnet.further.density._choice import CV, NAMES, Auto, Chosen, Method, Requested, choose
from motifnet.further.density._plot import draw_density
from motifnet.further.density._tree import dependence_tree

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_JOINT, MAX_BINS = 3, 1024


class PartitionDensity(BaseEstimator):
    """A density that is constant on blocks of scattered bins, where held-out rows prefer that to a
    histogram and a kernel density.

    Parameters
    ----------
    n_bins : "cv" or int
        Bins of each column of numbers. Categories have one bin each.
    n_blocks : "cv" or int
        Classes of bins on each axis.
    rank : "cv" or int
        Singular vectors that the classes are found from.
    random_state : int, RandomState or None
        For the folds of the held-out score.
    method : {"cv", "partition", "histogram", "kde"}
        "cv" takes the method with the least held-out score. "kde" is a Gaussian kernel density with
        reflection at the bounds, for columns of numbers only.
    bounds : sequence of (low, high) or None, one a column, optional
        The interval of each column of numbers. Without them: the range of the rows, widened by
        (max − min)/(n − 1) at each end.

    Attributes
    ----------
    chosen_ : str
        "partition", "histogram" or "kde"; "tree" with more than three columns.
    sentence_ : str
        What was chosen, with which settings, and the scores of all methods.
    scores_ : dict
        Least held-out score of each method, ∫ p² − 2 mean p(V): the integrated squared error but
        for a constant; less is better. Empty for a tree.
    labels_ : tuple of arrays
        The class of each bin, one array an axis. Every bin is a class of its own where the
        partition was not chosen. Empty for a tree.
    row_labels_ : array
        The first of them; two columns or more.
    column_labels_ : array
        The second of them.
    parts_ : tuple of (columns, Chosen)
        The densities that the whole is the product of: one with at most three columns. With more,
        a dependence tree of pairs (Chow and Liu 1968); all parts but the first are conditional on
        their first column.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : array of str
        Their names, after a fit to a data frame.

    Notes
    -----
    Imaizumi, Maehara and Yoshida, AISTATS 2018. The density is with respect to Lebesgue measure in
    the units of the number columns, and counting measure on categories. The rows count n and a
    uniform row counts 1, so that cells without rows have a density above 0. Outside of the bounds,
    and for categories that the fit has not seen, the log density is −inf.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.density import PartitionDensity
    >>> rng = np.random.default_rng(0)
    >>> corners = rng.integers(0, 2, (400, 2)) * [1, -1] + rng.uniform(0, 0.5, (400, 2))
    >>> law = PartitionDensity().fit(corners)
    >>> law.chosen_ in ("partition", "histogram", "kde")
    True
    >>> law.score_samples(corners[:3]).shape, law.sample(5).shape
    ((3,), (5, 2))
    """

    def __init__(
        self,
        n_bins: int | Auto = CV,
        n_blocks: int | Auto = CV,
        rank: int | Auto = CV,
        random_state: Any = 0,
        *,
        method: Method | Auto = CV,
        bounds: Bounds = None,
    ) -> None:
        self.n_bins = n_bins
        self.n_blocks = n_blocks
        self.rank = rank
        self.random_state = random_state
        self.method = method
        self.bounds = bounds

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit to the rows of a table.

        Parameters
        ----------
        X : array or data frame with shape (n, d)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        UsageError
            For a wrong setting.
        DataError
            For missing values, a column with one value, or values outside of the bounds.
        """
        requested, seed = self._requested(), seed_of(self.random_state)
        columns = read_columns(X)
        axes, values = axes_of(columns, self.bounds), list(columns.values())
        if self.method == "kde" and any(axis.levels is not None for axis in axes):
            raise UsageError(
                "method='kde' takes columns of numbers only, and "
                f"{[a.name for a in axes if a.levels is not None]} hold categories. Use "
                "method='cv'."
            )
        whole = tuple(range(len(axes)))
        groups = [whole] if len(axes) <= MAX_JOINT else dependence_tree(values)
        self.parts_ = tuple(
            (
                group,
                choose(tuple(axes[i] for i in group), [values[i] for i in group], requested, seed),
            )
            for group in groups
        )
        self._keep(axes, X)
        return self

    def _requested(self) -> Requested:
        for name, least in (("n_bins", 1), ("n_blocks", 1), ("rank", 1)):
            value = getattr(self, name)
            if not isinstance(value, str) or value != CV:
                check_count(name, value, least, 8)
        if not isinstance(self.n_bins, str) and self.n_bins > MAX_BINS:
            raise UsageError(f"n_bins={self.n_bins} is more than {MAX_BINS}. Try 64, or 'cv'.")
        check_choice("method", self.method, (CV, *NAMES))
        return Requested(self.n_bins, self.n_blocks, self.rank, self.method)

    def _keep(self, axes: tuple[Axis, ...], X: Any) -> None:
        self.axes_ = axes
        self.n_features_in_ = len(axes)
        self._framed = hasattr(X, "columns") or any(axis.levels is not None for axis in axes)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.array([axis.name for axis in axes], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        single = self.parts_[0][1] if len(self.parts_) == 1 else None
        self.chosen_ = "tree" if single is None else single.candidate.method
        self.scores_ = {} if single is None else single.scores
        self.labels_: tuple[Codes, ...] = () if single is None else single.labels
        if len(self.labels_) > 1:
            self.row_labels_, self.column_labels_ = self.labels_[:2]
        self.sentence_ = (
            _sentence(single) if single is not None else _tree_sentence(axes, self.parts_)
        )

    def score_samples(self, X: Any) -> Matrix:
        """Log density of each row.

        Parameters
        ----------
        X : array or data frame with shape (n, d)

        Returns
        -------
        array with shape (n,)
            −inf outside of the bounds and for categories that the fit has not seen.

        Raises
        ------
        DataError
            For other columns than those of the fit.
        """
        columns = self._columns(X)
        (first, joint), *others = self.parts_
        found = joint.density.log_density([columns[i] for i in first])
        for group, part in others:
            with np.errstate(invalid="ignore"):  # −inf less −inf, where the parent is outside
                found = found + part.density.log_density([columns[i] for i in group])
                found = found - part.density.log_marginal(columns[group[0]])
        return np.where(np.isnan(found), -np.inf, found)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log density of the rows.

        Parameters
        ----------
        X : array or data frame with shape (n, d)
        y : ignored

        Returns
        -------
        float
        """
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> Any:
        """Draw new rows.

        Parameters
        ----------
        n_samples : int, default 1
        random_state : int, RandomState or None
            None is 0.

        Returns
        -------
        data frame or array with shape (n_samples, d)
            A data frame where the fit had one or categories.

        Raises
        ------
        UsageError
            Where n_samples is no positive whole number.
        """
        self._check_fitted()
        check_count("n_samples", n_samples, 1, 100)
        rng = np.random.default_rng(seed_of(random_state))
        (first, joint), *others = self.parts_
        drawn: dict[int, Values] = dict(
            zip(first, joint.density.draw(int(n_samples), rng), strict=True)
        )
        for (parent, child), part in others:
            drawn[child] = part.density.draw_second(drawn[parent], rng)
        frame = pd.DataFrame({axis.name: drawn[i] for i, axis in enumerate(self.axes_)})
        return frame if self._framed else frame.to_numpy(dtype=np.float64)

    def plot(self, columns: tuple[int, int] = (0, 1), ax: Any = None) -> Axes:
        """Draw the density of one column, or of two: the classes of a partition stand at the sides.

        Parameters
        ----------
        columns : pair of int, default (0, 1)
            Of two columns or more, those that are drawn; of a tree an edge.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        UsageError
            Where the columns are not in one part, and if `ax` is no Axes.
        """
        self._check_fitted()
        for group, part in self.parts_:
            wanted = group if len(self.axes_) == 1 else tuple(columns)
            if set(wanted) <= set(group) and len(set(wanted)) == len(wanted):
                return draw_density(part, [group.index(i) for i in wanted], ax)
        raise UsageError(
            f"columns={columns!r} are not in one part. Give two of one of "
            f"{[group for group, _ in self.parts_]}."
        )

    def _columns(self, X: Any) -> list[Values]:
        self._check_fitted()
        columns = read_columns(X)
        if hasattr(X, "columns") and hasattr(self, "feature_names_in_"):
            _check_names(list(columns), list(self.feature_names_in_))
        if len(columns) != self.n_features_in_:
            raise DataError(
                f"X has {len(columns)} features, but PartitionDensity is expecting "
                f"{self.n_features_in_} features as input. Pass the columns of the fit."
            )
        for axis, values in zip(self.axes_, columns.values(), strict=True):
            if axis.levels is None and values.dtype == object:
                raise DataError(
                    f"Column {axis.name!r} was numbers at the fit and holds {values[0]!r} now. "
                    "Pass numbers."
                )
        return list(columns.values())

    def _check_fitted(self) -> None:
        if not hasattr(self, "parts_"):
            raise NotFittedError("This PartitionDensity is not fitted yet. Call fit(X) first.")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "density_estimator"
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _check_names(got: list[str], fitted: list[str]) -> None:
    if got != fitted:
        raise DataError(
            "The feature names should match those that were passed during fit. Got "
            f"{got[:8]}, fitted with {fitted[:8]}. Pass the same columns in the same order."
        )


def _sentence(part: Chosen) -> str:
    best = part.candidate
    scores = ", ".join(f"{NAMES[name]} {score:.4g}" for name, score in part.scores.items())
    return (
        f"The {NAMES[best.method]} ({best.settings}) has the least held-out score of: {scores}."
        if len(part.scores) > 1
        else f"The {NAMES[best.method]} ({best.settings}), as requested: {scores}."
    )


def _tree_sentence(
    axes: tuple[Axis, ...], parts: tuple[tuple[tuple[int, ...], Chosen], ...]
) -> str:
    edges = ", ".join(
        f"{axes[group[0]].name} – {axes[group[1]].name}: {NAMES[part.candidate.method]}"
        for group, part in parts
    )
    return f"{len(axes)} columns: a dependence tree of pairs ({edges})."
