"""What `mimic` promises: a network that differs from its estimator is refused, and rows are read as
the estimator reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import (
    compose,
    ensemble,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    multiclass,
    naive_bayes,
    neural_network,
    preprocessing,
    svm,
    tree,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from motifnet import mimic
from motifnet.engine import DataError, UsageError
from motifnet.model._codec import decode, encode
from motifnet.transfer import MimicryError
from motifnet.transfer.fitted import outputs_of
from tests.shared.fitted_cases import CASES, fitted, onnx_values, python_values, raw_feeds
from tests.shared.fitted_rows import FRAME, GAPS, HOLES, LEVEL_VALUE, THREE, VALUE, X

pytestmark = pytest.mark.filterwarnings("ignore")
STRINGS = make_pipeline(
    impute.SimpleImputer(strategy="most_frequent"),
    preprocessing.OneHotEncoder(handle_unknown="ignore"),
    linear_model.Ridge(),
)
MIXED = FRAME[["a", "b"]].join(HOLES)


def mixed_pipeline() -> Any:
    numeric = make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    strings = make_pipeline(
        impute.SimpleImputer(strategy="constant", fill_value="none"),
        preprocessing.OneHotEncoder(handle_unknown="ignore"),
    )
    return make_pipeline(
        compose.make_column_transformer((numeric, ["b", "a"]), (strings, ["size", "colour"])),
        linear_model.Ridge(),
    ).fit(MIXED, LEVEL_VALUE)


class Doubled(linear_model.Ridge):
    """An estimator that is no longer what it is derived from."""

    def predict(self, X: Any) -> Any:
        return 2 * super().predict(X)


@pytest.mark.parametrize("rows", [X, None], ids=["rows", "synthetic rows"])
def test_a_network_that_differs_from_its_estimator_is_refused(rows: Any) -> None:
    with pytest.raises(
        MimicryError,
        match=r"Doubled is not the estimator.*There is no "
        r"network.*mimic\(fitted.predict, X\)",
    ):
        mimic(Doubled().fit(X, VALUE), rows)


def test_one_small_column_is_compared_in_its_own_unit() -> None:
    class Off(preprocessing.StandardScaler):
        def transform(self, X: Any, copy: bool | None = None) -> Any:
            return super().transform(X) * [1e8, 1.0, 1.0, 1.0 + 1e-5]

    with pytest.raises(MimicryError):
        mimic(Off().fit(X), X)


@pytest.mark.parametrize("name", CASES)
def test_synthetic_rows_are_of_the_kind_of_the_fit(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Every estimator takes rows that are made up for it, so that each network is compared without
    X as well.
    """
    assert mimic(fitted(name), method=CASES[name].method).d == np.shape(CASES[name].rows())[1]
    assert not [w for w in recwarn if "synthetic rows" in str(w.message)]


@pytest.mark.parametrize(
    "rows",
    [HOLES, HOLES.to_numpy(dtype=object), HOLES.to_numpy(dtype=object).tolist()],
    ids=["frame", "array", "list"],
)
@pytest.mark.parametrize("given", [True, False], ids=["rows", "synthetic rows"])
def test_strings_are_imputed_and_encoded(rows: Any, given: bool, tmp_path: Path) -> None:
    model = STRINGS.fit(rows, LEVEL_VALUE)
    network = mimic(model, rows if given else None)
    np.testing.assert_allclose(network(rows)[:, 0], model.predict(rows), atol=1e-10)
    assert network.to_onnx(tmp_path / "net.onnx").max_difference <= 1e-10
    network.to_python(tmp_path / "net.py")
    np.testing.assert_allclose(
        python_values(tmp_path / "net.py", network.encode(rows))[:, 0],
        model.predict(rows),
        atol=1e-10,
    )
    arrays: dict[str, Any] = {}
    loaded = decode(encode(network.module, "network", arrays), arrays)
    assert torch.equal(
        loaded(torch.as_tensor(network.encode(rows))),
        network.module(torch.as_tensor(network.encode(rows))),
    )


def test_raw_strings_with_missing_ones_in_onnx(tmp_path: Path) -> None:
    model = mixed_pipeline()
    mimic(model).to_onnx(tmp_path / "net.onnx")
    np.testing.assert_allclose(
        onnx_values(tmp_path / "net.onnx", raw_feeds(MIXED))[:, 0], model.predict(MIXED), atol=1e-10
    )


