"""The saved model: bit-equal predictions in a new process, equal bytes for equal models,
BundleError for files that are not what they should be.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motifnet.engine import (
    FileError,
    UsageError,
    atomic_file,
)
from motifnet.model import (
    MANIFEST,
    PROTOCOL,
    TENSORS,
    FitInfo,
    FittedModel,
    load_model,
    save_model,
)
from motifnet.motifs import Affine
from motifnet.tables import as_table, read_table
from motifnet.transfer import Card
from tests.shared.hand_made import frame, golden_bounds, later, make_model

GOLDEN = Path(__file__).parents[1] / "golden"


def test_round_trip_keeps_everything(model: FittedModel, saved: Path) -> None:
    loaded = load_model(saved)
    assert np.array_equal(loaded.predict(later()), model.predict(later()))
    for name in ("schema", "task", "targets", "classes", "ledger", "card", "certificate", "info"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert isinstance(loaded.card, Card) and loaded.encoder.names == model.encoder.names


def test_bit_equal_in_a_new_process(model: FittedModel, saved: Path, tmp_path: Path) -> None:
    later_rows = frame(2500, seed=5)
    later_rows.to_parquet(tmp_path / "rows.parquet")
    code = (
        "import sys, numpy as np, pandas as pd; from motifnet.model import load_model; from "
        "motifnet.tables import as_table; "
        "model = load_model(sys.argv[1]); table = as_table(pd.read_parquet(sys.argv[2]), "
        "schema=model.schema); "
        "np.save(sys.argv[3], model.predict(table, n_jobs=2))"
    )
    arguments = [str(saved), str(tmp_path / "rows.parquet"), str(tmp_path / "out.npy")]
    seed = "0" if os.environ.get("PYTHONHASHSEED") == "1" else "1"  # another than here
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    assert np.array_equal(
        np.load(tmp_path / "out.npy"), model.predict(as_table(later_rows, schema=model.schema))
    )


def test_prediction_does_not_depend_on_jobs_or_neighbours(model: FittedModel) -> None:
    table = later(3000)
    whole = model.predict(table, n_jobs=1)
    assert np.array_equal(model.predict(table, n_jobs=2), whole)
    assert np.array_equal(model.predict(table.take(np.arange(1024)), n_jobs=1), whole[:1024])
    np.testing.assert_allclose(model.predict(table.take(np.arange(5))), whole[:5], rtol=1e-12)
    assert model.predict(table.take(np.arange(0))).shape == (0, 2)


def test_transposed_weights_are_stored_row_by_row() -> None:
    network = Affine(torch.ones(3, 2).double().T, torch.zeros(2).double())
    model = replace(make_model(), network=network)
    assert all(p.is_contiguous() for p in model.network.parameters())


def test_equal_models_give_equal_bytes(model: FittedModel, saved: Path, tmp_path: Path) -> None:
    save_model(make_model(), tmp_path / "again.motif")
    save_model(load_model(saved), tmp_path / "loaded.motif")
    assert (
        saved.read_bytes()
        == (tmp_path / "again.motif").read_bytes()
        == (tmp_path / "loaded.motif").read_bytes()
    )


def test_layout_is_plain(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        entries = archive.infolist()
        manifest = json.loads(archive.read(MANIFEST))
    assert [entry.filename for entry in entries] == [MANIFEST, TENSORS]
    assert all(
        entry.compress_type == zipfile.ZIP_STORED and entry.date_time == (1980, 1, 1, 0, 0, 0)
        for entry in entries
    )
    assert manifest["format"] == "motifnet" and manifest["protocol"] == 1


@pytest.mark.parametrize("classes", [("a", "b"), (1, 2, 3), (False, True), (0.5, 1.5), (0, 1)])
def test_classes_keep_their_type(classes: tuple[Any, ...], tmp_path: Path) -> None:
    save_model(make_model(classes=classes), tmp_path / "c.motif")
    loaded = load_model(tmp_path / "c.motif")
    assert loaded.classes == classes
    assert [type(c) for c in loaded.classes or ()] == [type(c) for c in classes]
    np.testing.assert_allclose(loaded.predict(later(10)).sum(1), 1)


def test_what_json_cannot_hold_is_refused(model: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="info/preset"):
        save_model(
            replace(
                model,
                info=FitInfo(preset=object()),  # type: ignore[arg-type]
            ),
            tmp_path / "no.motif",
        )
    with pytest.raises(UsageError, match="NaN"):
        save_model(
            replace(model, network=Affine(torch.full((1, 2), float("nan")), torch.zeros(1))),
            tmp_path / "no.motif",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["intervals", "sets"])
def test_golden_bounds_stay_for_ever(kind: str) -> None:
    model, expected = (
        load_model(GOLDEN / f"protocol_1_{kind}.motif"),
        np.load(GOLDEN / f"protocol_1_{kind}_bounds.npy"),
    )
    bounds = golden_bounds(
        model, as_table(read_table(GOLDEN / "protocol_1.csv"), schema=model.schema)
    )
    assert bounds.shape == expected.shape and bounds.dtype == expected.dtype
    np.testing.assert_allclose(bounds, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.motif")), ids=lambda path: path.stem)
def test_golden_files_load_for_ever(path: Path) -> None:
    model = load_model(path)
    rows = read_table(GOLDEN / f"{path.stem.rsplit('_', 1)[0]}.csv")
    np.testing.assert_allclose(
        model.predict(as_table(rows, schema=model.schema)),
        np.load(path.with_suffix(".npy")),
        rtol=0,
        atol=1e-9,
    )


def test_the_protocol_of_today_has_golden_files() -> None:
    assert (GOLDEN / f"protocol_{PROTOCOL}_regression.motif").exists()


# writing


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.motif", tmp_path, Path("/dev/null")):
        with pytest.raises(FileError):
            load_model(path)


def test_folder_missing(model: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="folder"):
        save_model(model, tmp_path / "no" / "x.motif")


def test_disk_full_leaves_nothing_behind(
    model: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.motif").write_bytes(b"before")

    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(FileError, match="No space left"):
        save_model(model, tmp_path / "x.motif")
    assert [path.name for path in tmp_path.iterdir()] == ["x.motif"]
    assert (tmp_path / "x.motif").read_bytes() == b"before"


def test_interrupted_write_leaves_the_file_before(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_text("before")
    with pytest.raises(KeyboardInterrupt), atomic_file(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "before" and len(list(tmp_path.iterdir())) == 1


def test_link_stays_a_link(model: FittedModel, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    save_model(model, tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and load_model(
        tmp_path / "target"
    ).targets == model.targets


def test_strange_names(model: FittedModel, tmp_path: Path) -> None:
    for name in ("-x", "a b.motif", "ü" * 100, "no suffix"):
        save_model(model, tmp_path / name)
        assert load_model(tmp_path / name).d == model.d


def test_source_has_no_unsafe_reader() -> None:
    root = Path(__file__).parents[2] / "src"
    # --allow-pickle, which must be typed
    paths = [path for path in root.rglob("*.py") if path.name != "_estimator_file.py"]
    text = "\n".join(path.read_text() for path in paths)
    assert "torch.load" not in text and "import pickle" not in text and "joblib.load" not in text
