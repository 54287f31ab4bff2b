"""Fits to files that are read block by block: order of sums, draws, the last layer on all rows, the
memory plan, and the whole way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import (
    DataError,
    FileError,
    UsageError,
)
from motifnet.pipeline import PRESETS, Roles
from motifnet.pipeline import _stream_stages as _stream_layer
from motifnet.pipeline._stream_rows import drawn_together
from motifnet.tables import BLOCK_ROWS, open_stream, read_table
from tests.engine.runs import bits, killed_while_it_fits
from tests.pipeline.taxis import taxis
from tests.shared.command import run
from tests.shared.short_presets import short


@pytest.fixture(scope="module")
def fitted(folder: Path) -> MotifRegressor:
    return MotifRegressor("fast", n_jobs=2).fit_stream(
        folder / "taxis.parquet", "fare", drop=["paid"], landmarks=150
    )


# the whole way


def test_a_fit_is_accurate_and_its_claim_is_honest(fitted: MotifRegressor) -> None:
    test = taxis(4_000, seed=1)
    error = float(np.sqrt(1 - fitted.score(test[["km", "hour", "zone", "day"]], test["fare"])))
    assert error < 0.1
    last = fitted.ledger_[-1]
    assert last.stage == "score" and last.error == pytest.approx(error, rel=0.12)
    stages = [
        "convex fit",
        "transferred",
        "linear",
        "feature layers",
        "last layer",
        "trees",
        "stack",
        "score",
    ]
    assert [row.stage for row in fitted.ledger_ if row.stage != "extrapolation"] == stages
    inside = fitted.predict_interval(test[["km", "hour", "zone", "day"]])
    assert 0.86 < ((inside[:, 0] <= test["fare"]) & (test["fare"] <= inside[:, 1])).mean() < 0.94


def test_jobs_and_format_do_not_matter(folder: Path, fitted: MotifRegressor) -> None:
    again = MotifRegressor("fast", n_jobs=1).fit_stream(
        folder / "taxis.csv", "fare", drop=["paid"], landmarks=150
    )
    test = taxis(50, seed=2)[["km", "hour", "zone", "day"]]
    np.testing.assert_array_equal(again.predict(test), fitted.predict(test))


def test_a_checkpoint_goes_on_to_the_same_bits(
    folder: Path, fitted: MotifRegressor, tmp_path: Path
) -> None:
    """Half of what is kept is lost; a folder of another file is refused."""

    def run(name: str) -> MotifRegressor:
        model = MotifRegressor("fast", n_jobs=1, checkpoint=str(tmp_path / "kept"))
        return model.fit_stream(folder / name, "fare", drop=["paid"], landmarks=150)

    rows = taxis(200, 1)[["km", "hour", "zone", "day"]]
    expected = fitted.predict(rows)
    np.testing.assert_array_equal(run("taxis.parquet").predict(rows), expected)
    for kept in sorted((tmp_path / "kept").rglob("*.safetensors"))[::2]:
        kept.unlink()
    np.testing.assert_array_equal(run("taxis.parquet").predict(rows), expected)
    with pytest.raises(UsageError, match="checkpoint"):
        run("taxis.csv")


KILLED = """
import sys
from motifnet import MotifRegressor
from motifnet.engine import _parallel
_parallel._STORE_INTERVAL_S = 0.0
MotifRegressor("fast", n_jobs=1, checkpoint=sys.argv[1]).fit_stream(sys.argv[1] + ".parquet", "fare", drop=["paid"], landmarks=150)
"""
OPTIONS: Any = {"drop": ["paid"], "landmarks": 150}  # as above


def test_a_killed_fit_goes_on_to_the_same_bits(
    folder: Path, fitted: MotifRegressor, tmp_path: Path
) -> None:
    """Killed once when the feature layers are there, and once within the sum over all rows."""
    (tmp_path / "kept.parquet").write_bytes((folder / "taxis.parquet").read_bytes())
    for steps in (11, 12):
        killed_while_it_fits(KILLED, tmp_path / "kept", steps)
        assert any("tune" in file.name for file in (tmp_path / "kept").iterdir())
    resumed = MotifRegressor("fast", n_jobs=2, checkpoint=tmp_path / "kept").fit_stream(
        tmp_path / "kept.parquet", "fare", **OPTIONS
    )
    assert np.array_equal(bits(resumed), bits(fitted))


@pytest.mark.slow
@pytest.mark.parametrize("task", [MotifRegressor, MotifClassifier])
def test_ray_gives_the_same_bits(
    folder: Path, task: type[MotifRegressor | MotifClassifier]
) -> None:
    pytest.importorskip("ray")
    target, drop = ("fare", "paid") if task is MotifRegressor else ("paid", "fare")
    ways: list[dict[str, Any]] = [{"n_jobs": 1}, {"n_jobs": 2}, {"n_jobs": 2, "engine": "ray"}]
    serial, jobs, remote = (
        task("fast", **how).fit_stream(folder / "taxis.parquet", target, drop=[drop], landmarks=150)
        for how in ways
    )
    assert np.array_equal(bits(serial), bits(jobs)) and np.array_equal(bits(serial), bits(remote))


@pytest.mark.slow
def test_a_killed_worker_does_not_change_a_fit(
    folder: Path, fitted: MotifRegressor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    coded = _stream_layer._coded

    def deadly(*args: Any) -> Any:
        if not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return coded(*args)

    monkeypatch.setattr(_stream_layer, "_coded", deadly)
    remote = MotifRegressor("fast", n_jobs=2, engine="ray").fit_stream(
        folder / "taxis.parquet", "fare", **OPTIONS
    )
    assert (tmp_path / "killed").exists()
    assert np.array_equal(bits(remote), bits(fitted))


def test_the_model_is_like_any_other(tmp_path: Path, fitted: MotifRegressor) -> None:
    test = taxis(50, seed=2)[["km", "hour", "zone", "day"]]
    fitted.save(tmp_path / "fares.motif")
    np.testing.assert_array_equal(
        load(tmp_path / "fares.motif").predict(test), fitted.predict(test)
    )
    assert fitted.certificate_.on_data < 1e-9
    assert not fitted.check_shift(taxis(500, seed=3)[["km", "hour", "zone", "day"]]).shifted


def test_classes(folder: Path) -> None:
    model = MotifClassifier("fast", n_jobs=2).fit_stream(
        folder / "taxis.parquet", "paid", drop=["fare"], landmarks=100
    )
    test = taxis(2_000, seed=1)
    assert list(model.classes_) == ["card", "cash"]
    assert model.score(test[["km", "hour", "zone", "day"]], test["paid"]) > 0.93


def test_a_subsample_sees_no_other_row(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "fast", short("fast"))
    frame = taxis(6_000)
    stream = open_stream(folder / "taxis.parquet")
    roles = Roles.of(6_000, 20_000, 200_000)
    frame.loc[np.concatenate([b.draws(0) for b in stream.blocks()]) >= roles.sample, "fare"] = 1e6
    frame.to_parquet(tmp_path / "broken.parquet")
    options = {"drop": ["paid"], "landmarks": 50, "subsample": True}
    models = [
        MotifRegressor("fast").fit_stream(path, "fare", **options)  # type: ignore[arg-type]
        for path in (folder / "taxis.parquet", tmp_path / "broken.parquet")
    ]
    test = taxis(50, seed=2)[["km", "hour", "zone", "day"]]
    np.testing.assert_array_equal(models[0].predict(test), models[1].predict(test))


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    frame = taxis(2_000)
    frame.loc[::3, "fare"] = np.nan
    frame.to_parquet(tmp_path / "gaps.parquet")
    model = MotifRegressor("fast").fit_stream(
        tmp_path / "gaps.parquet", "fare", drop=["paid"], landmarks=50
    )
    assert model.ledger_[-1].error < 0.3


# errors


def test_a_line_of_another_length_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(DataError, match="line 3: 1 fields, but the header has 2"):
        open_stream(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("column", "role"), [("fare", 0), ("km", 1), ("km", 2), ("fare", 2), ("km", 3)]
)
def test_a_bad_cell_is_named_by_its_row_in_the_file(column: str, role: int, tmp_path: Path) -> None:
    """Among the rows that choose (0), score (1), are the sample (2), or are read in passes only
    (3).
    """
    frame, roles = taxis(6_000), Roles.of(6_000, 20_000, 200_000)
    frame.to_csv(tmp_path / "t.csv", index=False)
    draws = np.concatenate([block.draws(0) for block in open_stream(tmp_path / "t.csv").blocks()])
    of_role = np.searchsorted([roles.validation, roles.test, roles.sample], draws, side="right")
    row = int(np.flatnonzero((of_role == role) & (np.arange(6_000) > BLOCK_ROWS))[0])
    frame[column] = frame[column].astype(float)
    frame.loc[row, column] = np.inf
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=rf"(?i)row {row} \(the first row is 0\)"):
        MotifRegressor("fast").fit_stream(tmp_path / "t.csv", "fare", drop=["paid"], landmarks=50)


@pytest.mark.parametrize(
    ("settings", "target", "error", "words"),
    [
        ({}, "price", UsageError, "'price' is not a column"),
        ({"time_limit_s": 3.0}, "fare", UsageError, "time_limit_s=3.0 is for `fit`"),
        ({"objective": "poisson"}, "fare", UsageError, "objective='poisson' is for `fit`"),
        ({"size": "full"}, "fare", UsageError, "size='full' is for `fit`"),
    ],
)
def test_wrong_settings(
    folder: Path, settings: dict[str, object], target: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        MotifRegressor("fast", **settings).fit_stream(folder / "taxis.parquet", target)  # type: ignore[arg-type]


def test_an_index_columns_without_a_name_and_empty_lines_are_as_in_a_table(tmp_path: Path) -> None:
    rows = taxis(20).iloc[::2]
    rows.to_parquet(tmp_path / "t.parquet")
    rows.to_csv(tmp_path / "t.csv")
    (tmp_path / "late.csv").write_text("\n\na;b\n1;2\n3;4\n")
    for name in ("t.parquet", "t.csv", "late.csv"):
        stream, table = open_stream(tmp_path / name), read_table(tmp_path / name)
        assert list(stream.names) == list(table.columns)
        pd.testing.assert_frame_equal(
            stream.frame([block.raw for block in stream.blocks()]).reset_index(drop=True),
            table.reset_index(drop=True),
        )


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    taxis(2_000).to_parquet(tmp_path / "t.parquet")
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    content[8:4_000] = bytes(3_992)
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(FileError, match=r"t\.parquet cannot be read as parquet"):
        list(open_stream(tmp_path / "t.parquet").blocks())


def test_files_that_cannot_be_streamed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Standard input"):
        open_stream("-")
    for name in ("nothing.csv", "nothing.parquet"):
        with pytest.raises(FileError, match="No such file"):
            open_stream(tmp_path / name)
    taxis(200).to_parquet(tmp_path / "small.parquet")
    with pytest.raises(DataError, match="200 rows, fewer than the 1,000"):
        MotifRegressor("fast").fit_stream(tmp_path / "small.parquet", "fare")


def test_very_many_landmarks_are_solved_by_passes(
    folder: Path, fitted: MotifRegressor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motifnet.pipeline._stream_stages.MAX_LANDMARKS", 100)
    by_iterations = MotifRegressor("fast", n_jobs=2).fit_stream(
        folder / "taxis.parquet", "fare", drop=["paid"], landmarks=150
    )
    notes = {row.stage: row.note for row in by_iterations.ledger_}
    assert "passes" in notes["last layer"] and "150 landmarks" in notes["last layer"]
    rows = taxis(500, seed=1).drop(columns="paid")
    columns = rows.drop(columns="fare")
    apart = by_iterations.predict(columns) - fitted.predict(columns)
    assert np.sqrt(np.mean(apart**2)) < 0.05 * rows.fare.std()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--memory-limit", "50"], 4, "is the limit that was set"),
        (["--time", "day"], 2, "--stream does not go with --time"),
        ([], 0, "last layer"),
    ],
)
def test_the_command_line_streams(
    folder: Path, tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    call = [
        "fit",
        str(folder / "taxis.parquet"),
        "-t",
        "fare",
        "-o",
        str(tmp_path / "m.motif"),
        "--stream",
        "--preset",
        "fast",
    ]
    result = run(*call, "--drop", "paid", "--landmarks", "60", *options)
    assert result.exit_code == code and words in result.stderr
    assert (tmp_path / "m.motif").exists() == (code == 0)
    if code == 0:
        assert "memory: " in result.stderr and "6,000 rows" in result.stdout


_MEASURE = """
import sys
from motifnet import MotifRegressor
from motifnet.engine import peak_memory
model = MotifRegressor("fast", n_jobs=int(sys.argv[3])).fit_stream(sys.argv[1], "y", landmarks=int(sys.argv[2]))
print(model.model_.info.planned_mb, peak_memory() / 2**20)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "d", "landmarks", "n_jobs"),
    [
        (2_000, 3, 100, 1),
        (10_000, 10, 500, 1),
        (10_000, 10, 2_000, 2),
        (30_000, 40, 500, 1),
        (60_000, 10, 1_000, 2),
        (100_000, 4, 200, 1),
        (100_000, 60, 300, 1),
        (300_000, 10, 500, 2),
    ],
)
def test_the_memory_plan_is_met(
    tmp_path: Path, n: int, d: int, landmarks: int, n_jobs: int
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)).astype(np.float32)
    pd.DataFrame(X, columns=[f"x{j}" for j in range(d)]).assign(
        y=np.sin(X[:, 0]) + X[:, 1]
    ).to_parquet(tmp_path / "t.parquet")
    out = subprocess.run(
        [sys.executable, "-c", _MEASURE, tmp_path / "t.parquet", str(landmarks), str(n_jobs)],
        capture_output=True,
        text=True,
        check=True,
    )
    planned, measured = map(float, out.stdout.split())
    assert measured / 1.1 <= planned <= 1.5 * measured


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_groups_fall_as_a_whole_to_those_that_fit_choose_or_score(
    suffix: str, tmp_path: Path
) -> None:
    """Targets that are noise of a group say nothing of another; '7' and '07' are two groups."""
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(200), 8)
    rows = pd.DataFrame(
        rng.normal(size=(200, 4))[g] + 0.05 * rng.normal(size=(1_600, 4)), columns=list("abcd")
    )
    rows["y"], rows["g"] = (
        rng.normal(size=200)[g] + 0.3 * rng.normal(size=1_600),
        [f"{k:02d}" if k % 2 else str(k) for k in g],
    )
    path = tmp_path / f"rows.{suffix}"
    rows.to_csv(path, index=False) if suffix == "csv" else rows.to_parquet(path)
    stream = replace(open_stream(path), together=("g",))
    frame, draws = stream.sample(lambda u: u < 0.5, 3, labels=["g"])
    assert (
        set(frame["g"]).isdisjoint(set(rows["g"]) - set(frame["g"]))
        and frame["g"].value_counts().eq(8).all()
    )
    assert 0.3 < len(frame) / len(rows) < 0.7 and stream.count(lambda u: u < 0.5, 3) == len(
        frame
    ) == len(draws)
    model = MotifRegressor("fast", n_jobs=1)
    alone, together = (
        model.fit_stream(path, "y", landmarks=100, **how).ledger_[-1].error
        for how in ({"drop": ["g"]}, {"groups": "g"})
    )
    assert alone < 0.6 and together > 0.8
    with pytest.raises(UsageError, match="'h' is not a column"):
        model.fit_stream(path, "y", groups="h")


