"""Documents as ONNX operations: counts of terms by onnxruntime's own operators for text.

    letters -> tokens: words or characters (Tokenizer, of com.microsoft) -> counts of terms (TfIdfVectorizer)

Words are runs of the characters that Python's \\w knows, written out as a class, as \\w of onnxruntime is ASCII. The one string that differs is a
capital sigma at the end of a word, which Python writes in another form than elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from motifnet.bundle._onnx_graph import ML, Graph
from motifnet.bundle._onnx_letters import class_of, joined, normalized, text, tokenized
from motifnet.engine import UsageError
from motifnet.mimicry.fitted import Reader

_OPSETS = {"": 20, "com.microsoft": 1}  # StringConcat came with 20
_PAD = "  "  # no token is two blanks
_BETWEEN = "\n"  # words, which hold no blank
_WORDS = re.compile(r"(?:\(\?u\))?(?:\\b)?((?:\\w)*)\\w\+(?:\\b)?")
_CHARACTER, _IN_WORDS, _BLANK = "(?s:.)", r"\w", r"\s"

Grams = list[tuple[Sequence[str], int]]


def emit_counts(reader: Reader, graph: Graph, name: str) -> str:
    """How often each term occurs in the documents of an input with shape (N, 1), with shape (N, terms) in float64."""
    settings = dict(reader.settings)
    word = _word(settings)
    graph.root.opsets.update(_OPSETS)
    padded = graph.op("Concat", name, graph.constant(np.array([[""]], dtype=object)), axis=0)  # an operator for text fails without any row
    padded = normalized(graph, padded, settings["lowercase"], settings["strip_accents"])
    count = {"word": _count_words, "char": _count_characters, "char_wb": _count_within_words}[settings["analyzer"]]
    counts = count(reader, graph, padded, word)
    kept = graph.op("Slice", counts, graph.constant([0]), graph.constant([-1]), graph.constant([0]))
    return graph.cast(kept, "DOUBLE")


def _word(settings: dict[str, Any]) -> str:
    """The regular expression of a word; UsageError where onnxruntime does not find the same ones."""
    found = _WORDS.fullmatch(settings["token_pattern"] or "")
    if found is None and settings["analyzer"] == "word":
        raise UsageError(
            f"There is no ONNX form of a vectoriser with token_pattern={settings['token_pattern']!r}. Fit it with words of a least length, such as "
            r"r'(?u)\b\w\w+\b' or r'\w+'."
        )
    return "" if found is None else f"[{class_of(_IN_WORDS)}]{{{1 + len(found[1]) // 2},}}"


def _count_words(reader: Reader, graph: Graph, documents: str, word: str) -> str:
    """Words and their n-grams, from which stop words are taken out before."""
    tokens, left_out = tokenized(graph, documents, word, _PAD), reader.stop_words()
    if left_out and reader.n_grams[1] > 1:
        tokens = _without(graph, tokens, sorted(left_out))
    return _counted(
        graph, tokens, reader, [(() if left_out.intersection(term.split(" ")) else term.split(" "), k) for k, term in enumerate(reader.terms)]
    )


def _without(graph: Graph, tokens: str, left_out: Sequence[str]) -> str:
    """Tokens with shape (rows, most) moved together over those that are left out, which become padding at the end."""
    tokens = graph.op("Concat", tokens, graph.op("Expand", graph.constant([[_PAD]]), _shape(graph, tokens, 1)), axis=1)  # one column at least
    place = {"keys_strings": list(left_out), "values_int64s": [1] * len(left_out), "default_int64": 0}
    out = graph.op("LabelEncoder", tokens, domain=ML, **place)
    most = graph.op("Shape", tokens, start=1, end=2)
    number = graph.op("Range", graph.constant(0), graph.op("Squeeze", most), graph.constant(1))
    rank = graph.op("Add", graph.op("Mul", out, most), number)
    order = graph.ops("TopK", rank, most, outputs=2, axis=1, largest=0)[1]
    gone = graph.op("Equal", graph.op("GatherElements", out, order, axis=1), graph.constant(1))
    return graph.op("Where", gone, text(graph, _PAD), graph.op("GatherElements", tokens, order, axis=1))


def _shape(graph: Graph, tokens: str, columns: int) -> str:
    return graph.op("Concat", graph.op("Shape", tokens, start=0, end=1), graph.constant([columns]), axis=0)


def _count_characters(reader: Reader, graph: Graph, documents: str, word: str) -> str:
    """n-grams of characters of documents whose runs of two or more blanks are one."""
    blank = class_of(_BLANK)
    pieces = tokenized(graph, documents, f"[{blank}]{{2,}}|[{blank}]|[^{blank}]+", "")
    single = graph.op("Where", graph.op("RegexFullMatch", pieces, pattern=f"[{blank}]{{2,}}"), text(graph, " "), pieces)
    tokens = tokenized(graph, joined(graph, single, documents), _CHARACTER, _PAD)
    return _counted(graph, tokens, reader, [(list(term), k) for k, term in enumerate(reader.terms)])


def _count_within_words(reader: Reader, graph: Graph, documents: str, word: str) -> str:
    """n-grams of characters of words with a blank before and behind; a word shorter than all n-grams counts once, as a whole."""
    low = reader.n_grams[0]
    words = tokenized(graph, documents, f"[^{class_of(_BLANK)}]+", "")
    one = graph.op("StringConcat", graph.op("StringConcat", text(graph, " "), words), text(graph, f" {_BETWEEN}"))
    one = graph.op("Where", graph.op("Equal", words, text(graph, "")), words, one)
    tokens = tokenized(graph, joined(graph, one, documents), _CHARACTER, _PAD)
    counts = _counted(graph, tokens, reader, [(list(term), k) for k, term in enumerate(reader.terms)])
    short: Grams = [([term[1:-1]], k) for k, term in enumerate(reader.terms) if 2 < len(term) < low and term[0] == term[-1] == " "]
    return (
        counts
        if not short
        else graph.op("Add", counts, graph.op("TfIdfVectorizer", words, mode="TF", max_skip_count=0, **_pool(reader, short, 1, 1)))
    )


def _counted(graph: Graph, tokens: str, reader: Reader, grams: Grams) -> str:
    return graph.op("TfIdfVectorizer", tokens, mode="TF", max_skip_count=0, **_pool(reader, grams, *reader.n_grams))


def _pool(reader: Reader, grams: Grams, low: int, high: int) -> dict[str, Any]:
    """Attributes of TfIdfVectorizer: terms as lists of tokens, by their length; one that no document can hold has tokens that there are not."""
    possible = {k: words for words, k in grams if low <= len(words) <= high and all(words)}
    all_grams = [(possible.get(k, [f"{_PAD}{k}"] * low), k) for k in range(len(reader.terms))]
    by_length = [[gram for gram in all_grams if len(gram[0]) == n] for n in range(1, high + 1)]
    return {
        "min_gram_length": low,
        "max_gram_length": high,
        "ngram_counts": [sum(n * len(part) for n, part in enumerate(by_length[:k], 1)) for k in range(high)],
        "ngram_indexes": [k for part in by_length for _, k in part],
        "pool_strings": [word for part in by_length for words, _ in part for word in words],
    }
