"""Fitted estimators of several outputs, and stacks, votes and chains."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn import (
    calibration,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_selection,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401

from tests.shared.fitted_rows import GRID, SEVERAL, VALUE, Case, X, three, two, value
from tests.shared.fitted_trees import CODES, JUMPS, lightgbm_of

_LOGISTIC, _FOREST = (
    linear_model.LogisticRegression,
    partial(ensemble.RandomForestClassifier, 5, max_depth=4, random_state=0),
)
_SIGMOID = partial(calibration.CalibratedClassifierCV, cv=2)
_MARGINS = partial(svm.LinearSVC, random_state=0)
_LABELS = np.column_stack([VALUE > 0, X[:, 0] > 0.3, X[:, 2] + VALUE > 0.5]).astype(int)
_CLASSES = np.column_stack([CODES, X[:, 0] > 0.3]).astype(int)
_REST = multiclass.OneVsRestClassifier
_MEMBERS = [("l", _LOGISTIC()), ("s", svm.SVC()), ("t", tree.DecisionTreeClassifier(max_depth=3))]


def labels(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=_LABELS, **traits)


MULTIPLE = {
    "CalibratedClassifierCV, logistic": three(lambda: _SIGMOID(_LOGISTIC())),
    "CalibratedClassifierCV, one fit": two(
        lambda: _SIGMOID(_LOGISTIC(), method="isotonic", ensemble=False), **JUMPS
    ),
    "CalibratedClassifierCV, SVC": three(lambda: _SIGMOID(svm.SVC()), **JUMPS),
    "CalibratedClassifierCV, boosting": three(
        lambda: _SIGMOID(ensemble.HistGradientBoostingClassifier(max_iter=5), ensemble=False),
        **JUMPS,
    ),
    "CalibratedClassifierCV, gradient boosting": two(
        lambda: _SIGMOID(ensemble.GradientBoostingClassifier(n_estimators=5)), **JUMPS
    ),
    "CalibratedClassifierCV, AdaBoost": two(
        lambda: _SIGMOID(ensemble.AdaBoostClassifier(n_estimators=5, random_state=0)), **JUMPS
    ),
    "CalibratedClassifierCV, LightGBM": two(
        lambda: _SIGMOID(lightgbm_of("Classifier", n_estimators=5)()), **JUMPS
    ),
    "CalibratedClassifierCV, temperature": three(
        lambda: _SIGMOID(_LOGISTIC(), method="temperature")
    ),
    "CalibratedClassifierCV, temperature of two": two(
        lambda: _SIGMOID(svm.SVC(), method="temperature", ensemble=False)
    ),
    "CalibratedClassifierCV, temperature of probabilities": two(
        lambda: _SIGMOID(_FOREST(), method="temperature"), **JUMPS
    ),
    "CalibratedClassifierCV, quadratic discriminants": three(
        lambda: _SIGMOID(discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1))
    ),
    "CalibratedClassifierCV, naive Bayes": three(lambda: _SIGMOID(naive_bayes.GaussianNB())),
    "CalibratedClassifierCV, neighbours": three(
        lambda: _SIGMOID(neighbors.KNeighborsClassifier(4)), X=GRID, **JUMPS
    ),
    "CalibratedClassifierCV, eliminated columns": two(
        lambda: _SIGMOID(feature_selection.RFE(_LOGISTIC()))
    ),
    "CalibratedClassifierCV, pipeline": two(
        lambda: _SIGMOID(pipeline.make_pipeline(preprocessing.StandardScaler(), _LOGISTIC()))
    ),
    "MultiOutputClassifier": Case(
        lambda: multioutput.MultiOutputClassifier(_LOGISTIC()), y=_CLASSES
    ),
    "MultiOutputClassifier, labels alone": Case(
        lambda: multioutput.MultiOutputClassifier(_MARGINS()), y=_CLASSES, **JUMPS
    ),
    "RegressorChain": Case(lambda: multioutput.RegressorChain(svm.SVR(), order=[1, 0]), y=SEVERAL),
    "ClassifierChain": labels(
        lambda: multioutput.ClassifierChain(_LOGISTIC(), order=[2, 0, 1]), **JUMPS
    ),
    "ClassifierChain, probabilities": labels(
        lambda: multioutput.ClassifierChain(_LOGISTIC(), chain_method="predict_proba")
    ),
    "ClassifierChain, decision values": labels(
        lambda: multioutput.ClassifierChain(svm.SVC(), chain_method="decision_function")
    ),
    "OneVsOneClassifier": three(lambda: multiclass.OneVsOneClassifier(_MARGINS()), **JUMPS),
    "OneVsOneClassifier, probabilities": three(
        lambda: multiclass.OneVsOneClassifier(_FOREST()), **JUMPS
    ),
    "OneVsOneClassifier, two classes": two(
        lambda: multiclass.OneVsOneClassifier(_LOGISTIC()), **JUMPS
    ),
    "OneVsRestClassifier, lines": three(lambda: _REST(linear_model.LinearRegression()), **JUMPS),
    "OneVsRestClassifier, several labels": labels(lambda: _REST(_LOGISTIC())),
    "OneVsRestClassifier, margins of labels": labels(lambda: _REST(svm.SVC())),
    "DecisionTreeClassifier, several targets": Case(
        lambda: tree.DecisionTreeClassifier(max_depth=4), y=_CLASSES, **JUMPS
    ),
    "RandomForestClassifier, several targets": Case(_FOREST, y=_CLASSES, **JUMPS),
    "ExtraTreesClassifier, several labels": labels(
        lambda: ensemble.ExtraTreesClassifier(5, random_state=0), **JUMPS
    ),
    "MLPClassifier, several labels": labels(
        lambda: neural_network.MLPClassifier((8,), max_iter=20, random_state=0)
    ),
    "VotingClassifier, hard": three(lambda: ensemble.VotingClassifier(_MEMBERS), **JUMPS),
    "VotingClassifier, of composites": three(
        lambda: ensemble.VotingClassifier(
            [
                ("r", _REST(_FOREST())),
                ("o", multiclass.OneVsOneClassifier(_MARGINS())),
                ("p", pipeline.make_pipeline(svm.SVC())),
            ]
        ),
        **JUMPS,
    ),
    "VotingClassifier, hard with weights": three(
        lambda: ensemble.VotingClassifier(_MEMBERS, weights=[1, 1, 3]), **JUMPS
    ),
    "StackingClassifier, labels": three(
        lambda: ensemble.StackingClassifier(
            _MEMBERS, _LOGISTIC(), cv=2, stack_method="predict", passthrough=True
        ),
        **JUMPS,
    ),
    "BaggingClassifier, votes": three(
        lambda: ensemble.BaggingClassifier(svm.SVC(), 4, max_samples=0.2, random_state=0), **JUMPS
    ),
    "AdaBoostClassifier, margins": three(
        lambda: ensemble.AdaBoostClassifier(
            linear_model.RidgeClassifier(), n_estimators=3, random_state=0
        ),
        **JUMPS,
    ),
    "AdaBoostRegressor, lines": value(
        lambda: ensemble.AdaBoostRegressor(linear_model.Ridge(), n_estimators=4, random_state=0),
        **JUMPS,
    ),
    "FixedThresholdClassifier": two(
        lambda: model_selection.FixedThresholdClassifier(_LOGISTIC(), threshold=0.7)
    ),
    "DummyRegressor": value(
        lambda: dummy.DummyRegressor(strategy="quantile", quantile=0.3), **JUMPS
    ),
    "DummyRegressor, several targets": Case(dummy.DummyRegressor, y=SEVERAL, **JUMPS),
    "DummyClassifier": three(dummy.DummyClassifier, **JUMPS),
    **{
        f"DummyClassifier, {how}": three(
            partial(dummy.DummyClassifier, strategy=how, random_state=0), **JUMPS
        )
        for how in ("most_frequent", "uniform")
    },
    "DummyClassifier, constant": three(
        lambda: dummy.DummyClassifier(strategy="constant", constant="b"), **JUMPS
    ),
    "DummyClassifier, several targets": Case(dummy.DummyClassifier, y=_CLASSES, **JUMPS),
}
