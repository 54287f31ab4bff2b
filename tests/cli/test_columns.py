"""Columns of files on the command line: targets of every kind, cells that no table holds, names
that are numbers, labels that keep their text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from motifnet import load
from motifnet.tables import open_stream, read_table
from tests.shared.command import done, run

pytestmark = pytest.mark.usefixtures("short_fits")


def small(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"x": rng.normal(size=n), "y": rng.normal(size=n)})


def whole(values: list[int]) -> pd.Series:
    return pd.Series([values[i % len(values)] for i in range(40)], dtype=object)


TARGETS: dict[str, tuple[pd.Series, str, str]] = {
    "booleans with a gap": (
        pd.Series([True, None, False, True] * 10, dtype="boolean"),
        "classification",
        "is true or false",
    ),
    "decimals": (
        pd.Series([Decimal(i) / 4 for i in range(40)], dtype=object),
        "regression",
        "40 different numbers",
    ),
    "decimals, few": (
        pd.Series([Decimal(i % 3) for i in range(40)], dtype=object),
        "classification",
        "3 different whole numbers",
    ),
    "whole numbers with a gap": (
        pd.array([1, None, 3, 4] * 10, dtype="Int64"),
        "classification",
        "3 different whole numbers",
    ),
    "beyond 64 bits": (
        whole([2**70 + 2**30 * i for i in range(40)]),
        "regression",
        "40 different numbers",
    ),
    "beyond 64 bits, few": (whole([2**70, 2**71]), "classification", "2 different whole numbers"),
}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("name", TARGETS)
def test_targets_of_all_kinds_are_taken(name: str, kind: str, tmp_path: Path) -> None:
    values, task, reason = TARGETS[name]
    frame, path = small().assign(y=values), tmp_path / f"t.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif name.startswith("beyond"):
        pytest.skip("parquet has no such numbers")
    else:
        frame.to_parquet(path)
    result = done("fit", path, "-t", "y", "-o", tmp_path / "m.motif", "--preset", "fast")
    assert reason in result.stderr
    assert load(tmp_path / "m.motif").model_.task == task
    assert ("have no target" in result.stderr) == ("gap" in name)


@pytest.mark.parametrize(
    "command", ["fit", "profile", pytest.param("compare", marks=pytest.mark.slow)]
)
def test_columns_of_lists_and_records_are_named(command: str, tmp_path: Path) -> None:
    out = ["-o", tmp_path / "m"] if command == "fit" else []
    cells = {"lists": [[1, 2]] * 40, "arrays": [np.ones(2)] * 40, "records": [{"a": 1}] * 40}
    for name, values in cells.items():
        small().assign(**{name: values}).to_parquet(tmp_path / "t.parquet")
        for target in ("y", name):
            result = run(command, tmp_path / "t.parquet", "-t", target, *out)
            assert result.exit_code == 3, result.stderr
            assert f"Column '{name}', row 0" in result.stderr and "inside" not in result.stderr
    if command == "fit":
        done(
            "fit", tmp_path / "t.parquet", "-t", "y", "--drop", "records", "--preset", "fast", *out
        )
        result = run("predict", tmp_path / "m", tmp_path / "t.parquet", "--id", "records")
        assert result.exit_code == 0 and "inside" not in result.stderr


def test_parquet_with_whole_numbers_as_names(tmp_path: Path) -> None:
    small().set_axis([0, 1], axis=1).to_parquet(tmp_path / "t.parquet")
    small().set_axis(["0", "1"], axis=1).to_csv(tmp_path / "t.csv", index=False)
    done(
        "fit",
        tmp_path / "t.parquet",
        "-t",
        "1",
        "-o",
        tmp_path / "m.motif",
        "--preset",
        "fast",
        "--quiet",
    )
    outputs = [
        done("predict", tmp_path / "m.motif", tmp_path / name, "--id", "1").stdout
        for name in ("t.parquet", "t.csv")
    ]
    assert outputs[0] == outputs[1]
    assert open_stream(tmp_path / "t.parquet").names == ("0", "1")
    frame = small()
    frame.columns = pd.Index([1, "1"], dtype=object)
    table = pa.Table.from_pandas(small().set_axis(["a", "b"], axis=1)).replace_schema_metadata(None)
    pq.write_table(table.rename_columns(["a", "a"]), tmp_path / "twice.parquet")
    assert (
        "inside"
        not in run("fit", tmp_path / "twice.parquet", "-t", "a", "-o", tmp_path / "n.motif").stderr
    )


def test_labels_and_groups_of_a_file_keep_their_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"x": np.arange(60.0), "g": ["007", "07", "7", "8"] * 15, "c": ["01", "1", "1.0"] * 20}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    done(
        "fit",
        tmp_path / "t.csv",
        "-t",
        "c",
        "-o",
        tmp_path / "m.motif",
        "--task",
        "classification",
        "--groups",
        "g",
        "--preset",
        "fast",
        "--quiet",
    )
    model = load(tmp_path / "m.motif")
    assert model.model_.classes == ("01", "1", "1.0")
    assert_array_equal(read_table(tmp_path / "t.csv", labels=["g"])["g"], frame["g"])
    frame.assign(g=frame["g"].astype(int)).to_csv(tmp_path / "u.csv", index=False)
    # where nothing merges, as pandas reads it
    assert read_table(tmp_path / "u.csv", labels=["g"])["g"].dtype == np.int64
    result = done(
        "report", tmp_path / "m.motif", "--data", tmp_path / "t.csv", "--out", tmp_path / "r.json"
    )
    assert "error" not in result.stderr


@pytest.mark.parametrize(
    "command", ["fit", "fit --stream", "profile", pytest.param("compare", marks=pytest.mark.slow)]
)
def test_numbers_in_another_notation_are_noted(command: str, tmp_path: Path) -> None:
    n = 1_200 if "stream" in command else 60
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "mark": rng.integers(0, 9, n).astype(str),
            "y": rng.normal(size=n),
        }
    )
    frame.loc[7 : n // 4, "mark"] = "?"  # of a stream the sample has to hold some
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.assign(y=[f"{v:.1f}".replace(".", ",") for v in rng.integers(0, 4, n) / 2]).to_csv(
        tmp_path / "comma.csv", index=False
    )
    options: dict[str, list[object]] = {
        "fit": ["-o", tmp_path / "m.motif", "--preset", "fast", "--force"],
        "compare": ["-m", "forest", "--splits", "1"],
        "profile": [],
    }
    rest = options[command.split()[0]]
    rest += ["--landmarks", "20"] if "stream" in command else []
    result = done(*command.split(), tmp_path / "t.csv", "-t", "y", *rest)
    row = r"\d+" if "stream" in command else "7"
    assert re.search(
        rf"Column 'mark', row {row} \(the first row is 0\), holds '\?'.*--missing "
        rf"'\?'",
        result.stderr,
    )
    assert (
        "'?'"
        not in done(*command.split(), tmp_path / "t.csv", "-t", "y", *rest, "--missing", "?").stderr
    )
    result = done(*command.split(), tmp_path / "comma.csv", "-t", "y", *rest)
    assert "Target 'y', row " in result.stderr and "--decimal ," in result.stderr
    result = done(
        *command.split(),
        tmp_path / "comma.csv",
        "-t",
        "y",
        *rest,
        "--decimal",
        ",",
        "--task",
        "regression",
    )
    assert "Target" not in result.stderr
