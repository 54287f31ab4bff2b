"""The sample: encoded rows in canonical order, the input of every later stage.

Canonical rows have no zero weight and are sorted, so the model does not depend on the order of the
rows. Columns are compared from the first to the last, then y, group, time and weight. Levels have
their own order, with missing values last. Equal rows are kept: they are independent observations,
unless they share a group.

A target with another objective than squared error has a response. It holds the target in its own
units and its losses.

    η = mean + sd f,    f: a score in the coding of `Sample.y`, the standardised surrogate of y
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.losses import Loss
from motifnet.tables._column import Column, codes_of, levels_of
from motifnet.tables._folds import Folds, make_folds
from motifnet.tables._table import Table

_LAST_DATE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Sample:
    """Encoded rows in canonical order.

    X         (n, d)   encoded matrix, with target statistics cross-fitted by fold
    y         (n, q)   coded target: standardised (regression), ±1 (two classes) or one-hot (more)
    weight    (n,)
    folds              which rows may be used to predict which
    groups    (n,)     codes, or None
    time      (n,)     order in time, or None
    labels    (n,)     class codes, or None
    numeric   (d,)     True for a number, False for an indicator
    views     (n, d)   for each fold k a matrix encoded without the targets of fold k; None if the
                       encoding does not use the target
    response           losses and the target in its own units; None for squared error and classes
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
    def plain(
        cls, X: Matrix, y: Matrix, *, folds: int = 4, seed: int = 0, weight: Matrix | None = None
    ) -> Sample:
        """A sample of arrays with random folds, without a table."""
        y = y.reshape(len(X), -1)
        weight = np.ones(len(X)) if weight is None else weight
        return cls(
            X, y, weight, make_folds(len(X), folds, seed), numeric=np.ones(X.shape[1], dtype=bool)
        )

    @property
    def n(self) -> int:
        return len(self.X)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 in regression."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    def view(self, k: int) -> Matrix:
        """The matrix for fold k. No row is encoded by its own fold or by fold k."""
        return self.X if self.views is None else self.views[k]

    def codes(self, k: int | None = None) -> NDArray[np.int64]:
        """Codes with shape (n,), the same for equal rows of the matrix (None) or of the view of
        fold k.
        """
        of = None if self.views is None else k
        if of not in self._codes:
            self._codes[of] = equal_rows(self.X if of is None else self.view(of))
        return self._codes[of]

    @cached_property
    def _codes(self) -> dict[int | None, NDArray[np.int64]]:
        return {}

    def only(self, k: int) -> Sample:
        """The sample with fold k as its only scored fold."""
        return replace(
            self, folds=self.folds.only(k), views=None if self.views is None else (self.views[k],)
        )

    @property
    def for_stack(self) -> Sample:
        """The sample with `Folds.for_stack` if it has a single fold, in the encoding of that fold;
        else the sample itself.
        """
        if self.folds.count != 1:
            return self
        folds = self.folds.for_stack
        return replace(
            self, folds=folds, views=None if self.views is None else self.views * folds.count
        )

    def rows(self, chosen: NDArray[np.bool_], k: int | None = None) -> Sample:
        """The sample on some rows (a mask), in the view of fold k if given."""
        X = self.X if k is None else self.view(k)
        part = {
            name: None if (v := getattr(self, name)) is None else v[chosen]
            for name in ("groups", "time", "labels")
        }
        part["response"] = None if self.response is None else self.response.rows(chosen)
        return replace(
            self,
            X=X[chosen],
            y=self.y[chosen],
            weight=self.weight[chosen],
            folds=self.folds.subset(chosen),
            views=None,
            **part,
        )

    def encoded_rows(self, chosen: NDArray[np.bool_]) -> Sample:
        """The sample on some rows (a mask) of every scored fold, in all encodings."""
        views = None if self.views is None else tuple(view[chosen] for view in self.views)
        return replace(self.rows(chosen), views=views)


