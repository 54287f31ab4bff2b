"""The types that a file of a fitted estimator may hold, by their exact names: the classes of the transfers, and the parts that these keep.

A name is that of a class where it is defined, such as "sklearn.svm._classes.SVR". No prefix and no function is among them, since whatever is
trusted may be called while a file is read.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from motifnet.mimicry.fitted._lookup import TRANSFERS
from motifnet.mimicry.fitted._process import KERNEL_NAMES

_BOOSTING = {  # where the libraries define the classes of their names
    "lightgbm.basic": ("Booster",),
    "lightgbm.sklearn": ("LGBMClassifier", "LGBMRanker", "LGBMRegressor"),
    "xgboost.core": ("Booster",),
    "xgboost.sklearn": ("XGBClassifier", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor"),
    "catboost.core": ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor"),
    "sklearn.model_selection._search_successive_halving": ("HalvingGridSearchCV", "HalvingRandomSearchCV"),
}
_LOSSES = (
    *("AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss", "HalfPoissonLoss", "HalfSquaredError"),
    *("HalfTweedieLoss", "HalfTweedieLossIdentity", "HuberLoss", "PinballLoss"),
)
_PARTS = {
    "scipy.interpolate._bsplines": ("BSpline",),
    "sklearn._loss.link": ("HalfLogitLink", "IdentityLink", "Interval", "LogLink", "LogitLink", "MultinomialLogit"),
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
    "sklearn._loss._loss": tuple(f"Cy{name}" for name in _LOSSES),
    "sklearn.linear_model._sgd_fast": (
        *("EpsilonInsensitive", "Hinge", "Huber", "Log", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge", "SquaredLoss"),
    ),
}
COMPILED_LOSSES = frozenset(f"{module}.{name}" for module, names in _COMPILED.items() for name in names)
TREE = "sklearn.tree._tree.Tree"
_SCALARS = (np.number, np.bool_, np.str_, np.bytes_, np.datetime64, np.timedelta64)
SCALARS = frozenset(f"numpy.{kind.__name__}" for kind in set(np.sctypeDict.values()) if issubclass(kind, _SCALARS))


@cache
def known_classes() -> frozenset[str]:
    """Exact names of the classes of estimators that have a transfer, and of their parts."""
    from sklearn.utils import all_estimators

    estimators = {f"{kind.__module__}.{name}" for name, kind in all_estimators() if name in TRANSFERS}
    return frozenset(estimators | {f"{module}.{name}" for table in (_BOOSTING, _PARTS) for module, names in table.items() for name in names})
