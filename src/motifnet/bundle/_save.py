"""Saving: a fitted model as a manifest and tensors, in one file (layout in _archive.py, values in _codec.py).

`PROTOCOL` is raised whenever the reader of the old version would misread a file of the new one; then the old reader moves to `old/`, and a golden
file of the old protocol stays in the tests. A further motif does not raise it: a reader that lacks one says so.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import safetensors.numpy

from motifnet import __version__
from motifnet.bundle._archive import MAX_MANIFEST, MAX_VALUES, values_of, write_archive
from motifnet.bundle._codec import Arrays, encode
from motifnet.bundle._model import FittedModel
from motifnet.bundle._typed import plain
from motifnet.engine import ResourceError, atomic_file
from motifnet.tables import Encoder, Schema

FORMAT, PROTOCOL = "motifnet", 1
_SKETCH, _REST = 7, 20_000  # entries of the manifest: of a column's sketch for shifts, and of all that is no column


def save_model(model: FittedModel, path: str | os.PathLike[str]) -> None:
    """Write the model to a file; equal models give equal bytes, and a failed write leaves nothing behind."""
    manifest, tensors = pack(model)
    with atomic_file(path) as temporary:
        write_archive(temporary, manifest, tensors)


def check_width(encoder: Encoder, schema: Schema) -> None:
    """Raise ResourceError, before anything is fitted, where no bundle could hold what is known of the columns."""
    arrays: Arrays = {}
    parts = json.dumps([encode(encoder.to_state(), "encoder", arrays), encode(plain(schema), "schema", arrays)]).encode()
    if (values := values_of(parts) + _SKETCH * len(schema.names)) > MAX_VALUES - _REST or len(parts) > MAX_MANIFEST // 2:
        raise ResourceError(
            f"The table has {len(schema.names):,} columns with {len(encoder.names):,} encoded ones, for which a saved model needs some {values:,} "
            f"entries; a bundle holds {MAX_VALUES:,}. Leave out columns, or text columns with very many levels."
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
    head = {"format": FORMAT, "protocol": PROTOCOL, "written_by": __version__, "sha256": hashlib.sha256(tensors).hexdigest()}
    return json.dumps({**head, **encoded}, ensure_ascii=True, allow_nan=False, indent=1).encode("ascii"), tensors
