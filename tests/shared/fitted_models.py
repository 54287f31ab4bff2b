"""Fitted estimators that are one formula: linear, kernels, neighbours, densities, perceptrons."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from sklearn import (
    cluster,
    cross_decomposition,
    discriminant_analysis,
    gaussian_process,
    kernel_ridge,
    linear_model,
    mixture,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.gaussian_process import kernels as gp

from tests.shared.fitted_rows import (
    COUNT,
    COUNTS,
    GRID,
    POSITIVE,
    SEVERAL,
    THREE,
    TWO,
    Case,
    three,
    two,
    value,
)

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
