"""What a conversion promises, and the refusal of a network that breaks it.

    |network − estimator| ≤ 1e-6 sd + 16 ε max |estimator|      in each output, ε of the type that the estimator answers in

Rounding of float64 is far below; a setting that is not honoured is far above. An estimator of scikit-learn that is asked in float32 answers in
float32, so it is asked in float64, as the network computes; one that was fitted on float32 rows and takes no others, as KMeans, in float32. Where
weights cancel, as of a Gaussian process without noise, an estimator's own digits end earlier: what the last bit of the rows changes in it is allowed
to the network as well, if it is below 1e-5 sd.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, UsageError
from motifnet.mimicry._certificate import units, values_of
from motifnet.mimicry._errors import MimicryError
from motifnet.motifs import Motif
from motifnet.tables import Matrix

PROMISE, _ROUNDINGS, _MAX_NOISE = 1e-6, 16, 1e-5
_SHORT = (np.float16, np.float32)


def in_double(X: Any) -> Any:
    """Rows whose short floats are float64."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        short = [column.name for column in frame.iter_columns() if column.dtype == nw.Float32]
        return frame.with_columns(nw.col(*short).cast(nw.Float64)).to_native() if short else X
    return X.astype(np.float64) if getattr(X, "dtype", None) in _SHORT else X


def compare(got: Matrix, ask: Callable[[Any], NDArray[Any]], rows: Any, fitted: Any, where: str, with_deviation: bool = False) -> NDArray[Any]:
    """The estimator's values at rows, or a MimicryError where the network's are not what it promises.

    Of standard deviations, which are roots of differences, the squares are compared.
    """
    ask = partial(_in_its_precision, ask)
    name, expected = type(fitted).__name__, ask(rows)
    if got.shape != expected.shape:
        raise MimicryError(f"The network of {name} gives shape {got.shape} on {where}, the estimator {expected.shape}. {_advice(fitted)}")
    ours, theirs = (_squared(values.astype(np.float64), with_deviation) for values in (got, expected))
    finite = np.isfinite(theirs)
    unit, size = units(theirs, alike=hasattr(fitted, "classes_")), np.where(finite, np.abs(theirs), 0.0).max(axis=0, initial=0.0)
    with np.errstate(invalid="ignore"):
        excess = np.where(finite, np.abs(ours - theirs), 0.0) - _ROUNDINGS * np.finfo(expected.dtype).eps * size
    excess = np.where(np.isnan(excess), np.inf, excess / unit)
    if excess.max(initial=0.0) <= PROMISE:
        return expected
    noise = _noise(ask, rows, theirs, unit, with_deviation)
    if excess.max() <= PROMISE + _ROUNDINGS * noise:
        return expected
    i, j = np.unravel_index(excess.argmax(), excess.shape)
    raise MimicryError(
        f"The network of {name} is not the estimator: of {len(got)} {where}, {int((excess > PROMISE).any(axis=1).sum())} differ, row {i} by "
        f"{excess[i, j]:.2g} standard deviations (output {j}: the estimator gives {theirs[i, j]:.8g}, the network {ours[i, j]:.8g}); at most "
        f"{PROMISE:.0e} is allowed. There is no network. {_advice(fitted)}"
    )


def _in_its_precision(ask: Callable[[Any], NDArray[Any]], rows: Any) -> NDArray[Any]:
    """The estimator's values, in float32 where it takes nothing else."""
    try:
        return ask(rows)
    except ValueError as error:
        if "Buffer dtype mismatch" not in str(error) or not isinstance(rows, np.ndarray):
            raise
        return ask(rows.astype(np.float32))


def measured(
    network: Motif, matrix: Matrix, ask: Callable[[Any], NDArray[Any]], rows: Any, fitted: Any, with_deviation: bool = False
) -> tuple[Matrix, Matrix]:
    """The estimator's values at rows of a caller, which the network takes as a matrix, and their units. DataError where it does not take them."""
    try:
        expected = compare(values_of(network, matrix), ask, in_double(rows), fitted, "rows of X", with_deviation)
    except UsageError:
        raise
    except (TypeError, ValueError) as error:
        raise DataError(f"The estimator does not take X: {error} Pass rows of the kind that it was fitted on.") from error
    values = expected.astype(np.float64)
    return values, units(values, alike=hasattr(fitted, "classes_"))


def _squared(values: Matrix, with_deviation: bool) -> Matrix:
    q = values.shape[1] // 2
    return np.hstack([values[:, :q], values[:, q:] ** 2]) if with_deviation else values


def _noise(ask: Callable[[Any], NDArray[Any]], rows: Any, expected: Matrix, unit: Matrix, with_deviation: bool) -> float:
    """What the last bit of a row changes in nine of ten rows, in standard deviations; 0 where it is more than rounding."""
    if not isinstance(rows, np.ndarray) or rows.dtype != np.float64:
        return 0.0
    moved = _squared(ask(rows * (1 + 2 * np.finfo(np.float64).eps)).astype(np.float64), with_deviation)
    with np.errstate(invalid="ignore"):
        found = float(np.nan_to_num(np.quantile(np.abs(moved - expected) / unit, 0.9)))
    return found if found <= _MAX_NOISE else 0.0


def _advice(fitted: Any) -> str:
    method = "predict" if hasattr(fitted, "predict") else "transform"
    return (
        "Weights that cancel, as of a kernel machine without a ridge, cost such digits, and a value on the edge of a bin may fall to its other side; "
        f"if it is neither, please report it. Or let it be imitated: `mimic(fitted.{method}, X)`."
    )
