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

_MAX_WHOLE = 2.0**53  # from here on neighbouring whole numbers are one float


def code(level: Any) -> float:
    """The number of a level; NaN where it is missing."""
    if isinstance(level, str):
        return float(int.from_bytes(blake2b(level.encode(errors="surrogatepass"), digest_size=6).digest(), "big"))
    if isinstance(level, bytes | np.datetime64 | np.timedelta64):
        raise TypeError(f"{type(level).__name__} is neither a number nor a string")
    return number(level)


def number(value: Any) -> float:
    """A value of a column that is computed with: what a string spells; NaN where it is missing."""
    return float("nan") if is_missing(value) else float(value)


def is_missing(level: Any) -> bool:
    """None, NaN, and pandas' NA."""
    return level is None or type(level).__name__ in ("NAType", "NaTType") or (isinstance(level, float | np.floating) and bool(np.isnan(level)))


def knows_empty(table: Lookup) -> bool:
    """Whether the empty string is a level; `Lookup.texts` holds it as "", as it holds numbers."""
    return bool((table.levels == code("")).any())


def lookup(levels: Sequence[Any], rows: Matrix, unseen: Matrix, missing: Matrix) -> Motif:
    """A row for each level, in their order here; a level that stands for missing values replaces `missing`."""
    codes = np.array([_code_of_level(level) for level in levels], dtype=np.float64)
    gaps = np.isnan(codes)
    if gaps.sum() > 1:
        raise UsageError("A column has both None and NaN as levels, which are one missing value to a network. Make them one, and fit again.")
    missing = rows[gaps][0] if gaps.any() else missing
    order = np.argsort(codes[~gaps])
    kept = codes[~gaps][order]
    if (np.diff(kept) == 0).any():
        raise UsageError("Two levels of a column have the same number. Rename one of them, and fit again.")
    names = [level if isinstance(level, str) else "" for level, gap in zip(levels, gaps, strict=True) if not gap]
    texts = [str(names[k]) for k in order] if any(names) else []
    return Lookup(tensor(kept), tensor(np.vstack([rows[~gaps][order], unseen, missing])), texts)


def _code_of_level(level: Any) -> float:
    try:
        found = code(level)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"A level is {level!r} of type {type(level).__name__}; expected strings or numbers. Convert the column, and fit again."
        ) from error
    if isinstance(level, int | np.integer) and abs(found) >= _MAX_WHOLE:
        raise UsageError(f"A level is {level!r}, beyond 2^53, where neighbours have the same float64. Make the column strings, and fit again.")
    return found
