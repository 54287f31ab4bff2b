"""Bundles made to do harm: `BundleError` alone, in less than two seconds of CPU and 256 MiB of
memory each, measured in a process of their own.
"""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from motifnet.model import MANIFEST, TENSORS, read_archive, save_model, write_archive
from motifnet.motifs import (
    Chain,
    Clip,
    Concat,
    Coupling,
    GroupAverage,
    Identity,
    Monomial,
    Motif,
    TreeEnsemble,
)
from tests.model.hostile_networks import hostile_network
from tests.shared.hand_made import make_model

SECONDS, MEBIBYTES = 2.0, 256.0
JUDGE = """
import json, sys, time
from pathlib import Path
from motifnet.model import BundleError, load_model
load_model(sys.argv[1])  # imports and first calls are not the file's doing
for path in sys.argv[2:]:
    Path('/proc/self/clear_refs').write_text('5')  # the peak starts anew
    status = lambda key: int(next(l for l in open('/proc/self/status') if l.startswith(key)).split()[1]) / 1024
    before, start = status('VmRSS'), time.process_time()
    try:
        load_model(path)
        outcome = 'loaded'
    except BundleError:
        outcome = 'refused'
    except BaseException as error:
        outcome = repr(error)
    print(json.dumps([path, outcome, time.process_time() - start, status('VmHWM') - before]), flush=True)
"""
linux = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from /proc"
)


def judged(good: Path, paths: list[Path]) -> Iterator[tuple[str, str, float, float]]:
    """Name, outcome, CPU seconds and mebibytes of each file."""
    for start in range(0, len(paths), 500):
        command = [sys.executable, "-c", JUDGE, str(good), *map(str, paths[start : start + 500])]
        lines = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert len(lines) == len(paths[start : start + 500])
        for line in lines:
            path, outcome, seconds, peak = json.loads(line)
            yield Path(path).name, outcome, seconds, peak


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "good.motif"
    save_model(make_model(m=6), path)
    return path


def doubled() -> Motif:
    return Chain([Concat([Identity(), Identity()]) for _ in range(60)])


def nested_groups() -> Motif:
    d = make_model(m=6).d
    network: Motif = Identity()
    for _ in range(6):
        network = GroupAverage(network, torch.arange(d).repeat(64, 1), torch.ones(64, d).double())
    return network


def tree(left: list[int], right: list[int]) -> Motif:
    nodes = len(left)
    ends = torch.tensor(left), torch.tensor(right)
    return TreeEnsemble(
        torch.zeros(nodes, dtype=torch.int64),
        torch.zeros(nodes).double(),
        *ends,
        torch.tensor([0]),
        torch.ones(nodes, 2).double(),
        3,
    )


def powers() -> Motif:
    return Monomial([[100_000] * make_model(m=6).d] * 200)


def in_network(make: Callable[[], Motif]) -> Callable[[Path, Path], None]:
    return lambda good, path: save_model(replace(make_model(m=6), network=make()), path)


def entries(*names: str, content: bytes = b"{}", **options: Any) -> Callable[[Path, Path], None]:
    def write(good: Path, path: Path) -> None:
        with zipfile.ZipFile(path, "w", **options) as archive:
            for name in names:
                archive.writestr(name, content)

    return write


def million_entries(good: Path, path: Path) -> None:
    """A directory of 10⁶ records, with the end records of zip64 that tell the true number."""
    record = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
    )
    size = len(record) * 1_000_000
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1_000_000, 1_000_000, size, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1)
    path.write_bytes(
        record * 1_000_000
        + end
        + locator
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    )


def sparse(good: Path, path: Path) -> None:
    """Four gigabytes of nothing, which take no room on the disk."""
    with open(path, "wb") as file:
        file.truncate(2**32)


def remade(
    change: Callable[[dict[str, Any], dict[str, Any]], None],
) -> Callable[[Path, Path], None]:
    """The good file with other content, its checksum right."""

    def write(good: Path, path: Path) -> None:
        manifest, tensors = read_archive(good)
        head, arrays = json.loads(manifest), safetensors.numpy.load(tensors)
        change(head, arrays)
        packed = safetensors.numpy.save(arrays)
        write_archive(
            path, json.dumps(head | {"sha256": hashlib.sha256(packed).hexdigest()}).encode(), packed
        )

    return write


def with_info(value: Any) -> Callable[[Path, Path], None]:
    return remade(lambda head, arrays: head.update(info=value))


def header(content: bytes) -> Callable[[Path, Path], None]:
    def write(good: Path, path: Path) -> None:
        head = json.loads(read_archive(good)[0]) | {"sha256": hashlib.sha256(content).hexdigest()}
        write_archive(path, json.dumps(head).encode(), content)

    return write


