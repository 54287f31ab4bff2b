"""The raw columns of a fitted estimator: what its network does with them, and frames as matrices.

`Uses`: a network compares a column with levels, computes with it, or both. A column x is traced
through the layers while these give an affine image a x + b. An image with a = 1, b = 0 that enters
a `Lookup` holds levels. A value v that a layer compares with (centre, threshold, end of a segment)
is the raw value (v − b) / a.

`Columns`: a data frame as the matrix of numbers and codes that the network takes. A string is a
level, hence a code. In a column that the network computes with, the string "1.5" is the number 1.5,
as for scikit-learn's scalers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np

from motifnet.engine import DataError, Matrix
from motifnet.motifs import (
    Affine,
    Chain,
    Clip,
    Concat,
    Distance,
    Fill,
    Gaps,
    Hinge,
    Identity,
    Lookup,
    Missing,
    Motif,
    Parallel,
    Piecewise,
    Precise,
    Select,
    SparseAffine,
    TreeEnsemble,
)
from motifnet.tables import as_array
from motifnet.transfer.fitted._documents import Reader
from motifnet.transfer.fitted._encoders import code, number

ReadValue = Callable[[Any], float]


class Image(NamedTuple):
    """a x + b of a raw column x."""

    column: int
    a: float = 1.0
    b: float = 0.0


At = Sequence[Image | None]


@dataclass
class Uses:
    """Columns that are computed with, and the levels (None for a missing one) and numbers of the
    network by column.
    """

    numbers: set[int] = field(default_factory=set)
    levels: dict[int, set[Any]] = field(default_factory=lambda: defaultdict(set))
    # columns that may hold levels unknown to the fit
    unseen: set[int] = field(default_factory=set)
    values: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, network: Motif, d: int) -> Uses:
        """The uses of the d inputs of a network."""
        uses = cls()
        uses.computed(uses.follow(network, [Image(j) for j in range(d)]))
        return uses

    def texts(self, column: int) -> bool:
        """Whether strings are levels of a column."""
        return any(isinstance(level, str) for level in self.levels.get(column, ()))

    def computed(self, at: At) -> None:
        """Record that these columns are taken as numbers."""
        self.numbers |= {image.column for image in at if image}

    def follow(self, part: Motif, at: At) -> At:
        """Record the uses in a part; the images after it, None where they mix columns."""
        if isinstance(part, Chain):
            for one in part.parts:
                at = self.follow(one, at)
            return at
        if isinstance(part, Precise):
            return self.follow(part.body, at)
        if isinstance(part, Concat):
            return [image for branch in part.branches for image in self.follow(branch, at)]
        if isinstance(part, Select):
            return [at[j] for j in part.columns]
        if isinstance(part, Identity | Fill | Missing):
            return at
        if isinstance(part, Parallel):
            for branch in part.branches:
                self.computed(self.follow(branch, at))
        elif isinstance(part, Lookup):
            self._looked_up(part, at[0])
        elif (
            isinstance(part, Affine | SparseAffine) and (columns := _own_columns(part)) is not None
        ):
            self.computed(at)
            return [_scaled(at[j], a, b) for j, a, b in columns]
        elif isinstance(part, TreeEnsemble):
            inner = part.left.numpy() != np.arange(len(part.left))
            feature = part.feature.numpy()[inner]
            threshold = part.threshold.detach().double().numpy()[inner]
            self.computed([at[j] for j in np.unique(feature)])
            self._known((at[j], threshold[feature == j]) for j in np.unique(feature))
        elif not isinstance(part, Gaps):
            self.computed(at)
            self._known(zip(at, _columns_of_values(part, len(at)), strict=False))
        return [None] * part.outputs(len(at))

    def _looked_up(self, part: Lookup, image: Image | None) -> None:
        if image is None or image[1:] != (1.0, 0.0):
            return
        names = part.texts or [""] * len(part.levels)
        self.levels[image.column] |= {
            name or float(level) for name, level in zip(names, part.levels, strict=True)
        }
        unseen, missing = (bool(row.isfinite().all()) for row in part.table[-2:])
        if missing:
            self.levels[image.column].add(None)
        if unseen:
            self.unseen.add(image.column)

    def _known(self, found: Iterable[tuple[Image | None, Matrix]]) -> None:
        for image, values in found:
            if image and image.a:
                self.values[image.column] += (
                    (values[np.isfinite(values)] - image.b) / image.a
                ).tolist()


def _own_columns(part: Affine | SparseAffine) -> list[tuple[int, float, float]] | None:
    """Column, factor and shift of each output, where each is an image of one column."""
    weight, bias = part.weight.detach(), part.bias.detach().tolist()
    if isinstance(part, SparseAffine):
        return (
            list(zip(part.index[:, 0].tolist(), weight[:, 0].tolist(), bias, strict=True))
            if weight.shape[1] == 1
            else None
        )
    if weight.shape != (1, 1):
        return None
    return [(0, float(weight), bias[0])]


def _scaled(image: Image | None, a: float, b: float) -> Image | None:
    return image and Image(image.column, a * image.a, a * image.b + b)


def _columns_of_values(part: Motif, width: int) -> Sequence[Matrix]:
    """Values that a part compares each of its columns with."""
    if isinstance(part, Distance):
        return list(part.centres.detach().double().numpy().T)
    if isinstance(part, Hinge):
        return list(part.knots.detach().double().numpy())
    if isinstance(part, Piecewise):
        return list(part.starts.detach().double().numpy())
    if isinstance(part, Clip):
        return list(
            np.stack(
                [
                    np.broadcast_to(np.atleast_1d(side.double().numpy()), width)
                    for side in (part.low, part.high)
                ],
                1,
            )
        )
    return []


@dataclass(frozen=True)
class Columns:
    """Names of the columns, which of them hold strings, and the readers of those that hold
    documents.
    """

    names: tuple[str, ...]
    is_text: tuple[bool, ...]
    documents: tuple[tuple[int, Reader], ...] = ()

    @classmethod
    def of(cls, X: Any, network: Motif | None = None, width: int = 0) -> Columns | None:
        """The columns of a data frame X; None for an array.

        A column that the network computes with holds no strings, whatever its type. `width` is the
        number of inputs of the network, where it is not that of the frame.
        """
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            return None
        uses = Uses() if network is None else Uses.of(network, width or len(frame.columns))
        may_hold_strings = [
            not _is_number(column) and j not in uses.numbers
            for j, column in enumerate(frame.iter_columns())
        ]
        return cls(
            _names(frame),
            tuple(
                may and (uses.texts(j) or j not in uses.levels)
                for j, may in enumerate(may_hold_strings)
            ),
        )

    @classmethod
    def named(cls, names: Collection[Any], network: Motif) -> Columns:
        """Columns with these names; those where the network has string levels hold strings."""
        uses = Uses.of(network, len(names))
        return cls(
            tuple(str(name) for name in names), tuple(uses.texts(j) for j in range(len(names)))
        )

    def of_frame(self, X: Any) -> Any:
        """A data frame with these columns in this order; anything else as it is."""
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame) or _names(frame) == self.names:
            return X
        present = _names(frame)
        absent = [name for name in self.names if name not in present]
        if absent:
            raise DataError(
                f"The columns {', '.join(map(repr, absent))} are not in the data frame, which has "
                f"{', '.join(map(repr, present))}. "
                "Pass the columns that the estimator was fitted on, by name and in any order."
            )
        return frame[:, [present.index(name) for name in self.names]].to_native()


def _names(frame: nw.DataFrame[Any]) -> tuple[str, ...]:
    """Names of the columns as strings; those of pandas may be whole numbers."""
    return tuple(str(name) for name in frame.columns)


def strings_of(network: Motif) -> tuple[str, ...]:
    """All strings that are levels in a network."""
    tables = [part for part in network.modules() if isinstance(part, Lookup)]
    return tuple(sorted({level for table in tables for level in table.texts if level}))


def coded(X: Any, numbers: Collection[int] = ()) -> Matrix:
    """A data frame or an array as a matrix: numbers as they are, strings as codes, or as the
    numbers that they spell in the columns `numbers`. Missing values are NaN.
    """
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        columns = [
            _coded_column(column, _reader(j, numbers))
            for j, column in enumerate(frame.iter_columns())
        ]
        return np.column_stack(columns) if columns else np.empty((len(frame), 0))
    values = as_array(X.toarray() if hasattr(X, "toarray") else X)
    if values.dtype.kind == "c" or not values.ndim:
        raise DataError(
            f"Rows of numbers or strings are expected, but got {type(X).__name__} of "
            f"{values.dtype}. Pass a data frame or a matrix."
        )
    if values.dtype.kind in "OUS":
        rows = values.reshape(len(values), -1)
        read = [
            [_coded_value(v, _reader(j, numbers)) for v in column]
            for j, column in enumerate(rows.T)
        ]
        values = np.array(read, dtype=np.float64).T.reshape(values.shape)
    return values.astype(np.float64)


def encoded(X: Any, columns: Columns | None, numbers: Collection[int] = ()) -> Matrix:
    """The matrix of `coded`, with the columns of a data frame taken by name, and after them the
    counts of the terms of documents.
    """
    table = X if columns is None else columns.of_frame(X)
    if columns is None or not columns.documents:
        return coded(table, numbers)
    table = as_table_of_documents(table)
    raw = coded(table, numbers)
    if raw.shape[1] != len(columns.names):
        raise DataError(
            f"The rows have {raw.shape[1]} columns, expected {', '.join(columns.names)}. Pass the "
            "columns that the estimator was fitted on."
        )
    return np.hstack(
        [raw, *(reader.counts(column_values(table, j)) for j, reader in columns.documents)]
    )


def as_table_of_documents(X: Any) -> Any:
    """A data frame as it is; a list, array or series of documents as a column."""
    if isinstance(nw.from_native(X, eager_only=True, pass_through=True), nw.DataFrame):
        return X
    values = np.array(list(X) if np.ndim(X) == 1 else X, dtype=object)
    return values.reshape(len(values), -1)


def column_values(rows: Any, column: int) -> list[Any]:
    """The values of a column of a data frame or an array."""
    frame = nw.from_native(rows, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame[:, column].to_list()
    return np.asarray(rows, dtype=object)[:, column].tolist()


def _reader(column: int, numbers: Collection[int]) -> ReadValue:
    return number if column in numbers else code


def _is_number(column: nw.Series[Any]) -> bool:
    return column.dtype.is_numeric() or column.dtype == nw.Boolean


def _coded_column(column: nw.Series[Any], read: ReadValue) -> Matrix:
    if _is_number(column):
        return column.cast(nw.Float64).to_numpy().astype(np.float64)
    missing = column.is_null().to_numpy()
    return np.array(
        [
            np.nan if is_null else _coded_value(v, read)
            for v, is_null in zip(column.to_list(), missing, strict=True)
        ],
        dtype=np.float64,
    )


def _coded_value(value: Any, read: ReadValue) -> float:
    try:
        return read(value)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"A column holds {value!r} of type {type(value).__name__}; expected "
            f"{_KINDS[read]}. Convert the column first."
        ) from error


_KINDS: dict[ReadValue, str] = {
    code: "numbers or strings",
    number: "numbers, or strings that spell one",
}