@pytest.mark.parametrize("rows", [MIXED, None], ids=["rows", "synthetic rows"])
def test_a_data_frame_is_read_by_the_names_of_its_columns(rows: Any) -> None:
    model = mixed_pipeline()
    network, expected = mimic(model, rows), model.predict(MIXED)
    np.testing.assert_allclose(
        network(MIXED[["size", "b", "colour", "a"]].assign(other=1))[:, 0], expected, atol=1e-10
    )
    np.testing.assert_allclose(
        mimic(model, MIXED[["size", "b", "colour", "a"]])(MIXED)[:, 0], expected, atol=1e-10
    )
    with pytest.raises(DataError, match="'size' are not in the data frame"):
        network(MIXED.rename(columns={"size": "length"}))


@pytest.mark.parametrize("kind", [list, np.array, pd.DataFrame], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "step",
    [preprocessing.StandardScaler(), preprocessing.MinMaxScaler(), impute.SimpleImputer()],
    ids=lambda s: type(s).__name__,
)
def test_strings_that_spell_numbers_are_numbers_where_they_are_computed_with(
    kind: Any, step: Any
) -> None:
    values = [["1.5", "20"], ["2.5", "-3"], ["4.25", "7"]]
    rows = kind(values) if kind is not pd.DataFrame else pd.DataFrame(values, columns=["p", "q"])
    model = make_pipeline(
        step if not isinstance(step, impute.SimpleImputer) else preprocessing.RobustScaler(),
        linear_model.Ridge(),
    ).fit(rows, [1.0, 2.0, 4.0])
    for given in (rows, None):
        np.testing.assert_allclose(mimic(model, given)(rows)[:, 0], model.predict(rows), atol=1e-12)
    with pytest.raises(DataError, match="'red' of type str"):
        mimic(model)([["red", "2"]])


SENTINELS: dict[str, tuple[Any, Any]] = {
    "0": (
        impute.SimpleImputer(missing_values=0, strategy="median", add_indicator=True),
        np.where(np.isnan(GAPS), 0.0, X + 10),
    ),
    "whole numbers": (
        impute.SimpleImputer(missing_values=0),
        np.where(np.isnan(GAPS), 0, (9 * np.abs(X)).astype(int) + 1),
    ),
    "-999": (
        impute.SimpleImputer(missing_values=-999, add_indicator=True),
        np.where(np.isnan(GAPS), -999.0, X),
    ),
    "indicator of 0": (
        impute.MissingIndicator(missing_values=0),
        np.where(np.isnan(GAPS), 0.0, X + 10),
    ),
    "?": (
        make_pipeline(
            impute.SimpleImputer(missing_values="?", strategy="most_frequent"),
            preprocessing.OrdinalEncoder(),
        ),
        HOLES.astype(object).fillna("?"),
    ),
    "None": (
        make_pipeline(
            impute.SimpleImputer(missing_values=None, strategy="most_frequent"),
            preprocessing.OrdinalEncoder(),
        ),
        HOLES.astype(object).where(HOLES.notna(), None).to_numpy(dtype=object),
    ),
}


@pytest.mark.parametrize("name", SENTINELS)
def test_values_that_stand_for_missing_ones(name: str) -> None:
    model, rows = SENTINELS[name]
    model.fit(rows)
    np.testing.assert_allclose(mimic(model, rows)(rows), outputs_of(model, rows), atol=1e-12)
    mimic(model)


@pytest.mark.parametrize(
    "scaler",
    [
        preprocessing.StandardScaler(),
        preprocessing.MinMaxScaler(),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(),
    ],
)
def test_a_missing_value_stays_in_its_column(scaler: Any) -> None:
    model = make_pipeline(scaler, ensemble.HistGradientBoostingRegressor(max_iter=10)).fit(
        GAPS, VALUE
    )
    np.testing.assert_allclose(mimic(model, GAPS)(GAPS)[:, 0], model.predict(GAPS), atol=1e-10)


def test_what_is_answered_in_float32_is_asked_in_float64() -> None:
    rows = (X + 1000).astype(np.float32)
    for model in (
        preprocessing.StandardScaler(),
        naive_bayes.GaussianNB(),
        CASES["PCA"].make(),
        linear_model.Ridge(),
    ):
        network = mimic(model.fit(rows, THREE if hasattr(model, "var_smoothing") else VALUE), rows)
        assert network.certificate is not None and network.certificate.on_data <= 1e-9


