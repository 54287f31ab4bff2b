"""Mutations for fuzzing: bytes of any kind, JSON by its values, and bundles whose checksums are
right again afterwards.

A fuzzer that only flips bits never comes behind a checksum; one that knows the format does.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import safetensors.numpy

from motifnet.model import MANIFEST, TENSORS, write_archive

NUMBERS: list[Any] = [
    0,
    -1,
    1,
    2,
    7,
    201,
    2**31,
    2**63,
    -(2**63),
    10**30,
    0.5,
    -0.0,
    1e-308,
    1e308,
    -1e308,
]
ODD: list[Any] = [
    None,
    True,
    False,
    "",
    "x",
    "a" * 1000,
    "\u202e",
    "\ud800",
    [],
    {},
    [[]],
    [None],
    {"": 0},
    "categorical",
    "int",
    *NUMBERS,
]
TAGGED: list[Any] = [
    {"$float": "nan"},
    {"$float": "inf"},
    {"$float": "0"},
    {"$array": ""},
    {"$tensor": "x"},
    {"$motif": "Identity", "arguments": {}},
]
CELLS = [
    b"nan",
    b"inf",
    b"1e999",
    b"9" * 400,
    b"-0",
    b"0x1",
    b"1_0",
    b"true",
    b"NA",
    b"null",
    b"2024-13-32",
    b"0001-01-01",
    b"9999-12-31T23:59Z",
]
MARKS = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x1f\x8b",
    b"\xed\xa0\x80",
    b"PAR1",
    b"=1+1",
    b"y",
]


def bytes_changed(data: bytes, rng: Random, tokens: Sequence[bytes] = (*CELLS, *MARKS)) -> bytes:
    """A bit flipped, a stretch removed, repeated or overwritten, or a token put in."""
    start = rng.randrange(len(data) + 1)
    stop = min(len(data), start + rng.choice([1, 1, 2, 4, 16, 64, 1024]))
    part = data[start:stop]
    new = rng.choice(
        [
            b"",
            part * 2,
            part * 50,
            part[::-1],
            rng.choice(tokens),
            rng.choice(tokens) + part,
            rng.randbytes(len(part)),
            _flipped(part, rng),
        ]
    )
    return data[:start] + new + data[stop:]


def _flipped(part: bytes, rng: Random) -> bytes:
    return bytes([part[0] ^ 1 << rng.randrange(8)]) + part[1:] if part else part


def json_changed(value: Any, rng: Random, odd: Sequence[Any] = (*ODD, *TAGGED)) -> Any:
    """The JSON with one of its values replaced by an odd one or by another of its values, removed,
    or given a second time.
    """
    slots = list(_slots(value))
    if not slots:
        return rng.choice(odd)
    holder, key = rng.choice(slots)
    match rng.randrange(6):
        case 0 | 1:
            holder[key] = rng.choice(odd)
        case 2 | 3:
            other, place = rng.choice(slots)
            holder[key] = json.loads(json.dumps(other[place]))
        case 4:
            del holder[key]
        case _ if isinstance(holder, list):
            holder.insert(key, holder[key])
        case _:
            holder[rng.choice(["", "x", "$x", str(key) * 2])] = holder[key]
    return value


def _slots(value: Any) -> Any:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in list(items):
        yield value, key
        yield from _slots(item)


def array_changed(array: Any, rng: Random) -> Any:
    """The array with another type, shape, or with values of another size."""
    with np.errstate(all="ignore"):
        changes = [
            lambda: array.astype(rng.choice(["float32", "float64", "int64", "bool"])),
            lambda: array[..., None],
            lambda: array.reshape(-1),
            lambda: array.T,
            lambda: array[:0],
            lambda: array[:1],
            lambda: np.concatenate([array, array]) if array.ndim else array,
            lambda: array * rng.choice([0, -1, 1e-300, 1e150, 1e300]),
            lambda: np.where(
                np.random.default_rng(rng.randrange(99)).random(array.shape) < 0.3,
                rng.choice([0, -1, 5, 1e300, np.inf, -np.inf]),
                array,
            ),
        ]
        changed = np.asarray(rng.choice(changes)())
    return (
        changed
        if changed.dtype.name in ("float32", "float64", "int64", "bool")
        else changed.astype(np.float64)
    )


def bundle_changed(data: bytes, rng: Random) -> bytes:
    """A bundle with changed manifest or tensors, and the checksum of these; bytes that are no
    bundle are changed as bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            head, arrays = (
                json.loads(archive.read(MANIFEST)),
                safetensors.numpy.load(archive.read(TENSORS)),
            )
        for _ in range(rng.choice([1, 1, 2, 5])):
            if rng.random() < 0.3 and arrays:
                name = rng.choice(sorted(arrays))
                arrays[name] = np.ascontiguousarray(array_changed(arrays[name], rng))
            else:
                head = json_changed(head, rng)
        tensors = safetensors.numpy.save(arrays)
        if isinstance(head, dict):
            head["sha256"] = hashlib.sha256(tensors).hexdigest()
        return packed(json.dumps(head).encode(), tensors)
    except Exception:
        return bytes_changed(data, rng)


def packed(manifest: bytes, tensors: bytes) -> bytes:
    """The bytes of an archive of these two."""
    with TemporaryDirectory() as folder:
        write_archive(Path(folder) / "m", manifest, tensors)
        return (Path(folder) / "m").read_bytes()