def equal_rows(X: Matrix) -> NDArray[np.int64]:
    """Codes with shape (n,), the same for equal rows of X with shape (n, d), by a hash of their
    bits. Collisions are detected.
    """
    bits = np.ascontiguousarray(X + 0.0).view(np.uint64)  # +0.0: zeros have one sign
    odd = np.random.default_rng(0).integers(0, 2**63, X.shape[1], dtype=np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    with np.errstate(over="ignore"):
        mixed = (bits ^ (bits >> np.uint64(29))) * odd
        hashes = (mixed ^ (mixed >> np.uint64(32))).sum(1)
    _, first, codes = np.unique(hashes, return_index=True, return_inverse=True)
    if not np.array_equal(X[first[codes]], X):  # a collision
        codes = np.unique(X, axis=0, return_inverse=True)[1]
    return codes.ravel().astype(np.int64)


@dataclass(frozen=True)
class Response:
    """`losses`: one for each of q columns; `y` with shape (n, q) in its own units (rates, if there
    is an exposure); `mean` and `sd` with shape (q,).
    """

    losses: tuple[Loss, ...]
    y: Matrix
    mean: Matrix
    sd: Matrix

    @property
    def q(self) -> int:
        return len(self.losses)

    def rows(self, chosen: NDArray[np.bool_]) -> Response:
        """The response of some rows (a mask)."""
        return replace(self, y=self.y[chosen])


def code_response(y: Matrix, w: Matrix, losses: tuple[Loss, ...]) -> tuple[Matrix, Response]:
    """The coded surrogate for the teachers, with the shape of y, and the response."""
    surrogate = np.column_stack(
        [loss.surrogate(column, w) for loss, column in zip(losses, y.T, strict=False)]
    )
    coded, mean, sd = standardised(surrogate, w)
    q = len(losses)
    return coded, Response(
        losses, np.repeat(y, q // y.shape[1], 1), np.broadcast_to(mean, q), np.broadcast_to(sd, q)
    )


def standardised(y: Matrix, w: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """(y − mean) / sd, mean and sd; the sd of a constant column is 1."""
    # scaled, so sums of squares of large values do not overflow
    scale = np.maximum(np.abs(y).max(0), 1e-300)
    mean = scale * (w @ (y / scale) / w.sum())
    sd = scale * np.sqrt(w @ ((y - mean) / scale) ** 2 / w.sum())
    sd = np.where(sd > 1e-12 * scale, sd, 1.0)
    return (y - mean) / sd, mean, sd


@dataclass(frozen=True, eq=False)
class CanonicalRows:
    """m rows in canonical order. `groups`: consecutive codes; `rows` with shape (m,): the number of
    each row in the given table.
    """

    table: Table
    y: NDArray[Any]
    weight: Matrix
    groups: NDArray[np.int64] | None
    time: Matrix | None
    rows: NDArray[np.int64]


def canonical(
    table: Table,
    y: NDArray[Any],
    weight: Matrix,
    groups: NDArray[np.int64] | None = None,
    time: Matrix | None = None,
) -> CanonicalRows:
    """The canonical rows of a table and its target y with shape (n,) or (n, q)."""
    keys = [_key(column) for column in table.columns] + list(y.reshape(len(y), -1).T)
    keys += [key for key in (groups, time, weight) if key is not None]
    used = np.flatnonzero(weight > 0)
    rows = used[np.lexsort([key[used] for key in reversed(keys)])]
    codes = (
        None if groups is None else np.unique(groups[rows], return_inverse=True)[1].astype(np.int64)
    )
    return CanonicalRows(
        table.take(rows), y[rows], weight[rows], codes, None if time is None else time[rows], rows
    )


def _key(column: Column) -> NDArray[Any]:
    """Numbers in the order of the values, equal for equal values."""
    if column.kind == "categorical":
        return codes_of(column, levels_of(column))
    if column.kind == "date":
        return np.where(column.missing, _LAST_DATE, column.values)
    return column.values
