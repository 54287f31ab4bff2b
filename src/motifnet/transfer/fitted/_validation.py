"""Checks of a fitted estimator before its network, or its file, is trusted.

The promise of a conversion; a network that breaks it is refused:

    |network − estimator| ≤ 1e-6 sd + 16 ε max |estimator|

holds in each output, with ε of the floating type of the estimator. Rounding of float64 is far below
it; an ignored setting is far above it. Estimators of scikit-learn compute in the type of the rows,
so they get float64, as the network does. Those that were fitted on float32 rows and take no others,
such as KMeans, get float32. Where weights cancel, as in a Gaussian process without noise, the
estimator itself has fewer digits. The network may then differ by what the last bit of the rows
changes in the estimator, if that is below 1e-5 sd.

Synthetic rows, for an estimator that comes without rows, have the kinds of values of its fit, as
far as its network shows them. A column that is compared with levels holds those levels, strings as
strings. A column that is computed with holds numbers near the centres, thresholds and ends of
segments of the network, or else normal ones. Nothing says which rows an estimator takes: rows with
missing values and unseen levels come first, then rows without them, then positive ones. A data
frame comes with its strings as strings and as categories.

The types that a file of a fitted estimator may hold, by exact name: the classes with a transfer,
and the types of their parts. A name is that of a class where it is defined, such as
"sklearn.svm._classes.SVR". No prefix and no function is among them, since a reader may call what it
trusts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn._loss._loss import CyHalfSquaredError

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.motifs import Motif
from motifnet.transfer._certificate import units, values_of
from motifnet.transfer._transfer import MimicryError
from motifnet.transfer.fitted._documents import Reader, synthetic_documents
from motifnet.transfer.fitted._frame import Columns, Uses
from motifnet.transfer.fitted._gaussian_process import KERNEL_NAMES
from motifnet.transfer.fitted._registry import TRANSFERS

PROMISE = 1e-6  # standard deviations
_ROUNDINGS = 16
_MAX_NOISE = 1e-5  # standard deviations
_N_ROWS = 200
_MISSING, _EXACT = 0.1, 0.5  # shares of the synthetic values
_NEAR = 0.1  # sd of synthetic values about a known one
_UNSEEN = "a level that no fit has seen"
_SHORT = (np.float16, np.float32)
_BOOSTING = {  # modules that define the classes
    "lightgbm.basic": ("Booster",),
    "lightgbm.sklearn": ("LGBMClassifier", "LGBMRanker", "LGBMRegressor"),
    "xgboost.core": ("Booster",),
    "xgboost.sklearn": (
        "XGBClassifier",
        "XGBRFClassifier",
        "XGBRFRegressor",
        "XGBRanker",
        "XGBRegressor",
    ),
    "catboost.core": ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor"),
    "sklearn.model_selection._search_successive_halving": (
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
    ),
}
_LOSSES = (
    "AbsoluteError",
    "ExponentialLoss",
    "HalfBinomialLoss",
    "HalfGammaLoss",
    "HalfMultinomialLoss",
    "HalfPoissonLoss",
    "HalfSquaredError",
    "HalfTweedieLoss",
    "HalfTweedieLossIdentity",
    "HuberLoss",
    "PinballLoss",
)
_PARTS = {
    "scipy.interpolate._bsplines": ("BSpline",),
    "sklearn._loss.link": (
        "HalfLogitLink",
        "IdentityLink",
        "Interval",
        "LogLink",
        "LogitLink",
        "MultinomialLogit",
    ),
    "sklearn._loss.loss": _LOSSES,
    "sklearn.calibration": ("_CalibratedClassifier", "_SigmoidCalibration", "_TemperatureScaling"),
    "sklearn.dummy": ("DummyClassifier", "DummyRegressor"),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.gaussian_process._gpc": ("_BinaryGaussianProcessClassifierLaplace",),
    "sklearn.gaussian_process.kernels": KERNEL_NAMES,
    "sklearn.multiclass": ("_ConstantPredictor",),
    "sklearn.preprocessing._label": ("LabelBinarizer", "LabelEncoder"),
}
_COMPILED = {
    CyHalfSquaredError.__module__: tuple(f"Cy{name}" for name in _LOSSES),  # `_loss` before 1.9
    "sklearn.linear_model._sgd_fast": (
        "EpsilonInsensitive",
        "Hinge",
        "Huber",
        "Log",
        "ModifiedHuber",
        "SquaredEpsilonInsensitive",
        "SquaredHinge",
        "SquaredLoss",
    ),
}
COMPILED_LOSSES = frozenset(
    f"{module}.{name}" for module, names in _COMPILED.items() for name in names
)
TREE = "sklearn.tree._tree.Tree"
_SCALARS = (np.number, np.bool_, np.str_, np.bytes_, np.datetime64, np.timedelta64)
SCALARS = frozenset(
    f"numpy.{kind.__name__}" for kind in set(np.sctypeDict.values()) if issubclass(kind, _SCALARS)
)


def in_double(X: Any) -> Any:
    """Rows with float16 and float32 values as float64."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        short = [column.name for column in frame.iter_columns() if column.dtype == nw.Float32]
        return frame.with_columns(nw.col(*short).cast(nw.Float64)).to_native() if short else X
    return X.astype(np.float64) if getattr(X, "dtype", None) in _SHORT else X


