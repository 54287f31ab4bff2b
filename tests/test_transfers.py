"""The contract of transfers: the network computes what the fitted model predicts. A new transfer is one row of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest
import torch
from sklearn import ensemble, linear_model, svm, tree
from sklearn.base import clone, is_classifier
from sklearn.kernel_ridge import KernelRidge as SklearnKernelRidge

from motifnet.engine import UsageError
from motifnet.mimicry import transfer
from motifnet.motifs import Motif, TreeEnsemble
from motifnet.tables import Matrix, Sample, make_folds
from motifnet.teachers import TEACHERS, FittedTeacher

RNG = np.random.default_rng(0)
N, D = 240, 4
X = np.clip(RNG.normal(size=(N, D)), -8, 8)
X[:, 3] = RNG.integers(0, 2, N)
Y = np.column_stack([np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 3], np.abs(X[:, 2])]) + 0.1 * RNG.normal(size=(N, 2))
Y = (Y - Y.mean(0)) / Y.std(0)
TEST = RNG.normal(size=(300, D))
DIRECTIONS = RNG.normal(size=(100, D))
FAR = 10 * DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
PLACES = {"train": X, "test": TEST, "far": FAR}


def sample(kind: str) -> Sample:
    """Rows for one target, two targets, two or three classes."""
    numeric = np.arange(D) < 3
    if kind in ("one", "two targets"):
        return replace(Sample.plain(X, Y[:, : 1 if kind == "one" else 2]), numeric=numeric)
    labels = np.digitize(Y[:, 0], [0.0] if kind == "two classes" else [-0.5, 0.5]).astype(np.int64)
    y = 2.0 * labels.astype(np.float64)[:, None] - 1.0 if kind == "two classes" else np.eye(3)[labels]
    return replace(Sample.plain(X, y), numeric=numeric, labels=labels, folds=make_folds(N, 4, 0, labels=labels))


_fitted: dict[tuple[str, str], FittedTeacher] = {}


def teacher(name: str, kind: str) -> FittedTeacher:
    if (name, kind) not in _fitted:
        _fitted[name, kind] = TEACHERS[name]().fit(sample(kind))
    return _fitted[name, kind]


def value(network: Motif, at: Matrix, dtype: torch.dtype) -> Matrix:
    with torch.no_grad():
        return network.to(dtype)(torch.as_tensor(at).to(dtype)).double().numpy()


def decided(network: Motif, at: Matrix) -> np.ndarray:
    """Rows that are farther than one float32 rounding from all thresholds of the network's trees."""
    clear = np.ones(len(at), dtype=bool)
    for part in network.modules():
        if isinstance(part, TreeEnsemble):
            inner = part.left != torch.arange(len(part.left))
            feature, threshold = part.feature[inner].numpy(), part.threshold[inner].double().numpy()
            for j in np.unique(feature):
                t = np.sort(threshold[feature == j])
                nearest = np.abs(at[:, j, None] - t).min(1)
                clear &= nearest > np.spacing(np.abs(at[:, j]).astype(np.float32))
    return clear


def check_parity(network: Motif, predict: Callable[[Matrix], Matrix], sd: Matrix, at: Matrix) -> None:
    expected = predict(at)
    double = value(network, at, torch.float64)
    assert double.shape == expected.shape
    assert (np.abs(double - expected) / sd).max() <= 1e-10
    clear = decided(network, at)
    assert clear.mean() > 0.95
    assert (np.abs(value(network, at, torch.float32) - expected) / sd)[clear].max() <= 3e-4


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["one", "two targets", "two classes", "three classes"])
@pytest.mark.parametrize("name", TEACHERS)
def test_network_is_its_teacher(name: str, kind: str, place: str) -> None:
    fitted = teacher(name, kind)
    check_parity(transfer(fitted), fitted.predict, sample(kind).y.std(0), PLACES[place])


