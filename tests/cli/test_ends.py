"""How a command ends that is interrupted, fails, or whose streams fail."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from motifnet import load
from motifnet.engine import LedgerRow
from tests.cli.houses import houses
from tests.shared.command import MOTIFNET, done, run

pytestmark = pytest.mark.usefixtures("short_fits")


def test_errors_of_our_own_are_a_line_unless_debugged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nought")

    monkeypatch.setattr("motifnet.model.load_model", broken)
    result = run("show", folder / "price.motif")
    assert result.exit_code == 1
    assert "ZeroDivisionError: nought" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("show", folder / "price.motif", "--debug").stderr
    monkeypatch.setattr("motifnet.model.load_model", lambda _: (_ for _ in ()).throw(MemoryError))
    assert run("show", folder / "price.motif").exit_code == 4


def interrupt_at(monkeypatch: pytest.MonkeyPatch, stage: str, times: int) -> None:
    """Press Ctrl-C when the stage begins."""

    @contextmanager
    def progress(verbose: int) -> Iterator[Callable[[str, LedgerRow | None], None]]:
        def listen(name: str, row: LedgerRow | None) -> None:
            if name == stage and row is None:
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)

        yield listen

    monkeypatch.setattr("motifnet.estimators._base.progress", progress)


STAGES = ["convex fit", "transferred", "feature layers", "quick trees", "stack"]


@pytest.mark.parametrize("stage", STAGES)
def test_first_interrupt_saves_the_best_so_far(
    stage: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, stage, 1)
    result = done(
        "fit", folder / "houses.csv", "-t", "price", "-o", tmp_path / "m", "--preset", "fast", "-q"
    )
    model = load(tmp_path / "m")
    assert np.isfinite(model.predict(houses()[list(model.model_.schema.names)])).all()
    if stage != STAGES[-1]:  # at the last one there is nothing left to stop
        assert "Ctrl-C" in result.stderr
        assert model.model_.info.stopped_early


@pytest.mark.parametrize("stage", STAGES)
def test_second_interrupt_stops_at_once(
    stage: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, stage, 2)
    result = run(
        "fit", folder / "houses.csv", "-t", "price", "-o", tmp_path / "m", "--preset", "fast", "-q"
    )
    assert result.exit_code == 130
    assert "stopped" in result.stderr
    assert os.listdir(tmp_path) == []


FULL = "standard output cannot be written: No space left on device"
STREAMS = [
    ("--help | true", 141, ""),
    ("show price.motif | true", 141, ""),
    ("--help > /dev/full", 4, FULL),
    ("predict price.motif houses.csv > /dev/full", 4, FULL),
    ("--version >&-", 2, "standard output cannot be written: it is closed"),
    ("predict price.motif houses.csv -o out.csv -f -q >&-", 0, ""),
    ("predict price.motif - <&-", 2, "standard input cannot be read: it is closed"),
    ("show none.motif 2> /dev/full", 2, ""),
]


@pytest.mark.parametrize(("command", "code", "line"), STREAMS)
def test_streams_that_fail_end_with_a_line_that_names_them(
    command: str, code: int, line: str, folder: Path
) -> None:
    arguments, *pipe = command.split(" | ")
    script = " | ".join([f"trap '' PIPE; {{ {MOTIFNET} {arguments}; echo $? > code; }}", *pipe])
    result = subprocess.run(
        ["sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (folder / "code").read_text() == f"{code}\n", result.stderr
    said = [text for text in result.stderr.splitlines() if not text.startswith("warning: ")]
    assert len(said) == bool(line) and all(text.startswith(f"error: {line}") for text in said)


def test_screens_fall_back_to_ascii_and_tables_stay_utf_8(folder: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(
        [MOTIFNET, "report", str(folder / "price.motif")],
        env=ascii_only,
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 0 and shown.stdout.isascii() and b" +- " in shown.stdout, (
        shown.stderr
    )
    houses().assign(town="Zürich – Höngg").to_csv(folder / "zurich.csv", index=False)
    command = [
        MOTIFNET,
        "predict",
        str(folder / "price.motif"),
        str(folder / "zurich.csv"),
        "--id",
        "town",
    ]
    table = subprocess.run(command, env=ascii_only, capture_output=True, check=False)
    assert table.returncode == 0 and "Zürich – Höngg,".encode() in table.stdout, table.stderr


@pytest.mark.parametrize(
    ("presses", "code", "files"), [(1, 0, ["m", "t.csv"]), (2, 130, ["t.csv"])]
)
def test_interrupts_of_a_process_at_a_terminal(
    presses: int, code: int, files: list[str], tmp_path: Path
) -> None:
    houses(2_000).to_csv(tmp_path / "t.csv", index=False)
    screen, terminal = pty.openpty()
    command = [
        MOTIFNET,
        "fit",
        str(tmp_path / "t.csv"),
        "-t",
        "area",
        "-o",
        str(tmp_path / "m"),
        "--preset",
        "fast",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    seen = b""
    while b"convex fit" not in seen:
        seen += os.read(screen, 4_096)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    start = time.monotonic()
    assert process.wait(60) == code
    assert time.monotonic() - start < 30
    os.close(screen)
    assert sorted(os.listdir(tmp_path)) == files
