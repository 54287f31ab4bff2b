"""Results of jobs to JSON and arrays and back, exactly: numbers, texts, tuples, lists, dicts, arrays, tensors and dataclasses of motifnet.

    ["tuple", …]    ["array", name, axes]    ["data", "motifnet.kernels._kernel:Kernel", {"rates": …}]

`axes` is the order in which the array lies in memory: a product with a transposed array differs in its last bits. Decoding imports dataclasses of
motifnet by their names and calls nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

JSON = Any
Arrays = dict[str, NDArray[Any]]
_ROOT = "motifnet"
_SEQUENCES = {"tuple": tuple, "list": list}


def encode(value: Any, arrays: Arrays) -> JSON:
    """JSON for a value; its arrays are added to `arrays`. Raises TypeError for what has no form here."""
    import torch

    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (tuple, list):
        return [type(value).__name__, *(encode(item, arrays) for item in value)]
    if type(value) is dict:
        return ["dict", *([encode(key, arrays), encode(item, arrays)] for key, item in value.items())]
    if isinstance(value, torch.Tensor):
        return ["tensor", *_put(value.detach().numpy(), arrays)]
    if isinstance(value, np.ndarray):
        return ["array", *_put(value, arrays)]
    if isinstance(value, np.generic):
        return ["number", *_put(np.asarray(value), arrays)]
    kind = type(value)
    if is_dataclass(kind) and kind.__module__.split(".")[0] == _ROOT:
        return ["data", f"{kind.__module__}:{kind.__qualname__}", {f.name: encode(getattr(value, f.name), arrays) for f in fields(kind) if f.init}]
    raise TypeError(f"A {kind.__module__}.{kind.__qualname__} has no form in a checkpoint.")


def decode(value: JSON, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The value of some JSON."""
    import torch

    if not isinstance(value, list):
        return value
    match value:
        case ["tuple" | "list" as kind, *items]:
            return _SEQUENCES[kind](decode(item, arrays) for item in items)
        case ["dict", *items]:
            return {decode(key, arrays): decode(item, arrays) for key, item in items}
        case ["tensor", name, axes]:
            return torch.from_numpy(arrays[name]).clone().permute(np.argsort(axes).tolist())  # cloned: aligned as torch does it
        case ["array", name, axes]:
            return arrays[name].copy().transpose(np.argsort(axes))
        case ["number", name, _]:
            return arrays[name][()]
        case ["data", str(name), dict(items)]:
            return _dataclass(name)(**{key: decode(item, arrays) for key, item in items.items()})
    raise ValueError(f"an unknown form {str(value)[:100]}")


def fingerprint(value: Any) -> str:
    """A hash of a value: equal for equal values, whatever the process."""
    arrays: Arrays = {}
    text = json.dumps(encode(value, arrays))
    total = hashlib.sha256(text.encode())
    for array in arrays.values():
        total.update(f"{array.dtype.str} {array.shape}".encode())
        total.update(array.data.cast("B") if array.size else b"")
    return total.hexdigest()


def _put(array: NDArray[Any], arrays: Arrays) -> tuple[str, list[int]]:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"An array of {array.dtype} has no form in a checkpoint.")
    axes = np.argsort([-abs(stride) for stride in array.strides], kind="stable").tolist()
    name = str(len(arrays))
    arrays[name] = np.ascontiguousarray(array.transpose(axes)).reshape([array.shape[axis] for axis in axes])
    return name, axes


def _dataclass(name: str) -> type[Any]:
    module, _, path = name.partition(":")
    if module.split(".")[0] != _ROOT:
        raise ValueError(f"a class {name[:100]!r} that is not of {_ROOT}")
    kind = getattr(import_module(module), path, None)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"no dataclass {name[:100]!r}")
    return kind
