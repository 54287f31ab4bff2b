"""Files of all kinds give one table, and an error with line and next step for all that is wrong."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from numpy.testing import assert_array_equal

from motifnet.engine import DataError, FileError
from motifnet.tables import as_table, read_table

# --- files


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_same_columns(frame: pd.DataFrame, other: pd.DataFrame) -> None:
    for one, two in zip(as_table(frame).columns, as_table(other).columns, strict=True):
        assert (one.name, one.kind) == (two.name, two.kind)
        assert_array_equal(one.values, two.values)


def test_files_of_all_kinds_give_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'x,c,d,b\n1.5,"a, b",2024-05-31T12:00:00Z,true\n,,,\n0.1,c,2024-05-31,False\n'
    tabs = text.replace('"a, b"', "\0").replace(",", "\t").replace("\0", '"a, b"')
    first = read_table(written(tmp_path / "t.csv", text))
    kinds = [c.kind for c in as_table(first).columns]
    assert kinds == ["numeric", "categorical", "date", "boolean"]
    paths = [
        written(tmp_path / "t.tsv", tabs),
        written(tmp_path / "t.tsv.gz", gzip.compress(tabs.encode())),
        written(tmp_path / "t.csv.gz", gzip.compress(text.encode())),
        written(tmp_path / "bom.csv", b"\xef\xbb\xbf" + text.encode()),
        written(tmp_path / "crlf.csv", text.replace("\n", "\r\n")),
        written(tmp_path / "european.csv", tabs.replace("\t", ";")),
        tmp_path / "t.parquet",
    ]
    first.to_parquet(paths[-1])
    for path in paths:
        assert_same_columns(read_table(path), first)
    for given in (text, tabs):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        assert_same_columns(read_table("-"), first)


def test_floats_of_a_file_are_exact(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal(200) * 10.0 ** np.random.default_rng(
        1
    ).integers(-300, 300, 200)
    found = read_table(written(tmp_path / "t.csv", "x\n" + "\n".join(map(repr, values.tolist()))))
    assert_array_equal(found["x"], values)


def test_a_schema_keeps_texts_that_look_like_numbers(tmp_path: Path) -> None:
    schema = as_table(read_table(written(tmp_path / "a.csv", "c,x\n007,1\nA1,2\n"))).schema
    later = written(tmp_path / "b.csv", "c,x,y\n007,1,0\n,2,0\n")
    assert as_table(read_table(later, schema=schema)[["c", "x"]], schema=schema).columns[
        0
    ].values.tolist() == ["007", None]
    assert read_table(later)["c"].tolist()[0] == 7


def test_texts_that_are_not_all_dates_stay_texts(tmp_path: Path) -> None:
    found = as_table(
        read_table(
            written(
                tmp_path / "t.csv",
                "d,e,f\n2024-01-01,2024-13-01,2024-01-01\n2024-01-02,2024-01-01,soon\n",
            )
        )
    )
    assert [c.kind for c in found.columns] == ["date", "categorical", "categorical"]


def test_single_returns_end_a_line(tmp_path: Path) -> None:
    """Which pandas by itself takes for the end of a field, so that the 2 would come into
    column a.
    """
    assert_array_equal(
        read_table(written(tmp_path / "t.csv", b"a,b\n1,1\r\r,2\n3,3\n")),
        [[1, 1], [np.nan, 2], [3, 3]],
    )


FILES: list[tuple[str, str | bytes, str]] = [
    ("empty.csv", "", "is empty"),
    ("blank.csv", "\n \n", "is empty"),
    ("header.csv", "a,b\n", "no rows"),
    ("twice.csv", "a,b,a\n1,2,3\n", "duplicate column names 'a'"),
    ("long.csv", 'a,b\n"1\n",2\n1,2,3\n', "line 4: 3 fields, but the header has 2"),
    ("all_long.csv", "a,b\n1,2,3\n1,2,3\n", "line 2: 3 fields, but the header has 2"),
    ("short.tsv", "a\tb\n1\t2\n1\n", "line 3: 1 fields, but the header has 2"),
    ("latin.csv", "a,b\n1,2\n\xe4,2\n".encode("latin-1"), "line 3: byte 0xe4 is not UTF-8"),
    ("binary.csv", b"PK\x03\x04\0\0", "not a text file"),
    ("unnamed.csv", "a,,Unnamed: 1\n1,2,3\n", "duplicate column names 'Unnamed: 1'"),
    ("quote.csv", "a\n1\n" + '"' + "x" * 200_000 + "\n", "Correct the line"),
]


@pytest.mark.parametrize(("name", "content", "message"), FILES)
def test_bad_files(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_table(written(tmp_path / name, content))
    assert name in str(caught.value)


def _of_latin_text() -> bytes:
    """A parquet file whose only text is not UTF-8."""
    text = pa.Array.from_buffers(
        pa.string(),
        1,
        [None, pa.py_buffer(np.array([0, 1], dtype=np.int32)), pa.py_buffer(b"\xe9")],
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"a": text}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", None),
        ("none.parquet", None),
        ("bad.parquet", b"not parquet"),
        ("latin.parquet", _of_latin_text()),
        ("cut.csv.gz", gzip.compress(b"a\n" * 99, mtime=0)[:20]),
        ("flipped.csv.gz", gzip.compress(b"a\n" * 99, mtime=0)[:10] + b"\xff" * 9),
    ],
)
def test_unreadable_files(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        written(tmp_path / name, content)
    with pytest.raises(FileError, match="cannot be read"):
        read_table(tmp_path / name)
    with pytest.raises(FileError, match="directory"):
        read_table(tmp_path)
