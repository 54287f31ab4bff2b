"""Weights, groups and times: right types, right phrases, rows named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from motifnet.engine import DataError
from motifnet.tables import as_groups, as_time, as_weight


@pytest.mark.parametrize(
    "weight", [[1, 2], np.array([1.0, 2.0]), pd.Series([1, 2]), pl.Series([1, 2])]
)
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
    "groups",
    [
        ["b", "a", "b"],
        [5, 3, 5],
        np.array([0.5, 0.1, 0.5]),
        pd.Series(["b", "a", "b"], dtype="category"),
        pl.Series([True, False, True]),
    ],
)
def test_groups_are_coded_in_their_own_order(groups: Any) -> None:
    codes = as_groups(groups, 3)
    assert codes is not None
    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == np.int64


@pytest.mark.parametrize(
    "groups",
    [
        np.arange(20) + 2**62,
        np.arange(20, dtype=np.uint64) + np.uint64(2**64 - 20),
        pd.Series(np.arange(20) + 2**62, dtype="Int64"),
        pl.Series(np.arange(20) + 2**62),
        [2**80 + i for i in range(20)],
        np.datetime64("2024-01-01", "as") + np.arange(20),
        np.datetime64("2024-01-01", "ns") + np.arange(20),
        np.array([400_000 + i for i in range(20)], dtype="datetime64[Y]"),
        [f"2024-01-01T00:00:00.0000000{i:02d}" for i in range(20)],
    ],
    ids=lambda groups: str(getattr(groups, "dtype", type(groups[0]).__name__)),
)
def test_groups_and_times_are_exact(groups: Any) -> None:
    for values, step in ((groups, 1), (np.asarray(groups)[::-1], -1)):
        assert_array_equal(as_groups(values, 20), np.arange(20)[::step])
        assert_array_equal(as_time(values, 20), np.arange(20.0)[::step])


def test_groups_keep_type_and_text() -> None:
    assert_array_equal(as_groups(["007", "07", "7", "7"], 4), [0, 1, 2, 2])
    # 1 and 1.0 are one
    assert len(set(np.asarray(as_groups([1, "1", True, 1.0, b"1"], 5)).tolist())) == 4
    with pytest.raises(DataError, match=r"groups, row 0 .* list, which has no order"):
        as_groups(pd.Series([[1], [2]]), 2)


@pytest.mark.parametrize(
    "time",
    [
        ["2", "10"],
        [2, 10.5],
        [Decimal("2"), 3],
        [np.datetime64("2020"), pd.Timestamp("2021")],
        pd.to_timedelta([1, 2], "s"),
    ],
)
def test_times_of_other_kinds(time: Any) -> None:
    assert_array_equal(as_time(time, 2), [0.0, 1.0])


@pytest.mark.parametrize(
    "time",
    [
        [2, 1],
        ["2024-01-01T00:00:01", "2024-01-01"],
        pd.to_datetime(["2024-01-02", "2024-01-01"]),
        pl.Series([2.5, 0.5]),
    ],
)
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
