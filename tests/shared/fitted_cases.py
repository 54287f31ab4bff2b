"""Fitted estimators of other libraries, one line each: what `mimic` supports, which the docs list
and the contract suite runs over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import (
    calibration,
    cluster,
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
    kernel_ridge,
    linear_model,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
    svm,
    tree,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import text as feature_text
from sklearn.gaussian_process import kernels as gp

pipe = pipeline.make_pipeline
N, D = 160, 4
_RNG, _RNG_COUNTS = np.random.default_rng(0), np.random.default_rng(1)
X = np.round(np.clip(_RNG.normal(size=(N, D)), -3, 3), 6)
X[:, 3] = _RNG.integers(0, 3, N)
POSITIVE = np.abs(X) + 0.1
GAPS = np.where(_RNG.random((N, D)) < 0.1, np.nan, X)
VALUE = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 3] + 0.1 * _RNG.normal(size=N)
COUNTS = _RNG_COUNTS.integers(0, 4, (N, D)).astype(float)
GRID = np.round(X)  # rows as far as one another, and equal ones
COUNT = np.round(np.exp(0.5 * X[:, 0] + 0.2 * X[:, 3])).astype(float)
TWO = np.array(["no", "yes"])[(VALUE > 0.2).astype(int)]
THREE = np.array(["a", "b", "c"])[np.digitize(VALUE, [-0.3, 0.8])]
SEVERAL = np.column_stack([VALUE, np.cos(X[:, 2])])
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(
    colour=_RNG.choice(
        np.array(["red", "green", "blue", "rare"], dtype=object), N, p=[0.4, 0.3, 0.25, 0.05]
    ),
    size=_RNG.choice(np.array(["s", "m"]), N),
)
LEVELS = FRAME[["colour", "size"]]
HOLES = LEVELS.mask(np.random.default_rng(0).random(LEVELS.shape) < 0.1)
CATEGORIES = FRAME.astype({"colour": "category", "size": "category"})
LEVEL_VALUE = VALUE + 2.0 * (FRAME["colour"] == "red") - (FRAME["size"] == "s") * X[:, 1]


@dataclass(frozen=True)
class Case:
    """An estimator, the rows and targets that it is fitted on, and the traits of its network."""

    make: Callable[[], Any]
    X: Any = None
    y: Any = None
    smooth: bool = True
    tolerance: float = 1e-10
    library: str = "scikit-learn"
    method: str | None = None

    def rows(self) -> Any:
        return X if self.X is None else self.X


@cache
def fitted(name: str) -> Any:
    case = CASES.get(name) or DOCUMENTS[name]
    return case.make().fit(case.rows(), case.y)


def python_values(path: Path, rows: Any) -> Any:
    """What `predict` of a written .py file gives."""
    space: dict[str, Any] = {}
    exec(path.read_text(), space)
    return space["predict"](rows)


def onnx_values(path: Path, feeds: dict[str, Any]) -> Any:
    """The first output of a written .onnx file."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, feeds
    )[0]


