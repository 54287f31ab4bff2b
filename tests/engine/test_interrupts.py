"""What stops a fit or a save: a full disk, no memory, a process that is killed. The old file is
whole, and the message says what to do.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motifnet import MotifRegressor, load
from motifnet.engine import (
    FileError,
    ResourceError,
    atomic_file,
    translate_memory_errors,
)
from motifnet.model import load_model, save_model
from tests.shared.command import MOTIFNET, run
from tests.shared.hand_made import frame, make_model

pytestmark = pytest.mark.usefixtures("short_fits")

X = np.random.default_rng(0).normal(size=(40, 2))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "m.motif").write_bytes(b"before")
    return tmp_path / "m.motif"


def no_room(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["os.open", "zipfile.ZipFile.writestr", "os.fsync", "os.replace"])
def test_a_disk_that_is_full_at_any_step(
    step: str, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(m=6)
    with monkeypatch.context() as patch:
        patch.setattr(step, no_room)
        with pytest.raises(FileError, match=r"No space left.*Free some room") as caught:
            save_model(model, old)
    assert caught.value.exit_code == 4
    assert old.read_bytes() == b"before" and os.listdir(old.parent) == ["m.motif"]


def test_a_full_disk_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{i * 0.37}\n" for i in range(20)))
    monkeypatch.setattr("motifnet.engine._files.os.replace", no_room)
    result = run(
        "fit", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", "--preset", "fast", "-q"
    )
    assert (
        result.exit_code == 4
        and "No space left" in result.stderr
        and "Traceback" not in result.stderr
    )
    assert os.listdir(tmp_path) == ["t.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk(tmp_path: Path) -> None:
    save_model(make_model(m=6), tmp_path / "m")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [MOTIFNET, "show", tmp_path / "m"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 4, done.stderr
    assert "No space left" in done.stderr and "report" not in done.stderr


def broken_by(error: Exception) -> Callable[..., None]:
    def allocate(*_: Any, **__: Any) -> None:
        raise error

    return allocate


SHORT = [
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    RuntimeError("std::bad_alloc"),
]


@pytest.mark.parametrize("error", SHORT, ids=["python", "torch", "lightgbm"])
@pytest.mark.parametrize(
    "place", ["motifnet.tables.Encoder.fit", "torch.linalg.cholesky", "lightgbm.Booster.update"]
)
def test_no_memory_inside_a_fit(
    error: Exception, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, broken_by(error))
    with pytest.raises(ResourceError, match=r"not enough memory for the fit.*fewer rows") as caught:
        MotifRegressor(preset="fast", n_jobs=1).fit(X, X.sum(1))
    assert caught.value.exit_code == 4 and isinstance(caught.value, MemoryError)


def test_no_memory_inside_a_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MotifRegressor(preset="fast", n_jobs=1).fit(X, X.sum(1))
    monkeypatch.setattr("motifnet.model._fitted.run", broken_by(MemoryError()))
    with pytest.raises(ResourceError, match="predictions of 40 rows"):
        model.predict(X)


def test_other_errors_are_not_taken_for_memory() -> None:
    with pytest.raises(RuntimeError, match="other"), translate_memory_errors("work", "Do less."):
        raise RuntimeError("other")
    with (
        pytest.raises(ResourceError, match=r"^too many$"),
        translate_memory_errors("work", "Do less."),
    ):
        raise ResourceError("too many")


def test_no_memory_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{i * 0.37}\n" for i in range(20)))
    monkeypatch.setattr(torch.linalg, "cholesky", broken_by(MemoryError()))
    result = run(
        "fit", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", "--preset", "fast", "-q"
    )
    assert result.exit_code == 4 and "fewer rows" in result.stderr
    assert os.listdir(tmp_path) == ["t.csv"]


LIMITED = """
import resource, sys
import numpy as np
from motifnet import MotifRegressor
from motifnet.engine import ResourceError
X = np.random.default_rng(0).normal(size=(6000, 3))
MotifRegressor(preset='fast', n_jobs=1).fit(X[:40], X[:40].sum(1))
here = 1024 * int(next(line for line in open('/proc/self/status') if line.startswith('VmSize')).split()[1])
resource.setrlimit(resource.RLIMIT_AS, (here + 60 * 2**20,) * 2)
try:
    MotifRegressor(n_jobs=1).fit(X, X.sum(1))
