"""Letters of documents as ONNX operations: lower case, accents, pieces and what is put together from them.

onnxruntime changes the case of ASCII letters alone wherever it runs. Other letters that change are cut out one by one, looked up, and put back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from motifnet.bundle._onnx_graph import ML, Graph

_ASCII = 0x80
_CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]


@cache
def class_of(test: str) -> str:
    """The characters that Python takes for a class such as \\w, as ranges in a regular expression."""
    return ranges(code for code in _CODES if re.match(test, chr(code)))


def ranges(codes: Iterable[int]) -> str:
    """Increasing codes of characters as ranges in a regular expression."""
    found = np.array(list(codes))
    ends = np.flatnonzero(np.diff(found) > 1)
    starts = np.concatenate([found[:1], found[ends + 1]])
    return "".join(f"\\x{{{a:X}}}-\\x{{{b:X}}}" for a, b in zip(starts, np.append(found[ends], found[-1]), strict=True))


def tokenized(graph: Graph, documents: str, expression: str, pad: str) -> str:
    """Matches of an expression in documents with shape (rows, 1), with shape (rows, most matches), rows filled up with `pad`."""
    from onnx import TensorProto, helper

    found = graph.op("Tokenizer", documents, domain="com.microsoft", mark=0, pad_value=pad, mincharnum=1, tokenexp=expression)
    graph.root.known_types.append(helper.make_tensor_value_info(found, TensorProto.STRING, [None, 1, None]))
    return graph.op("Squeeze", found, graph.constant([1]))


def joined(graph: Graph, pieces: str, documents: str) -> str:
    """Pieces of each row, one after the other, with shape (rows, 1)."""
    start = graph.op("Expand", text(graph, ""), graph.op("Shape", documents, start=0, end=1))
    times = graph.op("Squeeze", graph.op("Shape", pieces, start=1, end=2))
    whole = graph.loop(start, times, "STRING", lambda body, so_far, k: body.op("StringConcat", so_far, body.op("Gather", pieces, k, axis=1)))
    return graph.op("Unsqueeze", whole, graph.constant([1]))


def text(graph: Graph, value: str) -> str:
    """A constant string."""
    return graph.constant(np.array([value], dtype=object))


def normalized(graph: Graph, documents: str, lowercase: bool, accents: str | None) -> str:
    """Documents with shape (rows, 1) in lower case and without accents, where that was asked for."""
    if lowercase:
        row = graph.op("Squeeze", documents, graph.constant([1]))
        documents = graph.op("Unsqueeze", graph.op("StringNormalizer", row, case_change_action="LOWER", locale="C"), graph.constant([1]))
    images = _images(lowercase, accents)
    if not images:
        return documents
    changed = ranges(code for code in _CODES if code >= _ASCII) if accents == "ascii" else ranges(map(ord, images))
    pieces, count = tokenized(graph, documents, f"[^{changed}]+|[{changed}]", ""), len(images)
    place = graph.op("LabelEncoder", pieces, domain=ML, keys_strings=list(images), values_int64s=list(range(count)), default_int64=count)
    image = graph.op("Gather", graph.constant(np.array([*images.values(), ""], dtype=object)), place)
    kept = pieces
    if accents == "ascii":  # what has no form in ASCII is left out
        kept = graph.op("Where", graph.op("RegexFullMatch", pieces, pattern=r"[\x00-\x7F]*"), pieces, text(graph, ""))
    return joined(graph, graph.op("Where", graph.op("Less", place, graph.constant(count)), image, kept), documents)


@cache
def _images(lowercase: bool, accents: str | None) -> dict[str, str]:
    """What characters beyond ASCII become, those that stay and those that vanish from ASCII left out."""
    strip = _STRIP[accents]
    found = {chr(code): strip(chr(code).lower() if lowercase else chr(code)) for code in _CODES if code >= _ASCII}
    return {old: new for old, new in found.items() if new != old and (new or accents != "ascii")}


def _without_marks(characters: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", characters) if not unicodedata.combining(c))


def _in_ascii(characters: str) -> str:
    return unicodedata.normalize("NFKD", characters).encode("ascii", "ignore").decode("ascii")


_STRIP: dict[str | None, Callable[[str], str]] = {None: str, "unicode": _without_marks, "ascii": _in_ascii}
