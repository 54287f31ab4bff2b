"""What mimic promises of boosted trees and their levels."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from packaging.version import Version
from sklearn import (
    preprocessing,
)

from motifnet import mimic
from motifnet.engine import UsageError
from motifnet.motifs import TreeEnsemble
from tests.shared.fitted_cases import CASES, fitted, onnx_values
from tests.shared.fitted_rows import VALUE, X
from tests.shared.fitted_trees import BOOSTING

pytestmark = pytest.mark.filterwarnings("ignore")


NO_CLASS_1 = pytest.mark.skipif(
    Version(version("xgboost-cpu")) < Version("3.2"), reason="XGBoost 3.1 refuses one class"
)


@pytest.mark.parametrize(
    "share", [pytest.param(0.0, marks=NO_CLASS_1), 0.01, 0.1, 0.37, 0.5016, 0.62, 0.86435]
)
def test_start_values_of_xgboost_are_exact_and_probabilities_to_one_unit(share: float) -> None:
    """Scores to the last bit; e^x of the C library is not always the nearest number, and 1 − p has
    the digits that p has.
    """
    import xgboost

    y = (np.random.default_rng(0).random(len(X)) < share).astype(int)
    model = xgboost.XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1).fit(X, y)
    trees = next(
        part for part in mimic(model, X).module.modules() if isinstance(part, TreeEnsemble)
    )
    scores = trees(torch.as_tensor(X)).detach().numpy()[:, 0]
    assert np.array_equal(scores, model.predict(X, output_margin=True).astype(np.float64))
    got, expected = mimic(model, X)(X), model.predict_proba(X)
    assert (np.abs(got - expected) <= np.spacing(np.maximum(expected, expected[:, ::-1]))).all()


def test_catboost_from_a_file_and_of_texts(tmp_path: Path) -> None:
    import catboost

    fitted("CatBoostRegressor").save_model(str(tmp_path / "model.cbm"))
    loaded = catboost.CatBoostRegressor()
    loaded.load_model(str(tmp_path / "model.cbm"))
    for rows in (X, None):
        np.testing.assert_allclose(mimic(loaded, rows)(X)[:, 0], loaded.predict(X), atol=1e-10)
    texts = pd.DataFrame({"a": X[:, 0], "t": np.where(X[:, 1] > 0, "a good day", "a bad night")})
    model = catboost.CatBoostRegressor(iterations=2, verbose=0, allow_writing_files=False).fit(
        texts, VALUE, text_features=["t"]
    )
    with pytest.raises(UsageError, match="text features"):
        mimic(model, texts)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in CASES
        if name not in BOOSTING and name.startswith(("SGD", "OneVs", "Calibrated", "LogisticR"))
    ],
)
def test_onnx_of_shares_of_small_probabilities(name: str, tmp_path: Path) -> None:
    """Without X rows are made up, on which all probabilities may be tiny: their shares keep their
    digits.
    """
    assert mimic(fitted(name)).to_onnx(tmp_path / "net.onnx").max_difference <= 1e-10


def test_an_empty_string_as_a_level_is_told_in_onnx(tmp_path: Path) -> None:
    rows = pd.DataFrame({"c": ["", "a", "b"] * 5})
    model = preprocessing.OneHotEncoder().fit(rows)
    np.testing.assert_array_equal(mimic(model, rows)(rows), model.transform(rows).toarray())
    with pytest.raises(UsageError, match="empty string"):
        mimic(model, rows).to_onnx(tmp_path / "net.onnx")


def test_levels_that_are_whole_numbers_in_a_column_of_objects_are_numbers_in_onnx(
    tmp_path: Path,
) -> None:
    rows = pd.DataFrame({"c": pd.Series([1, 2, 3] * 5, dtype=object)})
    model = preprocessing.OneHotEncoder().fit(rows)
    mimic(model, rows).to_onnx(tmp_path / "net.onnx")
    np.testing.assert_array_equal(
        onnx_values(tmp_path / "net.onnx", {"c": rows.to_numpy(float)}),
        model.transform(rows).toarray(),
    )


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_levels_that_are_numbers_are_cut_off_as_the_library_does(library: str) -> None:
    rows = np.column_stack([X[:, 0], np.random.default_rng(0).integers(0, 9, len(X)).astype(float)])
    y = np.sin(3 * rows[:, 1]) + rows[:, 0]
    if library == "lightgbm":
        import lightgbm

        settings: dict[str, Any] = {
            "min_child_samples": 2,
            "min_data_per_group": 1,
            "cat_smooth": 0.0,
            "n_estimators": 10,
            "n_jobs": 1,
            "verbose": -1,
        }
        model = lightgbm.LGBMRegressor(**settings).fit(rows, y, categorical_feature=[1])
    else:
        import xgboost

        model = xgboost.XGBRegressor(
            n_estimators=10, n_jobs=1, enable_categorical=True, feature_types=["q", "c"]
        ).fit(rows, y)
    at = np.column_stack(
        [
            np.zeros(4000),
            np.random.default_rng(1).uniform(-0.99 if library == "lightgbm" else 0.0, 12, 4000),
        ]
    )
    at[:13, 1], at[13:26, 1], at[26, 1] = np.arange(13), np.nextafter(np.arange(13), 20), np.nan
    np.testing.assert_allclose(mimic(model, rows)(at)[:, 0], model.predict(at), rtol=1e-6)
