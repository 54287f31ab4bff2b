"""Settings of fitted estimators away from their defaults: the network is still the estimator, or it
is refused with what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn import (
    preprocessing,
)

from motifnet import mimic
from motifnet.engine import DataError, UsageError
from motifnet.transfer import transfer
from motifnet.transfer.fitted import code, coded, outputs_of
from motifnet.transfer.fitted._boosting import numbered
from motifnet.transfer.fitted._encoders import lookup
from motifnet.transfer.fitted._preprocessing import _inverse_yeo_johnson, _yeo_johnson
from tests.shared.fitted_rows import (
    COUNT,
    FRAME,
    LEVEL_VALUE,
    VALUE,
    X,
)
from tests.transfer.fitted_settings import REFUSED, SETTINGS, OfNoFamily

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", SETTINGS)
def test_network_is_the_estimator(name: str) -> None:
    make, rows, y = SETTINGS[name]
    model = make().fit(rows, y)
    expected = outputs_of(model, rows)
    got = transfer(model)(torch.as_tensor(coded(rows))).detach().numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(
        got,
        expected,
        rtol=1e-8,
        atol=1e-9 * max(1.0, float(np.nanmax(np.abs(expected), initial=0.0))),
    )


def test_a_subclass_is_what_it_is_derived_from() -> None:
    model = OfNoFamily().fit(X)
    np.testing.assert_allclose(
        transfer(model)(torch.as_tensor(X)).detach().numpy(), model.transform(X), atol=1e-12
    )


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_transfer_says_what_to_do(name: str) -> None:
    make, rows, y, words = REFUSED[name]
    with pytest.raises(UsageError, match=words):
        transfer(make().fit(rows, y))


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_the_warp_of_yeo_and_johnson_and_its_inverse(power: float) -> None:
    x = np.linspace(-0.4, 0.4, 9)
    there = _yeo_johnson(power)(torch.as_tensor(x)[:, None]).detach()
    np.testing.assert_allclose(there[:, 0], stats.yeojohnson(x, power), atol=1e-12)
    np.testing.assert_allclose(_inverse_yeo_johnson(power)(there)[:, 0].detach(), x, atol=1e-12)


def test_levels_and_their_numbers() -> None:
    assert (
        code(3) == 3.0
        and np.isnan(code(None))
        and code("red") == code("red") != code("Red")
        and 0 <= code("red") < 2**48
    )
    rows, other = (
        np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        (np.array([7.0, 8.0]), np.array([9.0, 10.0])),
    )
    table = lookup(["b", "a", None], rows, *other)
    at = torch.tensor([[code("a")], [code("b")], [np.nan], [5.0]], dtype=torch.float64)
    assert table(at).tolist() == [[3, 4], [1, 2], [5, 6], [7, 8]]
    assert lookup([2.0, 1.0], rows[:2], *other)(
        torch.tensor([[1.0], [2.0], [np.nan], [3.0]]).double()
    ).tolist() == [[3, 4], [1, 2], [9, 10], [7, 8]]
    with pytest.raises(UsageError, match="same number"):
        lookup([1, 1.0], rows[:2], *other)
    places = numbered({1: ["x", "y"]}, 2)
    assert places(
        torch.tensor([[4.0, code("y")], [5.0, code("x")]], dtype=torch.float64)
    ).tolist() == [[4, 1], [5, 0]]
    with pytest.raises(DataError, match="type tuple"):
        coded(pd.DataFrame({"a": [(1, 2)]}))


@pytest.mark.parametrize(
    "coder",
    [
        preprocessing.LabelEncoder(),
        preprocessing.LabelBinarizer(neg_label=-1),
        preprocessing.LabelBinarizer(),
    ],
)
@pytest.mark.parametrize("column", ["colour", "size"])
def test_coders_of_labels(coder: Any, column: str, tmp_path: Path) -> None:
    """They are fitted on one column of labels; a network takes it as a table of one column."""
    model = coder.fit(FRAME[column])
    network = mimic(model, FRAME[[column]])
    np.testing.assert_array_equal(
        network(FRAME[[column]]), model.transform(FRAME[column]).reshape(len(FRAME), -1)
    )
    assert network.to_onnx(tmp_path / "net.onnx", X=FRAME[[column]]).max_difference == 0


def test_what_a_frame_becomes() -> None:
    frame = pd.DataFrame({"n": [1, 2], "t": ["a", None], "b": [True, False]})
    np.testing.assert_array_equal(coded(frame), [[1, code("a"), 1], [2, np.nan, 0]])
    np.testing.assert_array_equal(
        coded(np.array([["a", "b"]], dtype=object)), [[code("a"), code("b")]]
    )
    assert coded(frame[[]]).shape == (2, 0)
    for bad in (np.array([1j]), 3.0):
        with pytest.raises(DataError, match="data frame or a matrix"):
            coded(bad)


def test_a_lightgbm_column_that_never_varies_is_told() -> None:
    import lightgbm

    frame = pd.DataFrame(
        {
            "n": X[:, 0],
            "c": FRAME["colour"].astype("category"),
            "d": pd.Categorical(["one"] * len(X)),
        }
    )
    with pytest.raises(UsageError, match="never varies"):
        transfer(lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(frame, LEVEL_VALUE))


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("Regressor", {"objective": "cross_entropy_lambda"}, "cross_entropy_lambda"),
        ("Regressor", {"objective": lambda y, f: (f - y, np.ones_like(y))}, "'none' of LightGBM"),
        ("Regressor", {"zero_as_missing": True}, "zero"),
    ],
)
def test_lightgbm_settings_without_a_transfer(
    kind: str, settings: dict[str, Any], words: str
) -> None:
    import lightgbm

    model = getattr(lightgbm, f"LGBM{kind}")(n_estimators=2, verbose=-1, **settings).fit(
        X, (VALUE > 0).astype(float)
    )
    with pytest.raises(UsageError, match=words):
        transfer(model)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"missing": 0.0}, "missing=nan"),
        ({"objective": "reg:squaredlogerror"}, "reg:squaredlogerror"),
    ],
)
def test_xgboost_settings_without_a_transfer(settings: dict[str, Any], words: str) -> None:
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=2, **settings).fit(X, COUNT)
    with pytest.raises(UsageError, match=words):
        transfer(model)
    with pytest.raises(UsageError, match="load_model"):
        transfer(model.get_booster())
