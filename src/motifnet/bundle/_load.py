"""Loading: the way back from a file to a fitted model, trusting nothing.

Sizes, checksums, protocol, nesting, names, types and shapes are checked, and only motifs of the registry are built. A file can hold a wrong model,
but it cannot run code. Whatever is wrong raises `BundleError`.
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
from motifnet.bundle._archive import read_archive, too_large
from motifnet.bundle._codec import DTYPES, MAX_MOTIFS, Arrays, decode
from motifnet.bundle._errors import BundleError
from motifnet.bundle._model import FittedModel
from motifnet.bundle._save import FORMAT, PROTOCOL
from motifnet.bundle._try_out import try_out
from motifnet.bundle._typed import build
from motifnet.motifs import Motif
from motifnet.tables import Calendar, Encoder, Feature, Numeric, OneHot, TargetMean

_HEAD = ("format", "protocol", "written_by", "sha256")
_PARTS = ("task", "targets", "classes", "schema", "encoder", "network", "ledger", "card", "certificate", "info")
_OPTIONAL = ("conformal", "reference", "bands")  # models have it or not; files of before it was there have not
_FEATURES: dict[str, type[Feature]] = {kind.__name__: kind for kind in (Calendar, Numeric, OneHot, TargetMean)}
_MAX_HEADER, _MAX_TENSORS = 2**25, 200_000


def load_model(path: str | os.PathLike[str]) -> FittedModel:
    """The model in a file, with predictions equal to those of the saved one to the last bit."""
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
        raise BundleError(f"its manifest has the entries {sorted(head)[:30]}, expected {sorted({*_HEAD, *_PARTS})}.")
    if hashlib.sha256(tensors).hexdigest() != head["sha256"]:
        raise BundleError("its tensors are not those that were saved (the checksum differs). Fetch the file again.")
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
            f"it has protocol {protocol}, written by motifnet {writer}; this is motifnet {__version__}, which reads protocols up to {PROTOCOL}. "
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
            raise BundleError(f"tensor {name[:200]!r} is of type {array.dtype}, expected one of {', '.join(DTYPES)}.")
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise BundleError(f"tensor {name[:200]!r} holds NaN.")
    return arrays


def _assemble(parts: dict[str, Any]) -> FittedModel:
    if not isinstance(parts["network"], Motif):
        raise BundleError("its network is not a motif.")
    parts["encoder"] = _encoder(parts["encoder"])
    if isinstance(parts["schema"], dict):  # files of before texts were read by a schema have no reading
        parts["schema"] = {"reading": {"decimal": ".", "missing": []}} | parts["schema"]
    if isinstance(parts["reference"], dict) and isinstance(rows := parts["reference"].get("rows"), dict):  # nor did their rows have groups
        parts["reference"]["rows"] = {"groups": None} | rows
    return build(FittedModel, parts, "model")


def _encoder(state: Any) -> Encoder:
    """The encoder of its state, each field of the type that the feature's class declares."""
    if not isinstance(state, dict) or set(state) != {"features"} or not isinstance(state["features"], list):
        raise BundleError("its encoder is not a list of features.")
    features = []
    for i, fields in enumerate(state["features"]):
        kind = _FEATURES.get(str(fields.get("feature"))) if isinstance(fields, dict) else None
        if kind is None:
            raise BundleError(f"feature {i} of its encoder is of no known kind.")
        feature = build(kind, {name: item for name, item in fields.items() if name != "feature"}, f"feature {i}")
        if isinstance(feature, OneHot | TargetMean) and (len(set(feature.levels)) < len(feature.levels) or None in feature.levels[:-1]):
            raise BundleError(f"feature {i} of its encoder has levels that are not distinct, or a missing one before the last.")
        features.append(feature)
    return Encoder(tuple(features))
