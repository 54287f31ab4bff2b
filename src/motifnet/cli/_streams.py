"""Standard input, output and error of the process: what fails on one of them ends in one line that names it.

A stream that was closed before the start is opened on nothing, so that no file of ours gets its number; it fails only where it is read or written.
Nothing is ever said of standard error: there is nowhere to say it.

Characters that the encoding of a screen lacks fall back to ASCII. Tables on standard output are data, in UTF-8 like files.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from motifnet.engine import MotifnetError

FALLBACK, NO_READER, NO_ROOM = "motifnet.ascii", 141, 4
NAMES = ("standard input", "standard output", "standard error")
_ASCII = {
    "–": "-", "—": "-", "−": "-", "─": "-", "→": "->", "…": "...", "±": "+-", "×": "x", "·": ".", "µ": "u", "μ": "u", "≤": "<=", "≥": ">=",
    "’": "'", "‘": "'", "“": '"', "”": '"', "Σ": "sum", "√": "sqrt",
}  # fmt: skip


class StreamError(MotifnetError):
    """A standard stream cannot be read or written; no OSError, as libraries catch those to end the process in their own way."""

    def __init__(self, name: str, error: OSError) -> None:
        verb, reason = ("read" if name == NAMES[0] else "written"), "it is closed" if error.errno == errno.EBADF else error.strerror
        advice = "Free some room, or write elsewhere." if error.errno == errno.ENOSPC else "Redirect it, or give the path of a file."
        super().__init__(f"{name} cannot be {verb}: {reason}. {advice}")
        self.code = {errno.EPIPE: NO_READER, errno.ENOSPC: NO_ROOM}.get(error.errno or 0, self.exit_code)


class _Raw(io.FileIO):
    """The file of a standard stream."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "r" if number == 0 else "w", closefd=False)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self.fileno() < 2:
                raise StreamError(NAMES[self.fileno()], error) from None

    def write(self, data: Any) -> int:
        with self._named():
            return super().write(data) or 0
        return len(data)

    def readinto(self, buffer: Any) -> int | None:
        with self._named():
            return super().readinto(buffer)
        return 0

    def readall(self) -> bytes:
        with self._named():
            return super().readall() or b""
        return b""


def open_streams() -> None:
    """Put streams with these errors and this fallback in place of Python's; those of another kind, such as a Windows console, stay."""
    codecs.register_error(FALLBACK, _in_ascii)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _reserve(number)
        buffer = getattr(stream, "buffer", None)
        if stream is None or type(getattr(buffer, "raw", buffer)) is io.FileIO:  # unbuffered ones have no layer between
            setattr(sys, name, _stream(number, stream))


def drop_output() -> None:
    """Send what is left of standard output nowhere, else Python complains when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _reserve(number: int) -> None:
    """Take the number of a closed stream, in the direction that it is not used in."""
    try:
        os.fstat(number)
    except OSError:
        with suppress(OSError):
            handle = os.open(os.devnull, os.O_WRONLY if number == 0 else os.O_RDONLY)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)


def _stream(number: int, old: TextIO | None) -> TextIO:
    raw, encoding = _Raw(number), "utf-8" if old is None else old.encoding
    if number == 0:
        return io.TextIOWrapper(io.BufferedReader(raw), encoding=encoding)
    lines = number == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=FALLBACK, line_buffering=lines)


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks: their like in ASCII, or their number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = [_letter(c) for c in error.object[error.start : error.end]]
    return "".join(found), error.end


def _letter(character: str) -> str:
    plain = _ASCII.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or character.encode("unicode_escape").decode()
