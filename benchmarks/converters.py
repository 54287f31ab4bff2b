"""Fitted models through the converters that there are: ours, skl2onnx (with onnxmltools for
LightGBM, XGBoost and CatBoost), and hummingbird-ml.

The models are those of the contract suite of `mimic` (tests/shared/fitted_cases.py), our own list:
it holds what ours converts (the public suites of the other converters: benchmarks/public_suites.py).
Classes are whole numbers, as hummingbird-ml asks for; levels that a booster takes as pandas'
categories reach skl2onnx as their codes; of two scores of two classes, −s and s, the nearer one is
compared. Each is converted to ONNX and run by onnxruntime on its own rows, in float64 where the
converter lets rows be float64. Errors are the largest difference to the model itself, in standard
deviations of its output; seconds are CPU seconds, on one thread, to convert and for 100,000 rows. A
row is appended to OUT/converters.csv as soon as it is there. The other converters are optional:
`pip install skl2onnx onnxmltools hummingbird-ml onnxscript`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._converters_report import report

ROOT = Path(__file__).parents[1]
ROWS, MAX_SECONDS, LIMIT = 100_000, 60.0, 240.0


@dataclass(frozen=True)
class Row:
    """One converter on one model; `error` is NaN where it does not convert or run, and `problem`
    says why.
    """

    model: str
    converter: str
    error: float
    converted_in: float
    seconds: float
    problem: str = ""


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "converters")
    parser.add_argument("--models", nargs="+", help="names of cases that begin so; default: all")
    parser.add_argument("--report-only", action="store_true")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "converters.csv"
    if not options.report_only:
        _run(path, options.models)
    text = report(pd.read_csv(path))
    (options.out / "converters.md").write_text(text)
    print(text)


def _run(path: Path, wanted: list[str] | None) -> None:
    warnings.simplefilter("ignore")
    from tests.shared.fitted_cases import CASES

    past = (
        set(pd.read_csv(path)[["model", "converter"]].itertuples(index=False, name=None))
        if path.exists()
        else set()
    )
    for name, case in CASES.items():
        if wanted and not name.startswith(tuple(wanted)):
            continue
        for converter, convert in _installed().items():
            if (name, converter) not in past:
                row = _apart(
                    name,
                    converter,
                    convert,
                    case.make().fit(case.rows(), _target(case.y)),
                    case.rows(),
                )
                pd.DataFrame([asdict(row)]).to_csv(
                    path, mode="a", header=not path.exists(), index=False
                )
                print(f"{name}, {converter}: {row.error:.1e} {row.problem}", flush=True)


def _target(y: Any) -> Any:
    """Texts as the numbers of their classes."""
    return (
        np.unique(y, return_inverse=True)[1]
        if isinstance(y, np.ndarray) and y.dtype.kind in "UO"
        else y
    )


Runner = Callable[[Any], np.ndarray]
Convert = Callable[[Any, Any, Path], Runner]


def _apart(name: str, converter: str, convert: Convert, model: Any, rows: Any) -> Row:
    """In a process of its own, as a graph that is wrong may never end."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(
        target=lambda: answer.put(_measured(name, converter, convert, model, rows))
    )
    process.start()
    process.join(LIMIT)
    if process.is_alive():
        process.kill()
        return Row(name, converter, np.nan, np.nan, np.nan, f"no end in {LIMIT:.0f} seconds")
    return (
        answer.get()
        if process.exitcode == 0
        else Row(name, converter, np.nan, np.nan, np.nan, f"crashed with {process.exitcode}")
    )


def _measured(name: str, converter: str, convert: Convert, model: Any, rows: Any) -> Row:
    from sklearn.base import is_classifier

    from motifnet.transfer.fitted import outputs_of

    want = outputs_of(model, rows)
    with tempfile.TemporaryDirectory() as folder:
        try:
            start = time.process_time()
            run = convert(model, rows, Path(folder) / "net.onnx")
            converted_in = time.process_time() - start
            got = np.asarray(run(rows), dtype=np.float64).reshape(len(rows), -1)
        except (Exception, SystemExit) as error:
            return Row(
                name,
                converter,
                np.nan,
                np.nan,
                np.nan,
                f"{type(error).__name__}: "
                f"{str(error).strip().splitlines()[0][:90] if str(error) else ''}",
            )
        if is_classifier(model) and (got.shape[1], want.shape[1]) == (2, 1):
            got = got[:, [np.abs(got - want).max(0).argmin()]]
        if got.shape != want.shape:
            return Row(
                name,
                converter,
                np.nan,
                converted_in,
                np.nan,
                f"shape {got.shape[1:]} in place of {want.shape[1:]}",
            )
        scale = float(np.nanstd(want, axis=0).max()) or 1.0
        return Row(
            name,
            converter,
            float(np.nanmax(np.abs(got - want))) / scale,
            converted_in,
            _seconds(run, rows),
        )


