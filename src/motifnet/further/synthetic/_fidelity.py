"""Fidelity: do synthetic rows have the law of the real ones?

Each column is tested by itself, as in a check for distribution shift: Kolmogorov and Smirnov for
numbers, χ² for levels, Fisher for missing values, corrected by Holm.

All columns together are tested by a Wasserstein distance in its dual form, with a trained critic
(Imaizumi, Ota and Hamaguchi, Neural Computation 34, 2022, take the supremum over networks). Boosted
trees learn on one half of the rows of both tables to tell them apart. On the other half the critic
f gives each row a probability of being synthetic, and

    distance = mean of f over synthetic rows − mean of f over real rows,     between 0 and 1,

is compared with its values for random assignments of these rows to the tables: with a critic of
other rows that keeps the level for any class of critics. It is one-sided, since copies of real rows
look real. Without training, the distance of points in ten columns and more hardly sees how columns
depend on each other.

Both tests share the level: p-values are doubled.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.further.synthetic._points import Space
from motifnet.tables import Column, Level, Table
from motifnet.uncertainty import (
    ColumnShift,
    LevelSketch,
    NumberSketch,
    column_cells,
    compare_column,
    holm,
)

LEVEL, _RESAMPLES = 0.05, 999
CRITIC: dict[str, Any] = {  # class weights: the tables may have different numbers of rows
    "n_estimators": 60,
    "num_leaves": 8,
    "min_child_samples": 10,
    "class_weight": "balanced",
    "n_jobs": 1,
    "verbose": -1,
}
_MAX_NAMES = 5  # of columns in a sentence


@dataclass(frozen=True)
class Fidelity:
    """Tests of equal laws, in the `fidelity` of a `SyntheticReport`.

    Attributes
    ----------
    columns : tuple of ColumnShift
        The tests of single columns.
    corrected : tuple of float
        Their p-values, corrected for their number.
    distance : float
        Distance of all columns together, by the critic, between 0 and 1.
    null_distribution : array
        Its values for random assignments of rows.
    overall : float
        Its p-value, doubled.
    rows : pair of int
        Number of real and of synthetic rows that it compares.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.synthetic import check_synthetic
    >>> rng = np.random.default_rng(0)
    >>> real, drawn = rng.normal(size=(90, 2)), rng.normal(size=(90, 2))
    >>> check_synthetic(real, drawn + [2, 0]).fidelity.differing
    ('x0',)
    """

    columns: tuple[ColumnShift, ...]
    corrected: tuple[float, ...]
    distance: float
    null_distribution: Matrix
    overall: float
    rows: tuple[int, int]

    @property
    def differing(self) -> tuple[str, ...]:
        """Columns that differ, the smallest p-value first."""
        found = sorted((p, i) for i, p in enumerate(self.corrected) if p <= LEVEL)
        return tuple(dict.fromkeys(self.columns[i].column for _, i in found))

    @property
    def pvalue(self) -> float:
        """Of all tests: at most 5 % of faithful tables have one at or below 0.05."""
        return min(self.overall, *self.corrected) if self.corrected else self.overall

    @property
    def by_chance(self) -> float:
        """The distance that one of twenty pairs of tables of one law exceeds."""
        return float(np.quantile(self.null_distribution, 1 - LEVEL))

    @property
    def sentence(self) -> str:
        """The result and the next step."""
        far = f"distance {self.distance:.3g}, by chance up to {self.by_chance:.2g}"
        names = self.differing
        if names:
            more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
            return (
                f"Fidelity: {len(names)} of {len({t.column for t in self.columns})} columns differ "
                f"from the real ones: {', '.join(names[:_MAX_NAMES])}{more} ({far}). Do not take "
                "figures of these columns from the synthetic table; train the generator further, "
                "or model these columns by themselves."
            )
        if self.overall <= LEVEL:
            return (
                f"Fidelity: no column differs by itself, but all together do ({far}, p = "
                f"{self.overall:.2g}). Use the table for single columns only, not for relations "
                "between them."
            )
        return f"Fidelity: no difference from the real rows is to be seen ({far})."

    def cells(self) -> list[tuple[str, str, str, str, str, str]]:
        """Rows of a table, the smallest p-value first: column, what, real, synthetic, distance,
        corrected p-value.
        """
        return column_cells(self.columns, self.corrected)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "pvalue": self.pvalue,
            "differing": list(self.differing),
            "columns": [
                {**asdict(test), "corrected": p}
                for p, test in zip(self.corrected, self.columns, strict=True)
            ],
            "together": {
                "distance": self.distance,
                "by_chance": self.by_chance,
                "pvalue": self.overall,
                "rows": list(self.rows),
            },
        }


def compare_laws(real: Table, synthetic: Table, max_rows: int, seed: int) -> Fidelity:
    """The tests. The one of all columns takes at most `max_rows` random rows of each table."""
    tests = [
        test
        for old, new in zip(real.columns, synthetic.columns, strict=True)
        for test in _compare(old, new)
    ]
    corrected = tuple(min(1.0, 2 * p) for p in holm([test.pvalue for test in tests]))
    scores, rows = _scores(real, synthetic, max_rows, seed)
    rng = np.random.default_rng([seed, 5])
    law = np.array([_distance(rng.permutation(scores), rows[0]) for _ in range(_RESAMPLES)])
    found = _distance(scores, rows[0])
    pvalue = (1 + int((law >= found - 1e-12).sum())) / (_RESAMPLES + 1)
    return Fidelity(tuple(tests), corrected, max(found, 0.0), law, min(1.0, 2 * pvalue), rows)


def _distance(scores: Matrix, n: int) -> float:
    """Of the rows after the first n ones, and those."""
    return float(scores[n:].mean() - scores[:n].mean())


def _scores(
    real: Table, synthetic: Table, max_rows: int, seed: int
) -> tuple[Matrix, tuple[int, int]]:
    """The critic at the rows that it was not trained on, real ones first, and their numbers."""
    from lightgbm import LGBMClassifier

    rng = np.random.default_rng([seed, 2])
    drawn = [table.take(rng.permutation(table.n)[:max_rows]) for table in (real, synthetic)]
    space = Space.of(_joined(*drawn))
    halves = [np.array_split(space.points(table), 2) for table in drawn]
    labels = np.repeat([0, 1], [len(half[0]) for half in halves])
    critic = LGBMClassifier(**CRITIC, random_state=seed % 2**31)
    critic.fit(np.concatenate([half[0] for half in halves]), labels)
    rest = np.concatenate([half[1] for half in halves])
    rows = (len(halves[0][1]), len(halves[1][1]))
    # of the booster: LightGBM 4.6 names the columns of a matrix, and scikit-learn then misses names
    return np.asarray(critic.booster_.predict(rest), dtype=np.float64), rows


def _compare(old: Column, new: Column) -> list[ColumnShift]:
    """The tests of a column against the whole real one."""
    weight = np.ones(len(old.values))
    if old.kind != "categorical":
        return compare_column(NumberSketch.of(old, weight), new, ())
    missing = old.missing
    counts: Counter[Level] = Counter(old.values[~missing].tolist())
    shares = np.array(list(counts.values()), dtype=np.float64) / max(counts.total(), 1)
    sketch = LevelSketch(old.name, float(len(missing)), float(missing.mean()), shares)
    return compare_column(sketch, new, tuple(counts))


def _joined(first: Table, second: Table) -> Table:
    columns = tuple(
        Column(a.name, a.kind, np.concatenate([a.values, b.values]), a.level_type)
        for a, b in zip(first.columns, second.columns, strict=True)
    )
    return Table(columns, first.n + second.n, first.named)