except ResourceError as error:
    sys.exit(4 if 'fewer rows' in str(error) else 1)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the size of the process is read from /proc"
)
def test_a_process_of_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from tests.shared.hand_made import make_model
from motifnet.model import save_model
os.replace = lambda *_: os.kill(os.getpid(), 9)
save_model(make_model(m=6), sys.argv[1])
"""


def test_killed_between_writing_and_renaming(old: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(old), str(Path(__file__).parents[2])], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == b"before"
    left = [name for name in os.listdir(old.parent) if name != old.name]
    # what cannot be removed can be seen
    assert len(left) == 1 and not left[0].startswith(".") and left[0].startswith("m.motif.")
    save_model(make_model(m=6), old)
    assert os.listdir(old.parent) == [old.name]
    assert load_model(old).targets == ("y0", "y1")


def test_a_file_that_another_process_writes_stays(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "x") as one, atomic_file(tmp_path / "x") as other:
        assert one.exists() and other.exists() and one != other
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "x").read_text() == "one" and os.listdir(tmp_path) == ["x"]


def test_names_with_patterns_sweep_only_their_own(tmp_path: Path) -> None:
    (tmp_path / "ab.0123456789abcdef.tmp").touch()
    with atomic_file(tmp_path / "[ab]*") as temporary:
        temporary.write_text("new")
    assert sorted(os.listdir(tmp_path)) == ["[ab]*", "ab.0123456789abcdef.tmp"]


@pytest.mark.parametrize("moment", [1, 3])
def test_ctrl_c_while_a_model_is_saved(
    moment: int, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MotifRegressor(preset="fast", n_jobs=1).fit(X, X.sum(1))
    seen, sync = 0, os.fsync

    def pressed(handle: int) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            raise KeyboardInterrupt
        sync(handle)

    monkeypatch.setattr(os, "fsync", pressed)
    if moment == 1:
        with pytest.raises(KeyboardInterrupt):
            model.save(old)
        assert old.read_bytes() == b"before"
    else:
        model.save(old)
        assert np.array_equal(load(old).predict(X), model.predict(X))
    assert os.listdir(old.parent) == ["m.motif"]


WRITERS = {
    "predict": ["predict", "m.motif", "rows.csv", "-o", "out.csv", "-f", "-q"],
    "report": ["report", "m.motif", "-o", "out.html", "-f", "-q"],
    "export": ["export", "m.motif", "out.onnx", "-f", "-q"],
    "fit": ["fit", "small.csv", "-t", "y", "-o", "out.motif", "--preset", "fast", "-f", "-q"],
    "stream": [
        "fit",
        "long.csv",
        "-t",
        "y",
        "-o",
        "out.motif",
        "--preset",
        "fast",
        "--stream",
        "--landmarks",
        "10",
        "-f",
        "-q",
    ],
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and tables for every command that writes, and an old file in each place."""
    folder = tmp_path_factory.mktemp("inputs")
    save_model(make_model(m=30, q=1), folder / "m.motif")
    frame(40).to_csv(folder / "rows.csv", index=False)
    for name, n in (("small.csv", 20), ("long.csv", 1_200)):
        (folder / name).write_text("x,y\n" + "".join(f"{i},{i * 0.37}\n" for i in range(n)))
    return folder


def pressed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize(
    ("happens", "code", "words"),
    [(no_room, 4, "Free some room"), (pressed, 130, "Ctrl-C")],
    ids=["full disk", "Ctrl-C"],
)
def test_no_command_harms_the_old_file(
    command: str,
    happens: Callable[..., None],
    code: int,
    words: str,
    inputs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    out = next(Path(word) for word in WRITERS[command] if word.startswith("out."))
    out.write_bytes(b"before")
    before = sorted(os.listdir())
    with monkeypatch.context() as patch:
        patch.setattr("motifnet.engine._files.os.replace", happens)
        result = run(*WRITERS[command])
    assert result.exit_code == code and words in result.stderr, result.stderr
    assert out.read_bytes() == b"before" and sorted(os.listdir()) == before
    assert run(*WRITERS[command]).exit_code == 0 and out.read_bytes() != b"before"


@pytest.mark.parametrize("moment", ["StreamRun.go", "_drawn", "_scored"])
def test_ctrl_c_while_a_stream_is_fitted(
    moment: str, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"motifnet.pipeline._stream.{moment}", pressed)
    result = run(
        "fit",
        inputs / "long.csv",
        "-t",
        "y",
        "-o",
        tmp_path / "m",
        "--preset",
        "fast",
        "--stream",
        "--landmarks",
        "10",
        "-q",
    )
    assert result.exit_code == 130 and "Ctrl-C" in result.stderr
    assert os.listdir(tmp_path) == []


def test_a_stream_without_memory_says_what_to_do(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.linalg, "cholesky", broken_by(MemoryError()))
    with pytest.raises(ResourceError, match="fewer landmarks"):
        MotifRegressor(preset="fast", n_jobs=1).fit_stream(inputs / "long.csv", "y", landmarks=10)
