"""Same rows, same model: canonical rows do not depend on order, a weight is a repetition, a zero weight is no row."""

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
    b = canonical(as_table(frame.iloc[order]), y[order], weight[order], *((groups[order], time[order]) if beside else ()))
    assert_same(a, b)


def test_a_weight_is_a_repetition() -> None:
    frame, y, _ = mixed()
    times = np.random.default_rng(2).integers(0, 4, 200)
    again = np.repeat(np.arange(200), times)
    assert_same(canonical(as_table(frame), y, times.astype(float)), canonical(as_table(frame.iloc[again]), y[again], np.ones(len(again))))


def test_rows_and_inverse_lead_there_and_back() -> None:
    frame, y, weight = mixed()
    table = as_table(frame)
    found = canonical(table, y, weight)
    assert_array_equal(found.inverse < 0, weight == 0)
    assert_array_equal(found.inverse[found.rows], np.arange(found.table.n))
    used = weight > 0
    back = found.table.take(found.inverse[used])
    for there, column in zip(back.columns, table.take(used).columns, strict=True):
        assert_array_equal(there.values, column.values)
    assert_array_equal(np.bincount(found.inverse[used], weight[used]).round(9), found.weight.round(9))
    assert len(set(map(tuple, zip(*(c.values.astype(str) for c in found.table.columns), found.y[:, 0], strict=True)))) == found.table.n


def test_sorted_by_the_first_column_then_the_next_gaps_last() -> None:
    frame = pd.DataFrame({"level": ["b", None, "a", "a"], "x": [1.0, 2.0, np.nan, -1.0]})
    found = canonical(as_table(frame), np.zeros((4, 1)), np.ones(4))
    assert found.table.columns[0].values.tolist() == ["a", "a", "b", None]
    assert_array_equal(found.table.columns[1].values, [-1.0, np.nan, 1.0, 2.0])


def test_signed_zeros_are_one_row() -> None:
    X = np.array([[0.0], [-0.0]])
    for order in ([0, 1], [1, 0]):
        found = canonical(as_table(X[order]), np.zeros(2), np.ones(2))
        assert found.weight.tolist() == [2.0]
        assert not np.signbit(found.table.columns[0].values).any()


def test_class_codes_and_groups_separate_rows() -> None:
    X = np.ones((4, 1))
    found = canonical(as_table(X), np.array([0, 1, 1, 1]), np.ones(4), groups=np.array([5, 5, 9, 9]))
    assert found.y.tolist() == [0, 1, 1]
    assert found.weight.tolist() == [1.0, 1.0, 2.0]
    assert found.groups is not None
    assert found.groups.tolist() == [0, 0, 1]


def test_a_group_without_weight_leaves_no_code() -> None:
    found = canonical(as_table(np.arange(3.0)[:, None]), np.zeros(3), np.array([1.0, 0.0, 1.0]), groups=np.array([0, 1, 2]))
    assert found.groups is not None
    assert found.groups.tolist() == [0, 1]
