"""The error for a saved model that cannot be trusted or understood."""

from __future__ import annotations

from typing import ClassVar

from motifnet.engine import MotifnetError


class BundleError(MotifnetError, ValueError):
    """A file is not a motifnet bundle, is damaged, or asks for something that a bundle may not contain."""

    exit_code: ClassVar[int] = 3
