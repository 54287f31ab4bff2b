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

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import MotifnetWarning, UsageError
from motifnet.model import BundleError, load_model, save_model
from motifnet.tables import Encoder, Schema, as_table, make_folds
from motifnet.uncertainty import (
    ErrorShift,
    LevelSketch,
    NumberSketch,
    Reference,
    RowSample,
    draw_rows,
    sketch_column,
    warn_of_strangers,
)
from tests.shared.hand_made import make_model
from tests.uncertainty.shift_columns import compared, report

GOLDEN = Path(__file__).parents[1] / "golden"
TRANSLATED = ("x0", "x1", "x2", "x3", "x4")


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


@pytest.mark.usefixtures("short_fits")
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


@pytest.mark.usefixtures("short_fits")
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


@pytest.mark.usefixtures("short_fits")
def test_rows_of_a_fit_forward_in_time_are_those_that_were_scored() -> None:
    table = houses(200, 5)
    fit = MotifRegressor(preset="fast").fit(table[INPUTS], table.price, time=np.arange(200))
    assert 0 < len(rows_of(fit).losses) < 200


def test_the_sample_is_bounded_and_follows_the_weights() -> None:
    losses, weight = np.ones(50_000), np.ones(50_000)
    assert (
        len(draw_rows(losses, weight, 10, 0)) == len(set(draw_rows(losses, weight, 10, 0))) == 2_000
    )
    assert len(draw_rows(losses, weight, 200, 0)) == 30_000 // 200
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
