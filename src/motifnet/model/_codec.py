"""Values to JSON and back.

Plain values stay as they are. Others become an object whose key is "$" and a kind:

    {"$float": "inf"}            a float that JSON cannot hold
    {"$tensor": "network/0/w"}   a torch tensor, by its name in the tensor file ("$array": numpy's)
    {"$tensor": ..., "stored": "int16"}       in fewer bytes, without loss: a narrower type
    {"$tensor": ..., "shape": [3, 2]}         in fewer bytes, without loss: zeros left out
    {"$motif": "Affine", ...}    a motif: its class in the registry and its constructor arguments

Decoding calls only constructors of registered motifs, with arguments that fit their signature.
Arrays are packed without loss where that saves bytes:

    int64      →  int8, int16 or int32, and back to int64
    float64    →  the entries that are not +0.0, and for each entry one bit that marks them

A leaf of a tree has no threshold and an inner node no value, so half of the numbers of a forest are
zeros. An unpacked array is at most 64 times as large as the packed one.

Frozen dataclasses are written as dicts (`plain`) and built from decoded JSON by their type hints
(`build`): every field is named, and every value has the type of its hint.
"""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.model._archive import BundleError
from motifnet.motifs import MOTIFS, Motif

JSON = Any
Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")

NARROW = ("int8", "int16", "int32")
BITS = "uint8"
KINDS = ("float64", "float32", "int64", "bool")  # of arrays in memory
DTYPES = (*KINDS, *NARROW, BITS)  # of arrays in a file
_MIN_ENTRIES = 64  # of an array that is packed
_MAX_SHARE = 0.75  # of the bytes that an array without zeros may take
_BITS_KEY = "$bits"  # no argument of a motif has this name
MAX_DEPTH = 200
MAX_MOTIFS = 20_000
MAX_INT = 100_000  # of a motif's argument, such as the depth of a tree: bounds its work


def narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the narrowest type."""
    if array.dtype != np.int64 or array.size < _MIN_ENTRIES:
        return array
    low, high = int(array.min()), int(array.max())
    fitting = (kind for kind in NARROW if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return array.astype(next(fitting, "int64"))


def without_zeros(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.uint8]] | None:
    """The entries that are not +0.0, and a bit for each entry; None where that saves few bytes."""
    if array.dtype != np.float64 or array.size < _MIN_ENTRIES:
        return None
    other = np.ascontiguousarray(array).reshape(-1).view(np.int64) != 0
    values, bits = array.reshape(-1)[other], np.packbits(other)
    return (values, bits) if values.nbytes + bits.nbytes < _MAX_SHARE * array.nbytes else None


def with_zeros(values: NDArray[Any], bits: NDArray[Any], shape: list[Any]) -> NDArray[Any]:
    """The array with this shape. Raises BundleError where the parts do not make one."""
    if not all(type(side) is int and side >= 0 for side in shape):
        raise BundleError(f"an array has the shape {str(shape)[:100]}.")
    size = math.prod(shape)
    sound = (
        bits.dtype.name == BITS
        and bits.shape == (-(-size // 8),)
        and values.ndim == 1
        and values.dtype == np.float64
    )
    if not sound or len(values) != int(
        (other := np.unpackbits(bits, count=size).astype(bool)).sum()
    ):
        raise BundleError(
            "the entries of an array without its zeros do not fit the bits that mark them."
        )
    array = np.zeros(size)
    array[other] = values
    return array.reshape(shape)


def encode(value: Any, path: str, arrays: Arrays) -> JSON:
    """JSON for a value. Its arrays are added to `arrays`, under names that start with the path."""
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
        f"A {type(value).__name__} at {path!r} cannot be saved; a bundle holds numbers, "
        "strings, lists, arrays and motifs. Express it by one of these."
    )


def _encode_items(items: Mapping[str, Any], path: str, arrays: Arrays) -> JSON:
    for key in items:
        if not isinstance(key, str) or key.startswith("$"):
            raise UsageError(
                f"The key {key!r} at {path!r} cannot be saved; keys are strings that "
                "do not start with '$'. Rename it."
            )
    return {key: encode(item, f"{path}/{key}", arrays) for key, item in items.items()}


def _put(tag: str, array: NDArray[Any], path: str, arrays: Arrays) -> JSON:
    if array.dtype.name not in KINDS:
        raise UsageError(
            f"An array of {array.dtype} at {path!r} cannot be saved; its type has to "
            f"be one of {', '.join(KINDS)}. Convert it."
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise UsageError(
            f"The array at {path!r} holds NaN, which a bundle refuses. Fit the model "
            "again; please report this if it persists."
        )
    if (packed := without_zeros(array)) is not None:
        arrays[path], arrays[f"{path}/{_BITS_KEY}"] = packed
        return {tag: path, "shape": list(array.shape)}
    stored = narrowed(array)
    arrays[path] = np.ascontiguousarray(stored).reshape(array.shape)
    return {tag: path} if stored.dtype == array.dtype else {tag: path, "stored": stored.dtype.name}


def decode(value: JSON, arrays: Arrays, depth: int = 0) -> Any:
    """The value of some JSON. Each array is taken out of `arrays`, so that it is used only once."""
    if depth > MAX_DEPTH:
        raise BundleError(f"its manifest is nested more than {MAX_DEPTH} deep.")
    if isinstance(value, list):
        return [
            decode(item, arrays, depth + 1) if isinstance(item, dict | list) else item
            for item in value
        ]
    if not isinstance(value, dict):
        return value
    tags = [key for key in value if key.startswith("$")]
    if not tags:
        return {key: decode(item, arrays, depth + 1) for key, item in value.items()}
    match value:
        case {"$float": "inf" | "-inf" | "nan" as text, **rest} if not rest:
            return float(text)
        case {"$tensor": str(name), **rest} if len(rest) < 2:
            # the clone is aligned as torch aligns tensors
            return torch.from_numpy(_take(name, rest, arrays)).clone()
        case {"$array": str(name), **rest} if len(rest) < 2:
            return _take(name, rest, arrays)
        case {"$motif": str(name), "arguments": dict(arguments), **rest} if not rest:
            return _motif(
                name, {key: decode(item, arrays, depth + 1) for key, item in arguments.items()}
            )
    raise BundleError(
        f"its manifest holds an object that this motifnet does not know: {str(tags)[:100]}."
    )


def _take(name: str, rest: Mapping[str, Any], arrays: Arrays) -> NDArray[Any]:
    array = _pop(name, arrays)
    match rest:
        case {"stored": kind} if kind in NARROW and kind == array.dtype.name:
            return array.astype(np.int64)
        case {"shape": list(shape)}:
            return with_zeros(array, _pop(f"{name}/{_BITS_KEY}", arrays), shape)
        case {} if not rest and array.dtype.name in KINDS:
            return array
    raise BundleError(
        f"tensor {name[:200]!r} is of type "
        f"{array.dtype}{f' and {str(rest)[:100]}' if rest else ''}, expected "
        f"{', '.join(KINDS)}."
    )


def _pop(name: str, arrays: Arrays) -> NDArray[Any]:
    if name not in arrays:
        raise BundleError(f"tensor {name[:200]!r} is missing.")
    return arrays.pop(name)


def argument_names(kind: type[Motif]) -> list[str]:
    """Names of the constructor arguments of a class of motifs."""
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _motif(name: str, arguments: dict[str, Any]) -> Motif:
    """A motif of the registry from its constructor arguments."""
    if name not in MOTIFS:
        raise BundleError(f"there is no motif {name[:100]!r} here.")
    expected = argument_names(MOTIFS[name])
    if set(arguments) != set(expected):
        raise BundleError(
            f"motif {name} has arguments {sorted(arguments)[:20]}, expected {sorted(expected)}."
        )
    if any(abs(number) > MAX_INT for number in _whole_numbers(arguments)):
        raise BundleError(f"motif {name} has a whole number above {MAX_INT:,} among its arguments.")
    hints = typing.get_type_hints(MOTIFS[name])
    try:
        return MOTIFS[name](
            **{
                key: typed(hints[key], item, f"{name}.{key}") if key in hints else item
                for key, item in arguments.items()
            }
        )
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(
            f"motif {name} cannot be built from its arguments "
            f"({type(error).__name__}: {str(error)[:500]})."
        ) from error


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(item)


def plain(value: Any) -> Any:
    """Dataclasses as dicts, at any depth. Unlike `dataclasses.asdict`, it copies nothing else."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def build(kind: type[T], data: Any, where: str) -> T:
    """An object of a dataclass from the dict of its fields."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.init]  # type: ignore[arg-type]
    if not isinstance(data, dict) or set(data) != set(names):
        raise BundleError(f"{where} has fields {_shown(data)}, expected {names}.")
    try:
        return kind(**{name: typed(hints[name], data[name], f"{where}.{name}") for name in names})
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"{where} cannot be built ({type(error).__name__}: {error}).") from error


def typed(hint: Any, data: Any, where: str) -> Any:
    """The value, if it has the type of the hint; BundleError otherwise."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        return _first_fit(args, data, where)
    if origin is typing.Literal:
        return _checked(data, any(data == a and type(data) is type(a) for a in args), hint, where)
    if origin in (tuple, list):
        return _sequence(origin, args, _checked(data, isinstance(data, list), hint, where), where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {
            key: typed(args[1], item, f"{where}.{key}")
            for key, item in _checked(data, isinstance(data, dict), hint, where).items()
        }
    if is_dataclass(hint) and not isinstance(data, typing.cast(type, hint)):
        return build(typing.cast(type, hint), data, where)
    if hint is float:
        return _number(
            _checked(
                data, isinstance(data, int | float) and not isinstance(data, bool), hint, where
            ),
            where,
        )
    if hint is None or hint is types.NoneType:
        return _checked(data, data is None, hint, where)
    kind = origin or hint
    if not isinstance(kind, type):
        return data
    return _checked(
        data, isinstance(data, kind) and not (kind is int and isinstance(data, bool)), hint, where
    )


def _number(data: int | float, where: str) -> float:
    try:
        return float(data)
    except OverflowError as error:
        raise BundleError(
            f"{where} is a whole number of "
            f"{data.bit_length() if isinstance(data, int) else 0} bits, beyond any "
            "float."
        ) from error


def _first_fit(options: tuple[Any, ...], data: Any, where: str) -> Any:
    exact = [option for option in options if option is type(data)]  # int | float: 1 stays an int
    for option in [*exact, *options]:
        try:
            return typed(option, data, where)
        except BundleError:
            continue
    raise BundleError(f"{where} is {_shown(data)}, expected one of {options}.")


def _sequence(kind: Any, args: tuple[Any, ...], data: list[Any], where: str) -> Any:
    if kind is list or (len(args) == 2 and args[1] is Ellipsis):
        if args[0] in (float, int, str) and {*map(type, data)} == {args[0]}:
            return kind(data)  # long lists in little time
        return kind(typed(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if len(args) != len(data):
        raise BundleError(f"{where} has {len(data)} entries, expected {len(args)}.")
    return tuple(
        typed(hint, item, f"{where}[{i}]")
        for i, (hint, item) in enumerate(zip(args, data, strict=True))
    )


def _checked(data: Any, right: bool, hint: Any, where: str) -> Any:
    if not right:
        raise BundleError(f"{where} is {_shown(data)}, expected {getattr(hint, '__name__', hint)}.")
    return data


def _shown(data: Any) -> str:
    return repr(sorted(data)[:20] if isinstance(data, dict) else data)[:200]