@pytest.mark.parametrize("kind", ["one", "three classes"])
@pytest.mark.parametrize("name", TEACHERS)
def test_gradient_is_that_of_the_teacher(name: str, kind: str) -> None:
    """Against central differences of the teacher; the points have no kink or jump within the step."""
    fitted, h = teacher(name, kind), 1e-6
    x = torch.tensor(TEST[:40], requires_grad=True)
    out = transfer(fitted)(x).sum()
    got = torch.autograd.grad(out, x, allow_unused=True)[0]
    steps = h * np.eye(D)
    expected = np.column_stack([(fitted.predict(TEST[:40] + s) - fitted.predict(TEST[:40] - s)).sum(1) / (2 * h) for s in steps])
    np.testing.assert_allclose(np.zeros_like(expected) if got is None else got.numpy(), expected, atol=1e-5 * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("name", TEACHERS)
def test_networks_are_rebuilt_from_their_arguments_and_labelled(name: str) -> None:
    network = transfer(teacher(name, "one"))
    again = type(network)(**network.arguments())
    np.testing.assert_array_equal(value(again, TEST, torch.float64), value(network, TEST, torch.float64))
    assert any(getattr(part, "label", "") for part in network.modules())


def test_tree_values_learn_and_thresholds_stay() -> None:
    network = transfer(teacher("trees", "one"))
    network(torch.as_tensor(X)).square().sum().backward()
    (parameter,) = network.parameters()
    assert parameter.grad is not None and parameter.grad.abs().sum() > 0


REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.Ridge(),
    linear_model.Lasso(0.01),
    linear_model.ElasticNet(0.01),
    svm.SVR(),
    svm.SVR(kernel="linear"),
    svm.NuSVR(C=50),
    SklearnKernelRidge(kernel="rbf"),
    SklearnKernelRidge(kernel="rbf", alpha=1e-4, gamma=0.1),
    SklearnKernelRidge(kernel="laplacian", gamma=0.3),
    SklearnKernelRidge(),
    tree.DecisionTreeRegressor(random_state=0),
    ensemble.RandomForestRegressor(10, random_state=0),
    ensemble.ExtraTreesRegressor(10, random_state=0),
    ensemble.GradientBoostingRegressor(n_estimators=30),
    ensemble.GradientBoostingRegressor(n_estimators=10, init="zero", loss="huber"),
    ensemble.HistGradientBoostingRegressor(max_iter=30),
    lightgbm.LGBMRegressor(n_estimators=30, verbose=-1, n_jobs=1),
]
CLASSIFIERS = [
    linear_model.LogisticRegression(),
    tree.DecisionTreeClassifier(min_samples_leaf=4, random_state=0),
    ensemble.RandomForestClassifier(10, random_state=0),
    ensemble.ExtraTreesClassifier(10, random_state=0),
    ensemble.GradientBoostingClassifier(n_estimators=10),
    ensemble.HistGradientBoostingClassifier(max_iter=10),
    lightgbm.LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1),
]
SEVERAL = [
    m for m in REGRESSORS if isinstance(m, linear_model.LinearRegression | linear_model.Ridge | SklearnKernelRidge | tree.DecisionTreeRegressor)
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)
def test_regressors(estimator: Any, place: str) -> None:
    model = clone(estimator).fit(X, Y[:, 0])
    check_parity(transfer(model), lambda at: model.predict(at).reshape(len(at), -1), np.ones(1), PLACES[place])


@pytest.mark.parametrize("estimator", [*SEVERAL, ensemble.RandomForestRegressor(5, random_state=0)], ids=lambda e: type(e).__name__)
def test_regressors_of_several_targets(estimator: Any) -> None:
    model = clone(estimator).fit(X, Y)
    check_parity(transfer(model), model.predict, np.ones(2), TEST)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_classifiers(estimator: Any, classes: int, place: str) -> None:
    assert is_classifier(estimator)
    model = clone(estimator).fit(X, np.array(["a", "b", "c"])[np.digitize(Y[:, 0], [0.0] if classes == 2 else [-0.5, 0.5])])
    check_parity(transfer(model), model.predict_proba, np.ones(1), PLACES[place])


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ensemble.AdaBoostRegressor(n_estimators=2), "RandomForestRegressor"),
        (svm.SVR(kernel="poly"), "'rbf'"),
        (ensemble.HistGradientBoostingRegressor(max_iter=2, loss="poisson"), "poisson"),
        (ensemble.GradientBoostingRegressor(n_estimators=2, init=linear_model.Ridge()), "init=None"),
        (lightgbm.LGBMRegressor(n_estimators=2, objective="poisson", verbose=-1, n_jobs=1), "poisson"),
        (ensemble.GradientBoostingClassifier(n_estimators=2, loss="exponential"), "exponential"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_has_no_transfer_is_refused(model: Any, words: str) -> None:
    y = np.abs(Y[:, 0])
    with pytest.raises(UsageError, match=words):
        transfer(model.fit(X, y > 1 if is_classifier(model) else y))


def test_what_is_not_fitted_or_not_a_model_is_refused() -> None:
    with pytest.raises(Exception, match="not fitted"):
        transfer(linear_model.Ridge())
    with pytest.raises(UsageError, match="no transfer to a network for dict"):
        transfer({})
