"""Files that are whole or not there: written under a temporary name in the same folder, synced, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from motifnet.engine._errors import FileError


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the body a temporary path to write; put it in place if the body succeeds, remove it if not. Of a link the target is replaced."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _sync(temporary)
        os.replace(temporary, target)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        reason = error.strerror or type(error).__name__
        raise FileError(f"{os.fspath(path)!r} cannot be written: {reason}. Give a path in a folder that exists, is writable and has room.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    with suppress(OSError):  # not every file system lets a folder be synced
        _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
