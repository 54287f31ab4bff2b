"""Text that cannot steer a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    """The text with control characters written out, line ends apart: an escape sequence, or a mark that reverses the reading direction, is shown."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in str(text))
