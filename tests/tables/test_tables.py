"""Tables: the same columns from every kind of frame, array and file; and an error with column, row
and next step for all that is wrong.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from motifnet.engine import DataError, MotifnetWarning
from motifnet.tables import GAP, Column, Schema, Table, as_table

NOON = dt.datetime(2024, 5, 31, 12, tzinfo=dt.UTC)
MICROSECONDS = int(NOON.timestamp()) * 1_000_000


def polars_frame() -> pl.DataFrame:
    """Two rows of all kinds, the second all gaps."""
    return pl.DataFrame(
        {
            "int": pl.Series([3, None], dtype=pl.Int32),
            "float": [1.5, None],
            "truth": [True, None],
            "text": ["ä", None],
            "level": pl.Series(["x", None], dtype=pl.Categorical),
            "time": [NOON.replace(tzinfo=None), None],
            "zoned": pl.Series([NOON, None]).dt.convert_time_zone("Asia/Tokyo"),
            "day": [NOON.date(), None],
            "span": [dt.timedelta(hours=1), None],
        }
    )


def objects_frame() -> pd.DataFrame:
    """The same as pandas objects."""
    columns = polars_frame().to_dict(as_series=False)
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


FRAMES: dict[str, Any] = {
    "polars": polars_frame,
    "pyarrow": lambda: polars_frame().to_arrow(),
    "pandas": lambda: polars_frame().to_pandas(),
    "pandas nullable": lambda: polars_frame().to_pandas().convert_dtypes(),
    "pandas pyarrow": lambda: polars_frame().to_pandas(use_pyarrow_extension_array=True),
    "pandas objects": objects_frame,
}
EXPECTED: dict[str, tuple[str, Any]] = {
    "int": ("numeric", 3.0),
    "float": ("numeric", 1.5),
    "truth": ("boolean", 1.0),
    "text": ("categorical", "ä"),
    "level": ("categorical", "x"),
    "time": ("date", MICROSECONDS),
    "zoned": ("date", MICROSECONDS),
    "day": ("date", MICROSECONDS - 12 * 3_600_000_000),
    "span": ("numeric", 3600.0),
}


@pytest.mark.parametrize("library", FRAMES)
def test_every_library_gives_the_same_columns(library: str) -> None:
    table = as_table(FRAMES[library]())
    assert table.named
    assert table.n == 2
    assert {c.name: (c.kind, c.values[0]) for c in table.columns} == EXPECTED
    for column in table.columns:
        assert_array_equal(column.missing, [False, True])
    assert (
        as_table(FRAMES[library](), schema=as_table(polars_frame()).schema).schema == table.schema
    )


def test_marks_of_a_gap() -> None:
    text, truth, number = as_table(
        pd.DataFrame(
            {
                "t": ["a", None, np.nan, pd.NA, ""],
                "b": [True, None, np.nan, pd.NA, False],
                "x": [1, None, np.nan, pd.NA, 2],
            }
        )
    ).columns
    assert text.values.tolist() == ["a", None, None, None, None]
    assert_array_equal(truth.values, [1, np.nan, np.nan, np.nan, 0])
    assert_array_equal(number.values, [1, np.nan, np.nan, np.nan, 2])
    assert as_table(pd.DataFrame({"d": [pd.Timestamp(0), pd.NaT]})).columns[0].values.tolist() == [
        0,
        GAP,
    ]


@pytest.mark.parametrize(
    ("X", "kinds"),
    [
        (np.eye(2), "numeric numeric"),
        (np.eye(2, dtype=np.float32), "numeric numeric"),
        (np.eye(2, dtype=np.int8), "numeric numeric"),
        (np.eye(2, dtype=bool), "boolean boolean"),
        (np.eye(2).astype(object), "numeric numeric"),
        ([[1, "a"], [2, None]], "numeric categorical"),
        ([[1.5, True], [2, False]], "numeric numeric"),
        (np.array([["1", "a"], ["2.5", "b"]]), "numeric categorical"),
        (np.array([[b"1", b"a"], [b"2.5", b"b"]]), "numeric categorical"),
        (np.array([["2024-01-01"], ["NaT"]], dtype="datetime64[D]"), "date"),
        (
            np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[True, False], [False, False]]),
            "numeric numeric",
        ),
        ([[Decimal("1.5"), 2**70], [1, 0]], "numeric numeric"),
        ([[1, True], ["a", 1.0]], "categorical numeric"),
    ],
)
def test_arrays_and_lists(X: Any, kinds: str) -> None:
    table = as_table(X)
    assert [c.kind for c in table.columns] == kinds.split()
    assert [c.name for c in table.columns] == [f"x{i}" for i in range(len(table.columns))]
    assert not table.named


def test_values_of_arrays() -> None:
    assert_array_equal(
        as_table(np.ma.masked_array([[1.0], [2.0]], [[True], [False]])).columns[0].values,
        [np.nan, 2.0],
    )
    assert as_table([[2**53 + 1], [2**70]]).columns[0].values.tolist() == [
        float(2**53 + 1),
        float(2**70),
    ]
    mixed = as_table(
        pd.DataFrame({"a": pd.Series(["x", 1, 1.0, 2.5, True], dtype=object)})
    ).columns[0]
    assert mixed.values.tolist() == ["x", "1", "1", "2.5", "True"]


def test_levels_of_pandas_categories_keep_their_type() -> None:
    frame = pd.DataFrame(
        {
            "i": pd.Categorical([3, None, 1]),
            "b": pd.Categorical([True, False, None]),
            "f": pd.Categorical([0.5, None, 1.0]),
        }
    )
    columns = as_table(frame).columns
    assert [(c.kind, c.level_type) for c in columns] == [
        ("categorical", "int"),
        ("categorical", "bool"),
        ("categorical", "float"),
    ]
    assert columns[0].values.tolist() == [3, None, 1]


def test_names_that_are_no_texts_are_no_names() -> None:
    table = as_table(pd.DataFrame(np.eye(2)))
    assert [c.name for c in table.columns] == ["x0", "x1"]
    assert not table.named
    with pytest.raises(
        TypeError, match="Feature names are only supported if all input features have string names"
    ):
        as_table(pd.DataFrame(np.eye(2), columns=["a", 1]))


BAD: list[tuple[Any, str]] = [
    (np.eye(2) * 1j, "Complex data not supported"),
    (np.array([[1j, 2.0]], dtype=object), "Complex data not supported"),
    (scipy.sparse.csr_array(np.eye(2)), r"Sparse data was passed.*X\.toarray"),
    (np.ones(3), r"Expected 2D array, got 1D array instead.*Reshape your data"),
    (pd.Series([1.0]), r"Expected 2D array, got 1D array instead.*Reshape your data"),
    (np.float64(3), "Expected 2D array, got scalar array instead"),
    (np.ones((2, 2, 2)), "Expected 2D array, got 3D array instead"),
    (np.ones((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
    (np.ones((12, 0)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required\."),
    (pd.DataFrame({"a": []}), r"0 sample\(s\)"),
    (pd.DataFrame(index=[1, 2]), r"0 feature\(s\)"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Duplicate column names: 'a'"),
    (pa.table([[1], [2]], names=["a", "a"]), "Duplicate column names: 'a'"),
    (pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, -np.inf]}), "infinity.*column 'b', row 1"),
    ([[10**400]], "infinity.*column 'x0', row 0"),
    ([[1, 2], [3]], "different lengths"),
    (np.zeros(2, dtype=[("a", float)]), "structured array"),
    (polars_frame().lazy(), r"X\.collect\(\)"),
    (pl.DataFrame({"a": [[1], [2]]}), "Column 'a', row 0"),
    ([[1.0], [{"foo": "bar"}]], "Column 'x0', row 1 .* argument must be a string or a number"),
]


@pytest.mark.parametrize(("X", "message"), BAD)
def test_bad_tables(X: Any, message: str) -> None:
    with pytest.raises(DataError, match=re.compile(message, re.DOTALL)):
        as_table(X)


def test_a_cell_of_a_strange_type_is_a_type_error_too() -> None:
    with pytest.raises(TypeError, match=r"argument must be .* string.* number"):
        as_table(np.array([[{"foo": "bar"}, 1.0]], dtype=object))


# --- later tables against the schema of the fit


def fitted() -> Schema:
    return as_table(
        pd.DataFrame({"x": [1.5], "b": [True], "c": ["u"], "d": [pd.Timestamp("2024-01-01")]})
    ).schema


GOOD: dict[str, list[Any]] = {"x": [2], "b": [0], "c": ["v"], "d": ["2024-05-31T12:00:00Z"]}


def columns_of(frame: Any, **options: Any) -> tuple[Column, ...]:
    return as_table(frame, schema=fitted(), **options).columns


def test_columns_come_in_the_kinds_of_the_fit() -> None:
    x, b, c, d = columns_of(pd.DataFrame(GOOD))
    assert [x.kind, b.kind, c.kind, d.kind] == ["numeric", "boolean", "categorical", "date"]
    assert (x.values[0], b.values[0], c.values[0], d.values[0]) == (2.0, 0.0, "v", MICROSECONDS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", " 2", None], [1.5, 2.0, np.nan]),
        ([True, False, True], [1.0, 0.0, 1.0]),
        ([None] * 3, [np.nan] * 3),
    ],
)
def test_numbers_from_other_kinds(values: list[Any], expected: list[float]) -> None:
    frame = pd.DataFrame({name: value * 3 for name, value in GOOD.items()} | {"x": values})
    assert_array_equal(columns_of(frame)[0].values, expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, np.nan], [1.0, np.nan]),
        (["True", "false"], [1.0, 0.0]),
        ([None, None], [np.nan, np.nan]),
    ],
)
def test_truth_from_other_kinds(values: list[Any], expected: list[float]) -> None:
    frame = pd.DataFrame({name: value * 2 for name, value in GOOD.items()} | {"b": values})
    assert_array_equal(columns_of(frame)[1].values, expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, np.nan], ["1", None]),
        ([True, False], ["True", "False"]),
        ([None, None], [None, None]),
        (pd.to_datetime(["2024-01-31", None]), ["2024-01-31", None]),
    ],
)
def test_levels_from_other_kinds(values: Any, expected: list[Any]) -> None:
    frame = pd.DataFrame({name: value * 2 for name, value in GOOD.items()} | {"c": values})
    assert columns_of(frame)[2].values.tolist() == expected


def test_levels_that_are_integers() -> None:
    schema = as_table(pd.DataFrame({"i": pd.Categorical([3, 1])})).schema
    found = as_table(pd.DataFrame({"i": ["3", "x", None]}), schema=schema).columns[0]
    assert found.values.tolist() == [3, "x", None]
    assert as_table(pd.DataFrame({"i": [3.0, 2.5, np.nan]}), schema=schema).columns[
        0
    ].values.tolist() == [3, 2.5, None]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "x",
            ["1", "?", "!"],
            r"Column 'x', row 1 .* holds '\?', but this column takes "
            r"numbers.*leave the cell empty",
        ),
        (
            "x",
            pd.to_datetime(["2024-01-01"] * 3),
            "Column 'x', row 0 .* '2024-01-01'.* takes numbers",
        ),
        ("x", ["inf", "1", "2"], "infinity.*column 'x', row 0"),
        ("b", [0.0, 1.0, 2.0], r"Column 'b', row 2 .* holds 2\.0.* takes true or false"),
        ("b", ["yes", "no", "yes"], "Column 'b', row 0 .* 'yes'.* takes true or false"),
        ("d", ["2024-01-01", "soon", None], "Column 'd', row 1 .* 'soon'.* takes dates"),
        ("d", [1.0, 2.0, 3.0], r"Column 'd', row 0 .* 1\.0.* takes dates"),
        ("x", [1j] * 3, "Complex data not supported: column 'x'"),
    ],
)
def test_values_of_another_kind_than_at_the_fit(name: str, values: Any, message: str) -> None:
    frame = pd.DataFrame({key: value * 3 for key, value in GOOD.items()} | {name: values})
    with pytest.raises(DataError, match=message):
        columns_of(frame)


def test_names_must_match_in_scikit_learns_words() -> None:
    frame = pd.DataFrame(GOOD)
    with pytest.raises(
        DataError,
        match=r"^The feature names should match those that were passed during fit\.\nFeature "
        r"names must be in the same order as they were in fit\.",
    ):
        columns_of(frame[["b", "x", "c", "d"]])
    with pytest.raises(DataError, match=r"fit\.\nFeature names unseen at fit time:\n- new\n"):
        columns_of(frame.assign(new=1))
    with pytest.raises(
        DataError,
        match=r"fit\.\nFeature names seen at fit time, yet now "
        r"missing:\n- c\n- x\n",
    ):
        columns_of(frame.drop(columns=["x", "c"]))
    with pytest.raises(
        DataError, match="X has 3 features, but motifnet is expecting 4 features as input"
    ):
        columns_of(np.ones((2, 3)))


def test_the_command_line_finds_columns_by_name() -> None:
    frame = pd.DataFrame(GOOD)
    reordered = columns_of(frame[["d", "b", "x", "c"]], reorder=True)
    for one, other in zip(reordered, columns_of(frame), strict=True):
        assert one.name == other.name
        assert_array_equal(one.values, other.values)
    with pytest.warns(MotifnetWarning, match="ignored: 'new'"):
        columns_of(frame.assign(new=1j), reorder=True)
    with pytest.raises(DataError, match="yet now missing:\n- x\n"):
        columns_of(frame.drop(columns="x"), reorder=True)


def test_columns_without_names_are_taken_in_order_with_a_warning() -> None:
    schema = as_table(pd.DataFrame({"a": [1.0], "b": [2.0]})).schema
    with pytest.warns(MotifnetWarning, match="X does not have valid feature names, but"):
        assert [c.name for c in as_table(np.eye(2), schema=schema).columns] == ["a", "b"]
    with pytest.warns(MotifnetWarning, match="X has feature names, but"):
        as_table(pd.DataFrame({"a": [1.0], "b": [2.0]}), schema=as_table(np.eye(2)).schema)


def test_take_keeps_the_schema() -> None:
    table = as_table(polars_frame())
    part = table.take(np.array([True, False]))
    assert isinstance(part, Table)
    assert (part.n, part.schema) == (1, table.schema)