def test_a_certificate_of_a_constant_is_in_its_own_size() -> None:
    certificate = mimic(linear_model.Ridge().fit(X, np.full(len(X), 7.0)), X).certificate
    assert certificate is not None and certificate.on_data <= 1e-14


REFUSED: dict[str, tuple[Any, Any, Any, str]] = {
    "pairs of lines": (
        multiclass.OneVsOneClassifier(linear_model.LinearRegression()),
        X,
        THREE,
        "hardly ever votes",
    ),
    "classes in bags of values": (
        ensemble.BaggingRegressor(linear_model.LogisticRegression(), 2),
        X,
        (VALUE > 0) * 1.0,
        "'predict' of LogisticRegression is needed here",
    ),
    "strings that stay strings": (
        impute.SimpleImputer(strategy="most_frequent"),
        HOLES,
        VALUE,
        "a network gives numbers|expected numbers",
    ),
    "nothing selected": (
        feature_selection.SelectFromModel(linear_model.Ridge(), threshold=1e9),
        X,
        VALUE,
        "keeps no column",
    ),
    "None and NaN": (
        preprocessing.OneHotEncoder(),
        np.array([["a"], [None], [np.nan]] * 3, dtype=object),
        np.arange(9.0),
        "both None and NaN",
    ),
    "None that is not filled": (
        make_pipeline(
            impute.SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder()
        ),
        np.array([["a"], [None], ["b"]] * 3, dtype=object),
        np.arange(9.0),
        "missing_values=None",
    ),
    "dates as levels": (
        preprocessing.OneHotEncoder(),
        np.array([["2020-01-01"], ["2021-01-01"]], dtype="M8[D]"),
        [0, 1],
        "expected strings or numbers",
    ),
    "neighbours beyond 2^53": (
        preprocessing.OneHotEncoder(),
        np.array([[2**53], [2**53 + 1]]),
        [0, 1],
        "2\\^53",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("given", [True, False], ids=["rows", "synthetic rows"])
def test_what_has_no_network_is_refused_in_our_words(name: str, given: bool) -> None:
    model, rows, y, words = REFUSED[name]
    model.fit(rows, y)
    with pytest.raises((UsageError, DataError), match=words):
        mimic(model, rows if given else None)


def test_an_unfitted_process_and_an_unfitted_transformer_are_told() -> None:
    process = gaussian_process.GaussianProcessRegressor()
    check_is_fitted(process)  # scikit-learn takes it as fitted: it predicts its prior
    for model in (process, preprocessing.Binarizer()):
        with pytest.raises(UsageError, match="not fitted"):
            mimic(model, X)


def test_a_frame_whose_columns_have_numbers_for_names(tmp_path: Path) -> None:
    frame = pd.DataFrame(X.astype(np.float32))
    network = mimic(linear_model.Ridge().fit(frame, VALUE), frame)
    np.testing.assert_array_equal(network(frame[[3, 1, 2, 0]]), network(frame))
    network.to_onnx(tmp_path / "net.onnx")


def test_a_class_that_no_row_has_among_the_others() -> None:
    labels = np.column_stack([VALUE > 0, np.zeros(len(X), dtype=bool), X[:, 0] > 0]).astype(int)
    for inner in (linear_model.LogisticRegression(), svm.LinearSVC()):
        model = multiclass.OneVsRestClassifier(inner).fit(X, labels)
        np.testing.assert_allclose(mimic(model, X)(X), outputs_of(model, X), atol=1e-10)


ONE_CLASS = [
    ensemble.AdaBoostClassifier(n_estimators=2),
    neural_network.MLPClassifier((3,), max_iter=3),
    multiclass.OneVsRestClassifier(tree.DecisionTreeClassifier()),
    ensemble.HistGradientBoostingClassifier(max_iter=2),
    ensemble.RandomForestClassifier(3),
    ensemble.ExtraTreesClassifier(3),
    tree.DecisionTreeClassifier(),
    naive_bayes.GaussianNB(),
]


@pytest.mark.parametrize("model", ONE_CLASS, ids=lambda m: type(m).__name__)
def test_models_of_one_class(model: Any) -> None:
    model.fit(X, ["only"] * len(X))
    np.testing.assert_allclose(mimic(model, X)(X), model.predict_proba(X), atol=1e-15)
    mimic(model)
