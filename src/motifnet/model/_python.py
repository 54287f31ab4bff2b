"""A network as one Python file that needs only numpy.

The file holds the functions of its motifs, its numbers in base 64, and a function `predict`. A call
mirrors the constructor of a motif. Tensors become arrays of the file, motifs become functions of x,
and plain values are written out.
"""

from __future__ import annotations

import base64
import copy
import inspect
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import ModuleList

from motifnet import __version__
from motifnet.engine import UsageError, atomic_file
from motifnet.model import _numpy_motifs, _python_documents
from motifnet.motifs import Motif, count_parameters
from motifnet.transfer.fitted import Columns, Reader

# the file gets the source of `_python_documents` from after this line on
_IMPORTS_END = "from motifnet.model._numpy_neighbours import Array\n"
_HEAD = '''"""{title}

Written by motifnet {version}. Needs numpy alone: \
`predict(X)` with shape (n, {d}) gives shape (n, {q}).
"""

from __future__ import annotations

import base64
import math
from hashlib import blake2b

import numpy as np


def array(text, kind, shape):
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape)


def number(value):
    """Texts are levels, and each has a number of its own; None is missing."""
    if isinstance(value, str):
        return float(int.from_bytes(blake2b(value.encode(), digest_size=6).digest(), "big"))
    return math.nan if value is None else float(value)


'''
_DOCUMENTS = """

DOCUMENTS = {documents}


def predict(X):
    table = [[row] if isinstance(row, str) else list(row) for row in X]
    raw = np.array([[number(value) for value in row] for row in table], dtype=float)\
.reshape(-1, {raw})
    read = [counts([row[j] for row in table], terms, settings) for j, terms, settings in DOCUMENTS]
    return network(np.hstack([raw, *read]))
"""
_TAIL = """

def predict(X):
    rows = np.asarray(X)
    if rows.dtype.kind not in "fiub":
        rows = np.array([[number(value) for value in row] for row in np.asarray(X, dtype=object)])
    return network(rows.astype(float).reshape(-1, {d}))
"""


@dataclass
class Source:
    """The parts of a file: functions by name, arrays in their order."""

    functions: dict[str, str] = field(default_factory=dict)
    arrays: list[str] = field(default_factory=list)

    def value(self, value: Any, indent: int) -> str:
        """An argument of a motif as an expression."""
        if isinstance(value, Motif):
            return self.call(value, indent)
        if isinstance(value, Tensor):
            return self._array(value.detach().cpu().numpy())
        if isinstance(value, ModuleList):
            inner = ",\n".join(
                "    " * (indent + 1) + self.value(part, indent + 1) for part in value
            )
            return f"[\n{inner},\n{'    ' * indent}]"
        return (
            repr(value)
            if not isinstance(value, float) or np.isfinite(value)
            else f"float('{value}')"
        )

    def call(self, motif: Motif, indent: int) -> str:
        """A motif as a function of x."""
        name = _function_name(motif)
        function = getattr(_numpy_motifs, name)
        for helper in _helpers(function):
            self.functions[helper.__name__] = inspect.getsource(helper)
        self.functions[name] = inspect.getsource(function)
        arguments = [self.value(v, indent) for v in motif.arguments().values()]
        return f"lambda x: {name}({', '.join(['x', *arguments])})"

    def _array(self, values: np.ndarray) -> str:
        kind = "<i8" if values.dtype.kind in "iu" else "<f8"
        text = base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()
        self.arrays.append(f'A{len(self.arrays)} = array("{text}", "{kind}", {values.shape})')
        return f"A{len(self.arrays) - 1}"


def to_python(
    network: Motif, d: int, path: str | os.PathLike[str], columns: Columns | None = None
) -> None:
    """Write a network on d columns as a Python file.

    With `columns` that hold documents, `predict` of the file reads these.
    """
    source = Source()
    body = source.call(copy.deepcopy(network).double(), 1).removeprefix("lambda x: ")
    functions = "\n\n".join(plain_source(text) for text in source.functions.values())
    title = f"A network of {count_parameters(network):,} numbers."
    tail = _TAIL.format(d=d)
    if columns is not None and columns.documents:
        reading = inspect.getsource(_python_documents).partition(_IMPORTS_END)[2]
        functions = (
            "import re\nimport unicodedata\nfrom collections import Counter\n"
            + plain_source(reading).rstrip()
            + "\n\n\n"
            + functions
        )
        tail = _DOCUMENTS.format(
            documents=[_read(column, reader) for column, reader in columns.documents],
            raw=len(columns.names),
        )
    head = _HEAD.format(title=title, version=__version__, d=d, q=network.outputs(d))
    text = (
        f"{head}{functions}\n\n"
        + "\n".join(source.arrays)
        + f"\n\n\ndef network(x):\n    return {body}\n"
        + tail
    )
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _read(column: int, reader: Reader) -> tuple[Any, ...]:
    """The number of a column of documents, its terms, and the settings of its reader."""
    settings = dict(reader.settings)
    how = (
        settings["analyzer"],
        settings["lowercase"],
        settings["strip_accents"],
        sorted(reader.stop_words()),
        settings["token_pattern"],
        *reader.n_grams,
    )
    return column, list(reader.terms), how


def _helpers(function: FunctionType) -> Iterator[FunctionType]:
    """The functions of other modules that a function calls, and those that these call."""
    for helper in map(function.__globals__.get, function.__code__.co_names):
        if isinstance(helper, FunctionType) and helper.__module__ != _numpy_motifs.__name__:
            yield from _helpers(helper)
            yield helper


def _function_name(motif: Motif) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(motif).__name__).lower()
    name = name if hasattr(_numpy_motifs, name) else f"{name}_"
    if not hasattr(_numpy_motifs, name):
        raise UsageError(
            f"The motif {type(motif).__name__} has no form in numpy. Export to ONNX instead."
        )
    return name


def plain_source(source: str) -> str:
    """The source without annotations, whose names the file does not import."""
    return re.sub(
        r"(: (Array|Function|int|float|bool|str|Any|Sequence\[[^)=]*?\]))(?=[,)])|( -> Array)",
        "",
        source,
    )
