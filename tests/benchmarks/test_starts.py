"""The experiment on starts: its trainings are of one network, its statistics are those of their
formulas, and its verdict can go either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from benchmarks import _starts_train as train
from benchmarks import starts
from benchmarks._starts_report import report, sentences
from benchmarks._starts_statistics import compare, times

from motifnet.kernels import median_distances
from motifnet.lab.race import median_time, survival
from motifnet.tables import Sample
from motifnet.training import FeatureSettings, TunedModel

ROOT = Path(__file__).parents[2]
Curves = Mapping[str, tuple[float, ...]]
PROFILES = starts.NETWORKS["mixture"]


def sample_of(n: int = 60) -> Sample:
    """Three numbers and one indicator."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(n, 3)), rng.integers(0, 2, size=n)])
    return replace(
        Sample.plain(X, np.sin(X[:, :1]) + X[:, 3:]), numeric=np.array([True, True, True, False])
    )


def rows_of(errors: Curves, tables: int = 6, splits: int = 2) -> pd.DataFrame:
    """Errors of trainings of 0, 10 and 20 steps that take a tenth of a second a step, a little
    different from case to case.
    """
    rng = np.random.default_rng(0)
    rows = [
        {
            "label": "now",
            "set": f"t{table}",
            "split": split,
            "cap": 100,
            "network": "gaussian",
            "start": start,
            "steps": 10 * i,
        }
        | {
            "error": error * (1 + 0.001 * rng.normal()),
            "seconds": 0.1 + i,
            "teacher_seconds": 0.5 if start == "teacher" else np.nan,
        }
        | {"teacher_error": 0.5 if start == "teacher" else np.nan, "setting": "", "version": "abc"}
        for table in range(tables)
        for split in range(splits)
        for start, curve in errors.items()
        for i, error in enumerate(curve)
    ]
    return pd.DataFrame(rows)


BETTER: Curves = {"teacher": (0.3, 0.2, 0.2), "generic": (0.5, 0.3, 0.25)}


def test_swapped_labels_turn_the_verdict_round() -> None:
    rows = rows_of(BETTER)
    right = compare(rows, "gaussian", "generic")
    assert (right.error.sign, right.sooner.sign, right.wins, right.losses) == (1, 1, 12, 0)
    assert (
        "ends at a lower error (ratio 0.800" in right.sentence
        and "is sooner at the target (sooner in 12 of 12" in right.sentence
    )
    swapped = rows.assign(start=rows.start.map({"teacher": "generic", "generic": "teacher"}))
    wrong = compare(swapped, "gaussian", "generic")
    assert (wrong.error.sign, wrong.sooner.sign, wrong.wins, wrong.losses) == (-1, -1, 0, 12)
    assert (
        "ends at a higher error (ratio 1.250" in wrong.sentence
        and "is later at the target" in wrong.sentence
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            rows_of({"teacher": BETTER["teacher"], "generic": BETTER["teacher"]}),
            ("no difference of the final error", "no difference of the time"),
        ),
        (rows_of(BETTER, tables=1), ("on one table only, which says nothing of others",)),
    ],
)
def test_equal_starts_or_a_single_table_show_nothing(
    rows: pd.DataFrame, words: tuple[str, ...]
) -> None:
    found = compare(rows, "gaussian", "generic")
    assert (found.error.sign, found.sooner.sign) == (0, 0)
    assert all(part in found.sentence for part in words)


def test_a_start_may_buy_seconds_and_no_error() -> None:
    found = compare(
        rows_of({"teacher": (0.2, 0.2, 0.2), "generic": (0.5, 0.3, 0.2)}), "gaussian", "generic"
    )
    assert (found.error.sign, found.sooner.sign) == (0, 1)


def test_the_teachers_own_seconds_count_where_requested() -> None:
    rows = rows_of({"teacher": (0.2, 0.2), "generic": (0.2, 0.2)})
    assert compare(rows, "gaussian", "generic").losses == 0
    assert compare(rows, "gaussian", "generic", with_teacher=True).losses == 12


def test_censored_times_are_those_of_kaplan_and_meier() -> None:
    table = pd.DataFrame(
        {"seconds": [1.0, 2.0, 2.0, 3.0, 4.0], "reached": [True, True, False, True, False]}
    )
    arrivals, share = survival(table)
    assert arrivals.tolist() == [1, 2, 3]
    assert share == pytest.approx([4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 * 1 / 2])
    assert median_time(table) == 3
    few = pd.DataFrame(
        {"seconds": [2.0, 2.0, 2.0, 2.0, 3.0], "reached": [False, False, False, False, True]}
    )
    assert median_time(few) == np.inf  # one case of five is no evidence of all
    assert median_time(table.assign(reached=False)) == np.inf
    late = times(rows_of(BETTER)).query("start == 'generic'")
    assert not late.reached.any() and (late.seconds == 2.1).all()


