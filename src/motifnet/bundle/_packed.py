"""Arrays in fewer bytes, without loss: whole numbers in the narrowest type that holds them, arrays of many zeros as the others and where they are.

    int64      →  int8, int16 or int32, and back to int64
    float64    →  the entries that are not +0.0, and one bit an entry that tells which these are

A tree's leaf has no threshold and an inner node no value, so that half of the numbers of a forest are zeros. What unpacking makes is at most 64 times
as large as what it is made of.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bundle._errors import BundleError

NARROW = ("int8", "int16", "int32")
BITS = "uint8"
_FEW = 64  # entries, below which nothing is gained
_WORTH = 0.75  # of the bytes


def narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the narrowest type."""
    if array.dtype != np.int64 or array.size < _FEW:
        return array
    low, high = int(array.min()), int(array.max())
    fitting = (kind for kind in NARROW if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return array.astype(next(fitting, "int64"))


def without_zeros(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.uint8]] | None:
    """The entries that are not +0.0, and a bit for each entry; None where that takes nearly as many bytes."""
    if array.dtype != np.float64 or array.size < _FEW:
        return None
    other = np.ascontiguousarray(array).reshape(-1).view(np.int64) != 0
    values, bits = array.reshape(-1)[other], np.packbits(other)
    return (values, bits) if values.nbytes + bits.nbytes < _WORTH * array.nbytes else None


def with_zeros(values: NDArray[Any], bits: NDArray[Any], shape: list[Any]) -> NDArray[Any]:
    """The array with this shape. Raises BundleError where the parts do not make one."""
    if not all(type(side) is int and side >= 0 for side in shape):
        raise BundleError(f"an array has the shape {str(shape)[:100]}.")
    size = math.prod(shape)
    sound = bits.dtype.name == BITS and bits.shape == (-(-size // 8),) and values.ndim == 1 and values.dtype == np.float64
    if not sound or len(values) != int((other := np.unpackbits(bits, count=size).astype(bool)).sum()):
        raise BundleError("an array without its zeros does not have as many other entries as it says.")
    array = np.zeros(size)
    array[other] = values
    return array.reshape(shape)
