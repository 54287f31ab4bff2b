"""Kill -9 in the middle of a streamed fit, start again: is the model the same to the bit, and what
did it cost?

The fit is killed twice: once when its feature layers are there, once within the sum over all rows.
It is then left to end, and its network is compared with that of a fit without a checkpoint. Every
fit runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks._machine import machine
from benchmarks._million_tables import KINDS, write_table
from benchmarks._tables import ROOT

OUT = ROOT / "benchmarks" / "results" / "resume"
SUM_S = 5.0  # into the sum over all rows, after its first state is kept


def fit(path: Path, preset: str, folder: Path | None) -> None:
    """Fit in this process, and print what was measured."""
    from motifnet import MotifRegressor

    cpu = time.process_time()
    model = MotifRegressor(preset, checkpoint=folder).fit_stream(path, "target")
    weights = np.concatenate(
        [value.detach().numpy().ravel() for value in model.to_torch().state_dict().values()]
    )
    np.save(path.with_suffix(".npy" if folder is None else ".resumed.npy"), weights)
    print(
        json.dumps({"cpu_seconds": time.process_time() - cpu, "claimed": model.ledger_[-1].error})
    )


def start(path: Path, preset: str, folder: Path | None) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.resume",
        "--preset",
        preset,
        "--fit",
        str(path),
        *([] if folder is None else [str(folder)]),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed(
    path: Path, preset: str, folder: Path, there: Callable[[], bool], seconds: float
) -> dict[str, float]:
    """Start a fit and kill it without a word of warning some seconds after what is to be there is
    there.
    """
    begin, process = time.monotonic(), start(path, preset, folder)
    while not there() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        raise RuntimeError("The fit had ended before it was to be killed.")
    return {
        "seconds": time.monotonic() - begin,
        "kept_files": len(list(folder.glob("*.safetensors"))),
    }


def ended(path: Path, preset: str, folder: Path | None) -> dict[str, float]:
    """Let a fit end."""
    begin, process = time.monotonic(), start(path, preset, folder)
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"The fit failed with code {process.returncode}.")
    return {"seconds": time.monotonic() - begin} | json.loads(out)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", choices=KINDS, default="smooth")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--scratch",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="where the parquet file and the checkpoint go",
    )
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--fit", nargs="+", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.fit:
        fit(options.fit[0], options.preset, options.fit[1] if len(options.fit) > 1 else None)
        return
    path, folder = (
        options.scratch / f"{options.table}-{options.rows}-0.parquet",
        options.scratch / f"resume-{os.getpid()}",
    )
    preset = options.preset
    if not path.exists():
        write_table(path, options.table, options.rows, 0)
    facts: dict[str, object] = {"table": options.table, "rows": options.rows, "preset": preset}
    facts["uninterrupted"] = ended(path, preset, None)
    facts["killed at the feature layers"] = killed(
        path, preset, folder, lambda: any(folder.glob("*train_feature_layers*.safetensors")), 0.0
    )
    facts["killed in the sum over all rows"] = killed(
        path, preset, folder, lambda: any(folder.glob("*-_terms-*.safetensors")), SUM_S
    )
    facts["resumed"] = ended(path, preset, folder)
    shutil.rmtree(folder)
    facts["same bits"] = bool(
        np.array_equal(np.load(path.with_suffix(".npy")), np.load(path.with_suffix(".resumed.npy")))
    )
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "resume.json").write_text(
        json.dumps(facts | {"machine": machine()}, indent=1) + "\n"
    )
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
