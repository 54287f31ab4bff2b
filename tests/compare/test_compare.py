"""Methods to compare with: scores in closed form, every method takes every kind of column, a fit
cannot take more than it is given.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet.compare import (
    METHODS,
    MISSING,
    CrossFitted,
    Inputs,
    Method,
    Result,
    Setting,
    accuracy,
    auc,
    compare,
    complete,
    expected_calibration_error,
    find_methods,
    log_loss,
    markdown,
    measure,
    nrmse,
    picture,
    report,
    retrained,
    split_rows,
    split_table,
    summary,
    tree_share,
)
from motifnet.engine import DataError, MotifnetWarning, UsageError

TUNED = (
    "lightgbm-tuned",
    "catboost-tuned",
    "autogluon-medium",
    "autogluon-best-60",
    "autogluon-best",
)
SLOW = (
    "balanced",
    "best",
    "realmlp",
    "tabm",
    "xrfm",
    "catboost-bagged",
    "realmlp-bagged",
    "stack",
    *TUNED,
)


def table(n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size [m²]": rng.normal(size=n),
            "town": rng.choice(["Bern", "Chur", "Genf"], n),
            "garden": rng.random(n) < 0.5,
            "day": pd.to_datetime("2000-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
        }
    )
    frame["y"] = 3 * frame["size [m²]"] + 2 * (frame["town"] == "Bern") + 0.1 * rng.normal(size=n)
    frame.loc[3, "size [m²]"] = None
    frame.loc[4, "town"] = None
    return frame


def classes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        y=pd.cut(frame["y"], [-np.inf, -1, 2, np.inf], labels=["low", "mid", "high"]).astype(str)
    )


# scores


def test_nrmse_of_the_mean_is_one_and_of_the_truth_zero() -> None:
    y = np.array([1.0, 2.0, 4.0])
    assert nrmse(y, np.full(3, y.mean())) == pytest.approx(1)
    assert nrmse(y, y) == 0
    assert np.isnan(nrmse(np.ones(3), np.ones(3)))


def test_log_loss_of_equal_probabilities_is_log_k() -> None:
    assert log_loss(np.array([0, 1, 2, 3]), np.full((4, 4), 0.25)) == pytest.approx(np.log(4))
    assert log_loss(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(-np.log(1e-15))


@pytest.mark.parametrize(
    ("score", "area"),
    [
        ([0.1, 0.2, 0.8, 0.9], 1),
        ([0.9, 0.8, 0.2, 0.1], 0),
        ([0.5] * 4, 0.5),
        ([0.1, 0.3, 0.2, 0.4], 0.75),
    ],
)
def test_auc_counts_pairs_in_order(score: list[float], area: float) -> None:
    p = np.array(score)
    assert auc(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p])) == area


def test_auc_of_several_classes_is_the_mean_over_those_present() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    P, codes = rng.dirichlet(np.ones(3), 50), rng.integers(0, 3, 50)
    assert auc(codes, P) == pytest.approx(roc_auc_score(codes, P, multi_class="ovr"))
    assert np.isnan(auc(np.zeros(4, dtype=int), P[:4, :2]))


def test_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    P = np.array([[0.9, 0.1]] * 10)
    assert expected_calibration_error(np.array([0] * 9 + [1]), P) == pytest.approx(0)
    assert expected_calibration_error(np.ones(10, dtype=int), P) == pytest.approx(0.9)
    assert accuracy(np.array([0] * 9 + [1]), P) == 0.9


# inputs and splits


def test_forms_of_a_table() -> None:
    train, new = table().drop(columns="y"), table(5).drop(columns="y").assign(town="Wil")
    categories = Inputs.of(train, "categories")
    out = categories(new)
    assert categories.categories == ["c3"]
    assert set(out["c3"]) == {MISSING}  # an unseen level counts as a gap
    assert out["c0"].isna().sum() == 1
    assert out["c2"].iloc[0] == (new["day"].iloc[0] - pd.Timestamp("1970-01-01")).days
    filled = Inputs.of(train, "filled")(train)
    assert filled["c0"].iloc[3] == train["size [m²]"].median()
    matrix = Inputs.of(train, "matrix")(train)
    # one level each, the gap being one
    np.testing.assert_array_equal(matrix.iloc[:, 3:].sum(axis=1), np.ones(len(train)))
    assert Inputs.of(train, "table")(train) is train


def test_an_empty_column_is_zero_and_not_a_gap() -> None:
    frame = pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, 2.0]})
    assert Inputs.of(frame, "filled")(frame)["c0"].tolist() == [0, 0]


def test_splits_part_the_rows_and_a_cap_leaves_the_test_alone() -> None:
    train, test = split_rows(50, 1, 1_000)
    assert sorted([*train, *test]) == list(range(50))
    less, same = split_rows(50, 1, 10)
    assert len(less) == 10
    assert (same == test).all()


def test_classes_get_codes_in_their_order() -> None:
    split = split_table(classes(table()), "y", task="classification", seed=0, cap=1_000)
    assert split.classes == 3
    assert set(split.y) == {0, 1, 2}


# the registry


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in METHODS]
)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_every_method_takes_categories_gaps_and_dates(
    name: str, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = METHODS[name]
    if method.missing:
        pytest.skip(f"needs {method.missing}")
    monkeypatch.chdir(tmp_path)
    frame = table() if task == "regression" else classes(table())
    split = split_table(frame, "y", task=task, seed=0, cap=1_000)  # type: ignore[arg-type]
    X_test = split.X_test.assign(town=["Wil", *split.X_test["town"][1:]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = method.fit(split.X, split.y, Setting(split.classes, 1, 0)).predict(X_test)
    if task == "regression":
        assert predicted.shape == (18,)
        assert nrmse(split.y_test[1:], predicted[1:]) < 0.95
    else:
        assert predicted.shape == (18, 3)
        np.testing.assert_allclose(predicted.sum(1), 1, atol=1e-5)
        assert log_loss(split.y_test[1:], predicted[1:]) < 2.5


def test_a_class_that_the_training_rows_lack_gets_probability_zero() -> None:
    X = pd.DataFrame({"a": np.arange(20.0)})
    P = METHODS["forest"].fit(X, np.repeat([0, 2], 10), Setting(3, 1, 0)).predict(X)
    assert P.shape == (20, 3)
    assert (P[:, 1] == 0).all()


def test_unknown_and_missing_methods() -> None:
    with pytest.raises(UsageError, match="Did you mean 'catboost'"):
        find_methods(["catbost"])
    with pytest.raises(UsageError, match="pip install nowhere"):
        METHODS["nowhere"] = Method("nowhere", "default", ("nowhere",), "matrix", _mean)
        try:
            find_methods(["nowhere"])
        finally:
            del METHODS["nowhere"]


# ensembles


class _Mean:
    """Predicts the mean of its training rows, or a column, or nothing of use; reports how many
    threads it was given.
    """

    def __init__(self, column: str | None = None) -> None:
        self.column = column

    def fit(self, X: pd.DataFrame, y: Any) -> None:
        self.mean = float(np.mean(y))

    def predict(self, X: pd.DataFrame) -> Any:
        return np.full(len(X), self.mean) if self.column is None else X[self.column].to_numpy()


def _mean(setting: Setting, column: str | None = None) -> Any:
    return _Mean(column)


def _member(column: str | None) -> Method:
    return Method("", "default", (), "table", partial(_mean, column=column))


def test_bagging_is_the_mean_of_the_folds_and_stacking_finds_the_truth() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"truth": rng.normal(size=50), "noise": rng.normal(size=50)})
    y = X["truth"].to_numpy()
    bagged = CrossFitted((_member(None),), Setting(0, 1, 0)).fit(X, y + 5)
    np.testing.assert_allclose(bagged.predict(X), (y + 5).mean())  # five folds of one size
    stack = CrossFitted((_member("noise"), _member("truth")), Setting(0, 1, 0)).fit(X, y)
    np.testing.assert_allclose(stack.weights_, [0, 1], atol=1e-12)


# a fit in its process


def _sleepy(setting: Setting) -> Any:
    class Sleepy(_Mean):
        def fit(self, X: pd.DataFrame, y: Any) -> None:
            super().fit(X, y)
            time.sleep(60 * (len(X) > 60))  # the warm-up has 60 rows

    return Sleepy()


def _broken(setting: Setting) -> Any:
    raise ValueError("no\nsuch thing")


def _dying(setting: Setting) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


class _Threads(_Mean):
    def predict(self, X: pd.DataFrame) -> Any:
        return np.full(len(X), float(os.environ["OMP_NUM_THREADS"]))


def _threads(setting: Setting) -> Any:
    return _Threads()


def _measured(build: Any, limit: float = 30) -> Result:
    split = split_table(table(), "y", task="regression", seed=0, cap=1_000)
    return measure(
        Method("", "default", ("sklearn",), "table", build), split, threads=3, seed=0, limit=limit
    )


def test_a_fit_has_the_threads_and_the_figures_of_its_own() -> None:
    before = dict(os.environ)
    result = _measured(_threads)
    y = split_table(table(), "y", task="regression", seed=0, cap=1_000).y_test
    assert result.finished
    assert result.nrmse == pytest.approx(nrmse(y, np.full(len(y), 3)))
    assert (result.rows, result.test_rows) == (72, 18)
    assert 10 < result.peak_mb < 2_000
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("build", "status"),
    [
        (_sleepy, "timed out: fit takes more than 0.5 s"),
        (_broken, "failed: ValueError: no such thing"),
        (_dying, "failed: the process ended"),
    ],
)
def test_what_goes_wrong_in_a_fit_is_a_status(build: Any, status: str) -> None:
    start = time.monotonic()
    assert _measured(build, limit=0.5).status.startswith(status)
    assert time.monotonic() - start < 50


def test_ours_tells_of_its_networks() -> None:
    split = split_table(table(), "y", task="regression", seed=0, cap=1_000)
    result = measure(METHODS["fast"], split, threads=1, seed=0, limit=100)
    assert result.finished, result.status
    assert result.transferred > 0
    assert result.retrained > 0
    assert 0 <= result.tree_share <= 1


def test_shares_and_stages() -> None:
    import torch

    from motifnet.motifs import Affine, Chain, Parallel, TreeEnsemble

    line = Affine(torch.ones(1, 1), torch.zeros(1))
    tree = TreeEnsemble.__new__(TreeEnsemble)
    torch.nn.Module.__init__(tree)
    assert tree_share(
        Chain([Parallel(torch.tensor([[0.6], [0.2]]), [line, tree])])
    ) == pytest.approx(0.25)
    assert tree_share(Chain([line])) == 0
    assert tree_share(Chain([tree])) == 1
    assert (
        retrained(
            [
                ("transferred", True, 3.0),
                ("feature layers", True, 2.0),
                ("feature layers 2", False, 9.0),
                ("stack", True, 1.0),
            ]
        )
        == 2
    )


# the comparison


def rows() -> pd.DataFrame:
    """Two methods over two splits; the second split of the second timed out."""
    result = Result(80, 20, "x 1")
    lines = [
        ("fast", 0, 0.2, "done"),
        ("fast", 1, 0.4, "done"),
        ("svm", 0, 0.3, "done"),
        ("svm", 1, np.nan, "timed out: fit takes more than 1 s"),
    ]
    return pd.DataFrame(
        [
            {"method": m, "split": s, **vars(result), "nrmse": e, "status": status}
            for m, s, e, status in lines
        ]
    )


def test_a_method_that_did_not_finish_takes_no_split_from_the_others() -> None:
    assert list(summary(rows())["nRMSE"]) == pytest.approx([0.3])


def test_means_are_over_splits_that_all_have() -> None:
    begun = rows()[:3]
    assert set(complete(begun).split) == {0}
    found = summary(begun)
    assert list(found.index) == ["motifnet fast", "support vectors"]
    assert list(found["/ best"]) == pytest.approx([1, 1.5])


def test_a_report_says_what_is_missing(tmp_path: Path) -> None:
    text = report(rows(), "y of t.csv")
    assert "| motifnet fast | 0.3 |" in text
    assert "support vectors: timed out: fit takes more than 1 s (1 split)" in text
    nothing = report(rows().assign(status="failed: x"), "y")
    assert "No method finished" in nothing
    for name in ("a.svg", "b.svg"):
        picture(rows(), tmp_path / name, "t")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_bar_in_a_name_does_not_break_a_table() -> None:
    assert markdown(pd.DataFrame({"a|b": [1.0]}, index=["x"])).splitlines()[0].count("|") == 4


def test_interrupt_keeps_what_is_done() -> None:
    def listen(method: str, split: int, result: Result | None) -> None:
        if result is not None:
            os.kill(os.getpid(), signal.SIGINT)

    # a shell's background jobs ignore it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.warns(MotifnetWarning, match="1 of 6 fits are done"):
            found = compare(
                table(), "y", task="regression", methods=["svm", "forest"], listen=listen
            )
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(found) == 1
    assert found.status.tolist() == ["done"]


def test_interrupt_before_the_first_fit_is_an_interrupt() -> None:
    def listen(method: str, split: int, result: Result | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(table(), "y", task="regression", methods=["svm"], listen=listen)


@pytest.mark.parametrize(
    ("frame", "options", "error", "words"),
    [
        (table(10), {}, DataError, "10 rows"),
        (table().assign(y=1.0), {}, DataError, "single value"),
        (table().assign(town=np.inf), {}, DataError, "town"),
        (table(), {"splits": 0}, UsageError, "splits=0"),
        (table(), {"limit": -1.0}, UsageError, "limit"),
    ],
)
def test_what_no_fit_could_take_is_refused_before_the_first(
    frame: pd.DataFrame, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        compare(frame, "y", task="regression", methods=["svm"], **options)
