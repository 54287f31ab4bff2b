"""Sketches and tests of columns against scipy, the density ratio, the expected error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from motifnet.motifs import (
    Affine,
    Chain,
    Distance,
    Identity,
    Parallel,
    Precise,
    Radial,
    metric_points,
)
from motifnet.uncertainty import (
    DensityRatio,
    NumberSketch,
    density_ratio,
    error_shift,
    holm,
)
from tests.uncertainty.shift_columns import compared, report, sketch_of

# sketches


def test_shares_at_the_knots_are_exact() -> None:
    x = np.round(np.random.default_rng(0).standard_normal(1000), 1)
    found, _ = sketch_of(x)
    assert isinstance(found, NumberSketch) and found.rows == 1000 and found.gaps == 0
    for value, below, upto in found.table.T:
        assert below == pytest.approx((x < value).mean(), abs=1e-12)
        assert upto == pytest.approx((x <= value).mean(), abs=1e-12)
    assert len(found.quantiles) == 128 and found.quantiles[64] == pytest.approx(
        np.median(x), abs=0.1
    )


def test_a_weight_of_two_is_the_row_twice() -> None:
    x, levels = np.random.default_rng(1).standard_normal(40), np.array(list("abcd") * 10)
    for values in (x, levels):
        weighted, _ = sketch_of(values, np.repeat([1.0, 2.0], 20))
        repeated, _ = sketch_of(np.repeat(values, np.repeat([1, 2], 20)))
        of = "table" if isinstance(weighted, NumberSketch) else "shares"
        np.testing.assert_allclose(getattr(weighted, of), getattr(repeated, of), atol=1e-12)
        assert weighted.rows == pytest.approx(60**2 / 100)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_numbers_are_compared_as_by_kolmogorov_and_smirnov(shift: float) -> None:
    rng = np.random.default_rng(2)
    old, new = rng.standard_normal(100), rng.standard_normal(70) + shift
    expected = ks_2samp(old, new, method="asymp")
    found = compared(old, new)[0]
    # fewer values than knots: no value is lost
    assert found.pvalue == pytest.approx(expected.pvalue, rel=1e-9)
    many = rng.standard_normal(5000)
    assert ks_2samp(many, new, method="asymp").pvalue <= compared(many, new)[0].pvalue <= 1


def test_levels_are_compared_by_chi_squared() -> None:
    rng = np.random.default_rng(3)
    old, new = rng.choice(list("abc"), 200), rng.choice(list("abc"), 90, p=[0.2, 0.4, 0.4])
    table = [[(side == level).sum() for level in "abc"] for side in (old, new)]
    found = compared(old, new)[0]
    assert found.pvalue == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=1e-9)
    assert found.distance == pytest.approx(
        np.abs(np.diff(np.array(table) / [[200], [90]], axis=0)).sum() / 2
    )


def test_gaps_are_compared_by_fisher() -> None:
    old, new = np.arange(60.0), np.arange(50.0)
    old[:6], new[:20] = np.nan, np.nan
    values, gaps = compared(old, new)
    assert (values.what, gaps.what) == ("values", "gaps")
    assert gaps.pvalue == pytest.approx(fisher_exact([[6, 54], [20, 30]]).pvalue)
    assert [test.what for test in compared(old, np.full(9, np.nan))] == ["gaps"]


@pytest.mark.parametrize(
    ("old", "new", "unit"),
    [
        (np.ones(50), np.full(50, 0.5), "sd"),
        (np.ones(50), np.full(50, 2.0), "sd"),
        (np.linspace(0, 1e300, 50), np.full(50, -1e300), "sd"),
        (["a", "b"] * 25, ["new"] * 50, "share"),
        (["a"] * 50, ["a", "b"] * 25, "share"),
        (np.array([True, False] * 25), np.array([True] * 50), "sd"),
        (pd.date_range("2020-01-01", periods=50), pd.date_range("2024-01-01", periods=50), "sd"),
        ([f"street {i % 70}" for i in range(400)], ["one street"] * 50, "share"),
        (["winter"] * 1000, ["summer"] * 30, "share"),
    ],
    ids=[
        "below",
        "above",
        "huge",
        "all levels new",
        "a level more",
        "truth values",
        "dates",
        "many levels",
        "few of another level",
    ],
)
def test_what_moved_is_seen(old: Any, new: Any, unit: str) -> None:
    (found,) = compared(old, new)
    assert (
        found.pvalue < 1e-3
        and found.unit == unit
        and 0 < found.distance < np.inf
        and found.before != found.after
    )


def test_streets_that_no_fit_has_seen_are_no_alarm() -> None:
    """With very many levels there always are some."""
    rng = np.random.default_rng(4)
    p = [
        compared(s[:300], s[300:])[0].pvalue
        for s in (rng.zipf(1.3, 500).clip(max=5000).astype(str) for _ in range(100))
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.1


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.5]), [0.04, 0.09, 0.09, 0.5])
    assert holm([]) == [] and holm([0.7, 0.8]) == [1.0, 1.0]


# the expected error


def test_the_density_ratio_of_two_normal_laws() -> None:
    rng = np.random.default_rng(5)
    old, new = rng.standard_normal((2000, 2)), rng.standard_normal((1500, 2)) + np.array([1.0, 0.0])
    found, exact = density_ratio(old, new, 0), np.exp(old[:, 0] - 0.5)
    assert found.method.startswith("logistic regression") and found.covered > 0.95
    assert np.corrcoef(found.values, exact)[0, 1] > 0.95


def test_equal_laws_have_the_ratio_one() -> None:
    rng = np.random.default_rng(6)
    found = density_ratio(rng.standard_normal((300, 3)), rng.standard_normal((200, 3)), 0)
    assert found.method == "no difference" and (found.values == 1).all() and found.covered == 1


def test_the_error_follows_the_rows() -> None:
    """Losses x²: their mean is 1 for a standard normal x, and 2 for one with mean 1."""
    rng = np.random.default_rng(7)
    old, new = rng.standard_normal((2000, 1)), rng.standard_normal((1000, 1)) + 1
    found = error_shift(old, old[:, 0] ** 2, new, root=True, seed=0)
    assert found is not None and found.changed
    assert found.interval[0] < 2**0.5 < found.interval[1] and found.before == pytest.approx(
        1, abs=0.05
    )
    r = np.exp(old[:, 0] - 0.5)
    assert (
        found.effective == pytest.approx(r.sum() ** 2 / (r**2).sum(), rel=0.3)
        and found.unit == "rows"
    )
    mean = error_shift(old, old[:, 0] ** 2, new, root=False, seed=0)
    assert mean is not None and mean.after == pytest.approx(found.after**2)


def test_rows_of_a_group_are_no_evidence_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses that groups of ten share: the interval is that of a mean of 60 numbers, not of 600. By
    rows it holds the mean in half of the draws.
    """
    monkeypatch.setattr(
        "motifnet.uncertainty._density_ratio.density_ratio",
        lambda old, new, seed: DensityRatio(np.ones(len(old)), 1.0, "no difference"),
    )
    old, groups, held = np.zeros((600, 1)), np.repeat(np.arange(60), 10), np.zeros((200, 2))
    for seed in range(200):
        losses = np.random.default_rng(seed).exponential(size=60)[groups]
        found, rows = (
            error_shift(old, losses, old, groups=of, root=False, seed=0) for of in (groups, None)
        )
        assert found is not None and rows is not None
        assert (
            found.after == rows.after
            and found.effective == pytest.approx(60)
            and rows.effective == pytest.approx(600)
        )
        assert np.diff(found.interval) == pytest.approx(np.diff(rows.interval) * 10**0.5)
        held[seed] = [error.interval[0] <= 1 <= error.interval[1] for error in (found, rows)]
    assert held[:, 0].mean() >= 0.9 and held[:, 1].mean() < 0.6


