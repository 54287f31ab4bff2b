"""The three readers under fuzzing (see fuzz_readers.py), 30 s each in the slow suite;
MOTIFNET_FUZZ_S gives another time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from motifnet.model import load_model
from tests.model.fuzz_readers import (
    MODEL,
    READERS,
    SAVED,
    checkpoint_seed,
    read_bundle,
    read_rows,
    read_settings,
)

SECONDS = int(os.environ.get("MOTIFNET_FUZZ_S", "30"))
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("reader", READERS)
def test_no_bytes_break_a_reader(reader: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.model.fuzz_readers", reader, str(SECONDS)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]


def test_seeds_are_read_and_mutants_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fuzzing finds nothing where every input is refused at the door."""
    (tmp_path / "m").write_bytes(SAVED)
    assert load_model(tmp_path / "m").targets == MODEL.targets
    monkeypatch.chdir(tmp_path)
    for seeds, change in (
        (READERS["table"][2](), READERS["table"][1]),
        (READERS["settings"][2](), READERS["settings"][1]),
    ):
        for seed in seeds:
            assert len({change(seed, Random(i)) for i in range(20)}) > 5
    mutants = {READERS["bundle"][1](SAVED, Random(i)) for i in range(20)}
    assert len(mutants) > 15


CRASHES = {
    "gzip with a broken block": (
        read_rows,
        b"\2" + b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xff\xff\xff\xff",
    ),
    "two returns": (read_rows, b"\0a,b\n1,1\r\r,1\n2,2\n"),
    "a column without a name": (read_rows, b"\0a,\n1,2\n"),
    "a checkpoint of a module that is not there": (
        read_settings,
        checkpoint_seed(MODEL.ledger).replace(b"_ledger", b"_lodger"),
    ),
    "a checkpoint that is a number": (read_settings, b"\0011\0"),
    "no bundle": (read_bundle, b""),
}


@pytest.mark.parametrize("case", CRASHES)
def test_what_once_broke_a_reader(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    read, data = CRASHES[case]
    read(data, tmp_path)
