"""Reading documents in Python alone, as scikit-learn's vectorisers do.

For networks that read documents, `to_python` writes all source after the imports of this module. So
the functions need only these imports.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from motifnet.model._numpy_neighbours import Array


def letters(document: str, lowercase: bool, strip_accents: str | None) -> str:
    """In lower case and without accents, where that was asked for."""
    document = document.lower() if lowercase else document
    if strip_accents is None or document.isascii():
        return document
    taken_apart = unicodedata.normalize("NFKD", document)
    if strip_accents == "ascii":
        return taken_apart.encode("ascii", "ignore").decode("ascii")
    return "".join(c for c in taken_apart if not unicodedata.combining(c))


def n_grams(tokens: Sequence[Any], low: int, high: int, between: str) -> Iterable[str]:
    """Runs of that many tokens."""
    return (
        between.join(tokens[i : i + n])
        for n in range(low, high + 1)
        for i in range(len(tokens) - n + 1)
    )


def terms_of(
    document: str,
    analyzer: str,
    lowercase: bool,
    strip_accents: str | None,
    stop_words: Sequence[str],
    pattern: str,
    low: int,
    high: int,
) -> list[str]:
    """The terms of a document, each as often as it occurs."""
    text = letters(document, lowercase, strip_accents)
    if analyzer == "word":
        return list(
            n_grams(
                [word for word in re.findall(pattern, text) if word not in stop_words],
                low,
                high,
                " ",
            )
        )
    if analyzer == "char":
        return list(n_grams(re.sub(r"\s\s+", " ", text), low, high, ""))
    padded = [f" {word} " for word in text.split()]
    return [
        term
        for word in padded
        for term in ([word] if len(word) < low else n_grams(word, low, high, ""))
    ]


def counts(documents: Sequence[str], terms: Sequence[str], settings: Sequence[Any]) -> Array:
    """How often each term occurs in each document."""
    place = {term: k for k, term in enumerate(terms)}
    found = np.zeros((len(documents), len(terms)))
    for i, document in enumerate(documents):
        for term, count in Counter(terms_of(document, *settings)).items():
            if term in place:
                found[i, place[term]] = count
    return found
