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
import torch

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import (
    MB,
    DataError,
    FileError,
    MemoryPlan,
    ResourceError,
    UsageError,
    available_memory,
    ordered_map,
    ordered_sum,
    resident_memory,
)
from motifnet.kernels import AllRows, Kernel, leverage_landmarks, ridge_leverages, solve_ridge
from motifnet.motifs import Affine
from motifnet.pipeline import PRESETS, RegressionGoal, Roles, plan_memory, with_validation_rows
from motifnet.pipeline import _stream_stages as _stream_layer
from motifnet.pipeline._stream_stages import grow_trees
from motifnet.structure import Part, numpy_of
from motifnet.tables import BLOCK_ROWS, Block, Sample, SampleRows, open_stream, read_table
from tests.engine.test_engines import bits, killed_while_it_fits
from tests.shared.command import run
from tests.shared.short_presets import short

KERNEL = Kernel(("laplace1", "gaussian"), np.array([0.5, 0.5]), np.array([0.3, 0.5]))


def taxis(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    km, hour, zone = (
        rng.gamma(2, 3, n),
        rng.integers(0, 24, n),
        rng.choice(["north", "south", "harbour"], n),
    )
    fare = 3 + 2 * km + 4 * (zone == "harbour") + np.abs(hour - 12) / 3 + rng.normal(0, 0.5, n)
    frame = pd.DataFrame(
        {
            "km": km,
            "hour": hour,
            "zone": zone,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(hour, unit="D"),
            "fare": fare,
        }
    )
    return frame.assign(paid=np.where(fare > np.median(fare), "card", "cash"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    frame = taxis(6_000)
    frame.to_parquet(folder / "taxis.parquet")
    frame.to_csv(folder / "taxis.csv", index=False)
    frame.to_csv(folder / "taxis.tsv.gz", index=False, sep="\t")
    return folder


@pytest.fixture(scope="module")
def fitted(folder: Path) -> MotifRegressor:
    return MotifRegressor("fast", n_jobs=2).fit_stream(
        folder / "taxis.parquet", "fare", drop=["paid"], landmarks=150
    )


# sums and draws


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_a_sum_over_blocks_is_taken_in_their_order(n_jobs: int) -> None:
    blocks = [np.random.default_rng(b).normal(size=50) * 10.0**b for b in range(12)]
    expected = blocks[0].copy()
    for block in blocks[1:]:
        expected += block
    assert (ordered_sum(blocks, lambda block: (block,), n_jobs)[0] == expected).all()
    assert ordered_sum([], lambda block: (block,), n_jobs) == ()


def test_blocks_are_drawn_as_they_are_needed() -> None:
    drawn = []
    results = ordered_map(lambda b: b, (drawn.append(b) or b for b in range(100)), 2)  # type: ignore[func-returns-value]
    assert next(results) == 0 and len(drawn) <= 3
    assert [0, *results] == list(range(100))


def test_draws_are_uniform_and_do_not_depend_on_blocks() -> None:
    whole = Block(0, 30_000, None).draws(3)
    parts = np.concatenate([Block(0, 7, None).draws(3), Block(7, 29_993, None).draws(3)])
    assert (whole == parts).all() and (whole >= 0).all() and (whole < 1).all()
    counts = np.histogram(whole, 20, (0, 1))[0]
    # chi-squared, 19 degrees of freedom, 99.9 %
    assert ((counts - 1_500) ** 2 / 1_500).sum() < 43.8
    assert abs(np.corrcoef(whole, Block(0, 30_000, None).draws(4))[0, 1]) < 0.025
    assert abs(np.corrcoef(whole[1:], whole[:-1])[0, 1]) < 0.025


@pytest.mark.parametrize("name", ["taxis.parquet", "taxis.csv", "taxis.tsv.gz"])
def test_the_blocks_of_a_file_are_the_file(folder: Path, name: str) -> None:
    stream = open_stream(folder / name)
    blocks = list(stream.blocks())
    assert stream.n == 6_000 and [b.count for b in blocks] == [BLOCK_ROWS, 6_000 - BLOCK_ROWS]
    pd.testing.assert_frame_equal(stream.frame([b.raw for b in blocks]), read_table(folder / name))
    some, draws = stream.sample(lambda u: u < 0.1, 0)
    rows = np.concatenate([b.draws(0) for b in blocks]) < 0.1
    pd.testing.assert_frame_equal(
        some.reset_index(drop=True), read_table(folder / name)[rows].reset_index(drop=True)
    )
    assert len(draws) == len(some) and (draws < 0.1).all()


@pytest.mark.parametrize("label", [None, "ride"])
def test_row_labels_are_no_column(tmp_path: Path, label: str | None) -> None:
    # shuffled labels are written as a column
    frame = taxis(60).sample(frac=1, random_state=0).rename_axis(label)
    frame.to_parquet(tmp_path / "t.parquet")
    stream = open_stream(tmp_path / "t.parquet")
    assert stream.names == tuple(frame)
    pd.testing.assert_frame_equal(stream.frame([b.raw for b in stream.blocks()]), frame)


@pytest.mark.parametrize(
    ("n", "sample", "trees"),
    [
        (1_000, 20_000, 200_000),
        (53_940, 20_000, 200_000),
        (10**6, 20_000, 200_000),
        (10**8, 20_000, 10),
    ],
)
def test_roles_do_not_overlap(n: int, sample: int, trees: int) -> None:
    roles = Roles.of(n, sample, trees)
    assert 0 < roles.validation < roles.test < roles.sample <= roles.trees <= 1
    assert (roles.sample - roles.test) * n <= sample + 1


# the last layer


def rows(n: int = 90, d: int = 3) -> tuple[torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, d))
    return torch.as_tensor(X), np.column_stack(
        [np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=n), X[:, 1]]
    )


def test_with_every_row_a_centre_the_last_layer_is_kernel_ridge_regression() -> None:
    Z, y = rows()
    layer = AllRows(KERNEL.gram, Z)
    S, s = ordered_sum([slice(0, 40), slice(40, 90)], lambda part: layer.terms(Z[part], y[part]))
    gamma = layer.solve(S, s, 0.1)
    dual, b = solve_ridge(
        KERNEL.gram(Z, Z), torch.as_tensor(y), torch.full((90,), 0.1, dtype=torch.float64)
    )
    np.testing.assert_allclose(gamma[:-1], dual.numpy(), atol=1e-6)
    np.testing.assert_allclose(gamma[-1], b.numpy(), atol=1e-6)


def test_with_few_centres_it_has_the_least_penalised_error() -> None:
    Z, y = rows()
    layer = AllRows(KERNEL.gram, Z[::9])
    S, s = layer.terms(Z, y)
    gamma, K = layer.solve(S, s, 0.3), KERNEL.gram(Z[::9], Z[::9]).numpy()
    features = np.column_stack([KERNEL.gram(Z, Z[::9]).numpy(), np.ones(90)])
    penalty = np.zeros((11, 11))
    penalty[:-1, :-1] = 0.3 * K
    np.testing.assert_allclose(features.T @ (features @ gamma - y) + penalty @ gamma, 0, atol=1e-8)


def test_the_ridge_is_chosen_by_other_rows() -> None:
    Z, y = rows(400)
    layer = AllRows(KERNEL.gram, Z[:100])
    sums = layer.terms(Z[:200], y[:200])
    ridge, gamma = layer.choose(*sums, Z[200:], y[200:])
    features = np.column_stack([KERNEL.gram(Z[200:], Z[:100]).numpy(), np.ones(200)])
    errors = [
        ((features @ layer.solve(*sums, lam) - y[200:]) ** 2).sum()
        for lam in (ridge / 10, ridge, ridge * 10)
    ]
    assert errors[1] == min(errors)
    np.testing.assert_array_equal(gamma, layer.solve(*sums, ridge))


def test_leverages_are_those_of_the_smoother() -> None:
    Z, _ = rows()
    K = KERNEL.gram(Z, Z)
    expected = (K @ torch.linalg.inv(K + 0.1 * torch.eye(90))).diagonal()
    np.testing.assert_allclose(ridge_leverages(KERNEL.gram, Z, 90, 0.1, 0), expected, atol=1e-6)


def test_a_lonely_row_is_a_landmark() -> None:
    rng = np.random.default_rng(0)
    Z = torch.as_tensor(np.vstack([0.01 * rng.normal(size=(500, 2)), [[9.0, 9.0]]]))
    chosen = [leverage_landmarks(KERNEL.gram, Z, 20, 1.0, seed) for seed in range(10)]
    assert all(len(set(c.tolist())) == 20 and (c[1:] > c[:-1]).all() for c in chosen)
    assert sum(500 in c for c in chosen) >= 9


# the trees


def test_trees_on_the_rest_are_added_to_the_network() -> None:
    """Neither a network nor what it leaves is a model of the target by itself: their sum is one
    part.
    """
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (4_000, 2))
    k, r = 2 * X[:, :1], np.where(X[:, 1:] > 0, 0.5, -0.5)
    train, choose = (
        Sample.plain(X[rows], (k + r)[rows]) for rows in (slice(0, 3_000), slice(3_000, 4_000))
    )
    sample = with_validation_rows(train, choose)
    network = Affine(
        torch.tensor([[2.0, 0.0]], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    )
    kernel = Part(
        "kernel network", sample.folds.joined([k[3_000:]]), network, lambda X: 2 * X[:, :1]
    )
    grown = grow_trees(SampleRows(train), 1.0, sample, kernel, kernel.predict, 0, 1)
    assert grown.rows == 3_000
    (both,) = grown.kernels
    assert (
        np.isnan(both.oof[:3_000]).all()
        and RegressionGoal(sample, np.zeros(1), np.ones(1)).score([both]).error < 0.01
    )
    for values in (both.predict(X[3_000:]), numpy_of(both.network, X[3_000:])):
        np.testing.assert_allclose(values, both.oof[3_000:], atol=1e-6)


def test_rows_of_a_draw_are_counted_without_reading(folder: Path) -> None:
    stream = open_stream(folder / "taxis.csv")
    assert stream.count(lambda u: u < 0.3, 1) == sum(
        int((b.draws(1) < 0.3).sum()) for b in stream.blocks()
    )


# memory


def test_a_plan_is_the_base_and_its_largest_stage() -> None:
    plan = MemoryPlan(100 * MB, {"sums": {"a": 10 * MB, "b": 30 * MB}, "trees": {"c": 20 * MB}})
    assert plan.peak == 140 * MB
    plan.check(140 * MB, ("x", "y"))
    with pytest.raises(
        ResourceError,
        match=r"needs 140 MB and 139 MB is the limit.*the process 100 MB, and for "
        r"the sums b 30 MB, a 10 MB. Either x, or y",
    ):
        plan.check(139 * MB, ("x", "y"))
    assert "140 MB at most" in str(plan)
    assert resident_memory() > 10 * MB and available_memory() > 0


def test_a_million_centres_are_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    pd.DataFrame(
        {"x": np.zeros(10**6, dtype=np.int8), "y": np.zeros(10**6, dtype=np.int8)}
    ).to_parquet(tmp_path / "large.parquet")
    before = resident_memory()
    with pytest.raises(ResourceError, match=r"GB.*landmarks=2000"):
        MotifRegressor("fast").fit_stream(tmp_path / "large.parquet", "y", landmarks=10**6)
    assert resident_memory() < before + 500 * MB


def test_the_plan_does_not_grow_with_the_rows() -> None:
    def peak(n: int) -> int:
        """Beside what the process has."""
        held = {
            "landmarks": 1_000,
            "sample": 20_000,
            "held": 10_000,
            "batch": 1_000,
            "trees": min(n, 200_000),
            "n_jobs": 2,
        }
        plan = plan_memory(10, n, **held)
        return plan.peak - plan.base

    assert peak(10**9) == peak(10**6) < 2**31


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
print(model.model_.info["planned_mb"], peak_memory() / 2**20)
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
    stream = replace(open_stream(path), groups="g")
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
