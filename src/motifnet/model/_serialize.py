"""Saving and loading: a fitted model as a manifest and tensors in one file, and back.

The layout of the file is in `_archive.py`, the form of its values in `_codec.py`.

`PROTOCOL` is raised whenever the reader of the old version would misread a file of the new one.
Then the old reader moves to `old/`, and a golden file of the old protocol stays in the tests. A new
motif does not raise it, since a reader without that motif raises an error.

Loading trusts nothing. It checks sizes, checksums, protocol, nesting, names, types and shapes, and
builds only motifs of the registry. A file can hold a wrong model, but it cannot run code. Every
fault raises `BundleError`.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from motifnet import __version__
from motifnet.engine import ResourceError, atomic_file
from motifnet.model._archive import (
    MAX_MANIFEST,
    MAX_VALUES,
    BundleError,
    read_archive,
    too_large,
    values_of,
    write_archive,
)
from motifnet.model._codec import DTYPES, MAX_MOTIFS, Arrays, build, decode, encode, plain
from motifnet.model._fitted import FitInfo, FittedModel
from motifnet.model._validate import try_out
from motifnet.motifs import Motif
from motifnet.tables import FEATURES, Encoder, OneHot, Schema, TargetMean

FORMAT, PROTOCOL = "motifnet", 1
_SKETCH = 7  # entries of a column in the reference for shifts
_REST = 20_000  # entries of the manifest that belong to no column
_HEAD = ("format", "protocol", "written_by", "sha256")
_PARTS = (
    "task",
    "targets",
    "classes",
    "schema",
    "encoder",
    "network",
    "ledger",
    "card",
    "certificate",
    "info",
)
_OPTIONAL = ("conformal", "reference", "bands")  # older files have none
_MAX_HEADER, _MAX_TENSORS = 2**25, 200_000


def save_model(model: FittedModel, path: str | os.PathLike[str]) -> None:
    """Write the model to a file. Equal models give equal bytes; a failed write leaves no file."""
    manifest, tensors = pack(model)
    with atomic_file(path) as temporary:
        write_archive(temporary, manifest, tensors)


def check_width(encoder: Encoder, schema: Schema) -> None:
    """Raise ResourceError, before a fit, where the columns need more than a bundle can hold."""
    arrays: Arrays = {}
    parts = json.dumps(
        [encode(encoder.to_state(), "encoder", arrays), encode(plain(schema), "schema", arrays)]
    ).encode()
    if (values := values_of(parts) + _SKETCH * len(schema.names)) > MAX_VALUES - _REST or len(
        parts
    ) > MAX_MANIFEST // 2:
        raise ResourceError(
            f"The table has {len(schema.names):,} columns, {len(encoder.names):,} after encoding. "
            f"A saved model of them needs about {values:,} entries; a bundle holds "
            f"{MAX_VALUES:,}. Leave out columns, or text columns with very many levels."
        )


def pack(model: FittedModel) -> tuple[bytes, bytes]:
    """Manifest and tensors of a model, as bytes."""
    arrays: Arrays = {}
    parts: dict[str, Any] = {
        "task": model.task,
        "targets": model.targets,
        "classes": model.classes,
        "schema": plain(model.schema),
        "encoder": model.encoder.to_state(),
        "network": model.network,
        "ledger": plain(model.ledger),
        "card": plain(model.card),
        "certificate": plain(model.certificate),
        "info": plain(model.info),
    }
    if model.conformal is not None:
        parts["conformal"] = plain(model.conformal)
    if model.reference is not None:
        parts["reference"] = plain(model.reference)
    if model.bands is not None:
        parts["bands"] = plain(model.bands)
    encoded = {name: encode(value, name, arrays) for name, value in parts.items()}
    tensors = safetensors.numpy.save(arrays)
    head = {
        "format": FORMAT,
        "protocol": PROTOCOL,
        "written_by": __version__,
        "sha256": hashlib.sha256(tensors).hexdigest(),
    }
    return json.dumps({**head, **encoded}, ensure_ascii=True, allow_nan=False, indent=1).encode(
        "ascii"
    ), tensors


def load_model(path: str | os.PathLike[str]) -> FittedModel:
    """The model of a file. Its predictions equal those of the saved model to the last bit."""
    manifest, tensors = read_archive(path)
    try:
        return unpack(manifest, tensors)
    except BundleError as error:
        raise BundleError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error


def unpack(manifest: bytes, tensors: bytes) -> FittedModel:
    """The model of a manifest and tensors."""
    if manifest.count(b'"$motif"') > MAX_MOTIFS:
        raise BundleError(f"its networks have more than {MAX_MOTIFS:,} parts.")
    head = _parse(manifest)
    _check_protocol(head)
    if set(head) - set(_OPTIONAL) != {*_HEAD, *_PARTS}:
        raise BundleError(
            f"its manifest has the entries {sorted(head)[:30]}, expected "
            f"{sorted({*_HEAD, *_PARTS})}."
        )
    if hashlib.sha256(tensors).hexdigest() != head["sha256"]:
        raise BundleError(
            "its tensors differ from the saved ones (the checksum differs). Fetch the file again."
        )
    arrays = _arrays(tensors)
    parts = {name: decode(head.get(name), arrays) for name in (*_PARTS, *_OPTIONAL)}
    model = _assemble(parts)
    if arrays:
        raise BundleError(f"tensors {sorted(arrays)[:5]} belong to nothing.")
    try_out(model)
    return model


def _parse(manifest: bytes) -> dict[str, Any]:
    if too_large(manifest):
        raise BundleError(f"its manifest is too large ({len(manifest):,} bytes).")
    try:
        head = json.loads(manifest.decode("ascii"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its manifest is not valid JSON ({error}).") from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise BundleError("its manifest is not that of a motifnet model.")
    return head


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_protocol(head: dict[str, Any]) -> None:
    protocol, writer = head.get("protocol"), str(head.get("written_by"))[:40]
    if type(protocol) is not int or protocol < 1:
        raise BundleError(f"its protocol is {str(protocol)[:40]!r}, expected a whole number.")
    if protocol > PROTOCOL:
        raise BundleError(
            f"it has protocol {protocol}, written by motifnet {writer}; this is motifnet "
            f"{__version__}, which reads protocols up to {PROTOCOL}. "
            f"Upgrade with `pip install 'motifnet>={writer}'`."
        )


def _arrays(tensors: bytes) -> Arrays:
    # the header is parsed by the library: bound it first
    size = struct.unpack("<Q", tensors[:8])[0] if len(tensors) >= 8 else len(tensors)
    if size > min(len(tensors), _MAX_HEADER) - 8 or tensors.count(b"{", 8, 8 + size) > _MAX_TENSORS:
        raise BundleError("its tensor file has no valid header.")
    try:
        arrays = safetensors.numpy.load(tensors)
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BundleError(f"its tensor file cannot be read ({error}).") from error
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise BundleError(
                f"tensor {name[:200]!r} is of type {array.dtype}, expected one of "
                f"{', '.join(DTYPES)}."
            )
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise BundleError(f"tensor {name[:200]!r} holds NaN.")
    return arrays


def _assemble(parts: dict[str, Any]) -> FittedModel:
    if not isinstance(parts["network"], Motif):
        raise BundleError("its network is not a motif.")
    parts["encoder"] = _encoder(parts["encoder"])
    # files from before schemas read strings have no reading
    if isinstance(parts["schema"], dict):
        parts["schema"] = {"reading": {"decimal": ".", "missing": []}} | parts["schema"]
        # and later ones no separator of thousands
        if isinstance(reading := parts["schema"]["reading"], dict):
            parts["schema"]["reading"] = {"thousands": ""} | reading
    # nor the narrowing of intervals
    if isinstance(parts["conformal"], dict) and "scale" in parts["conformal"]:
        parts["conformal"] = {"narrowing": 1.0} | parts["conformal"]
    # nor groups of the reference's rows
    if isinstance(parts["reference"], dict) and isinstance(
        rows := parts["reference"].get("rows"), dict
    ):
        parts["reference"]["rows"] = {"groups": None} | rows
    if isinstance(notes := parts["info"], dict):
        known = plain(FitInfo())
        parts["info"] = known | {name: note for name, note in notes.items() if name in known}
    return build(FittedModel, parts, "model")


def _encoder(state: Any) -> Encoder:
    """The encoder of a state, each field of the type that the feature's class declares."""
    if (
        not isinstance(state, dict)
        or set(state) != {"features"}
        or not isinstance(state["features"], list)
    ):
        raise BundleError("its encoder is not a list of features.")
    features = []
    for i, fields in enumerate(state["features"]):
        kind = FEATURES.get(str(fields.get("feature"))) if isinstance(fields, dict) else None
        if kind is None:
            raise BundleError(f"feature {i} of its encoder is of no known kind.")
        feature = build(
            kind, {name: item for name, item in fields.items() if name != "feature"}, f"feature {i}"
        )
        if isinstance(feature, OneHot | TargetMean) and (
            len(set(feature.levels)) < len(feature.levels) or None in feature.levels[:-1]
        ):
            raise BundleError(
                f"feature {i} of its encoder has levels that are not distinct, or a "
                "missing one before the last."
            )
        features.append(feature)
    return Encoder(tuple(features))
