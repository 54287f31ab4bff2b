"""The entry point: opens the standard streams, runs the commands and ends the process.

A failure of standard input or output ends in one line that names the stream. A stream that was
closed before the start is opened on the null device, so that no file of ours gets its number. It
fails only where it is read or written. Failures of standard error are silent: no stream is left for
them.

Characters that the encoding of a screen lacks fall back to ASCII. Tables on standard output are
data, in UTF-8 like files.

The commands are imported after the streams are open, so that an error or a Ctrl-C while they load
ends as one in a command does. A second Ctrl-C ends the process at once.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import signal
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from motifnet.engine import MotifnetError

FALLBACK = "motifnet.ascii"
NO_ROOM, INTERRUPTED, NO_READER = 4, 130, 141  # exit codes
NAMES = ("standard input", "standard output", "standard error")
_ASCII = {
    "–": "-", "—": "-", "−": "-", "─": "-", "→": "->", "…": "...", "±": "+-", "×": "x", "·": ".",
    "µ": "u", "μ": "u", "≤": "<=", "≥": ">=",
    "’": "'", "‘": "'", "“": '"', "”": '"', "Σ": "sum", "√": "sqrt",
}  # fmt: skip


class StreamError(MotifnetError):
    """A standard stream cannot be read or written. It is not an OSError: libraries catch those to
    end the process in their own way.
    """

    def __init__(self, name: str, error: OSError) -> None:
        verb = "read" if name == NAMES[0] else "written"
        reason = "it is closed" if error.errno == errno.EBADF else error.strerror
        advice = (
            "Free some room, or write elsewhere."
            if error.errno == errno.ENOSPC
            else "Redirect it, or give the path of a file."
        )
        super().__init__(f"{name} cannot be {verb}: {reason}. {advice}")
        self.code = {errno.EPIPE: NO_READER, errno.ENOSPC: NO_ROOM}.get(
            error.errno or 0, self.exit_code
        )


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
    """Replace Python's streams by streams with these errors and this fallback. Those of another
    kind, such as a Windows console, stay.
    """
    codecs.register_error(FALLBACK, _in_ascii)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _reserve(number)
        buffer = getattr(stream, "buffer", None)
        # unbuffered ones have no layer between
        if stream is None or type(getattr(buffer, "raw", buffer)) is io.FileIO:
            setattr(sys, name, _stream(number, stream))


def drop_output() -> None:
    """Discard the rest of standard output, so that Python does not complain when it flushes at its
    end.
    """
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
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors=FALLBACK, line_buffering=lines
    )


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding lacks by similar ASCII, or by their number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = [_letter(c) for c in error.object[error.start : error.end]]
    return "".join(found), error.end


def _letter(character: str) -> str:
    plain = (
        _ASCII.get(character)
        or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    )
    return plain or character.encode("unicode_escape").decode()


def main() -> None:
    """Run `motifnet` with the arguments of the process."""
    open_streams()
    try:
        from motifnet.cli._app import app

        try:
            app(prog_name="motifnet")
        finally:
            sys.stdout.flush()
    except StreamError as error:
        sys.exit(_exit_code(error))
    except KeyboardInterrupt:
        _end_at_once()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _end_at_once()
        # all is done: a late Ctrl-C would only disturb Python's own end
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise


def _exit_code(error: StreamError) -> int:
    """Print which stream failed. A reader that stops early, such as `head`, is no error."""
    drop_output()
    if error.code != NO_READER:
        sys.stderr.write(f"error: {error}\n")
    return error.code


def _end_at_once() -> None:
    """Exit without waiting for threads that are still computing; temporary files are removed by
    now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)
