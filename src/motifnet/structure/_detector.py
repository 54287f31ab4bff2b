"""The input and the output of a detector: `Rows` and a `Finding`.

`Rows` are the encoded table and its target on a random sample of stated size, and the Gaussian
process fits to its two halves. A detector searches on the first half. It tests on the second half,
which the search has not seen.

A `Finding` is one result of the profile, as a number with its interval and as a sentence that
changes a setting. Every detector returns a finding. `found` is the result of a test at the 5 %
level. For a finding that only measures it says whether there were rows to measure with. A finding
that is not `found` changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.structure._gaussian_process import SETTING_ROWS, Prior, Smooth, choose_prior
from motifnet.tables import (
    Encoder,
    Numeric,
    Target,
    as_table,
    as_target,
    canonical,
    make_folds,
    note_strings,
    standardised,
)

LEVEL = 0.05  # of the test of every detector
MAX_HALF_ROWS = 1_500  # an inverse of this size takes a second
MIN_ROWS = 60
Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What one detector says of a table.

    Attributes
    ----------
    detector : str
        Its name.
    value : float
        NaN where it cannot measure this table.
    interval : tuple of two floats
        95 % interval of the value.
    unit : str
        Unit of the value.
    found : bool
        Whether the structure is there.
    verdict : str
        In a few words.
    sentence : str
        In a sentence, with what follows from it.
    setting : mapping
        Settings of a fit that it changes.
    details : mapping
        Further measurements, plain JSON.

    Examples
    --------
    >>> from motifnet import profile
    >>> finding = profile(X, y)["noise floor"]
    >>> finding.interval[0] <= finding.value <= finding.interval[1]
    True
    """

    detector: str
    value: float
    interval: tuple[float, float]
    unit: str
    found: bool
    verdict: str
    sentence: str
    setting: Setting = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON. An unknown number is None."""
        numbers = {"value": _number(self.value), "interval": [_number(v) for v in self.interval]}
        words = {
            "unit": self.unit,
            "found": bool(self.found),
            "verdict": self.verdict,
            "sentence": self.sentence,
        }
        return {
            "detector": self.detector,
            **numbers,
            **words,
            "setting": dict(self.setting),
            "details": dict(self.details),
        }


NOT_APPLICABLE = "not applicable"  # the verdict of a detector of other kinds of tables


def unreliable(detector: str, unit: str, sentence: str, verdict: str = "too few rows") -> Finding:
    """The finding of a detector that cannot measure this table."""
    nothing = float("nan")
    return Finding(detector, nothing, (nothing, nothing), unit, False, verdict, sentence)


def _number(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None


@dataclass(frozen=True, eq=False)
class Rows:
    """Encoded rows in random order and their targets.

    X with shape (n, d); y with shape (n, q): standardised, or classes one-hot; the target is y sd +
    mean; names, numeric with shape (d,): columns of X, and whether they are numbers; centre, unit
    with shape (d,): the raw value is centre + unit x; total: number of distinct rows of the table;
    classes: whether the target is a class.
    """

    X: Matrix
    y: Matrix
    mean: Matrix
    sd: Matrix
    names: tuple[str, ...]
    numeric: NDArray[np.bool_]
    centre: Matrix
    unit: Matrix
    targets: tuple[str, ...]
    total: int
    classes: bool
    seed: int

    @property
    def n(self) -> int:
        return len(self.X)

    @property
    def d(self) -> int:
        return self.X.shape[1]

    def first(self, count: int) -> Rows:
        """The first rows, at most `count`."""
        return replace(self, X=self.X[:count], y=self.y[:count])

    def relevant_columns(self, count: int) -> NDArray[np.intp]:
        """The columns with the largest relevance, at most `count`, in their order."""
        if self.d <= count:
            return np.arange(self.d)
        relevance = self.prior.scale.numpy()
        return np.sort(np.argsort(-relevance, kind="stable")[:count])

    def of_columns(self, kept: NDArray[np.intp]) -> Rows:
        """The rows with some of the columns."""
        names = tuple(self.names[j] for j in kept)
        return replace(
            self,
            X=self.X[:, kept],
            names=names,
            numeric=self.numeric[kept],
            centre=self.centre[kept],
            unit=self.unit[kept],
        )

    def raw(self, j: int, value: float) -> float:
        """A value of column j in the unit of the table."""
        return float(self.centre[j] + self.unit[j] * value)

    @cached_property
    def prior(self) -> Prior:
        """Settings of the smooth fits, from the first rows of the first half."""
        chosen = self.halves_rows[0][:SETTING_ROWS]
        return choose_prior(self.X[chosen], self.y[chosen], self.seed)

    @property
    def halves_rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row numbers of the two halves, at most 1,500 each."""
        size = min(MAX_HALF_ROWS, self.n // 2)
        return np.arange(size), np.arange(size, 2 * size)

    @cached_property
    def halves(self) -> tuple[Smooth, Smooth]:
        """The smooth fits to the two halves."""
        first, second = (
            Smooth.fit(self.X[rows], self.y[rows], self.prior) for rows in self.halves_rows
        )
        return first, second


def as_rows(X: object, y: object, *, classes: bool, most: int, seed: int) -> Rows:
    """At most `most` rows of a table of any kind, in random order, encoded as by a fit."""
    table = as_table(X)
    note_strings(table, X)
    target = as_target(y, table.n, "classification" if classes else "regression")
    rows = canonical(table, target.values, np.ones(table.n))
    chosen = np.random.default_rng(seed).permutation(rows.table.n)[:most]
    table, values, weight = rows.table.take(chosen), rows.y[chosen], rows.weight[chosen]
    coded, mean, sd = _coded(values, weight, target)
    encoder, matrix, _ = Encoder.fit(
        table, coded, np.ones(len(chosen)), make_folds(len(chosen), 5, seed)
    )
    centre, unit = units_of(encoder)
    return Rows(
        matrix,
        coded,
        mean,
        sd,
        encoder.names,
        encoder.numeric,
        centre,
        unit,
        target.names,
        rows.table.n,
        classes,
        seed,
    )


def units_of(encoder: Encoder) -> tuple[Matrix, Matrix]:
    """Centre and unit of each column of the matrix, with shape (d,). They are 0 and 1 for columns
    that are no numbers.
    """
    scales = {f.name: (f.mean, f.sd) for f in encoder.features if isinstance(f, Numeric) and f.sd}
    centre, unit = (
        np.array([scales.get(name, (0.0, 1.0))[i] for name in encoder.names]) for i in (0, 1)
    )
    return centre, unit


def _coded(values: Matrix, weight: Matrix, target: Target) -> tuple[Matrix, Matrix, Matrix]:
    """The coded target, its mean and its unit."""
    if target.classes is None:
        return standardised(values, weight)
    one_hot = np.eye(len(target.classes))[values[:, 0].astype(np.int64)]
    coded = one_hot[:, 1:] if len(target.classes) == 2 else one_hot
    return coded, np.zeros(coded.shape[1]), np.ones(coded.shape[1])
