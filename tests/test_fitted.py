"""The contract of `mimic`: one suite over every fitted estimator of tests/fitted_cases.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import (
    calibration,
    discriminant_analysis,
    dummy,
    ensemble,
    gaussian_process,
    kernel_ridge,
    linear_model,
    model_selection,
    neighbors,
    pipeline,
    preprocessing,
    svm,
)

from fitted_cases import CASES, FRAME, LEVEL_VALUE, THREE, VALUE, X, fitted, support_table
from motifnet import mimic
from motifnet.engine import UsageError
from motifnet.mimicry import transfer
from motifnet.mimicry.fitted import TRANSFERS, coded, outputs_of
from motifnet.tables import Matrix

pytestmark = pytest.mark.filterwarnings("ignore")  # what the libraries say of their own settings and of so small a table
each = pytest.mark.parametrize("name", CASES)
NUMERIC = [name for name, case in CASES.items() if not isinstance(case.X, pd.DataFrame)]


def unseen_rows(name: str) -> Any:
    """Rows that the fit has not seen: far from its own as well, where it takes any number; of levels its own in a new order."""
    rows, rng = CASES[name].rows(), np.random.default_rng(1)
    if isinstance(rows, pd.DataFrame):
        mixed = pd.DataFrame({c: rows[c].sample(len(rows), replace=True, random_state=j).to_numpy() for j, c in enumerate(rows)})
        return mixed.astype(rows.dtypes.to_dict())
    moved = rows[rng.integers(0, len(rows), 120)] * rng.uniform(0.5, 1.5, (120, rows.shape[1]))
    return moved if np.nanmin(rows) > 0 else np.vstack([moved, 10 * moved])


def differences(name: str, rows: Any) -> Matrix:
    expected = outputs_of(fitted(name), rows)
    got = transfer(fitted(name))(torch.as_tensor(coded(rows))).detach().numpy()
    assert got.shape == expected.shape
    return np.abs(got - expected) / np.maximum(expected.std(0).max() or 1.0, np.abs(expected) * 1e-3)


@each
def test_network_is_the_estimator(name: str) -> None:
    assert differences(name, CASES[name].rows()).max() <= CASES[name].tolerance
    assert differences(name, unseen_rows(name)).max() <= CASES[name].tolerance


@pytest.mark.parametrize("name", [name for name in NUMERIC if CASES[name].smooth])
def test_gradient_is_that_of_the_estimator(name: str) -> None:
    """Against central differences, at points that are no kink."""
    rows, h = np.asarray(CASES[name].rows())[:20] + 0.0137, 1e-5
    x = torch.tensor(rows, requires_grad=True)
    got = torch.autograd.grad(transfer(fitted(name))(x).sum(), x)[0].numpy()
    sides = [[outputs_of(fitted(name), rows + s * h * e).sum(1) for s in (1, -1)] for e in np.eye(rows.shape[1])]
    expected = np.column_stack([(above - below) / (2 * h) for above, below in sides])
    np.testing.assert_allclose(got, expected, atol=1e-5 * (1 + np.abs(expected).max()))


@each
def test_onnx_is_the_network(name: str, tmp_path: Path) -> None:
    rows = CASES[name].rows()
    network = mimic(fitted(name), rows)
    assert network.to_onnx(tmp_path / "net.onnx", X=rows).max_difference <= 1e-10
    assert network.to_onnx(tmp_path / "net32.onnx", X=rows, dtype="float32").max_difference <= 3e-4
    assert network.certificate is not None


def test_raw_columns_of_a_pipeline_in_onnx(tmp_path: Path) -> None:
    import onnxruntime

    model = fitted("ColumnTransformer")
    network = mimic(model, FRAME)
    network.to_onnx(tmp_path / "net.onnx")
    rows = FRAME.head(20).assign(colour=["violet", *FRAME["colour"].head(19)])
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    feeds = {c: rows[[c]].to_numpy(object if c in ("colour", "size") else float) for c in rows}
    np.testing.assert_allclose(session.run(None, feeds)[0][:, 0], model.predict(rows), atol=1e-10)
    np.testing.assert_allclose(network(rows)[:, 0], model.predict(rows), atol=1e-10)


@pytest.mark.parametrize("kernel", [name for name in CASES if name.startswith("GaussianProcessRegressor")])
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
        (gaussian_process.GaussianProcessRegressor(gaussian_process.kernels.Matern(nu=1.2), optimizer=None), "0.5, 1.5, 2.5"),
        (dummy.DummyClassifier(strategy="stratified"), "at random"),
        (calibration.CalibratedClassifierCV(discriminant_analysis.QuadraticDiscriminantAnalysis(), cv=2), "no transfer"),
        (
            ensemble.VotingClassifier([("t", model_selection.FixedThresholdClassifier(linear_model.LogisticRegression()))]),
            "threshold of its own",
        ),
        (preprocessing.QuantileTransformer(n_quantiles=10, output_distribution="normal"), "uniform"),
        (pipeline.make_pipeline(preprocessing.FunctionTransformer(lambda x: x + 1), linear_model.Ridge()), "numpy's"),
        (preprocessing.SplineTransformer(extrapolation="periodic"), "continue"),
        (pipeline.make_pipeline(discriminant_analysis.LinearDiscriminantAnalysis(), linear_model.LogisticRegression()), "for its `transform`"),
    ],
    ids=lambda e: type(e).__name__ if not isinstance(e, str) else None,
)
def test_what_has_no_transfer_says_what_has(model: Any, words: str) -> None:
    y = (VALUE > 0) if isinstance(model, ensemble.VotingClassifier) else THREE if hasattr(model, "predict_proba") or hasattr(model, "loss") else VALUE
    with pytest.raises(UsageError, match=words):
        transfer(model.fit(X, y))


def test_levels_of_a_column_are_numbers_of_their_own() -> None:
    model = pipeline.make_pipeline(preprocessing.OrdinalEncoder(), linear_model.Ridge()).fit(FRAME, LEVEL_VALUE)
    network = mimic(model)
    assert network.encode(FRAME).dtype == np.float64
    np.testing.assert_allclose(network(FRAME)[:, 0], model.predict(FRAME), atol=1e-10)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (neighbors.KNeighborsRegressor(), "Nearest is a kernel machine"),
        (discriminant_analysis.QuadraticDiscriminantAnalysis(), "GaussianNB"),
        (neighbors.NearestCentroid(), "mimic\\(fitted.predict, X\\)"),
    ],
    ids=lambda e: type(e).__name__ if not isinstance(e, str) else None,
)
def test_classes_without_a_transfer_say_what_comes_nearest(model: Any, words: str) -> None:
    y = VALUE if isinstance(model, neighbors.KNeighborsRegressor) else THREE
    with pytest.raises(UsageError, match=f"no transfer to a network for {type(model).__name__}.*{words}"):
        transfer(model.fit(X, y))


def test_what_is_not_fitted_or_not_a_model_is_refused() -> None:
    with pytest.raises(Exception, match="not fitted"):
        transfer(linear_model.Ridge())
    with pytest.raises(UsageError, match="no transfer to a network for dict"):
        transfer({})


def test_the_docs_list_what_is_supported() -> None:
    """docs/mimic.md ends with the table that is made from the cases."""
    text = (Path(__file__).parents[1] / "docs" / "mimic.md").read_text()
    assert support_table() in text, "copy fitted_cases.support_table() into docs/mimic.md"
