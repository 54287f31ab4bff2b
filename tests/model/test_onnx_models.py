"""ONNX files of whole models, from the raw columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import torch

from motifnet import motifs as m
from motifnet.engine import UsageError
from motifnet.model import FittedModel, ParityError, to_onnx
from motifnet.tables import Encoder, Table, as_table, make_folds
from tests.model.motif_examples import float32_in
from tests.shared.hand_made import later, make_model
from tests.shared.onnx_files import session as session_of

# whole models, from the raw columns


def feeds(table: Table, dtype: str = "float64") -> dict[str, np.ndarray]:
    """The inputs of a graph as the documentation describes them, built without the code
    under test.
    """
    made: dict[str, np.ndarray] = {}
    for column in table.columns:
        values = column.values
        if column.kind == "categorical" and column.level_type == "str":
            made[column.name] = np.array([["" if v is None else v] for v in values], dtype=object)
        elif column.kind == "categorical":
            made[column.name] = np.array(
                [[np.iinfo(np.int64).min if v is None else v] for v in values], dtype=np.int64
            )
        else:
            made[column.name] = values.reshape(-1, 1).astype(
                np.int64 if column.kind == "date" else dtype
            )
    return made


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_whole_model_from_raw_columns(dtype: str, tolerance: float, tmp_path: Path) -> None:
    model, table = make_model(), later(1000)
    parity = to_onnx(model, tmp_path / "model.onnx", dtype, table=table)
    assert parity.max_difference <= tolerance
    session = session_of(tmp_path / "model.onnx")
    assert [i.name for i in session.get_inputs()] == list(model.schema.names)
    expected = model.predict(table)
    for n in (0, 1, 7, 1000):
        (got,) = session.run(
            ["prediction"], {name: values[:n] for name, values in feeds(table, dtype).items()}
        )
        assert got.dtype == dtype and got.shape == (n, 2)
        np.testing.assert_allclose(got, expected[:n], atol=tolerance * expected.std(), rtol=0)
    if dtype == "float64":
        assert float32_in(tmp_path / "model.onnx") == []


@pytest.mark.parametrize(
    "classes",
    [
        ("a", "b", "ü"),
        (3, 1, 2),
        (False, True),
        (0.5, 1.5),
        ("a", 1),
        (2**70, 2**70 + 1, 3),
        (2**63, 1),
    ],
)
def test_classes_and_labels(classes: tuple[Any, ...], tmp_path: Path) -> None:
    model, table = make_model(classes=classes), later(200)
    assert to_onnx(model, tmp_path / "model.onnx").max_difference <= 1e-12
    probabilities, label = session_of(tmp_path / "model.onnx").run(
        ["probabilities", "label"], feeds(table)
    )
    expected = model.predict(table)
    np.testing.assert_allclose(probabilities, expected, atol=1e-12)
    named = [classes[k] for k in expected.argmax(1)]
    assert label.shape == (200,)
    assert label.tolist() == (
        [str(c) for c in named] if any(isinstance(c, str) or c >= 2**63 for c in classes) else named
    )


def model_of(data: pd.DataFrame) -> FittedModel:
    """A model of another table."""
    table = as_table(data)
    y = np.random.default_rng(0).normal(size=(table.n, 1))
    encoder, X, _ = Encoder.fit(table, y, np.ones(table.n), make_folds(table.n, 3, 0))
    network = m.Affine(torch.ones(1, X.shape[1]).double() / 3, torch.zeros(1).double())
    return replace(make_model(q=1), encoder=encoder, schema=table.schema, network=network)


TABLES: dict[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "float levels": lambda r, n: pd.DataFrame(
        {"a": pd.Categorical(r.choice([0.5, 1.5, 2.25], n)), "x": r.normal(size=n)}
    ),
    "whole levels with gaps": lambda r, n: pd.DataFrame(
        {"a": pd.Categorical(r.choice(np.array([5, -7, 9, None], dtype=object), n))}
    ),
    "truth levels": lambda r, n: pd.DataFrame(
        {"a": pd.Categorical(r.choice([True, False], n)), "x": r.normal(size=n)}
    ),
    "nothing varies": lambda r, n: pd.DataFrame({"a": np.ones(n), "b": ["x"] * n}),
    "dates before 1970": lambda r, n: pd.DataFrame(
        {"t": pd.to_datetime("1930-01-01") + pd.to_timedelta(r.integers(0, 60 * 365, n), unit="D")}
    ),
    "one day": lambda r, n: pd.DataFrame(
        {"t": [pd.Timestamp("2020-02-29 12:00")] * n, "x": r.normal(size=n)}
    ),
    "gaps and nothing else": lambda r, n: pd.DataFrame(
        {"x": np.where(r.random(n) < 0.3, np.nan, 1.0)}
    ),
    "large and small": lambda r, n: pd.DataFrame(
        {
            "x": 1e12 + r.normal(size=n),
            "y": 1e-200 * r.normal(size=n),
            "z": 1e250 * r.normal(size=n),
        }
    ),
    "nearly standard": lambda r, n: pd.DataFrame({"x": np.tile([1 + 2e-9, -1.0], n // 2)}),
    "odd names": lambda r, n: pd.DataFrame(
        {name: r.normal(size=n) for name in ("X", "c_1", "Add_1", 'ü "x"', "a\nb")}
    ),
    "thousands of levels": lambda r, n: pd.DataFrame({"a": [f"level {i % 250}" for i in range(n)]}),
}


@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tables_of_all_kinds(name: str, dtype: str, tmp_path: Path) -> None:
    model = model_of(TABLES[name](np.random.default_rng(3), 500))
    assert to_onnx(model, tmp_path / "model.onnx", dtype).max_difference <= (
        1e-12 if dtype == "float64" else 1e-5
    )


@pytest.mark.parametrize("column", ["prediction", ""])
def test_columns_that_onnx_cannot_name(column: str, tmp_path: Path) -> None:
    model = model_of(pd.DataFrame({column: np.arange(30.0)}))
    with pytest.raises(UsageError, match="Rename"):
        to_onnx(model, tmp_path / "model.onnx")


def test_a_wrong_encoder_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check looks at gaps too: a gap that were filled with something else would be seen."""
    from motifnet.model import _onnx_encoder

    monkeypatch.setattr(
        _onnx_encoder,
        "_filled",
        lambda graph, gaps, values: graph.op("Where", gaps, graph.constant([[1e-3]]), values),
    )
    with pytest.raises(ParityError):
        to_onnx(model_of(pd.DataFrame({"x": np.arange(30.0)})), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_file_describes_its_columns(tmp_path: Path) -> None:
    to_onnx(make_model(), tmp_path / "model.onnx")
    properties = {
        entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props
    }
    columns = {c["name"]: (c["kind"], c["input"]) for c in json.loads(properties["columns"])}
    assert (
        columns["colour"] == ("categorical", "string")
        and columns["zone"] == ("categorical", "int64")
        and columns["day"] == ("date", "int64")
    )
    assert properties["task"] == "regression" and json.loads(properties["targets"]) == ["y0", "y1"]
