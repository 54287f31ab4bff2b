"""Teachers by name: our own, and estimators of other libraries by the names of the field.

A new teacher is one line of `TEACHERS`. Each estimator has one small setting, for standardised
columns and a target in any unit. γ and length scales are in units of the number of columns p, as
|x − x'|² grows with it. Only closed forms are searched, such as the λ of a ridge regression. For
another setting, callers pass the estimator itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.teachers._base import Teacher
from motifnet.teachers._boosted_trees import BoostedTrees
from motifnet.teachers._kernel_ridge import KernelRidge
from motifnet.teachers._linear import Linear, Splines
from motifnet.teachers._support_vectors import SupportVectors

TEACHERS: dict[str, Callable[[], Teacher]] = {
    "kernel ridge": KernelRidge,
    "support vectors": SupportVectors,
    "splines": Splines,
    "linear": Linear,
    "trees": BoostedTrees,
    "quick trees": partial(BoostedTrees, learning_rate=0.1, max_trees=250, patience=20),
    "randomised trees": partial(BoostedTrees, leaves=15, randomised=True),
    "smoothed trees": partial(BoostedTrees, leaves=16, min_rows=2, columns=1.0, smooth=3.0),
    "shallow trees": partial(
        BoostedTrees,
        learning_rate=0.03,
        leaves=15,
        min_rows=10,
        columns=0.5,
        max_trees=1000,
        patience=60,
    ),
    "catboost": partial(BoostedTrees, library="catboost"),
}
Make = Callable[[int, int], Any]  # of numbers of rows and columns
OWN = "kernel ridge"
_BOOSTING: dict[str, Any] = {
    "n_estimators": 300,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "verbose": -1,
    "n_jobs": 1,
    "deterministic": True,
}


def named_estimator(name: str, classes: bool, shape: tuple[int, ...]) -> Any:
    """The unfitted estimator of that name, for values or for classes and X with this shape. Raises
    UsageError with the list of names.
    """
    known = CLASSIFIERS if classes else REGRESSORS
    if name not in known:
        kind = "classifier" if classes else "regressor"
        names = ", ".join(map(repr, [OWN, *known]))
        raise UsageError(
            f"teacher={name!r} is not known as a {kind}. Pass one of {names}, or an "
            "estimator that motifnet.mimic takes."
        )
    return known[name](*shape)


def _standardised(estimator: Any) -> Any:
    """An estimator whose settings are in units of the standard deviation of the target."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(estimator, transformer=StandardScaler())


def _svr(rows: int, columns: int) -> Any:
    from sklearn.svm import SVR

    return _standardised(SVR(C=10.0, epsilon=0.05, gamma=1 / columns))


def _svc(rows: int, columns: int) -> Any:
    from sklearn.svm import SVC

    return SVC(C=3.0, gamma=1 / columns)


def _process(rows: int, columns: int) -> Any:
    """Fixed length scales: a choice by the likelihood takes some fifty times as long."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    return GaussianProcessRegressor(
        RBF(np.sqrt(columns)) + WhiteKernel(0.05), optimizer=None, normalize_y=True
    )


def _process_of_classes(rows: int, columns: int) -> Any:
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    return GaussianProcessClassifier(ConstantKernel(10.0) * RBF(np.sqrt(columns)), optimizer=None)


def _ridge(rows: int, columns: int) -> Any:
    from sklearn.linear_model import RidgeCV

    return RidgeCV(np.geomspace(1e-3, 1e3, 7))


def _logistic(rows: int, columns: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1_000)


def _splines(last: Make) -> Make:
    def make(rows: int, columns: int) -> Any:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import SplineTransformer

        return make_pipeline(SplineTransformer(6, extrapolation="linear"), last(rows, columns))

    return make


def _nystroem(last: Make) -> Make:
    def make(rows: int, columns: int) -> Any:
        from sklearn.kernel_approximation import Nystroem
        from sklearn.pipeline import make_pipeline

        return make_pipeline(
            Nystroem(gamma=0.5 / columns, n_components=min(300, max(1, rows // 2))),
            last(rows, columns),
        )

    return make


def _perceptron(rows: int, columns: int) -> Any:
    from sklearn.neural_network import MLPRegressor

    return _standardised(
        MLPRegressor(hidden_layer_sizes=(64, 64), early_stopping=True, max_iter=500)
    )


def _perceptron_of_classes(rows: int, columns: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(hidden_layer_sizes=(64, 64), early_stopping=True, max_iter=500)


def _forest(rows: int, columns: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(200)


def _forest_of_classes(rows: int, columns: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(200)


def _lightgbm(rows: int, columns: int) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(**_BOOSTING)


def _lightgbm_of_classes(rows: int, columns: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(**_BOOSTING)


REGRESSORS: dict[str, Make] = {
    "svr": _svr,
    "gp": _process,
    "nystroem": _nystroem(_ridge),
    "ridge": _ridge,
    "splines": _splines(_ridge),
    "mlp": _perceptron,
    "forest": _forest,
    "lightgbm": _lightgbm,
}
CLASSIFIERS: dict[str, Make] = {
    "svc": _svc,
    "gp": _process_of_classes,
    "nystroem": _nystroem(_logistic),
    "logistic": _logistic,
    "splines": _splines(_logistic),
    "mlp": _perceptron_of_classes,
    "forest": _forest_of_classes,
    "lightgbm": _lightgbm_of_classes,
}
