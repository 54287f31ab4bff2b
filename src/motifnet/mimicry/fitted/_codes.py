"""Levels as numbers, so that a row of a table with texts is a row of a matrix: a number is itself, a text a number of 48 bits made from it.

The number of a text does not depend on a fit, hence encoders and trees of one model agree on it without knowing of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import tensor
from motifnet.motifs import Lookup, Motif
from motifnet.tables import Matrix


def code(level: Any) -> float:
    """The number of a level; NaN where it is missing."""
    if isinstance(level, str):
        return float(int.from_bytes(blake2b(level.encode(errors="surrogatepass"), digest_size=6).digest(), "big"))
    return float("nan") if level is None else float(level)


def lookup(levels: Sequence[Any], rows: Matrix, unseen: Matrix, missing: Matrix) -> Motif:
    """A row for each level, in their order here; a level that stands for missing values replaces `missing`."""
    codes = np.array([code(level) for level in levels])
    gaps = np.isnan(codes)
    missing = rows[gaps][0] if gaps.any() else missing
    order = np.argsort(codes[~gaps])
    kept = codes[~gaps][order]
    if (np.diff(kept) == 0).any():
        raise UsageError("Two levels of a column have the same number. Rename one of them, and fit again.")
    names = [level if isinstance(level, str) else "" for level, gap in zip(levels, gaps, strict=True) if not gap]
    texts = [names[k] for k in order] if any(names) else []
    return Lookup(tensor(kept), tensor(np.vstack([rows[~gaps][order], unseen, missing])), texts)
