"""Fitted vectorisers of documents."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import (
    compose,
    linear_model,
    naive_bayes,
    pipeline,
    preprocessing,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import text as feature_text

from tests.shared.fitted_rows import FRAME, THREE, VALUE, Case, N

_WORDS = np.array(
    [
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "Hello",
        "WORLD",
        "été",
        "Ünder",
        "naïve",
        "data",
        "science",
        "new",
        "york",
        "x1",
        "under_score",
        "it's",
        "don't",
    ],
    dtype=object,
)
_SENTENCES = np.random.default_rng(2)
_LENGTHS, _ENDS = _SENTENCES.integers(0, 12, N), _SENTENCES.choice([".", "\n", ""], N)
TEXTS = [
    " ".join(_SENTENCES.choice(_WORDS, k)) + end for k, end in zip(_LENGTHS, _ENDS, strict=True)
]
TABLE = FRAME.assign(text=TEXTS)


def _with_text(text: Any, last: Any) -> Any:
    parts = [
        ("t", text, "text"),
        ("n", preprocessing.StandardScaler(), ["a", "b"]),
        ("c", preprocessing.OneHotEncoder(), ["colour"]),
    ]
    return pipeline.make_pipeline(
        compose.ColumnTransformer(parts, transformer_weights={"t": 0.5}), last
    )


DOCUMENTS = {
    "CountVectorizer": Case(feature_text.CountVectorizer, X=TEXTS),
    "CountVectorizer, pairs of words": Case(
        lambda: feature_text.CountVectorizer(ngram_range=(1, 2), binary=True), X=TEXTS
    ),
    "CountVectorizer, short words": Case(
        lambda: feature_text.CountVectorizer(token_pattern=r"\w+", lowercase=False), X=TEXTS
    ),
    "CountVectorizer, given terms": Case(
        lambda: feature_text.CountVectorizer(
            vocabulary=["mat", "Mat", "new york", "the"], stop_words=["the"]
        ),
        X=TEXTS,
    ),
    "TfidfVectorizer": Case(feature_text.TfidfVectorizer, X=TEXTS),
    "TfidfVectorizer, logarithms": Case(
        lambda: feature_text.TfidfVectorizer(sublinear_tf=True, norm="l1", stop_words="english"),
        X=TEXTS,
    ),
    "TfidfVectorizer, characters": Case(
        lambda: feature_text.TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), X=TEXTS
    ),
    "TfidfVectorizer, within words": Case(
        lambda: feature_text.TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5)), X=TEXTS
    ),
    "TfidfVectorizer, without accents": Case(
        lambda: feature_text.TfidfVectorizer(strip_accents="unicode"), X=TEXTS
    ),
    "TfidfVectorizer, ASCII": Case(
        lambda: feature_text.TfidfVectorizer(strip_accents="ascii", lowercase=False), X=TEXTS
    ),
    "TfidfVectorizer, stop words": Case(
        lambda: feature_text.TfidfVectorizer(stop_words=["the", "a", "on"], ngram_range=(1, 3)),
        X=TEXTS,
    ),
    "Pipeline, documents": Case(
        lambda: pipeline.make_pipeline(
            feature_text.CountVectorizer(),
            feature_text.TfidfTransformer(),
            naive_bayes.MultinomialNB(),
        ),
        X=TEXTS,
        y=THREE,
    ),
    "Pipeline, two readers": Case(
        lambda: pipeline.make_pipeline(
            pipeline.make_union(
                feature_text.CountVectorizer(), feature_text.TfidfVectorizer(ngram_range=(2, 2))
            ),
            linear_model.Ridge(),
        ),
        X=np.array(TEXTS, dtype=object),
        y=VALUE,
    ),
    "Pipeline, documents and numbers": Case(
        lambda: _with_text(feature_text.TfidfVectorizer(), linear_model.LogisticRegression()),
        X=TABLE,
        y=THREE,
    ),
}