def _seconds(run: Runner, rows: Any) -> float:
    """For 100,000 rows; where that takes long, from a tenth of them."""
    many = (
        rows.iloc[np.arange(ROWS) % len(rows)]
        if isinstance(rows, pd.DataFrame)
        else rows[np.arange(ROWS) % len(rows)]
    )
    start = time.process_time()
    run(many[: ROWS // 10])
    tenth = time.process_time() - start
    if 10 * tenth > MAX_SECONDS:
        return 10 * tenth
    start = time.process_time()
    run(many)
    return time.process_time() - start


def _motifnet(model: Any, rows: Any, path: Path) -> Runner:
    from motifnet import mimic

    network = mimic(model, rows)
    network.to_onnx(path, X=rows)
    session = _session(path)
    if network.columns is None:
        return lambda at: session.run(None, {"X": np.asarray(at, dtype=np.float64)})[0]
    return lambda at: session.run(None, _by_name(at))[0]


def _by_name(rows: pd.DataFrame, kind: type = np.float64) -> dict[str, np.ndarray]:
    return {
        str(c): rows[[c]].to_numpy(object if not pd.api.types.is_numeric_dtype(rows[c]) else kind)
        for c in rows
    }


def _skl2onnx(model: Any, rows: Any, path: Path) -> Runner:
    """With float64 rows; where that cannot be converted or run, with float32 rows."""
    library = type(model).__module__.split(".")[0]
    if library == "catboost":
        model.save_model(str(path), format="onnx")
        return _last_output(_session(path), "features", np.float32)
    if library != "sklearn":
        return _typed(model, rows, path, library, np.float32)
    try:
        run = _typed(model, rows, path, library, np.float64)
        run(rows)
    except Exception:
        return _typed(model, rows, path, library, np.float32)
    return run


def _typed(model: Any, rows: Any, path: Path, library: str, kind: type) -> Runner:
    from onnxmltools.convert import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType as BoosterFloat
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    convert = {"lightgbm": convert_lightgbm, "xgboost": convert_xgboost}.get(
        library, convert_sklearn
    )
    number = (
        BoosterFloat
        if library != "sklearn"
        else DoubleTensorType
        if kind is np.float64
        else FloatTensorType
    )
    frame = isinstance(rows, pd.DataFrame) and not any(
        isinstance(dtype, pd.CategoricalDtype) for dtype in rows.dtypes
    )
    if frame:
        kinds = [
            (
                str(c),
                number([None, 1])
                if pd.api.types.is_numeric_dtype(rows[c])
                else StringTensorType([None, 1]),
            )
            for c in rows
        ]
    else:
        kinds = [("X", number([None, rows.shape[1]]))]
    settings: dict[str, Any] = {}
    if hasattr(model, "predict_proba") and library != "xgboost":
        settings = (
            {"options": {id(model): {"zipmap": False}}}
            if library == "sklearn"
            else {"zipmap": False}
        )
    path.write_bytes(convert(model, initial_types=kinds, **settings).SerializeToString())
    session = _session(path)
    if frame:
        return lambda at: session.run(None, _by_name(at, kind))[-1]
    return _last_output(session, "X", kind)


def _last_output(session: Any, name: str, kind: type) -> Runner:
    """The last output: probabilities of classifiers, values of the others."""

    def run(rows: Any) -> np.ndarray:
        out = session.run(None, {name: np.asarray(_codes(rows), dtype=kind)})[-1]
        return np.array([list(row.values()) for row in out]) if isinstance(out, list) else out

    return run


def _codes(rows: Any) -> Any:
    """Levels of pandas' categories as their numbers."""
    if not isinstance(rows, pd.DataFrame):
        return rows
    return rows.apply(
        lambda column: column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column
    )


def _hummingbird(model: Any, rows: Any, path: Path) -> Runner:
    """Its torch form, as its ONNX form cannot be made with this torch."""
    import hummingbird.ml

    from motifnet.transfer.fitted import method_of

    container = hummingbird.ml.convert(model, "torch", rows)
    return getattr(container, method_of(model))


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _installed() -> dict[str, Convert]:
    """A converter that is not there is left out, as its absence is no answer of its own."""
    return {
        name: convert
        for name, convert in CONVERTERS.items()
        if all(find_spec(package) for package in NEEDS[name])
    }


NEEDS = {"motifnet": (), "skl2onnx": ("skl2onnx", "onnxmltools"), "hummingbird": ("hummingbird",)}
CONVERTERS = {"motifnet": _motifnet, "skl2onnx": _skl2onnx, "hummingbird": _hummingbird}


if __name__ == "__main__":
    main()
