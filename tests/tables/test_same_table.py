"""The same table is the same in memory, as CSV and as parquet: texts that look like numbers, dates
or missing values stay the texts that they are.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from motifnet import MotifRegressor, load
from motifnet.engine import DataError, MotifnetWarning, UsageError
from motifnet.tables import (
    Reading,
    Table,
    as_table,
    as_weight,
    note_strings,
    open_stream,
    read_table,
)
from tests.shared.command import done, run

pytestmark = pytest.mark.usefixtures("short_fits")

NASTY = [
    "NA",
    "None",
    "null",
    "NaN",
    "nan",
    "N/A",
    "<NA>",
    "",
    " ",
    "  NA ",
    "1e5",
    "1_0",
    "007",
    "7",
    "1,5",
    "True",
    "inf",
    "-",
    "2024-01-01",
    "#DIV/0!",
]
NASTY += [
    '"',
    '""',
    "'",
    "a,b",
    "a;b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\u202e",
    "ü",
    "ü",
    "名",
    "=SUM(A1)",
    "\\",
    "\ufeff",
    "0x1A",
    "١",
    "1,234",
    "1.234,5",
    "12 %",
    "12,5\u00a0%",
    "31.12.2024",
    "31.2.2024",
]
CELLS = st.one_of(
    st.sampled_from(NASTY),
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6),
)
NUMBERS = st.one_of(
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**53), 2**53).map(float),
)
WHOLE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))


def table_of(cells: list[Any]) -> pd.DataFrame:
    """Columns of every kind, the texts as they are."""
    texts, numbers, whole, truth, days = (list(column) for column in zip(*cells, strict=True))
    return pd.DataFrame(
        {
            "t": pd.Series(texts, dtype=object),
            "x": pd.Series(numbers, dtype=float),
            "k": pd.Categorical(pd.array(whole, dtype="Int64").astype(object)),
            "b": pd.array(truth, dtype="boolean"),
            "d": pd.Series(days, dtype="datetime64[us]"),
        }
    )


def assert_same(one: Table, two: Table) -> None:
    for a, b in zip(one.columns, two.columns, strict=True):
        assert (a.name, a.kind, a.level_type) == (b.name, b.kind, b.level_type)
        assert [type(v) for v in a.values.tolist()] == [type(v) for v in b.values.tolist()], a.name
        assert_array_equal(a.values, b.values, err_msg=a.name)


DAYS = st.one_of(st.none(), st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")))
ROWS = st.lists(
    st.tuples(CELLS, NUMBERS, WHOLE, st.sampled_from([True, False, None]), DAYS),
    min_size=1,
    max_size=12,
)


EMPTY: list[Any] = [None] * 4
LINES = [[cell, *EMPTY] for cell in ("a\nb", "a\r\nb", None, "c")]


@example(LINES, LINES, ())
@given(ROWS, ROWS, st.sampled_from([(), ("?",), ("NA", "-999")]))
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_a_table_is_the_same_in_memory_and_in_files(
    fitted: Any, later: Any, missing: tuple[str, ...]
) -> None:
    frame, first = (
        table_of(later),
        as_table(table_of([*fitted, ("text", 1.0, 1, True, pd.Timestamp(0))])),
    )
    schema = type(first.schema)(
        first.schema.names,
        first.schema.kinds,
        first.schema.level_types,
        True,
        Reading(".", missing),
    )
    memory = as_table(frame, schema=schema)
    with TemporaryDirectory() as folder:
        for name in ("t.csv", "t.tsv", "t.parquet"):
            path = Path(folder) / name
            if name == "t.parquet":
                # beside a NaN pandas takes them through a float
                whole = [None if pd.isna(k) else k for k in frame["k"]]
                frame.assign(k=pd.array(whole, dtype="Int64")).to_parquet(path)
            else:
                frame.to_csv(path, index=False, sep="\t" if name == "t.tsv" else ",")
            assert_same(as_table(read_table(path, schema=schema), schema=schema), memory)
            stream = open_stream(path, schema.reading)
            assert_same(
                as_table(
                    stream.frame([block.raw for block in stream.blocks()], schema.strings),
                    schema=schema,
                ),
                memory,
            )


def nasty_frame(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    levels = np.array(["NA", "None", "null", "007", "7", "nan", " ", "a"], dtype=object)
    frame = pd.DataFrame(
        {
            "id": rng.permutation(np.resize(["NA", "null", "007", "7", "1e5"], n)),
            "level": rng.choice(levels, n),
            "x": rng.normal(size=n),
        }
    )
    frame["y"] = (
        5.0 * (frame["level"] == "NA")
        - 4.0 * (frame["level"] == "007")
        + frame["x"]
        + 0.1 * rng.normal(size=n)
    )
    return frame


def test_python_and_command_line_predict_alike(tmp_path: Path) -> None:
    """Whoever fitted, and from whatever kind of file."""
    frame = nasty_frame()
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    MotifRegressor(preset="fast").fit(frame[["level", "x"]], frame["y"]).save(
        tmp_path / "python.motif"
    )
    for kind in ("csv", "parquet"):
        done(
            "fit",
            tmp_path / f"t.{kind}",
            "-t",
            "y",
            "-o",
            tmp_path / f"{kind}.motif",
            "--drop",
            "id",
            "--preset",
            "fast",
            "--quiet",
        )
    expected = load(tmp_path / "python.motif").predict(frame[["level", "x"]])
    assert np.abs(expected - frame["y"]).max() < 1
    for model in ("python", "csv", "parquet"):
        assert_array_equal(
            load(tmp_path / f"{model}.motif").predict(frame[["level", "x"]]), expected
        )
        for table in ("t.csv", "t.parquet"):
            done(
                "predict",
                tmp_path / f"{model}.motif",
                tmp_path / table,
                "--out",
                tmp_path / "out.csv",
                "--id",
                "id",
                "--force",
            )
            out = pd.read_csv(tmp_path / "out.csv", dtype={"id": str}, keep_default_na=False)
            assert out["id"].tolist() == frame["id"].tolist()
            np.testing.assert_allclose(out["predicted_y"], expected, rtol=1e-14)


def test_a_model_keeps_how_its_table_was_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, c = rng.normal(size=80).round(3), rng.choice(["a", "b", "k.A."], 80)
    y = np.sin(3 * x) + (c == "a")
    german = pd.DataFrame(
        {
            "x": [f"{v:.3f}".replace(".", ",") for v in x],
            "c": c,
            "y": [f"{v:.6f}".replace(".", ",") for v in y],
        }
    )
    german.loc[3, "x"] = "?"
    german.to_csv(tmp_path / "german.csv", index=False, sep=";")
    fit = [
        "fit",
        tmp_path / "german.csv",
        "-t",
        "y",
        "--preset",
        "fast",
        "--quiet",
        "--size",
        "full",
    ]
    done(*fit, "-o", tmp_path / "m.motif", "--decimal", ",", "--missing", "?", "--missing", "k.A.")
    schema = load(tmp_path / "m.motif").model_.schema
    assert schema.kinds == ("numeric", "categorical") and schema.reading == Reading(
        ",", ("?", "k.A.")
    )
    plain = pd.DataFrame(
        {
            "x": np.where(np.arange(80) == 3, np.nan, x),
            "c": pd.Series(c, dtype=object).replace("k.A.", None),
        }
    )
    expected = load(tmp_path / "m.motif").predict(plain)
    # texts as the file has them
    assert_array_equal(load(tmp_path / "m.motif").predict(german[["x", "c"]]), expected)
    english = pd.DataFrame({"x": x.astype(str), "c": c})
    english.loc[3, "x"] = "n/k"
    english.to_csv(tmp_path / "english.csv", index=False)
    for table, options in (
        ("german.csv", []),
        ("english.csv", ["--decimal", ".", "--missing", "n/k"]),
    ):
        done(
            "predict",
            tmp_path / "m.motif",
            tmp_path / table,
            "--out",
            tmp_path / "out.csv",
            "--force",
            *options,
        )
        np.testing.assert_allclose(
            pd.read_csv(tmp_path / "out.csv")["predicted_y"], expected, rtol=1e-14, atol=1e-15
        )
    small = load(tmp_path / "m.motif").compress(plain, max_units=8)
    compress = [
        "compress",
        tmp_path / "m.motif",
        tmp_path / "english.csv",
        "--out",
        tmp_path / "s.motif",
        "--max-units",
        "8",
        "--quiet",
    ]
    done(*compress, "--decimal", ".", "--missing", "n/k")
    assert_array_equal(load(tmp_path / "s.motif").predict(plain), small.predict(plain))
    assert "'x', row 0" in run("predict", tmp_path / "m.motif", tmp_path / "english.csv").stderr
    refused = run(*fit, "-o", tmp_path / "n.motif")
    assert refused.exit_code == 3
    assert "'y', row 0" in refused.stderr and "--decimal ," in refused.stderr


@pytest.mark.filterwarnings("ignore:Column 'c' holds")
@pytest.mark.parametrize(
    ("lines", "kind", "values"),
    [
        ("NA\nnull\n", "categorical", ["NA", "null"]),
        ("NA\na\n", "categorical", ["NA", "a"]),
        ("NA\n1\n", "numeric", [np.nan, 1.0]),
        ("n/a\n#N/A\nNAN\n2\n", "numeric", [np.nan, np.nan, np.nan, 2.0]),
        ("NA\nTRUE\nfalse\n", "boolean", [np.nan, 1.0, 0.0]),
        ("NaT\n2024-01-01\n", "date", [np.iinfo(np.int64).min, 1_704_067_200_000_000]),
        ("1_0\n1\n", "categorical", ["1_0", "1"]),
        ("12.5 %\nNA\n7%\n", "numeric", [0.125, np.nan, 0.07]),
        ("12.3 %\n3 ‰\n", "numeric", [0.123, 0.003]),
        ("12 %\n13\n", "categorical", ["12 %", "13"]),
        ("31.12.1969\n1.1.1970 00:00\n", "date", [-86_400_000_000, 0]),
        ("31.2.2024\n1.1.1970\n", "categorical", ["31.2.2024", "1.1.1970"]),
        ("١\n1\n", "categorical", ["١", "1"]),
        ("18446744073709551617\n1\n", "numeric", [2.0**64, 1.0]),
        ('""\n""\n', "numeric", [np.nan, np.nan]),
    ],
)
def test_kinds_of_columns_of_a_file(
    lines: str, kind: str, values: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("c\n" + lines)
    column = as_table(read_table(tmp_path / "t.csv")).columns[0]
    assert column.kind == kind
    assert_array_equal(column.values, np.array(values, dtype=column.values.dtype))


def test_texts_that_resemble_numbers_are_no_numbers() -> None:
    """In arrays, at a prediction, as levels and as weights, where Python itself would read them."""
    assert as_table(np.array([["1_0"], ["2"]])).columns[0].kind == "categorical"
    schema = as_table(pd.DataFrame({"x": [1.5], "k": pd.Categorical([10])})).schema
    with pytest.raises(DataError, match=r"'x', row 0 .*'1_0'"):
        as_table(pd.DataFrame({"x": ["1_0"], "k": [10]}), schema=schema)
    assert as_table(pd.DataFrame({"x": [1], "k": ["1_0"]}), schema=schema).columns[
        1
    ].values.tolist() == ["1_0"]
    with pytest.raises(DataError, match="not numbers"):
        as_weight(["1_0", "1"], 2)


def test_whole_numbers_as_levels_are_exact() -> None:
    schema = as_table(
        pd.DataFrame({"k": pd.Categorical([2**53, 2**53 + 1]), "t": ["9007199254740993", "x"]})
    ).schema
    for k in (
        pd.Series([2**53 + 1]),
        pd.Series([2**53 + 1], dtype="Int64"),
        pd.Series([2**53 + 1], dtype=object),
    ):
        table = as_table(pd.DataFrame({"k": k, "t": k}), schema=schema)
        assert [column.values.tolist() for column in table.columns] == [
            [2**53 + 1],
            ["9007199254740993"],
        ]


@pytest.mark.parametrize(
    "unit", ["datetime64[Y]", "datetime64[D]", "datetime64[s]", "timedelta64[Y]", "timedelta64[D]"]
)
def test_dates_beyond_int64_do_not_wrap(unit: str) -> None:
    values = np.array(
        [
            [0],
            [
                400_000
                * (1 if unit.endswith("[Y]") else 400 if unit.endswith("[D]") else 40_000_000)
            ],
        ],
        dtype=unit,
    )
    with pytest.raises(DataError, match=r"Column 'x0', row 1 .* more than 290,000 years from 1970"):
        as_table(values)


def test_columns_that_may_be_meant_as_numbers_are_noted() -> None:
    columns = {
        "comma": (["1,5", "2,5", "3"], r"'comma', row 0 .*'1,5'.*--decimal ,"),
        "mark": (["1", "2", "?"], r"'mark', row 2 .*'\?'.*--missing '\?'"),
        "point": (["1", ".", "2"], r"'point', row 1 .*'\.'.*--missing"),
        "error": (["1", "2", "#DIV/0!"], "'error', row 2 .*'#DIV/0!'"),
        "many": ([str(i) for i in range(99)] + ["?"], "'many', row 99"),
        "money": (["$1,200.50", "$3", "$4"], "'money', row 0 .*currency"),
        "under": (["1_0", "10", "11"], "'under', row 0 .*'1_0'"),
        "share": (["12 %", "13 %", "14"], "'share', row 0 .*'12 %'.*per cent"),
        "comma_share": (["12,5 %", "13,0 %"], "'comma_share', row 0 .*--decimal ,"),
        "thousands": (["1.234,50", "2.345,60"], "'thousands', row 0 .*--thousands"),
        "day": (["31.12.2024", "1.2.2024", "?"], r"'day', row 0 .*a date\?.*dayfirst"),
    }
    for name, (values, message) in columns.items():
        frame = pd.DataFrame({name: values, "beside": 1.0})
        with pytest.warns(MotifnetWarning, match=message):
            note_strings(as_table(frame), frame)
    lost = pd.DataFrame({"c": ["1", "2", "3", "?"]})[1:]
    with pytest.warns(MotifnetWarning, match="'c', row 3 "):
        note_strings(as_table(lost), lost)


@pytest.mark.parametrize(
    ("decimal", "thousands", "string", "number"),
    [
        (",", "", "1.234,5", 1234.5),
        (",", "", "-12.345.678,90", -12345678.9),
        (",", "", "1234,5", 1234.5),
        (",", "", "1.234", None),
        (",", "", "0.125,5", None),
        (",", "", "1.23,5", None),
        (",", "", "1,234.5", None),
        (",", "", "12,5 %", 0.125),
        (",", ".", "1.234", 1234.0),
        (",", ".", "1.234,5\u202f%", 12.345),
        (",", ".", "12.34", None),
        (",", " ", "1.234,5", None),
        (".", "", "1,234", None),
        (".", ",", "1,234", 1234.0),
        (".", ",", "-1,234,567.25", -1234567.25),
        (".", ",", "0,123", None),
        (".", ",", "1,23", None),
        (".", " ", "1\u00a0234", 1234.0),
        (".", "'", "1’234.5", 1234.5),
        (".", "'", "1e5", 1e5),
        (".", "", "1e2 %", None),
        (".", "", "%", None),
    ],
)
def test_how_numbers_are_written(
    decimal: str, thousands: str, string: str, number: float | None
) -> None:
    assert Reading(decimal, thousands=thousands).number(string) == number


@pytest.mark.parametrize(("decimal", "thousands"), [(",", ","), (".", "."), (".", "x")])
def test_separators_that_cannot_be(decimal: str, thousands: str) -> None:
    with pytest.raises(UsageError, match="does not separate thousands"):
        Reading(decimal, thousands=thousands)


SALES = "menge;rabatt;tag;umsatz\n1.234;12,5 %;31.12.2024;1.234,50\n856;3 %;1.1.2025;7,5\n"


def test_a_german_table_is_the_same_in_memory_and_in_files(tmp_path: Path) -> None:
    """At the fit and later, when its strings come in a data frame too; what is assumed is said."""
    (tmp_path / "sales.csv").write_text(SALES, encoding="utf-8")
    reading = Reading(",", thousands=".")
    with pytest.warns(MotifnetWarning) as said:
        frame = read_table(tmp_path / "sales.csv", reading=reading)
    assert [str(one.message) for one in said] == [
        "Column 'rabatt' holds shares: 12,5 % is read as 0.125.",
        "Column 'tag' holds dates: 31.12.2024 is read as 2024-12-31, the day first.",
    ]
    assert frame["menge"].tolist() == [1234, 856] and frame["umsatz"].tolist() == [1234.5, 7.5]
    assert frame["rabatt"].tolist() == [0.125, 0.03]
    table = as_table(frame)
    schema = replace(table.schema, reading=reading)
    strings = pd.DataFrame([line.split(";") for line in SALES.splitlines()[1:]])
    assert_same(as_table(strings.set_axis(frame.columns, axis=1), schema=schema), table)
    stream = open_stream(tmp_path / "sales.csv", reading)
    assert_same(as_table(stream.frame([block.raw for block in stream.blocks()])), table)


def test_thousands_that_are_not_declared_are_noted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("menge\n1.234\n856\n")
    with pytest.warns(MotifnetWarning, match=r"'menge' holds '1.234'.* say so by --thousands \."):
        frame = read_table(tmp_path / "t.csv", reading=Reading(","))
    assert frame["menge"].tolist() == ["1.234", "856"]


@pytest.mark.filterwarnings("error")
def test_other_columns_are_not_noted() -> None:
    frame = pd.DataFrame(
        {
            "a": ["x", "y", "1"],
            "b": ["007", "1", "2"],
            "c": ["2024-01", "12:30", "1"],
            "d": ["10-20", "30+", "20-30"],
            "e": ["NA", "a", "b"],
        }
    )
    note_strings(as_table(frame), frame)
    MotifRegressor(preset="fast").fit(pd.concat([frame] * 10), np.arange(30.0))
