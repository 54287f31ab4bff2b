"""Columns of documents, which a vectoriser reads as counts of words or n-grams.

A network takes numbers. So a table with documents is encoded as its raw columns followed by one
column of counts for each term of each reader. `CountVectorizer` counts; the network does the rest,
such as the weights of tf-idf:

    x_t = (1 + log c_t) idf_t,      divided by its norm

While a network is built, a `Reading` stands where documents are read. `spread` replaces it by the
columns of its counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.motifs import (
    Chain,
    Clip,
    Concat,
    Fill,
    Identity,
    Log,
    Missing,
    Motif,
    Normalize,
    Parallel,
    Select,
)
from motifnet.transfer._transfer import tensor
from motifnet.transfer.fitted._parts import scaled
from motifnet.transfer.fitted._registry import Transfer

_SETTINGS = (
    "analyzer",
    "decode_error",
    "encoding",
    "lowercase",
    "ngram_range",
    "stop_words",
    "strip_accents",
    "token_pattern",
)


@dataclass(frozen=True)
class Reader:
    """How a vectoriser reads a document: terms in the order of its columns, and settings."""

    terms: tuple[str, ...]
    settings: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, model: Any) -> Reader:
        """The reader of a fitted vectoriser; UsageError where it calls a function of the user."""
        own = [
            name
            for name in ("analyzer", "preprocessor", "strip_accents", "tokenizer")
            if callable(getattr(model, name))
        ]
        if own or model.input != "content":
            name = (*own, "input")[0]
            got = f"{name}={getattr(model, name)!r}"
            raise UsageError(
                f"There is no transfer for {type(model).__name__}({got}): a network has neither "
                "its code nor its files. Fit it "
                "with analyzer='word', 'char' or 'char_wb', a token_pattern, and input='content'."
            )
        stop_words = (
            model.stop_words
            if model.stop_words is None or isinstance(model.stop_words, str)
            else tuple(sorted(model.stop_words))
        )
        settings = {
            **{name: getattr(model, name) for name in _SETTINGS},
            "stop_words": stop_words,
            "ngram_range": tuple(model.ngram_range),
        }
        terms = sorted(model.vocabulary_, key=model.vocabulary_.__getitem__)
        return cls(tuple(str(term) for term in terms), tuple(settings.items()))

    def counts(self, documents: Iterable[Any]) -> Matrix:
        """Counts of each term in each document, with shape (n, terms)."""
        from sklearn.feature_extraction.text import CountVectorizer

        given = dict(self.settings)
        if isinstance(given["stop_words"], tuple):
            given["stop_words"] = list(given["stop_words"])
        vectoriser = CountVectorizer(
            vocabulary={term: k for k, term in enumerate(self.terms)}, dtype=np.float64, **given
        )
        try:
            return np.asarray(vectoriser.transform(documents).toarray(), dtype=np.float64)
        except (TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"A document cannot be read: {error}. Pass strings; make missing ones empty."
            ) from error

    @property
    def n_grams(self) -> tuple[int, int]:
        """Lengths of the shortest and the longest n-grams."""
        low, high = dict(self.settings)["ngram_range"]
        return int(low), int(high)

    def stop_words(self) -> frozenset[str]:
        """Words that are left out."""
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        given = dict(self.settings)["stop_words"]
        return frozenset(ENGLISH_STOP_WORDS if given == "english" else given or ())


class Reading(nn.Module):
    """The place in an unfinished network where documents are read."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def outputs(self, inputs: int) -> int:
        return len(self.reader.terms)

    def forward(self, x: Tensor) -> Tensor:
        raise UsageError(
            "The estimator reads documents, which become counts of terms first. "
            "Take its network by `mimic(fitted, X)`."
        )


@dataclass
class Documents:
    """Columns of documents and their readers, in the order found; counts follow d raw columns."""

    d: int
    found: list[tuple[int, Reader]] = field(default_factory=list)

    def columns_of(self, column: int, reader: Reader) -> list[int]:
        """Numbers of the columns of counts of a reader."""
        if (column, reader) not in self.found:
            self.found.append((column, reader))
        start = self.d
        for one in self.found:
            if one == (column, reader):
                break
            start += len(one[1].terms)
        return list(range(start, start + len(reader.terms)))

    def spread(self, part: Any, at: Sequence[int]) -> Motif:
        """The network on raw columns and counts of a part that takes the raw columns `at`."""
        if isinstance(part, Reading):
            return Select(self.columns_of(at[0], part.reader))
        if not any(isinstance(inner, Reading) for inner in part.modules()):
            return Chain([Select(list(at)), part])
        if isinstance(part, Concat):
            return Concat([self.spread(branch, at) for branch in part.branches])
        if isinstance(part, Parallel):
            return Parallel(part.weights, [self.spread(branch, at) for branch in part.branches])
        assert isinstance(part, Chain)
        first, *rest = part.parts
        if isinstance(first, Select):
            return self.spread(Chain(list(rest), part.label), [at[j] for j in first.columns])
        if isinstance(first, Identity):
            return self.spread(Chain(list(rest), part.label), at)
        return Chain([self.spread(first, at), *rest], part.label)


def _counts(model: Any) -> list[Motif]:
    if not model.vocabulary_:
        raise UsageError(
            f"{type(model).__name__} knows no term. Fit it on documents that have some."
        )
    reading: Any = Reading(Reader.of(model))
    return [reading, *([Clip(tensor(0.0), tensor(1.0))] if model.binary else [])]


def _weights(model: Any) -> list[Motif]:
    """TfidfTransformer: counts weighted by rarity, each row divided by its norm."""
    parts: list[Motif] = []
    width = model.n_features_in_ if hasattr(model, "n_features_in_") else len(model.idf_)
    if model.sublinear_tf:
        zeros = tensor(np.zeros(width))
        parts.append(Chain([Missing(zeros), Log(), scaled(np.ones(width), 1.0), Fill(zeros)]))
    if model.use_idf:
        parts.append(scaled(model.idf_))
    if model.norm is not None:
        parts.append(Normalize(model.norm))
    return parts or [Identity()]


def _tf_idf(model: Any) -> list[Motif]:
    return [*_counts(model), *_weights(model._tfidf)]


def reads_documents(network: Motif) -> bool:
    """Whether an unfinished network reads documents."""
    return any(isinstance(part, Reading) for part in network.modules())


def synthetic_documents(reader: Reader, n: int, rng: np.random.Generator) -> list[str]:
    """Documents of known and unknown terms, in several cases and with several separators."""
    words = sorted({word for term in reader.terms for word in term.split()})
    marks = np.array([" ", ", ", "\n", "-", "  ", ". ", "\t"], dtype=object)
    strange = ["x", "naïve", "ÉTÉ", "2nd", "straße", "İ", "_a", "東京", "½", "\u212a"]
    chosen = rng.choice(np.array([*words, *strange], dtype=object), (n, 12))
    cases = rng.integers(0, 3, (n, 12))
    spelled = [
        [(w, w.upper(), w.title())[k] for w, k in zip(row, case, strict=True)]
        for row, case in zip(chosen, cases, strict=True)
    ]
    counts = rng.integers(0, 13, n)
    return [
        "".join(w + mark for w, mark in zip(row[:k], rng.choice(marks, k), strict=True))
        for row, k in zip(spelled, counts, strict=True)
    ]


DOCUMENTS: dict[str, Transfer] = {
    "CountVectorizer": _counts,
    "TfidfTransformer": _weights,
    "TfidfVectorizer": _tf_idf,
}
