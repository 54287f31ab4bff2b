"""How many networks stand in parallel: the identity behind the rule, its two ends, and a fit that
takes what it says.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifRegressor
from motifnet.motifs import Distance
from motifnet.tables import Sample
from motifnet.teachers import KernelRidge
from motifnet.training import (
    FeatureLayers,
    FeatureSettings,
    cross_tune,
    least_count,
    predicted_blocks,
    starts_of,
)

SETTINGS = FeatureSettings(("laplace1", "gaussian"), steps=8)


def sample_of(n: int = 160, noise: float = 0.3) -> Sample:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return Sample.plain(X, np.sin(2 * X[:, :1]) + noise * rng.normal(size=(n, 1)))


def layers_of(sample: Sample) -> FeatureLayers:
    return cross_tune(
        sample, starts_of(KernelRidge().fit(sample), SETTINGS.profiles), SETTINGS
    ).inner[0]


def test_the_error_of_a_mean_is_that_of_one_less_the_disagreement() -> None:
    rng = np.random.default_rng(1)
    truth, members = rng.normal(size=2_000), rng.normal(size=(5, 2_000))
    error, disagreement = np.mean((members - truth) ** 2), np.mean(members.var(0, ddof=1))
    assert error - disagreement * (1 - 1 / 5) == pytest.approx(
        np.mean((members.mean(0) - truth) ** 2)
    )


@pytest.mark.parametrize(
    ("disagreement", "error", "most", "count"),
    [
        (0.0, 1.0, 8, 1),
        (0.02, 1.0, 8, 1),
        (0.04, 1.0, 8, 2),
        (0.9, 1.0, 8, 8),
        (1.0, 0.5, 4, 4),
        (0.0, 0.0, 3, 1),
        (0.3, 1.0, 1, 1),
    ],
)
def test_as_many_as_averaging_is_worth(
    disagreement: float, error: float, most: int, count: int
) -> None:
    assert least_count(disagreement, error, most) == count


def test_networks_that_agree_are_one() -> None:
    sample = sample_of()
    inner = layers_of(sample)
    assert predicted_blocks(sample, [inner] * 4, 0, 4).taken == 1
    others = [
        replace(inner, kernel=replace(inner.kernel, rates=inner.kernel.rates * factor))
        for factor in (0.2, 1.0, 5.0, 25.0)
    ]
    found = predicted_blocks(sample, others, 0, 2)
    assert found.predicted > 2 and found.taken == 2 and found.share > 0.05
    assert "in parallel predicted by a disagreement of" in found.sentence


def test_no_rows_to_compare_on_is_one() -> None:
    sample = sample_of(40)
    inner = [layers_of(sample)] * 4
    # one group in all folds
    together = replace(sample, folds=replace(sample.folds, groups=np.zeros(40, dtype=np.int64)))
    assert predicted_blocks(together, inner, 0, 4).taken == 1


def test_a_fit_takes_what_its_ledger_says() -> None:
    sample = sample_of(200, noise=0.1)
    model = MotifRegressor(preset="fast", profile=None).fit(sample.X, sample.y[:, 0])
    note = next(row.note for row in model.ledger_ if row.stage == "feature layers")
    found = re.search(
        r"(\d) in parallel predicted by a disagreement of .* of the squared error, "
        r"(\d) taken",
        note,
    )
    assert found and found[1] == found[2]
    kernels = [module for module in model.network_.module.modules() if isinstance(module, Distance)]
    centres = {len(module.centres) for module in kernels}
    assert centres and len(kernels) % int(found[2]) == 0


@pytest.mark.parametrize("most", [500, 60_000], ids=["no room", "room"])
def test_more_than_one_network_only_where_there_is_room(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One network of 150 rows and 3 columns has 1,050 parameters."""
    monkeypatch.setattr("motifnet.pipeline._run.MAX_PARAMETERS", most)
    sample = sample_of(150, noise=0.1)
    model = MotifRegressor(preset="fast", profile=None).fit(sample.X, sample.y[:, 0])
    assert any("in parallel" in row.note for row in model.ledger_) == (most > 1_050)


BESIDE: dict[str, dict[str, Any]] = {
    "plain": {},
    "groups": {"groups": np.arange(150) // 5},
    "time": {"time": np.arange(150)},
    "weights": {"sample_weight": np.linspace(0.5, 2, 150)},
}
TABLES, SIZES = ("numbers", "equal rows", "categories"), ("compact", "small")
# each table beside each column has one size in the fast suite, and the other in the slow one
KINDS = [
    pytest.param(rows, beside, size, marks=[pytest.mark.slow] if (i + j + k) % 2 else [])
    for i, rows in enumerate(TABLES)
    for j, beside in enumerate(BESIDE)
    for k, size in enumerate(SIZES)
]


@pytest.mark.usefixtures("short_fits")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("rows", "beside", "size"), KINDS)
def test_parallel_and_small_networks_of_every_kind_of_table(
    rows: str, beside: str, size: str
) -> None:
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(150, 2)), columns=["a", "b"])
    X = {
        "numbers": X,
        "equal rows": X.iloc[np.arange(150) // 3].reset_index(drop=True),
        "categories": pd.DataFrame(np.where(X > 0, "u", "v")),
    }[rows]
    y = (X.iloc[:, 0] == "u") * 1.0 if rows == "categories" else np.sin(2 * X["a"])
    model = MotifRegressor(preset="fast", size=size).fit(
        X, y + 0.1 * rng.normal(size=150), **BESIDE[beside]
    )
    predicted = model.predict(X)
    np.testing.assert_allclose(model.teacher_(model.encode(X)).ravel(), predicted, atol=1e-8)
    assert np.corrcoef(predicted, y)[0, 1] > 0.5