def test_the_report_says_what_was_not_reached() -> None:
    text = report(rows_of(BETTER))
    assert "| gaussian | generic | 12 | not reached by half | 12 of 12 |" in text
    assert "| gaussian | teacher | 12 | 1.10 | 0 of 12 | 1.60 |" in text


def test_the_network_trained_end_to_end_is_the_kernel_network() -> None:
    sample, settings = sample_of(), FeatureSettings(PROFILES, steps=3)
    generic = train.generic_start(PROFILES, median_distances(torch.as_tensor(sample.X)))
    network = train.EndToEnd(sample, generic, settings, 0.01, [0]).train()
    inner = network.inner.freeze()
    dual, intercept = (
        network.dual.detach().double().numpy(),
        network.intercept.detach().double().numpy(),
    )
    same = TunedModel(inner, inner.warp_numpy(sample.X), dual, intercept, inner.ridge)
    new = sample_of(25).X + np.array([0.1, 0.1, 0.1, 0])
    assert network.predict(new) == pytest.approx(same.predict(new), abs=1e-5)


def test_training_moves_random_weights_and_lowers_the_error() -> None:
    sample = sample_of(200)
    medians = median_distances(torch.as_tensor(sample.X))
    task = starts.Task(sample, medians, sample.X, sample.y[:, 0], 0.0, 1.0)
    errors = {
        steps: starts.run(task, "projected", FeatureSettings(PROFILES, steps=steps), 0)["error"]
        for steps in (0, 15)
    }
    assert errors[15] < errors[0]
    ends = [
        starts._end_to_end(task, FeatureSettings(PROFILES, steps=steps), 0.03, 0)["error"]
        for steps in (0, 60)
    ]
    assert ends[1] < 0.7 * ends[0]


def test_starts_are_what_they_are_called() -> None:
    sample = sample_of()
    medians = median_distances(torch.as_tensor(sample.X))
    generic, bad = (
        train.generic_start(("gaussian",), medians),
        train.bad_start(("gaussian",), medians),
    )
    assert (generic.kernel.rates[0] * medians[2], generic.ridge) == (pytest.approx(1), 0.01)
    assert (bad.kernel.rates[0] / generic.kernel.rates[0], bad.ridge) == (pytest.approx(8), 1.0)
    start, predict = train.fit_svr(sample, 0)
    gamma = float(start.kernel.rates[0] ** 2)
    assert min(abs(4 * gamma - value) for value in (0.3, 1, 3)) < 1e-9
    assert predict(sample.X).shape == sample.y.shape
    fitted, predict = train.fit_ridge(sample, medians, PROFILES, 0)
    assert fitted.kernel.profiles == PROFILES and np.std(predict(sample.X) - sample.y) < np.std(
        sample.y
    )


def test_rows_are_measured_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = sample_of(80)
    pd.DataFrame(sample.X, columns=list("abcd")).assign(target=sample.y[:, 0]).to_csv(
        tmp_path / "tiny.csv", index=False
    )
    monkeypatch.setattr(starts, "STARTS", {"teacher": (0, 2), "generic": (0,), "end to end": (2,)})
    starts.main(["--data", str(tmp_path), "--out", str(tmp_path), "--sets", "tiny", "--seeds", "0"])
    rows = pd.read_csv(tmp_path / "starts" / "starts.csv")
    assert rows.groupby("network").start.value_counts().to_dict() == {
        (network, start): count
        for network in starts.NETWORKS
        for start, count in (("teacher", 2), ("generic", 1), ("end to end", 1))
    }
    assert rows.error.notna().all() and rows.teacher_error.notna().sum() == 4
    assert "against generic" in capsys.readouterr().out
    assert (tmp_path / "starts" / "starts.svg").read_text().startswith("<?xml")


def test_the_page_claims_what_the_kept_rows_show() -> None:
    page = (ROOT / "docs" / "notes" / "starts.md").read_text()
    rows: Any = pd.read_csv(ROOT / "benchmarks" / "results" / "starts" / "starts.csv")
    for sentence in sentences(rows):
        assert sentence in page
