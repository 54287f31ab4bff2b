"""The registry: every method that we compare with, at the settings that its users get, and our
presets.

LightGBM has no useful default for tables of this size. It gets rate 0.05 and leaves of 5 rows. For
numbers it has 500 trees; for classes an inner fifth of the rows chooses their number. Support
vectors and scikit-learn's perceptron get standardised columns and targets. Everything else is at
its defaults; RealMLP, TabM and xRFM come with the defaults of pytabkit. Stronger peers are bagged,
stacked or tuned, or AutoGluon within a limit in seconds. A new method is a function and a line in
the table.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from motifnet.compare._autogluon import AUTOGLUON, autogluon
from motifnet.compare._ensemble import (
    EarlyStopped,
    catboost_model,
    cross_fitted,
    lightgbm_model,
    tuned,
)
from motifnet.compare._method import Method, Setting, Target


def _motifnet(s: Setting, *, preset: str) -> Any:
    from motifnet.estimators import MotifClassifier, MotifRegressor

    return (MotifClassifier if s.classes else MotifRegressor)(
        preset=preset, n_jobs=s.threads, random_state=s.seed
    )


def _lightgbm(s: Setting) -> Any:
    settings = {"learning_rate": 0.05, "min_child_samples": 5}
    return (
        EarlyStopped(settings, s) if s.classes else lightgbm_model(s, n_estimators=500, **settings)
    )


def _xgboost(s: Setting) -> Any:
    from xgboost import XGBClassifier, XGBRegressor

    return (XGBClassifier if s.classes else XGBRegressor)(
        enable_categorical=True, n_jobs=s.threads, random_state=s.seed
    )


def _forest(s: Setting) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    return (RandomForestClassifier if s.classes else RandomForestRegressor)(
        n_jobs=s.threads, random_state=s.seed
    )


def _support_vectors(s: Setting) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC, SVR

    return _standardised(
        CalibratedClassifierCV(SVC(random_state=s.seed), ensemble=False) if s.classes else SVR(), s
    )


def _perceptron(s: Setting) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return _standardised(
        (MLPClassifier if s.classes else MLPRegressor)(early_stopping=True, random_state=s.seed), s
    )


def _standardised(model: Any, s: Setting) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    whole = make_pipeline(StandardScaler(), model)
    return whole if s.classes else TransformedTargetRegressor(whole, transformer=StandardScaler())


def _pytabkit(s: Setting, *, name: str) -> Any:
    import pytabkit

    model = getattr(pytabkit, f"{name}_{'Classifier' if s.classes else 'Regressor'}")
    return model(device="cpu", n_threads=s.threads, random_state=s.seed, verbosity=0)


def _stop_catboost(X: Any, y: Target) -> dict[str, Any]:
    return {"eval_set": (X, y)}


def _stop_pytabkit(X: Any, y: Target) -> dict[str, Any]:
    return {"X_val": X, "y_val": y}


def _ensemble(label: str, *members: Method) -> Method:
    needs = tuple(dict.fromkeys(name for member in members for name in member.needs))
    return Method(
        label, "strong", needs, "table", partial(cross_fitted, members=members), members=members
    )


def _search(label: str, library: str, start: Method) -> Method:
    return Method(
        label, "strong", start.needs, start.form, partial(tuned, library=library), members=(start,)
    )


def _autogluon(label: str, preset: str, limit: float) -> Method:
    return Method(
        label,
        "strong",
        ("autogluon",),
        "categories",
        partial(autogluon, preset=preset, limit=limit),
        environment=AUTOGLUON,
    )


_LIGHTGBM = Method("LightGBM", "default", ("lightgbm",), "categories", _lightgbm)
_CATBOOST = Method(
    "CatBoost", "default", ("catboost",), "categories", catboost_model, _stop_catboost
)
_REALMLP = Method(
    "RealMLP",
    "default",
    ("pytabkit",),
    "filled",
    partial(_pytabkit, name="RealMLP_TD"),
    _stop_pytabkit,
)

METHODS = {
    "fast": Method(
        "motifnet fast", "ours", ("motifnet",), "table", partial(_motifnet, preset="fast")
    ),
    "balanced": Method(
        "motifnet balanced", "ours", ("motifnet",), "table", partial(_motifnet, preset="balanced")
    ),
    "best": Method(
        "motifnet best", "ours", ("motifnet",), "table", partial(_motifnet, preset="best")
    ),
    "lightgbm": _LIGHTGBM,
    "catboost": _CATBOOST,
    "xgboost": Method("XGBoost", "default", ("xgboost",), "categories", _xgboost),
    "forest": Method("random forest", "default", ("sklearn",), "matrix", _forest),
    "svm": Method("support vectors", "default", ("sklearn",), "matrix", _support_vectors),
    "mlp": Method("perceptron", "default", ("sklearn",), "matrix", _perceptron),
    "realmlp": _REALMLP,
    "tabm": Method("TabM", "default", ("pytabkit",), "filled", partial(_pytabkit, name="TabM_D")),
    "xrfm": Method(
        "xRFM", "default", ("pytabkit", "xrfm"), "filled", partial(_pytabkit, name="XRFM_D")
    ),
    "catboost-bagged": _ensemble("CatBoost, 5 folds", _CATBOOST),
    "realmlp-bagged": _ensemble("RealMLP, 5 folds", _REALMLP),
    "stack": _ensemble("stack of CatBoost, LightGBM, RealMLP", _CATBOOST, _LIGHTGBM, _REALMLP),
    "lightgbm-tuned": _search("LightGBM, tuned", "lightgbm", _LIGHTGBM),
    "catboost-tuned": _search("CatBoost, tuned", "catboost", _CATBOOST),
    "autogluon-medium": _autogluon("AutoGluon medium (60 s)", "medium_quality", 60),
    "autogluon-best-60": _autogluon("AutoGluon best (60 s)", "best_quality", 60),
    "autogluon-best": _autogluon("AutoGluon best (120 s)", "best_quality", 120),
}
