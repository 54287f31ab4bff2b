"""What a public test suite converts, watched while it runs: models with the rows that the test
gives to the converted one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_LIBRARIES = ("sklearn", "lightgbm", "xgboost", "catboost", "numpy", "scipy", "builtins")
_TOLERANCE = 1e-5  # far below any wrong setting, above what float32 models round away


class Watch:
    """A plugin of pytest: after each test the models that were converted in it are tried."""

    def __init__(self, suite: str, write: Callable[[dict[str, Any]], Any]) -> None:
        self.suite, self.write = suite, write
        self.found: list[dict[str, Any]] = []
        self.known: set[str] = set()

    def start(self) -> None:
        """Replace the suite's function of conversion, and that of onnxruntime, by ones that
        tell.
        """
        _watch_onnxruntime(self)
        if self.suite == "skl2onnx":
            import skl2onnx
            import skl2onnx.convert as module

            self._replace(module, "convert_sklearn", skl2onnx)
            _watch_dumps(self)
        else:
            import hummingbird.ml as module
            from hummingbird.ml.containers import _sklearn_api_containers as containers

            self._replace(module, "convert")
            _watch_containers(self, containers)

    def _replace(self, module: Any, name: str, *others: Any) -> None:
        convert = getattr(module, name)

        def watched(model: Any, *args: Any, **kwargs: Any) -> Any:
            row = {"model": model, "rows": None, "theirs": False}
            self.found.append(row)
            out = convert(model, *args, **kwargs)
            row["theirs"] = True
            return out

        for place in (module, *others):
            setattr(place, name, watched)

    def rows_seen(self, rows: Any) -> None:
        """Rows belong to the last model that was converted."""
        values = next(iter(rows.values()), ()) if isinstance(rows, dict) else rows
        if self.found and self.found[-1]["rows"] is None and np.shape(values)[:1] != (0,):
            self.found[-1]["rows"] = rows

    def pytest_runtest_teardown(self, item: Any) -> None:
        for row in self.found:
            self.judge(item.name, **row)
        self.found.clear()

    def judge(self, test: str, model: Any, rows: Any, theirs: bool) -> None:
        """Try a model that was not tried before, and write what came of it."""
        if not hasattr(model, "get_params") or not _is_public(model):
            return
        rows = _as_taken(model, _table(rows, model))
        key = _key(model, rows)
        if key in self.known:
            return
        self.known.add(key)
        ours, error = _ours(model, rows)
        theirs = theirs if self.suite == "skl2onnx" else _theirs(model, rows)
        self.write(
            {
                "suite": self.suite,
                "test": test,
                "model": _name(model),
                "key": key,
                "ours": ours,
                "theirs": theirs,
                "error": error,
            }
        )

    def listed(self) -> None:
        """The classes of m2cgen's documentation, fitted to values, two classes and three."""
        from benchmarks._suite_list import fitted_models

        for model, rows in fitted_models():
            self.judge("listed", model, rows, False)


def _ours(model: Any, rows: Any) -> tuple[str, str]:
    from motifnet import mimic
    from motifnet.engine import MotifnetError
    from motifnet.model import ParityError
    from motifnet.transfer import MimicryError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        try:
            network = mimic(model, rows)
            network.to_onnx(path, X=rows)
        except (MimicryError, ParityError) as error:
            return "withheld", _first_line(error)
        except MotifnetError as error:
            return "refused", _first_line(error)
        except Exception as error:
            return "foreign", _first_line(error)
        difference = 0.0 if rows is None else _difference(network, model, rows, path)
    return (
        ("converted", "")
        if difference <= _TOLERANCE
        else ("wrong", f"differs by {difference:.2g} standard deviations")
    )


def _as_taken(model: Any, rows: Any) -> Any:
    """Rows as the model itself takes them: a column of texts as a list of them; None where it takes
    neither, so that there is nothing to compare.
    """
    from motifnet.transfer.fitted import own_outputs

    for one in (rows, np.ravel(rows) if np.shape(rows)[1:] == (1,) else None):
        try:
            if one is not None:
                own_outputs(model, one)
                return one
        except Exception:  # whatever its library raises
            continue
    return None


def _difference(network: Any, model: Any, rows: Any, path: Path) -> float:
    """Of the file, run by onnxruntime, to the model in float64, in standard deviations of an
    output; where that is constant, in its units.
    """
    import onnxruntime

    from motifnet.transfer.fitted import outputs_of

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    double = (
        rows.astype(np.float64) if isinstance(rows, np.ndarray) and rows.dtype.kind == "f" else rows
    )
    expected, by_name = outputs_of(model, double), [one.name for one in session.get_inputs()]
    feeds = (
        {"X": network.encode(rows)}
        if by_name == ["X"]
        else {name: _column(double, name, k) for k, name in enumerate(by_name)}
    )
    got = session.run(None, feeds)[0].reshape(expected.shape)
    spread = np.nanstd(np.where(np.isfinite(expected), expected, np.nan), axis=0).max()
    return float(
        np.nanmax(np.abs(got - expected), initial=0.0) / (spread if spread > _TOLERANCE else 1.0)
    )


