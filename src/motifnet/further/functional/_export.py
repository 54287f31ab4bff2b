"""ONNX from raw curves: the front layer composed before the graph of the network.

    curves (N, T) → MatMul → Add → Split → the inputs score_1, …, score_k of the network's own graph

The nodes of that graph, which the library has checked against the network, stay as they are. The
whole is compared with the model's predictions in onnxruntime before the file is written.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, atomic_file
from motifnet.further.functional._components import FrontLayer
from motifnet.further.functional._scores import CURVES, SCORE
from motifnet.model import ParityError

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = {"float64": 1e-7, "float32": 1e-3}  # in standard deviations of the output
N_RANDOM = 64
_TYPES = {
    "tensor(string)": object,
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
}
_FRONT = "front/"  # before the names of what is added


def random_curves(front: FrontLayer) -> Matrix:
    """Curves whose scores are standard normal, as those of the fit have mean 0 and variance 1."""
    scores = np.random.default_rng(0).standard_normal((N_RANDOM, front.n_components))
    return np.asarray((scores - front.offset) @ np.linalg.pinv(front.weight))


def export(
    model: Any,
    front: FrontLayer,
    values: Matrix,
    table: pd.DataFrame,
    path: str | Path,
    dtype: str,
) -> Any:
    """Write the graph, and return the measured agreement.

    table : the scores of the curves `values`, and covariates, as the model takes them.
    """
    import onnx

    complete = table.notna().all(axis=1).to_numpy()
    if not complete.any():
        raise DataError("Every row has missing covariates. Pass some that are complete.")
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "network.onnx"
        parity = model.to_onnx(inner, dtype=dtype)
        graph = with_front(onnx.load(inner), front, dtype)
    onnx.checker.check_model(graph, full_check=True)
    with atomic_file(path) as temporary:
        temporary.write_bytes(graph.SerializeToString(deterministic=True))
        worst = _difference(model, temporary, values[complete], table[complete], dtype)
        if not worst <= TOLERANCE[dtype]:
            raise ParityError(
                f"onnxruntime differs from the model by {worst:.3g} standard deviations, more than "
                f"the {TOLERANCE[dtype]:.0e} allowed for {dtype}; no file was written. Export with "
                "dtype='float64', or report this."
            )
    return replace(parity, max_difference=worst, rows=int(complete.sum()))


def with_front(model: Any, front: FrontLayer, dtype: str) -> Any:
    """The graph with the input "curves" in place of the scores. It changes `model`."""
    from onnx import TensorProto, helper, numpy_helper

    graph, kind = model.graph, TensorProto.DOUBLE if dtype == "float64" else TensorProto.FLOAT
    k = front.n_components
    scores = [f"{SCORE}{j + 1}" for j in range(k)]
    constants = {"weight": front.weight, "offset": front.offset, "ones": np.ones(k, dtype=np.int64)}
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), _FRONT + name)
        for name, value in constants.items()
    )

    def cast(name: str, result: str, to: int) -> Any:
        return helper.make_node("Cast", [name], [result], to=to)

    columns = [_FRONT + name for name in scores]
    nodes = [
        cast(CURVES, _FRONT + "x", TensorProto.DOUBLE),
        helper.make_node("MatMul", [_FRONT + "x", _FRONT + "weight"], [_FRONT + "product"]),
        helper.make_node("Add", [_FRONT + "product", _FRONT + "offset"], [_FRONT + "scores"]),
        helper.make_node("Split", [_FRONT + "scores", _FRONT + "ones"], columns, axis=1),
        *(cast(column, name, kind) for column, name in zip(columns, scores, strict=True)),
    ]
    rest = [given for given in graph.input if given.name not in scores]
    own = list(graph.node)
    del graph.input[:], graph.node[:]
    graph.node.extend([*nodes, *own])
    curves = helper.make_tensor_value_info(CURVES, kind, ["N", len(front.weight)])
    graph.input.extend([curves, *rest])
    return model


def _difference(model: Any, path: Path, values: Matrix, table: pd.DataFrame, dtype: str) -> float:
    """The largest difference of outputs in onnxruntime from the model's, in standard deviations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path.read_bytes(), options)
    fed = {CURVES: values.astype(dtype)} | {
        given.name: _fed(table[given.name], given.type)
        for given in session.get_inputs()
        if given.name != CURVES
    }
    classes = hasattr(model, "predict_proba")
    got = session.run(["probabilities" if classes else "prediction"], fed)[0]
    want = model.predict_proba(table) if classes else model.predict(table)
    unit = 1.0 if classes else np.asarray(model.model_.info.target_sd)
    return float(np.max(np.abs(got - want.reshape(got.shape)) / unit))


def _fed(column: pd.Series[Any], kind: str) -> NDArray[Any]:
    """A covariate as the graph takes it; dates are microseconds."""
    values = column.to_numpy()
    if values.dtype.kind == "M":
        values = values.astype("datetime64[us]")
    return values.astype(_TYPES[kind])[:, None]
