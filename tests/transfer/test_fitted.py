"""The contract of `mimic`: one suite over every fitted estimator of tests/shared/fitted_cases.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import (
    cluster,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_selection,
    gaussian_process,
    impute,
    kernel_ridge,
    linear_model,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    pipeline,
    preprocessing,
    svm,
)
from sklearn.base import clone

from motifnet import mimic
from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Motif
from motifnet.transfer import transfer
from motifnet.transfer.fitted import TRANSFERS, coded, network_for, outputs_of
from motifnet.transfer.fitted._registry import INSTEAD
from tests.shared.fitted_cases import CASES, fitted, onnx_values, raw_feeds, support_table
from tests.shared.fitted_rows import FRAME, LEVEL_VALUE, THREE, TWO, VALUE, X
from tests.shared.unseen_rows import unseen_rows

# what the libraries say of their own settings and of so small a table
pytestmark = pytest.mark.filterwarnings("ignore")
each = pytest.mark.parametrize("name", CASES)
NUMERIC = [name for name, case in CASES.items() if not isinstance(case.X, pd.DataFrame)]


def network(name: str) -> Motif:
    method = CASES[name].method
    return transfer(fitted(name)) if method is None else network_for(fitted(name), method)


def differences(name: str, rows: Any) -> Matrix:
    expected = outputs_of(fitted(name), rows, CASES[name].method)
    got = network(name)(torch.as_tensor(coded(rows))).detach().numpy()
    assert got.shape == expected.shape
    return np.abs(got - expected) / np.maximum(
        expected.std(0).max() or 1.0, np.abs(expected) * 1e-3
    )


@each
def test_network_is_the_estimator(name: str) -> None:
    assert differences(name, CASES[name].rows()).max() <= CASES[name].tolerance
    assert differences(name, unseen_rows(name)).max() <= CASES[name].tolerance


@pytest.mark.parametrize("name", [name for name in NUMERIC if CASES[name].smooth])
def test_gradient_is_that_of_the_estimator(name: str) -> None:
    """Against central differences, at points that are no kink."""
    rows, h = np.asarray(CASES[name].rows())[:20] + 0.0137, 1e-5
    x = torch.tensor(rows, requires_grad=True)
    got = torch.autograd.grad(network(name)(x).sum(), x)[0].numpy()
    sides = [
        [outputs_of(fitted(name), rows + s * h * e, CASES[name].method).sum(1) for s in (1, -1)]
        for e in np.eye(rows.shape[1])
    ]
    expected = np.column_stack([(above - below) / (2 * h) for above, below in sides])
    np.testing.assert_allclose(got, expected, atol=1e-5 * (1 + np.abs(expected).max()))


@each
def test_onnx_is_the_network(name: str, tmp_path: Path) -> None:
    rows = CASES[name].rows()
    network = mimic(fitted(name), rows, method=CASES[name].method)
    assert network.to_onnx(tmp_path / "net.onnx", X=rows).max_difference <= 1e-10
    assert network.to_onnx(tmp_path / "net32.onnx", X=rows, dtype="float32").max_difference <= 3e-4
    assert network.certificate is not None


def test_raw_columns_of_a_pipeline_in_onnx(tmp_path: Path) -> None:
    model = fitted("ColumnTransformer")
    network = mimic(model, FRAME)
    network.to_onnx(tmp_path / "net.onnx")
    rows = FRAME.head(20).assign(colour=["violet", *FRAME["colour"].head(19)])
    np.testing.assert_allclose(
        onnx_values(tmp_path / "net.onnx", raw_feeds(rows))[:, 0], model.predict(rows), atol=1e-10
    )
    np.testing.assert_allclose(network(rows)[:, 0], model.predict(rows), atol=1e-10)


@pytest.mark.parametrize(
    "kernel", [name for name in CASES if name.startswith("GaussianProcessRegressor")]
)
def test_standard_deviation_of_a_gaussian_process(kernel: str) -> None:
    """Variances are compared: at its own rows they are small differences of large numbers."""
    model = fitted(kernel)
    mean, deviation = model.predict(X[:50] + 0.3, return_std=True)
    got = mimic(model, X, return_std=True)(X[:50] + 0.3)
    np.testing.assert_allclose(got[:, 0], mean, atol=1e-10 * np.std(VALUE))
    np.testing.assert_allclose(got[:, 1] ** 2, deviation**2, atol=1e-10 * np.var(VALUE))


def test_support_table_names_are_those_of_the_cases() -> None:
    """Every case has a transfer, and there are at least 45 of them by name."""
    names = {name.split(",")[0] for name in CASES}
    assert len(names & set(TRANSFERS)) >= 45


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (kernel_ridge.KernelRidge(kernel=lambda a, b: a @ b), "of your own"),
        (svm.SVR(kernel=lambda a, b: a @ b.T), "of your own"),
        (
            gaussian_process.GaussianProcessRegressor(
                gaussian_process.kernels.Matern(nu=1.2), optimizer=None
            ),
            "0.5, 1.5, 2.5",
        ),
        (dummy.DummyClassifier(strategy="stratified"), "at random"),
        (
            ensemble.VotingClassifier(
                [("t", model_selection.FixedThresholdClassifier(linear_model.LogisticRegression()))]
            ),
            "follow its own threshold",
        ),
        (
            preprocessing.QuantileTransformer(n_quantiles=10, output_distribution="normal"),
            "uniform",
        ),
        (
            pipeline.make_pipeline(
                preprocessing.FunctionTransformer(lambda x: x + 1), linear_model.Ridge()
            ),
            "numpy's",
        ),
        (preprocessing.SplineTransformer(extrapolation="periodic"), "continue"),
        (
            neighbors.KNeighborsRegressor(weights=lambda d: 1 / (1 + d)),
            "weights='uniform' or 'distance'",
        ),
        (neighbors.KNeighborsRegressor(metric="canberra"), "metric='canberra'.*minkowski"),
        (impute.KNNImputer(weights=lambda d: d), "weights='uniform' or 'distance'"),
        (
            pipeline.make_pipeline(
                ensemble.VotingClassifier([("n", naive_bayes.GaussianNB())]),
                linear_model.LogisticRegression(),
            ),
            "for its `transform`",
        ),
    ],
    ids=lambda e: type(e).__name__ if not isinstance(e, str) else None,
)
def test_what_has_no_transfer_says_what_has(model: Any, words: str) -> None:
    y = (
        (VALUE > 0)
        if isinstance(model, ensemble.VotingClassifier)
        else THREE
        if hasattr(model, "predict_proba") or hasattr(model, "loss")
        else VALUE
    )
    with pytest.raises(UsageError, match=words):
        transfer(model.fit(X, y))


def test_levels_of_a_column_are_numbers_of_their_own() -> None:
    model = pipeline.make_pipeline(preprocessing.OrdinalEncoder(), linear_model.Ridge()).fit(
        FRAME, LEVEL_VALUE
    )
    network = mimic(model)
    assert network.encode(FRAME).dtype == np.float64
    np.testing.assert_allclose(network(FRAME)[:, 0], model.predict(FRAME), atol=1e-10)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (neighbors.RadiusNeighborsRegressor(), "nearest is KNeighborsRegressor"),
        (
            multiclass.OutputCodeClassifier(linear_model.LogisticRegression(), random_state=0),
            "OneVsRestClassifier",
        ),
        (neighbors.NearestCentroid(), "mimic\\(fitted.predict, X\\)"),
    ],
    ids=lambda e: type(e).__name__ if not isinstance(e, str) else None,
)
def test_classes_without_a_transfer_say_what_comes_nearest(model: Any, words: str) -> None:
    y = VALUE if isinstance(model, neighbors.RadiusNeighborsRegressor) else THREE
    with pytest.raises(
        UsageError, match=f"no transfer to a network for {type(model).__name__}.*{words}"
    ):
        transfer(model.fit(X, y))


def test_advice_is_true() -> None:
    """What is named as the nearest has a transfer, and a class without any is not said to have one
    of its `predict`.
    """
    names = set(re.findall(r"[A-Z]\w+", " ".join(INSTEAD.values()))) - {"Nearest"}
    assert names <= {name.partition(", ")[0] for name in CASES} | set(TRANSFERS)
    assert not set(INSTEAD) & set(TRANSFERS)
    model = pipeline.make_pipeline(cluster.Birch(n_clusters=2), linear_model.Ridge()).fit(X, VALUE)
    with pytest.raises(UsageError, match="no transfer to a network for Birch"):
        transfer(model)


@pytest.mark.parametrize("kind", [cluster.KMeans, cluster.MiniBatchKMeans])
def test_clusters_of_float32_rows_are_asked_in_float32(kind: Any) -> None:
    rows = X.astype(np.float32)
    model = kind(3, random_state=0, n_init=1).fit(rows)
    assert np.array_equal(mimic(model, rows)(rows)[:, 0], model.predict(rows))


def test_methods_beside_the_first_are_had_by_name() -> None:
    model = cluster.KMeans(3, random_state=0).fit(X)
    np.testing.assert_allclose(
        mimic(model, X, method="transform")(X), model.transform(X), atol=1e-12
    )
    with pytest.raises(
        UsageError,
        match=r"method='score_samples' is not there for "
        r"KMeans.*'predict', 'transform'",
    ):
        mimic(model, X, method="score_samples")


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    "model",
    [
        linear_model.LogisticRegression(),
        discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
        svm.SVC(),
        ensemble.HistGradientBoostingClassifier(max_iter=3),
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        feature_selection.RFE(linear_model.LogisticRegression()),
        model_selection.GridSearchCV(linear_model.LogisticRegression(), {"C": [1.0]}, cv=2),
        ensemble.StackingClassifier(
            [("l", linear_model.LogisticRegression()), ("s", svm.SVC())], cv=2
        ),
        ensemble.BaggingClassifier(linear_model.LogisticRegression(), 2, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_decision_values_beside_probabilities(model: Any, y: Any) -> None:
    model = clone(model).fit(X, y)
    expected = model.decision_function(X).reshape(len(X), -1)
    np.testing.assert_allclose(mimic(model, X, method="decision_function")(X), expected, atol=1e-10)


def test_what_is_not_fitted_or_not_a_model_is_refused() -> None:
    with pytest.raises(Exception, match="not fitted"):
        transfer(linear_model.Ridge())
    with pytest.raises(UsageError, match="no transfer to a network for dict"):
        transfer({})


def test_the_docs_list_what_is_supported() -> None:
    """docs/mimic.md ends with the table that is made from the cases."""
    text = (Path(__file__).parents[2] / "docs" / "mimic.md").read_text()
    assert support_table() in text, "copy fitted_cases.support_table() into docs/mimic.md"
