"""What a conversion promises, and the refusal of a network that breaks it.

    |network − estimator| ≤ 1e-6 sd + 16 ε max |estimator|      in each output, ε of the type that the estimator answers in

Rounding of float64 is far below; a setting that is not honoured is far above. An estimator of scikit-learn that is asked in float32 answers in
float32, so it is asked in float64, as the network computes.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from motifnet.mimicry import MimicryError, units
from motifnet.tables import Matrix

PROMISE, _ROUNDINGS = 1e-6, 16
_SHORT = (np.float16, np.float32)


def in_double(X: Any) -> Any:
    """Rows whose short floats are float64."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        short = [name for name in frame.columns if frame[name].dtype == nw.Float32]
        return frame.with_columns(nw.col(*short).cast(nw.Float64)).to_native() if short else X
    return X.astype(np.float64) if getattr(X, "dtype", None) in _SHORT else X


def compare(got: Matrix, expected: NDArray[Any], fitted: Any, where: str, with_deviation: bool = False) -> None:
    """Raise MimicryError where the network is not what it promises; of deviations, which are roots of differences, the squares are compared."""
    name = type(fitted).__name__
    if got.shape != expected.shape:
        raise MimicryError(
            f"The network of {name} gives shape {got.shape} on {where}, the estimator {expected.shape}; there is no network. {_advice(fitted)}"
        )
    rounding, expected = _ROUNDINGS * float(np.finfo(expected.dtype).eps), expected.astype(np.float64)
    if with_deviation:
        q = got.shape[1] // 2
        got, expected = (np.hstack([values[:, :q], values[:, q:] ** 2]) for values in (got, expected))
    finite = np.isfinite(expected)
    unit, size = units(expected, alike=hasattr(fitted, "classes_")), np.where(finite, np.abs(expected), 0.0).max(axis=0, initial=0.0)
    with np.errstate(invalid="ignore"):
        wrong = finite & ~(np.abs(got - expected) <= PROMISE * unit + rounding * size)
    if not wrong.any():
        return
    with np.errstate(invalid="ignore"):
        excess = np.where(wrong, np.nan_to_num(np.abs(got - expected) / unit, nan=np.inf), 0.0)
    i, j = np.unravel_index(excess.argmax(), excess.shape)
    raise MimicryError(
        f"The network of {name} is not the estimator: of {len(got)} {where}, {int(wrong.any(axis=1).sum())} differ, row {i} by {excess[i, j]:.2g} "
        f"standard deviations (output {j}: the estimator gives {expected[i, j]:.8g}, the network {got[i, j]:.8g}); at most {PROMISE:.0e} is allowed. "
        f"There is no network. {_advice(fitted)}"
    )


def _advice(fitted: Any) -> str:
    method = "predict" if hasattr(fitted, "predict") else "transform"
    return (
        "Weights that cancel, as of a kernel machine without a ridge, cost such digits, and a value on the edge of a bin may fall to its other side; "
        f"if it is neither, please report it. Or let it be imitated: `mimic(fitted.{method}, X)`."
    )
