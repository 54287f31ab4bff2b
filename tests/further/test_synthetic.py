"""The check of synthetic tables: closed forms of the distance and of the tests, faults that are
found or not, and what bad input says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet.engine import DataError, FileError, UsageError
from motifnet.lab import _synthetic
from motifnet.synthetic import SyntheticReport, Utility, check_synthetic

ROOT = Path(__file__).parents[2]
LEVELS = np.array(["a", "b", "c", "d"], dtype=object)


def table(n: int, seed: int, d: int = 4) -> pd.DataFrame:
    """Numbers that depend on each other, one with missing values, levels, truth values, dates."""
    rng = np.random.default_rng([seed, 7])
    z = rng.normal(size=n)
    frame = pd.DataFrame({f"x{j}": z + rng.normal(size=n) for j in range(d)})
    frame.loc[rng.random(n) < 0.1, "x0"] = np.nan
    frame["level"] = LEVELS[np.clip(np.floor(z + rng.normal(size=n) + 2), 0, 3).astype(int)]
    frame.loc[rng.random(n) < 0.05, "level"] = None
    frame["flag"] = rng.random(n) < 0.3
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 2_000, n), "D")
    frame["y"] = z + 0.3 * rng.normal(size=n)
    return frame


def noisy(rows: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    out, rng = rows.copy(), np.random.default_rng([seed, 8])
    for name in rows.select_dtypes("float"):
        out[name] += share * rng.normal(size=len(rows))
    return out


def with_copies(fresh: pd.DataFrame, real: pd.DataFrame, count: int, share: float) -> pd.DataFrame:
    """Fresh rows of which the last ones are real rows with noise."""
    copied = noisy(real.sample(count, random_state=1), share, 1)
    return pd.concat([fresh.iloc[: len(fresh) - count], copied], ignore_index=True)


@pytest.mark.parametrize("d", [1, 2, 4])
def test_relative_distances_of_new_rows_follow_t_to_the_dimension(d: int) -> None:
    """P(ρ ≤ t) = t^d, so ρ^d is uniform: its mean is 1/2 within 3.5 standard errors."""
    rng = np.random.default_rng(d)
    real, synthetic, holdout = (rng.uniform(size=(n, d)) for n in (4_000, 1_000, 1_000))
    found = check_synthetic(real, synthetic, holdout).privacy
    for relative in (found.relative, found.relative_by_chance):
        assert abs(np.mean(relative**d) - 0.5) < 3.5 * np.sqrt(1 / 12 / 1_000) + 0.01  # the edges
    assert found.near_by_chance == pytest.approx(found.threshold**d, abs=0.05)


def test_relative_distance_by_hand() -> None:
    """Real rows at 0, 1, …; a synthetic row at 10.25 is at 1/4 and 3/4 of them: ρ = 1/3."""
    real, holdout = np.arange(100.0)[:, None], np.arange(20.0)[:, None] + 0.5
    found = check_synthetic(real, np.arange(20.0)[:, None] + 0.25, holdout).privacy
    assert found.relative == pytest.approx(np.full(20, 1 / 3))
    assert found.relative_by_chance == pytest.approx(np.ones(20))
    assert found.threshold == pytest.approx(1 / 3)
    assert (found.near, found.near_by_chance) == (1.0, 0.0)


def test_utility_compares_with_all_70_assignments() -> None:
    def of(synthetic: Any, real: Any) -> Utility:
        return Utility("y", "regression", tuple(synthetic), tuple(real), 50, 100)

    assert of([5, 6, 7, 8], [1, 2, 3, 4]).pvalue == pytest.approx(1 / 70)
    assert of([1, 2, 3, 4], [5, 6, 7, 8]).pvalue == 1.0
    assert of([2.0] * 4, [2.0] * 4).pvalue == 1.0
    assert of([5, 6, 7, 8], [1, 2, 3, 4]).ratio == pytest.approx(26 / 10)
    values = np.random.default_rng(0).normal(size=8) + 5
    pvalues = [of(values[list(s)], np.delete(values, s)).pvalue for s in combinations(range(8), 4)]
    assert sorted(p for p in pvalues if p is not None) == pytest.approx(np.arange(1, 71) / 70)


def test_the_report_is_the_same_for_the_same_seed_whatever_the_order_of_columns() -> None:
    real, synthetic = table(150, 0), table(150, 1)
    state = repr(np.random.get_state())
    first, second = (
        check_synthetic(real, s, random_state=3) for s in (synthetic, synthetic[real.columns[::-1]])
    )
    assert first.to_dict() == second.to_dict()
    assert repr(np.random.get_state()) == state
    assert check_synthetic(real, synthetic, random_state=4).to_dict() != first.to_dict()


def test_exact_copies_are_found_and_counted() -> None:
    real, fresh, holdout = (table(300, seed) for seed in range(3))
    found = check_synthetic(real, with_copies(fresh, real, 60, 0.0), holdout).privacy
    assert found.exact == 60 / 300
    assert found.exact_by_chance == 0
    assert set(range(240, 300)) <= set(found.near_copies)
    assert found.copied and "Do not share" in found.sentence


@pytest.mark.parametrize("given", [True, False], ids=["hold-out", "no hold-out"])
def test_noisy_copies_are_found_and_fresh_rows_are_not(given: bool) -> None:
    real, fresh = table(300, 0), table(300, 1)
    holdout = table(300, 2) if given else None
    found = check_synthetic(real, with_copies(fresh, real, 60, 0.01), holdout)
    assert found.alarms == ("privacy",) and found.privacy.exact == 0
    assert len(set(range(240, 300)) & set(found.privacy.near_copies)) >= 58
    plain = check_synthetic(real, fresh, holdout)
    assert plain.passed and plain.privacy.near < 0.12
    assert "no more than chance" in plain.privacy.sentence


def test_a_generator_of_too_many_usual_rows_copies_nothing() -> None:
    """Its rows are nearer to real ones than held-out rows are, but to none in particular."""
    real, fresh = table(400, 0), table(400, 1)
    for name in real.select_dtypes("float"):
        fresh[name] = fresh[name].mean() + 0.5 * (fresh[name] - fresh[name].mean())
    found = check_synthetic(real, fresh)
    assert found.alarms == ("fidelity",)


def test_one_copied_row_is_named_where_held_out_rows_are_no_copies() -> None:
    real, fresh = table(200, 0), table(200, 1)
    found = check_synthetic(real, with_copies(fresh, real, 1, 0.0), table(100, 2)).privacy
    assert not found.copied and found.exact == 1 / 200
    assert "Drop the exact copies" in found.sentence and 199 in found.near_copies


def test_copies_of_a_table_with_few_different_rows_are_chance() -> None:
    rng = np.random.default_rng(0)
    real, synthetic, holdout = (
        pd.DataFrame(rng.integers(0, 2, (300, 3)), columns=list("abc")) for _ in range(3)
    )
    found = check_synthetic(real, synthetic, holdout).privacy
    assert found.exact == found.exact_by_chance == 1.0
    assert found.pvalue == 1.0 and not found.copied


def test_columns_of_row_numbers_do_not_hide_copies() -> None:
    real, fresh, holdout = (table(300, seed) for seed in range(3))
    synthetic = with_copies(fresh, real, 60, 0.0)
    for k, frame in enumerate((real, synthetic, holdout)):
        frame["id"] = [f"{k}-{i}" for i in range(len(frame))]
    found = check_synthetic(real, synthetic, holdout).privacy
    assert found.exact == 0 and found.copied
    assert set(range(240, 300)) <= set(found.near_copies)


def test_a_moved_column_is_named_and_a_lost_dependence_is_seen() -> None:
    real, fresh = table(400, 0), table(400, 1)
    moved = check_synthetic(real, fresh.assign(x2=fresh.x2 + 1)).fidelity
    assert moved.differing == ("x2",)
    assert moved.cells()[0][0] == "x2" and "x2" in moved.sentence
    rng = np.random.default_rng(0)
    alone = real.apply(lambda column: rng.permutation(column.to_numpy()))
    lost = check_synthetic(real, alone).fidelity
    assert lost.differing == () and lost.overall <= 0.05 and "all together" in lost.sentence
    assert lost.distance > 3 * lost.by_chance


def test_missing_values_are_compared() -> None:
    real, fresh = table(300, 0), table(300, 1)
    found = check_synthetic(real, fresh.assign(x0=fresh.x0.fillna(0.0))).fidelity
    assert "x0" in found.differing
    assert ("x0", "missing values") in [cell[:2] for cell in found.cells()]


@pytest.mark.parametrize("rows", [90, 110])
def test_subsamples_find_what_whole_tables_find(rows: int) -> None:
    """Below and above max_rows = 100."""
    real, fresh, holdout = (table(rows, seed, 6) for seed in range(3))
    found = check_synthetic(real, with_copies(fresh, real, rows // 2, 0.001), holdout, max_rows=100)
    assert found.privacy.looked_at == min(rows, 100) and found.privacy.copied
    assert found.fidelity.rows == (min(rows, 100) // 2,) * 2
    assert all(i < rows for i in found.privacy.near_copies)


def test_models_of_rows_without_a_signal_are_worse() -> None:
    real, fresh = table(330, 0)[["x1", "x2", "y"]], table(220, 1)[["x1", "x2", "y"]]
    rng = np.random.default_rng(0)
    found = check_synthetic(real, fresh.assign(y=rng.permutation(fresh.y)), target="y").utility
    assert found.task == "regression" and found.part_rows == 55 and found.test_rows == 110
    assert found.pvalue == pytest.approx(1 / 70) and found.worse
    assert found.ratio is not None and found.ratio > 1.5
    assert "Do not fit models of y" in found.sentence


@pytest.mark.parametrize(
    ("rows", "measured"), [(99, False), pytest.param(100, True, marks=pytest.mark.slow)]
)
def test_utility_needs_four_parts_of_25_rows(rows: int, measured: bool) -> None:
    real, fresh, holdout = (
        pd.DataFrame(table(n, seed)[["x1", "x2", "flag"]]) for seed, n in enumerate((120, rows, 40))
    )
    found = check_synthetic(real, fresh, holdout, "flag").utility
    assert bool(found.real) is measured and (found.ratio is not None) is measured
    if measured:
        assert found.task == "classification" and found.error == "log loss"
        assert min(found.real) > 0
    else:
        assert "too few" in found.sentence and f"{rows} synthetic" in found.sentence


def test_one_class_is_no_utility_and_no_error() -> None:
    real, fresh = table(300, 0), table(300, 1)
    found = check_synthetic(real, fresh.assign(flag=True), target="flag").utility
    assert found.pvalue is None and "one class" in found.sentence


@pytest.fixture(scope="module")
def report() -> SyntheticReport:
    real, fresh = table(200, 0), table(200, 1).assign(level="<b>evil</b>")
    return check_synthetic(real, with_copies(fresh, real, 40, 0.01), table(100, 2))


def test_the_report_is_written_as_a_page_and_as_json(
    report: SyntheticReport, tmp_path: Path
) -> None:
    report.write(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert all(sentence.split("(")[0].strip() in page for sentence in report.verdict[1:])
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert "<b>evil" not in page and "&lt;b&gt;evil" in page
    assert "nan" not in page.split("</style>")[1]
    report.write(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(json.dumps(report.to_dict()))
    assert len(str(report).splitlines()) == 3
    with pytest.raises(UsageError, match="overwrite=True"):
        report.write(tmp_path / "a.html")
    report.write(tmp_path / "a.html", overwrite=True)
    with pytest.raises(UsageError, match=r"\.html, \.json"):
        report.write(tmp_path / "a.pdf")
    with pytest.raises(FileError, match="folder"):
        report.write(tmp_path / "none" / "a.html")


T = table(100, 0)
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a column less": (
        lambda: check_synthetic(T, T.drop(columns="x1")),
        DataError,
        r"synthetic table.*no column 'x1'.*Rename, add or drop",
    ),
    "a column more": (
        lambda: check_synthetic(T, T.assign(new=1)),
        DataError,
        "the real table has no 'new'",
    ),
    "no column in common": (
        lambda: check_synthetic(T[["x1"]], T[["x2"]]),
        DataError,
        "no column 'x1'.*has no 'x2'",
    ),
    "other width": (
        lambda: check_synthetic(np.ones((90, 2)), np.ones((90, 3))),
        DataError,
        "the real table has no 'x2'",
    ),
    "strings for numbers": (
        lambda: check_synthetic(T, T.assign(x1="high")),
        DataError,
        "synthetic table.*'x1'.*high",
    ),
    "infinity": (
        lambda: check_synthetic(T, T.assign(x1=np.inf)),
        DataError,
        "synthetic table.*infinity",
    ),
    "an empty table": (
        lambda: check_synthetic(T, T.iloc[:0]),
        DataError,
        r"synthetic table.*0 sample",
    ),
    "an empty real table": (
        lambda: check_synthetic(T.iloc[:0], T),
        DataError,
        r"real table.*0 sample",
    ),
    "a file name": (lambda: check_synthetic("real.csv", T), DataError, "real table.*read_table"),
    "few synthetic rows": (
        lambda: check_synthetic(T, T.iloc[:19]),
        DataError,
        "19 rows.*at least 20",
    ),
    "few real rows": (
        lambda: check_synthetic(T.iloc[:59], T),
        DataError,
        "59 rows.*at least 60.*third",
    ),
    "few rows held out": (
        lambda: check_synthetic(T, T, table(19, 5)),
        DataError,
        "holdout table has 19 rows",
    ),
    "few real rows with a hold-out": (
        lambda: check_synthetic(T.iloc[:19], T, table(50, 5)),
        DataError,
        "real table has 19 rows",
    ),
    "a hold-out of real rows": (
        lambda: check_synthetic(T, T, T.iloc[:50]),
        DataError,
        "100% of the hold-out rows are rows of the real",
    ),
    "an unknown target": (
        lambda: check_synthetic(T, T, target="z"),
        UsageError,
        "'z' is not a column.*'x0'",
    ),
    "a target alone": (
        lambda: check_synthetic(T[["y"]], T[["y"]], target="y"),
        UsageError,
        "only column",
    ),
    "a target without values": (
        lambda: check_synthetic(T, T.assign(y=np.nan), target="y"),
        DataError,
        "missing in every row of the synthetic",
    ),
    "an unknown task": (lambda: check_synthetic(T, T, task="rank"), UsageError, "task='rank'"),  # type: ignore[arg-type]
    "too small a subsample": (
        lambda: check_synthetic(T, T, max_rows=99),
        UsageError,
        "at least 100",
    ),
    "a seed that is none": (
        lambda: check_synthetic(T, T, random_state=-1),
        UsageError,
        "random_state=-1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_what_to_do(case: str) -> None:
    call, error, words = BAD[case]
    with pytest.raises(error, match=f"(?s){words}"):
        call()


@pytest.mark.parametrize("rows", [20, 60])
def test_the_smallest_tables_are_taken(rows: int) -> None:
    found = check_synthetic(table(60, 0), table(20, 1), table(20, 2) if rows == 20 else None)
    assert 0 < found.privacy.pvalue <= 1 and 0 < found.fidelity.pvalue <= 1


@pytest.mark.slow
def test_each_test_keeps_its_level() -> None:
    """100 pairs of one law: at 5 %, more than 12 alarms have a probability below 0.002."""
    alarms = [check_synthetic(table(120, 2 * s), table(120, 2 * s + 1)).alarms for s in range(100)]
    for name in ("fidelity", "privacy"):
        assert sum(name in found for found in alarms) <= 12


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "docs/synthetic.md", "exec"), {})
    assert (tmp_path / "check.html").exists()


@pytest.mark.slow
def test_the_figure_meets_theory_and_fails_without_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _synthetic.run(True, tmp_path).passed
    monkeypatch.setattr(_synthetic, "JITTER", 10.0)
    assert [c.passed for c in _synthetic.run(True, tmp_path).checks] == [True, False, True, True]