def _column(rows: Any, name: str, k: int) -> np.ndarray:
    if not isinstance(rows, pd.DataFrame):
        return np.asarray(rows, dtype=object).reshape(len(rows), -1)[:, [k]]
    column = rows[[name]]
    return column.to_numpy(np.float64 if pd.api.types.is_numeric_dtype(rows[name]) else object)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _theirs(model: Any, rows: Any) -> bool:
    """Whether skl2onnx converts it, for rows of float32 as its own examples do."""
    try:
        library = type(model).__module__.split(".")[0]
        if library in ("lightgbm", "xgboost"):
            from onnxmltools.convert import convert_lightgbm, convert_xgboost
            from onnxmltools.convert.common.data_types import FloatTensorType

            kinds = [("X", FloatTensorType([None, int(model.n_features_in_)]))]
            return bool(
                (convert_lightgbm if library == "lightgbm" else convert_xgboost)(
                    model, initial_types=kinds
                )
            )
        from skl2onnx import to_onnx

        return bool(
            to_onnx(
                model,
                rows[:1].astype(np.float32)
                if isinstance(rows, np.ndarray) and rows.dtype.kind == "f"
                else rows[:1],
            )
        )
    except (Exception, SystemExit):
        return False


def _is_public(model: Any) -> bool:
    """Whether it and its parts are of public libraries."""
    parts = [model, *model.get_params(deep=True).values()]
    kinds = [type(part) for part in parts if hasattr(part, "fit")]
    return all(kind.__module__.split(".")[0] in _LIBRARIES for kind in kinds)


def _name(model: Any) -> str:
    """Its class, or the classes of its steps."""
    if hasattr(model, "steps"):
        return " + ".join(
            _name(step) if hasattr(step, "get_params") else str(step) for _, step in model.steps
        )
    inner = next(
        (
            getattr(model, name)
            for name in ("estimator", "base_estimator")
            if hasattr(getattr(model, name, None), "fit")
        ),
        None,
    )
    return type(model).__name__ + (f"({type(inner).__name__})" if inner is not None else "")


def _key(model: Any, rows: Any) -> str:
    """Parameters, numbers of columns and classes, and the kind of the rows."""
    classes = getattr(model, "classes_", None)
    sizes = (
        [len(c) for c in classes]
        if isinstance(classes, list)
        else len(classes)
        if classes is not None
        else 0
    )
    kind = (
        "none"
        if rows is None
        else ",".join(sorted({str(t) for t in rows.dtypes}))
        if isinstance(rows, pd.DataFrame)
        else str(rows.dtype.kind)
    )
    width = 0 if rows is None else np.shape(rows)[-1] if np.ndim(rows) > 1 else 1
    labels = (
        np.asarray(classes).dtype.kind
        if classes is not None and not isinstance(classes, list)
        else ""
    )
    return f"{' '.join(repr(model).split())} | {width} {kind} | {sizes} {labels}"


def _table(rows: Any, model: Any) -> Any:
    """Rows as the model takes them: one input by itself, several ones as the columns of a frame."""
    if isinstance(rows, dict):
        if len(rows) == 1:
            rows = next(iter(rows.values()))
        else:
            names = list(getattr(model, "feature_names_in_", rows))
            values = {
                name: np.asarray(values).reshape(-1)
                for name, values in rows.items()
                if np.ndim(values) < 2 or np.shape(values)[1] == 1
            }
            if len(values) == len(rows) == len(names):
                return pd.DataFrame(dict(zip(names, values.values(), strict=True)))
            mixed = len({np.asarray(values).dtype.kind for values in rows.values()}) > 1
            rows = np.hstack(
                [np.asarray(values, dtype=object if mixed else None) for values in rows.values()]
            )
    rows = rows.toarray() if hasattr(rows, "toarray") else rows
    if isinstance(rows, np.ndarray) and rows.dtype.kind in "iub":
        rows = rows.astype(np.float64)
    if type(model).__name__ in ("LabelBinarizer", "LabelEncoder") and rows is not None:
        rows = np.asarray(rows).reshape(len(rows), -1)
    return (
        rows
        if isinstance(rows, np.ndarray | pd.DataFrame)
        else None
        if rows is None
        else np.asarray(rows)
    )


def _watch_onnxruntime(watch: Watch) -> None:
    import onnxruntime

    run = onnxruntime.InferenceSession.run

    def watched(session: Any, output_names: Any, input_feed: Any, run_options: Any = None) -> Any:
        watch.rows_seen(input_feed)
        return run(session, output_names, input_feed, run_options)

    onnxruntime.InferenceSession.run = watched


def _watch_dumps(watch: Watch) -> None:
    """The rows that skl2onnx's own helper is given; what it then compares is the quality of its
    file, which is not measured here.
    """
    import test_utils
    from test_utils import tests_helper

    test_utils.dump_data_and_model = tests_helper.dump_data_and_model = (
        lambda data, *args, **kwargs: watch.rows_seen(data)
    )


def _watch_containers(watch: Watch, module: Any) -> None:
    for kind in vars(module).values():
        for name in (
            ("predict", "predict_proba", "transform", "decision_function", "score_samples")
            if isinstance(kind, type)
            else ()
        ):
            if name in vars(kind):
                setattr(kind, name, _telling(watch, vars(kind)[name]))


def _telling(watch: Watch, method: Callable[..., Any]) -> Callable[..., Any]:
    def watched(container: Any, *inputs: Any, **kwargs: Any) -> Any:
        if inputs and not isinstance(inputs[0], tuple):
            watch.rows_seen(inputs[0])
        return method(container, *inputs, **kwargs)

    return watched
