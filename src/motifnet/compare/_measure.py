"""One fit in a process of its own, with its own threads and memory.

The process gets its number of threads before it imports anything. It fits a tiny table first, so
that no timing holds imports and compilation. Then it has `limit` seconds for fit and prediction; a
process that needs more is killed. The memory is the largest that the process held.

A fit of ours has its stages scored too: predictions of the network after each stage, and the share
of the trees in the finished one.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._evaluation import Split, scores
from motifnet.compare._method import Method, Setting
from motifnet.engine import MB, peak_memory

if TYPE_CHECKING:
    from motifnet.motifs import Motif

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
DONE, TIMED_OUT = "done", "timed out"
START_LIMIT = 600.0
GRACE = 10.0  # seconds in which a process that is done may tidy up
NONE = float("nan")
KERNEL_STAGES = ("transferred", "last layer", "log scale", "feature layers")


@dataclass(frozen=True)
class Result:
    """One fit, a row of what `compare` returns. Numbers that are unknown are NaN.

    Attributes
    ----------
    rows, test_rows : int
        Numbers of training and of test rows.
    version : str
        Names and versions of the method's packages.
    status : str
        "done", or how it ended else.
    nrmse : float
        Root mean squared error in units of the standard deviation of the test targets.
    log_loss, auc, accuracy, ece : float
        Scores of classes.
    fit_seconds : float
        Seconds of the fit by the clock.
    cpu_seconds : float
        Those of all its threads and child processes.
    predict_seconds : float
        Seconds of the predictions.
    peak_mb : float
        Largest memory of the process, in MB.
    transferred, retrained : float
        Of our own fits: the test error of the network as transferred, and after its training.
    tree_share : float
        Of our own fits: the weight of trees in the network.

    Examples
    --------
    >>> from motifnet.compare import Result
    >>> Result(80, 20, "lightgbm 4.6", nrmse=0.4).finished
    True
    """

    rows: int
    test_rows: int
    version: str
    status: str = DONE
    nrmse: float = NONE
    log_loss: float = NONE
    auc: float = NONE
    accuracy: float = NONE
    ece: float = NONE
    fit_seconds: float = NONE
    cpu_seconds: float = NONE
    predict_seconds: float = NONE
    peak_mb: float = NONE
    transferred: float = NONE
    retrained: float = NONE
    tree_share: float = NONE

    @property
    def finished(self) -> bool:
        """Whether it gave scores."""
        return self.status == DONE


def measure(method: Method, split: Split, *, threads: int, seed: int, limit: float) -> Result:
    """Fit, predict and score in a new process. Whatever happens there becomes a status, not an
    exception.
    """
    setting = Setting(split.classes, threads, seed)
    result = Result(len(split.X), len(split.X_test), method.version)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with ours, tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_serve, args=(theirs, folder, method, split, setting))
        with _environment(threads), _deaf():
            process.start()
        theirs.close()
        try:
            for phase, seconds in (("start", START_LIMIT), ("fit", limit)):
                if not ours.poll(seconds):
                    return replace(
                        result, status=f"{TIMED_OUT}: {phase} takes more than {seconds:g} s"
                    )
                answer = ours.recv()
                if isinstance(answer, str):
                    return replace(result, status=answer)
            process.join(GRACE)
            return replace(result, **answer)
        except (EOFError, OSError):  # closed between two messages, or within one
            process.join()
            return replace(
                result,
                status=f"failed: the process ended with code "
                f"{process.exitcode}, as it does where memory is short",
            )
        finally:
            process.kill()
            process.join()


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """The number of threads where numerical libraries look for it when they are loaded."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _deaf() -> Iterator[None]:
    """A process that starts here ignores Ctrl-C. The one that waits for it takes the signal, and
    ends it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(pipe: Connection, folder: str, method: Method, split: Split, setting: Setting) -> None:
    """Run in the process: send None when it is ready, then the figures, or a string that says what
    went wrong.
    """
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(folder)  # some libraries leave logs where they run
    warnings.simplefilter("ignore")
    try:
        for member in _to_warm_up(method):
            _warm_up(member, setting)
        pipe.send(None)
        pipe.send(_figures(method, split, setting))
    except Exception as error:
        text = re.sub(r"\s+", " ", str(error)).strip()
        pipe.send(f"failed: {type(error).__name__}: {text[:300]}")


def _to_warm_up(method: Method) -> tuple[Method, ...]:
    """The members of an ensemble, else the method itself. A method with an environment does its
    imports there, before it reads its clock.
    """
    return () if method.environment is not None else method.members or (method,)


def _warm_up(method: Method, setting: Setting) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"]).assign(
        c=np.tile(["x", "y", "z"], 20)
    )
    y = np.arange(60) % 2 if setting.classes else X["a"].to_numpy()
    method.fit(X, y, replace(setting, classes=min(setting.classes, 2))).predict(X)


def _figures(method: Method, split: Split, setting: Setting) -> dict[str, float]:
    start, cpu = time.perf_counter(), _cpu_seconds()
    fitted = method.fit(split.X, split.y, setting)
    seconds = {"fit_seconds": time.perf_counter() - start, "cpu_seconds": _cpu_seconds() - cpu}
    start = time.perf_counter()
    predicted = fitted.predict(split.X_test)
    seconds |= {
        "predict_seconds": time.perf_counter() - start,
        "peak_mb": peak_memory() / MB,
        **getattr(fitted.model, "seconds_", {}),
    }
    if not np.isfinite(predicted).all():
        raise FloatingPointError(
            f"{int((~np.isfinite(predicted)).sum())} predictions are not finite"
        )
    own = _own(fitted.model, split) if method.kind == "ours" else {}
    return {**scores(split.y_test, predicted, split.classes), **seconds, **own}


def _cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _own(model: Any, split: Split) -> dict[str, float]:
    """Test error of the transferred and of the retrained network, and the share of the trees."""

    def error(predicted: Any) -> float:
        return next(iter(scores(split.y_test, predicted, split.classes).values()))

    stages = [
        (stage.name, kept, error(values))
        for stage, kept, values in stage_outputs(model, split.X_test)
    ]
    return {
        "transferred": stages[0][2],
        "retrained": retrained(stages),
        "tree_share": tree_share(model.model_.network),
    }


def stage_outputs(model: Any, X: pd.DataFrame) -> Iterator[tuple[Any, bool, NDArray[np.float64]]]:
    """Each stage of a fitted estimator, whether it was kept, and its network's values at X."""
    import torch

    encoded = torch.as_tensor(model.encode(X))
    kept = {row.stage: row.kept for row in model.ledger_}
    for stage in model.stages_:
        with torch.no_grad():
            yield (
                stage,
                kept[stage.name],
                torch.cat([stage.network(part) for part in encoded.split(1024)]).numpy(),
            )


def retrained(stages: list[tuple[str, bool, float]]) -> float:
    """Error of the last kernel network that was kept, without trees; stages are (name, kept,
    error).
    """
    errors = [error for name, kept, error in stages if kept and name.startswith(KERNEL_STAGES)]
    return errors[-1] if errors else float("nan")


def tree_share(network: Motif) -> float:
    """Weight of the branches that are trees, relative to all branches of the outermost parallel
    network of non-negative weights.
    """
    from motifnet.motifs import Parallel

    outer = next(
        (
            part
            for part in network.modules()
            if isinstance(part, Parallel) and bool((part.weights >= 0).all())
        ),
        None,
    )
    if outer is None:
        return float(_has_trees(network))
    weights = outer.weights.detach().reshape(len(outer.branches), -1).mean(1).tolist()
    return sum(
        w for w, branch in zip(weights, outer.branches, strict=True) if _has_trees(branch)
    ) / (sum(weights) or 1.0)


def _has_trees(network: Motif) -> bool:
    from motifnet.motifs import TreeEnsemble

    return any(isinstance(part, TreeEnsemble) for part in network.modules())
