"""Targets, weights, groups and times: right types, right phrases, rows named."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import DataConversionWarning

from motifnet.engine import DataError
from motifnet.tables import Task, as_groups, as_target, as_time, as_weight


@pytest.mark.parametrize(
    ("y", "names"),
    [
        ([1, 2, 3], ("y",)),
        (np.array([1, 2, 3], dtype=np.int8), ("y",)),
        (pd.Series([1.0, 2.0, 3.0], name="price"), ("price",)),
        (pd.Series([1, 2, 3], dtype="Int64"), ("y",)),
        (pl.Series("price", [1, 2, 3]), ("price",)),
        (pa.chunked_array([[1.0, 2.0, 3.0]]), ("y",)),
        (np.array([1, 2.0, True], dtype=object) + np.array([0, 0, 2]), ("y",)),
    ],
)
def test_numbers_with_one_dimension(y: Any, names: tuple[str, ...]) -> None:
    target = as_target(y, 3, "regression")
    assert_array_equal(target.values, [[1.0], [2.0], [3.0]])
    assert (target.names, target.classes, target.labels, target.flat) == (names, None, None, True)


@pytest.mark.parametrize(
    "y", [pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}), pl.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}), np.array([[1, 0.5], [2, 1.5]])]
)
def test_several_targets(y: Any) -> None:
    target = as_target(y, 2, "regression")
    assert_array_equal(target.values, [[1, 0.5], [2, 1.5]])
    assert target.names == (("y0", "y1") if isinstance(y, np.ndarray) else ("a", "b"))
    assert not target.flat


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_column_vector_is_taken_as_flat_with_scikit_learns_warning(task: Task) -> None:
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        target = as_target(np.array([[1], [0]]), 2, task)
    assert target.values.shape == (2, 1)
    assert target.flat


@pytest.mark.parametrize(
    ("y", "classes", "labels"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (np.array(["b", "a", "b"]), ("a", "b"), [1, 0, 1]),
        ([10, -1, 10], (-1, 10), [1, 0, 1]),
        ([2**60 + 1, 2**60, 2**60], (2**60, 2**60 + 1), [1, 0, 0]),
        (np.array([2**60 + 1, 2**60]), (2**60, 2**60 + 1), [1, 0]),
        (np.array([3, 1, 2], dtype=object), (1, 2, 3), [2, 0, 1]),
        ([0.0, 1.0, 2.0], (0.0, 1.0, 2.0), [0, 1, 2]),
        ([True, False], (False, True), [1, 0]),
        (pd.Series(["x", "y"], dtype="category"), ("x", "y"), [0, 1]),
        (pd.Series([7, 5], dtype="Int64"), (5, 7), [1, 0]),
        (pl.Series([True, False]), (False, True), [1, 0]),
    ],
)
def test_classes_keep_their_type(y: Any, classes: tuple[Any, ...], labels: list[int]) -> None:
    target = as_target(y, len(y), "classification")
    assert target.classes == classes
    assert [type(c) for c in target.classes or ()] == [type(c) for c in classes]
    assert target.labels is not None
    assert target.labels.tolist() == labels


def test_classes_of_rows_without_weight_do_not_count() -> None:
    target = as_target(["a", "b", "c"], 3, "classification", weight=np.array([1.0, 0.0, 1.0]))
    assert target.classes == ("a", "c")
    assert target.labels is not None
    assert target.labels.tolist() == [0, -1, 1]


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        (None, "regression", "requires y to be passed, but the target y is None"),
        ([1.0, np.nan], "regression", r"Input y contains NaN\. Row 1"),
        ([None, "a"], "classification", r"Input y contains NaN\. Row 0"),
        (pl.Series([1, None]), "classification", r"Input y contains NaN\. Row 1"),
        ([1.0, np.inf], "regression", r"Input y contains infinity or a value too large for dtype\('float64'\)\. Row 1"),
        (pl.Series([1.0, np.inf]), "regression", "Input y contains infinity"),
        ([1.0, np.inf], "classification", "Input y contains infinity"),
        ([1.0, 2.0, 3.0], "regression", r"inconsistent numbers of samples: \[2, 3\]"),
        (["a", "b"], "regression", "Unknown label type: y holds 'a' in row 0, but a regression needs numbers"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), "classification", "Unknown label type: y holds dates"),
        ([0.5, 1.0], "classification", r"Unknown label type: continuous\. Row 0"),
        ([1, 1], "classification", "one class only .*classes"),
        ([[1, 2], [3, 4]], "classification", "y should be a 1d array, got 2 columns"),
        (np.ones((2, 2, 2)), "regression", "y should be a 1d array, got an array of shape"),
        (np.ones((2, 0)), "regression", "y has no column"),
        ([1j, 2], "regression", "Complex data not supported"),
        ([{"a": 1}, 2], "classification", "argument must be a string or a number"),
    ],
)
def test_bad_targets(y: Any, task: Task, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_target(y, 2, task)


def test_a_constant_target_is_fine() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(as_target([3, 3], 2, "regression").values, [[3.0], [3.0]])


@pytest.mark.parametrize("weight", [[1, 2], np.array([1.0, 2.0]), pd.Series([1, 2]), pl.Series([1, 2])])
def test_weights(weight: Any) -> None:
    assert_array_equal(as_weight(weight, 2), [1.0, 2.0])


def test_weights_by_default() -> None:
    assert_array_equal(as_weight(None, 2), [1.0, 1.0])
    assert_array_equal(as_weight(3, 2), [3.0, 3.0])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, -1.0], "Negative values in data passed to `sample_weight`: row 1"),
        ([0.0, 0.0], "Sample weights must contain at least one non-zero number"),
        (0, "Sample weights must contain at least one non-zero number"),
        ([1.0], r"sample_weight\.shape == \(1,\), expected \(2,\)!"),
        ([[1.0, 1.0], [1.0, 1.0]], "Sample weights must be 1D array or scalar, got 2D array"),
        ([1.0, np.nan], r"Input sample_weight contains NaN\. Row 1"),
        ([np.inf, 1.0], r"Input sample_weight contains infinity.*Row 0"),
        (["a", "b"], "not numbers"),
        ([1.7e308, 1.7e308], "sum of sample_weight is infinite"),
    ],
)
def test_bad_weights(weight: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_weight(weight, 2)


@pytest.mark.parametrize(
    "groups", [["b", "a", "b"], [5, 3, 5], np.array([0.5, 0.1, 0.5]), pd.Series(["b", "a", "b"], dtype="category"), pl.Series([True, False, True])]
)
def test_groups_are_coded_in_their_own_order(groups: Any) -> None:
    codes = as_groups(groups, 3)
    assert codes is not None
    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == np.int64


@pytest.mark.parametrize("time", [[2, 1], ["2024-01-01T00:00:01", "2024-01-01"], pd.to_datetime(["2024-01-02", "2024-01-01"]), pl.Series([2.5, 0.5])])
def test_times_are_numbers(time: Any) -> None:
    found = as_time(time, 2)
    assert found is not None
    assert found.dtype == np.float64
    assert found[0] > found[1]


def test_nothing_beside_the_table() -> None:
    assert as_groups(None, 2) is None
    assert as_time(None, 2) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, None], "Input {} contains NaN. Row 1"),
        ([1, 2, 3], r"inconsistent numbers of samples: \[2, 3\]"),
        ([[1, 2], [3, 4]], r"{} has shape \(2, 2\)"),
    ],
)
def test_bad_groups_and_times(values: Any, message: str) -> None:
    for name, read in (("groups", as_groups), ("time", as_time)):
        with pytest.raises(DataError, match=message.format(name)):
            read(values, 2)


def test_a_time_that_is_no_date() -> None:
    with pytest.raises(DataError, match=r"'time', row 1 .* 'soon', but this column takes dates"):
        as_time(["2024-01-01", "soon"], 2)
    with pytest.raises(DataError, match=r"infinity.*Row 0"):
        as_time([np.inf, 1.0], 2)
