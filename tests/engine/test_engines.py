"""Engines and checkpoints: the same bits whoever runs the jobs, and after whatever interruption."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import (
    Checkpoint,
    Control,
    Engine,
    FileError,
    ResourceError,
    UsageError,
    _checkpoint,
    _parallel,
    fingerprint,
    open_engine,
    ordered_sum,
    parallel_map,
    working,
)
from motifnet.engine._checkpoint import NamedArrays, decode, encode
from motifnet.kernels import Capacity, GridChoice, LandmarkFolds, every_fold, start_kernel
from motifnet.teachers import Forest
from tests.shared.command import done, run

KEY = {"rows": "a", "settings": {"seed": 0}}
Make = Callable[[], Checkpoint]


@pytest.fixture
def opened(tmp_path: Path) -> Make:
    """Opens the same folder anew, as another run does."""
    return lambda: Checkpoint(tmp_path / "steps", KEY, Control())


def here() -> Engine:
    with open_engine("local", 1) as engine:
        return engine


def table(n: int = 150) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, np.sin(2 * X[:, 0]) + np.abs(X[:, 1]) + 0.1 * rng.normal(size=n)


def bits(model: MotifRegressor | MotifClassifier) -> NDArray[np.float64]:
    return np.concatenate(
        [v.detach().numpy().ravel() for v in model.to_torch().state_dict().values()]
    )


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


def gram_sums(n_jobs: int, n: int = 6_000) -> LandmarkFolds:
    """Those of a kernel on n rows in two folds: S and c of every cell, in blocks of 2,048 rows and
    less.
    """
    rng = np.random.default_rng(1)
    Z = torch.as_tensor(rng.normal(size=(n, 4)))
    blocks = [torch.arange(0, n // 2), torch.arange(n // 2, n)]
    gram = start_kernel(("laplace1", "gaussian"), {1: 3.0, 2: 2.0}, 1.0).gram
    folds = every_fold(
        gram,
        Z,
        Z[:, :1].sin(),
        torch.ones(n, dtype=Z.dtype),
        blocks,
        n_jobs=n_jobs,
        capacity=Capacity(100, 60),
    )
    assert isinstance(folds, LandmarkFolds)
    return folds


def same_sums(one: LandmarkFolds, other: LandmarkFolds) -> bool:
    pairs = zip((one.whole, *one.folds), (other.whole, *other.folds), strict=True)
    return all(torch.equal(a.S, b.S) and torch.equal(a.c, b.c) for a, b in pairs)


def test_the_gram_sums_are_the_same_bits_for_one_job_and_two() -> None:
    one, two = gram_sums(1), gram_sums(2)
    assert same_sums(one, two)
    F = one.marks.features(torch.arange(len(one.y)))
    assert torch.allclose(one.whole.S, F @ F.T, rtol=1e-12)


# values in a checkpoint


TENSOR = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
VALUES: dict[str, Any] = {
    "nothing": None,
    "numbers": (1, True, 0.1, float("inf"), "x"),
    "gap": float("nan"),
    "one number": np.float64(0.1),
    "list": [1, (2, [3.5])],
    "dict": {"a": 1, 2: (TENSOR,)},
    "rows": np.arange(6.0).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "mask": np.array([True, False]),
    "codes": np.array([3, -1], dtype=np.int64),
    "no rows": np.empty((0, 3)),
    "three axes": np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
    "tensor": TENSOR,
    "transposed": TENSOR.T,
    "a single value": torch.tensor(2.5, dtype=torch.float32),
    "forest": Forest.constant(np.array([1.0, 2.0])),
    "choice": GridChoice(1.0, 1e-3, 0.5),
}


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | torch.Tensor):
        strides = (a.strides, b.strides) if isinstance(a, np.ndarray) else (a.stride(), b.stride())
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and strides[0] == strides[1]
            and bool((np.asarray(a) == np.asarray(b)).all())
        )
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__)
    return repr(a) == repr(b)


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_as_they_were_layout_included(name: str) -> None:
    arrays: NamedArrays = {}
    back = decode(encode(VALUES[name], arrays), arrays)
    assert same(VALUES[name], back)
    assert fingerprint(VALUES[name]) == fingerprint(back)


def test_fingerprints_tell_values_apart() -> None:
    assert len({fingerprint(value) for value in VALUES.values()}) == len(VALUES)
    assert (
        fingerprint(np.zeros(2))
        != fingerprint(np.zeros(2, dtype=np.float32))
        != fingerprint(np.zeros((1, 2), dtype=np.float32))
    )


@pytest.mark.parametrize(
    "value",
    [object(), np.array([object()]), {1, 2}, lambda: 0],
    ids=["object", "objects", "set", "function"],
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no form"):
        encode(value, {})


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "subprocess:Popen",
        "motifnet.engine:open_engine",
        "motifnet.engine:None",
        "motifnetx:Y",
    ],
)
def test_a_file_cannot_name_what_is_no_dataclass_of_motifnet(name: str) -> None:
    with pytest.raises((ValueError, ImportError)):
        decode(["data", name, {}], {})


# checkpoints


def test_finished_jobs_are_not_run_again(opened: Make) -> None:
    ran: list[int] = []

    def job(number: int, fails: int) -> tuple[int, torch.Tensor]:
        if number == fails:
            raise RuntimeError("lost")
        ran.append(number)
        return number, torch.full((2,), number / 3)

    with working(here(), opened()), pytest.raises(RuntimeError):
        parallel_map(partial(job, fails=3), range(5))
    with working(here(), opened()):
        results = parallel_map(partial(job, fails=-1), range(5))
        again = parallel_map(partial(job, fails=-1), range(2))
    assert ran == [0, 1, 2, 3, 4, 0, 1]
    assert [number for number, _ in results] == [0, 1, 2, 3, 4]
    assert [number for number, _ in again] == [0, 1]


def test_jobs_of_jobs_are_not_kept(opened: Make, tmp_path: Path) -> None:
    with working(here(), opened()):
        parallel_map(lambda i: parallel_map(float, range(i)), range(3))
    assert len(list((tmp_path / "steps").glob("*.safetensors"))) == 3


def test_a_sum_goes_on_where_it_was(opened: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parallel, "_STORE_INTERVAL_S", 0.0)
    parts, ran = np.random.default_rng(0).normal(size=(20, 3)), []

    def part(i: int, end: int) -> tuple[NDArray[np.float64]]:
        if i == end:
            raise RuntimeError("lost")
        ran.append(i)
        return (parts[i],)

    with working(here(), opened()), pytest.raises(RuntimeError):
        ordered_sum(range(20), partial(part, end=13))
    with working(here(), opened()):
        (total,) = ordered_sum(range(20), partial(part, end=-1))
    assert np.array_equal(total, np.cumsum(parts, 0)[-1])
    assert ran == list(range(20))


def test_results_that_a_stop_may_have_cut_short_are_not_kept(tmp_path: Path) -> None:
    control = Control()

    def job(number: int) -> int:
        if number == 2:
            control.interrupted.set()
        return number

    with working(here(), Checkpoint(tmp_path, KEY, control)):
        assert parallel_map(job, range(5)) == list(range(5))
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({**KEY, "rows": "b"}, "rows differ"),
    ({**KEY, "settings": {"seed": 1}}, "settings differ"),
    ({"rows": "b", "settings": {}}, "rows and settings"),
]


@pytest.mark.parametrize(("key", "names"), OTHERS, ids=["rows", "settings", "both"])
def test_the_folder_of_another_run_is_refused(
    tmp_path: Path, key: dict[str, Any], names: str
) -> None:
    Checkpoint(tmp_path, KEY, Control())
    with pytest.raises(UsageError, match=names):
        Checkpoint(tmp_path, key, Control())


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(UsageError, match="none of a fit"):
        Checkpoint(tmp_path, KEY, Control())
    with pytest.raises(FileError, match="cannot be used"):
        Checkpoint(tmp_path / "photo.jpg", KEY, Control())


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, b"\x02\0\0\0\0\0\0\0{}"], ids=["empty", "noise", "no value"]
)
def test_damaged_files_are_named(opened: Make, tmp_path: Path, content: bytes) -> None:
    with working(here(), opened()):
        parallel_map(float, [1])
    (file,) = (tmp_path / "steps").glob("*.safetensors")
    file.write_bytes(content)
    with working(here(), opened()), pytest.raises(FileError, match="is damaged"):
        parallel_map(float, [1])
    (tmp_path / "steps" / "manifest.json").write_text("{")
    with pytest.raises(FileError, match="manifest"):
        opened()


# estimators


FIT = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.engine.test_engines import table
from motifnet import MotifRegressor
MotifRegressor("fast", checkpoint=sys.argv[1]).fit(*table())
"""


def killed_while_it_fits(script: str, folder: Path, steps: int, seconds: float = 300) -> None:
    """Start a fit in a process of its own and kill it, without a word of warning, once its
    checkpoint has some steps.
    """
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), root],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    end = time.monotonic() + seconds
    while (
        len(list(folder.glob("*.safetensors"))) < steps
        and process.poll() is None
        and time.monotonic() < end
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the fit ended before it was killed"


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
from tests.engine import test_engines as t
t._parallel._STORE_INTERVAL_S = 0.2
with t.working(t.here(), t.Checkpoint(sys.argv[1], t.KEY, t.Control())):
    t.gram_sums(2, 1_000_000)
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
