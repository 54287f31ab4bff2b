"""Values to JSON and back: plain values as they are, everything else as an object with one key that starts with "$".

    {"$float": "inf"}            a float that JSON cannot hold
    {"$tensor": "network/0/w"}   a torch tensor, by its name in the tensor file ("$array": a numpy array)
    {"$tensor": ..., "stored": "int16"}, {"$tensor": ..., "shape": [3, 2]}    in fewer bytes, without loss (see _packed.py)
    {"$motif": "Affine", ...}    a motif: its class in the registry and its constructor arguments

Decoding calls the constructors of registered motifs, with arguments that fit their signature, and nothing else.
"""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.bundle._errors import BundleError
from motifnet.bundle._packed import BITS, NARROW, narrowed, with_zeros, without_zeros
from motifnet.bundle._typed import typed
from motifnet.engine import UsageError
from motifnet.motifs import MOTIFS, Motif

JSON = Any
Arrays = dict[str, NDArray[Any]]
KINDS = ("float64", "float32", "int64", "bool")  # of arrays in memory
DTYPES = (*KINDS, *NARROW, BITS)  # and in a file
MAX_DEPTH = 200
_BITS = "$bits"  # no argument of a motif has this name
MAX_MOTIFS = 20_000
MAX_INT = 100_000  # such as the depth of a tree: bounds what a file can make a network do


def encode(value: Any, path: str, arrays: Arrays) -> JSON:
    """JSON for a value; arrays met on the way are added to `arrays` under names that start with the path."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, Motif):
        arguments = {name: getattr(value, name) for name in argument_names(type(value))}
        return {"$motif": type(value).__name__, "arguments": _encode_items(arguments, path, arrays)}
    if isinstance(value, Tensor):
        return _put("$tensor", value.detach().cpu().numpy(), path, arrays)
    if isinstance(value, np.ndarray):
        return _put("$array", value, path, arrays)
    if isinstance(value, Mapping):
        return _encode_items(value, path, arrays)
    if isinstance(value, Iterable):
        return [encode(item, f"{path}/{i}", arrays) for i, item in enumerate(value)]
    raise UsageError(
        f"A {type(value).__name__} at {path!r} cannot be saved; a bundle holds numbers, texts, lists, arrays and motifs. Express it by one of these."
    )


def _encode_items(items: Mapping[str, Any], path: str, arrays: Arrays) -> JSON:
    for key in items:
        if not isinstance(key, str) or key.startswith("$"):
            raise UsageError(f"The key {key!r} at {path!r} cannot be saved; keys are texts that do not start with '$'. Rename it.")
    return {key: encode(item, f"{path}/{key}", arrays) for key, item in items.items()}


def _put(tag: str, array: NDArray[Any], path: str, arrays: Arrays) -> JSON:
    if array.dtype.name not in KINDS:
        raise UsageError(f"An array of {array.dtype} at {path!r} cannot be saved; its type has to be one of {', '.join(KINDS)}. Convert it.")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise UsageError(f"The array at {path!r} holds NaN, which a bundle refuses. Fit the model again; please report this if it persists.")
    if (packed := without_zeros(array)) is not None:
        arrays[path], arrays[f"{path}/{_BITS}"] = packed
        return {tag: path, "shape": list(array.shape)}
    stored = narrowed(array)
    arrays[path] = np.ascontiguousarray(stored).reshape(array.shape)
    return {tag: path} if stored.dtype == array.dtype else {tag: path, "stored": stored.dtype.name}


def decode(value: JSON, arrays: Arrays, depth: int = 0) -> Any:
    """The value of some JSON; arrays are taken out of `arrays`, so that each is used once and what is left was not asked for."""
    if depth > MAX_DEPTH:
        raise BundleError(f"its manifest is nested more than {MAX_DEPTH} deep.")
    if isinstance(value, list):
        return [decode(item, arrays, depth + 1) if isinstance(item, dict | list) else item for item in value]
    if not isinstance(value, dict):
        return value
    tags = [key for key in value if key.startswith("$")]
    if not tags:
        return {key: decode(item, arrays, depth + 1) for key, item in value.items()}
    match value:
        case {"$float": "inf" | "-inf" | "nan" as text, **rest} if not rest:
            return float(text)
        case {"$tensor": str(name), **rest} if len(rest) < 2:
            return torch.from_numpy(_take(name, rest, arrays)).clone()  # cloned: aligned as torch does it
        case {"$array": str(name), **rest} if len(rest) < 2:
            return _take(name, rest, arrays)
        case {"$motif": str(name), "arguments": dict(arguments), **rest} if not rest:
            return _build(name, {key: decode(item, arrays, depth + 1) for key, item in arguments.items()})
    raise BundleError(f"its manifest holds an object that this motifnet does not know: {str(tags)[:100]}.")


def _take(name: str, rest: Mapping[str, Any], arrays: Arrays) -> NDArray[Any]:
    array = _pop(name, arrays)
    match rest:
        case {"stored": kind} if kind in NARROW and kind == array.dtype.name:
            return array.astype(np.int64)
        case {"shape": list(shape)}:
            return with_zeros(array, _pop(f"{name}/{_BITS}", arrays), shape)
        case {} if not rest and array.dtype.name in KINDS:
            return array
    raise BundleError(f"tensor {name[:200]!r} is of type {array.dtype}{f' and {str(rest)[:100]}' if rest else ''}, expected {', '.join(KINDS)}.")


def _pop(name: str, arrays: Arrays) -> NDArray[Any]:
    if name not in arrays:
        raise BundleError(f"tensor {name[:200]!r} is missing.")
    return arrays.pop(name)


def argument_names(kind: type[Motif]) -> list[str]:
    """Names of the constructor arguments of a class of motifs; none where it has no constructor of its own."""
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _build(name: str, arguments: dict[str, Any]) -> Motif:
    """A motif of the registry from its constructor arguments."""
    if name not in MOTIFS:
        raise BundleError(f"there is no motif {name[:100]!r} here.")
    expected = argument_names(MOTIFS[name])
    if set(arguments) != set(expected):
        raise BundleError(f"motif {name} has arguments {sorted(arguments)[:20]}, expected {sorted(expected)}.")
    if any(abs(number) > MAX_INT for number in _whole_numbers(arguments)):
        raise BundleError(f"motif {name} has a whole number above {MAX_INT:,} among its arguments.")
    hints = typing.get_type_hints(MOTIFS[name])
    try:
        return MOTIFS[name](**{key: typed(hints[key], item, f"{name}.{key}") if key in hints else item for key, item in arguments.items()})
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"motif {name} cannot be built from its arguments ({type(error).__name__}: {str(error)[:500]}).") from error


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(item)
