"""Functions that are linear in parameters, f(x) = P(x) θ, with a penalty θᵀ diag(R) θ.

- "linear": P = (1, x), no penalty.
- sieve: products of the functions of single columns (`ColumnBasis`), of at most `order` columns.
  A product of the functions number k_1, …, k_p (0: constant, 1: linear) is in where
  Π max(k_j, 1) < size. R is the sum of their roughness; a product of two columns counts at least
  as much as the smoothest curved function of a column, since it is curved. So only linear main
  effects have no penalty.
- a network of the library: the inputs of its last affine layer. They are replaced by their
  principal components, of variance one, with R inverse to the variance: a ridge on the
  standardised inputs.
- a transformer of scikit-learn: its outputs, in the same way.

Exogenous columns are known given Z. So the conditional mean of a product is

    E[P_endo(X) P_exo(X) | Z] = E[P_endo(X) | Z] P_exo(X)

and only the first factor has to be smoothed; features without factors are smoothed as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from motifnet.engine import DataError, Matrix, check_choice
from motifnet.further.moments._network import last_features, network_of
from motifnet.further.moments._spline import ColumnBasis

Smooth = Callable[[Matrix], Matrix]
MAX_TERMS, MAX_ORDER, ROWS_PER_TERM = 600, 3, 5
_NOTHING = 1e-6


class FeatureMap(Protocol):
    """P and R, with the factors of P."""

    @property
    def penalty(self) -> Matrix:
        """R with shape (k,)."""

    def __call__(self, X: Matrix) -> Matrix:
        """P(X) with shape (n, k)."""

    def given(self, X: Matrix, endogenous: NDArray[np.bool_], smooth: Smooth) -> Matrix:
        """E[P(X) | Z] at the rows, with shape (n, k); `smooth` gives conditional means."""


@dataclass(frozen=True)
class Linear:
    """(1, x)."""

    width: int

    @property
    def penalty(self) -> Matrix:
        return np.zeros(1 + self.width)

    def __call__(self, X: Matrix) -> Matrix:
        return np.column_stack([np.ones(len(X)), X])

    def given(self, X: Matrix, endogenous: NDArray[np.bool_], smooth: Smooth) -> Matrix:
        return self(np.where(endogenous, smooth(X), X))


@dataclass(frozen=True)
class Sieve:
    """Products of functions of columns; `index` with shape (k, p) holds the number of each."""

    columns: tuple[ColumnBasis, ...]
    index: NDArray[np.int64]

    @classmethod
    def of(cls, X: Matrix, size: int | None = None, order: int | None = None) -> Sieve:
        """The sieve of rows with shape (n, p). By default `size` is n^.35 + 1 and `order` the
        largest up to 3 with at most 600 products and 5 rows a product.
        """
        n = len(X)
        functions = min(n // 2, round(n**0.35) + 1) if size is None else size
        columns = tuple(ColumnBasis.of(column, max(functions, 2)) for column in X.T)
        for attempt in (order,) if order is not None else range(MAX_ORDER, 0, -1):
            index = _products([len(basis.roughness) for basis in columns], functions, attempt)
            if len(index) <= min(MAX_TERMS, n // ROWS_PER_TERM):
                break
        if len(index) > n:
            raise DataError(
                f"The sieve has {len(index)} terms for {n} rows. Lower `size` or `order`, or pass "
                "more rows."
            )
        return cls(columns, index)

    @property
    def penalty(self) -> Matrix:
        each = [basis.roughness[k] for basis, k in zip(self.columns, self.index.T, strict=True)]
        curved = [rho for basis in self.columns for rho in basis.roughness[2:3]]
        floor = min(curved, default=1.0)
        together = (self.index > 0).sum(1) > 1
        return np.maximum(np.sum(each, axis=0), np.where(together, floor, 0.0))

    def __call__(self, X: Matrix) -> Matrix:
        return self._product(X, np.ones(X.shape[1], dtype=np.bool_), self.index)

    def given(self, X: Matrix, endogenous: NDArray[np.bool_], smooth: Smooth) -> Matrix:
        unique, which = np.unique(self.index[:, endogenous], axis=0, return_inverse=True)
        some = np.zeros((len(unique), X.shape[1]), dtype=np.int64)
        some[:, endogenous] = unique
        means = smooth(self._product(X, endogenous, some))
        return means[:, which.ravel()] * self._product(X, ~endogenous, self.index)

    def _product(self, X: Matrix, over: NDArray[np.bool_], index: NDArray[np.int64]) -> Matrix:
        """The products of the factors of some of the columns."""
        out = np.ones((len(X), len(index)))
        for j in np.flatnonzero(over):
            out *= self.columns[j](X[:, j])[:, index[:, j]]
        return out


def _products(sizes: list[int], size: int, order: int) -> NDArray[np.int64]:
    """Numbers of functions in the products, of at most `order` columns; stops early where they are
    too many.
    """
    found: list[tuple[int, ...]] = [()]
    for count in sizes:
        found = [
            (*head, k)
            for head, k in product(found, range(count))
            if np.prod(np.maximum((*head, k), 1)) < size and np.count_nonzero((*head, k)) <= order
        ]
        if len(found) > 100 * MAX_TERMS:
            break
    padded = [numbers + (0,) * (len(sizes) - len(numbers)) for numbers in found]
    return np.array(padded, dtype=np.int64)


@dataclass(frozen=True)
class Mapped:
    """A constant and the principal components of the outputs of a function of rows."""

    function: Callable[[Matrix], Matrix]
    centre: Matrix
    turn: Matrix
    roughness: Matrix

    @classmethod
    def of(cls, function: Callable[[Matrix], Matrix], X: Matrix) -> Mapped:
        """Components of variance one over the rows, R inverse to their share of the variance: a
        ridge on the standardised outputs.
        """
        values = function(X)
        centre, scale = values.mean(0), values.std(0)
        scale = np.where(scale > _NOTHING * (1 + np.abs(centre)), scale, np.inf)
        _, sizes, turn = np.linalg.svd((values - centre) / scale, full_matrices=False)
        if not sizes[0] > 0:
            raise DataError("The features of the model are constant. Take another model.")
        kept = (sizes > _NOTHING * sizes[0]) & (np.arange(len(sizes)) < len(X) // ROWS_PER_TERM)
        turned = (turn[kept] / scale).T / sizes[kept] * np.sqrt(len(X))
        return cls(function, centre, turned, (sizes[0] / sizes[kept]) ** 2)

    @property
    def penalty(self) -> Matrix:
        return np.concatenate([[0.0], self.roughness])

    def __call__(self, X: Matrix) -> Matrix:
        return np.column_stack([np.ones(len(X)), (self.function(X) - self.centre) @ self.turn])

    def given(self, X: Matrix, endogenous: NDArray[np.bool_], smooth: Smooth) -> Matrix:
        return smooth(self(X))


def feature_map(
    model: Any, X: Matrix, y: Matrix, *, size: int | None, order: int | None, seed: int
) -> FeatureMap:
    """The features of a model: "linear", "sieve", "network", a regressor of the library, a network
    of `mimic`, or a transformer.
    """
    if isinstance(model, str):
        check_choice("model", model, ("sieve", "network", "linear"))
        if model == "linear":
            return Linear(X.shape[1])
        if model == "sieve":
            return Sieve.of(X, size, order)
        from motifnet import MotifRegressor

        model = MotifRegressor(preset="fast", n_jobs=1, random_state=seed, profile=None)
    if hasattr(model, "transform"):
        return Mapped.of(partial(_transformed, clone(model).fit(X, y)), X)
    return Mapped.of(partial(last_features, network_of(model, X, y)), X)


def _transformed(transformer: Any, X: Matrix) -> Matrix:
    return np.asarray(transformer.transform(X), dtype=np.float64)
