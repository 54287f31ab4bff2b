"""Same rows, same model: canonical rows do not depend on order, a weight is a repetition, a zero
weight is no row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from motifnet.tables import CanonicalRows, as_table, canonical


def mixed(n: int = 200, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """A frame of all kinds with gaps and repeated rows, a target and weights with zeros."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.integers(0, 4, n) / 2.0,
            "truth": rng.integers(0, 2, n) > 0,
            "level": rng.choice(["b", "a", "ä"], n),
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 2, n), unit="D"),
        }
    )
    frame.loc[rng.random(n) < 0.2, "number"] = np.nan
    frame.loc[rng.random(n) < 0.2, "level"] = None
    frame.loc[rng.random(n) < 0.2, "date"] = pd.NaT
    return frame, rng.integers(0, 2, (n, 1)).astype(float), rng.choice([0.0, 0.1, 0.3, 1.7], n)


def assert_same(a: CanonicalRows, b: CanonicalRows) -> None:
    for left, right in zip(a.table.columns, b.table.columns, strict=True):
        assert_array_equal(left.values, right.values)
    assert_array_equal(a.y, b.y)
    assert_array_equal(a.weight, b.weight)
    for left_key, right_key in ((a.groups, b.groups), (a.time, b.time)):
        assert (left_key is None) == (right_key is None)
        if left_key is not None and right_key is not None:
            assert_array_equal(left_key, right_key)


@pytest.mark.parametrize("beside", [False, True])
def test_order_of_rows_does_not_matter_to_the_last_bit(beside: bool) -> None:
    frame, y, weight = mixed()
    rng = np.random.default_rng(1)
    groups, time = rng.integers(0, 3, 200), rng.integers(0, 3, 200).astype(float)
    order = rng.permutation(200)
    a = canonical(as_table(frame), y, weight, *((groups, time) if beside else ()))
    b = canonical(
        as_table(frame.iloc[order]),
        y[order],
        weight[order],
        *((groups[order], time[order]) if beside else ()),
    )
    assert_same(a, b)


def test_equal_rows_stay_as_many_as_they_are() -> None:
    frame, y, _ = mixed()
    times = np.random.default_rng(2).integers(0, 4, 200)
    again = np.repeat(np.arange(200), times)
    found = canonical(as_table(frame.iloc[again]), y[again], np.ones(len(again)))
    assert_array_equal(np.sort(found.rows), np.arange(len(again)))
    assert (found.weight == 1).all()


def test_rows_of_no_weight_are_dropped_and_the_others_found_again() -> None:
    frame, y, weight = mixed()
    table = as_table(frame)
    found = canonical(table, y, weight)
    assert_array_equal(np.sort(found.rows), np.flatnonzero(weight > 0))
    for there, column in zip(found.table.columns, table.take(found.rows).columns, strict=True):
        assert_array_equal(there.values, column.values)
    assert_array_equal(found.weight, weight[found.rows])
    assert_array_equal(found.y, y[found.rows])


def test_sorted_by_the_first_column_then_the_next_gaps_last() -> None:
    frame = pd.DataFrame({"level": ["b", None, "a", "a"], "x": [1.0, 2.0, np.nan, -1.0]})
    found = canonical(as_table(frame), np.zeros((4, 1)), np.ones(4))
    assert found.table.columns[0].values.tolist() == ["a", "a", "b", None]
    assert_array_equal(found.table.columns[1].values, [-1.0, np.nan, 1.0, 2.0])


def test_signed_zeros_are_equal() -> None:
    X = np.array([[0.0], [-0.0]])
    for order in ([0, 1], [1, 0]):
        found = canonical(as_table(X[order]), np.zeros(2), np.ones(2))
        assert found.weight.tolist() == [1.0, 1.0]
        assert not np.signbit(found.table.columns[0].values).any()


def test_equal_columns_are_sorted_by_target_then_group() -> None:
    X = np.ones((4, 1))
    found = canonical(
        as_table(X), np.array([1, 1, 0, 1]), np.ones(4), groups=np.array([9, 5, 5, 9])
    )
    assert found.y.tolist() == [0, 1, 1, 1]
    assert found.groups is not None
    assert found.groups.tolist() == [0, 0, 1, 1]


def test_a_group_without_weight_leaves_no_code() -> None:
    found = canonical(
        as_table(np.arange(3.0)[:, None]),
        np.zeros(3),
        np.array([1.0, 0.0, 1.0]),
        groups=np.array([0, 1, 2]),
    )
    assert found.groups is not None
    assert found.groups.tolist() == [0, 1]
