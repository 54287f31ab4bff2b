"""Contributions to one prediction: they add up, and are known where the network is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from motifnet.engine import UsageError
from motifnet.model import FittedModel
from motifnet.model.explain import Evidence, RowExplanation, explain_row, raw_columns
from motifnet.motifs import Affine, Chain, Monomial
from motifnet.tables import as_table
from tests.shared.hand_made import frame, make_model


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def found_in(model: FittedModel, row: int = 3) -> tuple[RowExplanation, np.ndarray, np.ndarray]:
    """The explanation of a row, its matrix, and the matrix of the rows that it is compared with."""
    table = as_table(frame(), schema=model.schema)
    others = Evidence(model.encode(table.take(slice(100, 160))), "new rows")
    one = table.take(slice(row, row + 1))
    return explain_row(model, one, others), model.encode(one), others.X


def width_of(model: FittedModel) -> int:
    return int(model.encode(as_table(frame(), schema=model.schema)).shape[1])


@pytest.mark.parametrize("classes", [None, ("a", "b", "c")])
def test_contributions_add_up_to_the_prediction(classes: tuple[str, ...] | None) -> None:
    model = make_model(classes=classes)
    found, _, _ = found_in(model)
    table = as_table(frame(), schema=model.schema)
    expected = model.predict(table.take(slice(3, 4)))[0]
    np.testing.assert_allclose(found.prediction, expected, rtol=0, atol=1e-12)
    total = found.mean + found.contribution.sum(0)
    np.testing.assert_allclose(total, found.prediction, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.mean, model.predict(table.take(slice(100, 160))).mean(0))
    if classes:  # probabilities add up to one, whatever the columns are
        np.testing.assert_allclose(found.contribution.sum(1), 0, atol=1e-12)


def test_an_additive_network_has_the_contributions_of_its_terms() -> None:
    model = make_model(q=1)
    weight = torch.linspace(-1, 2, width_of(model)).double()
    found, x, others = found_in(
        replace(model, network=Affine(weight[None], torch.tensor([7.0]).double()))
    )
    terms = (x[0] - others.mean(0)) * weight.numpy()
    expected = [terms[c.where].sum() for c in raw_columns(model.encoder, model.schema)]
    np.testing.assert_allclose(found.contribution[:, 0], expected, rtol=0, atol=1e-12)
    assert found.columns == tuple(name for name in model.schema.names if name != "fixed")


def test_a_product_is_shared_in_halves() -> None:
    """f(x) = z_1 z_2 against rows B: half of each difference goes to either column."""
    model = make_model(q=1)
    one, two = raw_columns(model.encoder, model.schema)[:2]
    powers = [0] * width_of(model)
    powers[one.where.start] = powers[two.where.start] = 1
    affine = Affine(torch.ones(1, 1).double(), torch.zeros(1).double())
    found, x, others = found_in(replace(model, network=Chain([Monomial([powers]), affine])))
    a, b = (x[0, c.where.start] for c in (one, two))
    A, B = (others[:, c.where.start] for c in (one, two))
    first, second = (a - A) * (b + B) / 2, (b - B) * (a + A) / 2
    np.testing.assert_allclose(
        found.contribution[:2, 0], [first.mean(), second.mean()], rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(found.contribution[2:], 0, atol=1e-12)


def test_frame_picture_and_html_show_the_same() -> None:
    model = make_model(classes=("a", "b", "c"))
    found, _, _ = found_in(model)
    table = found.to_frame()
    sizes = table["contribution"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all() and len(table) == len(found.columns)
    likely = found.outputs[int(found.prediction.argmax())]
    assert table.equals(found.to_frame(likely))
    ax = found.plot()
    assert f"probability of {likely}" in ax.get_xlabel()
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names[0].startswith(f"{table['column'][0]} = {table['value'][0]}"[:20])
    bars: Any = ax.patches
    np.testing.assert_allclose([bar.get_width() for bar in bars], table["contribution"])
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_x() for bar in bars][1:], ends[:-1])
    assert ends[-1] == pytest.approx(found.prediction.max())
    assert all(str(name) in found._repr_html_() for name in found.columns)
    assert str(found).splitlines()[0].startswith(f"probability of {likely}: predicted ")
    assert len(repr(found)) < 100
    with pytest.raises(UsageError, match="output"):
        found.plot("d")


def test_one_row_at_a_time() -> None:
    model = make_model()
    table = as_table(frame(), schema=model.schema)
    with pytest.raises(UsageError, match="X has 2 rows"):
        explain_row(model, table.take(slice(0, 2)), Evidence(model.encode(table), "new rows"))
