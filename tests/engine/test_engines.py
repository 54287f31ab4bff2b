"""Engines and checkpoints: the same bits whoever runs the jobs, and after whatever interruption."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import (
    Checkpoint,
    Control,
    Engine,
    ResourceError,
    UsageError,
    _checkpoint,
    open_engine,
    ordered_sum,
    parallel_map,
    working,
)
from tests.engine.runs import (
    KEY,
    Make,
    bits,
    gram_sums,
    here,
    killed_while_it_fits,
    same_sums,
    table,
)
from tests.shared.command import done, run

# sums


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_a_sum_is_added_from_the_left_whatever_the_jobs(jobs: int) -> None:
    parts = np.random.default_rng(0).normal(size=(23, 4)) * np.geomspace(1, 1e12, 23)[::-1, None]
    expected = parts[0].copy()
    for part in parts[1:]:
        expected = expected + part
    assert not np.array_equal(expected, parts[::-1].cumsum(0)[-1])  # the order shows
    (total,) = ordered_sum(iter(range(23)), lambda i: (parts[i],), jobs)
    assert np.array_equal(total, expected)


def test_the_gram_sums_are_the_same_bits_for_one_job_and_two() -> None:
    one, two = gram_sums(1), gram_sums(2)
    assert same_sums(one, two)
    F = one.marks.features(torch.arange(len(one.y)))
    assert torch.allclose(one.whole.S, F @ F.T, rtol=1e-12)


# estimators


FIT = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.engine.runs import table
from motifnet import MotifRegressor
MotifRegressor("fast", checkpoint=sys.argv[1]).fit(*table())
"""


def test_a_killed_fit_goes_on_to_the_same_model(tmp_path: Path) -> None:
    X, y = table()
    whole = MotifRegressor("fast").fit(X, y)
    killed_while_it_fits(FIT, tmp_path / "steps", 5)
    left = {
        file.name: file.stat().st_mtime_ns for file in (tmp_path / "steps").glob("*.safetensors")
    }
    resumed = MotifRegressor("fast", checkpoint=tmp_path / "steps").fit(X, y)
    assert np.array_equal(bits(resumed), bits(whole))
    assert np.array_equal(resumed.predict(X), whole.predict(X))
    # what was there has been read
    assert all((tmp_path / "steps" / name).stat().st_mtime_ns == at for name, at in left.items())
    with pytest.raises(UsageError, match="rows differ"):
        MotifRegressor("fast", checkpoint=tmp_path / "steps").fit(X, y + 1)
    with pytest.raises(UsageError, match="settings differ"):
        MotifRegressor("fast", random_state=1, checkpoint=tmp_path / "steps").fit(X, y)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        partial(MotifRegressor, "best"),
        partial(MotifRegressor, objective="absolute"),
        partial(MotifClassifier, teachers=["splines", "linear"]),
    ],
    ids=["best", "absolute", "classes"],
)
def test_every_stage_goes_on_from_any_steps(
    tmp_path: Path, make: Callable[..., MotifRegressor | MotifClassifier]
) -> None:
    X, y = table(60)
    target: Any = np.digitize(y, [0.5, 1.0]) if make.func is MotifClassifier else np.exp(y)  # type: ignore[attr-defined]
    whole, kept = make().fit(X, target), make(checkpoint=tmp_path).fit(X, target)
    for number, file in enumerate(sorted(tmp_path.glob("*.safetensors"))):
        if number % 3:
            file.unlink()
    resumed = make(checkpoint=tmp_path).fit(X, target)
    for model in (kept, resumed):
        assert np.array_equal(bits(whole), bits(model))
        assert [row.error for row in whole.ledger_] == [row.error for row in model.ledger_]


SUMS = """
import sys
sys.path.insert(0, sys.argv[2])
from motifnet.engine import Checkpoint, Control, _parallel, working
from tests.engine.runs import KEY, gram_sums, here
_parallel._STORE_INTERVAL_S = 0.2
with working(here(), Checkpoint(sys.argv[1], KEY, Control())):
    gram_sums(2, 1_000_000)
"""


