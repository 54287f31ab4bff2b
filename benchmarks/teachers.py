"""Teachers: an estimator of scikit-learn or LightGBM, tuned by a small grid, and the network that
is transferred from it and retrained, side by side.

    error    on test rows in units of the standard deviation of the target; for classes the log loss
    seconds  of the processor: of the grid search, of one fit of the tuned estimator, of `fit` of
    the retrained network without the clones' own fits
             and predictions

One row a fit. The columns are standardised for both.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._tables import CLASSIFICATION, checked_split, task_of
from benchmarks._teachers_report import report
from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import Matrix
from motifnet.losses import Objective
from motifnet.pipeline._prepare import prepare
from motifnet.pipeline._presets import get_preset
from motifnet.tables import Sample, as_table
from motifnet.teachers import EstimatorTeacher, FittedEstimator, named_estimator, seeded_clone

EXPERIMENT = Experiment(
    "teachers",
    ("teacher", "set", "split", "preset"),
    (
        "rows",
        "teacher_error",
        "error",
        "expected",
        "grid_seconds",
        "teacher_seconds",
        "seconds",
        "parameters",
        "certificate",
    ),
)
CLASSES = ("phoneme", "credit_g", "magic_telescope", "bank_marketing")
NUMBERS = (
    "concrete",
    "energy",
    "yacht",
    "airfoil",
    "kin8nm",
    "power",
    "abalone",
    "cpu_act",
    "wine_red",
    "elevators",
    "saratoga",
    "computers_ecdat",
)
FULL = Plan(presets=("balanced",), seeds=range(3), sets=(*NUMBERS, *CLASSES))
QUICK = Plan(presets=("fast",), seeds=range(1), sets=("yacht", "energy"))
PROCESS_ROWS = 800  # rows by which a Gaussian process finds its length scales
Key = tuple[str, str, int, str]
Tuned = Callable[[Matrix, Any], Any]


def _grid(estimator: Any, **grid: Any) -> Tuned:
    """By five folds; `gamma` is in units of 1 / columns."""

    def tune(X: Matrix, y: Any) -> Any:
        p = X.shape[1]
        scaled = {
            name: [v / p for v in values] if name.endswith("gamma") else values
            for name, values in grid.items()
        }
        # rows of a fit are sorted
        folds = (StratifiedKFold if is_classifier(estimator) else KFold)(
            5, shuffle=True, random_state=0
        )
        return GridSearchCV(estimator, scaled, cv=folds, n_jobs=1).fit(X, y).best_estimator_

    return tune


def _standardised(estimator: Any) -> Any:
    """An estimator whose settings are in units of the standard deviation of the target, or that has
    no intercept.
    """
    return TransformedTargetRegressor(estimator, transformer=StandardScaler())


def _process(X: Matrix, y: Any) -> Any:
    """Length scales by the likelihood of some rows, then fixed."""
    few = np.random.default_rng(0).permutation(len(X))[:PROCESS_ROWS]
    kernel = ConstantKernel(1.0) * RBF(np.full(X.shape[1], 3.0), (1e-1, 1e3)) + WhiteKernel(
        0.1, (1e-6, 1e1)
    )
    found = GaussianProcessRegressor(kernel, normalize_y=True).fit(X[few], y[few]).kernel_
    return GaussianProcessRegressor(found, normalize_y=True, optimizer=None)


def _named(name: str) -> Tuned:
    """What a caller gets by the name alone."""
    return lambda X, y: seeded_clone(named_estimator(name, False, X.shape), 0)


TEACHERS: dict[str, Tuned] = {
    "SVR": _grid(
        _standardised(SVR(epsilon=0.05)), regressor__C=[1, 10, 100], regressor__gamma=[0.3, 1, 3]
    ),
    "Gaussian process": _process,
    "kernel ridge": _grid(
        _standardised(KernelRidge(kernel="rbf")),
        regressor__alpha=[0.01, 0.1, 1],
        regressor__gamma=[0.1, 0.3, 1, 3],
    ),
    "ridge": _named("ridge"),
    "splines": _named("splines"),
    "perceptron": _named("mlp"),
    "random forest": _named("forest"),
    "LightGBM": _named("lightgbm"),
}
CLASSIFIERS: dict[str, Tuned] = {
    "SVC": _grid(SVC(probability=True, random_state=0), C=[1, 10, 100], gamma=[0.3, 1, 3])
}


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the splits."""
    options = options_of(
        __doc__.splitlines()[0],
        argv,
        FULL,
        QUICK,
        lambda parser: parser.add_argument("--teachers", nargs="+", help="names"),
    )
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[Key]:
    for number in options.seeds:
        for preset in options.presets:
            for name in options.sets:
                known = CLASSIFIERS if name in CLASSIFICATION else TEACHERS
                yield from (
                    (teacher, name, number, preset)
                    for teacher in options.teachers or known
                    if teacher in known
                )


def _measure(key: Key, options: Options) -> dict[str, Any]:
    teacher, name, number, preset = key
    classes, data = name in CLASSIFICATION, checked_split(name, number, options.data, options.cap)
    make = MotifClassifier if classes else MotifRegressor
    # columns as the fit codes them, for the grid and the estimator alone
    ready = prepare(
        data.X,
        data.y,
        None,
        None,
        None,
        task=task_of(name),
        objective=Objective(),
        preset=get_preset(preset),
        seed=number,
    )
    X, X_test = ready.sample.X, ready.encoder.transform(as_table(data.X_test, schema=ready.schema))
    y = ready.sample.labels if classes else (ready.sample.y * ready.goal.scale)[:, 0] + _mean(ready)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator, grid = _timed(lambda: (CLASSIFIERS if classes else TEACHERS)[teacher](X, y))
        fitted, alone = _timed(lambda: clone(estimator).fit(X, y))
        with _own_seconds() as own:
            model, seconds = _timed(
                lambda: make(
                    preset=preset,
                    teacher=estimator,
                    n_jobs=options.threads,
                    random_state=number,
                    profile=None,
                ).fit(data.X, data.y)
            )
    return {
        "rows": len(X),
        "teacher_error": _error(
            fitted.predict_proba(X_test) if classes else fitted.predict(X_test),
            data.y_test,
            ready.classes,
        ),
        "error": _error(
            model.predict_proba(data.X_test) if classes else model.predict(data.X_test),
            data.y_test,
            ready.classes,
        ),
        "expected": model.ledger_[-1].error,
        "grid_seconds": grid,
        "teacher_seconds": alone,
        "seconds": seconds - sum(own),
        "parameters": model.ledger_[-1].parameters,
        "certificate": model.certificate_.on_data,
    }


def _mean(ready: Any) -> float:
    return 0.0 if ready.classes else float(ready.goal.mean[0])


@contextmanager
def _own_seconds() -> Iterator[list[float]]:
    """CPU seconds that the clones' fits and predictions take."""
    spent: list[float] = []
    fit = EstimatorTeacher.fit

    def timed(teacher: EstimatorTeacher, sample: Sample, **settings: Any) -> FittedEstimator:
        fitted, seconds = _timed(lambda: fit(teacher, sample, **settings))
        spent.append(seconds)
        return fitted

    with patch.object(EstimatorTeacher, "fit", timed):
        yield spent


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def _error(values: Matrix, y: Any, classes: Any) -> float:
    if classes is not None:
        return float(log_loss(y, values, labels=list(classes)))
    return float(
        np.sqrt(np.mean((values - np.asarray(y, dtype=float)) ** 2))
        / np.std(np.asarray(y, dtype=float))
    )


if __name__ == "__main__":
    main()
