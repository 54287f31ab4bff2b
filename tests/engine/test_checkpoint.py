"""Checkpoints: values come back as they were, finished jobs are not run again, damage is named."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from motifnet.engine import (
    Checkpoint,
    Control,
    FileError,
    UsageError,
    fingerprint,
    ordered_sum,
    parallel_map,
    working,
)
from motifnet.engine._checkpoint import NamedArrays, decode, encode
from motifnet.kernels import GridChoice
from motifnet.teachers import Forest
from tests.engine.runs import KEY, Make, here

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
    monkeypatch.setattr("motifnet.engine._parallel._STORE_INTERVAL_S", 0.0)
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