@pytest.mark.slow
def test_killed_gram_sums_over_a_million_rows_go_on_to_the_same_bits(tmp_path: Path) -> None:
    killed_while_it_fits(SUMS, tmp_path, 1)
    (file,) = tmp_path.glob("*.safetensors")
    blocks, _ = _checkpoint._read(file)
    assert 0 < blocks < 244  # of half of the rows
    with working(here(), Checkpoint(tmp_path, KEY, Control())):
        resumed = gram_sums(1, 1_000_000)
    assert same_sums(resumed, gram_sums(2, 1_000_000))


def test_a_time_limit_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        MotifRegressor(checkpoint=tmp_path, time_limit_s=5).fit(*table())


@pytest.mark.parametrize("name", ["spark", "", None, 3])
def test_an_unknown_engine_is_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="'local', 'ray'"):
        MotifRegressor(engine=name).fit(*table())


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"motifnet\[ray\]"):
        MotifRegressor(engine="ray").fit(*table())


def test_the_command_line_has_both(tmp_path: Path) -> None:
    csv, out, steps = tmp_path / "t.csv", str(tmp_path / "t.motif"), tmp_path / "steps"
    rows = "\n".join(f"{x:.3f},{x * x:.3f}" for x in np.linspace(-1, 1, 40))
    csv.write_text(f"x,y\n{rows}\n")
    fit = ["fit", str(csv), "-t", "y", "-o", out, "--preset", "fast", "--quiet"]
    wrong = run(*fit, "--engine", "spark")
    assert wrong.exit_code == 2
    for more in ([], ["--force", "--engine", "local", "--jobs", "1"]):
        done(*fit, "--checkpoint", steps, *more)
        assert (steps / "manifest.json").exists()


def test_a_copy_of_a_control_keeps_its_deadline() -> None:
    copied = pickle.loads(pickle.dumps(Control(50.0)))
    assert 45 < copied.seconds_left <= 50.1
    assert pickle.loads(pickle.dumps(Control())).deadline is None
    assert pickle.loads(pickle.dumps(Control(-1.0))).stopped


# Ray


@pytest.fixture(scope="module")
def ray() -> Iterator[Engine]:
    """Two workers on this machine."""
    pytest.importorskip("ray")
    with open_engine("ray", 2) as engine:
        yield engine


@pytest.mark.slow
def test_ray_gives_the_same_gram_sums(ray: Engine) -> None:
    with working(ray):
        assert same_sums(gram_sums(2), gram_sums(1))
        remote = gram_sums(2)
    assert same_sums(remote, gram_sums(1))


@pytest.mark.slow
@pytest.mark.parametrize("task", [MotifRegressor, MotifClassifier])
def test_ray_gives_the_same_model(
    ray: Engine, task: type[MotifRegressor | MotifClassifier]
) -> None:
    X, y = table()
    target: Any = y if task is MotifRegressor else np.digitize(y, [0.5, 1.0])
    serial, jobs, remote = (
        task("fast", **how).fit(X, target)
        for how in ({"n_jobs": 1}, {"n_jobs": 2}, {"n_jobs": 2, "engine": "ray"})
    )
    for other in (jobs, remote):
        assert np.array_equal(bits(serial), bits(other))
        assert np.array_equal(serial.predict(X), other.predict(X))


@pytest.mark.slow
def test_a_killed_worker_does_not_change_the_result(ray: Engine, tmp_path: Path) -> None:
    def job(number: int) -> float:
        if number == 1 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return float(np.random.default_rng(number).normal())

    with working(ray):
        results = parallel_map(job, range(4))
    assert results == parallel_map(job, range(4))
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_job_that_kills_every_worker_is_an_own_error(ray: Engine) -> None:
    with working(ray), pytest.raises(ResourceError, match="4 times"):
        parallel_map(lambda i: os.kill(os.getpid(), signal.SIGKILL), [0])


@pytest.mark.slow
def test_an_error_of_a_job_is_raised_as_it_is(ray: Engine) -> None:
    def job(number: int) -> None:
        raise UsageError(f"job {number}")

    with working(ray), pytest.raises(UsageError, match="job 0") as caught:
        parallel_map(job, range(3))
    assert "In a job on Ray" in caught.value.__notes__[0]


@pytest.mark.slow
def test_results_on_ray_are_kept_too(ray: Engine, opened: Make) -> None:
    with working(ray, opened()):
        first = parallel_map(lambda i: np.full(3, i / 3), range(3))
    with working(here(), opened()):
        second = parallel_map(lambda i: np.zeros(0), range(3))
    assert np.array_equal(first, second)