def compare(
    got: Matrix,
    predict: Callable[[Any], NDArray[Any]],
    rows: Any,
    fitted: Any,
    where: str,
    with_deviation: bool = False,
) -> NDArray[Any]:
    """The estimator's values at rows; MimicryError where the network's values break the promise.

    Standard deviations are roots of differences, so their squares are compared.
    """
    predict = partial(_in_its_precision, predict)
    name, expected = type(fitted).__name__, predict(rows)
    if got.shape != expected.shape:
        raise MimicryError(
            f"The network of {name} gives shape {got.shape} on {where}, the "
            f"estimator {expected.shape}. {_advice(fitted)}"
        )
    ours, theirs = (
        _squared(values.astype(np.float64), with_deviation) for values in (got, expected)
    )
    finite = np.isfinite(theirs)
    unit = units(theirs, alike=hasattr(fitted, "classes_"))
    size = np.where(finite, np.abs(theirs), 0.0).max(axis=0, initial=0.0)
    with np.errstate(invalid="ignore"):
        excess = (
            np.where(finite, np.abs(ours - theirs), 0.0)
            - _ROUNDINGS * np.finfo(expected.dtype).eps * size
        )
    excess = np.where(np.isnan(excess), np.inf, excess / unit)
    if excess.max(initial=0.0) <= PROMISE:
        return expected
    noise = _noise(predict, rows, theirs, unit, with_deviation)
    if excess.max() <= PROMISE + _ROUNDINGS * noise:
        return expected
    i, j = np.unravel_index(excess.argmax(), excess.shape)
    raise MimicryError(
        f"The network of {name} is not the estimator: of {len(got)} {where}, "
        f"{int((excess > PROMISE).any(axis=1).sum())} differ, row {i} by "
        f"{excess[i, j]:.2g} standard deviations (output {j}: the estimator gives "
        f"{theirs[i, j]:.8g}, the network {ours[i, j]:.8g}); at most "
        f"{PROMISE:.0e} is allowed. There is no network. {_advice(fitted)}"
    )


def _in_its_precision(predict: Callable[[Any], NDArray[Any]], rows: Any) -> NDArray[Any]:
    """The estimator's values, at float32 rows where it takes no others."""
    try:
        return predict(rows)
    except ValueError as error:
        if "Buffer dtype mismatch" not in str(error) or not isinstance(rows, np.ndarray):
            raise
        return predict(rows.astype(np.float32))


def measured(
    network: Motif,
    matrix: Matrix,
    predict: Callable[[Any], NDArray[Any]],
    rows: Any,
    fitted: Any,
    with_deviation: bool = False,
) -> tuple[Matrix, Matrix]:
    """The estimator's values at rows of a caller, which `matrix` holds for the network, and their
    units. DataError where the estimator refuses the rows.
    """
    try:
        expected = compare(
            values_of(network, matrix),
            predict,
            in_double(rows),
            fitted,
            "rows of X",
            with_deviation,
        )
    except UsageError:
        raise
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The estimator does not take X: {error} Pass rows of the kind that it was fitted on."
        ) from error
    values = expected.astype(np.float64)
    return values, units(values, alike=hasattr(fitted, "classes_"))


def _squared(values: Matrix, with_deviation: bool) -> Matrix:
    q = values.shape[1] // 2
    return np.hstack([values[:, :q], values[:, q:] ** 2]) if with_deviation else values


