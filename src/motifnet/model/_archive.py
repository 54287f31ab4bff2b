"""The container of a saved model: a zip archive of exactly two stored entries.

    manifest.json          the model without its arrays, in ASCII JSON
    tensors.safetensors    its arrays

Timestamps are fixed, so that equal content gives equal bytes. Nothing is compressed, so no entry
can be larger than the file, and every size is checked before a byte of content is read.
A file that cannot be trusted or understood raises `BundleError`.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO, ClassVar

from motifnet.engine import FileError, MotifnetError, ResourceError, as_path

MANIFEST, TENSORS = "manifest.json", "tensors.safetensors"
MAX_BYTES = 2**31 - 2**20
MAX_MANIFEST = 2**25
MAX_VALUES = 1_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)
_END = struct.Struct("<4sHHHHIIH")
_MAX_DIRECTORY = 4096


class BundleError(MotifnetError, ValueError):
    """A file is not a motifnet bundle, is damaged, or contains what a bundle may not contain."""

    exit_code: ClassVar[int] = 3


def write_archive(path: Path, manifest: bytes, tensors: bytes) -> None:
    """Write the two entries to a file."""
    if too_large(manifest) or len(manifest) + len(tensors) > MAX_BYTES:
        raise ResourceError(
            f"The model needs a manifest of {len(manifest):,} bytes and {len(tensors):,} bytes of "
            f"tensors. The manifest may have {MAX_MANIFEST:,} bytes, both together "
            f"{MAX_BYTES:,}. Fit with fewer centres (preset 'fast'), or leave out text columns "
            "with very many levels."
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, content in ((MANIFEST, manifest), (TENSORS, tensors)):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # the default is that of the machine
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def too_large(manifest: bytes) -> bool:
    """Whether a manifest has more bytes or values than a reader may spend memory and time on."""
    return len(manifest) > MAX_MANIFEST or values_of(manifest) > MAX_VALUES


def values_of(manifest: bytes) -> int:
    """The number of values in JSON, counted by commas and opening brackets."""
    return sum(manifest.count(mark) for mark in (b",", b"[", b"{"))


def read_archive(path: str | os.PathLike[str]) -> tuple[bytes, bytes]:
    """The two entries of a file, after checks of its structure, sizes and checksums."""
    name = as_path(path)
    # apart from the rest: a path that cannot be opened is not a damaged bundle
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        raise FileError(
            f"{name!r} cannot be read: {getattr(error, 'strerror', error)}. Give the "
            "path of a saved model."
        ) from error
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileError(f"{name!r} is not a regular file. Give the path of a saved model.")
        try:
            return _read(file, status.st_size)
        except BundleError as error:
            raise BundleError(
                f"{name!r} is not a usable motifnet bundle: {error} Save the model "
                "again, or fetch the file again."
            ) from error
        except (
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            EOFError,
            OSError,
            ValueError,
            struct.error,
        ) as error:
            raise BundleError(
                f"{name!r} is not a usable motifnet bundle: {error}. Save the model "
                "again, or fetch the file again."
            ) from error


def _read(file: BinaryIO, size: int) -> tuple[bytes, bytes]:
    if size > MAX_BYTES + _MAX_DIRECTORY:
        raise BundleError(f"it has {size:,} bytes, at most {MAX_BYTES:,} are allowed.")
    _check_end(file, size)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if names != [MANIFEST, TENSORS]:
            raise BundleError(f"its entries are {names[:4]}, expected {[MANIFEST, TENSORS]}.")
        for entry in entries:
            _check_entry(entry, size)
        return archive.read(MANIFEST), archive.read(TENSORS)


def _check_end(file: BinaryIO, size: int) -> None:
    """Check the record at the end, which bounds what the zip reader allocates."""
    if size < _END.size:
        raise BundleError(f"it has {size} bytes, too few for an archive.")
    file.seek(size - _END.size)
    mark, disk, first, here, total, length, offset, comment = _END.unpack(file.read(_END.size))
    if mark != b"PK\x05\x06" or disk or first or comment:
        raise BundleError("it does not end as a zip archive does (not a bundle, or cut off).")
    if here != 2 or total != 2 or length > _MAX_DIRECTORY or offset + length + _END.size != size:
        raise BundleError(
            f"its directory lists {total} entries in {length:,} bytes, expected 2 "
            "entries that fill the file."
        )


def _check_entry(entry: zipfile.ZipInfo, size: int) -> None:
    if (
        entry.compress_type != zipfile.ZIP_STORED
        or entry.file_size != entry.compress_size
        or entry.flag_bits
        or entry.extra
        or entry.comment
    ):
        raise BundleError(f"entry {entry.filename!r} is not stored plainly.")
    limit = min(size, MAX_MANIFEST) if entry.filename == MANIFEST else size
    if entry.file_size > limit:
        raise BundleError(
            f"entry {entry.filename!r} claims {entry.file_size:,} bytes, at most "
            f"{limit:,} are possible."
        )
