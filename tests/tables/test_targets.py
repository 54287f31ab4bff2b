"""Targets, weights, groups and times: right types, right phrases, rows named."""

from __future__ import annotations

import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from packaging.version import Version
from sklearn.exceptions import DataConversionWarning

from motifnet import MotifClassifier, load
from motifnet.engine import DataError, MotifnetWarning
from motifnet.tables import Task, as_groups, as_target, codes_among


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
    "y",
    [
        pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}),
        pl.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}),
        np.array([[1, 0.5], [2, 1.5]]),
    ],
)
def test_several_targets(y: Any) -> None:
    target = as_target(y, 2, "regression")
    assert_array_equal(target.values, [[1, 0.5], [2, 1.5]])
    assert target.names == (("y0", "y1") if isinstance(y, np.ndarray) else ("a", "b"))
    assert not target.flat


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_column_vector_is_taken_as_flat_with_scikit_learns_warning(task: Task) -> None:
    with pytest.warns(
        DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"
    ):
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


@pytest.mark.parametrize(
    "y",
    [
        np.array(["1", "0", "1"]),
        np.array(["01", "1", "1.0"]),
        np.array(["007", "07", "7"], dtype=object),
        np.array(["", " ", "nan", "NA", "None", "a"], dtype=object),
        np.array(["1_0", "10"]),
        np.array(["ü", "u", "\ud800"], dtype=object),
        np.array([2**63 - 1, 2**63 - 2, -(2**63)]),
        np.array([2**64 - 1, 0], dtype=np.uint64),
        np.array([2**70 + 1, 2**70], dtype=object),
        np.array([3.0, 1.0, -0.0, 0.0], dtype=np.float32),
        np.array([True, False], dtype=object),
        np.array([np.str_("b"), "a"], dtype=object),
        np.array([np.int8(3), 2, 3], dtype=object),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")
def test_labels_are_those_that_came_in(y: NDArray[Any]) -> None:
    """By dtype and by string: no label is read as a number, no integer is rounded."""
    expected, codes = np.unique(y, return_inverse=True)
    series = [y, pd.Series(y, dtype=object if y.dtype.kind == "O" else None), list(y)] + (
        [pl.Series(y.tolist())] if y.dtype.kind != "O" else []
    )
    for labels in series:
        target = as_target(labels, len(y), "classification")
        assert target.classes is not None and target.labels is not None
        assert list(target.classes) == expected.tolist()
        assert [type(level) for level in target.classes] == [
            type(getattr(level, "item", lambda level=level: level)()) for level in expected.tolist()
        ]
        assert_array_equal(target.labels, codes)
        assert_array_equal(as_groups(labels, len(y)), codes)
        assert_array_equal(codes_among(target.classes, labels, len(y)), codes)


LABELS = st.one_of(
    st.lists(st.text(), min_size=2, max_size=8),
    st.lists(
        st.sampled_from(
            [
                "1",
                "01",
                "1.0",
                "1e0",
                "+1",
                "1_0",
                "NA",
                "nan",
                "None",
                "",
                " ",
                "True",
                "inf",
                "2024-01-01",
            ]
        ),
        min_size=2,
        max_size=9,
    ),
    st.lists(st.integers(), min_size=2, max_size=8),
    st.lists(st.booleans(), min_size=2, max_size=8),
    st.lists(st.integers(-(2**53), 2**53).map(float), min_size=2, max_size=8),
)
DTYPES = st.sampled_from(
    [
        None,
        object,
        "U",
        "S",
        "int64",
        "uint64",
        "int8",
        "float32",
        "float64",
        "bool",
        "datetime64[s]",
    ]
)


@given(LABELS, DTYPES)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@pytest.mark.filterwarnings("ignore")
def test_classes_are_the_unique_labels(values: list[Any], dtype: Any) -> None:
    try:
        y = np.array(values, dtype=dtype)
    except (ValueError, OverflowError, UnicodeError):
        return
    expected, codes = np.unique(y, return_inverse=True)
    if not pd.isna(y).any():
        assert_array_equal(as_groups(y, len(y)), codes)
    if (
        len(expected) < 2
        or y.dtype.kind in "SM"
        or (y.dtype.kind == "f" and not np.isfinite(y).all())
    ):
        with pytest.raises(DataError):
            as_target(y, len(y), "classification")
        return
    target = as_target(y, len(y), "classification")
    assert list(target.classes or ()) == expected.tolist()
    assert_array_equal(target.labels, codes)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            [1, "1"],
            "Mix of label input types: y holds a number .1 in row 0. and a string .'1' in row 1",
        ),
        (np.array([True, 2], dtype=object), "Mix of label input types: y holds a truth value"),
        (np.array([b"a", b"b"]), "strings of bytes"),
        ([b"a", b"b"], "strings of bytes"),
        (pd.to_timedelta([1, 2], unit="s"), "dates or durations"),
    ],
)
def test_labels_of_no_one_kind(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_target(y, 2, "classification")


def test_labels_of_another_kind_than_the_classes_are_refused() -> None:
    assert codes_among((False, True), [0, 1, 5], 3).tolist() == [0, 1, -1]
    for classes, y in (
        (("0", "1"), [0, 1]),
        ((0, 1), ["0", "1"]),
        (("a", "b"), pd.to_datetime(["2024-01-01"] * 2)),
    ):
        with pytest.raises(DataError, match=r"y, row 0 .* but the classes are .* convert y"):
            codes_among(classes, y, 2)


@pytest.mark.parametrize(
    ("y", "task", "values"),
    [
        (pd.array([True, None, False], dtype="boolean"), "regression", "NaN. Row 1"),
        ([True, None, False], "classification", "NaN. Row 1"),
        (pd.array([True, False, True], dtype="boolean"), "regression", [1, 0, 1]),
        (
            pa.chunked_array(
                [pa.array([Decimal("1.5"), Decimal("2"), Decimal("-3")], pa.decimal128(38, 5))]
            ),
            "regression",
            [1.5, 2, -3],
        ),
        (
            pa.chunked_array(
                [pa.array([Decimal("1"), Decimal("2"), Decimal("1")], pa.decimal128(38, 5))]
            ),
            "classification",
            [0, 1, 0],
        ),
        ([2**70, 2**65, -(2**80)], "regression", [2.0**70, 2.0**65, -(2.0**80)]),
        (np.array([2**64 - 1, 0, 1], dtype=np.uint64), "regression", [2.0**64, 0, 1]),
        (np.array(["1_0", "2", "3"]), "regression", "'1_0' in row 0"),
        (np.array(["1,5", "2,5", "3,5"]), "regression", "'1,5' in row 0.*--decimal ,"),
        (["12 %", "3 %", "4 %"], "regression", "'12 %' in row 0.*per cent"),
        (np.array(["1.5", "2", "?"]), "regression", r"'\?' in row 2.*--missing '\?'"),
    ],
)
def test_targets_are_taken_or_refused_for_the_right_reason(y: Any, task: Task, values: Any) -> None:
    if isinstance(values, str):
        with pytest.raises(DataError, match=values):
            as_target(y, 3, task)
    else:
        assert_array_equal(as_target(y, 3, task).values[:, 0], values)


NOTED = {
    "decimal comma": (["1,5", "2,5", "3,25"], "row 0 .*'1,5'.*--decimal ,.*a class of its own"),
    "thousands": (["1,200.5", "950", "12,000"], "row 0 .*'1,200.5'.*thousands"),
    "currency": (["€ 20", "€ 31.50", "€ 7"], "row 0 .*'€ 20'.*currency"),
    "per cent": (["20%", "31 %", "7.5%"], "row 0 .*'20%'.*per cent"),
    "underscores": (["1_0", "10", "20"], "row 0 .*'1_0'"),
    "one mark": (["1", "2", "?"], r"row 2 .*'\?'.*--missing '\?'"),
    "one error": (["1", "2", "#DIV/0!"], "row 2 .*'#DIV/0!'"),
    "a class named NA": (
        ["yes", "no", "NA"],
        "row 2 .*'NA', which is taken as a class.*--missing 'NA'",
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_classes_that_may_be_meant_as_numbers_are_noted(case: str) -> None:
    values, message = NOTED[case]
    with pytest.warns(MotifnetWarning, match=f"Target 'y', {message}"):
        as_target(pd.Series(values, name="y"), 3, "classification")


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b", "c"],
        ["1", "2", "10"],
        ["2024-01-01", "2024-01-02", "x"],
        ["10-20", "20-30", "30+"],
        ["1.2.3", "1.2.4", "b"],
    ],
)
def test_other_classes_are_not_noted(y: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_target(y, 3, "classification")


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
        (
            [1.0, np.inf],
            "regression",
            r"Input y contains infinity or a value too large for "
            r"dtype\('float64'\)\. Row 1",
        ),
        (pl.Series([1.0, np.inf]), "regression", "Input y contains infinity"),
        ([1.0, np.inf], "classification", "Input y contains infinity"),
        ([1.0, 2.0, 3.0], "regression", r"inconsistent numbers of samples: \[2, 3\]"),
        (
            ["a", "b"],
            "regression",
            "Unknown label type: y holds 'a' in row 0, but a regression needs numbers",
        ),
        (
            pd.to_datetime(["2024-01-01", "2024-01-02"]),
            "classification",
            "Unknown label type: y holds dates",
        ),
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


@pytest.mark.parametrize(
    "labels",
    [
        ["1", "0"],
        ["01", "1"],
        pytest.param(
            ["a\0", "a"],
            marks=pytest.mark.skipif(
                Version(pd.__version__).major < 3,
                reason="pandas 2 compares strings up to their first NUL character",
            ),
        ),
        [2**63, -1],
        [2**70, 2**70 + 1],
        [True, False],
        [0.0, 1.0],
        ["", "NA"],
    ],
    ids=repr,
)
@pytest.mark.usefixtures("short_fits")
@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")
def test_a_classifier_gives_back_the_labels_of_its_fit(labels: list[Any], tmp_path: Path) -> None:
    y = np.array(
        labels * 20,
        dtype=object
        if isinstance(labels[0], str | int) and not isinstance(labels[0], bool)
        else None,
    )
    X = np.array([y == labels[0], np.arange(40)], dtype=float).T
    model = MotifClassifier(preset="fast", n_jobs=1).fit(X, y)
    model.save(tmp_path / "m.motif")
    for found in (model, load(tmp_path / "m.motif")):
        assert found.classes_.tolist() == np.unique(y).tolist()
        assert found.predict(X).tolist() == y.tolist()
        assert found.score(X, y) == 1