def noisy(n: int, seed: int) -> pd.DataFrame:
    """y = |a| + b + noise with sd .3, of three normal columns."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    return rows.assign(y=rows.a.abs() + rows.b + 0.3 * rng.normal(size=n))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_copies_fall_to_one_role_so_that_the_error_is_that_of_new_rows(
    suffix: str, tmp_path: Path
) -> None:
    """The end of the file repeats its beginning. `drop`: a number of the row tells copies apart."""
    rows = pd.concat([noisy(3_000, 0)] * 2).reset_index(drop=True)
    rows["row"] = np.arange(len(rows))
    path = tmp_path / f"rows.{suffix}"
    rows.to_csv(path, index=False) if suffix == "csv" else rows.to_parquet(path)
    model = MotifRegressor("fast", n_jobs=1)
    with pytest.warns(UserWarning, match="are copies of another one"):
        model.fit_stream(path, "y", drop=["row"], landmarks=100)
    new = noisy(4_000, 1)
    error = np.sqrt(np.mean((model.predict(new[list("abc")]) - new.y) ** 2)) / new.y.std()
    assert model.ledger_[-1].error == pytest.approx(error, rel=0.08)


def test_only_copies_beyond_chance_change_the_draws_of_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    codes = pd.DataFrame(rng.integers(0, 3, (3_000, 4)), columns=list("abcy"))
    once = noisy(3_000, 0)
    for name, rows, expected in (
        ("once", once, ()),
        ("twice", pd.concat([once] * 2), tuple("abcy")),
        ("few", pd.concat([once, once[:10]]), ()),
        ("codes", codes, ()),
    ):
        rows.to_csv(path := tmp_path / f"{name}.csv", index=False)
        found = drawn_together(open_stream(path), list("abc"), "y", None, 0)
        assert found.together == expected, name
