"""A path as the user gave it: refused before any work where it cannot be one."""

from __future__ import annotations

import os
from typing import Any

from motifnet.engine._errors import UsageError


def as_path(path: Any) -> str:
    """The path as text. UsageError for what is no path; a number would be taken for a file that is open already."""
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str) or "\0" in text:
        shown = " ".join(repr(path).split())[:100]
        raise UsageError(f"path={shown} of type {type(path).__name__} is no path of a file. Give a text or a pathlib.Path without zero characters.")
    return text
