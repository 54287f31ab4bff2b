"""Our fit: the network kept after each stage, at the CPU seconds at which it stood, and the finished model at those of the whole fit.

The stages tell the seconds of the clock. A thread reads that clock and the CPU's beside each other, so that the one turns into the other also where
the machine has other work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from motifnet.compare import stage_outputs
from motifnet.estimators import MotifRegressor
from motifnet.lab.race._course import Course

READ_EVERY = 0.02
FINISHED = "finished"


def ours(course: Course, preset: str) -> str:
    """Run it; the answer tells the size of the network."""
    task = course.task
    model = MotifRegressor(preset=preset, n_jobs=1, random_state=task.seed)
    with _two_clocks() as readings:
        start = time.monotonic()
        model.fit(task.split.X, task.split.y)
    clock, cpu = np.array(readings).T
    with course.paused():
        for stage, kept, values in stage_outputs(model, task.split.X_test):
            if kept:
                course.supersede(partial(np.ravel, values), float(np.interp(start + stage.seconds, clock, cpu)) - course.start, stage.name)
    course.supersede(lambda: model.predict(task.split.X_test), stage=FINISHED)
    return f"{model.ledger_[-1].parameters:,} parameters"


@contextmanager
def _two_clocks() -> Iterator[list[tuple[float, float]]]:
    readings, ended = [(time.monotonic(), time.process_time())], threading.Event()

    def read() -> None:
        while not ended.wait(READ_EVERY):
            readings.append((time.monotonic(), time.process_time()))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield readings
    finally:
        ended.set()
        thread.join()
        readings.append((time.monotonic(), time.process_time()))
