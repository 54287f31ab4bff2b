"""When to stop: a time limit, or Ctrl-C.

The first Ctrl-C (or the deadline) makes `stopped` true; long loops look at it and raise `Stopped`, and the pipeline keeps the best model so far.
The second Ctrl-C raises KeyboardInterrupt at once.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Stopped(Exception):
    """Raised inside a stage when the fit is to end with the best model so far."""


class Control:
    """Deadline and interrupt of one fit, shared by all its loops and threads."""

    def __init__(self, time_limit_s: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.start = clock()
        self.deadline = None if time_limit_s is None else self.start + time_limit_s
        self.interrupted = threading.Event()

    def __reduce__(self) -> tuple[Callable[[float | None], Control], tuple[float | None]]:
        """A copy in another process keeps the deadline, by the clock of the day, but hears of no interrupt."""
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
        """Raise `Stopped` if the fit is to end, or would be before the next `seconds` are over: for what cannot be interrupted."""
        if self.interrupted.is_set() or self.seconds_left <= seconds:
            raise Stopped

    def guarded(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function with a check before every call: for what a long loop calls block by block."""

        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            self.check()
            return function(*args, **kwargs)

        return checked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take over Ctrl-C for the body (in the main thread only) and restore the handler afterwards."""
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
