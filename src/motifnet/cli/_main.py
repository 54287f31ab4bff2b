"""The entry point: runs the commands and turns a second Ctrl-C into an end at once."""

from __future__ import annotations

import os
import signal
import sys

from motifnet.cli._streams import NO_READER, StreamError, drop_output, open_streams

INTERRUPTED = 130


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
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: a late Ctrl-C would only disturb Python's own end
        raise


def _exit_code(error: StreamError) -> int:
    """Say which stream failed; a reader that has seen enough, such as `head`, is no error."""
    drop_output()
    if error.code != NO_READER:
        sys.stderr.write(f"error: {error}\n")
    return error.code


def _end_at_once() -> None:
    """Leave without waiting for threads that are still computing; temporary files are gone by now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)
