"""Fits that are monotone along named columns: the guarantee, what it is made of, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import DataError, MotifnetWarning, UsageError
from motifnet.tables import Sample
from motifnet.teachers import (
    BoostedTrees,
    FittedRamps,
    FittedTrees,
    Forest,
    PartlyMonotone,
    is_monotone,
)
from motifnet.transfer import transfer, values_of

Vector = NDArray[np.float64]
# lines leave the range of the fit, of which predictions warn
pytestmark = pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")


def rows(n: int = 240, seed: int = 0) -> tuple[pd.DataFrame, Vector]:
    """A target that rises with a, falls with b and oscillates with d, with missing values in a."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.uniform(size=n),
            "c": rng.choice(list("xyz"), n),
            "d": rng.normal(size=n),
        }
    )
    y = np.exp(X.a / 2) * (2 - X.b) + np.sin(3 * X.d) + rng.normal(size=n) * 0.5
    X.loc[rng.random(n) < 0.1, "a"] = np.nan
    return X, np.asarray(y)


def lines(X: pd.DataFrame, column: str, seed: int = 1) -> list[pd.DataFrame]:
    """Lines along a column through rows of X, far beyond its range."""
    rng = np.random.default_rng(seed)
    steps = np.sort(np.concatenate([rng.normal(size=100) * 3, rng.normal(size=30) * 1e3]))
    chosen = X.dropna().sample(10, random_state=seed).index
    return [X.loc[[i] * len(steps)].assign(**{column: steps}) for i in chosen]


@pytest.fixture(scope="module")
def model() -> MotifRegressor:
    X, y = rows()
    return MotifRegressor("fast", monotone={"a": 1, "b": -1}).fit(X, y)


def test_predictions_keep_their_direction_on_lines_far_beyond_the_data(
    model: MotifRegressor,
) -> None:
    X, _ = rows()
    for column, sign in (("a", 1), ("b", -1)):
        for line in lines(X, column):
            assert (sign * np.diff(model.predict(line)) >= -1e-12).all()


def test_without_conditions_the_same_lines_turn() -> None:
    X, y = rows()
    free = MotifRegressor("fast", monotone={"a": 0}).fit(X, y)
    falls = [-np.diff(free.predict(line)).min() for line in lines(X, "a")]
    assert max(falls) > 0.01 and free.model_.info.monotone == {}


def test_the_ledger_says_what_is_guaranteed_and_what_is_left_out(model: MotifRegressor) -> None:
    notes = {row.stage: row.note for row in model.ledger_}
    assert "rises with a, falls with b" in notes["monotone"]
    assert "left out" in notes["feature layers"]
    with pytest.raises(UsageError, match="monotone, and a band is not"):
        model.predict_band(rows()[0])
    with pytest.raises(UsageError, match=r"monotone in 'a', 'b'.*distilled"):
        model.compress()


def test_a_file_and_onnx_keep_the_function(model: MotifRegressor, tmp_path: Path) -> None:
    X, _ = rows()
    model.save(tmp_path / "m.motif")
    again = load(tmp_path / "m.motif")
    assert again.model_.info.monotone == {"a": 1, "b": -1}
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    pytest.importorskip("onnxruntime")
    assert model.to_onnx(tmp_path / "m.onnx").max_difference < 1e-9
    model.network_.to_python(tmp_path / "m.py")


def test_the_probability_of_the_second_class_rises() -> None:
    X, y = rows()
    X["e"] = np.random.default_rng(3).random(len(X)) < 0.5
    labels = np.where(y > np.median(y), "yes", "no")
    model = MotifClassifier("fast", monotone={"a": 1, "e": 1}).fit(X, labels)
    assert model.score(X, labels) > 0.7
    for line in lines(X, "a"):
        assert (np.diff(model.predict_proba(line)[:, 1]) >= -1e-12).all()
    lower, upper = (model.predict_proba(X.assign(e=value))[:, 1] for value in (False, True))
    assert (upper >= lower - 1e-12).all()


