"""Checkpoints: results of jobs in a folder, so that an interrupted fit can continue.

    manifest.json                        what the run is: hash of its rows, settings, versions
    0007-cross_tune.tune-2.safetensors   result of job 2 (the third) in the 7th `parallel_map`

A fit without a time limit is a fixed sequence of calls, so the numbers of call and job identify a
result. The rest of the fit is computed again. Files are written under another name and renamed, so
each is whole or absent. Results that a stop may have cut short are not kept.

A result is stored as JSON and arrays and comes back exactly. It consists of numbers, strings,
tuples, lists, dicts, arrays, tensors and dataclasses of motifnet.

    ["tuple", …]    ["array", name, axes]    ["data", "motifnet.<module>:<class>", {"rates": …}]

`axes` is the memory order of the array: a product with a transposed array differs in its last bits.
Decoding imports dataclasses of motifnet by their names and calls nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine._control import Control
from motifnet.engine._errors import FileError, UsageError
from motifnet.engine._files import as_path, atomic_file

MANIFEST, FORMAT = "manifest.json", 1
JSON = Any
NamedArrays = dict[str, NDArray[Any]]
_ROOT = "motifnet"
_SEQUENCES = {"tuple": tuple, "list": list}


class Checkpoint:
    """The folder of one run. `key` identifies the run; results of another run are refused."""

    def __init__(
        self, folder: str | os.PathLike[str], key: Mapping[str, Any], control: Control
    ) -> None:
        self.folder, self.control = Path(as_path(folder)), control
        self._numbers = count(1)
        _claim(self.folder, {"format": FORMAT, **key})

    def next_call(self, function: Callable[..., Any]) -> Call:
        """The next call of this fit."""
        return Call(self, f"{next(self._numbers):04d}-{_name(function)}")


@dataclass(frozen=True)
class Call:
    """One call. Each of its results has its own file."""

    checkpoint: Checkpoint
    name: str

    def stored(self, jobs: int) -> dict[int, Any]:
        """The stored results by the number of the job.

        Empty once the fit is to stop: from then on its calls differ from those of a whole fit.
        """
        if self.checkpoint.control.stopped:
            return {}
        return {
            number: _read(path) for number in range(jobs) if (path := self._path(number)).exists()
        }

    def store(self, number: int, result: Any) -> None:
        """Store a result, unless a stop may have cut it short."""
        if not self.checkpoint.control.stopped:
            _write(self._path(number), result)

    def _path(self, number: int) -> Path:
        return self.checkpoint.folder / f"{self.name}-{number}.safetensors"


def _claim(folder: Path, key: dict[str, Any]) -> None:
    """Create the folder, or check that it belongs to this run."""
    path = folder / MANIFEST
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [name for name in os.listdir(folder) if not name.endswith(".tmp")]
        found = json.loads(path.read_bytes()) if MANIFEST in there else None
        if not isinstance(found, dict | None):
            raise ValueError(f"it holds {str(found)[:60]!r}, no object")
    except OSError as error:
        raise FileError(
            f"checkpoint={str(folder)!r} cannot be used: {error.strerror}. Pass a "
            "folder that can be written."
        ) from error
    except (ValueError, RecursionError) as error:
        raise FileError(
            f"{str(path)!r} is damaged: {error}. Delete the folder and fit from the start."
        ) from error
    if found is None and there:
        raise UsageError(
            f"checkpoint={str(folder)!r} holds files, but none of a fit that was "
            "interrupted. Pass a new or an empty folder."
        )
    if found is None:
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(key, indent=1))
    elif different := sorted(name for name in {*found, *key} if found.get(name) != key.get(name)):
        raise UsageError(
            f"checkpoint={str(folder)!r} is of another fit: {' and '.join(different)} differ. "
            "Pass a new folder, delete this one, or fit the same "
            f"rows with the same settings and versions again ({path} says which)."
        )


def _write(path: Path, result: Any) -> None:
    from safetensors.numpy import save_file

    arrays: NamedArrays = {}
    text = json.dumps(encode(result, arrays))
    with atomic_file(path) as temporary:
        save_file(arrays, temporary, {"value": text})


def _read(path: Path) -> Any:
    from safetensors import safe_open

    try:
        with safe_open(path, "numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return decode(json.loads(file.metadata()["value"]), arrays)
    except Exception as error:
        # a damaged file may name any dataclass of motifnet, with any arguments
        raise FileError(
            f"{str(path)!r} is damaged: {error}. Delete this file; its job is then run again."
        ) from error


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__qualname__).replace("<locals>.", "")
    return re.sub(r"[^\w.]", "", name)


def encode(value: Any, arrays: NamedArrays) -> JSON:
    """The JSON of a value. Its arrays are added to `arrays`.

    Raises TypeError for a type that a checkpoint cannot store.
    """
    import torch

    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (tuple, list):
        return [type(value).__name__, *(encode(item, arrays) for item in value)]
    if type(value) is dict:
        return [
            "dict",
            *([encode(key, arrays), encode(item, arrays)] for key, item in value.items()),
        ]
    if isinstance(value, torch.Tensor):
        return ["tensor", *_put(value.detach().numpy(), arrays)]
    if isinstance(value, np.ndarray):
        return ["array", *_put(value, arrays)]
    if isinstance(value, np.generic):
        return ["number", *_put(np.asarray(value), arrays)]
    kind = type(value)
    if is_dataclass(kind) and kind.__module__.split(".")[0] == _ROOT:
        return [
            "data",
            f"{kind.__module__}:{kind.__qualname__}",
            {f.name: encode(getattr(value, f.name), arrays) for f in fields(kind) if f.init},
        ]
    raise TypeError(f"A {kind.__module__}.{kind.__qualname__} has no form in a checkpoint.")


def decode(value: JSON, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The value that `encode` described."""
    import torch

    if not isinstance(value, list):
        return value
    match value:
        case ["tuple" | "list" as kind, *items]:
            return _SEQUENCES[kind](decode(item, arrays) for item in items)
        case ["dict", *items]:
            return {decode(key, arrays): decode(item, arrays) for key, item in items}
        case ["tensor", name, axes]:
            # cloned: aligned as torch does it
            return torch.from_numpy(arrays[name]).clone().permute(np.argsort(axes).tolist())
        case ["array", name, axes]:
            return arrays[name].copy().transpose(np.argsort(axes))
        case ["number", name, _]:
            return arrays[name][()]
        case ["data", str(name), dict(items)]:
            return _dataclass(name)(**{key: decode(item, arrays) for key, item in items.items()})
    raise ValueError(f"an unknown form {str(value)[:100]}")


def fingerprint(value: Any) -> str:
    """A hash of a value: equal for equal values, whatever the process."""
    arrays: NamedArrays = {}
    text = json.dumps(encode(value, arrays))
    total = hashlib.sha256(text.encode())
    for array in arrays.values():
        total.update(f"{array.dtype.str} {array.shape}".encode())
        total.update(array.data.cast("B") if array.size else b"")
    return total.hexdigest()


def _put(array: NDArray[Any], arrays: NamedArrays) -> tuple[str, list[int]]:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"An array of {array.dtype} has no form in a checkpoint.")
    axes = np.argsort([-abs(stride) for stride in array.strides], kind="stable").tolist()
    name = str(len(arrays))
    arrays[name] = np.ascontiguousarray(array.transpose(axes)).reshape(
        [array.shape[axis] for axis in axes]
    )
    return name, axes


def _dataclass(name: str) -> type[Any]:
    module, _, path = name.partition(":")
    if module.split(".")[0] != _ROOT:
        raise ValueError(f"a class {name[:100]!r} that is not of {_ROOT}")
    kind = getattr(import_module(module), path, None)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"no dataclass {name[:100]!r}")
    return kind
