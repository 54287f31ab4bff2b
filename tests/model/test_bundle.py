"""The saved model: bit-equal predictions in a new process, equal bytes for equal models,
BundleError for files that are not what they should be.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from motifnet.engine import (
    FileError,
    MotifnetError,
    ResourceError,
    UsageError,
    atomic_file,
)
from motifnet.model import (
    MANIFEST,
    PROTOCOL,
    TENSORS,
    BundleError,
    FittedModel,
    check_width,
    load_model,
    read_archive,
    save_model,
    write_archive,
)
from motifnet.motifs import MOTIFS, Affine, Motif
from motifnet.tables import Encoder, Numeric, Schema, as_table, read_table
from motifnet.transfer import Card
from tests.shared.hand_made import frame, golden_bounds, later, make_model

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return make_model()


@pytest.fixture(scope="module")
def saved(model: FittedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.motif"
    save_model(model, path)
    return path


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
    for seed in ("0", "1"):
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
    with pytest.raises(UsageError, match="info/at"):
        save_model(replace(model, info={"at": object()}), tmp_path / "no.motif")
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


# hostile files


def rejected(path: Path) -> str:
    """The message of the BundleError that loading raises, in less than two seconds."""
    start = time.perf_counter()
    with pytest.raises(BundleError) as caught:
        load_model(path)
    assert time.perf_counter() - start < 2
    assert isinstance(caught.value, MotifnetError | ValueError) and caught.value.exit_code == 3
    return str(caught.value)


def test_truncated_at_200_places(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    for length in np.linspace(0, len(content) - 1, 200).astype(int):
        (tmp_path / "cut.motif").write_bytes(content[:length])
        rejected(tmp_path / "cut.motif")


def test_flipped_bits_are_noticed_or_harmless(
    model: FittedModel, saved: Path, tmp_path: Path
) -> None:
    """In the content always; in the archive's own records (dates, attributes) a flip may change
    nothing.
    """
    content = saved.read_bytes()
    rng = np.random.default_rng(0)
    rows = later(20)
    expected, noticed = model.predict(rows), 0
    edges = [*range(60), *range(len(content) - 180, len(content))]
    for place in [*edges, *rng.integers(0, len(content), 100)]:
        broken = bytearray(content)
        broken[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "flip.motif").write_bytes(broken)
        try:
            assert np.array_equal(load_model(tmp_path / "flip.motif").predict(rows), expected)
        except BundleError:
            noticed += 1
    assert noticed > 200


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello" * 100, b"PK\x05\x06" + bytes(18), b"\0" * 10_000]
)
def test_not_an_archive(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.motif").write_bytes(content)
    assert "x.motif" in rejected(tmp_path / "x.motif")


def archive(path: Path, entries: list[tuple[str, bytes]], **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", **options) as target:
        for name, content in entries:
            target.writestr(name, content)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "names",
    [
        [MANIFEST],
        [MANIFEST, MANIFEST],
        ["../../etc/x", TENSORS],
        ["/manifest.json", TENSORS],
        [MANIFEST, TENSORS, "more"],
        [],
    ],
)
def test_wrong_entries(names: list[str], tmp_path: Path) -> None:
    rejected(archive(tmp_path / "x.motif", [(name, b"{}") for name in names]))
    assert len(list(tmp_path.iterdir())) == 1


def test_compressed_bomb(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "x.motif",
        [(MANIFEST, b"[" * 30_000_000), (TENSORS, b"")],
        compression=zipfile.ZIP_DEFLATED,
    )
    assert "stored" in rejected(path)


def test_claimed_size_beyond_the_file(saved: Path, tmp_path: Path) -> None:
    content = bytearray(saved.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 20 : at + 28] = struct.pack("<II", 2**31, 2**31)
    (tmp_path / "x.motif").write_bytes(content)
    assert "claims" in rejected(tmp_path / "x.motif")


def test_a_million_entries(tmp_path: Path) -> None:
    record = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(record) * 1_000_000, 0, 0)
    (tmp_path / "x.motif").write_bytes(record * 1_000_000 + end)
    rejected(tmp_path / "x.motif")


Edit = Callable[[dict[str, Any], dict[str, Any]], None]


def edited(saved: Path, path: Path, edit: Edit) -> Path:
    """A copy with another manifest or other tensors, its checksums right."""
    manifest, tensors = read_archive(saved)
    head, arrays = json.loads(manifest), safetensors.numpy.load(tensors)
    edit(head, arrays)
    tensors = safetensors.numpy.save(arrays)
    head["sha256"] = hashlib.sha256(tensors).hexdigest()
    write_archive(path, json.dumps(head).encode(), tensors)
    return path


def at(tree: Any, *keys: Any) -> Any:
    for key in keys:
        tree = tree[key]
    return tree


BODY = ("network", "arguments", "body", "arguments", "parts", 0)
DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]


def put(value: Any, *keys: Any) -> Edit:
    return lambda head, arrays: at(head, *keys[:-1]).__setitem__(keys[-1], value)


def drop(*keys: Any) -> Edit:
    return lambda head, arrays: at(head, *keys[:-1]).pop(keys[-1])


def tensor(end: str, change: Callable[[Any], Any]) -> Edit:
    def edit(head: dict[str, Any], arrays: dict[str, Any]) -> None:
        name = next(name for name in sorted(arrays) if name.endswith(end))
        arrays[name] = change(arrays[name])

    return edit


def extra_tensor(head: dict[str, Any], arrays: dict[str, Any]) -> None:
    arrays["more"] = np.zeros(3)


def missing_tensor(head: dict[str, Any], arrays: dict[str, Any]) -> None:
    arrays.pop(sorted(arrays)[-1])


EDITS: dict[str, tuple[Edit, str]] = {
    "protocol of the future": (put(9, "protocol"), "protocol 9.*Upgrade"),
    "protocol is text": (put("1", "protocol"), "protocol"),
    "protocol is true": (put(True, "protocol"), "protocol"),
    "other format": (put("other", "format"), "motifnet model"),
    "further entry": (put(1, "further"), "entries"),
    "entry missing": (drop("card"), "entries"),
    "unknown motif": (put("Evil", *BODY, "$motif"), "no motif 'Evil'"),
    "a module as motif": (put("os.system", *BODY, "$motif"), "no motif"),
    "unknown tag": (put({"$object": "x"}, "info"), "does not know"),
    "argument missing": (drop(*BODY, "arguments", "weights"), "arguments"),
    "argument too many": (put(1, *BODY, "arguments", "extra"), "arguments"),
    "argument of wrong type": (put("text", *BODY, "arguments", "branches"), "belong"),
    "huge number": (put(10**12, *BODY, "arguments", "weights"), "whole number"),
    "network is a number": (put(3, "network"), "not a motif"),
    "deep": (put(DEEP, "info"), "deep"),
    "wrong shape": (tensor("centres", lambda a: a[:, :-1]), "compute"),
    "wrong rank": (tensor("centres", lambda a: a[0]), "compute"),
    "wrong dtype": (tensor("centres", lambda a: a.astype(np.int32)), "int32"),
    "whole numbers": (tensor("centres", lambda a: a.astype(np.int64)), "built"),
    "half": (tensor("centres", lambda a: a.astype(np.float16)), "float16"),
    "NaN": (tensor("centres", lambda a: a * np.nan), "NaN"),
    "infinite": (tensor("bias", lambda a: a + np.inf), "finite"),
    "tensor missing": (missing_tensor, "missing"),
    "tensor too many": (extra_tensor, "belong to nothing"),
    "level table too short": (tensor("table", lambda a: a[:2]), "compute"),
    "task unknown": (put("clustering", "task"), "task"),
    "task does not fit": (put("classification", "task"), "task"),
    "targets of numbers": (put([1], "targets"), "targets"),
    "one target too many": (put(["a", "b", "c"], "targets"), "shape"),
    "rows of text": (put("many", "info", "rows"), "info.rows is 'many', expected int"),
    "rows below nothing": (put(-1, "info", "rows"), "no fit writes"),
    "objective unknown": (put("cubed", "info", "objective"), "'cubed'.*unknown to motifnet"),
    "quantiles without their objective": (put([0.5], "info", "quantiles"), "1 quantiles"),
    "unit of the target below nothing": (
        put([-1.0, 1.0], "info", "target_sd"),
        "positive number for each output",
    ),
    "a quantile beyond any float": (put([10**400], "info", "quantiles"), "bits"),
    "a unit beyond any float": (put([10**400, 1.0], "info", "target_sd"), "bits"),
    "a time beyond any float": (put(10**400, "info", "time_limit_s"), "expected one of"),
    "rows beyond any table": (put(2**64, "info", "rows"), "no fit writes"),
    "quantiles of 64 bits": (put([2**64], "info", "quantiles"), "1 quantiles"),
    "quantiles that are a truth value": (put(True, "info", "quantiles"), "expected list"),
    "a ledger's error beyond any float": (put(10**400, "ledger", 0, "error"), "bits"),
    "a stage without end": (
        put({"$float": "inf"}, "ledger", 0, "seconds"),
        "without a finite time",
    ),
    "a certificate of no number": (put({"$float": "nan"}, "certificate", "on_data"), "not finite"),
    "two missing levels": (put(None, "encoder", "features", 2, "levels", 0), "not distinct"),
    "a label that is a network": (
        put({"$motif": "Identity", "arguments": {}}, *BODY, "arguments", "label"),
        "label",
    ),
    "ledger row without seconds": (drop("ledger", 0, "seconds"), "ledger"),
    "card of text": (put("card", "card"), "card"),
    "card with a text as depth": (put("deep", "card", "depth"), "depth"),
    "unknown form": (put("other", "certificate", "form"), "form"),
    "unknown feature": (put("Path", "encoder", "features", 0, "feature"), "no known kind"),
    "mean is text": (put("5", "encoder", "features", 0, "mean"), "mean"),
    "feature of another column": (put("y", "encoder", "features", 0, "name"), "columns"),
    "feature missing": (drop("encoder", "features", 0), "columns"),
    "reading by a third character": (put(";", "schema", "reading", "decimal"), "decimal=';'"),
    "reading without texts": (drop("schema", "reading", "missing"), "schema.reading has fields"),
    "missing texts in one": (put("?", "schema", "reading", "missing"), "schema.reading.missing"),
    "missing numbers": (put([1], "schema", "reading", "missing"), "schema.reading.missing"),
    "kind unknown": (put("colour", "schema", "kinds", 0), "kinds"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edited_manifest_or_tensors(name: str, saved: Path, tmp_path: Path) -> None:
    edit, words = EDITS[name]
    assert re.search(words, rejected(edited(saved, tmp_path / "x.motif", edit)))


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b"{" * 5_000_000,
        b'{"a":NaN}',
        b"\xff\xfe",
        b"null",
        b'{"format":"motifnet"}',
        b"[" + b"1," * 3_000_000 + b"1]",
        b"1" * 10_000,
    ],
)
def test_manifest_that_is_none(manifest: bytes, tmp_path: Path) -> None:
    rejected(archive(tmp_path / "x.motif", [(MANIFEST, manifest), (TENSORS, b"")]))


@pytest.mark.parametrize(
    "tensors",
    [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 100) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2**40) + b"{}",
    ],
)
def test_tensor_file_that_is_none(tensors: bytes, saved: Path, tmp_path: Path) -> None:
    head = json.loads(read_archive(saved)[0])
    head["sha256"] = hashlib.sha256(tensors).hexdigest()
    write_archive(tmp_path / "x.motif", json.dumps(head).encode(), tensors)
    rejected(tmp_path / "x.motif")


def test_tensor_file_of_very_many_tensors(saved: Path, tmp_path: Path) -> None:
    header = (
        b"{"
        + b",".join(
            b'"t%d":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}' % i for i in range(250_000)
        )
        + b"}"
    )
    tensors = struct.pack("<Q", len(header)) + header
    head = json.loads(read_archive(saved)[0])
    head["sha256"] = hashlib.sha256(tensors).hexdigest()
    write_archive(tmp_path / "x.motif", json.dumps(head).encode(), tensors)
    assert "header" in rejected(tmp_path / "x.motif")


def test_more_than_a_bundle_holds_is_refused_on_writing(model: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="text columns"):
        save_model(replace(model, info={"levels": [""] * 1_100_000}), tmp_path / "x.motif")
    assert list(tmp_path.iterdir()) == []


def test_tables_too_wide_for_a_bundle_are_refused_before_the_fit() -> None:
    names = tuple(f"c{j}" for j in range(60_000))
    encoder = Encoder(tuple(Numeric(name, 0.0, 1.0, 0.0, 1.0, False) for name in names))
    with pytest.raises(ResourceError, match="60,000 columns"):
        check_width(
            encoder, Schema(names, tuple("numeric" for _ in names), (None,) * len(names), True)
        )
    check_width(make_model(m=6).encoder, make_model(m=6).schema)


def test_only_the_registry_is_built(saved: Path, tmp_path: Path) -> None:
    """A class that is a motif, but not registered, is as unknown as any other."""

    class Stray(Motif):
        pass

    del MOTIFS["Stray"]
    assert "no motif" in rejected(
        edited(saved, tmp_path / "x.motif", put("Stray", *BODY, "$motif"))
    )


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
