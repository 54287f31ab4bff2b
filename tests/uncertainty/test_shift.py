"""Shift: sketches and tests against scipy, the level of everything together, expected errors
against the truth, and what a model keeps.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import Matrix, MotifnetWarning, UsageError
from motifnet.model import BundleError, load_model, save_model
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
from motifnet.tables import Column, Encoder, Schema, as_table, make_folds
from motifnet.uncertainty import (
    ColumnShift,
    DensityRatio,
    ErrorShift,
    LevelSketch,
    NumberSketch,
    Reference,
    RowSample,
    ShiftReport,
    compare_column,
    density_ratio,
    draw_rows,
    error_shift,
    holm,
    sketch_column,
    warn_of_strangers,
)
from motifnet.uncertainty import _density_ratio as shift_error
from motifnet.uncertainty._reference import MAX_NUMBERS, MAX_ROWS
from tests.shared.hand_made import make_model

GOLDEN = Path(__file__).parents[1] / "golden"
TRANSLATED = ("x0", "x1", "x2", "x3", "x4")


def column(values: Any, name: str = "a") -> Column:
    return as_table(pd.DataFrame({name: values})).columns[0]


def sketch_of(
    values: Any, weight: Matrix | None = None
) -> tuple[NumberSketch | LevelSketch, tuple[Any, ...]]:
    """The sketch of a column, and the levels of its encoder."""
    table = as_table(pd.DataFrame({"a": values}))
    w = np.ones(table.n) if weight is None else weight
    encoder, _, _ = Encoder.fit(
        table, np.arange(table.n, dtype=float)[:, None], w, make_folds(table.n, 2, 0)
    )
    return sketch_column(table.columns[0], encoder.features[0], w), getattr(
        encoder.features[0], "levels", ()
    )


def compared(old: Any, new: Any) -> list[ColumnShift]:
    found, levels = sketch_of(old)
    return compare_column(found, column(new), levels)


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
        shift_error,
        "density_ratio",
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


# models


def houses(n: int, seed: int, **moved: float) -> pd.DataFrame:
    """Five numbers of which some are translated, a town, gaps."""
    rng = np.random.default_rng([3, seed])
    table = pd.DataFrame(rng.standard_normal((n, 5)), columns=list(TRANSLATED))
    table["town"] = rng.choice(["Bern", "Chur", "Zug"], n)
    table.loc[rng.random(n) < 0.1, "x4"] = None
    table["price"] = (
        np.sin(2 * table.x0)
        + (table.town == "Bern")
        + (0.1 + 0.3 * np.abs(table.x1)) * rng.standard_normal(n)
    )
    for name, by in moved.items():
        table[name] += by
    return table


INPUTS = [*TRANSLATED, "town"]


@pytest.fixture(scope="module")
def model() -> MotifRegressor:
    table = houses(400, 0)
    return MotifRegressor(preset="fast").fit(table[INPUTS], table.price)


def rows_of(estimator: Any) -> RowSample:
    reference = estimator.model_.reference
    assert isinstance(reference, Reference) and reference.rows is not None
    return reference.rows


def test_a_shift_is_found_with_its_columns(model: MotifRegressor) -> None:
    found = model.check_shift(houses(200, 1, x1=1.0, x3=-0.8)[INPUTS])
    assert (
        found.shifted
        and set(found.moved) == {"x1", "x3"}
        and found.overall is not None
        and found.overall <= 0.05
    )
    assert (
        "x1" in found.verdict and found.error is not None and found.error.after > found.error.before
    )
    assert str(found) == str(model.check_shift(houses(200, 1, x1=1.0, x3=-0.8)[INPUTS]))
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["moved"] == list(found.moved)


def test_no_shift_is_no_alarm_in_most_cases(model: MotifRegressor) -> None:
    """One fit, six tables: 5 % each."""
    found = [model.check_shift(houses(100, 10 + i)[INPUTS]) for i in range(6)]
    assert sum(f.shifted for f in found) <= 1
    assert "No difference" in next(f for f in found if not f.shifted).verdict


def test_columns_that_move_together_only(model: MotifRegressor) -> None:
    """Each column is as before; they depend on each other as they did not."""
    new = houses(400, 2)
    for name in ("x1", "x2", "x3"):
        new[name] = np.sort(new[name])[np.argsort(np.argsort(new.x0))]
    found = model.check_shift(new[INPUTS])
    assert not found.moved and found.shifted and "columns together" in found.verdict


def test_names_that_hardly_repeat_are_no_alarm() -> None:
    """Most are new to the fit in any case."""
    table = houses(300, 7).assign(name=np.random.default_rng(9).integers(0, 400, 300).astype(str))
    fit = MotifRegressor(preset="fast").fit(table[["x0", "name"]], table.price)
    new = houses(200, 8).assign(name=np.random.default_rng(10).integers(0, 400, 200).astype(str))
    found = fit.check_shift(new[["x0", "name"]])
    assert not found.shifted and found.error is not None and found.error.method == "no difference"


def test_a_table_in_which_nothing_varies() -> None:
    fit = MotifRegressor(preset="fast").fit(pd.DataFrame({"a": np.ones(40)}), np.arange(40.0))
    assert not fit.check_shift(pd.DataFrame({"a": np.ones(40)})).shifted
    assert fit.check_shift(pd.DataFrame({"a": np.zeros(40)})).moved == ("a",)


def test_groups_of_a_fit_are_kept_for_the_error(tmp_path: Path) -> None:
    table, of = houses(80, 11), np.arange(80) // 5
    fit = MotifRegressor(preset="fast").fit(table[INPUTS], table.price, groups=of)
    groups = rows_of(fit).groups
    assert groups is not None and len(np.unique(groups)) == 16
    fit.save(tmp_path / "g.motif")
    found, again = (
        m.check_shift(houses(60, 12)[INPUTS]) for m in (fit, load(tmp_path / "g.motif"))
    )
    assert (
        found.error is not None
        and found.error.unit == "groups"
        and found.error.effective <= 16
        and found.to_dict() == again.to_dict()
    )


def test_few_new_rows(model: MotifRegressor) -> None:
    one = model.check_shift(houses(1, 3)[INPUTS])
    assert one.overall is None and one.error is None and not one.shifted
    some = model.check_shift(houses(29, 3, x0=9.0)[INPUTS])
    assert some.error is None and some.moved == ("x0",) and str(some).endswith("x0.")


def test_the_losses_that_are_kept_are_those_of_the_ledger(model: MotifRegressor) -> None:
    assert np.sqrt(rows_of(model).losses.mean()) == pytest.approx(
        [row.error for row in model.ledger_ if row.kept][-1], rel=1e-9
    )
    table = houses(250, 4)
    labels = MotifClassifier(preset="fast").fit(
        table[INPUTS], pd.cut(table.price, 3, labels=["a", "b", "c"]).astype(str)
    )
    counts = MotifRegressor(preset="fast", objective="poisson").fit(
        table[INPUTS], np.random.default_rng(0).poisson(np.exp(table.x0))
    )
    for fit in (labels, counts):
        assert rows_of(fit).losses.mean() == pytest.approx(
            [row.error for row in fit.ledger_ if row.kept][-1], rel=1e-9
        )
        assert fit.check_shift(table[INPUTS]).error is not None
    assert rows_of(labels).X.shape == (250, labels.model_.d)


def test_rows_of_a_fit_forward_in_time_are_those_that_were_scored() -> None:
    table = houses(200, 5)
    fit = MotifRegressor(preset="fast").fit(table[INPUTS], table.price, time=np.arange(200))
    assert 0 < len(rows_of(fit).losses) < 200


def test_the_sample_is_bounded_and_follows_the_weights() -> None:
    losses, weight = np.ones(50_000), np.ones(50_000)
    assert (
        len(draw_rows(losses, weight, 10, 0))
        == len(set(draw_rows(losses, weight, 10, 0)))
        == MAX_ROWS
    )
    assert len(draw_rows(losses, weight, 200, 0)) == MAX_NUMBERS // 200
    assert sorted(draw_rows(losses[:300], weight[:300], 10, 0)) == list(range(300))
    weight[:25_000] = 3
    assert (draw_rows(losses, weight, 10, 0) < 25_000).mean() == pytest.approx(0.75, abs=0.03)
    assert len(draw_rows(np.full(5, np.nan), np.ones(5), 2, 0)) == 0
    losses[::2] = np.nan
    assert (draw_rows(losses, weight, 10, 0) % 2 == 1).all()


# files


def test_a_loaded_model_says_the_same(model: MotifRegressor, tmp_path: Path) -> None:
    model.save(tmp_path / "m.motif")
    new = houses(120, 6, x2=0.5)[INPUTS]
    loaded = load(tmp_path / "m.motif")
    assert loaded.check_shift(new).to_dict() == model.check_shift(new).to_dict()
    loaded.save(tmp_path / "again.motif")
    assert (tmp_path / "m.motif").read_bytes() == (tmp_path / "again.motif").read_bytes()


def test_a_model_without_rows_still_has_its_sketches(model: MotifRegressor, tmp_path: Path) -> None:
    assert model.model_.reference is not None
    small = replace(model.model_, reference=model.model_.reference.without_rows())
    save_model(small, tmp_path / "s.motif")
    found = load(tmp_path / "s.motif").check_shift(houses(200, 1, x1=1.0)[INPUTS])
    assert found.moved == ("x1",) and found.overall is None and found.error is None
    assert "together" not in str(found)


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("protocol_1_*.motif")), ids=lambda path: path.stem
)
def test_files_of_before_say_that_they_hold_no_reference(path: Path) -> None:
    with pytest.raises(UsageError, match="no reference"):
        load(path).check_shift(pd.read_csv(GOLDEN / "protocol_1.csv"))
    with pytest.raises(UsageError, match="Fit it again"):
        make_model().check_shift(as_table(pd.DataFrame({"x": [1.0]})))


def edited(reference: Reference, **rows: Any) -> Reference:
    assert reference.rows is not None
    return replace(reference, rows=replace(reference.rows, **rows))


def first(reference: Reference, **fields: Any) -> Reference:
    return replace(
        reference, columns=(replace(reference.columns[0], **fields), *reference.columns[1:])
    )


FLAWS: dict[str, Any] = {
    "a column missing": lambda r: replace(r, columns=r.columns[1:]),
    "another name": lambda r: first(r, name="other"),
    "no rows": lambda r: first(r, rows=0.0),
    "gaps of all and more": lambda r: first(r, gaps=1.5),
    "a flat table": lambda r: first(r, table=r.columns[0].table[0]),
    "knots out of order": lambda r: first(r, table=r.columns[0].table[:, ::-1].copy()),
    "infinite knots": lambda r: first(r, table=r.columns[0].table + np.inf),
    "shares above one": lambda r: first(
        r, table=r.columns[0].table + np.array([[0.0], [0.0], [0.5]])
    ),
    "levels for numbers": lambda r: replace(
        r, columns=(LevelSketch("x0", 9.0, 0.0, np.ones(1)), *r.columns[1:])
    ),
    "numbers for levels": lambda r: replace(
        r, columns=(*r.columns[:-1], NumberSketch("town", 9.0, 0.0, np.zeros((3, 1))))
    ),
    "a level too many": lambda r: replace(
        r, columns=(*r.columns[:-1], replace(r.columns[-1], shares=np.ones(4) / 4))
    ),
    "rows of another width": lambda r: edited(r, X=r.rows.X[:, 1:].copy()),
    "a loss too few": lambda r: edited(r, losses=r.rows.losses[1:]),
    "infinite losses": lambda r: edited(r, losses=r.rows.losses + np.inf),
    "whole numbers": lambda r: edited(r, losses=r.rows.losses.astype(np.int64)),
    "no row": lambda r: edited(r, X=r.rows.X[:0], losses=r.rows.losses[:0]),
}


STRANGERS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str | None]] = {
    "the same rows": (lambda f: f, None),
    "one far row": (
        lambda f: f[:1].assign(a=40.0),
        "1 of 1 rows lie outside the range of the fit .column 'a'",
    ),
    "one row a little outside": (lambda f: f[:1].assign(a=f["a"].max() + 0.01), None),
    "all rows a little outside": (
        lambda f: f.assign(a=f["a"].max() + 0.01),
        "200 of 200 rows lie outside",
    ),
    "a date of next year": (
        lambda f: f[:20].assign(d=f["d"] + pd.Timedelta(days=400)),
        "20 of 20 rows lie outside the range of the fit .column 'd'",
    ),
    "one new level": (
        lambda f: f[:1].assign(c="new"),
        "1 of 1 rows have a level that the fit has not seen .column 'c': 'new'",
    ),
    "two columns": (
        lambda f: f[:10].assign(c="new", b=["u"] * 5 + ["v"] * 5),
        "10 of 10 rows have a level.* and 1 more",
    ),
    "new names": (lambda f: f.assign(name=[f"m{i}" for i in range(len(f))]), None),
    "a first missing value": (
        lambda f: f[:3].assign(a=None),
        "3 of 3 rows have a missing value where the fit had none",
    ),
    "a usual missing value": (lambda f: f[:3].assign(e=None), None),
    "all at once": (
        lambda f: f[:9].assign(c="new", a=-1e9),
        "9 of 9 rows lie outside.*; 9 of 9 rows have a level that",
    ),
}


def strangers() -> tuple[pd.DataFrame, Reference, Encoder, Schema]:
    rng, n = np.random.default_rng(0), 200
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.choice(["u", "w"], n),
            "c": rng.choice(["x", "y", "z"], n),
            "e": rng.normal(size=n),
        }
    )
    frame = frame.assign(
        d=pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 365, n), unit="D"),
        name=[f"n{i}" for i in range(n)],
    )
    frame.loc[::5, "e"] = None
    table, weight = as_table(frame), np.ones(n)
    encoder, _, _ = Encoder.fit(table, rng.normal(size=(n, 1)), weight, make_folds(n, 3, 0))
    columns = tuple(
        sketch_column(column, feature, weight)
        for column, feature in zip(table.columns, encoder.features, strict=True)
    )
    return frame, Reference(columns, None), encoder, table.schema


@pytest.mark.parametrize("case", STRANGERS)
def test_rows_unlike_those_of_the_fit_are_told_once(case: str) -> None:
    frame, reference, encoder, schema = strangers()
    change, said = STRANGERS[case]
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_strangers(reference, encoder, as_table(change(frame), schema=schema))
        # a file of a version that kept no reference
        warn_of_strangers(None, encoder, as_table(frame, schema=schema))
    assert [w.category for w in found] == [MotifnetWarning] * (said is not None)
    assert said is None or re.search(said, str(found[0].message)), str(found[0].message)


def test_rows_of_the_same_law_are_rarely_told_to_be_others() -> None:
    alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n, m = rng.choice([60, 400]), rng.choice([1, 10, 3000])
        draw = pd.DataFrame(
            {
                f"x{j}": rng.standard_cauchy(n + m) if j % 2 else rng.normal(size=n + m)
                for j in range(8)
            }
        )
        draw = draw.assign(
            c=rng.geometric(0.3, n + m).astype(str), k=rng.integers(0, n, n + m).astype(str)
        )
        table, weight = as_table(draw[:n]), np.ones(n)
        encoder, _, _ = Encoder.fit(table, rng.normal(size=(n, 1)), weight, make_folds(n, 3, 0))
        columns = tuple(
            sketch_column(column, feature, weight)
            for column, feature in zip(table.columns, encoder.features, strict=True)
        )
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            warn_of_strangers(
                Reference(columns, None), encoder, as_table(draw[n:], schema=table.schema)
            )
        alarms += len(found)
    assert alarms <= 12


@pytest.mark.parametrize("estimator", [MotifRegressor, MotifClassifier])
def test_every_kind_of_prediction_tells_of_strange_rows(estimator: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = (X[:, 0] + rng.normal(size=80) > 0).astype(int)
    model = estimator(preset="fast", n_jobs=1, profile=None).fit(X, y)
    calls = (
        ["predict", "predict_interval", "predict_band"]
        if estimator is MotifRegressor
        else ["predict", "predict_proba", "predict_set"]
    )
    for call in calls:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            getattr(model, call)(X[:2] + 100)
        assert len([w for w in found if "2 of 2 rows lie outside" in str(w.message)]) == 1


def test_unseen_levels_are_one_group_of_the_check() -> None:
    (test,) = compared(np.resize(["x", "y", "z"], 200), np.resize(["x", "y", "new", "newer"], 200))
    assert (
        test.before == "unseen (new and 1 more) 0.0%"
        and test.after == "unseen (new and 1 more) 50.0%"
    )


@pytest.mark.parametrize("name", FLAWS)
def test_a_wrong_reference_is_refused(name: str, model: MotifRegressor, tmp_path: Path) -> None:
    save_model(
        replace(model.model_, reference=FLAWS[name](model.model_.reference)), tmp_path / "x.motif"
    )
    with pytest.raises(BundleError, match="reference"):
        load_model(tmp_path / "x.motif")


# words


def report(error: ErrorShift | None, p: float = 0.001) -> ShiftReport:
    test = ColumnShift("area", "values", 1.2, "sd", "80", "120", p / 2)
    return ShiftReport(
        200, (test,), (p,), 0.01, 0.4, error, "error in standard deviations of the target"
    )


GOOD = ErrorShift(0.3, 0.5, (0.4, 0.6), 400.0, 1000, 0.97, "boosted trees")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GOOD, "rise from 0.3 to about 0.5 (0.4 to 0.6"),
        (replace(GOOD, after=0.2, interval=(0.15, 0.25)), "fall from 0.3 to about 0.2"),
        (replace(GOOD, interval=(0.2, 0.6)), "No change"),
        (replace(GOOD, effective=7.0), "only 7 rows of the fit are like them"),
        (replace(GOOD, covered=0.2), "only 20% of the new rows lie where the fit had some"),
        (replace(GOOD, effective=7.0, covered=0.2), "are like them; only 20%"),
        (None, "in 1 column: area."),
    ],
    ids=["rise", "fall", "same", "few", "bare", "both", "unknown"],
)
def test_the_verdict_in_words(error: ErrorShift | None, words: str) -> None:
    assert words in report(error).verdict
    assert report(error, p=0.2).moved == ()
