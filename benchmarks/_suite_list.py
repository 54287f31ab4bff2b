"""The classes that m2cgen's documentation lists, fitted to values, two classes and three where they
take them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import ensemble, linear_model, svm, tree
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

_REGRESSORS: list[Any] = [
    *(
        linear_model.ARDRegression(),
        linear_model.BayesianRidge(),
        linear_model.ElasticNet(),
        linear_model.ElasticNetCV(),
        linear_model.GammaRegressor(),
    ),
    *(
        linear_model.HuberRegressor(),
        linear_model.Lars(),
        linear_model.LarsCV(),
        linear_model.Lasso(),
        linear_model.LassoCV(),
    ),
    *(
        linear_model.LassoLars(),
        linear_model.LassoLarsCV(),
        linear_model.LassoLarsIC(),
        linear_model.LinearRegression(),
    ),
    *(
        linear_model.OrthogonalMatchingPursuit(),
        linear_model.OrthogonalMatchingPursuitCV(),
        linear_model.PassiveAggressiveRegressor(),
    ),
    *(
        linear_model.PoissonRegressor(),
        linear_model.RANSACRegressor(random_state=0),
        linear_model.Ridge(),
        linear_model.RidgeCV(),
    ),
    *(
        linear_model.SGDRegressor(random_state=0),
        linear_model.TheilSenRegressor(random_state=0),
        linear_model.TweedieRegressor(),
    ),
    *(
        svm.LinearSVR(),
        svm.NuSVR(),
        svm.NuSVR(kernel="poly"),
        svm.NuSVR(kernel="sigmoid"),
        svm.SVR(),
        svm.SVR(kernel="linear"),
        svm.SVR(kernel="poly"),
    ),
    *(
        tree.DecisionTreeRegressor(),
        tree.ExtraTreeRegressor(random_state=0),
        ensemble.RandomForestRegressor(10, random_state=0),
    ),
    ensemble.ExtraTreesRegressor(10, random_state=0),
]
_CLASSIFIERS: list[Any] = [
    *(
        linear_model.LogisticRegression(max_iter=300),
        linear_model.LogisticRegressionCV(cv=2),
        linear_model.PassiveAggressiveClassifier(),
    ),
    *(
        linear_model.Perceptron(),
        linear_model.RidgeClassifier(),
        linear_model.RidgeClassifierCV(),
        linear_model.SGDClassifier(random_state=0),
    ),
    *(
        svm.LinearSVC(),
        svm.NuSVC(nu=0.2),
        svm.NuSVC(nu=0.2, kernel="linear"),
        svm.SVC(),
        svm.SVC(kernel="linear"),
        svm.SVC(kernel="poly"),
    ),
    *(
        svm.SVC(kernel="sigmoid"),
        tree.DecisionTreeClassifier(),
        tree.ExtraTreeClassifier(random_state=0),
    ),
    *(
        ensemble.RandomForestClassifier(10, random_state=0),
        ensemble.ExtraTreesClassifier(10, random_state=0),
    ),
]


def fitted_models() -> Iterator[tuple[Any, np.ndarray]]:
    """Fitted models, each with rows."""
    from sklearn.base import clone

    X, y = load_diabetes(return_X_y=True)
    for model in [*_REGRESSORS, *_boosting("Regressor"), svm.OneClassSVM()]:
        yield clone(model).fit(X[:200], np.abs(y[:200]) + 1), X[200:300]
    for X, y in (load_iris(return_X_y=True), load_breast_cancer(return_X_y=True)):
        for model in [*_CLASSIFIERS, *_boosting("Classifier")]:
            yield clone(model).fit(X, y), X[:100]


def _boosting(kind: str) -> list[Any]:
    import lightgbm
    import xgboost

    of_lightgbm, of_xgboost = (
        getattr(library, f"{name}{kind}")
        for library, name in ((lightgbm, "LGBM"), (xgboost, "XGB"))
    )
    return [
        *(
            of_lightgbm(n_estimators=10, boosting_type=how, verbose=-1, n_jobs=1)
            for how in ("gbdt", "dart", "goss")
        ),
        of_lightgbm(
            n_estimators=10,
            boosting_type="rf",
            bagging_freq=1,
            bagging_fraction=0.7,
            verbose=-1,
            n_jobs=1,
        ),
        *(
            of_xgboost(n_estimators=10, booster=booster, n_jobs=1)
            for booster in ("gbtree", "dart", "gblinear")
        ),
        getattr(xgboost, f"XGBRF{kind}")(n_estimators=10, n_jobs=1),
    ]
