"""Paths that are checked before any work, and files that are whole or absent.

A file is written under a temporary name in the same folder, synced, then renamed. The temporary
file is locked while it is written. An unlocked one is the remains of a killed process, and the next
write to the same path removes it.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from motifnet.engine._errors import DiskFullError, FileError, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def as_path(path: Any) -> str:
    """The path as a string. UsageError for anything else, also for a number, which Python would
    take for an open file.
    """
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str) or "\0" in text:
        shown = " ".join(repr(path).split())[:100]
        raise UsageError(
            f"path={shown} of type {type(path).__name__} is no path of a file. Give "
            "a string or a pathlib.Path without zero characters."
        )
    return text


def suffix_of(path: Any, known: Iterable[str]) -> str:
    """The suffix of a path, in lower case. UsageError if it is none of `known`."""
    suffix = Path(as_path(path)).suffix.lower()
    if suffix not in known:
        raise UsageError(
            f"{str(path)!r} has the suffix {suffix!r}, which is no format of a report. "
            f"Use one of {', '.join(known)}."
        )
    return suffix


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the body a temporary path to write. If the body succeeds, the file is renamed to `path`,
    otherwise it is removed. For a link, the target is replaced.
    """
    target = Path(os.path.realpath(as_path(path)))
    stem = target.name[:100]
    temporary, handle = target.with_name(f"{stem}.{secrets.token_hex(8)}.tmp"), -1
    try:
        _sweep(target.parent, stem)
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        _lock(handle)
        yield temporary
        _sync(temporary)
        os.replace(temporary, target)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        reason = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise DiskFullError(
                f"{os.fspath(path)!r} cannot be written: {reason}. Free some "
                "room, or give a path on another disk."
            ) from error
        raise FileError(
            f"{os.fspath(path)!r} cannot be written: {reason}. Give a path in a "
            "folder that exists, is writable and has room."
        ) from error
    finally:
        if handle >= 0:
            os.close(handle)
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


def _lock(handle: int) -> bool:
    """Whether the file could be locked for this process. False on systems without locks, where no
    temporary file is swept.
    """
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _sweep(folder: Path, stem: str) -> None:
    """Remove temporary files of the same path that no process is writing."""
    for stale in folder.glob(f"{glob.escape(stem)}.{'[0-9a-f]' * 16}.tmp"):
        with suppress(OSError):
            handle = os.open(stale, os.O_WRONLY)
            try:
                if _lock(handle):
                    stale.unlink()
            finally:
                os.close(handle)
