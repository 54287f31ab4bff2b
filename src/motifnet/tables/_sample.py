"""The sample: what tables hand to everything after them, as one frozen object of arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._folds import Folds, make_folds
from motifnet.tables._response import Response

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Encoded rows in canonical order.

    X with shape (n, d): encoded matrix (target statistics cross-fitted by fold); y with shape (n, q): coded target, standardised (regression), ±1
    (two classes) or one-hot (more); weight with shape (n,); folds; groups (codes) and time, each with shape (n,) or None; labels with shape (n,):
    class codes or None; numeric with shape (d,): True where a column is a number, False where it is a category indicator;
    views: for fold k a matrix in whose encoding fold k's targets have no part, or None where the encoding does not use the target; response: losses
    and the target in its own units, None for squared error and for classes, where y says all.
    """

    X: Matrix
    y: Matrix
    weight: Matrix
    folds: Folds
    groups: NDArray[np.int64] | None = None
    time: Matrix | None = None
    labels: NDArray[np.int64] | None = None
    numeric: NDArray[np.bool_] | None = None
    views: tuple[Matrix, ...] | None = None
    response: Response | None = None

    @classmethod
    def plain(cls, X: Matrix, y: Matrix, *, folds: int = 4, seed: int = 0, weight: Matrix | None = None) -> Sample:
        """A sample of bare arrays with random folds, for use without a table."""
        y = y.reshape(len(X), -1)
        weight = np.ones(len(X)) if weight is None else weight
        return cls(X, y, weight, make_folds(len(X), folds, seed), numeric=np.ones(X.shape[1], dtype=bool))

    @property
    def n(self) -> int:
        return len(self.X)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 in regression."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    def view(self, k: int) -> Matrix:
        """The matrix for fold k: rows of fold k are encoded by the other folds, every other row without fold k and its own fold."""
        return self.X if self.views is None else self.views[k]

    def codes(self, k: int | None = None) -> NDArray[np.int64]:
        """Codes with shape (n,) that equal rows of the matrix share, in the encoding of fold k where given."""
        return self._own_codes if k is None or self.views is None else equal_rows(self.views[k])

    @cached_property
    def _own_codes(self) -> NDArray[np.int64]:
        return equal_rows(self.X)

    def only(self, k: int) -> Sample:
        """The sample with fold k as its only fold."""
        return replace(self, folds=self.folds.only(k), views=None if self.views is None else (self.views[k],))

    @property
    def for_stack(self) -> Sample:
        """The sample with `Folds.for_stack` of a single fold, whose encoding they have; with its own folds where there are several."""
        if self.folds.count != 1:
            return self
        folds = self.folds.for_stack
        return replace(self, folds=folds, views=None if self.views is None else self.views * folds.count)

    def rows(self, chosen: NDArray[np.bool_], k: int | None = None) -> Sample:
        """The sample on some rows (a mask), in the encoding of fold k where given."""
        X = self.X if k is None else self.view(k)
        part = {name: None if (v := getattr(self, name)) is None else v[chosen] for name in ("groups", "time", "labels")}
        part["response"] = None if self.response is None else self.response.rows(chosen)
        return replace(self, X=X[chosen], y=self.y[chosen], weight=self.weight[chosen], folds=self.folds.subset(chosen), views=None, **part)


def equal_rows(X: Matrix) -> NDArray[np.int64]:
    """Codes with shape (n,) that equal rows of X with shape (n, d) share, by a hash of their bits that is checked."""
    bits = np.ascontiguousarray(X + 0.0).view(np.uint64)  # +0.0: zeros have one sign
    odd = np.random.default_rng(0).integers(0, 2**63, X.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    with np.errstate(over="ignore"):
        mixed = (bits ^ (bits >> np.uint64(29))) * odd
        hashes = (mixed ^ (mixed >> np.uint64(32))).sum(1)
    _, first, codes = np.unique(hashes, return_index=True, return_inverse=True)
    if not np.array_equal(X[first[codes]], X):  # a collision
        codes = np.unique(X, axis=0, return_inverse=True)[1]
    return codes.ravel().astype(np.int64)