def every_tensor(change: Callable[[Any], Any]) -> Callable[[Path, Path], None]:
    return remade(
        lambda head, arrays: arrays.update({name: change(value) for name, value in arrays.items()})
    )


def nest(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: dict[str, Callable[[Path, Path], None]] = {
    "zip bomb": entries(
        MANIFEST, TENSORS, content=b"[" * 100_000_000, compression=zipfile.ZIP_DEFLATED
    ),
    "path traversal": entries("../../../tmp/manifest.json", TENSORS),
    "absolute path": entries("/etc/passwd", TENSORS),
    "duplicate entries": entries(MANIFEST, MANIFEST, TENSORS),
    "million entries": million_entries,
    "four gigabytes": sparse,
    "manifest of brackets": entries(MANIFEST, TENSORS, content=b"[" * 30_000_000),
    "manifest of numbers": entries(MANIFEST, TENSORS, content=b"[" + b"1," * 16_000_000 + b"1]"),
    "deep manifest": with_info(nest(800)),
    "long list": with_info({"quantiles": [0.5] * 900_000, "x": 1}),
    "future protocol": remade(lambda head, arrays: head.update(protocol=10**9)),
    "tensor of a claimed size": header(
        struct.pack("<Q", 72)
        + b'{"a":{"dtype":"F64","shape":[1099511627776],"data_offsets":[0,0]}}'.ljust(72)
    ),
    "tensor of a negative place": header(
        struct.pack("<Q", 64) + b'{"a":{"dtype":"F64","shape":[1],"data_offsets":[8,0]}}'.ljust(64)
    ),
    "header beyond the file": header(struct.pack("<Q", 2**62) + b"{}"),
    "wrong dtype": every_tensor(lambda a: a.astype(np.int64)),
    "wrong shape": every_tensor(lambda a: a.reshape(-1)),
    "no values": every_tensor(lambda a: a[:0]),
    "NaN weights": every_tensor(lambda a: a * np.nan),
    "infinite weights": every_tensor(lambda a: a + np.inf),
    "endless width": in_network(doubled),
    "endless averages": in_network(nested_groups),
    "endless powers": in_network(powers),
    "many parts": in_network(lambda: Chain([Identity() for _ in range(25_000)])),
    "broadcast after doublings": in_network(
        lambda: Chain(
            [
                *(Concat([Identity(), Identity()]) for _ in range(14)),
                Clip(-torch.ones(300, 1).double(), torch.ones(300, 1).double()),
            ]
        )
    ),
    "trees that come back": in_network(lambda: tree(left=[1, 0, 2], right=[2, 2, 2])),
    "trees that share nodes": in_network(
        lambda: tree(left=[*range(1, 60), 59], right=[*range(1, 60), 59])
    ),
    "endless classes": in_network(lambda: Coupling(90_000)),
}


@linux
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("count", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_hostile_bundles_and_networks_within_bounds(
    count: int, saved: Path, tmp_path: Path
) -> None:
    """Bundles are refused. Of networks some are harmless by chance: what loads has been run within
    the same bounds.
    """
    for name, write in HOSTILE.items():
        write(saved, tmp_path / name)
    model, networks = make_model(m=6), [str(seed) for seed in range(count)]
    for seed, name in enumerate(networks):
        save_model(replace(model, network=hostile_network(seed, model.width)), tmp_path / name)
    names = [*networks, *HOSTILE]
    outcomes = list(judged(saved, [tmp_path / name for name in names]))
    for name, outcome, seconds, peak in outcomes:
        assert outcome == "refused" or (outcome == "loaded" and name in networks), (name, outcome)
        assert seconds < SECONDS and peak < MEBIBYTES, (name, outcome, seconds, peak)
    refused = {name for name, outcome, *_ in outcomes if outcome == "refused"}
    assert len(refused & set(networks)) > count // 2
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


@linux
@pytest.mark.slow
def test_truncation_and_flipped_bits_within_bounds(saved: Path, tmp_path: Path) -> None:
    content, rng, paths = saved.read_bytes(), np.random.default_rng(0), []
    for length in np.linspace(0, len(content) - 1, 200).astype(int):
        paths.append(tmp_path / f"cut {length}")
        paths[-1].write_bytes(content[:length])
    for place in rng.choice(len(content), 400, replace=False):
        broken = bytearray(content)
        broken[place] ^= 1 << int(rng.integers(8))
        paths.append(tmp_path / f"flip {place}")
        paths[-1].write_bytes(broken)
    for name, outcome, seconds, peak in judged(saved, paths):
        assert outcome == "refused" or (outcome == "loaded" and name.startswith("flip")), (
            name,
            outcome,
        )
        assert seconds < SECONDS and peak < MEBIBYTES, (name, seconds, peak)