def _noise(
    predict: Callable[[Any], NDArray[Any]],
    rows: Any,
    expected: Matrix,
    unit: Matrix,
    with_deviation: bool,
) -> float:
    """The .9 quantile of the changes by the last bit of a row, in standard deviations; 0 where
    these are larger than rounding.
    """
    if not isinstance(rows, np.ndarray) or rows.dtype != np.float64:
        return 0.0
    moved = _squared(
        predict(rows * (1 + 2 * np.finfo(np.float64).eps)).astype(np.float64), with_deviation
    )
    with np.errstate(invalid="ignore"):
        found = float(np.nan_to_num(np.quantile(np.abs(moved - expected) / unit, 0.9)))
    return found if found <= _MAX_NOISE else 0.0


def _advice(fitted: Any) -> str:
    method = "predict" if hasattr(fitted, "predict") else "transform"
    return (
        "Weights that cancel, as in a kernel machine without a ridge, cost digits, and a "
        "value on the edge of a bin may fall to its other side. "
        f"If it is neither, please report it. Or imitate the values: `mimic(fitted.{method}, X)`."
    )


def synthetic_rows(network: Motif, d: int, columns: Columns | None, seed: int = 0) -> Iterator[Any]:
    """Tables of 200 rows, data frames where the columns have names. The first that the estimator
    takes is the one to compare on.
    """
    uses = Uses.of(network, d)
    for extras, positive in ((True, False), (False, False), (False, True)):
        rng = np.random.default_rng(seed)
        raw = d if columns is None else len(columns.names)
        readers = dict(columns.documents) if columns else {}
        table = [
            _documents(readers[j], rng) if j in readers else _column(uses, j, extras, positive, rng)
            for j in range(raw)
        ]
        if columns is None:
            yield (
                np.column_stack(table)
                if all(c.dtype.kind == "f" for c in table)
                else np.column_stack([c.astype(object) for c in table])
            )
            continue
        frame = pd.DataFrame(dict(zip(columns.names, table, strict=True)))
        yield frame
        strings = [
            name
            for name, column in zip(columns.names, table, strict=True)
            if column.dtype == object
        ]
        if strings:
            yield frame.astype(dict.fromkeys(strings, "category"))


def _documents(reader: Reader, rng: np.random.Generator) -> NDArray[Any]:
    return np.array(synthetic_documents(reader, _N_ROWS, rng), dtype=object)


def _column(
    uses: Uses, j: int, extras: bool, positive: bool, rng: np.random.Generator
) -> NDArray[Any]:
    if j in uses.levels and j not in uses.numbers:
        return _levels(uses, j, extras, rng)
    values = _numbers(uses, j, rng)
    values = np.abs(values) if positive else values
    return np.where(rng.random(_N_ROWS) < _MISSING, np.nan, values) if extras else values


def _levels(uses: Uses, j: int, extras: bool, rng: np.random.Generator) -> NDArray[Any]:
    """Levels of the fit, and missing and unseen ones where the network has a rule for them."""
    known = sorted((level for level in uses.levels[j] if level is not None), key=str)
    has_strings = uses.texts(j)
    if extras:
        known += [np.nan] if None in uses.levels[j] else []
        known += (
            [_UNSEEN if has_strings else 1.0 + max(known, default=0.0)] if j in uses.unseen else []
        )
    pool = np.array(known or [np.nan], dtype=object if has_strings else np.float64)
    return pool[rng.integers(0, len(pool), _N_ROWS)]


def _numbers(uses: Uses, j: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Values near those of the network, so that both sides of a threshold occur."""
    noise, known = rng.standard_normal(_N_ROWS), np.unique(uses.values.get(j, []))
    known = known[np.isfinite(known)]
    if not len(known):
        return noise * rng.choice([0.3, 1.0, 3.0], _N_ROWS)
    drawn = known[rng.integers(0, len(known), _N_ROWS)]
    spread = known.std() or abs(float(known[0])) or 1.0
    return np.where(
        rng.random(_N_ROWS) < _EXACT, drawn + 1e-6 * spread * noise, drawn + _NEAR * spread * noise
    )


@cache
def known_classes() -> frozenset[str]:
    """Exact names of the estimators with a transfer, and of their parts."""
    from sklearn.utils import all_estimators

    estimators = {
        f"{kind.__module__}.{name}" for name, kind in all_estimators() if name in TRANSFERS
    }
    return frozenset(
        estimators
        | {
            f"{module}.{name}"
            for table in (_BOOSTING, _PARTS)
            for module, names in table.items()
            for name in names
        }
    )
