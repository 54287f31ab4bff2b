"""Methods on curves: ours, those of scikit-fda and aeon, and of tables. Each chooses its settings by
cross-validation on training curves, where it has any.

A method is a function of training curves, targets, new curves, the grid and a seed, and gives
predictions of the new curves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from motifnet.engine import Matrix

Predictor = Callable[[Matrix, Any, Matrix, Matrix, int], Any]
COMPONENTS = tuple(range(1, 16))
NEIGHBOURS = (1, 3, 5, 9, 15)
NETWORK = "functional network"


def network(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int, **settings: Any) -> Any:
    from motifnet.functional import FunctionalMotifRegressor

    model = FunctionalMotifRegressor(grid=grid, n_jobs=1, random_state=seed, **settings)
    return model.fit(X, y).predict(new)


def balanced(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    return network(X, y, new, grid, seed, preset="balanced")


def teacher(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    """The kernel ridge regression that the network starts from."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF

    from motifnet.functional import read_curves
    from motifnet.further.functional._front_choice import FrontSettings, choose_front

    targets = (y - y.mean())[:, None] / y.std()
    choice = choose_front(read_curves(X, grid), targets, FrontSettings(), seed)
    process = GaussianProcessRegressor(
        RBF(choice.length_scale), alpha=choice.ridge, optimizer=None, normalize_y=True
    )
    return process.fit(choice.layer(X), y).predict(choice.layer(new))


def columns(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from motifnet import MotifRegressor

    return MotifRegressor(preset="fast", n_jobs=1, random_state=seed).fit(X, y).predict(new)


def linear(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from motifnet.functional import FunctionalLinearRegressor

    return FunctionalLinearRegressor("aic", grid=grid).fit(X, y).predict(new)


def kernel_ridge(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    """Gaussian kernel, its width and ridge by exact leave-one-out errors, as those of our teacher."""
    from sklearn.kernel_ridge import KernelRidge

    from motifnet.further.functional._front_choice import tuned

    rest = y - y.mean()
    _, length_scale, ridge = tuned(X, rest[:, None])
    model = KernelRidge(kernel="rbf", gamma=0.5 / length_scale**2, alpha=ridge)
    return y.mean() + model.fit(X, rest).predict(new)


def pls(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from sklearn.cross_decomposition import PLSRegression

    most = {"n_components": COMPONENTS}
    return np.ravel(_searched(PLSRegression(scale=False), most, X, y, new, seed))


def fda_pca(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from skfda.ml.regression import FPCARegression

    most = {"n_components": COMPONENTS}
    return np.ravel(_searched(FPCARegression(), most, X, y, new, seed, grid))


def fda_linear(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    """Functional linear regression on B-splines."""
    from skfda.ml.regression import LinearRegression
    from skfda.representation.basis import BSplineBasis
    from sklearn.model_selection import cross_val_score

    def on_basis(values: Matrix, size: int) -> Any:
        basis = BSplineBasis(domain_range=(grid[0], grid[-1]), n_basis=size)
        return _curves(values, grid).to_basis(basis)

    def error(size: int) -> float:
        scoring = "neg_mean_squared_error"
        folds = _folds(y, seed)
        return -cross_val_score(
            LinearRegression(), on_basis(X, size), y, cv=folds, scoring=scoring
        ).mean()

    best = min((4, 6, 8, 10, 13), key=error)
    return np.ravel(LinearRegression().fit(on_basis(X, best), y).predict(on_basis(new, best)))


def network_classes(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from motifnet.functional import FunctionalMotifClassifier

    return FunctionalMotifClassifier(grid=grid, n_jobs=1, random_state=seed).fit(X, y).predict(new)


def balanced_classes(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from motifnet.functional import FunctionalMotifClassifier

    model = FunctionalMotifClassifier("balanced", grid=grid, n_jobs=1, random_state=seed)
    return model.fit(X, y).predict(new)


def columns_classes(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from motifnet import MotifClassifier

    return MotifClassifier(preset="fast", n_jobs=1, random_state=seed).fit(X, y).predict(new)


def support_vectors(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from motifnet.functional import FunctionalClassifier

    return FunctionalClassifier(grid=grid, random_state=seed).fit(X, y).predict(new)


def fda_neighbours(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from skfda.ml.classification import KNeighborsClassifier

    most = {"n_neighbors": NEIGHBOURS}
    return _searched(KNeighborsClassifier(), most, X, y, new, seed, grid)


def fda_centroid(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from skfda.ml.classification import NearestCentroid

    return NearestCentroid().fit(_curves(X, grid), y).predict(_curves(new, grid))


def fda_quadratic(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    """QDA with a Gaussian covariance that is fitted to each class, its ridge as in the manual."""
    from skfda.exploratory.stats.covariance import ParametricGaussianCovariance
    from skfda.misc.covariances import Gaussian
    from skfda.ml.classification import QuadraticDiscriminantAnalysis

    model = QuadraticDiscriminantAnalysis(
        ParametricGaussianCovariance(Gaussian(variance=6, length_scale=1)), regularizer=0.05
    )
    return model.fit(_curves(X, grid), y).predict(_curves(new, grid))


def mini_rocket(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from aeon.classification.convolution_based import MiniRocketClassifier

    return (
        MiniRocketClassifier(random_state=seed, n_jobs=1).fit(X[:, None], y).predict(new[:, None])
    )


def rocket(X: Matrix, y: Any, new: Matrix, grid: Matrix, seed: int) -> Any:
    from aeon.classification.convolution_based import RocketClassifier

    model = RocketClassifier(n_kernels=2_000, random_state=seed, n_jobs=1)
    return model.fit(X[:, None], y).predict(new[:, None])


REGRESSION: dict[str, Predictor] = {
    NETWORK: network,
    f"{NETWORK}, balanced": balanced,
    "its teacher alone": teacher,
    "MotifRegressor on raw columns": columns,
    "functional linear, AIC": linear,
    "kernel ridge on raw curves": kernel_ridge,
    "PLS": pls,
    "scikit-fda: FPCA regression": fda_pca,
    "scikit-fda: linear, B-splines": fda_linear,
}
CLASSES: dict[str, Predictor] = {
    NETWORK: network_classes,
    f"{NETWORK}, balanced": balanced_classes,
    "MotifClassifier on raw columns": columns_classes,
    "FunctionalClassifier": support_vectors,
    "scikit-fda: kNN": fda_neighbours,
    "scikit-fda: nearest centroid": fda_centroid,
    "scikit-fda: QDA": fda_quadratic,
    "aeon: MiniRocket": mini_rocket,
    "aeon: Rocket, 2,000 kernels": rocket,
}


def _curves(values: Matrix, grid: Matrix) -> Any:
    import skfda

    return skfda.FDataGrid(values, grid)


def _folds(y: Any, seed: int) -> Any:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if np.asarray(y).dtype.kind == "f" else StratifiedKFold
    return kind(5, shuffle=True, random_state=seed)


def _searched(
    model: Any,
    settings: dict[str, Any],
    X: Matrix,
    y: Any,
    new: Matrix,
    seed: int,
    grid: Matrix | None = None,
) -> Any:
    """Predictions after a grid search by five folds; of curves of scikit-fda where `grid` is."""
    from sklearn.model_selection import GridSearchCV

    regression = np.asarray(y).dtype.kind == "f"
    scoring = "neg_mean_squared_error" if regression else "accuracy"
    rows, fresh = (X, new) if grid is None else (_curves(X, grid), _curves(new, grid))
    search = GridSearchCV(model, settings, cv=_folds(y, seed), scoring=scoring)
    return search.fit(rows, y).predict(fresh)