def test_ramps_and_kernel_follow_the_data_only_in_the_direction_of_the_sign() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    sample = Sample.plain(X, X[:, :1] + np.sin(2 * X[:, 1:]))
    errors = {}
    for sign in (1, -1):
        fitted = PartlyMonotone((sign, 0)).fit(sample)
        ramps = fitted.parts[0]
        assert isinstance(ramps, FittedRamps) and is_monotone(fitted, np.array([sign, 0]))
        errors[sign] = float(((fitted.oof - sample.y) ** 2).mean())
        if sign < 0:  # nothing falls, so that the best falling function is constant
            assert np.abs(ramps.slopes).max() < 0.1
        values = values_of(transfer(fitted), X)
        np.testing.assert_allclose(values, fitted.predict(X), atol=1e-9)
    assert errors[1] < 0.01 < errors[-1]


def test_trees_are_proved_by_their_leaves() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    sample = Sample.plain(X, X[:, :1] * (X[:, 1:2] > 0) + np.sin(3 * X[:, :1]))
    signs = np.array([1, 0, -1])
    bound = BoostedTrees(max_trees=40, signs=(1, 0, -1)).fit(sample)
    assert is_monotone(bound, signs) and not is_monotone(bound, -signs)
    assert not is_monotone(BoostedTrees(max_trees=40).fit(sample), signs)


def test_one_leaf_out_of_order_is_found() -> None:
    # x0 ≤ 0: (x1 ≤ 0: 0, else 5), x0 > 0: (x1 ≤ 1: v, else 6); boxes of 5 and v overlap
    def tree(v: float) -> FittedTrees:
        forest = Forest(
            feature=np.array([0, 1, 1, 0, 0, 0, 0]),
            threshold=np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            left=np.array([1, 3, 5, 3, 4, 5, 6]),
            right=np.array([2, 4, 6, 3, 4, 5, 6]),
            roots=np.array([0]),
            values=np.array([0.0, 0.0, 0.0, 0.0, 5.0, v, 6.0])[:, None],
        )
        return FittedTrees(np.empty((0, 1)), (forest,))

    assert is_monotone(tree(5.0), np.array([1, 0]))
    assert not is_monotone(tree(4.9), np.array([1, 0]))
    assert not is_monotone(tree(5.0), np.array([-1, 0]))


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "unknown": ({"monotone": {"aa": 1}}, UsageError, "'aa', which is not.*Did you mean 'a'"),
    "category": ({"monotone": {"c": 1}}, UsageError, "'c', a categorical column"),
    "sign": ({"monotone": {"a": 2}}, UsageError, "'a' has 2.*1 where"),
    "truth": ({"monotone": {"a": True}}, UsageError, "'a' has True"),
    "list": ({"monotone": ["a"]}, UsageError, "must map names of columns"),
    "quantiles": ({"objective": "pinball"}, UsageError, "not for 'pinball'"),
    "small": ({"size": "small"}, UsageError, "size='small'.*distilled"),
    "budget": ({"max_parameters": 500}, UsageError, "max_parameters=500"),
    "teacher": ({"teacher": "svr"}, UsageError, "teacher='svr'.*retrained"),
    "teachers": ({"teachers": ["trees"]}, UsageError, "teachers=.*keep the signs"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_guaranteed_is_refused(case: str) -> None:
    settings, kind, message = BAD[case]
    X, y = rows(60)
    with pytest.raises(kind, match=message):
        MotifRegressor("fast", **{"monotone": {"a": 1}, **settings}).fit(X, y)


def test_three_classes_and_few_rows_are_refused() -> None:
    X, y = rows(60)
    with pytest.raises(UsageError, match="two classes, and the target has 3"):
        MotifClassifier("fast", monotone={"a": 1}).fit(X[["a", "b"]], X.c)
    with pytest.raises(DataError, match="at least 20 rows"):
        MotifRegressor("fast", monotone={"a": 1}).fit(X[:15], y[:15])


def test_every_column_may_be_monotone_and_arrays_name_theirs() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    model = MotifRegressor("fast", monotone={"x0": 1, "x1": 1}).fit(X, X.sum(1))
    assert model.score(X, X.sum(1)) > 0.95


def test_a_time_limit_keeps_the_guarantee() -> None:
    X, y = rows()
    with pytest.warns(MotifnetWarning, match="ended by its limit"):
        model = MotifRegressor("fast", time_limit_s=1e-6, monotone={"a": 1}).fit(X, y)
    assert "rises with a" in model.ledger_[-1].note
    for line in lines(X, "a"):
        assert (np.diff(model.predict(line)) >= -1e-12).all()
