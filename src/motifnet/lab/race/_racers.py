"""The racers by name: our fit, RealMLP and TabM as pytabkit gives them, and all others.

Ours shows the network kept after each stage, at the CPU seconds of that stage, and the finished
model at the CPU seconds of the whole fit. The stages have wall-clock seconds. A thread reads that
clock together with the CPU's, so that one converts into the other on a busy machine too.

RealMLP and TabM choose the best epoch by a fifth of the training rows. A part of RealMLP's schedule
is another schedule, so RealMLP runs a short one, whose seconds are its own, then its default of 256
epochs, and then all training rows to the best epoch. TabM ends by its own patience. pytabkit cannot
refit it, so it keeps four fifths of the rows. The limit that is left after the first epoch bounds
its number of epochs.

A new method is a function of a history, and a line in `RACERS`.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from importlib.util import find_spec
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from motifnet.compare import Inputs, Split, stage_outputs
from motifnet.estimators import MotifRegressor
from motifnet.lab.race._history import History, Task
from motifnet.lab.race._kernels import gaussian_process, random_features
from motifnet.lab.race._search import CATBOOST, LIGHTGBM, MLP, search

READ_EVERY = 0.02  # seconds
FINISHED = "finished"
SHORT, WHOLE = 64, 256  # epochs of RealMLP


def ours(history: History, preset: str) -> str:
    """Run it, and return the size of the network."""
    task = history.task
    model = MotifRegressor(preset=preset, n_jobs=1, random_state=task.seed)
    with _two_clocks() as readings:
        start = time.monotonic()
        model.fit(task.split.X, task.split.y)
    clock, cpu = np.array(readings).T
    with history.paused():
        for stage, kept, values in stage_outputs(model, task.split.X_test):
            if kept:
                history.supersede(
                    partial(np.ravel, values),
                    float(np.interp(start + stage.seconds, clock, cpu)) - history.start,
                    stage.name,
                )
    history.supersede(lambda: model.predict(task.split.X_test), stage=FINISHED)
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


def realmlp(history: History) -> str:
    """Run it, and return the schedules."""
    from pytabkit import RealMLP_TD_Regressor

    with history.paused():
        short = _Fit(history, RealMLP_TD_Regressor, n_epochs=SHORT)
    history.supersede(short.predict, short.seconds, f"{SHORT} epochs")
    if short.seconds >= history.task.limit:
        history.ended_by_limit = True
        return f"{SHORT} epochs"
    whole = _Fit(history, RealMLP_TD_Regressor, n_epochs=WHOLE, n_refit=1)
    history.supersede(whole.predict_before, whole.seconds_before, f"{WHOLE} epochs")
    history.supersede(whole.predict, whole.seconds, "all rows")
    return f"{WHOLE} epochs, then all rows"


def tabm(history: History) -> str:
    """Run it, and return the largest number of epochs."""
    from pytabkit import TabM_D_Regressor

    with history.paused():
        first = _Fit(history, TabM_D_Regressor, n_epochs=1)
    history.supersede(first.predict, first.seconds, "1 epoch")
    max_epochs = max(1, int(min(history.task.limit / first.seconds, 1_000)))
    fit = _Fit(history, TabM_D_Regressor, n_epochs=max_epochs)
    history.supersede(fit.predict, fit.seconds, "whole")
    history.ended_by_limit = fit.seconds > 0.9 * history.task.limit
    return f"at most {max_epochs} epochs"


class _Fit:
    """A fitted estimator of pytabkit with its CPU seconds. Those `before` are of the model without
    the held-out rows.
    """

    def __init__(self, history: History, kind: Callable[..., Any], **settings: Any) -> None:
        data, seed = history.task.split, history.task.seed
        self.inputs, self.X_test = Inputs.of(data.X, "filled"), data.X_test
        self.estimator = kind(device="cpu", n_threads=1, random_state=seed, verbosity=0, **settings)
        start = time.process_time()
        self.seconds_before = float("nan")
        with _silence(), self._watching_refit(start):
            self.estimator.fit(self.inputs(data.X), data.y)
        self.seconds = time.process_time() - start

    @contextmanager
    def _watching_refit(self, start: float) -> Iterator[None]:
        """Record when the estimator requests another interface: then it turns to all rows."""
        create = self.estimator._create_alg_interface

        def created(n_cv: int) -> Any:
            interface = create(n_cv)
            refit = interface.get_refit_interface

            def watched(*arguments: Any, **named: Any) -> Any:
                self.seconds_before = time.process_time() - start
                return refit(*arguments, **named)

            interface.get_refit_interface = watched
            return interface

        self.estimator._create_alg_interface = created
        yield
        del self.estimator._create_alg_interface

    def predict_before(self) -> Any:
        """Values of the model before the fit to all rows."""
        last = self.estimator.alg_interface_
        self.estimator.alg_interface_ = self.estimator.cv_alg_interface_
        values = self.predict()
        self.estimator.alg_interface_ = last
        return values

    def predict(self) -> Any:
        """Values on the test rows."""
        with _silence():
            return self.estimator.predict(self.inputs(self.X_test)).ravel()


@contextmanager
def _silence() -> Iterator[None]:
    """Silence its trainer, which prints to the stream of the time of its import."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


Racer = Callable[[History], str]
RACERS: dict[str, Racer] = {
    "ours, balanced": partial(ours, preset="balanced"),
    "ours, fast": partial(ours, preset="fast"),
    "MLP, tuned": partial(search, MLP),
    "RealMLP": realmlp,
    "TabM": tabm,
    "CatBoost": partial(search, CATBOOST),
    "LightGBM": partial(search, LIGHTGBM),
    "Gaussian process": gaussian_process,
    "random features": random_features,
}
OURS = ("ours, balanced", "ours, fast")
NEEDS = {"RealMLP": "pytabkit", "TabM": "pytabkit", "CatBoost": "catboost"}


def enter(method: str, task: Task) -> tuple[History, str]:
    """The history of a method from start to end, and the settings that it chose."""
    history = History(task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations of libraries
        setting = RACERS[method](history)
    history.end()
    return history, setting


def installed(method: str) -> bool:
    """Whether the library of a racer is there."""
    return method not in NEEDS or find_spec(NEEDS[method]) is not None


def missing(methods: list[str]) -> list[str]:
    """The methods whose library is missing."""
    return [method for method in methods if not installed(method)]


def warm_up(method: str) -> None:
    """Fit once, so that no timing holds imports."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    y = X.a.to_numpy() + np.sin(X.b.to_numpy())
    enter(method, Task(Split(X, y, X[:20], y[:20], 0), limit=0.5))
