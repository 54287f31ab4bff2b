"""CatBoost on columns of levels: equality, and statistics of the target by level and by combination
of levels, numbers among them.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet import mimic
from motifnet.engine import UsageError
from motifnet.transfer import transfer
from motifnet.transfer.fitted import outputs_of

catboost = pytest.importorskip("catboost")
_RNG = np.random.default_rng(0)
N = 600
ROWS = pd.DataFrame(
    {
        "number": _RNG.normal(size=N),
        "letter": _RNG.choice(list("pqrstuvw"), N),
        "size": _RNG.choice(list("smlxyz"), N),
        "whole": _RNG.integers(0, 6, N),
        "side": _RNG.choice(["left", "right"], N),
        "gaps": np.where(_RNG.random(N) < 0.1, np.nan, _RNG.normal(size=N)),
    }
)
_EFFECT = _RNG.normal(size=(8, 6, 6))[
    ROWS["letter"].map("pqrstuvw".index), ROWS["size"].map("smlxyz".index), ROWS["whole"]
]
VALUE = 2 * _EFFECT * (1 + (ROWS["number"] > 0)) * np.where(ROWS["side"] == "left", 1, -1)
UNSEEN = pd.DataFrame(
    {
        name: ROWS[name].sample(N, replace=True, random_state=k).to_numpy()
        for k, name in enumerate(ROWS)
    }
)
UNSEEN.loc[:40, "letter"], UNSEEN.loc[20:60, "whole"] = "never", 77
_CTRS = ["Buckets", "Counter", "Borders", "BinarizedTargetMeanValue"]


def model(kind: str, y: Any, **settings: Any) -> Any:
    of_the_run = {
        "verbose": 0,
        "allow_writing_files": False,
        "thread_count": 1,
        "cat_features": ["letter", "size", "whole", "side"],
    }
    return getattr(catboost, f"CatBoost{kind}")(
        iterations=40, depth=5, learning_rate=0.3, **of_the_run, **settings
    ).fit(ROWS, y)


CASES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "statistics of levels": ("Regressor", VALUE, {}),
    "equality": ("Regressor", VALUE, {"one_hot_max_size": 20}),
    "two classes": (
        "Classifier",
        (VALUE > 0).astype(int),
        {"max_ctr_complexity": 3, "loss_function": "CrossEntropy"},
    ),
    "three classes": (
        "Classifier",
        np.digitize(VALUE, [-0.5, 1]),
        {"max_ctr_complexity": 3, "loss_function": "MultiClassOneVsAll"},
    ),
    "combinations": (
        "Regressor",
        VALUE,
        {
            "max_ctr_complexity": 3,
            "loss_function": "MAE",
            "nan_mode": "Max",
            "combinations_ctr": _CTRS,
        },
    ),
    "statistics of all kinds": (
        "Regressor",
        VALUE,
        {"simple_ctr": _CTRS, "boosting_type": "Ordered"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_network_is_the_model_also_of_levels_that_it_has_not_seen(
    name: str, tmp_path: Path
) -> None:
    kind, y, settings = CASES[name]
    fitted = model(kind, y, **settings)
    network = mimic(fitted, ROWS)
    for rows in (ROWS, UNSEEN, UNSEEN[ROWS.columns[::-1]]):
        np.testing.assert_allclose(
            network(rows), outputs_of(fitted, rows[ROWS.columns]), atol=1e-13 * np.std(VALUE)
        )
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(network))(UNSEEN), network(UNSEEN))
    assert network.to_onnx(tmp_path / "net.onnx", X=UNSEEN).max_difference <= 1e-10


def test_combinations_are_among_the_cases() -> None:
    from motifnet.teachers import catboost_json

    kind, y, settings = CASES["combinations"]
    statistics = catboost_json(model(kind, y, **settings))["features_info"]["ctrs"]
    kinds = {
        (s["ctr_type"], part["combination_element"])
        for s in statistics
        if len(s["elements"]) > 1
        for part in s["elements"]
    }
    assert {part for _, part in kinds} == {
        "cat_feature_value",
        "float_feature",
        "cat_feature_exact_value",
    }
    assert len({kind for kind, _ in kinds}) >= 3


def test_rows_have_to_name_the_levels() -> None:
    fitted = model("Regressor", VALUE, one_hot_max_size=20)
    with pytest.raises(UsageError, match="OneHotFeature, whose levels its file does not name"):
        transfer(fitted)
    with pytest.raises(UsageError, match="a level that is not in X"):
        mimic(fitted, ROWS[ROWS["letter"] != "p"])
    with pytest.raises(
        UsageError, match="statistics of 8 levels or combinations, 1 of which are not in X"
    ):
        mimic(model("Regressor", VALUE), ROWS[ROWS["letter"] != "p"])