def test_few_groups_are_too_few_to_tell() -> None:
    rng = np.random.default_rng(9)
    old, new, groups = (
        rng.standard_normal((500, 1)),
        rng.standard_normal((200, 1)),
        np.arange(500) % 12,
    )
    found = error_shift(old, rng.exponential(size=500), new, groups=groups, root=False, seed=0)
    assert (
        found is not None
        and not found.reliable
        and "only 12 groups of the fit" in report(found).verdict
    )


def test_where_there_were_no_rows_nothing_is_said() -> None:
    rng = np.random.default_rng(8)
    old, new = rng.standard_normal((500, 2)), rng.standard_normal((300, 2)) + 20
    found = error_shift(old, np.ones(500), new, root=True, seed=0)
    assert found is not None and found.covered < 0.1 and not found.reliable and not found.changed
    assert error_shift(old, np.ones(500), new[:29], root=True, seed=0) is None


# the metric


def test_points_of_a_network_are_the_inputs_of_its_distances() -> None:
    x, R = (
        torch.randn(9, 3, generator=torch.Generator().manual_seed(0)).double(),
        torch.tensor([[2.0, 0.0, 1.0]]).double(),
    )
    one = torch.ones(1).double()
    radial = Radial(one, one, ["gaussian"])
    seen = Chain(
        [
            Affine(R, one),
            Distance(torch.zeros(4, 1).double(), 2),
            radial,
            Affine(torch.ones(1, 4).double(), one),
        ]
    )
    raw = Chain([Distance(torch.zeros(2, 3).double(), 1), radial])
    network = Precise(Parallel(torch.ones(3).double(), [seen, raw, raw]))
    mapped, plain = x @ R.T - (x @ R.T).mean(0), x - x.mean(0)
    expected = torch.cat([z / z.square().sum(1).mean().sqrt() for z in (plain, mapped)], 1)
    torch.testing.assert_close(metric_points(network, x), expected)
    assert metric_points(Chain([Identity()]), x).shape == (9, 3)
