"""The raw columns of a network of a fitted estimator in ONNX: numbers, strings as levels, documents
as counts of terms.

Each column has one input of shape (N, 1); together they make the matrix of the network. A string is
looked up among the known ones. Any other becomes a number that is no level, and "" is missing.
onnxruntime's operators for text count documents:

    letters -> tokens: words or characters (Tokenizer, of com.microsoft)
            -> counts of terms (TfIdfVectorizer)

Words are runs of the characters of Python's \\w. The class is written out, since \\w of onnxruntime
is ASCII. onnxruntime changes the case only of ASCII letters. Other letters that change, in case or
by their accents, are cut out one by one, looked up, and put back. Only a capital sigma at the end
of a word differs, which has a special lower case in Python.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError
from motifnet.model._onnx_graph import ML, Graph
from motifnet.model._synthetic import UNSEEN_LEVEL
from motifnet.transfer.fitted import Columns, Reader, code, synthetic_documents

_LEVELS = 0.1  # share of synthetic documents that are levels or empty
_UNSEEN = -0.5  # no code of a string, which is a whole number
_OPSETS = {"": 20, "com.microsoft": 1}  # StringConcat came with 20
_PAD = "  "  # no token is two blanks
_BETWEEN = "\n"  # words, which hold no blank
_WORDS = re.compile(r"(?:\(\?u\))?(?:\\b)?((?:\\w)*)\\w\+(?:\\b)?")
_CHARACTER, _IN_WORDS, _BLANK = "(?s:.)", r"\w", r"\s"
_ASCII = 0x80  # codes below
_CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]

Grams = list[tuple[Sequence[str], int]]


def raw_inputs(
    columns: Columns, strings: Sequence[str], graph: Graph, dtype: str
) -> tuple[str, dict[str, str]]:
    """The name of the matrix, and the type of the input of each column."""
    kinds = {
        name: "string" if is_text else dtype
        for name, is_text in zip(columns.names, columns.is_text, strict=True)
    }
    values = graph.constant([*(code(string) for string in strings), np.nan, _UNSEEN])
    parts = [
        _code(name, strings, values, graph) if kind == "string" else graph.cast(name, "DOUBLE")
        for name, kind in kinds.items()
    ]
    parts += [
        emit_counts(reader, graph, columns.names[column]) for column, reader in columns.documents
    ]
    return graph.op("Concat", *parts, axis=1), kinds


def _code(name: str, strings: Sequence[str], values: str, graph: Graph) -> str:
    keys = [*strings, ""]
    places = graph.op(
        "LabelEncoder",
        name,
        domain=ML,
        keys_strings=keys,
        values_int64s=list(range(len(keys))),
        default_int64=len(keys),
    )
    return graph.op("Gather", values, places, axis=0)


def raw_rows(
    columns: Columns, strings: Sequence[str], rows: NDArray[np.float64], dtype: str
) -> dict[str, NDArray[Any]]:
    """Rows as inputs of the graph. Strings are drawn, since the rows hold only numbers."""
    rng = np.random.default_rng(0)
    choices = np.array([*strings, "", UNSEEN_LEVEL["str"]], dtype=object)
    feeds: dict[str, NDArray[Any]] = {}
    for j, (name, is_text) in enumerate(zip(columns.names, columns.is_text, strict=True)):
        feeds[name] = (
            rng.choice(choices, (len(rows), 1)) if is_text else rows[:, j : j + 1].astype(dtype)
        )
    for column, reader in columns.documents:
        drawn = np.array(synthetic_documents(reader, len(rows), rng), dtype=object)[:, None]
        feeds[columns.names[column]] = np.where(
            rng.random((len(rows), 1)) < _LEVELS, feeds[columns.names[column]], drawn
        )
    return feeds


def coded_feeds(
    columns: Columns, strings: Sequence[str], feeds: dict[str, NDArray[Any]]
) -> NDArray[np.float64]:
    """The matrix of the inputs."""
    codes = {**{string: code(string) for string in strings}, "": np.nan}
    parts = [
        np.array([[codes.get(v, _UNSEEN)] for v in feeds[name][:, 0]])
        if is_text
        else feeds[name].astype(np.float64)
        for name, is_text in zip(columns.names, columns.is_text, strict=True)
    ]
    counts = [
        reader.counts(feeds[columns.names[column]][:, 0]) for column, reader in columns.documents
    ]
    return np.hstack([*parts, *counts])


def emit_counts(reader: Reader, graph: Graph, name: str) -> str:
    """Counts of terms in documents with shape (N, 1): float64, with shape (N, terms)."""
    settings = dict(reader.settings)
    word = _word(settings)
    graph.root.opsets.update(_OPSETS)
    # one more row: operators for text fail without rows
    padded = graph.op("Concat", name, graph.constant(np.array([[""]], dtype=object)), axis=0)
    padded = normalized(graph, padded, settings["lowercase"], settings["strip_accents"])
    count = {"word": _count_words, "char": _count_characters, "char_wb": _count_within_words}[
        settings["analyzer"]
    ]
    counts = count(reader, graph, padded, word)
    kept = graph.op("Slice", counts, graph.constant([0]), graph.constant([-1]), graph.constant([0]))
    return graph.cast(kept, "DOUBLE")


def _word(settings: dict[str, Any]) -> str:
    """The regular expression of a word; UsageError if onnxruntime would find other words."""
    found = _WORDS.fullmatch(settings["token_pattern"] or "")
    if found is None and settings["analyzer"] == "word":
        raise UsageError(
            "There is no ONNX form of a vectoriser with "
            f"token_pattern={settings['token_pattern']!r}. Fit it with words of a minimum length, "
            r"such as r'(?u)\b\w\w+\b' or r'\w+'."
        )
    return "" if found is None else f"[{class_of(_IN_WORDS)}]{{{1 + len(found[1]) // 2},}}"


def _count_words(reader: Reader, graph: Graph, documents: str, word: str) -> str:
    """Words without stop words, and their n-grams."""
    tokens, stop_words = tokenized(graph, documents, word, _PAD), reader.stop_words()
    if stop_words and reader.n_grams[1] > 1:
        tokens = _without(graph, tokens, sorted(stop_words))
    return _counted(
        graph,
        tokens,
        reader,
        [
            (() if stop_words.intersection(term.split(" ")) else term.split(" "), k)
            for k, term in enumerate(reader.terms)
        ],
    )


def _without(graph: Graph, tokens: str, stop_words: Sequence[str]) -> str:
    """Tokens with shape (rows, width), where stop words become padding at the end."""
    # a column of padding, so that there is at least one
    tokens = graph.op(
        "Concat",
        tokens,
        graph.op("Expand", graph.constant([[_PAD]]), _shape(graph, tokens, 1)),
        axis=1,
    )
    is_stop_word = {
        "keys_strings": list(stop_words),
        "values_int64s": [1] * len(stop_words),
        "default_int64": 0,
    }
    out = graph.op("LabelEncoder", tokens, domain=ML, **is_stop_word)
    width = graph.op("Shape", tokens, start=1, end=2)
    number = graph.op("Range", graph.constant(0), graph.op("Squeeze", width), graph.constant(1))
    rank = graph.op("Add", graph.op("Mul", out, width), number)
    order = graph.smallest(rank)[1]
    gone = graph.op("Equal", graph.op("GatherElements", out, order, axis=1), graph.constant(1))
    return graph.op(
        "Where", gone, text(graph, _PAD), graph.op("GatherElements", tokens, order, axis=1)
    )


def _shape(graph: Graph, tokens: str, columns: int) -> str:
    return graph.op(
        "Concat", graph.op("Shape", tokens, start=0, end=1), graph.constant([columns]), axis=0
    )


def _count_characters(reader: Reader, graph: Graph, documents: str, word: str) -> str:
    """n-grams of characters of documents, where runs of blanks count as one blank."""
    blank = class_of(_BLANK)
    pieces = tokenized(graph, documents, f"[{blank}]{{2,}}|[{blank}]|[^{blank}]+", "")
    single = graph.op(
        "Where",
        graph.op("RegexFullMatch", pieces, pattern=f"[{blank}]{{2,}}"),
        text(graph, " "),
        pieces,
    )
    tokens = tokenized(graph, joined(graph, single, documents), _CHARACTER, _PAD)
    return _counted(graph, tokens, reader, [(list(term), k) for k, term in enumerate(reader.terms)])


def _count_within_words(reader: Reader, graph: Graph, documents: str, word: str) -> str:
    """n-grams of characters within words. A word that is shorter than all of them counts once."""
    low = reader.n_grams[0]
    words = tokenized(graph, documents, f"[^{class_of(_BLANK)}]+", "")
    one = graph.op(
        "StringConcat",
        graph.op("StringConcat", text(graph, " "), words),
        text(graph, f" {_BETWEEN}"),
    )
    one = graph.op("Where", graph.op("Equal", words, text(graph, "")), words, one)
    tokens = tokenized(graph, joined(graph, one, documents), _CHARACTER, _PAD)
    counts = _counted(
        graph, tokens, reader, [(list(term), k) for k, term in enumerate(reader.terms)]
    )
    short: Grams = [
        ([term[1:-1]], k)
        for k, term in enumerate(reader.terms)
        if 2 < len(term) < low and term[0] == term[-1] == " "
    ]
    if not short:
        return counts
    pool = _pool(reader, short, 1, 1)
    whole = graph.op("TfIdfVectorizer", words, mode="TF", max_skip_count=0, **pool)
    return graph.op("Add", counts, whole)


def _counted(graph: Graph, tokens: str, reader: Reader, grams: Grams) -> str:
    return graph.op(
        "TfIdfVectorizer",
        tokens,
        mode="TF",
        max_skip_count=0,
        **_pool(reader, grams, *reader.n_grams),
    )


def _pool(reader: Reader, grams: Grams, low: int, high: int) -> dict[str, Any]:
    """Attributes of TfIdfVectorizer: terms as lists of tokens, by their length.

    A term that no document can hold gets tokens that do not exist.
    """
    possible = {k: words for words, k in grams if low <= len(words) <= high and all(words)}
    all_grams = [(possible.get(k, [f"{_PAD}{k}"] * low), k) for k in range(len(reader.terms))]
    by_length = [[gram for gram in all_grams if len(gram[0]) == n] for n in range(1, high + 1)]
    return {
        "min_gram_length": low,
        "max_gram_length": high,
        "ngram_counts": [
            sum(n * len(part) for n, part in enumerate(by_length[:k], 1)) for k in range(high)
        ],
        "ngram_indexes": [k for part in by_length for _, k in part],
        "pool_strings": [word for part in by_length for words, _ in part for word in words],
    }


@cache
def class_of(test: str) -> str:
    """The characters of a class of Python such as \\w, as ranges in a regular expression."""
    return ranges(code for code in _CODES if re.match(test, chr(code)))


def ranges(codes: Iterable[int]) -> str:
    """Increasing codes of characters as ranges in a regular expression."""
    found = np.array(list(codes))
    ends = np.flatnonzero(np.diff(found) > 1)
    starts = np.concatenate([found[:1], found[ends + 1]])
    return "".join(
        f"\\x{{{a:X}}}-\\x{{{b:X}}}"
        for a, b in zip(starts, np.append(found[ends], found[-1]), strict=True)
    )


def tokenized(graph: Graph, documents: str, expression: str, pad: str) -> str:
    """Matches of an expression in documents with shape (rows, 1).

    They have shape (rows, matches), where rows with fewer matches are filled up with `pad`.
    """
    from onnx import TensorProto, helper

    found = graph.op(
        "Tokenizer",
        documents,
        domain="com.microsoft",
        mark=0,
        pad_value=pad,
        mincharnum=1,
        tokenexp=expression,
    )
    graph.root.known_types.append(
        helper.make_tensor_value_info(found, TensorProto.STRING, [None, 1, None])
    )
    return graph.op("Squeeze", found, graph.constant([1]))


def joined(graph: Graph, pieces: str, documents: str) -> str:
    """The joined pieces of each row, with shape (rows, 1)."""
    start = graph.op("Expand", text(graph, ""), graph.op("Shape", documents, start=0, end=1))
    times = graph.op("Squeeze", graph.op("Shape", pieces, start=1, end=2))
    whole = graph.loop(
        start,
        times,
        "STRING",
        lambda body, so_far, k: body.op(
            "StringConcat", so_far, body.op("Gather", pieces, k, axis=1)
        ),
    )
    return graph.op("Unsqueeze", whole, graph.constant([1]))


def text(graph: Graph, value: str) -> str:
    """A constant string."""
    return graph.constant(np.array([value], dtype=object))


def normalized(graph: Graph, documents: str, lowercase: bool, accents: str | None) -> str:
    """Documents with shape (rows, 1), in lower case and without accents if requested."""
    if lowercase:
        row = graph.op("Squeeze", documents, graph.constant([1]))
        documents = graph.op(
            "Unsqueeze",
            graph.op("StringNormalizer", row, case_change_action="LOWER", locale="C"),
            graph.constant([1]),
        )
    images = _images(lowercase, accents)
    if not images:
        return documents
    changed = (
        ranges(code for code in _CODES if code >= _ASCII)
        if accents == "ascii"
        else ranges(map(ord, images))
    )
    pieces, count = tokenized(graph, documents, f"[^{changed}]+|[{changed}]", ""), len(images)
    place = graph.op(
        "LabelEncoder",
        pieces,
        domain=ML,
        keys_strings=list(images),
        values_int64s=list(range(count)),
        default_int64=count,
    )
    image = graph.op(
        "Gather", graph.constant(np.array([*images.values(), ""], dtype=object)), place
    )
    kept = pieces
    if accents == "ascii":  # drop characters without a form in ASCII
        kept = graph.op(
            "Where",
            graph.op("RegexFullMatch", pieces, pattern=r"[\x00-\x7F]*"),
            pieces,
            text(graph, ""),
        )
    return joined(
        graph,
        graph.op("Where", graph.op("Less", place, graph.constant(count)), image, kept),
        documents,
    )


@cache
def _images(lowercase: bool, accents: str | None) -> dict[str, str]:
    """The images of characters beyond ASCII, without those that stay or vanish from ASCII."""
    strips: dict[str | None, Callable[[str], str]] = {
        None: str,
        "unicode": _without_marks,
        "ascii": _in_ascii,
    }
    strip = strips[accents]
    found = {
        chr(code): strip(chr(code).lower() if lowercase else chr(code))
        for code in _CODES
        if code >= _ASCII
    }
    return {old: new for old, new in found.items() if new != old and (new or accents != "ascii")}


def _without_marks(characters: str) -> str:
    return "".join(
        c for c in unicodedata.normalize("NFKD", characters) if not unicodedata.combining(c)
    )


def _in_ascii(characters: str) -> str:
    return unicodedata.normalize("NFKD", characters).encode("ascii", "ignore").decode("ascii")
