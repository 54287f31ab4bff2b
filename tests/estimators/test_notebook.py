"""What a notebook shows: data frames, pictures and HTML have the numbers of the objects."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.inspection import PartialDependenceDisplay, permutation_importance

from motifnet import MotifClassifier, MotifRegressor, profile
from motifnet.engine import UsageError
from motifnet.model.explain import Explanation
from motifnet.pipeline import PRESETS
from tests.shared.short_presets import short

EXAMPLE = Path(__file__).parents[2] / "examples" / "inspection.py"
LONGEST = 1_000  # characters of what a console prints for a name


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    with mpl.rc_context():
        mpl.use("agg")
        yield
        plt.close("all")


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", short("fast"))
        yield


@pytest.fixture(scope="module")
def rows(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="price")


@pytest.fixture(scope="module")
def found(fitted: MotifRegressor) -> Explanation:
    return fitted.explain()


@pytest.fixture(scope="module")
def classes(small: None, rows: pd.DataFrame, table: pd.DataFrame) -> MotifClassifier:
    dear = np.where(table["price"] > table["price"].median(), "dear", "cheap")
    return MotifClassifier(preset="fast", profile=None).fit(rows, dear)


@pytest.fixture(scope="module")
def quantiles(small: None, rows: pd.DataFrame, table: pd.DataFrame) -> MotifRegressor:
    model = MotifRegressor(preset="fast", objective="pinball", profile=None)
    return model.fit(rows[["size", "rooms"]], table["price"])


def test_the_ledger_is_a_tuple_a_frame_and_a_picture(fitted: MotifRegressor) -> None:
    ledger = fitted.ledger_
    assert ledger == fitted.model_.ledger and ledger[-1] is fitted.model_.ledger[-1]
    frame = ledger.to_frame()
    assert frame["error"].tolist() == [row.error for row in ledger]
    ax = fitted.plot_learning()
    drawn = np.concatenate([line.get_xydata() for line in ax.lines[1:]])
    order = np.argsort(drawn[:, 0], kind="stable")
    assert drawn[order, 0] == pytest.approx(np.cumsum(frame["seconds"]))
    assert sorted(drawn[:, 1]) == pytest.approx(sorted(frame["error"]))
    assert ax.get_ylabel() == fitted.model_.error_unit
    again = pickle.loads(pickle.dumps(ledger))
    assert again == ledger and again.unit == ledger.unit
    assert str(ledger).count("\n") == len(ledger) + 2


def test_an_explanation_is_frames_and_pictures(found: Explanation) -> None:
    frame = found.to_frame()
    assert frame["column"].tolist() == [i.column for i in found.importances]
    ax = found.plot()
    assert isinstance(ax, Axes)
    bars = [bar.get_width() for bar in ax.patches]  # type: ignore[attr-defined]
    assert bars == pytest.approx(frame["importance"].tolist())
    pairs = found.plot("interactions")
    assert len(pairs.patches) == min(len(found.interactions), 15)
    groups = found.to_frame("groups")
    assert len(groups) == len(found.groups) and found.plot("groups") is not ax
    effects = found.to_frame("effects")
    size = effects[effects["column"] == "size"]
    drawn = found.plot_effects("size")
    assert isinstance(drawn, Axes)
    assert drawn.lines[0].get_xydata() == pytest.approx(size[["at", "effect"]].to_numpy(float))


def test_effects_of_a_model_are_those_of_its_explanation(
    fitted: MotifRegressor, found: Explanation
) -> None:
    names = ["town", "size"]
    mine = fitted.plot_effects(names)
    others = found.plot_effects(names)
    assert isinstance(mine, np.ndarray) and mine.shape == (2,)
    assert isinstance(others, np.ndarray)
    for one, other in zip(mine, others, strict=True):
        assert one.lines[0].get_ydata() == pytest.approx(other.lines[0].get_ydata())
    largest = max(found.effects, key=lambda effect: effect.size.max()).name
    assert fitted.plot_effects()[0].get_xlabel() == largest  # type: ignore[index]
    _, ax = plt.subplots()
    assert fitted.plot_effects("rooms", ax=ax) is ax


@pytest.mark.parametrize(
    ("columns", "ax", "words"),
    [
        ("garden", None, "no effect of 'garden'"),
        ([], None, "must be the name"),
        (["size", "garden"], None, "'garden'"),
        (3, None, "columns=3"),
        ("size", "here", "no matplotlib Axes"),
    ],
)
def test_wrong_effects_are_refused(
    fitted: MotifRegressor, columns: Any, ax: Any, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        fitted.plot_effects(columns, ax=ax)


def test_calibration_of_numbers_is_the_coverage_of_intervals(
    fitted: MotifRegressor, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    ax = fitted.plot_calibration()
    report = fitted.report()
    drawn = dict(np.asarray(ax.lines[1].get_xydata()).tolist())
    assert drawn == pytest.approx(dict(report.facts["calibration"]["coverage"]))
    assert len(repr(report)) < 200
    new = rows.copy()
    new["size"] = new["size"].fillna(100) + 0.25
    y = table["price"]
    at = dict(np.asarray(fitted.plot_calibration(new, y).lines[1].get_xydata()).tolist())
    ends = fitted.predict_interval(new, 0.8)
    inside = ((ends[:, 0] <= y) & (y <= ends[:, 1])).mean()
    assert at[0.8] == pytest.approx(inside)


def test_calibration_of_classes_is_the_reliability_curve(
    classes: MotifClassifier, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    new = rows.copy()
    new["size"] = new["size"].fillna(100) + 0.25
    y = np.where(table["price"] > table["price"].median(), "dear", "cheap")
    curve = classes.reliability(new, y)
    ax = classes.plot_calibration(new, y)
    assert ax.lines[1].get_xydata() == pytest.approx(np.stack([curve.predicted, curve.observed], 1))
    assert "share of dear" in ax.get_ylabel()
    assert "probability of dear" in classes.plot_effects("size").get_ylabel()  # type: ignore[union-attr]


def test_calibration_of_quantiles_is_the_share_below_each(
    quantiles: MotifRegressor, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    X, y = rows[["size", "rooms"]], table["price"]
    below = (y.to_numpy()[:, None] <= quantiles.predict(X)).mean(0)
    line = quantiles.plot_calibration(X, y).lines[1]
    assert line.get_xydata() == pytest.approx(np.stack([[0.1, 0.5, 0.9], below], 1))
    with pytest.raises(UsageError, match="Pass X and y"):
        quantiles.plot_calibration()


def test_calibration_needs_targets_of_rows_that_are_new(
    fitted: MotifRegressor, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    with pytest.raises(UsageError, match="X was passed without y"):
        fitted.plot_calibration(rows)
    with pytest.raises(UsageError, match="needs 20 rows"):
        fitted.plot_calibration(rows, table["price"])  # those of the fit
    with pytest.raises(UsageError, match="y was passed without X"):
        fitted.plot_calibration(y=table["price"])


def test_a_shift_is_a_frame_and_a_picture(fitted: MotifRegressor, rows: pd.DataFrame) -> None:
    moved = rows.copy()
    moved["size"] = moved["size"] + 60
    report = fitted.check_shift(moved)
    frame = report.to_frame()
    assert set(frame.loc[frame["moved"], "column"]) == set(report.moved)
    assert frame["pvalue"].is_monotonic_increasing
    ax = report.plot()
    bars = [bar.get_width() for bar in ax.patches]  # type: ignore[attr-defined]
    assert bars == pytest.approx(frame["distance"].tolist())
    assert ax.get_yticklabels()[0].get_text() == "size" and "moved" in ax.get_title(loc="left")


def test_a_profile_is_a_frame_and_a_picture() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    found = profile(X, X[:, 0] + 0.3 * rng.normal(size=120))
    frame = found.to_frame()
    assert frame["detector"].tolist() == [f.detector for f in found.findings]
    assert frame["value"].tolist() == pytest.approx([f.value for f in found.findings], nan_ok=True)
    ax = found.plot()
    assert [t.get_text() for t in ax.get_yticklabels()] == frame["detector"].tolist()
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == np.isfinite(frame["value"]).sum()
    assert len(repr(found)) < LONGEST and "<table" in found._repr_html_()


def test_no_name_in_a_console_prints_pages(
    fitted: MotifRegressor, found: Explanation, rows: pd.DataFrame
) -> None:
    shown = {
        "explain": found,
        "shift": fitted.check_shift(rows),
        **{name: getattr(fitted, name) for name in vars(fitted) if name.endswith("_")},
        **{
            name: getattr(fitted, name)
            for name in ("ledger_", "card_", "certificate_", "network_", "scores_")
        },
        "effects": found.effects,
        "leakage": found.leakage,
    }
    assert {
        name: len(repr(value)) for name, value in shown.items() if len(repr(value)) > 2_000
    } == {}
    assert len(repr(shown["explain"])) < 200


def test_a_notebook_shows_the_diagram_and_the_scores(
    fitted: MotifRegressor, found: Explanation
) -> None:
    bundle = fitted._repr_mimebundle_()
    assert bundle["text/plain"] == repr(fitted)
    (score, _) = fitted.scores_["price"]
    for page in (bundle["text/html"], fitted._repr_html_()):
        assert "sk-" in page and str(score) in page and "parameters in" in page
    for part in (fitted.ledger_, found, fitted.check_shift(_new(fitted))):
        assert "<table" in part._repr_html_() and len(part._repr_html_()) < 16_000
    assert "parameters in" not in MotifRegressor()._repr_html_()


def _new(fitted: MotifRegressor) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "size": [90.0, 110.0],
            "rooms": [2, 3],
            "town": ["Uji", "Nara"],
            "new": [True, False],
            "sold": pd.to_datetime(["2020-05-01", "2021-01-01"]),
        }
    )


def test_importances_of_features_follow_scikit_learn(
    fitted: MotifRegressor, found: Explanation, rows: pd.DataFrame
) -> None:
    shares = fitted.feature_importances_
    assert shares.shape == (5,) and shares.sum() == pytest.approx(1) and (shares >= 0).all()
    values = {i.column: i.sensitivity.value for i in found.importances}
    total = sum(values.values())
    assert shares == pytest.approx([values[name] / total for name in rows])
    chosen = SelectFromModel(fitted, prefit=True, threshold="mean").get_support()
    assert chosen.tolist() == (shares >= shares.mean()).tolist()
    assert not hasattr(MotifRegressor(), "feature_importances_")
    for call in ("plot_effects", "plot_calibration", "plot_learning"):
        with pytest.raises(NotFittedError):
            getattr(MotifRegressor(), call)()


def test_scikit_learn_inspects_a_mixed_table(
    fitted: MotifRegressor, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    some = rows.dropna()[:30]
    found = permutation_importance(
        fitted, some, table.loc[some.index, "price"], n_repeats=1, random_state=0
    )
    assert found.importances_mean[0] == found.importances_mean.max() > 0
    display = PartialDependenceDisplay.from_estimator(
        fitted, some, ["size", "town"], categorical_features=["town"], grid_resolution=4
    )
    assert display.axes_.shape == (1, 2)


def test_shap_explains_a_mixed_table(fitted: MotifRegressor, rows: pd.DataFrame) -> None:
    pytest.importorskip("shap")
    some = rows.dropna()
    values = run_path(str(EXAMPLE))["with_shap"](fitted, some[:5], some[5:7])
    total = values.values.sum(1) + values.base_values
    assert total == pytest.approx(fitted.predict(some[5:7]))


def test_skore_reports_on_a_model(
    fitted: MotifRegressor, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    pytest.importorskip("skore")
    report = run_path(str(EXAMPLE))["with_skore"](fitted, rows, table["price"])
    assert report.metrics.r2() == pytest.approx(fitted.score(rows, table["price"]))


def test_one_row_is_explained_by_contributions_that_add_up(
    fitted: MotifRegressor, rows: pd.DataFrame
) -> None:
    found = fitted.explain_row(rows.iloc[[5]])
    assert found.prediction[0] == pytest.approx(fitted.predict(rows.iloc[[5]])[0])
    assert found.mean[0] + found.contribution.sum() == pytest.approx(found.prediction[0])
    assert isinstance(found.plot(), Axes)
    with pytest.raises(UsageError, match="one row"):
        fitted.explain_row(rows)
