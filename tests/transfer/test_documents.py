"""Documents: networks of vectorisers against scikit-learn, and their ONNX files, which read the
strings themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from motifnet import mimic
from motifnet.engine import DataError, Matrix, UsageError
from motifnet.model._codec import decode, encode
from motifnet.transfer.fitted import outputs_of
from tests.shared.fitted_cases import fitted
from tests.shared.fitted_documents import DOCUMENTS, TABLE, TEXTS
from tests.shared.fitted_rows import VALUE
from tests.shared.python_files import loaded

pytestmark = pytest.mark.filterwarnings("ignore")
STRANGE = [
    "",
    "ÉTÉ Été the  mat\n\nmat",
    "İstanbul STRASSE ß \u212a2",
    "東京 new\tYORK, new-york½",
    "x",
    "it's UNDER_score; ÜNDER",
    "  ",
    "e\u0301te\u0301",
]


def unseen(name: str) -> Any:
    if not isinstance(DOCUMENTS[name].X, pd.DataFrame):
        return STRANGE * 2 + TEXTS[:5]
    return TABLE.head(2 * len(STRANGE)).assign(text=STRANGE * 2)


def fed(session: Any, rows: Any) -> dict[str, NDArray[Any]]:
    """Rows as the inputs of a file."""
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame({"documents": rows})
    return {
        i.name: table[[i.name]].to_numpy(object if i.type == "tensor(string)" else float)
        for i in session.get_inputs()
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_network_and_file_are_the_estimator(name: str, tmp_path: Path) -> None:
    import onnxruntime

    model, rows = fitted(name), DOCUMENTS[name].rows()
    network = mimic(model, rows)
    network.to_onnx(tmp_path / "net.onnx", X=rows)
    session = onnxruntime.InferenceSession(
        str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"]
    )
    for some in (rows, unseen(name)):
        expected = outputs_of(model, some)
        np.testing.assert_allclose(network(some), expected, atol=1e-12)
        np.testing.assert_allclose(session.run(None, fed(session, some))[0], expected, atol=1e-12)
    assert network.certificate is not None
    assert network.certificate.on_data <= 1e-9


@pytest.mark.parametrize("name", DOCUMENTS)
def test_without_rows_it_is_compared_on_made_up_documents(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    network = mimic(fitted(name))
    np.testing.assert_allclose(
        network(DOCUMENTS[name].rows()),
        outputs_of(fitted(name), DOCUMENTS[name].rows()),
        atol=1e-12,
    )
    assert not [w for w in recwarn if "synthetic rows" in str(w.message)]


def test_module_is_saved_and_takes_the_encoded_rows() -> None:
    network, arrays = mimic(fitted("Pipeline, documents"), TEXTS), dict[str, NDArray[Any]]()
    again: Any = decode(encode(network.module, "network", arrays), arrays)
    rows: Matrix = network.encode(TEXTS)
    assert rows.shape == (len(TEXTS), network.d)
    np.testing.assert_array_equal(
        again(torch.as_tensor(rows)).detach(), network.module(torch.as_tensor(rows)).detach()
    )


def _split(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("vectoriser", "words"),
    [
        (CountVectorizer(tokenizer=_split), "tokenizer=.*analyzer='word', 'char' or 'char_wb'"),
        (TfidfVectorizer(preprocessor=str.title), "preprocessor="),
        (TfidfVectorizer(analyzer=_split), "analyzer="),
        (
            HashingVectorizer(),
            "no transfer to a network for HashingVectorizer.*CountVectorizer or TfidfVectorizer",
        ),
    ],
    ids=["tokenizer", "preprocessor", "analyzer", "hashes"],
)
def test_code_of_a_user_is_refused_by_name(vectoriser: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        mimic(make_pipeline(vectoriser, Ridge()).fit(TEXTS, VALUE), TEXTS)


@pytest.mark.parametrize(
    ("vectoriser", "words"),
    [
        (CountVectorizer(token_pattern=r"(?u)\b[a-z]+(?=\s)"), "token_pattern="),
    ],
    ids=lambda e: None if isinstance(e, str) else "-",
)
def test_what_has_a_network_and_no_file(vectoriser: Any, words: str, tmp_path: Path) -> None:
    network = mimic(vectoriser.fit(TEXTS), TEXTS)
    np.testing.assert_allclose(
        network(STRANGE), vectoriser.transform(STRANGE).toarray(), atol=1e-12
    )
    with pytest.raises(UsageError, match=words):
        network.to_onnx(tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
    network.to_python(tmp_path / "net.py")
    np.testing.assert_allclose(loaded(tmp_path / "net.py")(STRANGE), network(STRANGE), atol=1e-12)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_python_file_reads_documents(name: str, tmp_path: Path) -> None:
    mimic(fitted(name)).to_python(tmp_path / "net.py")
    for rows in (DOCUMENTS[name].rows(), unseen(name)):
        given = rows.to_numpy() if isinstance(rows, pd.DataFrame) else list(rows)
        np.testing.assert_allclose(
            loaded(tmp_path / "net.py")(given), outputs_of(fitted(name), rows), atol=1e-12
        )


def test_what_is_no_document_is_refused() -> None:
    network = mimic(fitted("CountVectorizer"), TEXTS)
    for rows in ([None, "a"], [1.5], TABLE):
        with pytest.raises(DataError):
            network(rows)
