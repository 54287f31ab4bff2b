"""The facade of a network: arrays or tensors in, the same out; its certificate and its methods."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from motifnet.compress import SIZES, Scaled, Task, TradeOff, trade_off
from motifnet.engine import (
    DataError,
    LedgerRow,
    Matrix,
    MotifnetWarning,
    UsageError,
    single_threaded,
)
from motifnet.model import Ledger, network_to_onnx, to_python
from motifnet.motifs import Lookup, Motif, evaluate
from motifnet.pipeline import compress_network, network_task, retrain, retrain_from, updated
from motifnet.training import RowSums
from motifnet.transfer import Card, Certificate, certify, describe_network
from motifnet.transfer.fitted import Columns, Uses, encoded, knows_empty

CERTIFIED_ROWS = 128


class Network:
    """A network of motifs on a matrix with d columns.

    Call it on an array or a data frame (array out, float64) or on a tensor (tensor out, with
    gradients). Strings become numbers of their own; see `encode`. `mimic` and the `network_` of an
    estimator return one.

    Parameters
    ----------
    module : torch.nn.Module
        The motifs.
    d : int
        Number of columns that it takes.
    certificate : Certificate, optional
        The difference from the model that it was computed from.
    ledger : tuple of LedgerRow
        Stages of `retrain` and `compress`; empty for others.
    columns : Columns, optional
        Names and codes of a data frame's columns, which `mimic` reads from the estimator.

    Examples
    --------
    >>> import torch
    >>> from sklearn.linear_model import LinearRegression
    >>> from motifnet import mimic
    >>> network = mimic(LinearRegression().fit(X, y), X)
    >>> network(X[:4]).shape
    (4, 1)
    >>> rows = torch.tensor(X[:4], requires_grad=True)
    >>> network(rows).sum().backward()
    >>> rows.grad.shape
    torch.Size([4, 3])
    >>> network.to_python("linear.py")  # needs numpy alone
    """

    def __init__(
        self,
        module: Motif,
        d: int,
        certificate: Certificate | None = None,
        ledger: tuple[LedgerRow, ...] = (),
        columns: Columns | None = None,
    ) -> None:
        self.module = module
        self.d = d
        self.certificate = certificate
        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
        self.columns = columns
        self._sums: RowSums | None = None

    @overload
    def __call__(self, X: Tensor) -> Tensor: ...

    @overload
    def __call__(self, X: Any) -> Matrix: ...

    def __call__(self, X: Any) -> Tensor | Matrix:
        """Outputs with shape (n, q) at rows with shape (n, d)."""
        if isinstance(X, Tensor):
            if X.ndim != 2 or X.shape[1] != self.d:
                raise DataError(self._wrong(tuple(X.shape)))
            return self.module(X.to(torch.promote_types(X.dtype, torch.float64)))
        matrix = self.encode(X)
        with single_threaded():
            parts = [
                evaluate(self.module, torch.as_tensor(part))
                for part in np.array_split(matrix, max(1, len(matrix) // 1024))
            ]
        values = torch.cat(parts).numpy()
        if np.isnan(values).any():
            row = int(np.isnan(values).any(1).argmax())
            text = (
                f"Row {row} (the first row is 0) and maybe others hold values that the network "
                "has no rule for, such as NaN: their outputs are NaN."
            )
            warnings.warn(f"{text} Fill them before.", MotifnetWarning, stacklevel=2)
        return values

    def encode(self, X: Any) -> Matrix:
        """Rows as the matrix with shape (n, d) that the network takes: numbers as they are, strings
        as codes, NaN where a value is missing.

        A data frame is read by the names of its columns, where the network knows them. After the
        columns follow the counts of the terms that the network knows in columns of documents.

        Parameters
        ----------
        X : array or data frame with n rows

        Returns
        -------
        array with shape (n, d)

        Raises
        ------
        DataError
            For another number of columns, or columns that lack.
        """
        matrix = encoded(X, self.columns, self._numbers)
        if matrix.ndim != 2 or matrix.shape[1] != self.d:
            raise DataError(self._wrong(matrix.shape))
        return matrix

    @cached_property
    def _numbers(self) -> set[int]:
        """Columns that the network computes with; a string there is the number that it spells."""
        return Uses.of(self.module, self.d).numbers

    def _wrong(self, shape: tuple[int, ...]) -> str:
        return (
            f"The network takes a matrix with shape (n, {self.d}), but got shape {shape}. Encode "
            "the table first (`model.encode`)."
        )

    @property
    def card(self) -> Card:
        """The description of the architecture."""
        return describe_network(self.module, inputs=self.d)

    def to_torch(self) -> torch.nn.Module:
        """A copy of the module."""
        return copy.deepcopy(self.module)

    def to_onnx(self, path: str | Path, *, dtype: str = "float64", X: Any = None) -> Any:
        """Write as ONNX. onnxruntime compares the graph with the network, on rows X or on synthetic
        rows, before the file is written.

        The graph takes the matrix, or the raw columns by name where the network was made with a
        data frame.

        Parameters
        ----------
        path : str or Path
        dtype : {"float64", "float32"}, default "float64"
            Type of inputs and outputs; the arithmetic between is float64.
        X : array or data frame with n rows, optional
            Rows to compare the file with.

        Returns
        -------
        onnx.ModelProto
            What was written.

        Raises
        ------
        DataError, UsageError, ParityError
            Where X is empty, a level has no name in ONNX, or onnxruntime gives other values.
        """
        rows = None if X is None else self.encode(X)
        if rows is not None and not len(rows):
            raise DataError(
                "X has no rows to compare the file with. Pass at least one, or leave "
                "X out: then it makes synthetic rows."
            )
        if self.columns is not None and any(
            knows_empty(part) for part in self.module.modules() if isinstance(part, Lookup)
        ):
            raise UsageError(
                "A level is the empty string, which stands for a missing one in "
                "ONNX. Give it a name, and fit again."
            )
        return network_to_onnx(self.module, self.d, path, dtype=dtype, X=rows, columns=self.columns)

    def to_python(self, path: str | Path) -> None:
        """Write as one Python file that needs numpy only. It suits small networks, as the file
        holds all numbers as text.

        Parameters
        ----------
        path : str or Path
        """
        to_python(self.module, self.d, path, self.columns)

    def retrain(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        estimator: Any = None,
        epochs: int = 20,
        seed: int = 0,
        n_jobs: int | None = None,
    ) -> Network:
        """The network trained on rows X with shape (n, d) and targets y. A stage is kept only if
        held-out rows gain; see the `ledger` of the result.

        Parameters
        ----------
        X : array or data frame with n rows
        y : array with shape (n,) or (n, q)
        sample_weight : array with shape (n,), optional
        estimator : estimator, optional
            The regressor or classifier that the network was computed from. X and y may then be the
            rows of its own fit: clones of it are fitted without each fold, to the matrix of
            `encode(X)`. Feature layers that start as the identity are added before
            its kernel, or a kernel branch of weight 0 to a network without one, and trained. The
            result is the original and the trained network with non-negative weights.
        epochs : int, default 20
            Without an estimator, where X are held-out rows: the last layer is solved in closed
            form, then all weights are fine-tuned. Fold networks choose the number of epochs, which
            is at most this one and may be 0.
        seed : int, default 0
            Seed of folds and batches.
        n_jobs : int, optional
            Number of parallel jobs; None is one a core.

        Returns
        -------
        Network
            Its certificate compares it with the same function in numpy; without an estimator there
            is none.

        Raises
        ------
        DataError, UsageError
            For too few rows, missing values, and targets of another shape than the outputs.
        """
        if estimator is not None:
            matrix = self.encode(X)
            module, values, ledger = retrain_from(
                estimator, matrix, y, sample_weight, seed=seed, n_jobs=n_jobs
            )
            return Network(
                module,
                self.d,
                certify(module, values, matrix[:CERTIFIED_ROWS]),
                ledger,
                self.columns,
            )
        module, ledger = retrain(
            self.module, self.encode(X), y, sample_weight, epochs=epochs, seed=seed, n_jobs=n_jobs
        )
        return Network(module, self.d, None, ledger, self.columns)

    def update(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        ridge: float | None = None,
        seed: int = 0,
    ) -> Network:
        """The network after new rows X with shape (k, d) and targets y: its last layer is solved
        again, the others stay.

        Updates in parts, in any order, give the same network as one update with all rows. The
        result has no certificate.

        Parameters
        ----------
        X : array or data frame with k rows
        y : array with shape (k,) or (k, q)
        sample_weight : array with shape (k,), optional
        ridge : float, optional
            Weight of the present layer in the first update; by default predictions of held-out rows
            choose it. Later updates keep it.
        seed : int, default 0
            Seed of that choice.

        Returns
        -------
        Network

        Raises
        ------
        DataError, UsageError
            For targets of another shape than the outputs, and a network whose last layer is not
            affine.
        """
        module, sums = updated(
            self.module,
            self._sums,
            self.encode(X),
            y,
            sample_weight,
            ridge=ridge,
            sign=1,
            seed=seed,
        )
        return self._with(module, sums)

    def forget(self, X: Any, y: Any, sample_weight: Any = None) -> Network:
        """The network without rows that `update` was given.

        Parameters
        ----------
        X : array or data frame with k rows
        y : array with shape (k,) or (k, q)
        sample_weight : array with shape (k,), optional

        Returns
        -------
        Network

        Raises
        ------
        UsageError
            Where there was no update, or all of its rows are forgotten already.
        """
        module, sums = updated(
            self.module, self._sums, self.encode(X), y, sample_weight, ridge=None, sign=-1, seed=0
        )
        return self._with(module, sums)

    def _with(self, module: Motif, sums: RowSums) -> Network:
        other = Network(module, self.d, None, self.ledger, self.columns)
        other._sums = sums
        return other

    def compress(
        self,
        *,
        max_units: int | None = None,
        tolerance: float | None = None,
        X: Any = None,
        y: Any = None,
        seed: int = 0,
    ) -> Network:
        """A small network of kernel units, distilled from this one. It holds no row, and its ledger
        gives the loss of accuracy.

        By default its size is the knee of the trade-off curve: the fewest of 32, 64, ..., 512 units
        whose R² to this network on held-out rows is .9975, or beyond which little is gained.

        Parameters
        ----------
        max_units : int, optional
            Maximum number of units.
        tolerance : float, optional
            In place of it: the fewest units whose error is at most (1 + tolerance) times that of
            this network; without y, whose values differ by at most `tolerance` standard deviations.
        X : array or data frame with n rows, optional
            Rows of the kind that it was fitted on; a kernel network carries its own.
        y : array with shape (n,) or (n, q), optional
            Targets of X, which are then held-out rows.
        seed : int, default 0
            Seed of the distillation.

        Returns
        -------
        Network

        Raises
        ------
        DataError, UsageError
            If both are given, or the network carries no rows and X is not given.
        """
        scaled = Scaled.of(self._task(X, y, seed))
        module, certificate, ledger = compress_network(scaled.task, max_units, tolerance)
        return Network(scaled.back(module), self.d, certificate, ledger)

    def trade_off(
        self, X: Any = None, y: Any = None, *, sizes: Sequence[int] = SIZES, seed: int = 0
    ) -> TradeOff:
        """Error, speed and size of this network compressed to each number of units.

        Parameters
        ----------
        X, y
            As in `compress`.
        sizes : sequence of int, default (32, 64, 128, 256, 512)
            Numbers of units.
        seed : int, default 0
            Seed of the distillation.

        Returns
        -------
        TradeOff
            Prints as a table.

        Raises
        ------
        DataError, UsageError
            As `compress`.
        """
        return trade_off(Scaled.of(self._task(X, y, seed)).task, sizes)

    def _task(self, X: Any, y: Any, seed: int) -> Task:
        return network_task(self.module, self.d, None if X is None else self.encode(X), y, seed)

    def __repr__(self) -> str:
        return f"Network with {self.d} inputs\n{self.card}"
