"""Checkpoints: results of jobs in a folder, so that a fit that was ended at any moment goes on where it was.

    manifest.json                          what the run is: hash of its rows, settings, versions
    0007-cross_tune.tune-2.safetensors     what the seventh call of `parallel_map` got from its third job

A fit without a time limit is a fixed sequence of calls, so number and job say what a result is of; the rest of the fit is computed again. Files are
written under another name and renamed: each is whole or not there. Results that a stop has cut short are not kept.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from motifnet.engine._atomic import atomic_file
from motifnet.engine._codec import Arrays, decode, encode
from motifnet.engine._control import Control
from motifnet.engine._errors import FileError, UsageError
from motifnet.engine._path import as_path

MANIFEST, FORMAT = "manifest.json", 1


class Checkpoint:
    """The folder of one run. `key` says what the run is: results of another run are refused."""

    def __init__(self, folder: str | os.PathLike[str], key: Mapping[str, Any], control: Control) -> None:
        self.folder, self.control = Path(as_path(folder)), control
        self._numbers = count(1)
        _claim(self.folder, {"format": FORMAT, **key})

    def next_call(self, function: Callable[..., Any]) -> Call:
        """The next of the calls of this fit."""
        return Call(self, f"{next(self._numbers):04d}-{_name(function)}")


@dataclass(frozen=True)
class Call:
    """One call: its results, each in a file of its own."""

    checkpoint: Checkpoint
    name: str

    def stored(self, jobs: int) -> dict[int, Any]:
        """What is there, by the number of the job; nothing once the fit is to end, for the calls from then on are others."""
        if self.checkpoint.control.stopped:
            return {}
        return {number: _read(path) for number in range(jobs) if (path := self._path(number)).exists()}

    def store(self, number: int, result: Any) -> None:
        """Keep a result, unless a stop may have cut it short."""
        if not self.checkpoint.control.stopped:
            _write(self._path(number), result)

    def _path(self, number: int) -> Path:
        return self.checkpoint.folder / f"{self.name}-{number}.safetensors"


def _claim(folder: Path, key: dict[str, Any]) -> None:
    """Make the folder, or see that it is of this very run."""
    path = folder / MANIFEST
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [name for name in os.listdir(folder) if not name.endswith(".tmp")]
        found = json.loads(path.read_bytes()) if MANIFEST in there else None
        if not isinstance(found, dict | None):
            raise ValueError(f"it holds {str(found)[:60]!r}, no object")
    except OSError as error:
        raise FileError(f"checkpoint={str(folder)!r} cannot be used: {error.strerror}. Pass a folder that can be written.") from error
    except (ValueError, RecursionError) as error:
        raise FileError(f"{str(path)!r} is damaged: {error}. Delete the folder and fit from the start.") from error
    if found is None and there:
        raise UsageError(f"checkpoint={str(folder)!r} holds files, but none of a fit that was interrupted. Pass a new or an empty folder.")
    if found is None:
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(key, indent=1))
    elif different := sorted(name for name in {*found, *key} if found.get(name) != key.get(name)):
        raise UsageError(
            f"checkpoint={str(folder)!r} is of another fit: {' and '.join(different)} differ. Pass a new folder, delete this one, or fit the same "
            f"rows with the same settings and versions again ({path} says which)."
        )


def _write(path: Path, result: Any) -> None:
    from safetensors.numpy import save_file

    arrays: Arrays = {}
    text = json.dumps(encode(result, arrays))
    with atomic_file(path) as temporary:
        save_file(arrays, temporary, {"value": text})


def _read(path: Path) -> Any:
    from safetensors import safe_open

    try:
        with safe_open(path, "numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            return decode(json.loads(file.metadata()["value"]), arrays)
    except Exception as error:  # a damaged file may ask for any dataclass of motifnet, with any arguments
        raise FileError(f"{str(path)!r} is damaged: {error}. Delete this file; its job is then run again.") from error


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__qualname__).replace("<locals>.", "")
    return re.sub(r"[^\w.]", "", name)
