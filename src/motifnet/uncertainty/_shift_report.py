"""The check for distribution shift and its report: tests, error, and a verdict in sentences.

Each column is tested by itself, and all together in the metric of the model; with known targets
also whether these lie where their predictive distributions say. The two or three questions share
the level of 5 %. p-values of columns are corrected by Holm's method, and all are multiplied by the
number of questions.

Columns with very many levels are compared by themselves only. Their encoding by statistics of each
level cannot be compared: without any change, levels that are new since the fit are frequent among
new rows and absent among old ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import Matrix, aligned
from motifnet.plots import Axes, Row, draw_rows, html_block, html_table
from motifnet.tables import Encoder, OneHot, Table, TargetMean
from motifnet.transport import WassersteinTestResult, wasserstein_test
from motifnet.uncertainty._column_tests import ColumnShift, column_cells, compare_column, holm
from motifnet.uncertainty._density_ratio import (
    MIN_COVERED,
    MIN_EFFECTIVE,
    ErrorShift,
    error_shift,
)
from motifnet.uncertainty._pit_shift import PitShift
from motifnet.uncertainty._reference import Reference

if TYPE_CHECKING:
    from pandas import DataFrame

LEVEL = 0.05
TOGETHER_ROWS, RATIO_ROWS = 1_000, 2_000  # of the test of all columns, and of the density ratio
_MAX_NAMES = 5  # of columns in a sentence
_MAX_LINES = 30  # of tests in print
_WHAT = {"values": "values", "gaps": "missing values"}
_HEADS = ("column", "", "before", "after", "distance", "p")


@dataclass(frozen=True, repr=False)
class ShiftReport:
    """The tests of all columns and their verdict, as `check_shift` of an estimator returns them.

    Without a shift the chance of a p-value at or below 0.05 is at most 5 %.

    Attributes
    ----------
    rows : int
        Number of new rows.
    columns : tuple of ColumnShift
        The tests of single columns.
    corrected : tuple of float
        Their p-values, corrected for their number.
    overall : float or None
        p-value of all columns together. It, the distance and the error are None where the model
        holds no rows to compute them from.
    distance : float or None
        Sliced Wasserstein distance in the metric of the model.
    error : ErrorShift or None
        Expected error on the new rows.
    error_unit : str
        Unit of errors, in words.
    pit : tuple of PitShift
        PIT values of each target, where targets are given.

    Examples
    --------
    Here `model` is a `MotifRegressor` that was fitted to X and y.

    >>> found = model.check_shift(X + [1, 0, 0])
    >>> found.shifted, found.moved
    (True, ('x0',))
    """

    rows: int
    columns: tuple[ColumnShift, ...]
    corrected: tuple[float, ...]
    overall: float | None
    distance: float | None
    error: ErrorShift | None
    error_unit: str
    pit: tuple[PitShift, ...] = ()

    @property
    def moved(self) -> tuple[str, ...]:
        """Columns whose values or missing values moved, the smallest p-value first."""
        found = sorted((p, i) for i, p in enumerate(self.corrected) if p <= LEVEL)
        return tuple(dict.fromkeys(self.columns[i].column for _, i in found))

    @property
    def shifted(self) -> bool:
        """Whether anything moved: columns, or the target given the columns."""
        return self._columns_shifted or self.drifted

    @property
    def drifted(self) -> bool:
        """Whether PIT values of the target moved."""
        return any(one.drifted(LEVEL) for one in self.pit)

    @property
    def _columns_shifted(self) -> bool:
        return bool(self.moved) or (self.overall is not None and self.overall <= LEVEL)

    @property
    def verdict(self) -> str:
        """The shift and its effect on the error, in sentences."""
        parts = (self._what(), self._effect(), self._target())
        return " ".join(part for part in parts if part)

    def _what(self) -> str:
        moved = self.moved
        if moved:
            more = f" and {len(moved) - _MAX_NAMES} more" if len(moved) > _MAX_NAMES else ""
            word = "column" if len(moved) == 1 else "columns"
            return (
                f"The new rows differ from those of the fit in {len(moved)} {word}: "
                f"{', '.join(moved[:_MAX_NAMES])}{more}."
            )
        if self._columns_shifted:
            return (
                "The new rows differ from those of the fit: no column by itself, but the columns "
                "together."
            )
        return f"No difference from the rows of the fit is to be seen in these {self.rows:,} rows."

    def _target(self) -> str:
        """Where the observations lie, and what to do."""
        if not self.pit:
            return ""
        if not self.drifted:
            p = min(min(one.location_pvalue, one.spread_pvalue) for one in self.pit)
            return f"The targets lie where their predictive distributions say (p = {p:.2g})."
        moved = [one for one in self.pit if one.drifted(LEVEL)]
        found = " ".join(one.sentence(LEVEL) for one in moved)
        if all(one.location_pvalue > LEVEL and one.spread < 0.5 for one in moved):
            return (
                f"{found} Intervals are wider than they need to be. If these rows were in the fit, "
                "pass others."
            )
        return f"{found} Fit again with such rows; until then intervals do not hold what they say."

    def _effect(self) -> str:
        error = self.error
        if error is None:
            return ""
        if not error.reliable:
            count = f"{error.effective:.0f}"
            like = (
                f"{error.unit[:-1]} of the fit is"
                if count == "1"
                else f"{error.unit} of the fit are"
            )
            few = f"only {count} {like} like them" if error.effective < MIN_EFFECTIVE else ""
            bare = (
                f"only {error.covered:.0%} of the new rows lie where the fit had some"
                if error.covered < MIN_COVERED
                else ""
            )
            why = "; ".join(part for part in (few, bare) if part)
            return (
                f"What the error on them is cannot be said: {why}. Measure it on rows with a known "
                "target, or fit again with such rows."
            )
        if not error.changed:
            return (
                f"No change of the error is to be expected: about {error.after:.3g}, before "
                f"{error.before:.3g} ({self.error_unit})."
            )
        word, (low, high) = "rise" if error.after > error.before else "fall", error.interval
        return (
            f"The error is expected to {word} from {error.before:.3g} to about {error.after:.3g} "
            f"({low:.3g} to {high:.3g}; {self.error_unit}), if the target depends on the columns "
            "as before."
        )

    def cells(self) -> list[tuple[str, str, str, str, str, str]]:
        """Rows of a table, the smallest p-value first: column, what, before, after, distance,
        corrected p-value.
        """
        return column_cells(self.columns, self.corrected)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        tests = [
            {**asdict(test), "corrected": p}
            for p, test in zip(self.corrected, self.columns, strict=True)
        ]
        together = {"pvalue": self.overall, "distance": self.distance}
        error = (
            None
            if self.error is None
            else {
                **asdict(self.error),
                "interval": list(self.error.interval),
                "reliable": self.error.reliable,
            }
        )
        verdict = {"shifted": self.shifted, "moved": list(self.moved), "verdict": self.verdict}
        return {
            **verdict,
            "rows": self.rows,
            "columns": tests,
            "together": together,
            "error": error,
            "error_unit": self.error_unit,
            "pit": [asdict(one) for one in self.pit],
        }

    def to_frame(self) -> DataFrame:
        """A data frame with a row for each test, the smallest p-value first: column, what (values
        or missing values), before, after, distance, unit, pvalue (corrected) and moved.
        """
        import pandas as pd

        rows = [
            {
                "column": test.column,
                "what": _WHAT[test.what],
                "before": test.before,
                "after": test.after,
                "distance": test.distance,
                "unit": test.unit,
                "pvalue": p,
                "moved": p <= LEVEL,
            }
            for p, test in self._sorted()
        ]
        heads = ["column", "what", "before", "after", "distance", "unit", "pvalue", "moved"]
        return pd.DataFrame(rows, columns=heads)

    def plot(self, ax: Any = None) -> Axes:
        """Draw the distance of each column from the rows of the fit, the smallest p-value first.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes
            A bar for each test of at most 15 columns, in standard deviations for numbers, as share
            of rows for levels and missing values. Columns that moved are red.

        Raises
        ------
        UsageError
            If `ax` is no Axes.
        """
        rows = [
            Row(
                test.column if test.what == "values" else f"{test.column}: missing",
                test.distance,
                marked=p <= LEVEL,
                pale=p > LEVEL,
                note=f"{test.before} → {test.after}",
            )
            for p, test in self._sorted()
        ]
        moved = len(self.moved)
        return draw_rows(
            rows,
            ax,
            label="distance from the rows of the fit (sd of numbers, share of levels)",
            word="test",
            title=f"{moved} of {len({t.column for t in self.columns})} columns moved",
        )

    def _sorted(self) -> list[tuple[float, ColumnShift]]:
        """Corrected p-values and tests, the smallest first."""
        return sorted(zip(self.corrected, self.columns, strict=True), key=lambda pair: pair[0])

    def __repr__(self) -> str:
        return (
            f"ShiftReport of {self.rows:,} rows, {len(self.moved)} columns moved; print() shows it"
        )

    def __str__(self) -> str:
        cells = self.cells()
        hidden = len(cells) - _MAX_LINES
        return "\n".join(
            [
                *aligned([_HEADS, *cells[:_MAX_LINES]]),
                *([f"and {hidden:,} more tests: see to_frame()"] if hidden > 0 else []),
                *self._overall(),
                "",
                self.verdict,
            ]
        )

    def _overall(self) -> list[str]:
        return [] if self.overall is None else [f"all columns together: p = {self.overall:.2g}"]

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        table = html_table(_HEADS, self.cells(), (4, 5))
        return html_block("Shift", [self.verdict, *self._overall()], table)


def check_shift(
    reference: Reference,
    table: Table,
    encoder: Encoder,
    metric: Callable[[Matrix], Matrix],
    *,
    root: bool,
    error_unit: str,
    seed: int,
    pit: tuple[PitShift, ...] = (),
) -> ShiftReport:
    """Compare a table of n rows with the reference.

    metric: maps the encoded matrix to the points, with shape (n, r), between which the network
    takes distances; root: whether the error is the root of the mean loss; pit: the tests of the
    targets, if these are known.
    """
    questions = 3 if pit else 2
    tests: list[ColumnShift] = []
    for old, new, feature in zip(reference.columns, table.columns, encoder.features, strict=True):
        tests += compare_column(
            old, new, feature.levels if isinstance(feature, OneHot | TargetMean) else ()
        )
    corrected = tuple(min(1.0, questions * p) for p in holm([test.pvalue for test in tests]))
    overall, error = None, None
    if (old_rows := reference.rows) is not None:
        chosen = np.random.default_rng([seed, 1]).permutation(table.n)[:RATIO_ROWS]
        left_out = [
            name
            for feature in encoder.features
            if isinstance(feature, TargetMean)
            for name in feature.names
        ]
        usable = ~np.isin(encoder.names, left_out)
        X, Z = (
            np.where(usable, rows, 0.0)
            for rows in (old_rows.X, encoder.transform(table.take(chosen)))
        )
        overall = _together(X, Z, metric, seed)
        error = error_shift(X, old_rows.losses, Z, groups=old_rows.groups, root=root, seed=seed)
    p, distance = (
        (None, None)
        if overall is None
        else (min(1.0, questions * overall.pvalue), overall.distance)
    )
    return ShiftReport(table.n, tuple(tests), corrected, p, distance, error, error_unit, pit)


def _together(
    old: Matrix, new: Matrix, metric: Callable[[Matrix], Matrix], seed: int
) -> WassersteinTestResult | None:
    """The sliced distance at the points of the network. None where rows are too few."""
    if min(len(old), len(new)) < 2:
        return None
    rows = np.random.default_rng([seed, 2]).permutation(len(old))[:TOGETHER_ROWS]
    # at once: units must not depend on the sample of a row
    points = metric(np.concatenate([old[rows], new[:TOGETHER_ROWS]]))
    return wasserstein_test(
        points[: len(rows)],
        points[len(rows) :],
        critic="sliced",
        standardize=False,
        random_state=seed,
    )
