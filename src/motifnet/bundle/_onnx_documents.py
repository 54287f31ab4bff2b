"""Documents as ONNX operations: counts of terms by onnxruntime's own operators for text.

    lower case -> tokens: words or characters (Tokenizer, of com.microsoft) -> counts of terms (TfIdfVectorizer)

onnxruntime changes the case of ASCII letters alone wherever it runs; other capital letters are cut out, looked up, and put back. Words are runs of
the characters that Python's \\w knows, written out as a class, as \\w of onnxruntime is ASCII. The one string that differs is a capital sigma at the
end of a word, which Python writes in another form than elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from motifnet.bundle._onnx_graph import ML, Graph
from motifnet.engine import UsageError
from motifnet.mimicry.fitted import Reader

_OPSETS = {"": 20, "com.microsoft": 1}  # StringConcat came with 20
_ASCII, _SURROGATES, _END = 0x80, range(0xD800, 0xE000), 0x110000
_PAD = "  "  # no token is two blanks
_WORDS = re.compile(r"(?:\(\?u\))?(?:\\b)?((?:\\w)*)\\w\+(?:\\b)?")


def emit_counts(reader: Reader, graph: Graph, name: str) -> str:
    """How often each term occurs in the documents of an input with shape (N, 1), with shape (N, terms) in float64."""
    settings = dict(reader.settings)
    _check(settings)
    graph.root.opsets.update(_OPSETS)
    padded = graph.op("Concat", name, graph.constant(np.array([[""]], dtype=object)), axis=0)  # an operator for text fails without any row
    if settings["lowercase"]:
        padded = _lower_case(graph, padded)
    if settings["analyzer"] == "char":
        padded = _single_blanks(graph, padded)
    tokens = _tokenized(graph, padded, _token(settings), _PAD)
    counts = graph.op("TfIdfVectorizer", tokens, mode="TF", max_skip_count=0, **_pool(reader))
    kept = graph.op("Slice", counts, graph.constant([0]), graph.constant([-1]), graph.constant([0]))
    return graph.cast(kept, "DOUBLE")


def _check(settings: dict[str, Any]) -> None:
    """UsageError where onnxruntime does not find the same tokens."""
    refused = ""
    if settings["analyzer"] not in ("word", "char"):
        refused = f"analyzer={settings['analyzer']!r}. Fit it with analyzer='word' or 'char'"
    elif settings["strip_accents"] is not None:
        refused = f"strip_accents={settings['strip_accents']!r}. Fit it with strip_accents=None"
    elif settings["stop_words"] is not None and settings["ngram_range"][1] > 1 and settings["analyzer"] == "word":
        refused = f"stop words left out of n-grams (ngram_range={settings['ngram_range']}). Fit it with stop_words=None, or with single words"
    elif settings["analyzer"] == "word" and _WORDS.fullmatch(settings["token_pattern"]) is None:
        known = r"words of a least length, such as r'(?u)\b\w\w+\b' or r'\w+'"
        refused = f"token_pattern={settings['token_pattern']!r}. Fit it with {known}"
    if refused:
        raise UsageError(f"There is no ONNX form of a vectoriser with {refused}.")


def _token(settings: dict[str, Any]) -> str:
    """The regular expression of a token."""
    found = _WORDS.fullmatch(settings["token_pattern"]) if settings["analyzer"] == "word" else None
    return "(?s:.)" if found is None else f"[{_class(_is_word)}]{{{1 + len(found[1]) // 2},}}"


def _single_blanks(graph: Graph, documents: str) -> str:
    """Documents with shape (rows, 1) whose runs of two or more blanks are one."""
    run = f"[{_class(_is_blank)}]{{2,}}"
    pieces = _tokenized(graph, documents, f"{run}|[{_class(_is_blank)}]|[^{_class(_is_blank)}]+", "")
    blank = graph.constant(np.array([" "], dtype=object))
    single = graph.op("Where", graph.op("RegexFullMatch", pieces, pattern=run), blank, pieces)
    return graph.op("Unsqueeze", _joined(graph, single, documents), graph.constant([1]))


def _is_word(character: str) -> bool:
    return re.match(r"\w", character) is not None


def _is_blank(character: str) -> bool:
    return re.match(r"\s", character) is not None


def _is_capital(character: str) -> bool:
    return ord(character) >= _ASCII and character.lower() != character


@cache
def _class(test: Callable[[str], bool]) -> str:
    """The characters that pass a test as ranges of a class in a regular expression."""
    codes = np.array([code for code in range(_END) if code not in _SURROGATES and test(chr(code))])
    ends = np.flatnonzero(np.diff(codes) > 1)
    starts = np.concatenate([codes[:1], codes[ends + 1]])
    return "".join(f"\\x{{{a:X}}}-\\x{{{b:X}}}" for a, b in zip(starts, np.append(codes[ends], codes[-1]), strict=True))


def _tokenized(graph: Graph, documents: str, expression: str, pad: str) -> str:
    """Matches of an expression with shape (rows, most matches), rows filled up with `pad`."""
    from onnx import TensorProto, helper

    found = graph.op("Tokenizer", documents, domain="com.microsoft", mark=0, pad_value=pad, mincharnum=1, tokenexp=expression)
    graph.root.known_types.append(helper.make_tensor_value_info(found, TensorProto.STRING, [None, 1, None]))
    return graph.op("Squeeze", found, graph.constant([1]))


def _lower_case(graph: Graph, documents: str) -> str:
    """Documents with shape (rows, 1) in lower case: ASCII as it is cut out by capital letters beyond, and these looked up."""
    capitals = [chr(code) for code in range(_ASCII, _END) if code not in _SURROGATES and _is_capital(chr(code))]
    pieces = _tokenized(graph, documents, f"[^{_class(_is_capital)}]+|[{_class(_is_capital)}]", "")
    count = len(capitals)
    place = graph.op("LabelEncoder", pieces, domain=ML, keys_strings=capitals, values_int64s=list(range(count)), default_int64=count)
    table = graph.constant(np.array([*(capital.lower() for capital in capitals), ""], dtype=object))
    lower = graph.op("Gather", table, place)
    known = graph.op("Less", place, graph.constant(count))
    joined = _joined(graph, graph.op("Where", known, lower, pieces), documents)
    ascii_ = graph.op("StringNormalizer", joined, case_change_action="LOWER", locale="C")
    return graph.op("Unsqueeze", ascii_, graph.constant([1]))


def _joined(graph: Graph, pieces: str, documents: str) -> str:
    """Pieces of each row, one after the other, with shape (rows,)."""
    start = graph.op("Expand", graph.constant(np.array([""], dtype=object)), graph.op("Shape", documents, start=0, end=1))
    times = graph.op("Squeeze", graph.op("Shape", pieces, start=1, end=2))
    return graph.loop(start, times, "STRING", lambda body, text, k: body.op("StringConcat", text, body.op("Gather", pieces, k, axis=1)))


def _pool(reader: Reader) -> dict[str, Any]:
    """Attributes of TfIdfVectorizer: the terms as lists of tokens, by their length; one that no document can hold has tokens that there are not."""
    settings = dict(reader.settings)
    low, high = settings["ngram_range"]
    left_out = reader.stop_words()
    grams: list[tuple[list[str], int]] = []
    for k, term in enumerate(reader.terms):
        words = term.split(" ") if settings["analyzer"] == "word" else list(term)
        possible = low <= len(words) <= high and all(words) and (settings["analyzer"] == "char" or not left_out.intersection(words))
        grams.append((words if possible else [f"{_PAD}{term}"] * low, k))
    by_length = [[gram for gram in grams if len(gram[0]) == n] for n in range(1, high + 1)]
    return {
        "min_gram_length": low,
        "max_gram_length": high,
        "ngram_counts": [sum(n * len(part) for n, part in enumerate(by_length[:k], 1)) for k in range(high)],
        "ngram_indexes": [k for part in by_length for _, k in part],
        "pool_strings": [word for part in by_length for words, _ in part for word in words],
    }
