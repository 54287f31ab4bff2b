"""The check of an exported graph: onnxruntime against the network on real rows, before the file is
written.

A difference passes if it is at most

    tolerance · sd + 16 ε · |output| + 4 r      tolerance 1e-10 (float64), 3e-4 (float32)

in each output column. The second term is the rounding of the number format where values are far
from 0. r is the rounding where large terms cancel: the largest difference between two orders of the
network's own sums (`own_rounding`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import MotifnetError
from motifnet.transfer import units

TOLERANCE = {"float64": 1e-10, "float32": 3e-4}
_ADVICE = {
    "float32": "Export with dtype='float64'.",
    "float64": "Large weights that cancel, as those of a kernel machine with hardly any ridge, "
    "cost such digits: fit with more regularisation, or export with dtype='float32', which has a "
    "wider tolerance. Of equally near rows KNNImputer takes those of numpy's partition, "
    "onnxruntime the first ones. Please report it if neither is the case.",
}
BATCHES = (0, 1, 7)
ORDERS = 4  # multiple of r: onnxruntime has its own order in each layer


@dataclass(frozen=True)
class Parity:
    """The measured agreement.

    `max_difference` is in standard deviations of the output column, over `rows` rows.
    """

    max_difference: float
    rows: int
    opset: int
    dtype: str

    def as_dict(self) -> dict[str, float | int | str]:
        return {
            "max_difference": self.max_difference,
            "rows": self.rows,
            "opset": self.opset,
            "dtype": self.dtype,
        }


class ParityError(MotifnetError, ArithmeticError):
    """The exported graph and the network differ; no file was written."""


def measure(
    path: str | os.PathLike[str],
    feeds: dict[str, NDArray[Any]],
    expected: NDArray[np.float64],
    dtype: str,
    opset: int,
    unit: NDArray[np.float64] | None = None,
    own: float = 0.0,
) -> Parity:
    """Run the file on all rows and on batches of 0, 1 and 7, and compare its outputs.

    The outputs, side by side and without labels, are compared with the expected values with shape
    (n, q). `unit` with shape (q,) is the unit of differences, by default the spread of the expected
    values. `own` is the rounding of the network.
    """
    session = start(path)
    names = [output.name for output in session.get_outputs() if output.name != "label"]
    unit = units(expected) if unit is None else unit
    worst = beyond = 0.0
    for size in (*BATCHES, len(expected)):
        got = np.hstack(
            session.run(names, {name: values[:size] for name, values in feeds.items()})
        ).astype(np.float64)
        want = expected[:size]
        if got.shape != want.shape or not (np.isfinite(got) == np.isfinite(want)).all():
            raise ParityError(
                f"The ONNX graph gives shape {got.shape} for {size} rows, expected {want.shape}, "
                "or values that are not finite where the network's are. Please report this."
            )
        got, want = np.where(np.isfinite(want), got, 0.0), np.where(np.isfinite(want), want, 0.0)
        difference = np.abs(got - want)
        rounding = 16 * np.finfo(dtype).eps * np.abs(want) + ORDERS * own
        worst = max(worst, float((difference / unit).max(initial=0.0)))
        beyond = max(beyond, float(((difference - rounding) / unit).max(initial=0.0)))
    if beyond > TOLERANCE[dtype]:
        raise ParityError(
            f"onnxruntime differs from the network by {worst:.3g} standard deviations, more than "
            f"the {TOLERANCE[dtype]:.0e} allowed for {dtype}; no file was written. "
            f"{_ADVICE[dtype]}"
        )
    return Parity(worst, len(expected), opset, dtype)


def start(path: str | os.PathLike[str]) -> Any:
    """An onnxruntime session on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads, options.inter_op_num_threads = 3, 1, 1
    content = Path(path).read_bytes()  # onnxruntime takes no path that is not UTF-8
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
