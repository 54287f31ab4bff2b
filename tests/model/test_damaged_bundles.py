"""Files that are no models, damaged or made to harm: BundleError, and nothing of them is built."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from motifnet.engine import (
    MotifnetError,
    ResourceError,
)
from motifnet.model import (
    MANIFEST,
    TENSORS,
    BundleError,
    FitInfo,
    FittedModel,
    check_width,
    load_model,
    read_archive,
    save_model,
    write_archive,
)
from motifnet.motifs import MOTIFS, Motif
from motifnet.tables import Encoder, Numeric, Schema
from tests.model.archives import archive
from tests.shared.hand_made import later, make_model

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
    "quantiles that are a truth value": (put(True, "info", "quantiles"), "expected tuple"),
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
        save_model(replace(model, info=FitInfo(quantiles=(0.5,) * 1_100_000)), tmp_path / "x.motif")
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
