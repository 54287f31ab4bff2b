"""When a fit stops, by a time limit or Ctrl-C, and what each of its stages cost.

The first Ctrl-C, or the deadline, makes `stopped` true. Long loops check it and raise `Stopped`,
and the pipeline keeps the best model so far. The second Ctrl-C raises KeyboardInterrupt at once.

The ledger has a row for each stage: its cost, and its score on held-out rows.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Stopped(Exception):
    """Raised inside a stage when the fit is to end with the best model so far."""


class Control:
    """Deadline and interrupt of one fit, shared by all its loops and threads."""

    def __init__(
        self, time_limit_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.start = clock()
        self.deadline = None if time_limit_s is None else self.start + time_limit_s
        self.interrupted = threading.Event()

    def __reduce__(self) -> tuple[Callable[[float | None], Control], tuple[float | None]]:
        """A copy in another process keeps the deadline, by wall-clock time, but receives no
        interrupt.
        """
        return _copy, (None if self.deadline is None else time.time() + self.seconds_left,)

    @property
    def out_of_time(self) -> bool:
        return self.deadline is not None and self.clock() >= self.deadline

    @property
    def stopped(self) -> bool:
        return self.interrupted.is_set() or self.out_of_time

    @property
    def seconds_left(self) -> float:
        return float("inf") if self.deadline is None else self.deadline - self.clock()

    def check(self, seconds: float = 0.0) -> None:
        """Raise `Stopped` if the fit is to stop now or within the next `seconds`, the duration of
        work that cannot be interrupted.
        """
        if self.interrupted.is_set() or self.seconds_left <= seconds:
            raise Stopped

    def guarded(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function with a check before every call, for the blocks of a long loop."""

        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            self.check()
            return function(*args, **kwargs)

        return checked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take over Ctrl-C for the body (in the main thread only) and restore the handler
        afterwards.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def handler(number: int, frame: FrameType | None) -> None:
            if self.interrupted.is_set():
                raise KeyboardInterrupt
            self.interrupted.set()

        signal.signal(signal.SIGINT, handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _copy(end: float | None) -> Control:
    return Control(None if end is None else end - time.time())


@dataclass(frozen=True)
class LedgerRow:
    """One stage of a fit, in the `ledger_` of an estimator.

    Attributes
    ----------
    stage : str
        Its name.
    seconds : float
        Seconds by the clock.
    error : float
        Out-of-fold error after it, in units of sd(y), or log loss.
    parameters : int
        Size of the network.
    kept : bool
        Whether its result was kept.
    note : str
        What was chosen.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> for row in model.ledger_:
    ...     print(row.stage, round(row.error, 2), row.kept)
    convex fit 0... True
    transferred 0... True
    ...
    """

    stage: str
    seconds: float
    error: float
    parameters: int
    kept: bool
    note: str = ""

    def as_dict(self) -> dict[str, str | float | int | bool]:
        """Plain values, for JSON."""
        return asdict(self)