def raw_feeds(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns as a graph takes them: numbers as floats, strings with an empty one where it is
    missing.
    """
    return {
        c: frame[[c]].astype(object).fillna("").to_numpy(object)
        if c in LEVELS
        else frame[[c]].to_numpy(float)
        for c in frame
    }


def value(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=VALUE, **traits)


def two(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=TWO, **traits)


def three(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=THREE, **traits)


def columns(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, **{"y": VALUE, **traits})


LINEAR = {
    "LinearRegression": value(linear_model.LinearRegression),
    "LinearRegression, several targets": Case(linear_model.LinearRegression, y=SEVERAL),
    "Ridge": value(linear_model.Ridge),
    "RidgeCV": value(linear_model.RidgeCV),
    "Lasso": value(lambda: linear_model.Lasso(0.1)),
    "LassoCV": value(lambda: linear_model.LassoCV(cv=3)),
    "ElasticNet": value(lambda: linear_model.ElasticNet(0.1)),
    "ElasticNetCV": value(lambda: linear_model.ElasticNetCV(cv=3)),
    "Lars": value(linear_model.Lars),
    "LarsCV": value(lambda: linear_model.LarsCV(cv=3)),
    "LassoLarsIC": value(linear_model.LassoLarsIC),
    "LassoLars": value(lambda: linear_model.LassoLars(0.01)),
    "BayesianRidge": value(linear_model.BayesianRidge),
    "ARDRegression": value(linear_model.ARDRegression),
    "HuberRegressor": value(linear_model.HuberRegressor),
    "QuantileRegressor": value(lambda: linear_model.QuantileRegressor(alpha=0.01)),
    "TheilSenRegressor": value(lambda: linear_model.TheilSenRegressor(random_state=0)),
    "RANSACRegressor": value(lambda: linear_model.RANSACRegressor(random_state=0)),
    "OrthogonalMatchingPursuit": value(linear_model.OrthogonalMatchingPursuit),
    "SGDRegressor": value(lambda: linear_model.SGDRegressor(random_state=0)),
    "LinearSVR": value(lambda: svm.LinearSVR(random_state=0)),
    "MultiTaskLasso": Case(lambda: linear_model.MultiTaskLasso(0.1), y=SEVERAL),
    "MultiTaskElasticNet": Case(lambda: linear_model.MultiTaskElasticNet(0.1), y=SEVERAL),
    "PoissonRegressor": Case(linear_model.PoissonRegressor, y=COUNT),
    "GammaRegressor": Case(linear_model.GammaRegressor, y=COUNT + 1),
    "TweedieRegressor": Case(lambda: linear_model.TweedieRegressor(power=1.5), y=COUNT),
    "PLSRegression": Case(lambda: cross_decomposition.PLSRegression(2), y=SEVERAL),
    "PLSCanonical": Case(lambda: cross_decomposition.PLSCanonical(2), y=SEVERAL),
    "LogisticRegression": two(linear_model.LogisticRegression),
    "LogisticRegression, multinomial": three(linear_model.LogisticRegression),
    "LogisticRegressionCV": two(
        lambda: linear_model.LogisticRegressionCV(
            Cs=2, cv=2, l1_ratios=(0.0,), use_legacy_attributes=False
        )
    ),
    "RidgeClassifierCV": two(linear_model.RidgeClassifierCV),
    "RidgeClassifier": three(linear_model.RidgeClassifier),
    "SGDClassifier": two(lambda: linear_model.SGDClassifier(random_state=0)),
    "SGDClassifier, log loss": three(
        lambda: linear_model.SGDClassifier(loss="log_loss", random_state=0)
    ),
    "SGDClassifier, modified Huber loss": two(
        lambda: linear_model.SGDClassifier(loss="modified_huber", random_state=0), smooth=False
    ),
    "SGDClassifier, three classes": three(
        lambda: linear_model.SGDClassifier(loss="modified_huber", random_state=0), smooth=False
    ),
    "Perceptron": two(lambda: linear_model.Perceptron(random_state=0)),
    "LinearSVC": three(lambda: svm.LinearSVC(random_state=0)),
    "LinearDiscriminantAnalysis": three(discriminant_analysis.LinearDiscriminantAnalysis),
    "GaussianNB": three(naive_bayes.GaussianNB),
}
DENSITIES = {
    "MultinomialNB": three(naive_bayes.MultinomialNB, X=COUNTS),
    "ComplementNB": three(lambda: naive_bayes.ComplementNB(norm=True), X=COUNTS),
    "BernoulliNB": three(lambda: naive_bayes.BernoulliNB(binarize=0.3), smooth=False),
    "BernoulliNB, truth values": three(
        lambda: naive_bayes.BernoulliNB(binarize=None), X=np.minimum(COUNTS, 1)
    ),
    "CategoricalNB": three(
        naive_bayes.CategoricalNB, X=pd.DataFrame(COUNTS, columns=list("abcd")), smooth=False
    ),
    "QuadraticDiscriminantAnalysis": three(
        lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1)
    ),
    **{
        f"GaussianMixture, {kind}": Case(
            partial(mixture.GaussianMixture, 3, covariance_type=kind, random_state=0)
        )
        for kind in ("full", "tied", "diag", "spherical")
    },
    "GaussianMixture, labels": Case(
        lambda: mixture.GaussianMixture(3, random_state=0), smooth=False, method="predict"
    ),
    "GaussianMixture, score": Case(
        lambda: mixture.GaussianMixture(3, random_state=0), method="score_samples"
    ),
    "BayesianGaussianMixture": Case(
        lambda: mixture.BayesianGaussianMixture(n_components=3, random_state=0)
    ),
    "BayesianGaussianMixture, score": Case(
        lambda: mixture.BayesianGaussianMixture(
            n_components=3, weight_concentration_prior_type="dirichlet_distribution", random_state=0
        ),
        method="score_samples",
    ),
    "KMeans": Case(lambda: cluster.KMeans(4, random_state=0), smooth=False),
    "KMeans, distances": Case(lambda: cluster.KMeans(4, random_state=0), method="transform"),
    "MiniBatchKMeans": Case(lambda: cluster.MiniBatchKMeans(4, random_state=0), smooth=False),
    "MiniBatchKMeans, distances": Case(
        lambda: cluster.MiniBatchKMeans(4, random_state=0), method="transform"
    ),
}
NEIGHBOURS = {
    "LocalOutlierFactor": value(
        lambda: neighbors.LocalOutlierFactor(5, novelty=True), X=GRID, smooth=False
    ),
    "LocalOutlierFactor, brute": value(
        lambda: neighbors.LocalOutlierFactor(7, novelty=True, algorithm="brute", contamination=0.1),
        smooth=False,
    ),
    "LocalOutlierFactor, p = 3": value(
        lambda: neighbors.LocalOutlierFactor(400, novelty=True, p=3), smooth=False
    ),
    "KNeighborsRegressor": Case(neighbors.KNeighborsRegressor, y=SEVERAL, X=GRID, smooth=False),
    "KNeighborsRegressor, distance": value(
        lambda: neighbors.KNeighborsRegressor(weights="distance"), X=GRID, smooth=False
    ),
    "KNeighborsRegressor, brute": value(
        lambda: neighbors.KNeighborsRegressor(3, algorithm="brute", weights="distance"),
        X=GRID,
        smooth=False,
    ),
    "KNeighborsRegressor, balls": value(
        lambda: neighbors.KNeighborsRegressor(7, algorithm="ball_tree"), X=GRID, smooth=False
    ),
    "KNeighborsRegressor, p = 1": value(
        lambda: neighbors.KNeighborsRegressor(p=1, leaf_size=5), X=GRID, smooth=False
    ),
    "KNeighborsRegressor, chebyshev": value(
        lambda: neighbors.KNeighborsRegressor(metric="chebyshev"), X=GRID, smooth=False
    ),
    "KNeighborsRegressor, p = 3": value(lambda: neighbors.KNeighborsRegressor(p=3), smooth=False),
    "KNeighborsClassifier": three(lambda: neighbors.KNeighborsClassifier(4), X=GRID, smooth=False),
    "KNeighborsClassifier, several targets": Case(
        lambda: neighbors.KNeighborsClassifier(4),
        y=np.column_stack([THREE, TWO]),
        X=GRID,
        smooth=False,
    ),
    "KNeighborsClassifier, distance": two(
        lambda: neighbors.KNeighborsClassifier(weights="distance"), X=GRID, smooth=False
    ),
    "KNeighborsClassifier, brute": three(
        lambda: neighbors.KNeighborsClassifier(algorithm="brute"), X=GRID, smooth=False
    ),
}
KERNELS = {
    **{
        f"KernelRidge, {kernel}": Case(
            partial(kernel_ridge.KernelRidge, alpha=0.1, kernel=kernel, gamma=0.3), y=SEVERAL
        )
        for kernel in ("linear", "poly", "rbf", "laplacian", "sigmoid", "cosine")
    },
    "KernelRidge, chi2": value(
        lambda: kernel_ridge.KernelRidge(alpha=0.1, kernel="chi2", gamma=0.5), X=POSITIVE
    ),
    "KernelRidge, additive_chi2": value(
        lambda: kernel_ridge.KernelRidge(alpha=1.0, kernel="additive_chi2"), X=POSITIVE
    ),
    **{
        f"SVR, {kernel}": value(partial(svm.SVR, kernel=kernel, C=1.0))
        for kernel in ("linear", "poly", "rbf", "sigmoid")
    },
    "NuSVR": value(svm.NuSVR),
    "SVC": two(svm.SVC),
    "SVC, three classes": three(svm.SVC),
    "SVC, pairs of classes": three(lambda: svm.SVC(decision_function_shape="ovo", kernel="poly")),
    "SVC, probabilities": two(lambda: svm.SVC(probability=True, random_state=0)),
    "SVC, probabilities of three classes": three(lambda: svm.SVC(probability=True, random_state=0)),
    "NuSVC": three(lambda: svm.NuSVC(nu=0.3)),
    "NuSVC, probabilities": three(lambda: svm.NuSVC(nu=0.3, probability=True, random_state=0)),
    "SGDOneClassSVM": value(lambda: linear_model.SGDOneClassSVM(random_state=0)),
    "OneClassSVM": value(lambda: svm.OneClassSVM(nu=0.1)),
}
_KERNELS = {
    "RBF": gp.ConstantKernel(2.0) * gp.RBF([1.0, 2.0, 1.0, 3.0]) + gp.WhiteKernel(0.1),
    "Matern": gp.Matern(1.0, nu=1.5) + gp.Matern(2.0, nu=0.5) + gp.WhiteKernel(0.1),
    "Matern 5/2": gp.Matern([1.0, 2.0, 1.0, 1.0], nu=2.5) + gp.WhiteKernel(0.1),
    "RationalQuadratic": gp.RationalQuadratic(1.0, 0.7) + gp.WhiteKernel(0.1),
    "ExpSineSquared": gp.ExpSineSquared(1.5, 4.0) * gp.RBF(2.0) + gp.WhiteKernel(0.1),
    "poly": gp.PairwiseKernel(metric="poly", gamma=0.3) + gp.WhiteKernel(0.1),
    "laplacian": 2.0 * gp.PairwiseKernel(metric="laplacian", gamma=0.5) + gp.WhiteKernel(0.1),
    "DotProduct": gp.DotProduct(0.5) ** 2 + gp.RBF(1.0) + gp.WhiteKernel(0.1),
}
PROCESSES = {
    **{
        f"GaussianProcessRegressor, {name}": value(
            partial(
                gaussian_process.GaussianProcessRegressor, kernel, optimizer=None, normalize_y=True
            )
        )
        for name, kernel in _KERNELS.items()
    },
    "GaussianProcessClassifier": two(
        lambda: gaussian_process.GaussianProcessClassifier(1.0 * gp.RBF(1.0), optimizer=None)
    ),
    "GaussianProcessClassifier, three classes": three(
        lambda: gaussian_process.GaussianProcessClassifier(1.0 * gp.RBF(1.0), optimizer=None)
    ),
}
PERCEPTRONS = {
    **{
        f"MLPRegressor, {activation}": value(
            partial(
                neural_network.MLPRegressor,
                hidden_layer_sizes=(8, 5),
                activation=activation,
                max_iter=20,
                random_state=0,
            )
        )
        for activation in ("identity", "logistic", "tanh", "relu")
    },
    "MLPClassifier": two(lambda: neural_network.MLPClassifier((8,), max_iter=20, random_state=0)),
    "MLPClassifier, three classes": three(
        lambda: neural_network.MLPClassifier((8,), max_iter=20, random_state=0)
    ),
}
JUMPS: dict[str, Any] = {"smooth": False}
TREES = {
    "DecisionTreeRegressor": Case(
        lambda: tree.DecisionTreeRegressor(max_depth=6), y=SEVERAL, **JUMPS
    ),
    "DecisionTreeRegressor, missing values": value(
        lambda: tree.DecisionTreeRegressor(max_depth=6), X=GAPS, **JUMPS
    ),
    "DecisionTreeClassifier": three(lambda: tree.DecisionTreeClassifier(max_depth=4), **JUMPS),
    "ExtraTreeClassifier": three(
        lambda: tree.ExtraTreeClassifier(max_depth=5, random_state=0), **JUMPS
    ),
    "ExtraTreeRegressor": value(
        lambda: tree.ExtraTreeRegressor(max_depth=5, random_state=0), **JUMPS
    ),
    "RandomForestRegressor": value(
        lambda: ensemble.RandomForestRegressor(10, random_state=0), **JUMPS
    ),
    "RandomForestRegressor, missing values": value(
        lambda: ensemble.RandomForestRegressor(10, random_state=0), X=GAPS, **JUMPS
    ),
    "RandomForestClassifier": three(
        lambda: ensemble.RandomForestClassifier(10, random_state=0), **JUMPS
    ),
    "ExtraTreesRegressor": value(lambda: ensemble.ExtraTreesRegressor(10, random_state=0), **JUMPS),
    "ExtraTreesClassifier": two(lambda: ensemble.ExtraTreesClassifier(10, random_state=0), **JUMPS),
    "GradientBoostingRegressor": value(
        lambda: ensemble.GradientBoostingRegressor(n_estimators=20), **JUMPS
    ),
    "GradientBoostingRegressor, from a ridge": value(
        lambda: ensemble.GradientBoostingRegressor(n_estimators=20, init=linear_model.Ridge()),
        # its ridge is fitted and summed in float32, in the order of a matrix product
        tolerance=1e-6,
        **JUMPS,
    ),
    "GradientBoostingClassifier": three(
        lambda: ensemble.GradientBoostingClassifier(n_estimators=10), **JUMPS
    ),
    "GradientBoostingClassifier, exponential": two(
        lambda: ensemble.GradientBoostingClassifier(n_estimators=10, loss="exponential"), **JUMPS
    ),
    "HistGradientBoostingRegressor": value(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=20), X=GAPS, **JUMPS
    ),
    "HistGradientBoostingRegressor, categories": Case(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=5),
        X=CATEGORIES,
        y=LEVEL_VALUE,
        **JUMPS,
    ),
    "HistGradientBoostingRegressor, numbers as levels": Case(
        lambda: ensemble.HistGradientBoostingRegressor(
            max_iter=20, min_samples_leaf=5, categorical_features=[3]
        ),
        y=VALUE,
        X=X,
        **JUMPS,
    ),
    "HistGradientBoostingRegressor, Poisson": Case(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=10, loss="poisson"),
        y=COUNT,
        **JUMPS,
    ),
    "HistGradientBoostingRegressor, monotone": value(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=10, monotonic_cst=[1, 0, 0, 0]),
        **JUMPS,
    ),
    "HistGradientBoostingClassifier": three(
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=10), X=GAPS, **JUMPS
    ),
    "AdaBoostRegressor": value(
        lambda: ensemble.AdaBoostRegressor(n_estimators=10, random_state=0), **JUMPS
    ),
    "AdaBoostClassifier": two(
        lambda: ensemble.AdaBoostClassifier(n_estimators=10, random_state=0), **JUMPS
    ),
    "AdaBoostClassifier, three classes": three(
        lambda: ensemble.AdaBoostClassifier(n_estimators=10, random_state=0), **JUMPS
    ),
    "IsolationForest": value(
        lambda: ensemble.IsolationForest(n_estimators=20, random_state=0, max_features=0.7), **JUMPS
    ),
}


def _lightgbm(kind: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        import lightgbm

        return getattr(lightgbm, f"LGBM{kind}")(
            **{"n_estimators": 20, "min_child_samples": 5, "verbose": -1, "n_jobs": 1, **settings}
        )

    return make


def _xgboost(kind: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        import xgboost

        return getattr(xgboost, f"XGB{kind}")(
            **{
                "n_estimators": 20,
                "max_depth": 4,
                "n_jobs": 1,
                "enable_categorical": True,
                **settings,
            }
        )

    return make


def _catboost(kind: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        import catboost

        return getattr(catboost, f"CatBoost{kind}")(
            **{
                "iterations": 20,
                "depth": 4,
                "verbose": 0,
                "allow_writing_files": False,
                "thread_count": 1,
                **settings,
            }
        )

    return make


class _LightGBMBooster:
    """What `lightgbm.train` gives."""

    def fit(self, rows: Any, y: Any) -> Any:
        import lightgbm

        settings = {
            "objective": "binary",
            "sigmoid": 0.5,
            "min_data_in_leaf": 5,
            "verbose": -1,
            "num_threads": 1,
        }
        return lightgbm.train(settings, lightgbm.Dataset(rows, y), num_boost_round=10)


@dataclass(frozen=True)
class _Ranker:
    """A ranker, fitted on eight groups of rows."""

    make: Callable[[], Any]
    by: str = "group"

    def fit(self, rows: Any, y: Any) -> Any:
        sizes = np.full(8, N // 8)
        return self.make().fit(
            rows, y, **{self.by: sizes if self.by == "group" else np.repeat(np.arange(8), sizes)}
        )


def _catboost_itself(loss: str) -> Any:
    import catboost

    return catboost.CatBoost(
        {
            "iterations": 20,
            "loss_function": loss,
            "verbose": 0,
            "allow_writing_files": False,
            "thread_count": 1,
        }
    )


_L: dict[str, Any] = {"smooth": False, "library": "LightGBM"}
_G: dict[str, Any] = {"smooth": False, "library": "XGBoost"}
_C: dict[str, Any] = {"smooth": False, "library": "CatBoost"}
CODES = np.digitize(VALUE, [-0.3, 0.8])
BOOSTING = {
    "LGBMRegressor": value(_lightgbm("Regressor"), **_L),
    "LGBMRegressor, missing values": value(_lightgbm("Regressor"), X=GAPS, **_L),
    "LGBMRegressor, categories": Case(
        _lightgbm("Regressor", min_data_per_group=1, cat_smooth=0),
        X=CATEGORIES,
        y=LEVEL_VALUE,
        **_L,
    ),
    "LGBMRegressor, Poisson": Case(_lightgbm("Regressor", objective="poisson"), y=COUNT, **_L),
    "LGBMRegressor, monotone": value(
        _lightgbm("Regressor", monotone_constraints=[1, 0, 0, 0]), **_L
    ),
    "LGBMRegressor, square roots": Case(_lightgbm("Regressor", reg_sqrt=True), y=COUNT, **_L),
    "LGBMRegressor, alias": value(_lightgbm("Regressor", objective="mean_absolute_error"), **_L),
    "LGBMRegressor, linear leaves": value(
        _lightgbm("Regressor", linear_tree=True, num_leaves=8), X=GAPS, **_L
    ),
    "LGBMClassifier, linear leaves": three(
        _lightgbm("Classifier", linear_tree=True, num_leaves=4, n_estimators=5),
        tolerance=1e-9,
        **_L,
    ),
    "LGBMClassifier": two(_lightgbm("Classifier"), **_L),
    "LGBMClassifier, slope of its own": two(_lightgbm("Classifier", sigmoid=0.5), **_L),
    "LGBMClassifier, one against the rest": three(
        _lightgbm("Classifier", objective="multiclassova", sigmoid=2.0), **_L
    ),
    "LGBMClassifier, three classes": three(_lightgbm("Classifier"), X=GAPS, **_L),
    "Booster": Case(_LightGBMBooster, y=(VALUE > 0).astype(int), **_L),
    "XGBRegressor": value(_xgboost("Regressor"), **_G),
    "XGBRegressor, missing values": value(_xgboost("Regressor"), X=GAPS, **_G),
    "XGBRegressor, categories": Case(_xgboost("Regressor"), X=CATEGORIES, y=LEVEL_VALUE, **_G),
    "XGBRegressor, DART": value(_xgboost("Regressor", booster="dart", rate_drop=0.2), **_G),
    "XGBRegressor, Poisson": Case(_xgboost("Regressor", objective="count:poisson"), y=COUNT, **_G),
    "XGBRegressor, monotone": value(_xgboost("Regressor", monotone_constraints=(1, 0, 0, 0)), **_G),
    "XGBRegressor, given base score": value(_xgboost("Regressor", base_score=0.5), **_G),
    "XGBRegressor, several targets": Case(_xgboost("Regressor"), y=SEVERAL, **_G),
    "XGBRegressor, several values a leaf": Case(
        _xgboost("Regressor", multi_strategy="multi_output_tree"), y=SEVERAL, X=GAPS, **_G
    ),
    "XGBRegressor, lines": value(
        _xgboost("Regressor", booster="gblinear"), X=GAPS, library="XGBoost", smooth=False
    ),
    "XGBRegressor, one line": value(
        _xgboost("Regressor", booster="gblinear"), X=X[:, :1], library="XGBoost", smooth=False
    ),
    "XGBClassifier, lines": Case(
        _xgboost("Classifier", booster="gblinear"), y=CODES, **{**_G, "tolerance": 3e-7}
    ),
    "XGBClassifier, several values a leaf": Case(
        _xgboost("Classifier", multi_strategy="multi_output_tree"),
        y=CODES,
        **{**_G, "tolerance": 3e-7},
    ),
    "XGBClassifier": Case(_xgboost("Classifier"), y=(CODES > 0).astype(int), **_G),
    "XGBClassifier, several labels": Case(
        _xgboost("Classifier"),
        y=np.column_stack([CODES > 0, CODES > 1]).astype(int),
        **{**_G, "tolerance": 4e-7},  # one ulp of float32, here too
    ),
    "XGBClassifier, three classes": Case(
        _xgboost("Classifier"),
        X=GAPS,
        y=CODES,
        # its exponential is not always the nearest number of float32: one ulp
        **{**_G, "tolerance": 3e-7},
    ),
    "XGBRFClassifier": Case(_xgboost("RFClassifier"), y=(CODES > 0).astype(int), **_G),
    "XGBRFRegressor": value(_xgboost("RFRegressor"), **_G),
    "CatBoostRegressor": value(_catboost("Regressor"), **_C),
    "CatBoostRegressor, missing values": value(_catboost("Regressor"), X=GAPS, **_C),
    "CatBoostRegressor, monotone": value(
        _catboost("Regressor", monotone_constraints=[1, 0, 0, 0]), **_C
    ),
    "LGBMRanker": Case(lambda: _Ranker(_lightgbm("Ranker")), y=CODES, **_L),
    "XGBRanker": Case(lambda: _Ranker(_xgboost("Ranker")), y=CODES, **_G),
    "XGBRanker, pairs": Case(
        lambda: _Ranker(_xgboost("Ranker", objective="rank:pairwise")), y=CODES, **_G
    ),
    "CatBoostRanker": Case(lambda: _Ranker(_catboost("Ranker"), "group_id"), y=CODES, **_C),
    "CatBoost": Case(partial(_catboost_itself, "Poisson"), y=COUNT, **_C),
    "CatBoostClassifier": two(_catboost("Classifier"), **_C),
    "CatBoostClassifier, three classes": three(_catboost("Classifier"), X=GAPS, **_C),
    "CatBoostClassifier, one against the rest": three(
        _catboost("Classifier", loss_function="MultiClassOneVsAll"), **_C
    ),
}


TRANSFORMERS = {
    "StandardScaler": columns(preprocessing.StandardScaler),
    "MinMaxScaler": columns(lambda: preprocessing.MinMaxScaler(clip=True)),
    "MaxAbsScaler": columns(preprocessing.MaxAbsScaler),
    "RobustScaler": columns(preprocessing.RobustScaler),
    "Normalizer": columns(preprocessing.Normalizer),
    "Binarizer": columns(lambda: preprocessing.Binarizer(threshold=0.3), **JUMPS),
    "PowerTransformer": columns(preprocessing.PowerTransformer, tolerance=1e-9),
    "PowerTransformer, Box-Cox": columns(
        lambda: preprocessing.PowerTransformer(method="box-cox"), X=POSITIVE, tolerance=1e-9
    ),
    "QuantileTransformer": columns(lambda: preprocessing.QuantileTransformer(n_quantiles=50)),
    "KBinsDiscretizer": columns(
        lambda: preprocessing.KBinsDiscretizer(5, quantile_method="averaged_inverted_cdf"), **JUMPS
    ),
    "KBinsDiscretizer, numbers": columns(
        lambda: preprocessing.KBinsDiscretizer(
            4, encode="ordinal", quantile_method="averaged_inverted_cdf"
        ),
        **JUMPS,
    ),
    "SplineTransformer": columns(preprocessing.SplineTransformer),
    "SplineTransformer, linear beyond": columns(
        lambda: preprocessing.SplineTransformer(
            4, degree=2, extrapolation="linear", include_bias=False
        )
    ),
    "SplineTransformer, continued": columns(
        lambda: preprocessing.SplineTransformer(
            degree=1, extrapolation="continue", knots="quantile", n_knots=3
        )
    ),
    "PolynomialFeatures": columns(lambda: preprocessing.PolynomialFeatures(3)),
    "FunctionTransformer": columns(lambda: preprocessing.FunctionTransformer(np.log1p), X=POSITIVE),
    "SimpleImputer": columns(lambda: impute.SimpleImputer(add_indicator=True), X=GAPS, **JUMPS),
    "IterativeImputer": columns(
        lambda: impute.IterativeImputer(max_iter=4, random_state=0), X=GAPS, **JUMPS
    ),
    "IterativeImputer, trees": columns(
        lambda: impute.IterativeImputer(
            tree.DecisionTreeRegressor(max_depth=3), max_iter=2, min_value=-1.0, add_indicator=True
        ),
        X=GAPS,
        **JUMPS,
    ),
    "KNNImputer": columns(impute.KNNImputer, X=GAPS[:, :3], **JUMPS),
    "KNNImputer, distance": columns(
        lambda: impute.KNNImputer(n_neighbors=3, weights="distance", add_indicator=True),
        X=GAPS[:, :3],
        **JUMPS,
    ),
    "MissingIndicator": columns(impute.MissingIndicator, X=GAPS, **JUMPS),
    "PCA": columns(lambda: decomposition.PCA(2, whiten=True)),
    "FactorAnalysis": columns(lambda: decomposition.FactorAnalysis(2, rotation="varimax")),
    "IncrementalPCA": columns(lambda: decomposition.IncrementalPCA(2)),
    "TruncatedSVD": columns(lambda: decomposition.TruncatedSVD(2, random_state=0)),
    "SelectKBest": columns(
        lambda: feature_selection.SelectKBest(feature_selection.f_regression, k=2)
    ),
    "SelectFromModel": columns(lambda: feature_selection.SelectFromModel(linear_model.Ridge())),
    "RFE": columns(lambda: feature_selection.RFE(linear_model.Ridge(), n_features_to_select=2)),
    "RFE, before others": value(
        lambda: pipeline.make_pipeline(
            feature_selection.RFE(linear_model.Ridge(), n_features_to_select=2),
            linear_model.Ridge(),
        )
    ),
    "VarianceThreshold": columns(lambda: feature_selection.VarianceThreshold(0.5)),
    "RandomTreesEmbedding": columns(
        lambda: ensemble.RandomTreesEmbedding(3, max_depth=3, random_state=0), **JUMPS
    ),
    "Nystroem": columns(
        lambda: kernel_approximation.Nystroem(n_components=30, random_state=0), tolerance=1e-9
    ),
    "KernelCenterer": columns(preprocessing.KernelCenterer, X=X @ X.T),
    "KernelPCA, rbf": columns(
        lambda: decomposition.KernelPCA(3, kernel="rbf", gamma=0.3), tolerance=1e-9
    ),
    "KernelPCA, poly": columns(lambda: decomposition.KernelPCA(3, kernel="poly"), tolerance=1e-9),
    "FastICA": columns(lambda: decomposition.FastICA(3, random_state=0)),
    "GaussianRandomProjection": columns(
        lambda: random_projection.GaussianRandomProjection(3, random_state=0)
    ),
    "SparseRandomProjection": columns(
        lambda: random_projection.SparseRandomProjection(3, random_state=0)
    ),
    "NeighborhoodComponentsAnalysis": three(
        lambda: neighbors.NeighborhoodComponentsAnalysis(2, max_iter=3, random_state=0)
    ),
    "LinearDiscriminantAnalysis, columns": three(
        discriminant_analysis.LinearDiscriminantAnalysis, method="transform"
    ),
    "TfidfTransformer": columns(
        lambda: feature_text.TfidfTransformer(sublinear_tf=True), X=COUNTS, smooth=False
    ),
    "RBFSampler": columns(lambda: kernel_approximation.RBFSampler(random_state=0)),
    "OneHotEncoder": columns(
        lambda: preprocessing.OneHotEncoder(handle_unknown="ignore"),
        X=FRAME[["colour", "size"]],
        **JUMPS,
    ),
    "OneHotEncoder, rare levels": columns(
        lambda: preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20),
        X=FRAME[["colour", "size"]],
        **JUMPS,
    ),
    "OneHotEncoder, dropped level": columns(
        lambda: preprocessing.OneHotEncoder(drop="first"), X=FRAME[["colour", "size"]], **JUMPS
    ),
    "OrdinalEncoder": columns(
        lambda: preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        X=FRAME[["colour", "size"]],
        **JUMPS,
    ),
    "OrdinalEncoder, rare levels": columns(
        lambda: preprocessing.OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=40
        ),
        X=FRAME[["colour", "size"]],
        **JUMPS,
    ),
    "TargetEncoder": columns(
        lambda: preprocessing.TargetEncoder(target_type="continuous"),
        X=FRAME[["colour", "size"]],
        **JUMPS,
    ),
}


def _mixed(last: Any) -> Any:
    numeric = pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    encoder = preprocessing.OneHotEncoder(handle_unknown="ignore")
    return pipeline.make_pipeline(
        compose.ColumnTransformer(
            [("n", numeric, list("abcd")), ("c", encoder, ["colour", "size"])]
        ),
        last,
    )


COMPOSITES = {
    "Pipeline": value(
        lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), "passthrough", svm.SVR())
    ),
    "Pipeline, clusters": value(
        lambda: pipeline.make_pipeline(
            preprocessing.StandardScaler(), cluster.KMeans(5, random_state=0), linear_model.Ridge()
        )
    ),
    "Pipeline, distances": Case(
        lambda: pipeline.make_pipeline(
            preprocessing.StandardScaler(), cluster.KMeans(5, random_state=0)
        ),
        method="transform",
    ),
    "Pipeline, neighbours": Case(
        lambda: _mixed(neighbors.KNeighborsRegressor(weights="distance")),
        X=FRAME,
        y=LEVEL_VALUE,
        smooth=False,
    ),
    "Pipeline, splines": value(
        lambda: pipeline.make_pipeline(preprocessing.SplineTransformer(), linear_model.Ridge())
    ),
    "Pipeline, landmarks": value(
        lambda: pipeline.make_pipeline(
            kernel_approximation.Nystroem(n_components=30, random_state=0), linear_model.Ridge()
        ),
        tolerance=1e-9,
    ),
    "Pipeline, random features": value(
        lambda: pipeline.make_pipeline(
            kernel_approximation.RBFSampler(random_state=0), linear_model.Ridge()
        )
    ),
    "Pipeline, polynomials": value(
        lambda: pipeline.make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge())
    ),
    "Pipeline, bins": value(
        lambda: pipeline.make_pipeline(
            preprocessing.KBinsDiscretizer(5, quantile_method="averaged_inverted_cdf"),
            linear_model.Ridge(),
        ),
        **JUMPS,
    ),
    "ColumnTransformer": Case(lambda: _mixed(linear_model.Ridge()), X=FRAME, y=LEVEL_VALUE),
    "ColumnTransformer, remainder": value(
        lambda: compose.ColumnTransformer(
            [("s", preprocessing.StandardScaler(), [2, 0])], remainder="passthrough"
        )
    ),
    "FeatureUnion": value(
        lambda: pipeline.make_union(
            decomposition.PCA(2), preprocessing.StandardScaler(), "passthrough"
        )
    ),
    "TransformedTargetRegressor": Case(
        lambda: compose.TransformedTargetRegressor(
            linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1
        ),
        y=COUNT,
    ),
    "TransformedTargetRegressor, power": value(
        lambda: compose.TransformedTargetRegressor(
            linear_model.Ridge(), transformer=preprocessing.PowerTransformer()
        ),
        tolerance=1e-9,
    ),
    "VotingRegressor": value(
        lambda: ensemble.VotingRegressor(
            [("r", linear_model.Ridge()), ("s", svm.SVR())], weights=[1, 3]
        )
    ),
    "VotingClassifier": three(
        lambda: ensemble.VotingClassifier(
            [("l", linear_model.LogisticRegression()), ("n", naive_bayes.GaussianNB())],
            voting="soft",
        )
    ),
    "StackingRegressor": value(
        lambda: ensemble.StackingRegressor(
            [("r", linear_model.Ridge()), ("s", svm.SVR())],
            linear_model.Ridge(),
            cv=2,
            passthrough=True,
        )
    ),
    "StackingClassifier": two(
        lambda: ensemble.StackingClassifier(
            [("l", linear_model.LogisticRegression()), ("s", svm.SVC())],
            linear_model.LogisticRegression(),
            cv=2,
        )
    ),
    "BaggingRegressor": value(
        lambda: ensemble.BaggingRegressor(svm.SVR(), 4, max_features=0.6, random_state=0)
    ),
    "BaggingClassifier": three(
        lambda: ensemble.BaggingClassifier(linear_model.LogisticRegression(), 4, random_state=0)
    ),
    "CalibratedClassifierCV": two(
        lambda: calibration.CalibratedClassifierCV(
            svm.LinearSVC(random_state=0), ensemble=False, cv=3
        )
    ),
    "CalibratedClassifierCV, isotonic": three(
        lambda: calibration.CalibratedClassifierCV(
            ensemble.RandomForestClassifier(5, random_state=0), method="isotonic", cv=2
        ),
        **JUMPS,
    ),
    "IsotonicRegression": Case(
        lambda: isotonic.IsotonicRegression(out_of_bounds="clip"), X=X[:, :1], y=VALUE
    ),
    "MultiOutputRegressor": Case(lambda: multioutput.MultiOutputRegressor(svm.SVR()), y=SEVERAL),
    "OneVsRestClassifier": three(
        lambda: multiclass.OneVsRestClassifier(linear_model.LogisticRegression())
    ),
    "RandomizedSearchCV": value(
        lambda: model_selection.RandomizedSearchCV(
            linear_model.Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=2, random_state=0
        )
    ),
    "GridSearchCV": value(lambda: model_selection.GridSearchCV(svm.SVR(), {"C": [0.1, 1.0]}, cv=2)),
}
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
        lambda: _SIGMOID(_lightgbm("Classifier", n_estimators=5)()), **JUMPS
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
_WORDS = np.array(
    [
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "Hello",
        "WORLD",
        "été",
        "Ünder",
        "naïve",
        "data",
        "science",
        "new",
        "york",
        "x1",
        "under_score",
        "it's",
        "don't",
    ],
    dtype=object,
)
_SENTENCES = np.random.default_rng(2)
_LENGTHS, _ENDS = _SENTENCES.integers(0, 12, N), _SENTENCES.choice([".", "\n", ""], N)
TEXTS = [
    " ".join(_SENTENCES.choice(_WORDS, k)) + end for k, end in zip(_LENGTHS, _ENDS, strict=True)
]
TABLE = FRAME.assign(text=TEXTS)


def _with_text(text: Any, last: Any) -> Any:
    parts = [
        ("t", text, "text"),
        ("n", preprocessing.StandardScaler(), ["a", "b"]),
        ("c", preprocessing.OneHotEncoder(), ["colour"]),
    ]
    return pipeline.make_pipeline(
        compose.ColumnTransformer(parts, transformer_weights={"t": 0.5}), last
    )


DOCUMENTS = {
    "CountVectorizer": Case(feature_text.CountVectorizer, X=TEXTS),
    "CountVectorizer, pairs of words": Case(
        lambda: feature_text.CountVectorizer(ngram_range=(1, 2), binary=True), X=TEXTS
    ),
    "CountVectorizer, short words": Case(
        lambda: feature_text.CountVectorizer(token_pattern=r"\w+", lowercase=False), X=TEXTS
    ),
    "CountVectorizer, given terms": Case(
        lambda: feature_text.CountVectorizer(
            vocabulary=["mat", "Mat", "new york", "the"], stop_words=["the"]
        ),
        X=TEXTS,
    ),
    "TfidfVectorizer": Case(feature_text.TfidfVectorizer, X=TEXTS),
    "TfidfVectorizer, logarithms": Case(
        lambda: feature_text.TfidfVectorizer(sublinear_tf=True, norm="l1", stop_words="english"),
        X=TEXTS,
    ),
    "TfidfVectorizer, characters": Case(
        lambda: feature_text.TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), X=TEXTS
    ),
    "TfidfVectorizer, within words": Case(
        lambda: feature_text.TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5)), X=TEXTS
    ),
    "TfidfVectorizer, without accents": Case(
        lambda: feature_text.TfidfVectorizer(strip_accents="unicode"), X=TEXTS
    ),
    "TfidfVectorizer, ASCII": Case(
        lambda: feature_text.TfidfVectorizer(strip_accents="ascii", lowercase=False), X=TEXTS
    ),
    "TfidfVectorizer, stop words": Case(
        lambda: feature_text.TfidfVectorizer(stop_words=["the", "a", "on"], ngram_range=(1, 3)),
        X=TEXTS,
    ),
    "Pipeline, documents": Case(
        lambda: pipeline.make_pipeline(
            feature_text.CountVectorizer(),
            feature_text.TfidfTransformer(),
            naive_bayes.MultinomialNB(),
        ),
        X=TEXTS,
        y=THREE,
    ),
    "Pipeline, two readers": Case(
        lambda: pipeline.make_pipeline(
            pipeline.make_union(
                feature_text.CountVectorizer(), feature_text.TfidfVectorizer(ngram_range=(2, 2))
            ),
            linear_model.Ridge(),
        ),
        X=np.array(TEXTS, dtype=object),
        y=VALUE,
    ),
    "Pipeline, documents and numbers": Case(
        lambda: _with_text(feature_text.TfidfVectorizer(), linear_model.LogisticRegression()),
        X=TABLE,
        y=THREE,
    ),
}
CASES: dict[str, Case] = {
    **LINEAR,
    **DENSITIES,
    **NEIGHBOURS,
    **KERNELS,
    **PROCESSES,
    **PERCEPTRONS,
    **TREES,
    **BOOSTING,
    **TRANSFORMERS,
    **COMPOSITES,
    **MULTIPLE,
}


def support_table() -> str:
    """The table of docs/mimic.md: each class with what its cases cover, and what its network
    computes.
    """
    from motifnet.transfer.fitted import method_of

    covered: dict[str, list[str]] = {}
    cases = {**CASES, **DOCUMENTS}
    for name in cases:
        kind, _, what = name.partition(", ")
        covered.setdefault(kind, []).extend([what] if what else [])
    lines = ["| class | library | network of | also tested with |", "| --- | --- | --- | --- |"]
    for kind, traits in covered.items():
        case = next(name for name in cases if name.partition(", ")[0] == kind)
        methods = [
            f"`{method_of(fitted(case))}`",
            *sorted(
                {
                    f"`{c.method}`"
                    for name, c in CASES.items()
                    if name.partition(", ")[0] == kind and c.method
                }
            ),
        ]
        lines.append(
            f"| {kind} | {cases[case].library} | {', '.join(methods)} | {'; '.join(traits)} |"
        )
    return "\n".join(lines) + "\n"
