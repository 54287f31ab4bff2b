"""Fitted transformers, pipelines and estimators made of estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_selection,
    impute,
    isotonic,
    kernel_approximation,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    pipeline,
    preprocessing,
    random_projection,
    svm,
    tree,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import text as feature_text

from tests.shared.fitted_rows import (
    COUNT,
    COUNTS,
    FRAME,
    GAPS,
    LEVEL_VALUE,
    POSITIVE,
    SEVERAL,
    VALUE,
    Case,
    X,
    columns,
    three,
    two,
    value,
)
from tests.shared.fitted_trees import JUMPS

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
