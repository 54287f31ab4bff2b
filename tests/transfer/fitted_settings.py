"""Settings of fitted estimators away from their defaults, a line a case: those with a network, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn import (
    calibration,
    compose,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    linear_model,
    model_selection,
    multiclass,
    naive_bayes,
    neural_network,
    pipeline,
    preprocessing,
    svm,
)
from sklearn.gaussian_process import kernels as gp
from sklearn.pipeline import make_pipeline

from tests.shared.fitted_rows import (
    COUNT,
    FRAME,
    GAPS,
    HOLES,
    LEVELS,
    POSITIVE,
    SEVERAL,
    THREE,
    TWO,
    VALUE,
    X,
)

BOTH_LABELS = np.column_stack([VALUE > 0, X[:, 0] > 0]).astype(int)
EMPTY = np.column_stack([GAPS, np.full(len(GAPS), np.nan)])

_NOTHING: dict[str, Any] = {"with_centering": False, "with_scaling": False}

SETTINGS: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    # linear
    "logistic, liblinear": (lambda: linear_model.LogisticRegression(solver="liblinear"), X, TWO),
    "discriminant of two": (discriminant_analysis.LinearDiscriminantAnalysis, X, TWO),
    "tweedie without a link": (
        lambda: linear_model.TweedieRegressor(power=0, link="identity"),
        X,
        VALUE,
    ),
    "no intercept": (lambda: linear_model.Ridge(fit_intercept=False), X, SEVERAL),
    "descent of two, log loss": (
        lambda: linear_model.SGDClassifier(loss="log_loss", random_state=0),
        X,
        TWO,
    ),
    "least squares of one target": (lambda: cross_decomposition.PLSRegression(2), X, VALUE),
    # kernels and processes
    "SVC, polynomial": (
        lambda: svm.SVC(kernel="poly", degree=2, coef0=0.5, gamma=0.2, class_weight="balanced"),
        X,
        THREE,
    ),
    "SVC, sigmoid": (lambda: svm.SVC(kernel="sigmoid", gamma=0.1, coef0=-0.3), X, TWO),
    "Nyström, polynomial": (
        lambda: kernel_approximation.Nystroem(
            "poly", gamma=0.3, degree=2, coef0=0.7, n_components=12, random_state=0
        ),
        X,
        VALUE,
    ),
    "Nyström, defaults of a polynomial": (
        lambda: kernel_approximation.Nystroem("poly", n_components=12, random_state=0),
        X,
        VALUE,
    ),
    "Nyström, chi2": (
        lambda: kernel_approximation.Nystroem("chi2", n_components=12, random_state=0),
        POSITIVE,
        VALUE,
    ),
    "Fourier, scale": (
        lambda: kernel_approximation.RBFSampler(gamma="scale", n_components=7, random_state=0),
        X,
        VALUE,
    ),
    "process, Matern of infinity": (
        lambda: gaussian_process.GaussianProcessRegressor(
            gp.Matern(1.3, nu=np.inf) + gp.WhiteKernel(0.2), optimizer=None
        ),
        X,
        VALUE,
    ),
    "process, several": (
        lambda: gaussian_process.GaussianProcessRegressor(
            gp.DotProduct(0.7) * gp.RBF(1.5) + gp.WhiteKernel(0.5), optimizer=None, normalize_y=True
        ),
        X,
        SEVERAL,
    ),
    # perceptrons
    "perceptron, labels": (
        lambda: neural_network.MLPClassifier((5,), max_iter=5, random_state=0),
        X,
        BOTH_LABELS,
    ),
    "perceptron, Poisson": (
        lambda: neural_network.MLPRegressor(
            hidden_layer_sizes=(5,), loss="poisson", max_iter=5, random_state=0
        ),
        X,
        COUNT,
    ),
    # trees
    "forest, several": (lambda: ensemble.RandomForestRegressor(5, random_state=0), X, SEVERAL),
    "boosting from nothing": (
        lambda: ensemble.GradientBoostingClassifier(n_estimators=5, init="zero"),
        X,
        THREE,
    ),
    "boosting from a mean": (
        lambda: ensemble.GradientBoostingRegressor(n_estimators=5, init=dummy.DummyRegressor()),
        X,
        VALUE,
    ),
    "boosting, Huber": (
        lambda: ensemble.GradientBoostingRegressor(n_estimators=5, loss="huber"),
        X,
        VALUE,
    ),
    "histogram, quantile": (
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=5, loss="quantile", quantile=0.3),
        X,
        VALUE,
    ),
    "histogram, gamma": (
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=5, loss="gamma"),
        X,
        COUNT + 1,
    ),
    "histogram of two": (lambda: ensemble.HistGradientBoostingClassifier(max_iter=5), X, TWO),
    "isolation, share": (
        lambda: ensemble.IsolationForest(
            n_estimators=10, max_samples=0.5, contamination=0.1, random_state=0
        ),
        X,
        VALUE,
    ),
    # transformers
    "no mean": (lambda: preprocessing.StandardScaler(with_mean=False), X, VALUE),
    "no deviation": (lambda: preprocessing.StandardScaler(with_std=False), X, VALUE),
    "range": (lambda: preprocessing.MinMaxScaler((-2, 3)), X, VALUE),
    "no centre": (lambda: preprocessing.RobustScaler(with_centering=False), X, VALUE),
    "no scale": (lambda: preprocessing.RobustScaler(with_scaling=False), X, VALUE),
    "sums": (lambda: preprocessing.Normalizer("l1"), X, VALUE),
    "maxima": (lambda: preprocessing.Normalizer("max"), X, VALUE),
    "powers as they are": (lambda: preprocessing.PowerTransformer(standardize=False), X, VALUE),
    "interactions": (
        lambda: preprocessing.PolynomialFeatures((2, 3), interaction_only=True, include_bias=False),
        X,
        VALUE,
    ),
    "bins of equal width": (
        lambda: preprocessing.KBinsDiscretizer(3, strategy="uniform", encode="onehot-dense"),
        X,
        VALUE,
    ),
    "components as they are": (lambda: decomposition.PCA(3), X, VALUE),
    "components by parts": (lambda: decomposition.IncrementalPCA(2, whiten=True), X, VALUE),
    "factors": (lambda: decomposition.FactorAnalysis(3), X, VALUE),
    "empty columns": (lambda: impute.SimpleImputer(strategy="median"), EMPTY, VALUE),
    "empty columns kept": (lambda: impute.SimpleImputer(keep_empty_features=True), EMPTY, VALUE),
    "constant": (
        lambda: impute.SimpleImputer(strategy="constant", fill_value=-7.0, add_indicator=True),
        GAPS,
        VALUE,
    ),
    "all gaps": (lambda: impute.MissingIndicator(features="all"), GAPS, VALUE),
    "columns that a model chose": (
        lambda: feature_selection.SelectFromModel(linear_model.Lasso(0.1)),
        X,
        VALUE,
    ),
    **{
        f"function {f.__name__}": (partial(preprocessing.FunctionTransformer, f), POSITIVE, VALUE)
        for f in (
            np.abs,
            np.exp,
            np.log,
            np.sin,
            np.cos,
            np.sqrt,
            np.square,
            np.tanh,
            np.expm1,
            np.log1p,
        )
    },
    "no function": (lambda: preprocessing.FunctionTransformer(), X, VALUE),
    # encoders
    "indicators that ignore": (
        lambda: preprocessing.OneHotEncoder(
            drop="if_binary", handle_unknown="ignore", sparse_output=False
        ),
        LEVELS,
        VALUE,
    ),
    "indicators of rare and unseen": (
        lambda: preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=3),
        LEVELS,
        VALUE,
    ),
    "rare levels that ignore": (
        lambda: preprocessing.OneHotEncoder(handle_unknown="ignore", min_frequency=20),
        LEVELS,
        VALUE,
    ),
    "rare levels and a dropped one": (
        lambda: preprocessing.OneHotEncoder(drop="first", max_categories=3),
        LEVELS,
        VALUE,
    ),
    "numbers of rare levels and gaps": (
        lambda: preprocessing.OrdinalEncoder(max_categories=2),
        HOLES.astype(object),
        VALUE,
    ),
    "indicators of gaps": (preprocessing.OneHotEncoder, HOLES.astype(object), VALUE),
    "numbers of gaps": (
        lambda: preprocessing.OrdinalEncoder(encoded_missing_value=-2),
        HOLES.astype(object),
        VALUE,
    ),
    "means of classes": (lambda: preprocessing.TargetEncoder(random_state=0), LEVELS, THREE),
    "means of two classes": (
        lambda: preprocessing.TargetEncoder(smooth=3.0, random_state=0),
        LEVELS,
        TWO,
    ),
    # composites
    "nothing but steps that do nothing": (lambda: make_pipeline("passthrough"), X, VALUE),
    "columns by slice, mask and name": (
        lambda: compose.ColumnTransformer(
            [
                ("s", preprocessing.StandardScaler(), slice(1, 3)),
                ("m", "passthrough", [True, False, False, True] + [False] * 2),
                ("n", preprocessing.OneHotEncoder(sparse_output=False), ["size"]),
                ("d", "drop", ["colour"]),
            ]
        ),
        FRAME,
        VALUE,
    ),
    "columns from the end": (
        lambda: compose.ColumnTransformer(
            [("s", preprocessing.StandardScaler(), [-1, 0]), ("e", "passthrough", [])]
        ),
        X,
        VALUE,
    ),
    "weights of a union": (
        lambda: pipeline.FeatureUnion(
            [("a", preprocessing.StandardScaler()), ("b", "drop"), ("c", decomposition.PCA(1))],
            transformer_weights={"a": 3.0},
        ),
        X,
        VALUE,
    ),
    "a search": (
        lambda: model_selection.GridSearchCV(
            linear_model.LogisticRegression(), {"C": [0.1, 1.0]}, cv=2
        ),
        X,
        THREE,
    ),
    "a vote without weights": (
        lambda: ensemble.VotingRegressor(
            [("r", linear_model.Ridge()), ("d", "drop"), ("s", svm.SVR())]
        ),
        X,
        VALUE,
    ),
    "a stack of three classes": (
        lambda: ensemble.StackingClassifier(
            [("l", linear_model.LogisticRegression()), ("n", naive_bayes.GaussianNB())],
            cv=2,
            passthrough=True,
        ),
        X,
        THREE,
    ),
    "a stack of decision values": (
        lambda: ensemble.StackingClassifier([("s", svm.LinearSVC()), ("d", "drop")], cv=2),
        X,
        THREE,
    ),
    "bags that miss a class": (
        lambda: ensemble.BaggingClassifier(
            linear_model.LogisticRegression(), 6, max_samples=4, random_state=0
        ),
        X[:40],
        np.where(np.arange(40) < 2, "c", TWO[:40]),
    ),
    "calibration of probabilities": (
        lambda: calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2),
        X,
        TWO,
    ),
    "calibration of three": (
        lambda: calibration.CalibratedClassifierCV(svm.LinearSVC(random_state=0), cv=2),
        X,
        THREE,
    ),
    "one against the rest of two": (
        lambda: multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
        X,
        TWO,
    ),
    "one against the rest of labels": (
        lambda: multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
        X,
        BOTH_LABELS,
    ),
    "one against the rest by decision values": (
        lambda: multiclass.OneVsRestClassifier(svm.LinearSVC(random_state=0)),
        X,
        THREE,
    ),
    "steps that only rise": (
        lambda: isotonic.IsotonicRegression(out_of_bounds="clip"),
        X[:, :1],
        np.zeros(len(X)),
    ),
    **{
        f"target by {type(scaler).__name__}": (
            partial(compose.TransformedTargetRegressor, linear_model.Ridge(), transformer=scaler),
            X,
            SEVERAL,
        )
        for scaler in (
            preprocessing.StandardScaler(),
            preprocessing.MinMaxScaler((-1, 4)),
            preprocessing.RobustScaler(),
            preprocessing.PowerTransformer(standardize=False),
        )
    },
    "target without centre and scale": (
        lambda: compose.TransformedTargetRegressor(
            linear_model.Ridge(),
            transformer=preprocessing.RobustScaler(with_centering=False, with_scaling=False),
        ),
        X,
        VALUE,
    ),
    "target as it is": (
        lambda: compose.TransformedTargetRegressor(
            linear_model.Ridge(),
            transformer=preprocessing.StandardScaler(with_mean=False, with_std=False),
        ),
        X,
        VALUE,
    ),
}


class OfNoFamily(preprocessing.StandardScaler):
    """A subclass is served as what it is derived from."""


def _votes() -> Any:
    """A classifier that has a `transform` beside its probabilities, of which there is no
    network.
    """
    return ensemble.VotingClassifier([("n", naive_bayes.GaussianNB())], voting="soft")


REFUSED: dict[str, tuple[Callable[[], Any], Any, Any, str]] = {
    "votes as a step": (
        lambda: make_pipeline(_votes(), linear_model.LogisticRegression()),
        X,
        THREE,
        "VotingClassifier stands before",
    ),
    "votes of columns": (
        lambda: compose.ColumnTransformer([("d", _votes(), [0, 1])]),
        X,
        THREE,
        "for its .transform",
    ),
    "votes in a union": (
        lambda: pipeline.FeatureUnion([("d", _votes())]),
        X,
        THREE,
        "for its .transform",
    ),
    "no value beyond": (
        lambda: isotonic.IsotonicRegression(out_of_bounds="nan"),
        X[:, :1],
        VALUE,
        "clip",
    ),
    "no refit": (
        lambda: model_selection.GridSearchCV(svm.SVR(), {"C": [0.1, 1.0]}, cv=2, refit=False),
        X,
        VALUE,
        "refit=True",
    ),
    "pairs of a process": (
        lambda: gaussian_process.GaussianProcessClassifier(
            gp.RBF(1.0), optimizer=None, multi_class="one_vs_one"
        ),
        X,
        THREE,
        "one_vs_rest",
    ),
    "kernel of pairs": (
        lambda: gaussian_process.GaussianProcessRegressor(
            gp.PairwiseKernel(metric=lambda a, b, gamma: a @ b) + gp.WhiteKernel(1.0),
            optimizer=None,
        ),
        X,
        VALUE,
        "of your own",
    ),
    "a stack of several labels": (
        lambda: ensemble.StackingClassifier(
            [("t", ensemble.RandomForestClassifier(2))], ensemble.RandomForestClassifier(2), cv=2
        ),
        X,
        BOTH_LABELS,
        "of 2 targets is a member",
    ),
    "boosting from a classifier": (
        lambda: ensemble.GradientBoostingClassifier(
            n_estimators=2, init=linear_model.LogisticRegression()
        ),
        X,
        TWO,
        "init=None",
    ),
    "inverse of quantiles": (
        lambda: compose.TransformedTargetRegressor(
            linear_model.Ridge(), transformer=preprocessing.QuantileTransformer(n_quantiles=9)
        ),
        X,
        VALUE,
        "StandardScaler",
    ),
    "inverse of Box-Cox": (
        lambda: compose.TransformedTargetRegressor(
            linear_model.Ridge(), transformer=preprocessing.PowerTransformer(method="box-cox")
        ),
        X,
        COUNT + 1,
        "yeo-johnson",
    ),
    "transformer of its own": (lambda: decomposition.NMF(2, max_iter=5), POSITIVE, VALUE, "NMF"),
}
